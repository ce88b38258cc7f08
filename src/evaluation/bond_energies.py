"""A BDE model's errors against the DFT energies."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from ..data.bde.dft_table import QUANTITIES
from ..data.examples.dft_dataset import BDEDataset, bde_loader
from ..data.examples.graph_batch import GraphBatch


@torch.inference_mode()
def bond_errors(model: nn.Module, batches: Iterable[GraphBatch]) -> Tensor:
    """Return the absolute errors of all bonds, ``(bonds, quantities)``, kcal/mol.

    Bonds to equivalent hydrogens count each, as the DFT table lists them. The BDE model is put in
    evaluation mode; the batches are graphs with their known bonds, on its device.
    """
    model.eval()
    return torch.cat([(model(batch) - batch.targets.energies).abs().cpu() for batch in batches])


def mean_errors(errors: Tensor) -> dict[str, float]:
    """Return the mean of each quantity's errors, by the name of the metric."""
    return dict(zip(_METRICS, errors.mean(0).tolist(), strict=True))


def assess_bonds(model: nn.Module, dataset: BDEDataset) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Score a BDE model's energies of a split's bonds.

    Returns:
        The absolute error of each bond, ``(bonds,)`` by the name of the metric, kcal/mol; and the
        number of the molecule that each is of.
    """
    device = next(model.parameters()).device
    one_by_one = bde_loader(dataset, batch_size=1, num_workers=0)
    errors = [bond_errors(model, [batch.to(device)]) for batch in one_by_one]
    molecule = np.repeat(np.arange(len(errors)), [len(own) for own in errors])
    return dict(zip(_METRICS, torch.cat(errors).T.numpy(), strict=True)), molecule


_METRICS = tuple(f"{name}_error" for name in QUANTITIES)
