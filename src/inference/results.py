"""What a prediction gives: a spectrum, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..data.molecule import Molecule
from ..data.spectrum import Spectrum

# Peaks below this share of the base peak are left out of a predicted spectrum.
INTENSITY_FLOOR = 1e-3


class Peak(NamedTuple):
    """One peak of a predicted spectrum.

    Attributes:
        mz: nominal m/z.
        intensity: abundance, base peak 1.
        neutral_loss: mass lost from the molecular ion in Da, M − m/z; below 0 for the heavier
            isotopes of the molecular ion.
    """

    mz: int
    intensity: float
    neutral_loss: int


@dataclass(frozen=True, eq=False)
class PredictedSpectrum:
    """The predicted spectrum of one structure.

    Attributes:
        line: line of the input that the structure stood in, from 1.
        name: name given with the structure; empty where there was none.
        molecule: the structure.
        spectrum: peaks at nominal m/z, base peak 1, none below 0.001 and none above the isotope
            pattern of the molecular ion.
    """

    line: int
    name: str
    molecule: Molecule
    spectrum: Spectrum

    @property
    def peaks(self) -> list[Peak]:
        """All peaks by m/z."""
        mass = self.molecule.nominal_mass
        return [
            Peak(int(mz), float(intensity), mass - int(mz))
            for mz, intensity in zip(self.spectrum.mz, self.spectrum.intensity, strict=True)
        ]

    def highest_peaks(self, number: int = 10) -> list[Peak]:
        """Return the highest peaks, the highest first; of equal ones, the lower m/z first."""
        return sorted(self.peaks, key=lambda peak: (-peak.intensity, peak.mz))[:number]


@dataclass(frozen=True)
class FailedPrediction:
    """A structure that could not be predicted.

    Attributes:
        line: line of the input that the structure stood in, from 1.
        text: the structure as it was given.
        name: name given with the structure; empty where there was none.
        reason: why there is no spectrum, in a few words.
    """

    line: int
    text: str
    name: str
    reason: str


def spectrum_from_bins(intensity: np.ndarray, highest_mz: int) -> Spectrum:
    """Turn predicted bins into peaks.

    Args:
        intensity: predicted intensities on any scale, shape ``(max_mz,)``; element ``i`` is m/z
            ``i + 1``.
        highest_mz: highest m/z that the molecule can give.

    Returns:
        The peaks up to ``highest_mz`` of at least 0.001 of the base peak, base peak 1.

    Raises:
        ValueError: an intensity is not finite, or none is above 0.

    Example:
        >>> import numpy as np
        >>> from nextims.inference.results import spectrum_from_bins
        >>> spectrum_from_bins(np.array([0.0, 4.0, 0.001, 2.0]), highest_mz=4).mz
        array([2., 4.])
    """
    intensity = np.asarray(intensity, dtype=np.float64)[:highest_mz]
    if not np.isfinite(intensity).all():
        raise ValueError("the model gave an intensity that is not finite")
    base = intensity.max(initial=0.0)
    if base <= 0:
        raise ValueError("the model gave no peak")
    relative = intensity / base
    bins = np.flatnonzero(relative >= INTENSITY_FLOOR)
    return Spectrum(bins + 1, relative[bins])
