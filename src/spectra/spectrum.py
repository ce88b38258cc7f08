"""The one spectrum type, nominal-mass binning and isotope patterns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

# Most records that give no ionization energy are of these, eV.
STANDARD_ENERGY = 70.0
# What counts as a spectrum of the usual 70 eV; validation and test are on these alone.
STANDARD_ENERGY_RANGE = (60.0, 80.0)


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Peaks of one mass spectrum, sorted by m/z.

    Attributes:
        mz: m/z of each peak, shape ``(peaks,)``, above 0 and finite.
        intensity: abundance of each peak on any scale, shape ``(peaks,)``, not negative.
        defect: mass defect of its molecule, relative to the mass; ``None`` where not known.

    Raises:
        ValueError: the arrays differ in length, or hold values that no spectrum can have.

    Example:
        >>> from nextims.spectra.spectrum import Spectrum
        >>> Spectrum([45.0, 31.0], [40.0, 80.0]).mz
        array([31., 45.])
    """

    mz: np.ndarray
    intensity: np.ndarray
    defect: float | None = None

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

    def of(self, defect: float | None) -> Spectrum:
        """Return the spectrum as one of a molecule of this mass defect, ``None`` for unknown.

        Example:
            >>> from nextims.chemistry.formula import mass_defect
            >>> from nextims.spectra.spectrum import Spectrum
            >>> Spectrum([551.5034], [999]).of(mass_defect("C6Br6")).nominal
            array([552])
        """
        return replace(self, defect=defect) if self.is_accurate else self

    @cached_property
    def nominal(self) -> np.ndarray:
        """Nominal mass of each peak by ``nominal_mz``, ``(peaks,)`` int64.

        A spectrum most of whose m/z are whole numbers is nominal already: a doubly charged ion at a
        half does not make it accurate.
        """
        return nominal_mz(self.mz, self.defect if self.is_accurate else None)

    @property
    def is_accurate(self) -> bool:
        """Whether most m/z are no whole numbers."""
        return 2 * np.count_nonzero(self.mz % 1) > len(self)

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
        nominal = self.nominal
        inside = (nominal >= 1) & (nominal <= max_mz)
        bins = np.bincount(
            nominal[inside] - 1, weights=self.intensity[inside], minlength=max_mz
        ).astype(np.float32)
        base = bins.max(initial=0.0)
        return bins / base if base > 0 else bins


def nominal_mz(mz: np.ndarray | float, defect: float | None = None) -> np.ndarray:
    """Return the nominal mass of each accurate m/z: the sum of the mass numbers of an ion's atoms.

    Ions, isotopes, labels, output and search all count mass numbers: C6 79Br3 81Br3 is 552, and
    C40H82 is 562. A measured m/z goes to the mass number that its molecule's mass defect, scaled
    to it, makes likely: floor(m/z (1 - defect) + 0.5). Where the molecule is not known, it goes to
    floor(m/z + 0.4): right for mass defects from -0.4 (polyhalogens) to +0.6 Da (large ions rich in
    hydrogen).

    Args:
        mz: m/z, of any shape.
        defect: mass defect of the molecule relative to its mass, as ``formula.mass_defect`` and
            ``Molecule.mass_defect`` give it.

    Example:
        >>> from nextims.spectra.spectrum import nominal_mz
        >>> nominal_mz([327.6734, 450.5165])  # CBr4, C32H66
        array([328, 450])
        >>> nominal_mz([466.5907, 545.5095], -0.0009)  # C6Br5 and C6Br6 of hexabromobenzene
        array([467, 546])
    """
    mz = np.asarray(mz, dtype=np.float64)
    shifted = mz + 0.4 if defect is None else mz * (1 - defect) + 0.5
    return np.floor(shifted).astype(np.int64)
