"""What a user gives as structures, in any of the forms that Python programs have them in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..inference.structures.columns import WANTED_COLUMN, find_columns
from ..inference.structures.lists import (
    InputError,
    InputStructure,
    parse_line,
    places_kept,
    read_structures,
)

if TYPE_CHECKING:
    from rdkit.Chem import Mol

    # One structure; with its name.
    Structure: TypeAlias = str | Mol | tuple[str | Mol, str]


def is_one(given: object) -> bool:
    """Say whether this is one structure: a text, a molecule, or a pair with its name.

    Example:
        >>> from nextims.api.structures import is_one
        >>> is_one("CCO"), is_one(("CCO", "ethanol")), is_one(["CCO"])
        (True, True, False)
    """
    return isinstance(given, (str, tuple)) or hasattr(given, "GetAtoms")


def input_structures(
    given: Any, names: Iterable[object] | None = None, keep: Sequence[str] = ()
) -> Iterator[InputStructure]:
    """Return structures as the predictors take them, numbered from 1.

    Args:
        given: SMILES, InChI, MOL blocks, RDKit molecules, pairs of one of these and a name, in any
            iterable; a table of pandas with a column of structures, and perhaps of names; the path
            of a file of structures; or one structure. After a SMILES may stand a name.
        names: a name for each, for a column of them, say.
        keep: columns of a table or file whose values are kept as ``InputStructure.columns``.

    Raises:
        InputError: a table has no column of structures, or none to keep; it is ``None``; or the
            file, see ``read_structures``.
        TypeError: a tuple is no pair.

    Example:
        >>> from nextims.api.structures import input_structures
        >>> [(each.smiles, each.name) for each in input_structures(["CCO ethanol", ("C", "marsh")])]
        [('CCO', 'ethanol'), ('C', 'marsh')]
    """
    if isinstance(given, Path):
        return read_structures(given, keep)
    if given is None:
        raise InputError("no structure: RDKit gives None for what it cannot read")
    if is_one(given):
        given = [given]
    said: Iterable[tuple[tuple[str, str], ...]] = repeat(())
    if hasattr(given, "columns"):
        given, own_names, said = _of_table(given, keep)
        names = own_names if names is None else names
    elif keep:
        raise InputError(f"{', '.join(keep)}: columns are kept of a table of pandas, or of a Path")
    # Names that are too few are a mistake; without any, each is as the structure says.
    pairs = zip(given, repeat(None)) if names is None else zip(given, names, strict=True)
    numbered = (_structure(line, *pair) for line, pair in enumerate(pairs, start=1))
    return (
        replace(each, columns=row) if row else each
        for each, row in zip(numbered, said, strict=False)
    )


def _of_table(
    table: Any, keep: Sequence[str]
) -> tuple[Iterator[Any], Any, Iterable[tuple[tuple[str, str], ...]]]:
    """Return the structures of a table, its names if it has any, and what is kept of its rows."""
    columns = [str(name) for name in table.columns]
    found = find_columns(columns, "the table")
    if found is None:
        raise InputError(f"no column {WANTED_COLUMN}; the table's columns are {', '.join(columns)}")
    kept = [
        [(name, _text(cell)) for cell in table.iloc[:, place]]
        for name, place in places_kept(keep, columns, "the table").items()
    ]
    cells = zip(*(table.iloc[:, place] for place in found.structures), strict=True)
    names = table.iloc[:, found.names] if found.names >= 0 else None
    said = zip(*kept, strict=True) if kept else repeat(())
    return map(_first_given, cells), names, said


def _first_given(cells: tuple[Any, ...]) -> Any:
    """Return the first cell of a row that is not empty; NaN, pandas' word for that, is no text."""
    return next((cell for cell in cells if cell is not None and cell == cell), cells[0])


def _structure(line: int, given: Any, name: object) -> InputStructure:
    if isinstance(given, tuple):
        if len(given) != 2:
            raise TypeError(
                f"structure {line}: a tuple is a structure and its name, found {len(given)} items; "
                "many structures come in a list"
            )
        given, own = given
        name = own if name is None else name
    if hasattr(given, "GetAtoms"):
        from rdkit import Chem

        if name is None and given.HasProp("_Name"):
            name = given.GetProp("_Name")
        given = Chem.MolToSmiles(given)
    elif isinstance(given, str) and "\n" not in given.strip():
        parsed = parse_line(given, line)
        given, name = parsed.smiles, parsed.name if name is None else name
    elif not isinstance(given, str):  # an empty cell of a table
        given = "" if given is None or given != given else given
    return InputStructure(line, given, _text(name))


def _text(cell: object) -> str:
    """Return a cell as text; what is missing, NaN among it, as an empty one."""
    return "" if cell is None or cell != cell else str(cell)
