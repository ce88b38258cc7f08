"""One library record as its file says it, and the record that it makes, for all formats."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from ..spectra.record import BadRecord, Record, clean_spectrum
from ..spectra.spectrum import nominal_mz
from .fields import NAMES_OF_MSP, field_name, is_given, parse_energy

_COMMENT_PAIR = re.compile(r'"([^"=]+)=([^"]*)"|(\S+?)=("[^"]*"|\S+)')
_ELECTRON = re.compile(r"(?:^|[^A-Z])EI(?:$|[^A-Z])|ELECTRON")
_OTHER_IONIZATION = re.compile(
    r"(?:^|[^A-Z])(?:N?ESI|APCI|APPI|CI|MALDI|FAB|FD|FI|DART|LC|HCD|CID|NSI)(?:$|[^A-Z])"
    r"|ELECTROSPRAY|CHEMICAL"
)
# Da; a mass beyond it is a slip of the pen.
_HEAVIEST = 1e5
# An exact mass is off the sum of mass numbers by no more than this share of it (long alkanes).
_MASS_DEFECT = 0.0015
# The molecular ion itself; any adduct or deprotonated ion tells of soft ionization.
_MOLECULAR_ION = re.compile(r"\[?M\]?[+.*·]*\+[+.*·]*")


@dataclass
class RawRecord:
    """One record as its file says it.

    Readers of other formats than MSP translate the names of fields into those of MSP. Two more are
    for them: ``nominalmass``, and ``molblock``, a structure in the lines of a MOL file.

    Attributes:
        line: line of the file where it begins, or its number in a table, from 1.
        fields: values by field name, see ``field_name``.
        pairs: m/z and intensity of each peak.
        damage: why its peaks cannot be read; empty where they can.
        notes: peculiarities that do not spoil the record.

    Example:
        >>> from nextims.formats.raw_record import RawRecord
        >>> raw = RawRecord(1, pairs=[(31, 999), (45, 510)])
        >>> raw.add("Name", "ethanol")
        >>> raw.record("lab.mgf", 1).name
        'ethanol'
    """

    line: int
    fields: dict[str, list[str]] = field(default_factory=dict)
    pairs: Sequence[Sequence[float]] | np.ndarray = ()
    damage: str = ""
    notes: tuple[str, ...] = ()

    def add(self, name: str, value: object) -> None:
        """Add the value of a field, whatever the name's case and punctuation."""
        self.fields.setdefault(field_name(name), []).append(str(value).strip())

    def first(self, *names: str) -> str:
        """Return the first value of the first of these fields that is present, else ``""``."""
        for name in names:
            if self.fields.get(name):
                return self.fields[name][0]
        return ""

    def comment(self, *names: str) -> str:
        """Return the value of ``name=value`` in the comments, names in lower case, else ``""``.

        The record is to have all its fields by then: the comments are divided once.
        """
        pairs = self._comment_pairs
        return next((pairs[name] for name in names if pairs.get(name)), "")

    @cached_property
    def _comment_pairs(self) -> dict[str, str]:
        pairs: dict[str, str] = {}
        for text in self.fields.get("comments", []) + self.fields.get("comment", []):
            if "=" not in text:
                continue
            for quoted, value, plain, other in _COMMENT_PAIR.findall(text):
                name = (quoted or plain).strip().lower()
                pairs.setdefault(name, (value or other).strip('" '))
        return pairs

    def peaks(self) -> np.ndarray:
        """Return m/z and intensity of each peak, shape ``(peaks, 2)``.

        Raises:
            ValueError: they cannot be read.
        """
        if self.damage:
            raise ValueError(self.damage)
        return np.asarray(self.pairs, dtype=np.float64).reshape(-1, 2)

    def record(
        self,
        file: str,
        number: int,
        *,
        structures: Sequence[Path] = (),
        structure_problem: str = "",
    ) -> Record | BadRecord:
        """Return the record, or why there is none.

        Args:
            file: its file.
            number: its position in the file, from 1, by which it goes where it has no identifier.
            structures: MOL files, which come before what the record itself says.
            structure_problem: why there is no structure, where there is none.
        """
        name = self.first("name", "compoundname")
        id_ = self.identifier or f"#{number}"
        try:
            peaks = self.peaks()
            spectrum = clean_spectrum(peaks[:, 0], peaks[:, 1])
        except (ValueError, TypeError, OverflowError) as error:
            return BadRecord(file, self.line, id_, name, "peak list cannot be read", str(error))
        energy, notes = self._energy()
        return Record(
            file=file,
            line=self.line,
            id=id_,
            name=name,
            spectrum=spectrum,
            structures=(*structures, *self._written_structures()),
            structure_problem=structure_problem or "no structure in the record",
            formula=self.first("formula"),
            nominal_mass=self._nominal_mass(),
            inchikey=_given(self.first("inchikey") or self.comment("inchikey")),
            energy=energy,
            instrument=self.first("instrument", "instrumenttype", "sourceinstrument"),
            ionization=self._ionization(),
            ion_mode=self._ion_mode(),
            ms_level=self._ms_level(),
            licence=self.first("license", "licence") or self.comment("license", "licence"),
            remarks=(name, *self.fields.get("comments", []), *self.fields.get("comment", [])),
            notes=notes + self.notes,
        )

    @property
    def identifier(self) -> str:
        """The number by which lib2nist names MOL files: one kind of number per record.

        Trying the next kind where a file is missing would find other compounds' files, for the
        numbers of different kinds overlap.
        """
        return self.first("id", "db", "nist")

    def _written_structures(self) -> list[str]:
        smiles = self.first("smiles", "canonicalsmiles") or self.comment(
            "smiles", "canonical smiles", "computed smiles"
        )
        inchi = self.first("inchi", "inchicode") or self.comment("inchi", "computed inchi")
        if inchi.startswith("1"):
            inchi = f"InChI={inchi}"
        # A MOL block is taken as it is: its lines have fixed columns.
        blocks = self.fields.get("molblock", [])
        return [*blocks, *(text for text in (smiles, inchi) if is_given(text))]

    def _nominal_mass(self) -> int | None:
        """Return the molecular mass given, the exact one before an MW, which may be an average.

        An MW that is whole and no further from the exact mass than a mass defect is the nominal
        mass itself, which rounding the exact one misses in long alkanes and polybromides.
        """
        nominal, exact, parent, mw, molecular_weight = (
            _mass(self.first(name))
            for name in ("nominalmass", "exactmass", "parentmass", "mw", "molecularweight")
        )
        exact = parent if exact is None else exact
        weight = molecular_weight if mw is None else mw
        if nominal is not None:
            return round(nominal)
        if exact is None:
            return None if weight is None else int(nominal_mz(weight))
        is_whole = weight is not None and weight.is_integer()
        if is_whole and abs(weight - exact) <= _MASS_DEFECT * exact:
            return int(weight)
        return int(nominal_mz(exact))

    def _energy(self) -> tuple[float | None, tuple[str, ...]]:
        """Return the ionization energy in eV and what is to be noted about it.

        A collision energy is none: it belongs to another stage of the instrument.
        """
        text = self.first("ionizationenergy", "electronenergy") or self.comment(
            "ionization energy", "electron energy", "ionization_energy"
        )
        try:
            return parse_energy(text), ()
        except ValueError:
            return None, ("energy cannot be read, taken as not given",)

    def _ionization(self) -> str:
        """Return ``EI`` unless the record says otherwise: NIST's libraries do not say."""
        given = " ".join(
            text
            for text in (
                self.first("ionization", "ionizationmode") or self.comment("ionization"),
                self.first("instrumenttype") or self.comment("instrument type"),
            )
            if is_given(text)
        ).upper()
        if _ELECTRON.search(given):
            return "EI"
        if _OTHER_IONIZATION.search(given):
            return given
        ion = self.first("precursortype", "adduct")
        return ion if is_given(ion) and not _MOLECULAR_ION.fullmatch(ion) else "EI"

    def _ion_mode(self) -> str:
        text = (self.first("ionmode", "polarity") or self.comment("ion mode")).strip().lower()
        return "negative" if text.startswith(("n", "-")) and is_given(text) else "positive"

    def _ms_level(self) -> int:
        text = self.first("spectrumtype", "mslevel", "mstype") or self.comment("ms level")
        found = re.fullmatch(r"(?:MS)?(\d)", text.strip().upper())
        return int(found[1]) if found else 1


def _mass(text: str) -> float | None:
    try:
        mass = float(text)
    except ValueError:
        return None
    return mass if 0 < mass < _HEAVIEST else None


def _given(text: str) -> str:
    return text if is_given(text) else ""


def add_field(raw: RawRecord, name: str, value: object) -> None:
    """Add a field of another format than MSP under the name that MSP gives it.

    What says nothing (``N/A``) is left out, and so are quotes around a value.

    Example:
        >>> from nextims.formats.raw_record import RawRecord, add_field
        >>> raw = RawRecord(1)
        >>> add_field(raw, "COMPOUND_NAME", "ethanol")
        >>> raw.first("name")
        'ethanol'
    """
    name = field_name(name)
    name = NAMES_OF_MSP.get(name, name)
    if name == "predictedby":
        name, value = "comment", f"predicted by {value}"
    text = "" if value is None else str(value)
    if name != "molblock":
        text = text.strip()
        if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
            text = text[1:-1]
    if name == "name" or is_given(text):
        raw.fields.setdefault(name, []).append(text)
