"""JSON of spectra: lines of our own and of others, MoNA's, GNPS' and matchms' exports.

The reader is ours: matchms 0.33.1 stops at JSON lines, at peaks in whole numbers and at a damaged
peak, and says nothing of records that it leaves out: MoNA's, and those with ``peaks`` in place of
``peaks_json``, such as our own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from ..fields import KEPT_RETENTION, field_name, says_nothing
from ..mzspeclib.json_form import is_library, spectra_of_library
from ..peak_text import (
    leading_numbers,
    misread_columns,
    paired,
    pairs_of_lists,
    pairs_on_lines,
    peak_of,
)
from ..raw_record import RawRecord

# Objects in MassBank's JSON, and other names for what they hold.
_GROUPS: dict[str, dict[str, str]] = {
    "compound": {"names": "name"},
    "acquisition": {},
    "massspectrometry": {},
    "acmassspectrometry": {},
}
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]|"')
# Where a spectrum stands, the first that is there.
_PEAKS = ("peaksjson", "peaks", "spectrum", "pkpeak", "peak")
_MZ = ("mz", "mzs")
_INTENSITY = ("intensity", "intensities", "int", "rel", "relint")


def read_json(lines: Iterable[str]) -> Iterator[RawRecord]:
    r"""Read the spectra of a JSON file, one at a time in memory.

    Either each line is one object, or objects stand in an array, laid out in any way. Peaks are
    pairs, or text of pairs ("15:60 31:999", "[[15, 60], [31, 999]]"), or two lists.

    Args:
        lines: the file's lines.

    Yields:
        Spectra, well formed or not.

    Example:
        >>> from nextims.formats.json.reading import read_json
        >>> text = '[{"compound_name": "water",\n  "peaks_json": [[17, 212], [18, 999]]}]'
        >>> [raw.peaks().tolist() for raw in read_json(text.splitlines())]
        [[[17.0, 212.0], [18.0, 999.0]]]
    """
    for number, text in _objects(lines):
        raw = RawRecord(number)
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raw.damage = f"not JSON: {error}"
        else:
            if is_library(values):
                yield from spectra_of_library(values, number)
                continue
            _fill(raw, values)
        yield raw


def _objects(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the text of each object and the line where it begins."""
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    first = next(numbered, None)
    if first is None:
        return
    # A line that ends with a bracket goes on; any other is one object, whole or damaged.
    text = first[1].strip()
    if text.startswith("[") or text.endswith(("{", "[", ",", ":")):
        yield from _objects_of_array(first, numbered)
        return
    yield from (each for each in chain([first], numbered) if not says_nothing(each[1]))


def _objects_of_array(
    first: tuple[int, str], lines: Iterator[tuple[int, str]]
) -> Iterator[tuple[int, str]]:
    depth, start, parts = 0, 0, []
    for number, line in chain([first], lines):
        begin = 0
        for token in _TOKEN.finditer(line):
            if token[0] == "{":
                if depth == 0:
                    start, begin, parts = number, token.start(), []
                depth += 1
            elif token[0] == "}" and depth:
                depth -= 1
                if depth == 0:
                    yield start, "\n".join([*parts, line[begin : token.end()]])
                    parts = []
        if depth:
            parts.append(line[begin:])
    if depth:
        yield start, "\n".join(parts)


def _fill(raw: RawRecord, values: Any) -> None:
    if not isinstance(values, dict):
        raw.damage = f"expected an object, found {_shown(values)}"
        return
    by_name = {field_name(name): value for name, value in values.items()}
    for compound in _mappings(by_name.get("compound")):
        _add_compound(raw, compound)
    for name, value in by_name.items():
        if name == "metadata":
            _add_metadata(raw, value)
        elif name not in (*_PEAKS, *_MZ, *_INTENSITY):
            _add_values(raw, name, value)
    try:
        raw.pairs = _peaks(by_name)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raw.damage = str(error)


def _add_values(raw: RawRecord, name: str, value: Any) -> None:
    """Add a value, or those of a list, or what MassBank groups in an object."""
    if isinstance(value, str | int | float):
        raw.add(name, value)
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, str | int | float):
                raw.add(name, each)
    elif isinstance(value, dict) and name in _GROUPS:
        for inner, each in value.items():
            _add_values(raw, _GROUPS[name].get(field_name(inner), field_name(inner)), each)
    elif isinstance(value, dict) and name == "columns":  # of a list, kept beside the facts
        for inner, each in value.items():
            if (known := field_name(inner)) in KEPT_RETENTION:
                raw.add(f"input{known}" if known in ("retentionindex", "column") else known, each)


def _add_compound(raw: RawRecord, compound: Mapping[str, Any]) -> None:
    """Add what MoNA says of a compound."""
    for each in _mappings(compound.get("names"))[:1]:
        raw.add("name", each.get("name"))
    for name in ("inchi", "inchiKey"):
        raw.add(name, compound.get(name))
    _add_metadata(raw, compound.get("metaData"))
    if "M  END" in str(compound.get("molFile")):
        raw.add("molfile", compound["molFile"])


def _add_metadata(raw: RawRecord, metadata: Any) -> None:
    if isinstance(metadata, dict):
        metadata = [{"name": name, "value": value} for name, value in metadata.items()]
    for each in _mappings(metadata):
        if isinstance(each.get("value"), str | int | float):
            raw.add(str(each.get("name")), each["value"])


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _peaks(values: Mapping[str, Any]) -> list[tuple[float, float]]:
    mz = next((values[name] for name in _MZ if name in values), None)
    intensity = next((values[name] for name in _INTENSITY if name in values), None)
    if isinstance(mz, list) and isinstance(intensity, list):
        return paired(mz, intensity)
    name = next((name for name in _PEAKS if name in values), None)
    if name is None:
        found = ", ".join(values)[:100] or "nothing"
        raise ValueError(f"no peaks; found {found}; expected peaks, or lists of mz and intensity")
    peaks = values[name]
    while isinstance(peaks, dict):  # MassBank's "peak": {"peak": {"values": …}}
        inner = peaks.get("peak", peaks.get("values"))
        if inner is None:
            found = ", ".join(map(str, peaks))[:40] or "nothing"
            raise ValueError(f"expected a list of peaks, found an object with {found}")
        peaks = inner
    if isinstance(peaks, str):
        if not peaks.lstrip().startswith("["):
            return _peaks_of_text(peaks)
        peaks = json.loads(peaks)
    if not isinstance(peaks, list):
        raise ValueError(f"expected a list of peaks, found {_shown(peaks)}")
    # MassBank's may begin with what the columns are.
    heading = bool(peaks) and isinstance(peaks[0], str) and peaks[0].lower().startswith("m/z")
    if two_lists := pairs_of_lists(peaks):
        return two_lists
    texts = [each for each in map(_as_line, peaks[heading:]) if each]
    if reason := misread_columns(texts):
        raise ValueError(reason)
    return [_peak(peak) for peak in peaks[heading:]]


def _as_line(peak: Any) -> str:
    """Return a peak that is text, has text, or more than two values, as a line of text."""
    if isinstance(peak, list) and (len(peak) > 2 or any(isinstance(each, str) for each in peak)):
        return " ".join(map(str, peak))
    return peak if isinstance(peak, str) else ""


def _peaks_of_text(text: str) -> list[tuple[float, float]]:
    """Return the peaks of a text: ``15:60 31:999``, or a line or a semicolon for each."""
    lines = [line for line in re.split(r"[;\r\n]", text) if line.strip()]
    if len(lines) == 1 and ":" in text:
        parts = lines[0].split(",")  # "31:999,45:514"
        lines = parts if all(part.count(":") == 1 for part in parts) else text.split()
        if any(pair.count(":") != 1 for pair in lines):
            raise ValueError(f"cannot read the peaks {text.strip()[:40]!r}")
    lines = lines[bool(lines) and lines[0].strip().lower().startswith("m/z") :]
    lines = pairs_on_lines(lines)
    if len(lines) == 1 and len(leading_numbers(lines[0])) > 2:
        raise ValueError(
            f"several numbers on a line, which may be pairs or not: {text.strip()[:40]!r}"
        )
    if reason := misread_columns(lines):
        raise ValueError(reason)
    return [peak_of(line) for line in lines]


def _peak(peak: Any) -> tuple[float, float]:
    if isinstance(peak, str):
        return peak_of(peak)
    if isinstance(peak, dict):
        named = {field_name(name): value for name, value in peak.items()}
        height = next((named[name] for name in _INTENSITY if name in named), None)
        if "mz" not in named or height is None:
            raise ValueError(f"expected mz and intensity in a peak, found {_shown(peak)}")
        peak = [named["mz"], height]
    if not isinstance(peak, list) or len(peak) < 2:
        raise ValueError(f"cannot read the peak {_shown(peak)}, expected [m/z, intensity]")
    return paired(peak[:1], peak[1:2])[0]


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:40]
