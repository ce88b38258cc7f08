"""MassBank records, in MassBank's own text format.

The format: https://github.com/MassBank/MassBank-web/blob/main/Documentation/MassBankRecordFormat.md
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from ...files.text import decoded_lines
from ...spectra.record import BadRecord, Record
from ..fields import FEWER_PEAKS, NO_BASE_PEAK, says_nothing
from ..raw_record import RawRecord

# The source's voltage as some contributors give it: in a comment or in the title.
_VOLTAGE = re.compile(r"\bEI voltage was (\d+(?:\.\d+)?) ?V\b|; EI; (\d+(?:\.\d+)?) ?V\b")
# Relative intensities are of 999, by some contributors of 1000 and rounded.
_BASE_PEAK = 990
# Tag → name of the fact, see ``SYNONYMS``; of tags that hold several, with the subtag.
_FACTS = {
    "ACCESSION": "id",
    "CH$NAME": "name",
    "CH$FORMULA": "formula",
    "CH$SMILES": "smiles",
    "CH$IUPAC": "inchi",
    "CH$LINK INCHIKEY": "inchikey",
    "LICENSE": "licence",
    "RECORD_TITLE": "comment",
    "COMMENT": "comment",
    "AC$CHROMATOGRAPHY COLUMN_NAME": "column",
    "AC$CHROMATOGRAPHY KOVATS_RTI": "retentionindex",
    "AC$CHROMATOGRAPHY RETENTION_INDEX": "retentionindex",
    "AC$CHROMATOGRAPHY RETENTION_TIME": "retentiontime",
    "AC$INSTRUMENT": "instrument",
    "AC$INSTRUMENT_TYPE": "instrumenttype",
    "AC$MASS_SPECTROMETRY MS_TYPE": "mslevel",
    "AC$MASS_SPECTROMETRY ION_MODE": "ionmode",
    "AC$MASS_SPECTROMETRY IONIZATION": "ionization",
    "AC$MASS_SPECTROMETRY IONIZATION_ENERGY": "ionizationenergy",
}


class _MassBankRecord(RawRecord):
    """A record between two lines of ``//``."""

    def _ionization(self) -> str:
        """Return ``EI`` only where the record says so: most of MassBank is of another kind."""
        kind = self.first("instrumenttype")
        named = {kind.upper(), *re.split(r"[^A-Z]+", kind.upper())}
        if "EI" in named or self.first("ionization").upper() == "EI":
            return "EI"
        return kind or "unknown"


def parse_massbank(content: bytes, file: str) -> Iterator[Record | BadRecord]:
    """Parse the content of a record file, usually one record.

    Args:
        content: the file's bytes, see ``decoded_lines``.
        file: its name, for messages.

    Yields:
        Records; bad ones with the reason.
    """
    notes: set[str] = set()
    try:
        lines = list(decoded_lines(io.BytesIO(content), notes=notes))
    except ValueError as error:
        yield BadRecord(file, 1, "", "", "not a MassBank record", str(error))
        return
    if not any(map(str.strip, lines)):
        yield BadRecord(file, 1, "", "", "empty file")
        return
    start = 0
    for end, line in enumerate(lines):
        if line.rstrip() != "//":
            continue
        raw = _read(lines[start:end], start + 1)
        raw.notes += tuple(sorted(notes))
        if raw.first("id"):
            yield raw.record(file, 1, structure_problem="neither SMILES nor InChI in the record")
        else:
            name = raw.first("name")
            yield BadRecord(file, start + 1, "", name, "not a MassBank record", "no ACCESSION")
        start = end + 1
    if not all(map(says_nothing, lines[start:])):
        raw = _read(lines[start:], start + 1)
        id_, name = raw.first("id"), raw.first("name")
        reason = "truncated record" if id_ else "not a MassBank record"
        yield BadRecord(file, start + 1, id_, name, reason, "ends without //")


def _read(lines: list[str], start: int) -> RawRecord:
    """Return what the lines of one record say; those that begin with white space continue a tag."""
    raw = _MassBankRecord(start)
    rows: list[str] = []
    title, announced, last = "", "", ""
    for line in lines:
        tag, _, value = (part.strip() for part in line.partition(":"))
        subtag, _, rest = value.partition(" ")
        if line[:1].isspace():
            if last == "PK$PEAK":
                rows.append(line)
            continue
        last = tag
        if tag in _FACTS:
            raw.add(_FACTS[tag], value)
        elif f"{tag} {subtag}" in _FACTS:
            raw.add(_FACTS[f"{tag} {subtag}"], rest)
        elif tag == "MS$FOCUSED_ION" and value.startswith("DERIVATIVE_"):
            raw.add("comment", value)
        elif tag == "PK$NUM_PEAK":
            announced = value
        if tag == "RECORD_TITLE":
            title = value.partition(";")[0]
    if not raw.first("name"):
        raw.fields["name"] = [title]
    voltage = next(filter(None, map(_VOLTAGE.search, raw.values("comment"))), None)
    if voltage and not raw.first("ionizationenergy"):
        raw.add("ionizationenergy", voltage[1] or voltage[2])
    if announced.isdecimal() and int(announced) > len(rows) > 0:
        raw.notes += (FEWER_PEAKS,)
    elif announced != str(len(rows)):
        raw.spoil(f"PK$NUM_PEAK says {announced or 'nothing'}, found {len(rows)} peaks")
    try:
        raw.pairs = [(float(mz), float(height)) for mz, height, _ in map(str.split, rows)]
        if rows and max(float(row.split()[2]) for row in rows) < _BASE_PEAK:
            raw.notes += (NO_BASE_PEAK,)
    except ValueError:
        raw.spoil("a peak is not three numbers")
    return raw
