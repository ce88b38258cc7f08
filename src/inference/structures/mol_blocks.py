"""Structures of MOL and SDF files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .columns import find_columns, kept_columns
from .input_structure import InputStructure

MOL_ENDINGS = (".sdf", ".sd", ".mol", ".mdl")
# The line of counts is the fourth.
HEADER_LINES = 4
NEXT_RECORD = "$$$$"

_COUNTS = re.compile(r"[ \d]{6}.*V[23]000\s*$")
_END = "M  END"
_FIELD = re.compile(r">.*<(.+)>")


def is_mol_block(beginning: Sequence[str]) -> bool:
    """Say whether the first lines of a text are those of a MOL block.

    Example:
        >>> from nextims.inference.structures.mol_blocks import is_mol_block
        >>> is_mol_block(["", "  RDKit", "", "  3  2  0  0  0  0  0  0  0  0999 V2000"])
        True
    """
    return len(beginning) >= HEADER_LINES and bool(_COUNTS.match(beginning[HEADER_LINES - 1]))


def read_mol_blocks(lines: Iterator[str], keep: Sequence[str] = ()) -> Iterator[InputStructure]:
    """Read the records of an SDF file; a MOL file has one.

    Args:
        lines: lines of the file.
        keep: fields whose values are kept as ``InputStructure.columns``; empty where there is none.

    Yields:
        The MOL block of each record, with the line in which it begins. Its name is its title, or
        else that in a field that is called so.
    """
    record: list[str] = []
    first = number = 1
    for number, line in enumerate(lines, start=1):
        if line.startswith(NEXT_RECORD):
            yield _structure(record, first, keep)
            record, first = [], number + 1
        else:
            record.append(line)
    if any(line.strip() for line in record):
        yield _structure(record, first, keep)


def _structure(record: list[str], line: int, keep: Sequence[str]) -> InputStructure:
    ends = [place for place, text in enumerate(record) if text.startswith(_END)]
    block = "\n".join(record[: ends[0] + 1]) if ends else ""
    name = record[0].strip() if record else ""
    fault = "" if block else f"no MOL block: {_END} is missing"
    columns = tuple((field, _value(record, field)) for field in keep)
    return InputStructure(line, block, name or _named(record), fault, columns=columns)


def _value(record: list[str], field: str) -> str:
    fields = [match[1] if (match := _FIELD.match(text)) else "" for text in record]
    try:
        [place] = kept_columns([field], fields).values()
    except KeyError:
        return ""
    return record[place + 1].strip() if place + 1 < len(record) else ""


def _named(record: list[str]) -> str:
    """Return what the fields below the MOL block give as the name."""
    fields = [match[1] if (match := _FIELD.match(text)) else "" for text in record]
    # As though they were the columns of a table, which must have one of structures.
    place = find_columns(["smiles", *fields]).names
    return record[place].strip() if 0 < place < len(record) else ""
