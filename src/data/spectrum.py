"""The one spectrum type, nominal-mass binning and isotope patterns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

# Most records that give no ionization energy are of these, eV.
STANDARD_ENERGY = 70.0

# Accurate masses go to the bin floor(m/z + 0.4): right for mass defects from -0.4 (polyhalogens)
# to +0.6 (large ions rich in hydrogen).
BIN_OFFSET = 0.4

# Isotopes heavier than the most abundant one, as {mass shift: abundance relative to it} (IUPAC
# 2013 representative compositions, Meija et al., Pure Appl. Chem. 2016, 88, 293). Boron has the
# lighter 10B below its base mass; fluorine, phosphorus and iodine have one stable isotope.
ISOTOPE_RATIOS: dict[str, dict[int, float]] = {
    "H": {0: 1.0, 1: 0.000115},
    "B": {-1: 0.248, 0: 1.0},
    "C": {0: 1.0, 1: 0.010816},
    "N": {0: 1.0, 1: 0.003653},
    "O": {0: 1.0, 1: 0.000381, 2: 0.002055},
    "F": {0: 1.0},
    "Si": {0: 1.0, 1: 0.050801, 2: 0.033527},
    "P": {0: 1.0},
    "S": {0: 1.0, 1: 0.007895, 2: 0.044742, 4: 0.000105},
    "Cl": {0: 1.0, 2: 0.319964},
    "Br": {0: 1.0, 2: 0.972776},
    "I": {0: 1.0},
}
# Mass shifts of the isotope patterns of ions, in Da: hexabromobenzene's ends at M + 12; only boron
# brings any below 0.
LOWEST_ISOTOPE, HIGHEST_ISOTOPE = -6, 12


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Peaks of one mass spectrum, sorted by m/z.

    Attributes:
        mz: m/z of each peak, shape ``(peaks,)``, above 0 and finite.
        intensity: abundance of each peak on any scale, shape ``(peaks,)``, not negative.

    Raises:
        ValueError: the arrays differ in length, or hold values that no spectrum can have.

    Example:
        >>> from nextims.data.spectrum import Spectrum
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
            >>> from nextims.data.spectrum import Spectrum
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
        >>> from nextims.data.spectrum import nominal_mz
        >>> nominal_mz([327.58, 450.55])  # hexabromobenzene-like defect, long alkane
        array([327, 450])
    """
    return np.floor(np.asarray(mz, dtype=np.float64) + BIN_OFFSET).astype(np.int64)


def isotope_pattern(counts: Mapping[str, int]) -> dict[int, float]:
    """Return the isotope pattern of a formula at nominal masses.

    The exact convolution of the elements' isotopes, by IUPAC abundances.

    Args:
        counts: number of atoms of each element, isotope labels left out.

    Returns:
        Abundance by mass shift from the ion of the most abundant isotopes, sum 1; shifts of less
        than 1e-6 left out.

    Raises:
        KeyError: an element outside the supported ones.

    Example:
        >>> from nextims.data.spectrum import isotope_pattern
        >>> pattern = isotope_pattern({"C": 1, "Cl": 4})
        >>> round(pattern[2] / pattern[0], 2)
        1.28
    """
    pattern, lowest = _convolved(counts)
    return {i + lowest: float(p) for i, p in enumerate(pattern) if p >= 1e-6}


def highest_isotope(counts: Mapping[str, int], least: float) -> int:
    """Return the highest mass shift in the isotope pattern of a formula.

    Args:
        counts: number of atoms of each element, isotope labels left out.
        least: smallest abundance that counts, of that of the most abundant shift.

    Example:
        >>> from nextims.data.spectrum import highest_isotope
        >>> highest_isotope({"C": 1, "Cl": 4}, 0.001)
        8
    """
    pattern, lowest = _convolved(counts)
    return int(np.flatnonzero(pattern >= least * pattern.max())[-1]) + lowest


def _convolved(counts: Mapping[str, int]) -> tuple[np.ndarray, int]:
    """Return the pattern, sum 1, and the mass shift at which it begins."""
    # Boron reaches below the base mass: the array's origin moves down by one for each boron.
    lowest = -counts.get("B", 0)
    pattern = np.array([1.0])
    for element, number in counts.items():
        pattern = np.convolve(pattern, _of_one_element(element, number))
    return pattern / pattern.sum(), lowest


@lru_cache(maxsize=4096)
def _of_one_element(element: str, number: int) -> np.ndarray:
    ratios = ISOTOPE_RATIOS[element]
    single = np.zeros(max(ratios) - min(ratios) + 1)
    for shift, ratio in ratios.items():
        single[shift - min(ratios)] = ratio
    pattern = np.array([1.0])
    for _ in range(number):
        pattern = np.convolve(pattern, single)
    return pattern
