"""What the columns of a table are: by their names, or by the numbers in them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..fields import KEPT_RETENTION, RETENTION_TIMES, SYNONYMS, field_name
from ..peak_text import NUMBER, THOUSANDS, thousands_in_doubt
from .cells import original_cell

_NUMBER = re.compile(NUMBER)
# In English, German, French, Spanish, Italian, Portuguese and Japanese.
_MZ = re.compile(
    r"(?:centroid|fragment|ion|measured|observed|peak)*"
    r"(?:ions?|m|mz(?:centroid|da|ratio|th|values?|s)?|x"
    r"|mass(?:charge|es?|mz|tocharge|enzahl)?|massecharge|masa(?:carga)?|massa(?:carica)?|質量)"
)
_INTENSITY = re.compile(
    r"(?:abs(?:olute?)?|centroid|ion(?:en)?|norm(?:ali[sz]ed)?|peak|raw|rel(?:ative?)?)*"
    r"(?:abund(?:ances?|ancia)?|area|basepeak|counts?|height|i|intensitycounts"
    r"|int(?:en(?:s(?:it(?:y|ies))?)?)?|rel|signal|y"
    r"|abondance|haufigkeit|hoe?he|intensi(?:ta|tat(?:en)?|te|dade?))(?:relati[fv][aeo]?)?|(?:相対)?強度"
)
# Units in brackets behind a name: X may be a time as well.
_MASS_UNITS = {"amu", "da", "dae", "daltons", "mass", "mz", "th", "thomson", "thomsons", "u"}
_NO_INTENSITY_UNITS = {"h", "min", "minutes", "ms", "s", "sec", "seconds", "mz", "da", "thomsons"}
_LEADING_ZERO = re.compile(r"0\d")  # "02" stands behind a decimal comma
# Spaces begin where none stands before them: else each of many is tried as the first.
_UNIT = re.compile(r"(.*?)(?<!\s)\s*[(\[]([^()\[\]]*)[)\]]\s*")
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
} | {"retentionindex", "retentionindexlow", "retentionindexhigh", "column"}  # fmt: skip
# In a run nothing else does.
OF_SCANS = {
    *RETENTION_TIMES, "scan",
    "scanindex", "scanno", "scannumber", "scantime", "spectrumno", "time", "timemin", "tr",
}  # fmt: skip
# Of measurements of one compound.
_OF_MEASUREMENTS = {
    "cid", "compoundid", "compoundno", "file", "molecule", "pubchemcid", "replicate", "sample",
}  # fmt: skip
# Of peaks, where nothing tells whole spectra apart: these are their annotations.
_OF_PEAKS = {
    name for fact in ("formula", "exactmass", "mw", "nominalmass")
    for name in SYNONYMS.get(fact, (fact,))
}  # fmt: skip
# Of lines like "Sample;7" above numbers, which are no header.
_OF_RUN = {
    "acquired", "comment", "data", "datafile", "date", "file", "operator", "retentiontime", "rt",
    "sample", "scan", "title",
}  # fmt: skip
# Facts that are numbers: with a word beside it, such a name heads a column of them.
_NUMBERS = (
    OF_SCANS
    | {
        name
        for fact in ("exactmass", "id", "ionizationenergy", "line", "mslevel", "mw", "nominalmass")
        for name in SYNONYMS.get(fact, (fact,))
    }
    | {"spectrum"}
)
_QUANTITIES = {"bpc", "bpi", "response", "score", "tic", "total", "value", "values"}
# Of predict.py's files, which say in no other way that they are predictions.
COLUMNS = (
    "line", "name", "smiles", "formula", "nominal_mass", "exact_mass", "inchikey",
    "ionization_energy", "mz", "intensity",
)  # fmt: skip
# The last stands for white space.
DELIMITERS = ("\t", ";", ",", None)
# How a title begins of columns that are no spectrum; "Retention time: 5.2 min" says when one was
# taken.
_CURVES = ("chromatogram", "retention time", "time")
_SPACES = re.compile(r"\s{2,}")
_GROUP = re.compile(r"[(\[]([^()\[\]]+)[)\]]")  # of brackets within brackets, the inner ones
_SEPARATOR_OF_PAIRS = re.compile(r"[\s;|]+")
# A comment sign before the names of columns; a column may be called so too.
_SIGN = re.compile(r"\s*(?:[#%;!]+|//+|--+)\s*")
_UNIT_APART = re.compile(r"(?<!\s)\s+[(\[][^()\[\]]*[)\]]")
_BETWEEN_NUMBERS = re.compile(r"[\s,;:|()\[\]]*")

Peak = tuple[float, float]


class DoubtfulNumbersError(ValueError):
    """Commas or points in the numbers of a spectrum may stand for the point or part thousands."""


@dataclass(frozen=True)
class Layout:
    """How the rows of a table are divided.

    Attributes:
        delimiter: between cells; ``None`` for white space.
        peaks: positions of m/z and intensity; several where a row has several peaks.
        cell: position of the cell that holds a whole spectrum, in tables of such.
        facts: position of each fact, by the name of its column.
        predicted: whether the spectra are our own predictions.
        width: number of cells of the header, where there is one.
        unclear: why it cannot be told which columns are m/z and intensity, where it cannot.
    """

    delimiter: str | None
    peaks: tuple[tuple[int, int], ...] = ((0, 1),)
    cell: int | None = None
    facts: dict[str, int] | None = None
    predicted: bool = False
    width: int | None = None
    unclear: str = ""

    def peaks_of(self, cells: list[str]) -> list[Peak]:
        """Return the peaks of a row; of several in a row, the last may be missing.

        Raises:
            ValueError: there are no two numbers, or more cells than the header has.
        """
        if self.width and any(cells[self.width :]):  # decimal commas between commas, say
            raise ValueError(f"{len(cells)} cells, expected {self.width}")
        there = [(i, j) for i, j in self.peaks if len(cells) > max(i, j)]
        if not there:
            raise ValueError("cells are missing")
        return [(number(cells[i]), _intensity(cells[j], cells[i])) for i, j in there]

    def doubt(self, rows: Sequence[list[str]]) -> str:
        """Say why commas or points may part thousands, see ``thousands_in_doubt``.

        Args:
            rows: the cells of all rows of a spectrum.
        """
        there = ((cells, i, j) for cells in rows for i, j in self.peaks)
        pairs = [(cells[i], cells[j]) for cells, i, j in there if max(i, j) < len(cells)]
        return thousands_in_doubt(pairs)


def split(text: str, delimiter: str | None) -> list[str]:
    """Return the cells of a row."""
    if delimiter is None:
        return text.split()
    try:
        row = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:  # a cell of more than 131 072 characters, say
        row = [text]
    return [original_cell(cell.strip()) for cell in row]


def number(text: str) -> float:
    """Return the number in a cell of its own, where a comma stands for the point.

    Raises:
        ValueError: it is no number.
    """
    text = text.replace(",", ".")
    if not _NUMBER.fullmatch(text) or _LEADING_ZERO.match(text):
        raise ValueError(f"not a number: {text!r}")
    return float(text)


def _intensity(text: str, mz: str) -> float:
    """Return an intensity; beside an m/z with a point, commas part thousands."""
    if "." in mz and "," in text:
        if not THOUSANDS.fullmatch(text):
            raise ValueError(f"a comma beside a point: {text!r}")
        text = text.replace(",", "")
    return number(text)


def is_number(text: str) -> bool:
    """Say whether a cell holds a number."""
    return _NUMBER.fullmatch(text.replace(",", ".")) is not None


def layout_of_header(text: str, row: str = "") -> Layout | None:
    """Return the layout of a table by the line above its rows, ``None`` where that is none.

    Args:
        text: the line.
        row: one of the rows, which tells a comment sign from the name of a column.

    Example:
        >>> from nextims.formats.csv.layout import layout_of_header
        >>> layout_of_header("#Point,X(Thomsons),Y(Counts)").peaks
        ((1, 2),)
        >>> layout_of_header("% mass abundance", "31 999").peaks
        ((0, 1),)
    """
    text = _without_sign(text, row)
    for delimiter, cells in _divisions(text):
        kinds = [_kind(cell) for cell in cells]
        mz, intensity = (
            [i for i, kind in enumerate(kinds) if kind == wanted] for wanted in ("mz", "intensity")
        )
        if not mz or not intensity or any(map(is_number, cells)):
            continue
        several = len(mz) > 1 and len(mz) == len(intensity) and len(cells) == 2 * len(mz)
        if several:
            peaks, unclear = tuple(zip(mz, intensity, strict=True)), ""
        else:
            at, intensities = _preferred(mz, cells, "mz"), _preferred(intensity, cells, "intens")
            peaks, unclear = ((at[0], intensities[0]),), _same_names(cells, (*at, *intensities))
            if delimiter is None and len(cells) > len(row.split()) > 0 and max(peaks[0]) > 1:
                unclear = f"which words of {text.strip()[:40]!r} name which column cannot be told"
        facts = _facts(cells)
        if facts.keys() <= _OF_PEAKS:
            facts = {}
        predicted = tuple(cells[: len(COLUMNS)]) == COLUMNS
        if predicted:  # elsewhere RI is a relative intensity as well
            kept = ((field_name(cell), place) for place, cell in enumerate(cells))
            facts |= {name: place for name, place in kept if name in KEPT_RETENTION}
        return Layout(delimiter, peaks, None, facts or None, predicted, len(cells), unclear)
    return None


def layout_of_cells(header: str, row: str) -> Layout | None:
    """Return the layout of a table with a whole spectrum in a cell of each row.

    Args:
        header: the line above the row.
        row: its first row.

    Example:
        >>> from nextims.formats.csv.layout import layout_of_cells
        >>> layout_of_cells("Name,Spectra", "Acetone,43:999 58:300").cell
        1
    """
    for delimiter in filter(None, DELIMITERS):
        names, cells = split(header, delimiter), split(row, delimiter)
        for i, (name, cell) in enumerate(zip(names, cells, strict=False)):
            if _kind(name) != "spectrum" or not (":" in cell or cell.startswith(("[", "("))):
                continue
            try:
                peaks_of_cell(cell)
            except DoubtfulNumbersError:
                pass  # which is said of the row
            except ValueError:
                continue
            facts = {fact: at for fact, at in _facts(names).items() if at != i}
            return Layout(delimiter, (), i, facts, width=len(names))
    return None


def layout_of_numbers(text: str) -> Layout | None:
    """Return the layout of a table by a row that begins with two numbers."""
    for delimiter in DELIMITERS:
        cells = split(text, delimiter)
        if len(cells) > 1 and is_number(cells[0]) and is_number(cells[1]):
            return Layout(delimiter)
    return None


def unknown_columns(header: str, layout: Layout, row: str) -> str:
    """Say what a line above numbers names that is no m/z and intensity; ``""`` if it names nothing.

    Args:
        header: the line above the first numbers.
        layout: of these numbers.
        row: the numbers.
    """
    uncommented = _without_sign(header, row).split()
    kinds = {*map(_kind, uncommented)}
    if kinds & {"mz", "intensity"} and "spectrum" not in kinds:  # else it may be a remark
        header = _without_sign(header, row)
    cells = split(header, layout.delimiter)
    if layout.delimiter is None:
        width = len(split(row, None))
        divided = [cells, _SPACES.split(header.strip())]
        cells = next((names for names in divided if len(names) == width), [])
    named = [cell for cell in cells if cell]
    numbers = [is_number(cell.split()[0]) for cell in named]
    # "Time,15,43,58" heads columns as well.
    title = header.strip(" #\t")
    if len(named) < 2 and title.lower().startswith(_CURVES) and not any(map(str.isdigit, title)):
        return f"numbers below {title[:40]!r} are no spectrum"
    if len(named) < 2 or numbers[0] or (any(numbers) and len(named) == 2):
        return ""
    kinds = [_kind(cell) for cell in cells]
    first = field_name(named[0])
    if len(named) == 2 and (first in _FACTS or first in _OF_RUN) and not any(kinds):
        is_number_of = first in _NUMBERS and not any(map(str.isdigit, named[1]))
        if not is_number_of and field_name(named[1]) not in _QUANTITIES:
            return ""
    missing = [kind for kind in ("mz", "intensity") if kind not in kinds]
    names = " or ".join("m/z" if kind == "mz" else kind for kind in missing)
    return f"no column is known as {names}; found {', '.join(named)[:200]}"


def peaks_of_cell(text: str) -> list[Peak]:
    """Return the peaks of a spectrum in one cell.

    Raises:
        ValueError: it is none.
        DoubtfulNumbersError: its numbers may be others.

    Example:
        >>> from nextims.formats.csv.layout import peaks_of_cell
        >>> peaks_of_cell("41:123 43,5:999")
        [(41.0, 123.0), (43.5, 999.0)]
    """
    parts = [part for part in _SEPARATOR_OF_PAIRS.split(text.strip("[](){} ")) if part]
    if parts and all(part.strip(",").count(":") == 1 for part in parts):
        pairs = [part.strip(",").split(":") for part in parts]
        if doubt := thousands_in_doubt(pairs):
            raise DoubtfulNumbersError(f"{doubt} in {text[:40]!r}")
        return [(number(mz), number(intensity)) for mz, intensity in pairs]
    if "," in text and text.strip()[:1] not in "[({":
        raise ValueError(f"commas may be of either kind in {text[:40]!r}")
    if any(group.count(",") + 1 > 2 for group in _GROUP.findall(text)):
        raise ValueError(f"cannot read the spectrum {text[:40]!r}")
    numbers = [float(found) for found in _NUMBER.findall(text)]
    if not numbers or len(numbers) % 2 or not _BETWEEN_NUMBERS.fullmatch(_NUMBER.sub(" ", text)):
        raise ValueError(f"cannot read the spectrum {text[:40]!r}")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _without_sign(header: str, row: str) -> str:
    """Return a header without a comment sign, unless that is, or begins, the name of a column."""
    sign = _SIGN.match(header)
    if sign is None:
        return header
    for delimiter in filter(None, DELIMITERS):
        if len(split(header, delimiter)) == len(split(row, delimiter)) > 1:
            return header
    names, cells = header.split(), row.split()
    # Of a column called "#", which numbers the peaks.
    if names[0] == "#" and len(names) == len(cells) and cells[0] in ("0", "1"):
        return header
    return header[sign.end() :]


def _divisions(text: str) -> list[tuple[str | None, list[str]]]:
    """Return the cells of a header for each delimiter."""
    divided = [(delimiter, split(text, delimiter)) for delimiter in DELIMITERS if delimiter]
    if any(len(cells) > 1 for _, cells in divided):
        return divided
    # Of names with single spaces between them nobody can say which words are one.
    words = _UNIT_APART.sub(lambda unit: "".join(unit[0].split()), text).split()
    return [*divided, (None, _SPACES.split(text.strip())), (None, words)]


def _facts(names: list[str]) -> dict[str, int]:
    return {
        field_name(cell): i
        for i, cell in enumerate(names)
        if field_name(cell) in _FACTS | OF_SCANS | _OF_MEASUREMENTS
    }


def _preferred(columns: list[int], names: list[str], word: str) -> list[int]:
    """Return those of columns whose name has a word, all of them if none has.

    ``count`` beside ``intensity`` may be a number of scans, and ``mass`` beside ``m/z`` another's.
    """
    return [i for i in columns if word in field_name(names[i])] or columns


def _same_names(names: list[str], columns: Sequence[int]) -> str:
    """Say which of columns have the same name; ``""`` if all differ."""
    of_columns = [names[i] for i in columns]
    twice = next((name for name in of_columns if of_columns.count(name) > 1), "")
    return f"several columns are named {twice!r}" if twice else ""


def _kind(cell: str) -> str:
    """Return ``mz``, ``intensity`` or ``spectrum``, which a column's name says, else ``""``."""
    name, unit = field_name(cell), ""
    if found := _UNIT.fullmatch(cell):
        base, unit = field_name(found[1]), field_name(found[2])
        if _MZ.fullmatch(base) and unit in _MASS_UNITS:
            return "mz"
        if _INTENSITY.fullmatch(base) and unit not in _NO_INTENSITY_UNITS:
            return "intensity"
    if _MZ.fullmatch(name):
        return "mz"
    if _INTENSITY.fullmatch(name) or cell.strip() == "%":
        return "intensity"
    is_spectrum = "spectr" in name and "isotop" not in name and "msms" not in name
    return "spectrum" if is_spectrum else ""
