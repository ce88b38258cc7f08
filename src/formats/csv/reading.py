"""Tables with one row a peak: those of many spectra, and the two columns of an instrument."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from ..fields import NUMBER, SYNONYMS, field_name
from ..raw_record import RawRecord
from .cells import original_cell

_NUMBER = re.compile(NUMBER)
_MZ = {"mz", "mzs", "mass", "masscharge", "masstocharge", "m", "mzda", "mzth", "x"}
_INTENSITY = {
    "absintensity", "absoluteintensity", "abundance", "area", "counts", "height", "i", "int",
    "intensities", "intensity", "intensitycounts", "peakheight", "rel", "relabundance",
    "relativeabundance", "relativeintensity", "relint", "relintensity", "signal", "y",
}  # fmt: skip
# What tells a spectrum from its neighbours in a table of many.
_FACTS = {
    name
    for fact in (
        "cas", "exactmass", "formula", "id", "inchi", "inchikey", "instrument", "ionization",
        "ionizationenergy", "ionmode", "line", "mslevel", "mw", "name", "nominalmass", "scan",
        "smiles", "spectrum",
    )
    for name in SYNONYMS.get(fact, (fact,))
    if name != "energy"  # of a collision, often
}  # fmt: skip
# Of predict.py's files, which say in no other way that they are predictions.
COLUMNS = (
    "line", "name", "smiles", "formula", "nominal_mass", "exact_mass", "inchikey",
    "ionization_energy", "mz", "intensity",
)  # fmt: skip
# The last stands for white space.
_DELIMITERS = ("\t", ";", ",", None)
# So many lines a cell in quotes may reach over: a quote that nothing closes must not swallow all.
_LINES_OF_CELL = 50

_Row = tuple[int, str]


@dataclass(frozen=True)
class _Layout:
    """How the rows of a table are divided.

    Attributes:
        delimiter: between cells; ``None`` for white space.
        mz: position of the m/z.
        intensity: position of the intensity.
        facts: position of each fact, by the name of its column.
        predicted: whether the spectra are our own predictions.
        width: number of cells of the header, where there is one.
    """

    delimiter: str | None
    mz: int = 0
    intensity: int = 1
    facts: dict[str, int] | None = None
    predicted: bool = False
    width: int | None = None


def read_peak_rows(lines: Iterable[str], name: str) -> Iterator[RawRecord]:
    r"""Read the spectra of a table with one row a peak, one at a time in memory.

    A header that names columns for m/z, intensity and facts of the molecule makes a table of many
    spectra: rows that follow each other and have the same facts are one. Any other table is one
    spectrum; what stands above its first two numbers is left out.

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
    first: _Row | None = None
    for row in rows:
        first = first or row
        if layout := _layout_of_header(row[1]):
            break
        if layout := _layout_of_numbers(row[1]):
            rows = chain([row], rows)
            break
    else:
        if first is not None:
            yield RawRecord(first[0], damage=f"no two columns of numbers below {first[1][:40]!r}")
        return
    spectra = _one_spectrum if layout.facts is None else _many_spectra
    for raw in spectra(rows, layout, row[0]):
        if not raw.first("name") and layout.facts is None:
            raw.fields["name"] = [name]
        yield raw


def starts_columns(text: str) -> bool:
    """Say whether a line heads columns of m/z and intensity, or is a row of them.

    Example:
        >>> from nextims.formats.csv.reading import starts_columns
        >>> starts_columns("m/z;Abundance"), starts_columns("15.02 60"), starts_columns("Name: x")
        (True, True, False)
    """
    return bool(_layout_of_header(text) or _layout_of_numbers(text))


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


def _cells(text: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return text.split()
    try:
        row = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:  # a cell of more than 131 072 characters, say
        row = [text]
    return [cell.strip() for cell in row]


def _layout_of_header(text: str) -> _Layout | None:
    # Of names with spaces between them nobody can say which words are one.
    for delimiter in filter(None, _DELIMITERS):
        cells = _cells(text, delimiter)
        names = [field_name(cell) for cell in cells]
        mz = next((i for i, name in enumerate(names) if name in _MZ), None)
        intensity = next((i for i, name in enumerate(names) if name in _INTENSITY), None)
        if mz is None or intensity is None:
            continue
        facts = {name: i for i, name in enumerate(names) if name in _FACTS}
        predicted = tuple(cells[: len(COLUMNS)]) == COLUMNS
        return _Layout(delimiter, mz, intensity, facts or None, predicted, len(cells))
    return None


def _layout_of_numbers(text: str) -> _Layout | None:
    for delimiter in _DELIMITERS:
        layout = _Layout(delimiter)
        try:
            _peak(_cells(text, delimiter), layout)
        except (ValueError, IndexError):
            continue
        return layout
    return None


def _peak(cells: list[str], layout: _Layout) -> tuple[float, float]:
    if layout.width and len(cells) > layout.width:  # decimal commas between commas, say
        raise ValueError(f"{len(cells)} cells, expected {layout.width}")
    return _number(cells[layout.mz]), _number(cells[layout.intensity])


def _number(text: str) -> float:
    text = text.replace(",", ".")  # in a cell of its own it stands for the point
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"not a number: {text!r}")
    return float(text)


def _add_peak(raw: RawRecord, row: _Row, cells: list[str], layout: _Layout) -> None:
    try:
        raw.pairs.append(_peak(cells, layout))
    except (ValueError, IndexError):
        raw.spoil(f"line {row[0]}: cannot read the peak {row[1].strip()[:40]!r}")


def _one_spectrum(rows: Iterable[_Row], layout: _Layout, start: int) -> Iterator[RawRecord]:
    raw = RawRecord(start)
    for row in rows:
        _add_peak(raw, row, _cells(row[1], layout.delimiter), layout)
    if raw.pairs or raw.damage:
        yield raw


def _many_spectra(rows: Iterable[_Row], layout: _Layout, start: int) -> Iterator[RawRecord]:
    raw, own = None, None
    for row in rows:
        cells = _cells(row[1], layout.delimiter)
        facts = tuple(cells[i] for i in layout.facts.values() if i < len(cells))
        # A row that is cut off may be of the spectrum above.
        if raw is None or facts != own[: len(facts)]:
            if raw is not None:
                yield raw
            raw, own = RawRecord(row[0]), facts
            for name, value in zip(layout.facts, facts, strict=False):
                raw.add(name, original_cell(value))
            raw.add("id", raw.first("id", "scan", "spectrum", "line"))
            if layout.predicted:
                raw.add("comment", "predicted by NExtIMS")
        _add_peak(raw, row, cells, layout)
    if raw is not None:
        yield raw
