"""What MC Dropout says of predictions, beside their true errors.

Shapes: ``n`` spectra, ``max_mz`` nominal masses, ``p`` peaks of all spectra.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch

from ..data.examples.features import Batch
from ..models.teacher import Teacher
from .assess import score_batch
from .calibration import Calibration, fit_error, fit_similarity
from .metrics import PREDICTION_FLOOR

# The similarities that are foretold.
FORETOLD = ("cosine", "entropy_similarity")


class UncertaintyScores(NamedTuple):
    """Predictions of measured spectra: what is known of them without the measurement, and with it.

    Attributes:
        passes: of MC Dropout.
        row: position of each spectrum in the store, ``(n,)``.
        quantities: see ``spectrum_quantities``.
        similarity: measured, by name, ``(n,)`` each.
        peak_deviation: standard deviation of the passes at each predicted peak, base peak 1,
            ``(p,)``. Peaks are those of at least 0.001 that were within the recorded range.
        peak_error: predicted less measured intensity, both of base peak 1, ``(p,)``.
    """

    passes: int
    row: np.ndarray
    quantities: dict[str, np.ndarray]
    similarity: dict[str, np.ndarray]
    peak_deviation: np.ndarray
    peak_error: np.ndarray


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw random numbers from a seed for the time, and from where one was after that."""
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed(seed)
        yield


def spectrum_quantities(intensity: np.ndarray, deviation: np.ndarray) -> dict[str, np.ndarray]:
    """Return what is known of predictions without their true spectra.

    Args:
        intensity: predicted, sum 1, ``(n, max_mz)``.
        deviation: standard deviation of the passes of MC Dropout, ``(n, max_mz)``.

    Returns:
        ``(n,)`` each: ``deviation``, the deviations' sum (-ln of the ``confidence`` in
        ``training.losses``); ``entropy``, the spectrum's in nats: a model that hesitates between
        peaks predicts something of each; ``log_peaks``, the logarithm of the number of peaks.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.uncertainty import spectrum_quantities
        >>> found = spectrum_quantities(np.array([[0.5, 0.5]]), np.array([[0.1, 0.1]]))
        >>> {name: round(float(value[0]), 3) for name, value in found.items()}
        {'deviation': 0.2, 'entropy': 0.693, 'log_peaks': 0.693}
    """
    peaks = intensity >= PREDICTION_FLOOR * intensity.max(1, keepdims=True)
    logarithm = np.log(intensity, out=np.zeros_like(intensity), where=intensity > 0)
    return {
        "deviation": deviation.sum(1),
        "entropy": -(intensity * logarithm).sum(1),
        "log_peaks": np.log(peaks.sum(1)),
    }


@torch.inference_mode()
def assess_uncertainty(
    model: Teacher, batches: Iterable[Batch], passes: int, seed: int = 0
) -> UncertaintyScores:
    """Predict measured spectra, with and without dropout.

    Args:
        model: the teacher; put in evaluation mode for the time.
        batches: batches with measured spectra, on the model's device.
        passes: of MC Dropout, 2 or more.
        seed: of MC Dropout.
    """
    was_training = model.training
    model.eval()
    parts = []
    with seeded(seed, next(model.parameters()).device):
        for batch in batches:
            intensity = model(batch).intensity.float().cpu().numpy()
            deviation = model.predict_with_uncertainty(batch, passes)[1].float().cpu().numpy()
            parts.append(_scores(batch, intensity, deviation, passes))
    model.train(was_training)
    return _joined(parts)


def calibrate(scores: UncertaintyScores) -> Calibration:
    """Fit what to expect of predictions on the spectra of a validation split."""
    return Calibration(
        scores.passes,
        len(scores.row),
        {name: fit_similarity(scores.quantities, scores.similarity[name]) for name in FORETOLD},
        fit_error(scores.peak_deviation, scores.peak_error),
    )


def _scores(
    batch: Batch, intensity: np.ndarray, deviation: np.ndarray, passes: int
) -> UncertaintyScores:
    measured, recorded = batch.spectrum.cpu().numpy(), batch.recorded.cpu().numpy()
    similarity = score_batch(batch, intensity)
    base = np.where(recorded, intensity, 0.0).max(1, keepdims=True)
    measured_base = np.where(recorded, measured, 0.0).max(1, keepdims=True)
    peaks = recorded & (intensity >= PREDICTION_FLOOR * base) & (base > 0) & (measured_base > 0)
    spectrum = np.nonzero(peaks)[0]
    base, measured_base = base[spectrum, 0], measured_base[spectrum, 0]
    return UncertaintyScores(
        passes,
        batch.row.cpu().numpy(),
        spectrum_quantities(intensity, deviation),
        {name: similarity[name] for name in FORETOLD},
        deviation[peaks] / base,
        intensity[peaks] / base - measured[peaks] / measured_base,
    )


def _joined(parts: list[UncertaintyScores]) -> UncertaintyScores:
    def joined(values: Sequence) -> Any:
        if isinstance(values[0], dict):
            return {name: joined([value[name] for value in values]) for name in values[0]}
        return np.concatenate(values)

    passes, *columns = zip(*parts, strict=True)
    return UncertaintyScores(passes[0], *map(joined, columns))
