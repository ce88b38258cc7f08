"""How far to trust the predicted spectrum of one molecule."""

from __future__ import annotations

import numpy as np
import torch

from ..data.examples.features import Features, collate
from ..evaluation.calibration import Calibration
from ..evaluation.uncertainty import seeded, spectrum_quantities
from ..models.teacher import Teacher
from ..spectra.spectrum import Spectrum
from ..spectra.uncertainty import Expectation, Uncertainty

_SEED = 0


@torch.inference_mode()
def estimate_uncertainty(
    model: Teacher,
    calibration: Calibration,
    features: Features,
    intensity: np.ndarray,
    spectrum: Spectrum,
) -> Uncertainty:
    """Return the uncertainty of a prediction, by MC Dropout.

    The passes are run on the molecule alone and from a seed of their own: the same molecule gets
    the same uncertainty in every batch (on one device), and the caller's random numbers go on as
    they would have.

    Args:
        model: the teacher that predicted.
        calibration: what its deviations mean.
        features: of the molecule.
        intensity: the prediction, sum 1, ``(max_mz,)``.
        spectrum: its peaks, at nominal m/z.
    """
    device = next(model.parameters()).device
    batch = collate([features]).to(device)
    with seeded(_SEED, device):
        _, deviation, _ = model.predict_with_uncertainty(batch, calibration.passes)
    deviation = deviation.float().cpu().numpy()
    expected = calibration.expect(spectrum_quantities(intensity[None], deviation))
    bins = spectrum.mz.astype(int) - 1
    return Uncertainty(
        {name: Expectation(*(float(value[0]) for value in e)) for name, e in expected.items()},
        calibration.error(deviation[0, bins] / intensity[bins].max()),
    )
