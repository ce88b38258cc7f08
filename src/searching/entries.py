"""What a measured spectrum is compared with: entries of a library, and predicted candidates."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ..chemistry.formula import count_elements, nominal_mass, parse_formula
from ..chemistry.molecule import NOMINAL_MASSES, Molecule, MoleculeError, first_block, identity
from ..errors import UserError
from ..formats.exported import single_line
from ..spectra.prediction import PredictedSpectrum
from ..spectra.record import Record


class SearchError(UserError):
    """A search that cannot be made; the message names the file or the value, and the reason."""


class Skipped(NamedTuple):
    """An entry that no spectrum can be compared with.

    Attributes:
        line: line of the file, or number of the spectrum in a table, from 1.
        text: structure or name as given; may be empty.
        name: name given with a structure; empty where there was none.
        reason: why it is left out, in a few words.
    """

    line: int
    text: str
    name: str
    reason: str


@dataclass(frozen=True, eq=False)
class Entry:
    """One spectrum to compare with, and what is known about its molecule.

    The structure is read only when something asks for it: a search of a large library needs it of
    few entries.

    Attributes:
        record: the spectrum and what its file says about it.
        predicted: whether the spectrum was predicted rather than measured.

    Example:
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.searching.entries import Entry
        >>> entry = Entry(Record("lab.msp", 1, "1", "EtOH", Spectrum([31], [1]), ("OCC",)))
        >>> entry.smiles, entry.formula, entry.nominal_mass
        ('CCO', 'C2H6O', 46)
    """

    record: Record
    predicted: bool = False

    @property
    def molecule(self) -> Molecule | None:
        """The structure; ``None`` where there is none that can be used."""
        return self._read[0]

    @property
    def problem(self) -> str:
        """Why the structure given cannot be used; empty where it can, or none is given."""
        return self._read[1] if self.record.structures else ""

    @cached_property
    def _read(self) -> tuple[Molecule | None, str]:
        try:
            return self.record.molecule, ""
        except MoleculeError as error:
            return None, str(error)

    @property
    def line(self) -> int:
        """Line of the file, or number of the spectrum in a table, from 1."""
        return self.record.line

    @property
    def name(self) -> str:
        """Name; empty where there is none."""
        return self.record.name

    @property
    def smiles(self) -> str:
        """Canonical SMILES; empty where there is no structure."""
        return "" if self.molecule is None else self.molecule.smiles

    @cached_property
    def inchikey(self) -> str:
        """InChIKey of the structure, else as given; may be empty."""
        found = "" if self.molecule is None else self.molecule.inchikey
        return found or self.record.inchikey

    @cached_property
    def elements(self) -> Counter[str] | None:
        """Number of atoms of each element, by the formula given or the structure's."""
        elements = count_elements(self.record.formula)
        if elements is None and self.molecule is not None:
            elements = count_elements(self.molecule.formula)
        return elements

    @property
    def formula(self) -> str:
        """Formula of the structure, else as given; may be empty."""
        return self.record.formula if self.molecule is None else self.molecule.formula

    @cached_property
    def nominal_mass(self) -> int | None:
        """Mass of the molecular ion in Da from the most abundant isotopes; ``None`` if unknown.

        By the mass given, else the structure, else the formula.
        """
        if self.record.nominal_mass is not None:
            return self.record.nominal_mass
        if self.molecule is not None:
            return self.molecule.nominal_mass
        return formula_mass(self.record.formula)

    @cached_property
    def identity(self) -> str:
        """What all entries of one molecule share, whatever their stereochemistry.

        The first block of the InChIKey; without one the name, as without a structure no more is
        known; without a name the line.
        """
        if self.molecule is not None and self.inchikey:
            return identity(self.inchikey, self.molecule)
        if self.inchikey:
            return first_block(self.inchikey).upper()
        if self.smiles:  # of which there is no InChI
            return f"smiles {self.smiles}"
        name = " ".join(self.name.casefold().split())
        return f"name {name}" if name else f"line {self.record.file} {self.line}"


def entry_label(entry: Entry) -> str:
    """Return the name of an entry and the line where it stands.

    Example:
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.searching.entries import Entry, entry_label
        >>> entry_label(Entry(Record("lab.msp", 7, "1", "ethanol", Spectrum([31], [1]))))
        'ethanol (line 7)'
    """
    return f"{single_line(entry.name) or entry.smiles or 'unnamed'} (line {entry.line})"


def formula_mass(formula: str) -> int | None:
    """Return the nominal mass in Da of a formula; ``None`` with an element that is not ours.

    Example:
        >>> from nextims.searching.entries import formula_mass
        >>> formula_mass("CHCl3"), formula_mass("C7H5D3")
        (118, 95)
    """
    atoms = parse_formula(formula)
    if not atoms or not {element for element, _ in atoms} <= NOMINAL_MASSES.keys():
        return None
    return nominal_mass(atoms)


def predicted_entry(result: PredictedSpectrum, file: str = "") -> Entry:
    """Return a prediction as an entry.

    Args:
        result: the prediction.
        file: the list of structures that it came from.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.spectra.prediction import PredictedSpectrum
        >>> from nextims.searching.entries import predicted_entry
        >>> ethanol = PredictedSpectrum(3, "", read_molecule("OCC"), Spectrum([31], [1]))
        >>> predicted_entry(ethanol).line, predicted_entry(ethanol).identity
        (3, 'LFQSCWFLJHTTHZ')
    """
    molecule, index = result.molecule, result.retention_index
    record = Record(
        file=file,
        line=result.line,
        id=str(result.line),
        name=result.name,
        spectrum=result.spectrum,
        structures=(molecule.smiles,),
        formula=molecule.formula,
        nominal_mass=molecule.nominal_mass,
        retention_index=index and index.value,
        retention_deviation=index and index.deviation,
        column=index.column if index else "",
    )
    return Entry(record, predicted=True)
