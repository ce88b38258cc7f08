"""mzSpecLib 1.0, the text form of HUPO-PSI's spectral library.

The format: https://github.com/HUPO-PSI/mzSpecLib

The reader is ours: HUPO-PSI's mzspeclib 1.0.7 stops at a damaged peak, so that the spectra behind
it are lost, and takes a spectrum of 2 peaks that announces 3 for whole. It goes through the file
once before it gives the first spectrum, and for 5000 takes five times as long.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..fields import FEWER_PEAKS, says_nothing
from ..raw_record import RawRecord

_SECTION = re.compile(r"<\s*(\w+)(?:\s+(\w+))?\s*(?:=([^<>]*))?>")
_ATTRIBUTE = re.compile(r"(?:\[(\d+)\])?([\w.]+:\w+)\|([^=]*)=(.*)")
# Term → name of the fact, see ``SYNONYMS``.
_TERMS = {
    "MS:1000008": "ionization",
    "MS:1000031": "instrument",
    "MS:1000224": "mw",
    "MS:1000465": "ionmode",
    "MS:1000511": "mslevel",
    "MS:1000866": "formula",
    "MS:1000868": "smiles",
    "MS:1001117": "exactmass",
    "MS:1002894": "inchikey",
    "MS:1003059": "numpeaks",
    "MS:1003061": "title",
    "MS:1003237": "id",
    "MS:1003403": "inchi",
}
_SET, _ORIGIN, _PREDICTED = "MS:1003212", "MS:1003072", "MS:1003074"
_OTHER_NAME, _OTHER_VALUE = "MS:1003275", "MS:1003276"
# In minutes or seconds (PSI-MS), which another attribute of its group says.
_RETENTION_TIME, _UNIT = "MS:1000894", "UO:0000000"
_ALL = "all"
_INNER = {"Analyte", "Interpretation", "InterpretationMember", "Peaks"}


class Attributes:
    """Attributes of one section, or of a set that sections refer to."""

    def __init__(self):
        self.plain: list[tuple[str, str]] = []
        self.others: dict[str, dict[str, str]] = defaultdict(dict)

    def add(self, group: str | None, term: str, value: str) -> None:
        """Add an attribute; those of a group belong together."""
        if term in (_OTHER_NAME, _OTHER_VALUE, _RETENTION_TIME, _UNIT):
            self.others[group or ""][term] = value
        else:
            self.plain.append((term, value))

    def copy_to(self, raw: RawRecord) -> None:
        """Add what they say to a record."""
        for term, value in self.plain:
            # Of "MS:1000389|electron ionization", what it means.
            named = re.fullmatch(r"[A-Z]+:\d+\|(.*)", value)
            if term == _ORIGIN and value.startswith(_PREDICTED):
                raw.add("remark", "(predicted)")
            elif term in _TERMS:
                raw.add(_TERMS[term], named[1] if named else value)
        for pair in self.others.values():
            raw.add(pair.get(_OTHER_NAME, ""), pair.get(_OTHER_VALUE, ""))
            if time := pair.get(_RETENTION_TIME):
                unit = pair.get(_UNIT, "").rpartition("|")[2]
                raw.add("retentiontime", f"{time} {unit}")


@dataclass
class LibrarySpectrum(RawRecord):
    """What has been read of a spectrum."""

    sections: list[tuple[str, Attributes]] = field(default_factory=list)
    has_peaks: bool = False  # their section has begun

    def finished(
        self, sets: dict[tuple[str, str], Attributes], *, may_be_cut: bool = False
    ) -> RawRecord:
        """Return the record with what its sections say, and the sets that they refer to.

        Args:
            sets: by the kind of section and their name.
            may_be_cut: whether the file may be cut off behind the last peak.
        """
        for kind, attributes in self.sections:
            attributes.copy_to(self)
            named = [value for term, value in attributes.plain if term == _SET]
            for name in (*named, _ALL):
                if (kind, name) in sets:
                    sets[kind, name].copy_to(self)
        announced, found = self.first("numpeaks"), str(len(self.pairs))
        if not self.has_peaks:
            self.spoil("no <Peaks>")
        elif announced.isdecimal() and int(announced) > len(self.pairs) > 0 and not may_be_cut:
            self.notes += (FEWER_PEAKS,)
        elif announced and announced != found:
            self.spoil(f"number of peaks says {announced}, found {found} peaks")
        return self


def read_mzspeclib(lines: Iterable[str]) -> Iterator[RawRecord]:
    r"""Read the spectra of an mzSpecLib text file, one at a time in memory.

    Args:
        lines: the file's lines.

    Yields:
        Spectra, well formed or not. Annotations of peaks are left out.

    Example:
        >>> from nextims.formats.mzspeclib.reading import read_mzspeclib
        >>> text = "<mzSpecLib>\n<Spectrum=1>\nMS:1003061|library spectrum name=water\n"
        >>> text += "<Analyte=1>\nMS:1000868|SMILES string=O\n<Peaks>\n17\t212\n18\t999\n"
        >>> [raw.peaks().tolist() for raw in read_mzspeclib(text.splitlines())]
        [[[17.0, 212.0], [18.0, 999.0]]]
    """
    sets: dict[tuple[str, str], Attributes] = {}
    spectrum: LibrarySpectrum | None = None
    attributes, text = Attributes(), ""
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if says_nothing(text):
            continue
        if marker := _SECTION.fullmatch(text):
            section, kind, key = marker[1], marker[2] or "", (marker[3] or "").strip()
            attributes = Attributes()
            if section not in _INNER and spectrum is not None:
                yield spectrum.finished(sets)
                spectrum = None
            if section == "Spectrum":
                spectrum = LibrarySpectrum(number)
                spectrum.add("id", key)
            if section == "AttributeSet":
                sets[kind, key] = attributes
            elif section == "Peaks" and spectrum is not None:
                spectrum.has_peaks = True
            elif spectrum is not None:
                spectrum.sections.append((section, attributes))
        elif spectrum is not None and spectrum.has_peaks:
            spectrum.add_peak(text, number)
        elif attribute := _ATTRIBUTE.fullmatch(text):
            attributes.add(attribute[1], attribute[2], attribute[4].strip())
        elif spectrum is not None:
            spectrum.spoil(f"line {number}: cannot read {text[:40]!r}")
    if spectrum is not None:
        yield spectrum.finished(sets, may_be_cut=bool(text))
