"""Reading lists of structures: one SMILES a line, or a table with a column of them."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from ...formats.csv.cells import original_cell
from .list_files import (
    PARQUET,
    STANDARD_INPUT,
    TABLE_ENDINGS,
    count_lines,
    list_files,
    open_parquet,
    structures_ending,
)
from .text_lines import InputError, decoded_lines, open_bytes

_DELIMITERS = (",", ";", "\t")
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class InputStructure:
    """One structure as the user gave it.

    Attributes:
        line: line of the file, from 1; of a folder, as though its files were one.
        smiles: text in the structure's place, unchecked; may be empty.
        name: name; empty where there is none.
        fault: why it cannot be predicted, where that is known before a model sees it.
        number: what its spectrum goes by in a file, where several come of one line; 0: the line.
        file: name of the file of a folder; empty where the input is one file.
        file_line: line of that file, from 1; 0 where the input is one file.
    """

    line: int
    smiles: str
    name: str = ""
    fault: str = ""
    number: int = 0
    file: str = ""
    file_line: int = 0


@dataclass(frozen=True)
class _Table:
    """How the lines of a table are divided."""

    delimiter: str
    smiles_column: int
    name_column: int
    has_header: bool


def read_structures(source: str | Path) -> Iterator[InputStructure]:
    """Read structures one after the other.

    Text files hold one SMILES a line, and a name after white space where there is one. Tables
    (``.csv``, ``.tsv``, or any file whose first line names a column ``smiles``) are separated by
    comma, semicolon or tab, cells may be quoted; they have a column ``smiles`` and perhaps
    ``name``, or no header and the SMILES first. Each line is one record. Blank lines are given as
    empty structures, so that nothing vanishes without a mark. A Parquet file has these columns,
    and its rows are numbered as lines from 1.

    The text may be of any encoding that ``decoded_lines`` reads, and gzipped (``.gz``).

    Args:
        source: path of the file; of a folder, whose files are read in the order of their names; or
            ``-`` for standard input.

    Returns:
        The structures in the file's order. The file is opened at once, and read as it is needed.

    Raises:
        InputError: the file is missing, or is not text; or the folder holds something else.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.inference.structures.lists import read_structures
        >>> path = pathlib.Path(tempfile.mkdtemp(), "alcohols.smi")
        >>> _ = path.write_text("CCO ethanol")
        >>> [(each.line, each.smiles, each.name) for each in read_structures(path)]
        [(1, 'CCO', 'ethanol')]
    """
    if str(source) == STANDARD_INPUT:
        lines = decoded_lines(sys.stdin.buffer, "standard input", keep_open=True)
        return _structures(lines, is_table=False)
    path = Path(source)
    if path.is_dir():
        files = list_files(path)
        for file in files:
            read_structures(file)  # what cannot be read is said before the work
        return _read_folder(files)
    ending = structures_ending(path)
    if ending == PARQUET:
        return _read_parquet(path)
    stream = open_bytes(path)
    try:
        lines = decoded_lines(stream, str(path), keep_open=False)
    except InputError:
        stream.close()
        raise
    return _structures(lines, ending in TABLE_ENDINGS)


def read_batch(source: str | Path) -> tuple[Iterator[InputStructure], int | None]:
    """Read the structures of a file or folder that must not be empty, and count its lines.

    Args:
        source: see ``read_structures``.

    Returns:
        The structures, and ``count_lines``.

    Raises:
        InputError: see ``read_structures``; or the file holds no structures.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.inference.structures.lists import read_batch
        >>> path = pathlib.Path(tempfile.mkdtemp(), "alcohols.smi")
        >>> _ = path.write_text("CCO ethanol")
        >>> structures, lines = read_batch(path)
        >>> [each.name for each in structures], lines
        (['ethanol'], 1)
    """
    structures = read_structures(source)
    first = next(structures, None)
    if first is None:
        label = "standard input" if str(source) == STANDARD_INPUT else source
        raise InputError(f"{label}: holds no structures")
    return chain([first], structures), count_lines(source)


def parse_line(text: str, line: int = 1) -> InputStructure:
    """Divide a line into the SMILES and the name after the white space.

    Example:
        >>> from nextims.inference.structures.lists import parse_line
        >>> parse_line("CCO  ethyl alcohol").name
        'ethyl alcohol'
    """
    smiles, *name = text.split(maxsplit=1)[:2] or [""]
    return InputStructure(line, smiles, "".join(name).strip())


def _read_folder(files: list[Path]) -> Iterator[InputStructure]:
    line = before = 0
    for path in files:
        for structure in read_structures(path):
            line = before + structure.line
            yield replace(structure, line=line, file=path.name, file_line=structure.line)
        before = line


def _read_parquet(path: Path) -> Iterator[InputStructure]:
    file = open_parquet(path)
    found = file.schema_arrow.names
    columns = {name.lower(): name for name in reversed(found)}
    if "smiles" not in columns:
        raise InputError(f"{path}: has no column smiles; its columns are {', '.join(found)}")
    return _parquet_rows(file, [columns[name] for name in ("smiles", "name") if name in columns])


def _parquet_rows(file, columns: list[str]) -> Iterator[InputStructure]:
    line = 0
    with file:
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=columns):
            cells = (batch.column(name).to_pylist() for name in columns)
            for row in zip(*cells, strict=True):
                line += 1
                texts = ("" if cell is None else str(cell).strip() for cell in row)
                yield InputStructure(line, *texts)


def _structures(lines: Iterator[str], is_table: bool) -> Iterator[InputStructure]:
    table = None
    for number, line in enumerate(lines, start=1):
        if number == 1:
            table = _table_of(line, is_table)
            if _is_header(line, table):
                continue
        yield parse_line(line, number) if table is None else _parse_row(line, number, table)


def _is_header(first_line: str, table: _Table | None) -> bool:
    if table is not None:
        return table.has_header
    # No molecule is written "smiles": such a word heads the column of a text file.
    return parse_line(first_line).smiles.lower() == "smiles"


def _table_of(first_line: str, is_table: bool) -> _Table | None:
    """Find out from its first line how a table is divided; ``None`` where there is none."""
    for delimiter in _DELIMITERS:
        header = [cell.lower() for cell in _cells(first_line, delimiter)]
        if "smiles" in header and (is_table or len(header) > 1):
            name = header.index("name") if "name" in header else -1
            return _Table(delimiter, header.index("smiles"), name, has_header=True)
    if not is_table:
        return None
    # Without a header the SMILES comes first, and no SMILES holds a delimiter.
    present = [delimiter for delimiter in _DELIMITERS if delimiter in first_line]
    delimiter = min(present, key=first_line.index, default=",")
    return _Table(delimiter, smiles_column=0, name_column=1, has_header=False)


def _cells(line: str, delimiter: str) -> list[str]:
    # Line by line: an unclosed quote spoils its own line and cannot swallow those that follow.
    try:
        row = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:  # a cell of more than 131 072 characters, say: no structure either way
        row = [line]
    return [original_cell(cell.strip()) for cell in row]


def _parse_row(line: str, number: int, table: _Table) -> InputStructure:
    cells = _cells(line, table.delimiter)

    def cell(column: int) -> str:
        return cells[column] if 0 <= column < len(cells) else ""

    return InputStructure(number, cell(table.smiles_column), cell(table.name_column))
