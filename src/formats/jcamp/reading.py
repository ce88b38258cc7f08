"""JCAMP-DX of mass spectra, as NIST's WebBook and lib2nist, ChemStation and ACD write it.

McDonald and Wilks, Appl. Spectrosc. 1988, 42, 151; Lampen et al., Appl. Spectrosc. 1994, 48, 1545.

The reader is ours: of blocks one after the other, and of a run of 2420 scans, the package jcamp
1.3.2 keeps the last table only. It reads nothing below ``(XY..XY), PEAKS`` or ``(XYW..XYW)``, and
of ``15,9`` and a damaged ``16,l2`` it gives the first peak, as if it were all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ..fields import field_name
from ..peak_text import (
    COMMAS_ARE_EITHER,
    NUMBER,
    may_be_within,
    peaks_with_commas,
    thousands_in_doubt,
)
from ..raw_record import RawRecord

_LABEL = re.compile(r"\s*##([^=]*)=(.*)")
_NUMBER = re.compile(NUMBER)
_BETWEEN_NUMBERS = re.compile(r"[\s,;()]*")
_TEXT_OF_PEAK = re.compile(r"<[^<>]*>")
# "(XY..XY)"; W, M and A are a width, a multiplicity and an assignment.
_FORM = re.compile(r"\(\s*(XY[WM]?A?)\s*(?:\.\.\s*XY[WMA]*\s*)?\)", re.IGNORECASE)
_BEHIND_FORM = re.compile(r"[\s,]*(?:PEAKS|\d+)?\s*", re.IGNORECASE)
# Micromass wrote Daltons.
_UNITS_OF_MASS = ("M/Z", "DALTON", "MASS", "AMU", "THOMSON")
# Beside "mass spectrum": a chromatogram, or a spectrum of another kind.
_OTHER_UNITS = (
    "TIME", "HOUR", "MIN", "SEC", "RT", "SCAN", "POINT", "CHANNEL", "CM", "METER", "METRE", "WAVE",
    "HZ", "HERTZ", "PPM", "MOBILITY", "EV", "KELVIN",
)  # fmt: skip
_TABLES = {"peaktable", "peakassignments", "xypoints", "xydata", "datatable"}


@dataclass
class _Block:
    """From a TITLE to its END."""

    line: int
    outer: dict[str, str]
    labels: dict[str, str] = field(default_factory=dict)
    table: str = ""  # its label, once it has begun
    form: str = ""
    rows: list[tuple[int, str]] = field(default_factory=list)
    inner: int = 0  # blocks inside it
    tables: int = 0  # finished
    page: int = 0  # line where the scan that is being read begins, in a run of several

    @property
    def is_link(self) -> bool:
        return self.labels.get("datatype", "").upper() == "LINK"

    @property
    def is_structure(self) -> bool:
        return "jcampcs" in self.labels and "datatype" not in self.labels


def read_jcamp(lines: Iterable[str]) -> Iterator[RawRecord]:
    r"""Read the spectra of a JCAMP-DX file, one at a time in memory.

    A file may hold blocks one after the other, blocks linked to a compound, whose names they then
    have, or the pages of a run (NTUPLES). XFACTOR and YFACTOR are multiplied in. NPOINTS is not
    trusted, but for saying whether a block that has no END before the next one is whole.

    Args:
        lines: the file's lines.

    Yields:
        Spectra, well formed or not; those of other kinds too.

    Example:
        >>> from nextims.formats.jcamp.reading import read_jcamp
        >>> text = "##TITLE=water\n##DATA TYPE=MASS SPECTRUM\n##NPOINTS=2\n"
        >>> text += "##PEAK TABLE=(XY..XY)\n17,212 18,999\n##END="
        >>> [raw.peaks().tolist() for raw in read_jcamp(text.splitlines())]
        [[[17.0, 212.0], [18.0, 999.0]]]
    """
    blocks: list[_Block] = []
    label = ""
    for number, line in enumerate(lines, start=1):
        text = line.partition("$$")[0]  # a comment
        found = _LABEL.match(text)
        if found is None:
            if blocks and text.strip():
                _continue(blocks[-1], label, number, text)
            continue
        label, value = field_name(found[1]), found[2].strip()
        if label == "retentiontime" and "$" not in found[1]:
            label = "rtinseconds"  # as OpenChrom has it; a label of one's own begins with a $
        if label == "title" or not blocks:
            if blocks and not blocks[-1].is_link:
                yield from _finish(blocks.pop(), ended=False)
            if blocks:
                blocks[-1].inner += 1
            outer = blocks[-1].labels if blocks else {}
            blocks.append(_Block(number, outer))
        block = blocks[-1]
        if label == "end":
            yield from _finish(blocks.pop(), ended=True)
        elif label in _TABLES:
            yield from _finish_table(block, ended=True)
            _begin_table(block, label, number, value)
        elif label in ("page", "endntuples"):
            yield from _finish_table(block, ended=True)
            block.labels.pop("npoints", None)
            block.labels[label] = value
            block.page = number
        elif label in block.labels and (block.table or block.tables):  # of the next scan
            yield from _finish_table(block, ended=True)
            block.labels[label] = value
            block.page = block.page or number
        else:
            block.labels.setdefault(label, value)
    while blocks:
        # The last number of a file that is cut off may be: its count says nothing. Old runs of
        # scans have no end.
        if not blocks[-1].tables:
            blocks[-1].labels.pop("npoints", None)
        yield from _finish(blocks.pop(), ended=False)


def _begin_table(block: _Block, label: str, number: int, value: str) -> None:
    form = _FORM.match(value)
    block.table, block.rows = label, []
    block.form = form[1].upper() if form else ("" if value else "XY")
    # Peaks may begin on the same line; "(XY..XY), PEAKS" is what pages of a run say.
    rest = value[form.end() :] if form else value
    # QCxMS writes a "1" behind the form.
    if not (form and _BEHIND_FORM.fullmatch(rest)):
        block.rows.append((number, rest))


def _continue(block: _Block, label: str, number: int, text: str) -> None:
    if block.table:
        block.rows.append((number, text))
    elif label in block.labels:
        block.labels[label] += f"\n{text.strip()}"


def _finish(block: _Block, *, ended: bool) -> Iterator[RawRecord]:
    yield from _finish_table(block, ended=ended)
    if block.is_link:
        announced = block.labels.get("blocks", "")
        # Some count the link itself.
        whole = announced.isdecimal() and block.inner >= int(announced) - 1
        if not ended and not whole:
            yield _raw(block, damage="the link block ends without ##END=")
    elif not block.tables and not block.is_structure:
        yield _raw(block, damage=_other_kind(block) or "no ##PEAK TABLE=")


def _finish_table(block: _Block, *, ended: bool) -> Iterator[RawRecord]:
    if not block.table:
        return
    block.tables += 1
    raw = _raw(block)
    try:
        raw.pairs = _peaks(block)
    except ValueError as error:
        raw.damage = str(error)
    else:
        announced = block.labels.get("npoints", "").split(".")[0]
        if announced != str(len(raw.pairs)):
            if not ended:
                raw.damage = "ends without ##END="
            elif announced:
                raw.notes += ("NPOINTS disagrees with the number of peaks",)
    block.table, block.page = "", 0
    yield raw


def _raw(block: _Block, damage: str = "") -> RawRecord:
    labels = block.outer | {name: value for name, value in block.labels.items() if value}
    raw = RawRecord(block.page or block.line, damage=damage)
    name = next(filter(None, (labels.get(n) for n in ("title", "names", "casname"))), "")
    page = f" ({labels['page']})" if "page" in labels else ""
    if scan := labels.get("scannumber"):
        page = f" (scan {scan})"
        raw.add("id", scan)
    raw.add("name", " ".join(name.partition("\n")[0].split()) + page)
    raw.add("formula", re.sub(r"[\s_]", "", labels.get("molform", "")))
    for label, value in labels.items():
        raw.add(label, " ".join(value.split("\n")))
    if labels.get("ionizationmode", "").endswith("-"):
        raw.add("ionmode", "negative")
    return raw


def _other_kind(block: _Block) -> str:
    kind = block.labels.get("datatype") or block.labels.get("ntuples") or ""
    units = block.labels.get("xunits", "").upper()
    if kind and "MASS" not in kind.upper():
        return f"##DATA TYPE={kind}, expected MASS SPECTRUM"
    of_mass = any(unit in units for unit in _UNITS_OF_MASS)
    if units and not of_mass and (not kind or any(unit in units for unit in _OTHER_UNITS)):
        return f"##XUNITS={units}, expected M/Z"
    return ""


def _peaks(block: _Block) -> np.ndarray:
    if other := _other_kind(block):
        raise ValueError(other)
    if not block.form:
        form = block.rows[0][1] if block.rows else ""
        line = block.page or block.line
        raise ValueError(f"line {line}: the table is {form.strip()!r}, expected (XY..XY)")
    announced = block.labels.get("npoints", "").split(".")[0]
    texts = [text for _, text in block.rows if text.strip()]
    # Read as pairs, there would be two on each line.
    if announced == str(len(texts)) and (decimal := peaks_with_commas(texts)):
        return np.array(decimal).reshape(-1, 2) * _factors(block)
    numbers: list[str] = []
    for line, text in block.rows:
        plain = _TEXT_OF_PEAK.sub(" ", text)
        if not _BETWEEN_NUMBERS.fullmatch(_NUMBER.sub(" ", plain)):
            raise ValueError(f"line {line}: cannot read the peaks {text.strip()[:40]!r}")
        numbers += _NUMBER.findall(plain)
    columns = len(block.form.rstrip("A"))
    if len(numbers) % columns:
        raise ValueError(f"{len(numbers)} numbers, expected {columns} for each peak")
    pairs = list(zip(numbers[::columns], numbers[1::columns], strict=True))
    if doubt := thousands_in_doubt(pairs):
        raise ValueError(doubt)
    peaks = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    if announced != str(len(peaks)):
        if may_be_within(texts, peaks[:, 0]):
            raise ValueError(COMMAS_ARE_EITHER)
        if (np.diff(peaks[:, 0]) < 0).any():
            raise ValueError("m/z do not rise, and NPOINTS is not the number of pairs")
    return peaks * _factors(block)


def _factors(block: _Block) -> list[float]:
    of_pages = [text.strip() for text in block.labels.get("factor", "").split(",")]
    symbols = [text.strip().upper() for text in block.labels.get("symbol", "").split(",")]
    if "X" in symbols and "Y" in symbols and len(symbols) == len(of_pages):
        of_pages = [of_pages[symbols.index(symbol)] for symbol in "XY"]
    factors = []
    for label, of_page in zip(("xfactor", "yfactor"), [*of_pages, ""], strict=False):
        text = block.labels.get(label) or of_page or "1"
        try:
            factor = float(text) or 1.0  # 0 stands where there is none
        except ValueError:
            raise ValueError(f"##{label.upper()}={text} is no number") from None
        if not 0 < factor < math.inf:  # it would leave no peak, and nothing to tell of that
            raise ValueError(f"##{label.upper()}={text} is no factor")
        factors.append(factor)
    return factors
