"""The student: a mixture of experts on fingerprints, small and quick on a CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..data.examples.features import Batch, Inputs
from .formula_features import FormulaLayer
from .formula_head import FormulaHead
from .heads import Prediction
from .layers import FingerprintLayer, ResidualBlock


class Routing(NamedTuple):
    """Which experts ``b`` molecules went to.

    Attributes:
        probabilities: the gate's softmax over all experts, ``(b, experts)``.
        chosen: the experts that each molecule went to, ``(b, active_experts)``.
    """

    probabilities: Tensor
    chosen: Tensor

    def load(self) -> Tensor:
        """Return the share of assignments that each expert got, ``(experts,)``, sum 1."""
        experts = self.probabilities.shape[1]
        return torch.bincount(self.chosen.flatten(), minlength=experts) / self.chosen.numel()


class Gate(nn.Module):
    """Routes each molecule to its best experts.

    A bias that is no parameter, raised for experts with too few molecules, takes part in the
    choice but not in the weights (Wang et al. 2024, arXiv:2408.15664).

    Shape:
        ``(b, width)`` -> weights of the chosen experts ``(b, active)``, sum 1, and ``Routing``
    """

    def __init__(self, width: int, *, experts: int, active: int):
        super().__init__()
        if active > experts:
            raise ValueError(f"a molecule cannot go to {active} of {experts} experts")
        self.active = active
        self.linear = nn.Linear(width, experts, bias=False)
        self.register_buffer("bias", torch.zeros(experts))

    def forward(self, x: Tensor) -> tuple[Tensor, Routing]:
        """Return the weights and the routing."""
        logits = self.linear(x).float()
        chosen = (logits + self.bias).topk(self.active, dim=1).indices
        weights = logits.gather(1, chosen).softmax(1)
        return weights, Routing(logits.softmax(1), chosen)

    @torch.no_grad()
    def update_bias(self, load: Tensor, step: float) -> None:
        """Raise the bias of experts under their fair share, lower that of those above, by a step.

        ``load`` is the share of each expert, ``(experts,)``.
        """
        self.bias += step * torch.sign(1 / len(load) - load)


class Student(nn.Module):
    """A gated mixture of residual MLPs on fingerprint and formula, to shares of ions and pieces.

    Args:
        max_mz: highest nominal mass.
        ions: ion formulas that the head knows.
        losses: formulas of losses that the head knows.
        pieces: pieces of a molecule that the head scores at most.
        piece_width: size of a piece's vector.
        width: size of a molecule's vector.
        experts: number of experts.
        active_experts: experts a molecule goes to.
        expert_blocks: residual blocks of an expert.
        expert_bottleneck: bottleneck of these blocks.
        dropout: share of units dropped in training.
        doubly_charged: whether it knows ions of two charges.

    Shape:
        a batch of ``b`` molecules -> ``Prediction`` of ``(b, max_mz)``; its ``extra`` holds the
        ``Routing``.
    """

    kind = "student"

    def __init__(
        self,
        *,
        max_mz: int,
        ions: int,
        losses: int,
        pieces: int,
        piece_width: int,
        width: int,
        experts: int,
        active_experts: int,
        expert_blocks: int,
        expert_bottleneck: int,
        dropout: float,
        doubly_charged: bool = False,
    ):
        super().__init__()
        self.max_mz, self.inputs = max_mz, Inputs(pieces=pieces)
        self.feature_width = width
        self.fingerprint = FingerprintLayer(width)
        self.formula = FormulaLayer(width)
        self.gate_norm = nn.LayerNorm(width)
        self.gate = Gate(width, experts=experts, active=active_experts)
        self.experts = nn.ModuleList(
            nn.Sequential(
                *(ResidualBlock(width, expert_bottleneck, dropout) for _ in range(expert_blocks))
            )
            for _ in range(experts)
        )
        self.mixed = nn.Sequential(
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.head = FormulaHead(
            width,
            max_mz,
            ions=ions,
            losses=losses,
            pieces=pieces,
            piece_width=piece_width,
            dropout=dropout,
            doubly_charged=doubly_charged,
        )

    def forward(self, batch: Batch) -> Prediction:
        """Return the predicted spectra."""
        x = self.fingerprint(batch) + self.formula(batch.atoms)
        weights, routing = self.gate(self.gate_norm(x))
        features = self.mixed(self._mix(x, weights, routing.chosen))
        intensity = self.head(features, batch)
        return Prediction(intensity, features, routing)

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the weights of the last layer that all of the student's losses pass through."""
        return list(self.mixed[2].parameters())

    def _mix(self, x: Tensor, weights: Tensor, chosen: Tensor) -> Tensor:
        """Return the weighted sum of the chosen experts' outputs, ``(b, width)``."""
        mixture = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            molecule, choice = torch.where(chosen == number)
            if self.training:
                # The whole batch, so that batch norm has its statistics whatever the routing is.
                output = expert(x)[molecule]
            elif len(molecule):
                output = expert(x[molecule])
            else:
                continue
            weighted = output * weights[molecule, choice, None]
            mixture = mixture.index_add(0, molecule, weighted.to(x.dtype))
        return mixture


@contextmanager
def counted_experts(model: Student) -> Iterator[dict[str, float]]:
    """Count which experts a student sends molecules to within the context.

    Yields:
        By the expert's name its share of the assignments; filled at the end of the context.
    """
    shares: dict[str, float] = {}
    counts = torch.zeros(len(model.experts), dtype=torch.long)

    def count(_, __, prediction: Prediction) -> None:
        chosen = prediction.extra.chosen.flatten().cpu()
        counts.add_(torch.bincount(chosen, minlength=len(counts)))

    hook = model.register_forward_hook(count)
    try:
        yield shares
    finally:
        hook.remove()
    total = counts.sum().item()
    shares.update({f"expert_{i + 1}": n / total for i, n in enumerate(counts.tolist())})
