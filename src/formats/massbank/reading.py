"""MassBank records, in MassBank's own text format.

The format: https://github.com/MassBank/MassBank-web/blob/main/Documentation/MassBankRecordFormat.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from ...spectra.record import BadRecord, Record, clean_spectrum
from ..fields import is_given, noted_energy

# The source's voltage as some contributors give it: in a comment or in the title.
_VOLTAGE = re.compile(r"\bEI voltage was (\d+(?:\.\d+)?) ?V\b|; EI; (\d+(?:\.\d+)?) ?V\b")


def parse_massbank(content: bytes, file: str) -> Iterator[Record | BadRecord]:
    """Parse the content of a record file, usually one record.

    Args:
        content: the file's bytes, UTF-8 or else Latin-1, with either kind of line ends.
        file: its name, for messages.

    Yields:
        Records; bad ones with the reason.
    """
    notes: tuple[str, ...] = ()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
        notes = ("not UTF-8, read as Latin-1",)
    if not text.strip():
        yield BadRecord(file, 1, "", "", "empty file")
        return
    # Not splitlines, which also splits at characters that stand inside names.
    lines = re.split(r"\r\n?|\n", text)
    start = 0
    for end, line in enumerate(lines):
        if line.rstrip() == "//":
            yield _parse_record(lines[start:end], file, start + 1, notes)
            start = end + 1
    if any(line.strip() for line in lines[start:]):
        fields = _fields(lines[start:])
        reason = "truncated record" if "ACCESSION" in fields else "not a MassBank record"
        yield BadRecord(file, start + 1, *_identity(fields), reason, "ends without //")


def _parse_record(
    lines: list[str], file: str, line: int, notes: tuple[str, ...]
) -> Record | BadRecord:
    fields = _fields(lines)
    id_, name = _identity(fields)
    if not id_:
        return BadRecord(file, line, id_, name, "not a MassBank record", "no ACCESSION")
    try:
        peaks = _peaks(fields)
        spectrum = clean_spectrum(peaks[:, 0], peaks[:, 1])
    except ValueError as error:
        return BadRecord(file, line, id_, name, "peak list cannot be read", str(error))
    title, comments = fields.get("RECORD_TITLE", []), fields.get("COMMENT", [])
    derivatives = [v for v in fields.get("MS$FOCUSED_ION", []) if v.startswith("DERIVATIVE_")]
    energy, energy_notes = _energy(fields)
    return Record(
        file=file,
        line=line,
        id=id_,
        name=name,
        spectrum=spectrum,
        structures=tuple(
            value
            for key in ("CH$SMILES", "CH$IUPAC")
            for value in fields.get(key, [])
            if is_given(value)
        ),
        structure_problem="neither SMILES nor InChI in the record",
        formula=_first(fields, "CH$FORMULA"),
        inchikey=_subfield(fields, "CH$LINK", "INCHIKEY"),
        energy=energy,
        instrument=_first(fields, "AC$INSTRUMENT"),
        ionization=_ionization(fields),
        ion_mode=_subfield(fields, "AC$MASS_SPECTROMETRY", "ION_MODE").lower(),
        ms_level=_ms_level(_subfield(fields, "AC$MASS_SPECTROMETRY", "MS_TYPE")),
        licence=_first(fields, "LICENSE"),
        remarks=(*title, *comments, *derivatives),
        notes=notes + energy_notes,
    )


def _fields(lines: list[str]) -> dict[str, list[str]]:
    """Return the values of each tag; lines that begin with a space continue the tag above."""
    fields: dict[str, list[str]] = {}
    values: list[str] = []
    for line in lines:
        if line.startswith(" "):
            values.append(line)
            continue
        tag, colon, value = line.partition(":")
        if colon:
            values = fields.setdefault(tag.strip(), [])
            values.append(value.strip())
    return fields


def _identity(fields: dict[str, list[str]]) -> tuple[str, str]:
    title = _first(fields, "RECORD_TITLE").partition(";")[0]
    return _first(fields, "ACCESSION"), _first(fields, "CH$NAME") or title


def _first(fields: dict[str, list[str]], tag: str) -> str:
    return fields.get(tag, [""])[0]


def _subfield(fields: dict[str, list[str]], tag: str, name: str) -> str:
    for value in fields.get(tag, []):
        if value.startswith(name + " "):
            return value[len(name) :].strip()
    return ""


def _peaks(fields: dict[str, list[str]]) -> np.ndarray:
    """Return m/z, intensity and relative intensity of each peak, shape ``(peaks, 3)``."""
    rows = fields.get("PK$PEAK", [])[1:]
    announced = _first(fields, "PK$NUM_PEAK")
    if announced != str(len(rows)):
        raise ValueError(f"PK$NUM_PEAK says {announced or 'nothing'}, found {len(rows)} peaks")
    values = [row.split() for row in rows]
    if any(len(row) != 3 for row in values):
        raise ValueError("a peak is not three numbers")
    return np.array(values, dtype=np.float64).reshape(-1, 3)


def _ionization(fields: dict[str, list[str]]) -> str:
    kind = _first(fields, "AC$INSTRUMENT_TYPE")
    named = {kind.upper(), *re.split(r"[^A-Z]+", kind.upper())}
    if "EI" in named or _subfield(fields, "AC$MASS_SPECTROMETRY", "IONIZATION").upper() == "EI":
        return "EI"
    return kind or "unknown"


def _ms_level(text: str) -> int:
    number = re.fullmatch(r"MS(\d*)", text.upper())
    return int(number[1] or 1) if number else 1


def _energy(fields: dict[str, list[str]]) -> tuple[float | None, tuple[str, ...]]:
    """Return the ionization energy in eV and what is to be noted about it."""
    given = _subfield(fields, "AC$MASS_SPECTROMETRY", "IONIZATION_ENERGY")
    if given:
        return noted_energy(given)
    for text in fields.get("RECORD_TITLE", []) + fields.get("COMMENT", []):
        if voltage := _VOLTAGE.search(text):
            return float(voltage[1] or voltage[2]), ()
    return None, ()
