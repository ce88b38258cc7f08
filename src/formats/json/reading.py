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

from ..fields import field_name, peak_of
from ..raw_record import RawRecord

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]|"')
# Where a spectrum stands, the first that is there.
_PEAKS = ("peaksjson", "peaks", "spectrum")
_MZ, _INTENSITY = ("mz", "mzs"), ("intensity", "intensities")


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
    yield first
    yield from numbered


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
        raw.damage = f"expected an object, found {str(values)[:40]!r}"
        return
    by_name = {field_name(name): value for name, value in values.items()}
    for compound in _mappings(by_name.get("compound")):
        _add_compound(raw, compound)
    for name, value in by_name.items():
        if name == "metadata":
            _add_metadata(raw, value)
        elif isinstance(value, str | int | float) and name not in _PEAKS:
            raw.add(name, value)
    try:
        raw.pairs = _peaks(by_name)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raw.damage = str(error)


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
        return [(float(x), float(y)) for x, y in zip(mz, intensity, strict=True)]
    name = next((name for name in _PEAKS if name in values), None)
    if name is None:
        raise ValueError("no peaks")
    peaks = values[name]
    if isinstance(peaks, str):
        if not peaks.lstrip().startswith("["):
            return [peak_of(pair) for pair in peaks.split()]
        peaks = json.loads(peaks)
    if not isinstance(peaks, list):
        raise ValueError(f"expected a list of peaks, found {str(peaks)[:40]!r}")
    return [_peak(peak) for peak in peaks]


def _peak(peak: Any) -> tuple[float, float]:
    if isinstance(peak, dict):
        named = {field_name(name): value for name, value in peak.items()}
        return float(named["mz"]), float(named["intensity"])
    if not isinstance(peak, list) or len(peak) < 2:
        raise ValueError(f"cannot read the peak {str(peak)[:40]!r}")
    return float(peak[0]), float(peak[1])
