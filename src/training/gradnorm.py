"""GradNorm: weights of several losses, learned while training (Chen et al., ICML 2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from .parallel.processes import average


class GradNorm(nn.Module):
    """Keeps the losses' gradients on the shared layer at a common size.

    With G_i the norm of the gradient of w_i·L_i on the shared layer's weights, and r_i the
    loss's L_i(t)/L_i(0) over its mean, the weights w descend on Σ|G_i - mean(G)·r_i^α|, the target
    taken as constant, and are scaled to sum to the number of losses after each step (algorithm 1
    of arXiv:1711.02257). G_i is linear in w_i, so no second derivative is needed. L_i(0) is the
    mean over the warm-up, during which the weights stay 1: a first batch alone is a noisy measure.

    Of several processes all get the same weights: losses are those of the whole batch, and so is
    the gradient whose norm is taken.

    Args:
        names: the losses.
        alpha: how strongly losses that fall slowly are favoured.
        learning_rate: of the weights (Adam).
        warmup_steps: steps with all weights 1.
        every: steps from one adjustment to the next; each takes a pass backwards a loss.

    Example:
        >>> from nextims.training.gradnorm import GradNorm
        >>> GradNorm(["a", "b"], alpha=1.5, learning_rate=0.01, warmup_steps=0).current()
        {'a': 1.0, 'b': 1.0}
    """

    # A weight that reached 0 would have no gradient to come back by.
    _LEAST_WEIGHT = 1e-3

    def __init__(
        self,
        names: Sequence[str],
        *,
        alpha: float,
        learning_rate: float,
        warmup_steps: int,
        every: int = 1,
    ):
        super().__init__()
        self.names = tuple(names)
        self.alpha = alpha
        self.warmup_steps, self.every = warmup_steps, every
        self.weights = nn.Parameter(torch.ones(len(self.names)))
        self.register_buffer("initial", torch.zeros(len(self.names)))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))
        self.optimizer = torch.optim.Adam([self.weights], lr=learning_rate)

    def forward(self, losses: Mapping[str, Tensor], shared: Sequence[nn.Parameter]) -> Tensor:
        """Return the weighted sum of the losses and, past the warm-up, adjust the weights.

        ``shared`` are the weights of the last layer that all losses pass through.
        """
        stacked = torch.stack([losses[name] for name in self.names])
        # A copy: the weights change in place before the sum is differentiated.
        total = (self.weights.detach().clone() * stacked).sum()
        if len(self.names) > 1:
            self._adjust(stacked, shared)
        return total

    def current(self) -> dict[str, float]:
        """Return the weights by the losses' names."""
        return dict(zip(self.names, self.weights.detach().tolist(), strict=True))

    def training_state(self) -> dict:
        """Return all that a resumed run needs."""
        return {"module": self.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_training_state(self, state: dict) -> None:
        """Take over what ``training_state`` gave."""
        self.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])

    def _adjust(self, stacked: Tensor, shared: Sequence[nn.Parameter]) -> None:
        values = stacked.detach()
        # A batch may lack a task (no molecule with a known bond energy): no ratio can be formed.
        if (values <= 0).any():
            return
        self.steps += 1
        in_warmup = self.steps <= max(self.warmup_steps, 1)
        if in_warmup:
            self.initial += (values - self.initial) / self.steps
        if self.steps <= self.warmup_steps or self.steps % self.every:
            return
        norms = torch.stack([_gradient_norm(loss, shared) for loss in stacked])
        ratio = values / self.initial
        rate = ratio / ratio.mean()
        with torch.no_grad():
            sizes = self.weights * norms
            target = sizes.mean() * rate**self.alpha
            self.weights.grad = torch.sign(sizes - target) * norms
            self.optimizer.step()
            self.weights.clamp_(min=self._LEAST_WEIGHT)
            self.weights.mul_(len(self.names) / self.weights.sum())


def _gradient_norm(loss: Tensor, shared: Sequence[nn.Parameter]) -> Tensor:
    gradients = torch.autograd.grad(loss, shared, retain_graph=True, allow_unused=True)
    present = [gradient.flatten() for gradient in gradients if gradient is not None]
    if not present:
        return loss.new_zeros(())
    # The norm of the whole batch's gradient, which is not the mean of the processes' norms.
    return average(torch.cat(present)).norm().detach()
