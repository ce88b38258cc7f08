"""One library record as it was read, whatever the format of its file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from ..chemistry.formula import count_elements, mass_defect, parse_formula
from ..chemistry.molecule import Molecule, MoleculeError, from_parsed
from ..chemistry.reading.structure_text import UNREADABLE, parse_structure
from .spectrum import Spectrum, nominal_mz

# Name, program and remark; the atoms follow.
_MOL_HEADER_LINES = 3
# A salt or hydrate flies as the free base or acid, but its mass may be given.
_SALT = re.compile(
    r"\bH(?:Cl|Br)\b|\b(?:di|tri)?hydro(?:chlor|brom|iod)ide\b|hydrate\b|"
    r"\b(?:salt|sodium|potassium)\b",
    re.IGNORECASE,
)
# What our own files, MS-DIAL's dialect of them and mzSpecLib say of a spectrum not measured.
_PREDICTED = re.compile(r"predicted by NExtIMS|\(predicted\)", re.IGNORECASE)
# Da: what rounding adds to a mass, and the protons of what was drawn with charges.
_ROUNDED_UP, _PROTONS = 0.6, 2


@dataclass(frozen=True)
class BadRecord:
    """A record that is not used.

    Attributes:
        file: file, or ``archive/member``, that holds the record.
        line: line of the file where the record begins, from 1.
        id: identifier, empty where it could not be read.
        name: compound name, empty where it could not be read.
        reason: one of a small number of phrases, by which bad records are counted.
        detail: what exactly was found.
    """

    file: str
    line: int
    id: str
    name: str
    reason: str
    detail: str = ""

    @property
    def why(self) -> str:
        """Reason and detail in one phrase."""
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


@dataclass(frozen=True)
class Record:
    """One measured spectrum with what its library says about it.

    Attributes:
        file: file, or ``archive/member``, that holds the record.
        line: line of the file where the record begins, from 1.
        id: identifier, unique in its library.
        name: compound name.
        spectrum: the peaks above zero intensity.
        structures: SMILES, InChI or MOL blocks, the most trusted first; may be empty.
        structure_problem: why there is no structure, where the reader knows.
        formula: molecular formula as given.
        nominal_mass: nominal molecular mass in Da by the mass given, ``None`` where there is none.
        inchikey: InChIKey as given.
        energy: ionization energy in eV, ``None`` where not given.
        instrument: instrument as given.
        ionization: kind of ionization, ``EI`` for electron ionization.
        ion_mode: ``positive`` or ``negative``.
        ms_level: 1 for a full scan, 2 for a product-ion spectrum.
        licence: terms of use as given.
        source: library that the spectrum comes from.
        retention_index: of the compound, by n-alkanes (100 a carbon atom), ``None`` where
            not given.
        column: gas chromatographic column that the retention index is of, as given.
        retention_deviation: standard deviation of the retention index, where it is given.
        retention_time: in minutes, ``None`` where not given.
        remarks: title, comments and derivative notes, which tell of derivatisation.
        notes: peculiarities that do not spoil the record, to be counted.
    """

    file: str
    line: int
    id: str
    name: str
    spectrum: Spectrum
    structures: tuple[str, ...] = ()
    structure_problem: str = ""
    formula: str = ""
    nominal_mass: int | None = None
    inchikey: str = ""
    energy: float | None = None
    instrument: str = ""
    ionization: str = "EI"
    ion_mode: str = "positive"
    ms_level: int = 1
    licence: str = ""
    source: str = ""
    retention_index: float | None = None
    column: str = ""
    retention_deviation: float | None = None
    retention_time: float | None = None
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def predicted(self) -> bool:
        """Whether the spectrum was predicted, as far as the record says so."""
        said = (self.instrument, *self.remarks[1:])  # a name may say anything
        return any(_PREDICTED.search(text) for text in said)

    @property
    def lowest_mz(self) -> int:
        """Lowest recorded nominal m/z; below it nothing is known about the spectrum."""
        return int(self.of_known.nominal[0])

    @cached_property
    def molecule(self) -> Molecule:
        """The first of the record's structures that can be used and fits formula and mass given.

        Raises:
            MoleculeError: there is none; the message is of the first, the most trusted.
        """
        problem = None
        for structure in self.structures:
            try:
                molecule = _molecule_of(_without_header(structure))
                if not self._fits(molecule):
                    raise MoleculeError("structure disagrees with the formula")
                if not self._weighs(molecule):
                    masses = f"{self.nominal_mass} Da, the structure {molecule.nominal_mass}"
                    raise MoleculeError("structure disagrees with the mass", f"({masses})")
                return molecule
            except MoleculeError as error:
                problem = problem or error
        raise problem or MoleculeError("no structure")

    def _fits(self, molecule: Molecule) -> bool:
        """Say whether a structure has the formula given, where one is given."""
        named = parse_formula(self.formula) or {}
        labels = Counter({nuclide: number for nuclide, number in named.items() if nuclide[1]})
        if labels - molecule.labels:  # drawn without them, it is another molecule
            return False
        given, found = count_elements(self.formula), count_elements(molecule.formula)
        if self.formula.isupper() and given == count_elements(molecule.formula.upper()):
            return True
        if given is not None and molecule.notes:  # given may be the formula of what was drawn
            given, found = ({**each, "H": 0} for each in (given, found))
        return given is None or given == found

    def _weighs(self, molecule: Molecule) -> bool:
        """Say whether a structure has the mass given, where one is given.

        That may be the nominal, the exact or the average mass, rounded either way; and, of what is
        drawn with isotope labels, the mass without them (MassBank gives that).
        """
        given = self.nominal_mass
        for each in (molecule, molecule.unlabelled):
            if given is None or given == each.nominal_mass:
                return True
            from rdkit.Chem.Descriptors import MolWt  # slow to import; few records get here

            masses = each.nominal_mass, each.exact_mass, MolWt(each.mol)
            if min(masses) - 1 < given <= max(masses) + _ROUNDED_UP:
                return True
        if molecule.notes and abs(given - molecule.nominal_mass) <= _PROTONS:
            return True
        return given > molecule.nominal_mass and any(map(_SALT.search, self.remarks))

    @cached_property
    def of_molecule(self) -> Spectrum:
        """The spectrum as one of its molecule, whose mass defect tells nominal masses."""
        return self.spectrum.of(self.molecule.mass_defect)

    @cached_property
    def of_known(self) -> Spectrum:
        """The spectrum as one of its formula, else of its structure, as far as either is known."""
        defect = mass_defect(self.formula)
        if defect is None and self.spectrum.is_accurate:
            with suppress(MoleculeError):
                defect = self.molecule.mass_defect
        return self.spectrum.of(defect)

    @cached_property
    def bins(self) -> np.ndarray:
        """Intensity per nominal mass from 1 to the highest, base peak 1, float32."""
        return self.of_molecule.binned(int(self.of_molecule.nominal[-1]))

    def rejected(self, reason: str, detail: str = "") -> BadRecord:
        """Return what is kept of a record that is not used."""
        return BadRecord(self.file, self.line, self.id, self.name, reason, detail)


def clean_spectrum(mz: np.ndarray, intensity: np.ndarray) -> Spectrum:
    """Make a spectrum of listed peaks, without those that say nothing.

    Args:
        mz: m/z of each peak, shape ``(peaks,)``.
        intensity: abundance of each peak, shape ``(peaks,)``.

    Returns:
        The peaks of intensity above zero at nominal masses from 1.

    Raises:
        ValueError: values that no spectrum can have.

    Example:
        >>> from nextims.spectra.record import clean_spectrum
        >>> clean_spectrum([0, 15, 31], [5, 0, 80]).mz
        array([31.])
    """
    mz = np.asarray(mz, dtype=np.float64)
    intensity = np.asarray(intensity, dtype=np.float64)
    if not np.isfinite(mz).all():
        raise ValueError("m/z and intensity must be finite")
    kept = (nominal_mz(mz) >= 1) & (intensity != 0)
    with np.errstate(over="ignore"):  # Spectrum refuses what single precision cannot hold
        return Spectrum(mz[kept], intensity[kept])


def structure_defect(structures: Iterable[str]) -> float | None:
    """Return the mass defect of the first structure that can be used, ``None`` if there is none.

    Example:
        >>> from nextims.spectra.record import structure_defect
        >>> round(structure_defect(["Brc1c(Br)c(Br)c(Br)c(Br)c1Br"]), 5)
        -0.0009
    """
    for structure in structures:
        with suppress(MoleculeError):
            return _molecule_of(_without_header(structure)).mass_defect
    return None


def _without_header(structure: str) -> str:
    """Return the text of a structure; that of a MOL block without name, date and remark."""
    header = structure.split("\n", _MOL_HEADER_LINES)
    if len(header) <= _MOL_HEADER_LINES:
        return structure
    # Whether the coordinates are of two or three dimensions.
    dimensions = header[1][20:22]
    return f"\n{dimensions:>22}\n\n{header[-1]}"


# Replicates follow each other, or their molecule's other spectra at other energies do.
@lru_cache(maxsize=2048)
def _molecule_of(text: str) -> Molecule:
    try:
        return from_parsed(parse_structure(text))
    except MoleculeError:
        raise
    except Exception as error:  # of one structure, it must not end the reading of a library
        raise MoleculeError(UNREADABLE, f"({type(error).__name__})") from error
