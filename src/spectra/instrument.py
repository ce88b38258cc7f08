"""How the intensities of one instrument differ from those that a model expects.

A quadrupole is tuned to pass more or fewer heavy ions, and detectors and thresholds bring small
peaks forward or back: two numbers hold much of what sets laboratories apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .prediction import INTENSITY_FLOOR, PredictedSpectrum
from .spectrum import Spectrum

_MIDDLE = 100.0  # m/z at which tilting changes nothing; of a relative scale any would do


class Instrument(NamedTuple):
    """An instrument that gives of an intensity I the intensity I^power · (m/z)^tilt, rescaled.

    Attributes:
        power: below 1 small peaks are higher than expected.
        tilt: above 0 heavy ions are.
    """

    power: float = 1.0
    tilt: float = 0.0

    def __str__(self) -> str:
        return f"intensity^{self.power:.2f} x (m/z)^{self.tilt:+.2f}"

    def scaled(self, mz: np.ndarray, intensity: np.ndarray) -> np.ndarray:
        """Return intensities as the instrument gives them, their highest 1.

        Args:
            mz: of each peak, ``(..., peaks)``.
            intensity: as expected, on any scale, ``(..., peaks)``.

        Example:
            >>> import numpy as np
            >>> from nextims.spectra.instrument import Instrument
            >>> Instrument(tilt=1.0).scaled(np.array([50.0, 100.0]), np.array([1.0, 1.0]))
            array([0.5, 1. ])
        """
        seen = intensity**self.power * (mz / _MIDDLE) ** self.tilt
        return seen / np.maximum(seen.max(-1, keepdims=True), np.finfo(float).tiny)

    def seen(self, result: PredictedSpectrum) -> PredictedSpectrum:
        """Return a prediction as the instrument would record it.

        Its ions stay what they are, and what similarity is to be expected; deviations of peaks
        grow and shrink with them, and by the power, as those of any power of what is uncertain.

        Example:
            >>> from nextims.chemistry.molecule import read_molecule
            >>> from nextims.spectra.instrument import Instrument
            >>> from nextims.spectra.prediction import PredictedSpectrum
            >>> from nextims.spectra.spectrum import Spectrum
            >>> spectrum = Spectrum([31, 46], [1.0, 0.25])
            >>> ethanol = PredictedSpectrum(1, "ethanol", read_molecule("CCO"), spectrum)
            >>> Instrument(power=0.5).seen(ethanol).spectrum.intensity
            array([1. , 0.5], dtype=float32)
        """
        mz, expected = result.spectrum.mz, result.spectrum.intensity.astype(np.float64)
        intensity = self.scaled(mz, expected)
        kept = intensity >= INTENSITY_FLOOR
        changes: dict = {"spectrum": Spectrum(mz[kept], intensity[kept], result.spectrum.defect)}
        if result.annotations is not None:
            peaks = zip(result.annotations, intensity.tolist(), kept, strict=True)
            changes["annotations"] = tuple(
                peak._replace(intensity=height) for peak, height, there in peaks if there
            )
        if result.uncertainty is not None and result.uncertainty.deviations is not None:
            deviations = self.power * result.uncertainty.deviations * intensity / expected
            changes["uncertainty"] = replace(result.uncertainty, deviations=deviations[kept])
        return replace(result, **changes)
