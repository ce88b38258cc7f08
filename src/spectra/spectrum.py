"""The one spectrum type, nominal-mass binning and isotope patterns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Most records that give no ionization energy are of these, eV.
STANDARD_ENERGY = 70.0

# Accurate masses go to the bin floor(m/z + 0.4): right for mass defects from -0.4 (polyhalogens)
# to +0.6 (large ions rich in hydrogen).
BIN_OFFSET = 0.4


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Peaks of one mass spectrum, sorted by m/z.

    Attributes:
        mz: m/z of each peak, shape ``(peaks,)``, above 0 and finite.
        intensity: abundance of each peak on any scale, shape ``(peaks,)``, not negative.

    Raises:
        ValueError: the arrays differ in length, or hold values that no spectrum can have.

    Example:
        >>> from nextims.spectra.spectrum import Spectrum
        >>> Spectrum([45.0, 31.0], [40.0, 80.0]).mz
        array([31., 45.])
    """

    mz: np.ndarray
    intensity: np.ndarray

    def __post_init__(self):
        mz = np.asarray(self.mz, dtype=np.float64)
        intensity = np.asarray(self.intensity, dtype=np.float32)
        if mz.ndim != 1 or mz.shape != intensity.shape:
            raise ValueError(
                f"m/z and intensity must be lists of one length, found shapes {mz.shape} and "
                f"{intensity.shape}"
            )
        if not (np.isfinite(mz).all() and np.isfinite(intensity).all()):
            raise ValueError("m/z and intensity must be finite")
        if (mz <= 0).any():
            raise ValueError(f"m/z must be above 0, found {mz.min():g}")
        if (intensity < 0).any():
            raise ValueError(f"intensity must not be negative, found {intensity.min():g}")
        order = np.argsort(mz, kind="stable")
        object.__setattr__(self, "mz", mz[order])
        object.__setattr__(self, "intensity", intensity[order])

    def __len__(self) -> int:
        return len(self.mz)

    def binned(self, max_mz: int) -> np.ndarray:
        """Return the intensity per nominal mass 1…``max_mz``, base peak 1.

        Args:
            max_mz: highest nominal mass; peaks beyond it are left out.

        Returns:
            Shape ``(max_mz,)``, float32; element ``i`` is m/z ``i + 1``.

        Example:
            >>> from nextims.spectra.spectrum import Spectrum
            >>> Spectrum([31.02, 45.03], [999, 500]).binned(50)[[30, 44]].round(2)
            array([1. , 0.5], dtype=float32)
        """
        nominal = nominal_mz(self.mz)
        inside = (nominal >= 1) & (nominal <= max_mz)
        bins = np.bincount(
            nominal[inside] - 1, weights=self.intensity[inside], minlength=max_mz
        ).astype(np.float32)
        base = bins.max(initial=0.0)
        return bins / base if base > 0 else bins


def nominal_mz(mz: np.ndarray | float) -> np.ndarray:
    """Return the nominal mass of each m/z, floor(m/z + 0.4).

    Example:
        >>> from nextims.spectra.spectrum import nominal_mz
        >>> nominal_mz([327.58, 450.55])  # hexabromobenzene-like defect, long alkane
        array([327, 450])
    """
    return np.floor(np.asarray(mz, dtype=np.float64) + BIN_OFFSET).astype(np.int64)
