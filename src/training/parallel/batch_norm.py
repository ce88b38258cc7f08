"""Batch norm over the examples of all processes, as if one had the whole batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .processes import count, total


class SharedBatchNorm(nn.BatchNorm1d):
    """Batch norm whose mean and variance in training are those of all processes' examples.

    PyTorch's ``SyncBatchNorm`` does the same on GPUs alone. Sums are of what deviates from the
    running mean, which all processes share: so one pass gives mean and variance without the loss
    of digits that squares of large values would bring (Chan et al., Am. Stat. 1983, 37, 242).

    Shape:
        ``(b, width)`` -> ``(b, width)``; ``b`` may differ between processes
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised values."""
        if not self.training:
            return super().forward(x)
        with torch.autocast(x.device.type, enabled=False):
            shifted = x.float() - self.running_mean
            number = shifted.new_tensor([len(x)])
            sums = total(torch.cat([shifted.sum(0), shifted.square().sum(0), number]))
            mean, square = (sums[:-1] / sums[-1]).chunk(2)
            variance = (square - mean.square()).clamp_min(0)
            self._remember(mean.detach(), variance.detach(), sums[-1].detach())
            scaled = (shifted - mean) * torch.rsqrt(variance + self.eps)
            return (scaled * self.weight + self.bias).to(x.dtype)

    @torch.no_grad()
    def _remember(self, shift: Tensor, variance: Tensor, number: Tensor) -> None:
        self.num_batches_tracked += 1
        self.running_mean += self.momentum * shift
        # As PyTorch has it: the batch's own variance normalises, the unbiased one is kept.
        unbiased = variance * number / (number - 1).clamp_min(1)
        self.running_var.lerp_(unbiased, self.momentum)


def share_batch_norm(model: nn.Module) -> None:
    """Have a model's batch norms take the examples of all processes, where there are several.

    The model is changed in place; its parameters and the names of its weights stay.
    """
    if count() == 1:
        return
    for module in model.modules():
        if type(module) is nn.BatchNorm1d:
            module.__class__ = SharedBatchNorm
