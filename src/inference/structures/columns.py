"""Tables of structures: which column holds what, and their rows."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ...formats.csv.cells import original_cell
from ...formats.fields import SYNONYMS, field_name
from .text_lines import InputError

DELIMITERS = (",", ";", "\t")
WANTED_COLUMN = "smiles (or InChI)"

# By falling preference, in lower case without spaces and punctuation: PubChem, ChEMBL, the CompTox
# dashboard and others each have their own. Of several SMILES, the one with stereochemistry.
_OTHER_SMILES = "(?!.*(key|formula)).*smiles.*"
_STRUCTURES = (
    "smiles",
    "(?!.*(key|formula)).*iso.*smiles.*",
    "canonicalsmiles|smilescanonical",
    _OTHER_SMILES,
    "(?!.*key).*inchi.*",
    "structures?",
    "mol(block|file)?",
)
_NAMES = (
    "name",
    "(cmpd|compound|preferred|common|trivial)name",
    "(?!.*file).*name",
    "compound|title",
)
_OF_A_STRUCTURE = {
    "cas", "exactmass", "formula", "inchi", "inchikey", "molblock", "mw", "smiles",
}  # fmt: skip
# Measured, where a list has them, of what was injected.
_OF_RETENTION = {"retentionindex", "retentiontime", "retentionseconds"}
# Of a column that is not known: words, perhaps with a number or a unit.
_HEAD = re.compile(r"[^\W\d][\w .#/()-]*")
_MISSING = {"", "-", "n/a", "na", "nan", "none", "null"}
# In an InChI, JSON, or a row that another delimiter divides.
_NO_NAME = re.compile(r"[=,;\t{}<>]")
_PUNCTUATION = re.compile(r"[^a-z]")
# A quoted cell may reach over so many lines: names of two or three are met.
_LINES_OF_A_CELL = 8


class Columns(NamedTuple):
    """Which columns of a table are read.

    Attributes:
        structures: those that may hold the structure of a row, the best first.
        names: that of the names; -1: there is none.
    """

    structures: tuple[int, ...]
    names: int

    def read(self, cells: Sequence[str]) -> tuple[str, str]:
        """Return the structure and the name of a row, the structure of the first that has one.

        Example:
            >>> from nextims.inference.structures.columns import Columns
            >>> Columns((0, 1), 2).read(["", "InChI=1S/CH4/h1H4", "methane"])
            ('InChI=1S/CH4/h1H4', 'methane')
        """
        structures = [cells[place] for place in self.structures if place < len(cells)]
        given = (each for each in structures if each.lower() not in _MISSING)
        name = cells[self.names] if 0 <= self.names < len(cells) else ""
        return next(given, "".join(structures[:1])), name


def find_columns(header: Sequence[str], label: str = "") -> Columns | None:
    """Return which columns hold the structures and which the names.

    Args:
        header: the cells of a table's first line.
        label: names the table in errors.

    Returns:
        ``None`` where no column is named after structures.

    Raises:
        InputError: of two columns of SMILES, or two of the same name, nothing says which is meant.

    Example:
        >>> from nextims.inference.structures.columns import find_columns
        >>> find_columns(["CID", "Compound Name", "Canonical SMILES", "InChIKey", "InChI"])
        Columns(structures=(2, 4), names=1)
    """
    keys = ["" if _NO_NAME.search(cell) else _PUNCTUATION.sub("", cell.lower()) for cell in header]
    structures = tuple(_matching(keys, _STRUCTURES))
    if not structures:
        return None
    unclear = list(_matching(keys, [_OTHER_SMILES]))
    better = list(_matching(keys, _STRUCTURES[: _STRUCTURES.index(_OTHER_SMILES)]))
    if len(unclear) > 1 and not better:
        found = " and ".join(header[place] for place in unclear)
        raise InputError(f"{label}: {found} could each be the structures; name one of them smiles")
    names = next(_matching(keys, _NAMES), -1)
    for place in (*structures, names):
        same = [p for p, key in enumerate(keys) if place >= 0 and key == keys[place]]
        plain = [p for p in same if field_name(header[p]) == keys[p]]
        # Of "SMILES" and "SMILES 2" the first is meant, of "SMILES 1" and "SMILES 2" nobody knows.
        if len(plain) > 1 or (place != names and len(same) > 1 and plain != same[:1]):
            found = " and ".join(header[p] for p in same)
            what = "names" if place == names else "structures"
            raise InputError(f"{label}: {found} could each be the {what}; rename all but one")
    return Columns(structures, names)


def columns_below(header: Sequence[str]) -> Columns | None:
    """Return the columns of a table that has its structures first, under a name not known to us.

    Args:
        header: the cells of its first line.

    Returns:
        ``None`` where the cells are not several names.

    Example:
        >>> from nextims.inference.structures.columns import columns_below
        >>> columns_below(["struct", "label", "CAS"]), columns_below(["CCO", "64-17-5"])
        (Columns(structures=(0,), names=1), None)
    """
    if len(header) < 2 or not all(map(_HEAD.fullmatch, header)):
        return None
    named = find_columns(["smiles", *header[1:]])
    is_fact = _fact(field_name(header[1])) in SYNONYMS
    return Columns((0,), named.names if named.names > 0 else -1 if is_fact else 1)


def _matching(keys: Sequence[str], patterns: Sequence[str]) -> Iterator[int]:
    """Yield the places of the columns that match, those of the first pattern first."""
    given = set()
    for pattern in patterns:
        for place, key in enumerate(keys):
            if key and place not in given and re.fullmatch(pattern, key):
                given.add(place)
                yield place


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


def kept_of_derivatives(wanted: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the columns that go with derivatives, and what a user should know of that.

    What holds of the structure in the list alone, its CAS number, say, does not. Retention does: a
    list of metabolites has that of the derivatives, which were measured.

    Example:
        >>> from nextims.inference.structures.columns import kept_of_derivatives
        >>> kept, [left_out, of_retention] = kept_of_derivatives(["Sample", "CAS No.", "RT"])
        >>> kept, left_out
        (('Sample', 'RT'), 'CAS No. left out: of the structure in the list, of no derivative of it')
        >>> of_retention
        'RT kept with each derivative: right where the list has it of that derivative'
    """
    facts = {name: _fact(field_name(name)) for name in wanted}
    alone = [name for name, fact in facts.items() if fact in _OF_A_STRUCTURE]
    retention = [name for name, fact in facts.items() if fact in _OF_RETENTION]
    words = []
    if alone:
        words.append(
            f"{', '.join(alone)} left out: of the structure in the list, of no derivative of it"
        )
    if retention:
        words.append(
            f"{', '.join(retention)} kept with each derivative: right where the list has it of "
            "that derivative"
        )
    return tuple(name for name in wanted if name not in alone), words


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
