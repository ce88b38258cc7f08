"""A model's predictions: for structures, and scored against the spectra of a loader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from ..chemistry.molecule import load_canonical
from ..chemistry.possible_masses import possible_masses
from ..data.examples.features import Batch, collate, featurize_all
from .metrics import score


@torch.inference_mode()
def assess(model: nn.Module, batches: Iterable[Batch]) -> dict[str, np.ndarray]:
    """Score a model's predictions against the measured spectra.

    Args:
        model: gives ``Prediction`` for a batch; put in evaluation mode for the time.
        batches: batches with measured spectra.

    Returns:
        Each metric of ``metrics.score`` a spectrum, ``(spectra,)``; ``impossible_share``, what of
        the predicted intensity lies at masses that no ion of the molecule can have; and ``row``,
        the spectra's positions in the store.
    """
    was_training = model.training
    model.eval()
    scores: list[dict[str, np.ndarray]] = []
    for batch in batches:
        intensity = model(batch).intensity.float().cpu().numpy()
        batch = batch.to("cpu")
        batch_scores = score_batch(batch, intensity)
        batch_scores["impossible_share"] = impossible_share(
            intensity, batch.atoms.numpy(), batch.labels.numpy(), batch.highest_mz.numpy()
        )
        scores.append({**batch_scores, "row": batch.row.numpy()})
    model.train(was_training)
    return {name: np.concatenate([part[name] for part in scores]) for name in scores[0]}


def score_batch(batch: Batch, intensity: np.ndarray) -> dict[str, np.ndarray]:
    """Return each metric of ``metrics.score`` where the measured spectra say something.

    Args:
        batch: a batch with measured spectra.
        intensity: predicted for it, ``(b, max_mz)``.
    """
    known = np.where(batch.recorded.cpu().numpy(), intensity, 0.0)
    return score(known, batch.spectrum.cpu().numpy(), batch.lowest_mz.cpu().numpy())


def impossible_share(
    intensity: np.ndarray, atoms: np.ndarray, labels: np.ndarray, highest_mz: np.ndarray
) -> np.ndarray:
    """Return the share of predicted intensity at masses that no ion of the molecule can have.

    Args:
        intensity: predicted spectra, ``(b, max_mz)``.
        atoms: atoms of each element, ``(b, len(ELEMENTS))``.
        labels: molecule, element, extra mass and number of each kind of isotope label, ``(l, 4)``.
        highest_mz: highest m/z of each molecular ion's isotope pattern, ``(b,)``.

    Returns:
        Shape ``(b,)``, 0 to 1.
    """
    mz = np.arange(1, intensity.shape[1] + 1)
    shares = np.zeros(len(intensity))
    for i, spectrum in enumerate(intensity):
        own = labels[labels[:, 0] == i, 1:]
        possible = possible_masses(atoms[i], own, len(mz), doubly_charged=True)
        possible &= mz <= highest_mz[i]
        shares[i] = spectrum[~possible].sum() / max(spectrum.sum(), 1e-12)
    return shares


@torch.inference_mode()
def predict_structures(
    model: nn.Module, smiles: Sequence[str], batch_size: int = 256
) -> np.ndarray:
    """Return the spectra that a model predicts for structures at 70 eV.

    Args:
        model: a teacher, a student or one like them; put in evaluation mode for the time.
        smiles: SMILES as a store holds them, at least one.
        batch_size: structures that the model takes at once.

    Returns:
        Intensities on the model's scale, ``(structures, max_mz)``, float32; element ``i`` of a row
        is m/z ``i + 1``.

    Example:
        >>> from nextims.evaluation.assess import predict_structures
        >>> from nextims.inference import Predictor
        >>> predict_structures(Predictor.from_checkpoint().model, ["CCO"]).argmax() + 1
        np.int64(31)
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    parts = []
    with tqdm(total=len(smiles), desc="predictions", disable=None, leave=False) as bar:
        for start in range(0, len(smiles), batch_size):
            molecules = [load_canonical(text) for text in smiles[start : start + batch_size]]
            features = featurize_all(molecules, model.inputs)
            batch = collate(features).to(device)
            parts.append(model(batch).intensity.float().cpu().numpy())
            bar.update(len(molecules))
    model.train(was_training)
    return np.concatenate(parts)
