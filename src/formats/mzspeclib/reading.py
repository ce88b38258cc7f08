"""mzSpecLib 1.0, the text form of HUPO-PSI's spectral library.

A reader of our own, as HUPO-PSI's indexes the whole file before it gives the first spectrum, and
stops at the first damaged one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..fields import peak_of
from ..raw_record import RawRecord, add_field

_SECTION = re.compile(r"<\s*(\w+)\s*(?:(\w+)\s*)?(?:=\s*(.*?)\s*)?>")
_ATTRIBUTE = re.compile(r"(?:\[(\d+)\])?([\w.]+:\w+)\|([^=]*)=(.*)")
# Terms → names of MSP.
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
    "MS:1003403": "inchi",
}
_SET, _ORIGIN, _PREDICTED = "MS:1003212", "MS:1003072", "MS:1003074"
_OTHER_NAME, _OTHER_VALUE = "MS:1003275", "MS:1003276"
_ALL = "all"
_INNER = {"Analyte", "Interpretation", "InterpretationMember", "Peaks"}


class _Attributes:
    """Attributes of one section, or of a set that sections refer to."""

    def __init__(self):
        self.plain: list[tuple[str, str]] = []
        self.others: dict[str, dict[str, str]] = defaultdict(dict)

    def add(self, group: str | None, term: str, value: str) -> None:
        if term in (_OTHER_NAME, _OTHER_VALUE):
            self.others[group or ""][term] = value
        else:
            self.plain.append((term, value))

    def copy_to(self, raw: RawRecord) -> None:
        for term, value in self.plain:
            # Of "MS:1000389|electron ionization", what it means.
            named = re.fullmatch(r"[A-Z]+:\d+\|(.*)", value)
            if term == _ORIGIN and value.startswith(_PREDICTED):
                raw.add("comment", "(predicted)")
            elif term in _TERMS:
                add_field(raw, _TERMS[term], named[1] if named else value)
        for pair in self.others.values():
            add_field(raw, pair.get(_OTHER_NAME, ""), pair.get(_OTHER_VALUE, ""))


@dataclass
class _Spectrum:
    """What has been read of a spectrum."""

    raw: RawRecord
    sections: list[tuple[str, _Attributes]] = field(default_factory=list)
    peaks: list[tuple[float, float]] | None = None

    def spoil(self, number: int, reason: str) -> None:
        self.raw.damage = self.raw.damage or f"line {number}: {reason}"

    def finished(self, sets: dict[tuple[str, str], _Attributes]) -> RawRecord:
        raw = self.raw
        for kind, attributes in self.sections:
            attributes.copy_to(raw)
            named = [value for term, value in attributes.plain if term == _SET]
            for name in (*named, _ALL):
                if (kind, name) in sets:
                    sets[kind, name].copy_to(raw)
        if not raw.first("name"):
            raw.fields["name"] = [raw.first("title")]
        announced = raw.first("numpeaks")
        if self.peaks is None:
            raw.damage = raw.damage or "no <Peaks>"
        elif announced and announced != str(len(self.peaks)):
            found = f"{len(self.peaks)} peaks"
            raw.damage = raw.damage or f"number of peaks says {announced}, found {found}"
        raw.pairs = self.peaks or []
        return raw


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
    sets: dict[tuple[str, str], _Attributes] = {}
    spectrum: _Spectrum | None = None
    attributes = _Attributes()
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if marker := _SECTION.fullmatch(text):
            section, kind, key = marker[1], marker[2] or "", marker[3] or ""
            attributes = _Attributes()
            if section not in _INNER and spectrum is not None:
                yield spectrum.finished(sets)
                spectrum = None
            if section == "Spectrum":
                spectrum = _Spectrum(RawRecord(number))
                spectrum.raw.add("id", key)
            if section == "AttributeSet":
                sets[kind, key] = attributes
            elif section == "Peaks" and spectrum is not None:
                spectrum.peaks = []
            elif spectrum is not None:
                spectrum.sections.append((section, attributes))
        elif spectrum is not None and spectrum.peaks is not None:
            try:
                spectrum.peaks.append(peak_of(text))
            except ValueError as error:
                spectrum.spoil(number, str(error))
        elif attribute := _ATTRIBUTE.fullmatch(text):
            attributes.add(attribute[1], attribute[2], attribute[4].strip())
        elif spectrum is not None:
            spectrum.spoil(number, f"cannot read {text[:40]!r}")
    if spectrum is not None:
        yield spectrum.finished(sets)
