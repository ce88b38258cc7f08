"""What a prediction gives: a spectrum, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..chemistry.formula import ELECTRON_MASS
from ..chemistry.molecule import Molecule
from .ions import MZ_DECIMALS, AnnotatedPeak, Peak
from .retention import RetentionIndex
from .spectrum import STANDARD_ENERGY, Spectrum
from .uncertainty import Uncertainty

# Peaks below this share of the base peak are left out of a predicted spectrum.
INTENSITY_FLOOR = 1e-3
# C+ and CH+ come from CH2+ and CH3+. A record begins at its first peak, so the few that reach down
# to m/z 12 or 13 are those of molecules that give such ions, and models trained on them expect too
# many. With this share of the higher of m/z 14 and 15 as the most, their mean is about that of the
# records that begin at m/z 12 or below.
_CARBON = slice(12 - 1, 13)
_ABOVE_CARBON = slice(14 - 1, 15)
_CARBON_SHARE = 0.25
# Characters of a structure that a message shows in full; peptides of a thousand Da have 200.
_LONGEST = 500


@dataclass(frozen=True, eq=False)
class PredictedSpectrum:
    """The predicted spectrum of one structure.

    Attributes:
        line: line of the input that the structure stood in, from 1.
        name: name given with the structure; empty where there was none.
        molecule: the structure.
        spectrum: peaks at nominal m/z (at accurate ones where that was asked for), base peak 1,
            none below 0.001 and none above the isotope pattern of the molecular ion.
        annotations: the ions behind each of its peaks, where they were asked for.
        left_out: of a spectrum at accurate masses, the share of the intensity that has none,
            because no ion explains it; ``None`` for a spectrum at nominal masses.
        uncertainty: how far it is to be trusted, where that was asked for.
        retention_index: of the molecule on 5 % phenyl columns, where a model of it was there.
        number: as in ``InputStructure``.
        energy: ionization energy in eV.
        notes: what a user should know of how far the model can be trusted with this structure; how
            the structure was taken, ``molecule.notes`` say.
        columns: what further columns of the input say of the structure, each with its name.
    """

    line: int
    name: str
    molecule: Molecule
    spectrum: Spectrum
    annotations: tuple[AnnotatedPeak, ...] | None = None
    left_out: float | None = None
    uncertainty: Uncertainty | None = None
    number: int = 0
    energy: float = STANDARD_ENERGY
    notes: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    retention_index: RetentionIndex | None = None

    @property
    def identifier(self) -> int:
        """What the spectrum goes by in a file: its number, or else its line."""
        return self.number or self.line

    @property
    def place(self) -> str:
        """Line and name, for messages: "line 7: glycerol 3TMS", say."""
        return f"line {self.line}: {self.name}" if self.name else f"line {self.line}"

    @property
    def peaks(self) -> list[Peak]:
        """All peaks by m/z."""
        pairs = zip(self.spectrum.mz.tolist(), self.spectrum.intensity.tolist(), strict=True)
        if self.left_out is None:
            mass = self.molecule.nominal_mass
            return [Peak(int(mz), intensity, mass - int(mz)) for mz, intensity in pairs]
        mass = self.molecule.exact_mass - ELECTRON_MASS
        return [
            Peak(round(mz, MZ_DECIMALS), intensity, round(mass - mz, MZ_DECIMALS))
            for mz, intensity in pairs
        ]

    def highest_peaks(self, number: int = 10) -> list[Peak]:
        """Return the highest peaks, the highest first; of equal ones, the lower m/z first."""
        return sorted(self.peaks, key=lambda peak: (-peak.intensity, peak.mz))[:number]


@dataclass(frozen=True)
class FailedPrediction:
    """A structure that could not be predicted.

    Attributes:
        line: line of the input that the structure stood in, from 1, as in ``InputStructure``.
        text: the structure as it was given.
        name: name given with the structure; empty where there was none.
        reason: why there is no spectrum, in a few words.
        file: as in ``InputStructure``.
        file_line: likewise.
    """

    line: int
    text: str
    name: str
    reason: str
    file: str = ""
    file_line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}, line {self.file_line}" if self.file else f"line {self.line}"
        return f"{place}: {_abridged(self.text) or '(empty)'}: {self.reason}"


def _abridged(text: str) -> str:
    """Return a text as a message can hold it; some columns of a list hold megabytes."""
    return text if len(text) <= _LONGEST else f"{text[:40]}… ({len(text):,} characters)"


def spectrum_from_bins(
    intensity: np.ndarray, highest_mz: int, *, labelled: bool = False
) -> Spectrum:
    """Turn predicted bins into peaks.

    Args:
        intensity: predicted intensities on any scale, shape ``(max_mz,)``; element ``i`` is m/z
            ``i + 1``.
        highest_mz: highest m/z that the molecule can give.
        labelled: whether the molecule has isotope labels. They move C+ and CH+, which the models
            limit before (``carbon_scale``).

    Returns:
        The peaks up to ``highest_mz`` of at least 0.001 of the base peak, base peak 1; those at m/z
        12 and 13 not above a quarter of the higher of m/z 14 and 15.

    Raises:
        ValueError: an intensity is not finite, or none is above 0.

    Example:
        >>> import numpy as np
        >>> from nextims.spectra.prediction import spectrum_from_bins
        >>> spectrum_from_bins(np.array([0.0, 4.0, 0.001, 2.0]), highest_mz=4).mz
        array([2., 4.])
    """
    intensity = np.array(intensity, dtype=np.float64)[:highest_mz]
    if not np.isfinite(intensity).all():
        raise ValueError("the model gave an intensity that is not finite")
    if not labelled:
        intensity[_CARBON] = np.minimum(intensity[_CARBON], _carbon_limit(intensity))
    base = intensity.max(initial=0.0)
    if base <= 0:
        raise ValueError("the model gave no peak")
    relative = intensity / base
    bins = np.flatnonzero(relative >= INTENSITY_FLOOR)
    return Spectrum(bins + 1, relative[bins])


def carbon_scale(intensity: np.ndarray) -> np.ndarray:
    """Return what the ions of each mass are multiplied by so that C+ and CH+ keep their limit.

    Args:
        intensity: predicted intensities on any scale, without labels, ``(..., max_mz)``.

    Example:
        >>> import numpy as np
        >>> from nextims.spectra.prediction import carbon_scale
        >>> carbon_scale(np.array([0.0] * 12 + [5, 4, 10]))[12:]
        array([0.5, 1. , 1. ])
    """
    scale = np.ones_like(intensity)
    carbon = intensity[..., _CARBON]
    np.divide(_carbon_limit(intensity), carbon, out=scale[..., _CARBON], where=carbon > 0)
    return np.minimum(scale, 1)


def _carbon_limit(intensity: np.ndarray) -> np.ndarray:
    highest = intensity[..., _ABOVE_CARBON].max(-1, keepdims=True, initial=0.0)
    return _CARBON_SHARE * highest
