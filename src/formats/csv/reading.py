"""Tables with one row a peak, or a spectrum in one cell; and the columns of an instrument."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise

import numpy as np

from ..fields import says_nothing
from ..peak_text import misread_columns, several_on_lines
from ..raw_record import RawRecord
from .layout import (
    OF_SCANS,
    DoubtfulNumbersError,
    Layout,
    is_number,
    layout_of_cells,
    layout_of_header,
    layout_of_numbers,
    peaks_of_cell,
    split,
    unknown_columns,
)

# So many lines a cell in quotes may reach over: a quote that nothing closes must not swallow all.
_LINES_OF_CELL = 50
# Shimadzu's exports are parted by "[Header]", "[MC Peak Table]" and the like.
_SECTION = re.compile(r"\[([A-Za-z][^\[\]{}\"':]*)\]\s*")
_SPECTRUM_SECTION = re.compile(r"ms spectr(?:um|a)", re.IGNORECASE)
_SCAN = re.compile(r"Raw Spectrum\b.*?\(\s*scan\s*:\s*(\d+)", re.IGNORECASE)
# Of tandem mass spectrometry, at three energies.
_CFM_ID = re.compile(r"#.*CFM-ID|energy[0-2]\s*$", re.IGNORECASE)
# From so many rows at about one distance (times are rounded) below half a unit on they are a curve:
# a chromatogram or a profile.
_ROWS_OF_CURVE = 20
# Lists that follow each other are told from one in no order by so many peaks that rise.
_FEWEST_OF_LIST, _MEAN_OF_LISTS = 2, 2.5

# "31 1'234": a row that no title is.
_LIKE_A_PEAK = re.compile(r"\s*\d[\d.,]*[\s;,:]+[\d.,]")
# What begins with a word, and may hold numbers: "Scan 13 (5.2 min)".
_TITLE = re.compile(
    r"\W*(?:apex|average|compound|file|name|retention time|rt|sample|scans?|spectrum|title)\b",
    re.IGNORECASE,
)
_Row = tuple[int, str]


def read_peak_rows(lines: Iterable[str], name: str) -> Iterator[RawRecord]:
    r"""Read the spectra of a table, one at a time in memory.

    A header that names columns for m/z, intensity and facts of the molecule makes a table of many
    spectra: rows that follow each other and have the same facts are one. A table may also hold a
    whole spectrum in a cell of each row (``41:123 43:999``), or be of sections, as Shimadzu's
    exports are. Any other is one spectrum, or several where its header comes again; what stands
    above is left out. A header that names neither m/z nor intensity is refused, and numbers below
    it are never taken by their position.

    Cells are parted by comma, semicolon, tab or spaces; numbers may have a decimal comma where
    commas part no cells.

    Args:
        lines: the file's lines.
        name: of a spectrum that has none.

    Yields:
        Spectra, well formed or not.

    Example:
        >>> from nextims.formats.csv.reading import read_peak_rows
        >>> rows = ["m/z;%", "17;21,2", "18;100"]
        >>> [raw.peaks().tolist() for raw in read_peak_rows(rows, "water")]
        [[[17.0, 21.2], [18.0, 100.0]]]
    """
    rows = _whole_rows(lines)
    first = next(rows, None)
    if first is None:
        return
    rows = chain([first], rows)
    if _SECTION.fullmatch(first[1]):
        yield from _of_sections(rows, name)
    else:
        yield from _of_table(rows, name)


def _of_table(rows: Iterator[_Row], name: str) -> Iterator[RawRecord]:
    first = above = next(rows)
    layout = layout_of_numbers(above[1])
    if layout:
        rows = chain([above], rows)
    while layout is None:
        row = next(rows, None)
        if row is None:
            if not layout_of_header(above[1]):
                damage = f"no two columns of numbers below {first[1][:40]!r}"
                yield RawRecord(first[0], damage=damage)
            return
        if _CFM_ID.match(above[1]):
            yield RawRecord(first[0], damage="output of CFM-ID: product ions, no EI spectrum")
            return
        layout = layout_of_cells(above[1], row[1]) or layout_of_header(above[1], row[1])
        if layout is None and (layout := layout_of_numbers(row[1])):
            unknown = unknown_columns(above[1], layout, row[1])
            if _LIKE_A_PEAK.match(above[1]):
                unknown = f"line {above[0]}: cannot read the peak {above[1].strip()[:40]!r}"
            if unknown:
                yield RawRecord(above[0], damage=unknown)
                return
            above = row
        if layout:
            rows = chain([row], rows)
        else:
            above = row
    if layout.unclear:
        yield RawRecord(above[0], damage=layout.unclear)
    elif layout.cell is not None:
        yield from _one_a_row(rows, layout)
    elif layout.facts is not None:
        yield from _many_spectra(rows, layout, name)
    else:
        for number, raw in enumerate(_plain_spectra(rows, layout, above[0]), start=1):
            raw.fields.setdefault("name", [name if number == 1 else f"{name} {number}"])
            yield raw


def _of_sections(rows: Iterator[_Row], name: str) -> Iterator[RawRecord]:
    """Yield the spectra of an export in sections, each named by its scan where it has several."""
    sections: list[tuple[str, list[_Row]]] = []
    found = []
    for row in chain(rows, [(0, "[end]")]):
        if not (section := _SECTION.fullmatch(row[1])):
            if sections:
                sections[-1][1].append(row)
            continue
        if sections and _SPECTRUM_SECTION.match(sections[-1][0]):
            yield from _of_section(sections[-1][1], name)
        found += [title for title, _ in sections]
        sections = [(section[1], [])]
    if not any(map(_SPECTRUM_SECTION.match, found)):
        yield RawRecord(1, damage=f"no section [MS Spectrum]; found {', '.join(found)[:200]}")


def _of_section(rows: list[_Row], name: str) -> Iterator[RawRecord]:
    scan = next(filter(None, (_SCAN.match(text) for _, text in rows)), None)
    # What stands above the columns names numbers too.
    begin = next((i for i, (_, text) in enumerate(rows) if layout_of_header(text)), None)
    if begin is None:
        line = rows[0][0] if rows else 1
        yield RawRecord(line, damage="no columns of m/z and intensity in [MS Spectrum]")
        return
    for raw in _of_table(iter(rows[begin:]), name):
        if scan:
            raw.add("id", scan[1])
            raw.fields["name"] = [f"{name} scan {scan[1]}"]
        yield raw


def _whole_rows(lines: Iterable[str]) -> Iterator[_Row]:
    """Yield rows that are not blank with the line where they begin, cells of several lines whole.

    Where no quote closes, each line stands for itself.
    """
    held: list[_Row] = []
    odd = False  # number of quotes in what is held
    for row in enumerate(lines, start=1):
        held.append(row)
        odd ^= row[1].count('"') % 2 == 1
        if odd and len(held) < _LINES_OF_CELL:
            continue
        whole = held if odd else [(held[0][0], "\n".join(text for _, text in held))]
        yield from (row for row in whole if row[1].strip())
        held, odd = [], False
    yield from (row for row in held if row[1].strip())


@dataclass
class _TableRecord(RawRecord):
    """A record of several rows.

    Attributes:
        rows: their cells.
    """

    rows: list[list[str]] = field(default_factory=list)

    def add_row(self, row: _Row, cells: list[str], layout: Layout) -> None:
        """Add the peaks of a row."""
        self.rows.append(cells)
        try:
            self.pairs += layout.peaks_of(cells)
        except ValueError:
            self.spoil(f"line {row[0]}: cannot read the peak {row[1].strip()[:40]!r}")

    def finished(self, layout: Layout) -> _TableRecord:
        """Return the record, spoilt where its commas or points may be of either kind."""
        self.spoil(layout.doubt(self.rows))
        if (beside := self._changes_beside(layout)) is not None:
            self.spoil(f"masses begin anew where column {beside + 1} changes: name it, scan say")
        if len(layout.peaks) > 1 and not self.damage and not self._is_of_one(len(layout.peaks)):
            self.spoil("several columns of m/z, which may be of several spectra")
        self.rows = []
        return self

    def _changes_beside(self, layout: Layout) -> int | None:
        """Return a column that is no peak's and has another value wherever the masses fall."""
        if self.damage or len(layout.peaks) > 1 or len(self.rows) != len(self.pairs):
            return None
        falls = [later[0] < mz[0] for mz, later in pairwise(self.pairs)]
        taken = {*layout.peaks[0], *(layout.facts or {}).values()} if layout.peaks else set()
        for column in set(range(layout.width or 0)) - taken if any(falls) else ():
            values = [cells[column] if column < len(cells) else "" for cells in self.rows]
            if [one != other for one, other in pairwise(values)] == falls:
                return column
        return None

    def _is_of_one(self, columns: int) -> bool:
        """Say whether m/z rise along the rows, or down one column of peaks and then the next."""
        masses = [mz for mz, _ in self.pairs]
        down = [mz for column in range(columns) for mz in masses[column::columns]]
        return sorted(masses) in (masses, down)


def _plain_spectra(rows: Iterable[_Row], layout: Layout, start: int) -> Iterator[RawRecord]:
    """Yield the spectra of columns without facts.

    A header that comes again begins another, and so do masses that begin anew below a blank line.
    """
    raw, width = _TableRecord(start), None
    words = last = ""  # a row that is no peak: the end of the list, or the title of what follows
    end, blank, spaced = start, False, False  # there may be a blank line between all rows
    above = ""  # the peak above
    for row in rows:
        blank |= row[0] > end + 1
        end = row[0] + row[1].count("\n")
        cells = split(row[1], layout.delimiter)
        has_numbers = any(cell[:1].isdigit() or is_number(cell) for cell in cells)
        if not has_numbers or _TITLE.match(row[1]):
            if again := layout_of_header(row[1], above):
                yield from _finished(raw, layout, width or 2)
                raw, layout, words, width = _TableRecord(row[0]), again, "", None
            elif not row[1].lstrip().startswith("#"):
                last = row[1].strip()
                words = words or f"line {row[0]}: no peak in {last[:40]!r}"
            continue
        if len(raw.rows) == 1:
            spaced = blank
        if blank and raw.pairs and not (spaced or words):
            if _begins_anew(raw.pairs, cells, layout):
                yield from _finished(raw, layout, width or 2)
                raw, width = _TableRecord(row[0]), None
            else:
                raw.spoil(f"line {row[0]}: a blank line within the peaks, of one spectrum or two")
        blank, above = False, row[1]
        before = len(raw.pairs)
        raw.add_row(row, cells, layout)
        if words and before and not (says_nothing(last) and raw.pairs[-1] > raw.pairs[before - 1]):
            raw.spoil(words)  # the masses begin anew, or may be of something else
        words = ""
        if layout.width is None and width is None:
            width = len(cells)
            if width > 2 and layout.delimiter == "," and all(map(str.isdecimal, cells)):
                raw.spoil("commas may stand for the point: name the columns in a line above")
        if layout.width is None and any(cells[width:]):
            raw.spoil(f"line {row[0]}: {len(cells)} cells, above {width}")
    yield from _finished(raw, layout, width or 2)


def _begins_anew(pairs: Sequence[Sequence[float]], cells: list[str], layout: Layout) -> bool:
    """Say whether a row begins another list: its mass falls, where those above it rise."""
    masses = [mz for mz, _ in pairs]
    try:
        rise = bool(masses) and masses == sorted(masses)
        return rise and layout.peaks_of(cells)[0][0] <= masses[-1]
    except ValueError:
        return False


def _finished(raw: _TableRecord, layout: Layout, width: int = 2) -> Iterator[RawRecord]:
    if layout.width is None and layout.delimiter is None:
        raw.spoil(several_on_lines([" ".join(cells) for cells in raw.rows]))
    if not raw.damage and len(raw.pairs) > 1 and len(layout.peaks) == 1:
        steps = np.diff(np.array(raw.pairs)[:, 0])
        unnamed = layout.width is None
        if _are_several(steps):
            raw.spoil("the masses begin anew within the peaks, of one spectrum or two")
        elif unnamed and (reason := misread_columns([_as_line(cells) for cells in raw.rows])):
            raw.spoil(f"{reason}: name the columns in a line above")
        elif unnamed and _is_curve(steps):
            raw.spoil("evenly spaced rows: a chromatogram or a profile, no list of peaks")
    if raw.pairs or raw.damage:
        yield raw.finished(layout)


def _as_line(cells: list[str]) -> str:
    return " ".join(cells).replace(",", ".")


def _is_curve(steps: np.ndarray) -> bool:
    """Say whether masses with these steps between them are evenly spaced."""
    return len(steps) >= _ROWS_OF_CURVE and 0.5 * steps.max() < steps.min() <= steps.max() < 0.5


def _are_several(steps: np.ndarray) -> bool:
    """Say whether masses with these steps between them are of lists that each rise."""
    falls = np.flatnonzero(steps < 0)
    lengths = np.diff(np.concatenate([[-1], falls, [len(steps)]]))
    return len(falls) > 0 and lengths.min() >= _FEWEST_OF_LIST and lengths.mean() >= _MEAN_OF_LISTS


def _many_spectra(rows: Iterable[_Row], layout: Layout, name: str) -> Iterator[RawRecord]:
    raw, own = None, None
    said = 0  # rows of the spectrum that say whose it is
    for row in rows:
        cells = split(row[1], layout.delimiter)
        if _is_remark(row, cells, layout):
            continue
        facts = tuple(cells[i] for i in layout.facts.values() if i < len(cells))
        doubt = ""
        if raw is not None and facts != own[: len(facts)]:
            anew, by_first = _begins_anew(raw.pairs, cells, layout), said == 1
            if less := _says_less(facts, own):  # as where the first row alone says whose it is
                doubtful = anew == by_first
            else:
                doubtful = _says_less(own, facts) and not anew
            if doubtful:
                doubt = f"line {row[0]}: whose peak this is cannot be told: name it in each row"
                raw.spoil(doubt)
            if less and (by_first or not anew):
                facts = ()
        # A row that is cut off may be of the spectrum above.
        if raw is None or facts != own[: len(facts)]:
            if raw is not None:
                yield raw.finished(layout)
            raw, own, said = _record_of(row[0], facts, layout), facts, 0
            raw.spoil(doubt)
            if layout.facts.keys() <= OF_SCANS:
                raw.add("name", " ".join((name, *facts)))
            if layout.predicted:
                raw.add("comment", "predicted by NExtIMS")
        said += facts == own
        raw.add_row(row, cells, layout)
    if raw is not None:
        yield raw.finished(layout)


def _says_less(facts: Sequence[str], own: Sequence[str]) -> bool:
    """Say whether a row has none of the facts of another, or part of them, and no other."""
    return all(fact in ("", other) for fact, other in zip(facts, own, strict=False))


def _one_a_row(rows: Iterable[_Row], layout: Layout) -> Iterator[RawRecord]:
    """Yield the spectra of a table with a whole one in a cell of each row."""
    for row in rows:
        cells = split(row[1], layout.delimiter)
        if _is_remark(row, cells, layout):
            continue
        facts = tuple(cells[i] if i < len(cells) else "" for i in layout.facts.values())
        raw = _record_of(row[0], facts, layout)
        try:
            raw.pairs = peaks_of_cell(cells[layout.cell])
        except DoubtfulNumbersError as error:
            raw.spoil(f"line {row[0]}: {error}")
        except (ValueError, IndexError):
            raw.spoil(f"line {row[0]}: no spectrum in the row {row[1].strip()[:40]!r}")
        yield raw


def _is_remark(row: _Row, cells: list[str], layout: Layout) -> bool:
    """Say whether a row is a comment, or drawn; a compound may be called "#1"."""
    return len(cells) < layout.width and says_nothing(row[1])


def _record_of(line: int, facts: tuple[str, ...], layout: Layout) -> _TableRecord:
    raw = _TableRecord(line)
    for name, value in zip(layout.facts, facts, strict=False):
        raw.add(name, value)
    raw.add("id", raw.first("id", "scan", "scannumber", "scanno", "spectrum", "line"))
    return raw
