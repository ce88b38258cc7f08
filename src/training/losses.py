"""The losses, each a mean over the molecules of a batch, that of all processes together.

Shapes: spectra, their deviations and what is made of them are ``(b, max_mz)`` for ``b`` molecules,
the softmax ``probabilities`` of a gate ``(b, experts)``; a distance or a confidence of each
molecule is ``(b,)``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ..data.examples.graph_batch import BondTargets
from .parallel.processes import batch_mean, whole_mean

_TINY = 1e-9


def recorded(intensity: Tensor, masses: Tensor) -> Tensor:
    """Return the spectra at the masses that are recorded, ``(b, max_mz)`` bool, each of sum 1."""
    kept = intensity.masked_fill(~masses, 0.0)
    return kept / kept.sum(1, keepdim=True).clamp_min(_TINY)


def entropy_distance(predicted: Tensor, measured: Tensor) -> Tensor:
    """Return the spectral entropy distance of each pair of spectra, 0 (equal) to 1 (disjoint).

    The Jensen–Shannon divergence over ln 2: one less the unweighted entropy similarity (Li et al.,
    Nat. Methods 2021, 18, 1524). The spectra are of sum 1.

    Example:
        >>> import torch
        >>> from nextims.training.losses import entropy_distance
        >>> entropy_distance(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
        tensor([1.])
    """
    mixture = (predicted + measured) / 2
    return (2 * _entropy(mixture) - _entropy(predicted) - _entropy(measured)) / math.log(4)


def cosine_distance(predicted: Tensor, measured: Tensor) -> Tensor:
    """Return one less the cosine of each pair of rows, of spectra 0 (proportional) to 1 (disjoint).

    The rows may also be features.

    Example:
        >>> import torch
        >>> from nextims.training.losses import cosine_distance
        >>> cosine_distance(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
        tensor([1.])
    """
    return 1 - F.cosine_similarity(predicted, measured, dim=1)


def _entropy(spectra: Tensor) -> Tensor:
    return -(spectra * spectra.clamp_min(_TINY).log()).sum(1)


def tempered(spectra: Tensor, temperature: float) -> Tensor:
    """Return spectra to the power of 1/temperature, each of sum 1.

    A temperature above 1 lifts the small peaks, in which much of what a teacher knows lies (Hinton
    et al. 2015, arXiv:1503.02531, there for logits); 1 leaves spectra of sum 1 as they are.
    """
    # The power's slope is infinite at 0, so empty bins stay out of it.
    raised = torch.where(spectra > _TINY, spectra.clamp_min(_TINY) ** (1 / temperature), 0.0)
    return raised / raised.sum(1, keepdim=True).clamp_min(_TINY)


def confidence(mean: Tensor, deviation: Tensor) -> Tensor:
    """Return how far a teacher's prediction is to be trusted, 0 to 1.

    exp(-u), u the standard deviation of the teacher's passes summed over the spectrum by their
    mean intensity.
    """
    return torch.exp(-deviation.sum(1) / mean.sum(1).clamp_min(_TINY))


def bond_energy_loss(predicted: Tensor, targets: BondTargets) -> Tensor:
    """Return the Huber loss of bond energies, in units of 10 kcal/mol; 0 without bonds.

    Linear from half a kcal/mol on: DFT energies have outliers (another conformer, a radical that
    rearranges) that a square would make the most of.

    Args:
        predicted: ``(bonds, quantities)``, kcal/mol.
        targets: the known energies of the same bonds, of the first quantity or of all.
    """
    if not len(predicted):
        return whole_mean(predicted.sum(), 0)  # zero, and still part of the graph
    known = targets.energies
    loss = F.smooth_l1_loss(predicted[:, : known.shape[1]] / 10, known / 10, beta=0.05)
    return whole_mean(loss, known.numel())


def switch_balance(probabilities: Tensor, load: Tensor) -> Tensor:
    """Return the load-balancing loss of a gate; 1 where all experts share alike.

    experts · Σ load · mean probability (Fedus et al., J. Mach. Learn. Res. 2022, 23, eq. 4), the
    load being the share of the assignments that each expert got, ``(experts,)``.
    """
    return len(load) * (load * batch_mean(probabilities)).sum()


def gate_information(probabilities: Tensor) -> Tensor:
    """Return the mutual information of molecule and expert, negative, in units of ln(experts).

    Mean entropy of each molecule's gate less the entropy of the mean gate: low where the gate is
    sure of each molecule and all experts are used.
    """
    if probabilities.shape[1] == 1:
        return probabilities.new_zeros(())  # one expert leaves no choice
    own = batch_mean(_entropy(probabilities))
    overall = _entropy(batch_mean(probabilities)[None]).squeeze(0)
    return (own - overall) / math.log(probabilities.shape[1])
