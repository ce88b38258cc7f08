"""Tables of structures: which column holds what, and their rows."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

from ...formats.csv.cells import original_cell
from ...formats.fields import SYNONYMS, field_name

DELIMITERS = (",", ";", "\t")
WANTED_COLUMN = "smiles (or InChI)"

# By falling preference, in lower case without spaces and punctuation: PubChem, ChEMBL, the CompTox
# dashboard and others each have their own. Of several SMILES, the one with stereochemistry.
_STRUCTURES = (
    "smiles",
    "(?!.*(key|formula)).*iso.*smiles.*",
    "(?!.*(key|formula)).*smiles.*",
    "(?!.*key).*inchi.*",
    "structures?",
)
_NAMES = (
    "name",
    "(cmpd|compound|preferred|common|trivial)name",
    "(?!.*file).*name",
    "compound|title",
)
# In an InChI, JSON, or a row that another delimiter divides.
_NO_NAME = re.compile(r"[=,;\t{}<>]")
_PUNCTUATION = re.compile(r"[^a-z]")
# A quoted cell may reach over so many lines: names of two or three are met.
_LINES_OF_A_CELL = 8


def find_columns(header: Sequence[str]) -> tuple[int, int] | None:
    """Return which column holds the structures and which the names (-1: none does).

    Args:
        header: the cells of a table's first line.

    Returns:
        ``None`` where no column is named after structures.

    Example:
        >>> from nextims.inference.structures.columns import find_columns
        >>> find_columns(["CID", "Compound Name", "Canonical SMILES", "InChIKey"])
        (2, 1)
    """
    keys = ["" if _NO_NAME.search(cell) else _PUNCTUATION.sub("", cell.lower()) for cell in header]
    structures = _first(keys, _STRUCTURES)
    return None if structures < 0 else (structures, _first(keys, _NAMES))


def _first(keys: Sequence[str], patterns: Sequence[str]) -> int:
    found = (
        place
        for pattern in patterns
        for place, key in enumerate(keys)
        if key and re.fullmatch(pattern, key)
    )
    return next(found, -1)


def kept_columns(wanted: Sequence[str], header: Sequence[str]) -> dict[str, int]:
    """Return where the columns stand whose values are to go with the spectra.

    Args:
        wanted: their names, or other names of the same facts, in capitals or not.
        header: names of the columns that there are.

    Raises:
        KeyError: there is no such column.

    Example:
        >>> from nextims.inference.structures.columns import kept_columns
        >>> kept_columns(["cas", "RI"], ["SMILES", "CAS#", "Retention index"])
        {'cas': 1, 'RI': 2}
    """
    names = [field_name(name) for name in header]
    facts = [_fact(name) for name in names]
    places = {}
    for name in wanted:
        own = field_name(name)
        if own in names:
            places[name] = names.index(own)
        elif _fact(own) in facts:
            places[name] = facts.index(_fact(own))
        else:
            raise KeyError(name)
    return places


def _fact(name: str) -> str:
    return next((fact for fact, names in SYNONYMS.items() if name in names), name)


def divide(line: str, delimiter: str, *, strict: bool = False) -> list[str]:
    """Return the cells of a row.

    Args:
        line: the row.
        delimiter: what is between the cells.
        strict: whether quotes must be as the format has them.

    Raises:
        csv.Error: they are not.

    Example:
        >>> from nextims.inference.structures.columns import divide
        >>> divide('CCO,"ethanol, absolute"', ",")
        ['CCO', 'ethanol, absolute']
    """
    reader = csv.reader([line], delimiter=delimiter, skipinitialspace=True, strict=strict)
    try:
        row = next(reader, [])
    except csv.Error:  # a cell of more than 131 072 characters, say: no structure either way
        if strict:
            raise
        row = [line]
    return [original_cell(cell.strip()) for cell in row]


def read_rows(lines: Iterator[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    r"""Read the rows of a table, with the line in which each begins.

    A quoted cell may reach over several lines. A quote that is not closed spoils its own row and
    cannot swallow those that follow.

    Args:
        lines: lines with their numbers.
        delimiter: what is between the cells.

    Example:
        >>> from nextims.inference.structures.columns import read_rows
        >>> lines = [(1, 'CCO,"ethyl'), (2, 'alcohol"'), (3, 'C,"methane')]
        >>> list(read_rows(iter(lines), ","))
        [(1, ['CCO', 'ethyl alcohol']), (3, ['C', 'methane'])]
    """
    ahead: deque[tuple[int, str]] = deque()
    while True:
        number, line = ahead.popleft() if ahead else next(lines, (0, None))
        if line is None:
            return
        if '"' in line and _is_open(line, delimiter):
            ahead.extend(islice(lines, _LINES_OF_A_CELL - len(ahead)))
            line = _joined(line, ahead, delimiter)
        yield number, divide(line, delimiter)


def _is_open(line: str, delimiter: str) -> bool:
    """Say whether a row ends within a cell that began with a quote."""
    return bool(re.search(rf'(^|{re.escape(delimiter)})\s*"([^"]|"")*$', line))


def _joined(line: str, ahead: deque[tuple[int, str]], delimiter: str) -> str:
    """Return a row with the lines that its open cell reaches over, which it takes from those."""
    joined = line
    for taken, (_, more) in enumerate(ahead, start=1):
        joined = f"{joined} {more}"
        if not _is_open(joined, delimiter):
            try:
                divide(joined, delimiter, strict=True)
            except csv.Error:
                return line
            for _ in range(taken):
                ahead.popleft()
            return joined
    return line
