"""Scores of a model over the spectra of a loader."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn

from ..data.features import Batch
from .metrics import score


@torch.inference_mode()
def assess(model: nn.Module, batches: Iterable[Batch]) -> dict[str, np.ndarray]:
    """Score a model's predictions against the measured spectra.

    Args:
        model: gives ``Prediction`` for a batch; put in evaluation mode for the time.
        batches: batches with measured spectra.

    Returns:
        Each metric of ``metrics.score`` a spectrum, ``(spectra,)``, and ``row``, the spectra's
        positions in the store.
    """
    was_training = model.training
    model.eval()
    scores: list[dict[str, np.ndarray]] = []
    for batch in batches:
        intensity = model(batch).intensity.float().cpu().numpy()
        batch_scores = score(intensity, batch.spectrum.cpu().numpy(), batch.lowest_mz.cpu().numpy())
        scores.append({**batch_scores, "row": batch.row.cpu().numpy()})
    model.train(was_training)
    return {name: np.concatenate([part[name] for part in scores]) for name in scores[0]}
