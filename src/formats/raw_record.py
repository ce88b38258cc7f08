"""One library record as its file says it, and the record that it makes, for all formats."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..chemistry.formula import mass_defect
from ..spectra.record import BadRecord, Record, clean_spectrum, structure_defect
from ..spectra.retention import HIGHEST, LOWEST, Z90, RetentionIndex, nist_index
from ..spectra.spectrum import Spectrum, nominal_mz
from .fields import (
    FAULTY_PEAKS,
    IMPOSSIBLE_INDEX,
    NAMELESS,
    RETENTION_TIMES,
    SYNONYMS,
    UNREADABLE_INDEX,
    field_name,
    is_given,
    is_identifier,
    minutes_of,
    noted_energy,
    of_subtag,
    parse_index,
    unquoted,
)
from .peak_text import NUMBER, misread_columns, peak_of

_COMMENT_PAIR = re.compile(r'"([^"=]+)=([^"]*)"|(?<![^\s"])([^\s="]+)=("[^"]*"|\S+)')
_ELECTRON = re.compile(r"(?:^|[^A-Z])EI(?:$|[^A-Z])|ELECTRON(?!.?CAPTURE)")
_OTHER_IONIZATION = re.compile(
    r"(?:^|[^A-Z])(?:[NHD]?ESI|AP[CP]I|[NPD]?CI|N[EI]CI|ECN?I|(?:MA)?LDI|FAB|FD|FI|DART|PTR|VUV|LC"
    r"|HCD|CID|NSI)(?:$|[^A-Z])|ELECTROSPRAY|CHEMICAL|CAPTURE|PHOTO.?IONI[SZ]|PROTON.?TRANSFER"
)
_MASS = re.compile(rf"\s*({NUMBER})\s*(?:Da|amu|u|g/mol|g mol-1)?\s*", re.IGNORECASE)
# Da; a mass beyond it is a slip of the pen.
_HEAVIEST = 1e5
# An intensity beyond it cannot be held in single precision.
_HIGHEST = 3e38
# What stands for none: MS-DIAL writes -1.
_NO_INDEX = (0, -1)
# What tells that a fact is given; a compound may be called "none".
_SAYS = {"name": bool, "id": is_identifier}
# An exact mass is off the sum of mass numbers by no more than this share of it (long alkanes).
_MASS_DEFECT = 0.0015
# The molecular ion itself; any adduct or deprotonated ion tells of soft ionization.
_MOLECULAR_ION = re.compile(r"\[?M\]?[+.*·]*\+[+.*·]*")


@dataclass
class RawRecord:
    """One record as its file says it.

    Attributes:
        line: line of the file where it begins, or its number in a table, from 1.
        fields: values by the name that the file has for them, see ``field_name``. ``molblock`` is
            a structure in the lines of a MOL file.
        pairs: m/z and intensity of each peak.
        damage: why its peaks cannot be read; empty where they can.
        notes: peculiarities that do not spoil the record.
        peak_lines: the lines of the peak list, where there are such.

    Example:
        >>> from nextims.formats.raw_record import RawRecord
        >>> raw = RawRecord(1, pairs=[(31, 999), (45, 510)])
        >>> raw.add("COMPOUND_NAME", "ethanol")
        >>> raw.record("lab.mgf", 1).name
        'ethanol'
    """

    line: int
    fields: dict[str, list[str]] = field(default_factory=dict)
    pairs: list[Sequence[float]] | np.ndarray = field(default_factory=list)
    damage: str = ""
    notes: tuple[str, ...] = ()
    peak_lines: list[str] = field(default_factory=list)

    def add(self, name: str, value: object) -> None:
        """Add the value of a field, whatever the name's case; quotes around it are left out."""
        name, value = of_subtag(field_name(name), "" if value is None else str(value))
        if name == "predictedby":
            name, value = "comment", f"predicted by {value}"
        text = value
        if name not in SYNONYMS["molblock"]:  # its lines have fixed columns
            text = text.strip()
            text = unquoted(name, text)
        self.fields.setdefault(name, []).append(text)

    def add_peak(self, text: str, line: int) -> None:
        """Add the peak that stands on a line of the file, see ``peak_of``."""
        try:
            self.peak_lines.append(text)
            self.pairs.append(peak_of(text))
        except ValueError as error:
            self.spoil(f"line {line}: {error}")

    def spoil(self, reason: str) -> None:
        """Note why the peaks cannot be read; the first reason counts."""
        self.damage = self.damage or reason

    def values(self, fact: str) -> Iterator[str]:
        """Yield what the fields say of a fact, those of the name to prefer first.

        What says nothing (``N/A``) is left out, but for a name: there may be such a compound.
        """
        says = _SAYS.get(fact, is_given)
        for name in SYNONYMS.get(fact, (fact,)):
            if name in self.fields:
                yield from filter(says, self.fields[name])

    def first(self, *facts: str) -> str:
        """Return the first value of the first of these facts that has one, else ``""``."""
        for fact in facts:
            for name in SYNONYMS.get(fact, (fact,)):  # as in values, which takes twice the time
                if name in self.fields:
                    for text in filter(_SAYS.get(fact, is_given), self.fields[name]):
                        return text
        return ""

    def comment(self, *facts: str) -> str:
        """Return the value of ``name=value`` in the comments for the first of these facts.

        The record is to have all its fields by then: the comments are divided once.
        """
        pairs = self._comment_pairs
        for fact in facts if pairs else ():
            for name in SYNONYMS.get(fact, (fact,)):
                if name in pairs and is_given(pairs[name]):
                    return pairs[name]
        return ""

    def said(self, fact: str) -> str:
        """Return the first value of a fact, in its own field or in the comments."""
        return self.first(fact) or self.comment(fact)

    @cached_property
    def _comment_pairs(self) -> dict[str, str]:
        pairs: dict[str, str] = {}
        for text in self.values("comment"):
            if "=" not in text:
                continue
            for quoted, value, plain, other in _COMMENT_PAIR.findall(text):
                pairs.setdefault(field_name(quoted or plain), (value or other).strip('" ;'))
        # The last word of "collision energy" where no quotes hold the two together.
        pairs.pop("energy", None)
        return pairs

    def peaks(self) -> np.ndarray:
        """Return m/z and intensity of each peak, shape ``(peaks, 2)``.

        Raises:
            ValueError: they cannot be read.
        """
        if damage := self.damage or misread_columns(self.peak_lines):
            raise ValueError(damage)
        return np.asarray(self.pairs, dtype=np.float64).reshape(-1, 2)

    def record(
        self,
        file: str,
        number: int,
        *,
        structures: Sequence[str] = (),
        structure_problem: str = "",
    ) -> Record | BadRecord:
        """Return the record, or why there is none.

        Args:
            file: its file.
            number: its position in the file, from 1, by which it goes where it has no identifier.
            structures: MOL blocks, which come before what the record itself says.
            structure_problem: why there is no structure, where there is none.
        """
        name = self.first("name")
        id_ = self.first("id") or f"#{number}"
        try:
            spectrum, faults = _spectrum(self.peaks())
        except (ValueError, TypeError, OverflowError) as error:
            return BadRecord(file, self.line, id_, name, "peak list cannot be read", str(error))
        written = (*structures, *self._written_structures())
        inchikey = self.said("inchikey")
        nameless = () if name or written or inchikey else (NAMELESS,)
        # A collision energy is none: it belongs to another stage of the instrument.
        energy, notes = noted_energy(self.said("ionizationenergy"))
        retention, of_index = self._retention()
        return Record(
            file=file,
            line=self.line,
            id=id_,
            name=name,
            spectrum=spectrum,
            structures=written,
            structure_problem=structure_problem or "no structure in the record",
            formula=self.first("formula"),
            nominal_mass=self._nominal_mass(written),
            inchikey=inchikey,
            energy=energy,
            instrument=self.first("instrument"),
            ionization=self._ionization(),
            ion_mode=self._ion_mode(),
            ms_level=self._ms_level(),
            licence=self.said("licence"),
            source=self.first("source"),
            **retention,
            retention_time=self._retention_time(),
            remarks=(name, *self.values("comment")),
            notes=notes + of_index + faults + nameless + self.notes,
        )

    def _written_structures(self) -> list[str]:
        smiles, inchi = self.said("smiles"), self.said("inchi")
        if inchi.startswith("1"):
            inchi = f"InChI={inchi}"
        return [*self.values("molblock"), *filter(None, (smiles, inchi))]

    def _nominal_mass(self, structures: Sequence[str]) -> int | None:
        """Return the molecular mass given, the exact one before an MW, which may be an average.

        An MW that is whole and no further from the exact mass than a mass defect is the nominal
        mass itself, which rounding the exact one misses in long alkanes and polybromides.
        """
        nominal, exact, weight = (
            next(filter(None, map(mass_of, self.values(fact))), None)
            for fact in ("nominalmass", "exactmass", "mw")
        )
        if nominal is not None:
            return round(nominal)
        if exact is None:
            return None if weight is None else int(nominal_mz(weight))
        is_whole = weight is not None and weight.is_integer()
        if is_whole and abs(weight - exact) <= _MASS_DEFECT * exact:
            return int(weight)
        defect = mass_defect(self.first("formula"))
        return int(nominal_mz(exact, structure_defect(structures) if defect is None else defect))

    def _retention(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return retention index, deviation and column as far as they are given, and what to note.

        Of several columns' the index on 5 % phenyl. A deviation is NIST's, or that of a predicted
        index, whose interval is given.
        """
        column, notes = self.said("column"), ()
        deviation: float | None = None
        texts = list(self.values("retentionindex"))
        in_comments = [] if texts else [self.comment("retentionindex"), *self.values("comment")]
        of_nist = next(filter(None, map(nist_index, texts + in_comments)), None)
        texts += filter(None, in_comments[:1])
        if of_nist:
            index, deviation, column = of_nist
        else:
            read = [parse_index(text) for text in texts]
            ends = [self.first(f"retentionindex{end}") for end in ("low", "high")]
            predicted = all(re.fullmatch(NUMBER, end) for end in ends)
            if predicted and any(read[1:]):  # measured, by the list that was predicted
                predicted, read = False, read[1:]
                column = [*self.values("column"), "", ""][1]
            index, own_column = next((each for each in read if each), (math.nan, ""))
            column = column or own_column
            notes = (UNREADABLE_INDEX,) if texts and not any(read) else ()
            if predicted:
                deviation = (float(ends[1]) - float(ends[0])) / 2 / Z90
        said = next(filter(None, map(RetentionIndex.in_text, self.values("comment"))), None)
        if said and abs(said.value - index) < 1:  # else the index is a measured one
            deviation, column = said.deviation, said.column
        if not (given := LOWEST <= index <= HIGHEST) and index not in _NO_INDEX:
            notes = notes or ((IMPOSSIBLE_INDEX,) if texts else ())
        return {
            "retention_index": index if given else None,
            "retention_deviation": deviation if given and deviation else None,
            "column": column,
        }, notes

    def _retention_time(self) -> float | None:
        """Return the first retention time given, in minutes, a field's before a comment's."""
        own = [(name, text) for name in RETENTION_TIMES for text in self.fields.get(name, ())]
        pairs = [*own, *self._comment_pairs.items()]
        return next((minutes for pair in pairs if (minutes := minutes_of(*pair))), None)

    def _ionization(self) -> str:
        """Return ``EI`` unless the record says otherwise: NIST's libraries do not say."""
        given = f"{self.said('ionization')} {self.said('instrumenttype')}".strip().upper()
        if _ELECTRON.search(given):
            return "EI"
        if _OTHER_IONIZATION.search(given):
            return given
        ion = self.first("adduct")
        return ion if ion and not _MOLECULAR_ION.fullmatch(ion) else "EI"

    def _ion_mode(self) -> str:
        return "negative" if self.said("ionmode").lower().startswith(("n", "-")) else "positive"

    def _ms_level(self) -> int:
        found = re.fullmatch(r"(?:MS)?(\d)", self.said("mslevel").upper())
        return int(found[1]) if found else 1


def _spectrum(peaks: np.ndarray) -> tuple[Spectrum, tuple[str, ...]]:
    """Return the spectrum of listed peaks, and what is to be noted of it.

    A few peaks that no spectrum can have, negative ones by subtraction, say, cost themselves only.
    """
    try:
        return clean_spectrum(peaks[:, 0], peaks[:, 1]), ()
    except ValueError:
        intensity = peaks[:, 1]
        sound = np.isfinite(peaks).all(axis=1) & (intensity >= 0) & (intensity < _HIGHEST)
        if 2 * sound.sum() <= len(peaks):
            raise
        return clean_spectrum(peaks[sound, 0], intensity[sound]), (FAULTY_PEAKS,)


def mass_of(text: str) -> float | None:
    """Return the mass in Da that a field gives, ``None`` where it gives none.

    Example:
        >>> from nextims.formats.raw_record import mass_of
        >>> mass_of("46.07 g/mol"), mass_of("n/a")
        (46.07, None)
    """
    found = _MASS.fullmatch(text.replace(",", "."))
    mass = float(found[1]) if found else 0.0
    return mass if 0 < mass < _HEAVIEST else None
