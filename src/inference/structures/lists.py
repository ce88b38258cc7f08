"""Reading lists of structures: one SMILES a line, or a table with a column of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice, takewhile
from pathlib import Path
from types import MappingProxyType

from ...chemistry.reading.inchi_text import is_inchi
from ...files.endings import WORKBOOK, WORKBOOKS
from ...formats.fields import field_name, says_nothing
from .columns import (
    DELIMITERS,
    WANTED_COLUMN,
    Columns,
    columns_below,
    divide,
    find_columns,
    kept_columns,
    read_rows,
)
from .input_structure import InputStructure
from .list_files import (
    PARQUET,
    STANDARD_INPUT,
    TABLE_ENDINGS,
    count_lines,
    list_files,
    open_parquet,
    structures_ending,
)
from .mol_blocks import HEADER_LINES, MOL_ENDINGS, is_mol_block, read_mol_blocks
from .other_kinds import is_readable, refuse_other_kinds, told_kind
from .text_lines import InputError, decoded_lines, open_bytes

_ROWS_AT_ONCE = 4096
# What ChemAxon and RDKit write after a SMILES: coordinates, radicals, kinds of stereochemistry.
_EXTENSION = re.compile(r"\|[^|]*\|(?=\s|$)")
_COMMENT = re.compile(r"#(?!#\w+ *=)")  # a field of JCAMP-DX is none
_BLANK = re.compile(r"\s*(?://|$)")
# What Excel writes above a table.
_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


def read_structures(source: str | Path, keep: Sequence[str] = ()) -> Iterator[InputStructure]:
    """Read structures one after the other.

    Text files hold one SMILES or InChI a line, and a name after white space where there is one, up
    to a tab; lines that begin with ``#`` or ``//`` are comments. Tables (``.csv``, ``.tsv``, or any
    file whose first line names a column of structures) are separated by comma, semicolon or tab,
    cells may be quoted; they have a column of structures and perhaps of names, which
    ``find_columns`` finds, or no header and the structure first. MOL and SDF files are known by
    their ending or their first lines. Each line is one record, but for blank ones and comments. A
    Parquet file has such columns, and its rows are numbered as lines from 1.

    The text may be of any encoding that ``decoded_lines`` reads, and gzipped (``.gz``).

    Args:
        source: path of the file; of a folder, whose files are read in the order of their names; or
            ``-`` for standard input.
        keep: columns whose values are kept as ``InputStructure.columns``.

    Returns:
        The structures in the file's order. The file is opened at once, and read as it is needed.

    Raises:
        InputError: the file is missing, is not text, or holds no structures but something else that
            is known, names or spectra, say; or the folder holds something else; or there is no
            column to keep.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.inference.structures.lists import read_structures
        >>> path = pathlib.Path(tempfile.mkdtemp(), "alcohols.smi")
        >>> _ = path.write_text("CCO ethanol")
        >>> [(each.line, each.smiles, each.name) for each in read_structures(path)]
        [(1, 'CCO', 'ethanol')]
    """
    if str(source) == STANDARD_INPUT:
        label = "standard input"
        return _structures(decoded_lines(sys.stdin.buffer, label, keep_open=True), label, keep=keep)
    path = Path(source)
    if path.is_dir():
        files = list_files(path)
        for file in files:
            read_structures(file, keep)  # what cannot be read is said before the work
        return _read_folder(files, keep)
    ending = structures_ending(path)
    if ending == PARQUET:
        return _read_parquet(path, keep)
    stream = open_bytes(path)
    if ending in WORKBOOKS:
        stream.close()
        raise InputError(f"{path}: is {WORKBOOK}")
    try:
        lines = decoded_lines(stream, str(path), keep_open=False)
        return _structures(lines, str(path), ending, keep)
    except InputError:
        stream.close()
        raise


def read_batch(
    source: str | Path, keep: Sequence[str] = ()
) -> tuple[Iterator[InputStructure], int | None]:
    """Read the structures of a file or folder that must not be empty, and count its lines.

    Args:
        source: see ``read_structures``.
        keep: likewise.

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
    structures = read_structures(source, keep)
    first = next(structures, None)
    if first is None:
        label = "standard input" if str(source) == STANDARD_INPUT else source
        raise InputError(f"{label}: holds no structures")
    return chain([first], structures), count_lines(source)


def parse_line(text: str, line: int = 1) -> InputStructure:
    r"""Divide a line into the SMILES or InChI and the name after the white space.

    Example:
        >>> from nextims.inference.structures.lists import parse_line
        >>> parse_line("CCO  ethyl alcohol").name
        'ethyl alcohol'
        >>> parse_line("C1CCC=CC1 |c:3| cyclohexene").name
        'cyclohexene'
        >>> parse_line("CCO\tethyl alcohol\t46.07").name
        'ethyl alcohol'
    """
    smiles, name = [*text.split(maxsplit=1), "", ""][:2]
    if extension := _EXTENSION.match(name):
        smiles, name = f"{smiles} {extension[0]}", name[extension.end() :]
    return InputStructure(line, smiles, name.strip().partition("\t")[0].strip().removeprefix("# "))


def _read_folder(files: list[Path], keep: Sequence[str]) -> Iterator[InputStructure]:
    line = before = 0
    for path in files:
        for structure in read_structures(path, keep):
            line = before + structure.line
            yield replace(structure, line=line, file=path.name, file_line=structure.line)
        before = line


def _read_parquet(path: Path, keep: Sequence[str]) -> Iterator[InputStructure]:
    file = open_parquet(path)
    found = file.schema_arrow.names
    if (columns := find_columns(found, str(path))) is None:
        raise InputError(
            f"{path}: has no column {WANTED_COLUMN}; its columns are {', '.join(found)}"
        )
    kept = places_kept(keep, found, str(path))
    return refuse_other_kinds(_parquet_rows(file, found, columns, kept), str(path))


def _parquet_rows(
    file, found: list[str], columns: Columns, kept: dict[str, int]
) -> Iterator[InputStructure]:
    line = 0
    read = [place for place in (*columns.structures, columns.names) if place >= 0]
    among = Columns(tuple(range(len(columns.structures))), len(columns.structures))
    facts = len(read)
    read += kept.values()
    names = list(dict.fromkeys(found[place] for place in read))
    with file:
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=names):
            cells = (batch.column(found[place]).to_pylist() for place in read)
            for row in zip(*cells, strict=True):
                line += 1
                texts = ["" if cell is None else str(cell).strip() for cell in row]
                said = tuple(zip(kept, texts[facts:], strict=True))
                yield InputStructure(line, *among.read(texts[:facts]), columns=said)


def places_kept(keep: Sequence[str], header: Sequence[str], label: str) -> dict[str, int]:
    """Return where the columns to ``keep`` stand, see ``kept_columns``.

    Raises:
        InputError: there is no such column in what the ``label`` names, or several.
    """
    names = [field_name(name) for name in header]
    for name in keep:
        if names.count(field_name(name)) > 1:
            raise InputError(f"{label}: several columns are named {name}; rename all but one")
    try:
        return kept_columns(keep, header)
    except KeyError as error:
        there = f"its columns are {', '.join(header)}"
        if not header:
            there = f"of its first line, no column is known as {WANTED_COLUMN}"
        raise InputError(f"{label}: has no column {error.args[0]} to keep; {there}") from None


def _structures(
    lines: Iterator[str], label: str, ending: str = "", keep: Sequence[str] = ()
) -> Iterator[InputStructure]:
    beginning = list(islice(lines, HEADER_LINES))
    lines = chain(beginning, lines)
    if ending in MOL_ENDINGS or is_mol_block(beginning):
        return read_mol_blocks(lines, keep)
    numbered = enumerate(lines, start=1)
    above = sum(1 for _ in takewhile(_BLANK.match, beginning))
    first_line, second_line, third_line = [*beginning[above:], "", "", ""][:3]
    for _ in range(above):
        next(numbered)
    is_table, delimiters = ending in TABLE_ENDINGS, DELIMITERS
    if separator := _SEPARATOR.fullmatch(first_line.strip()):
        next(numbered)
        first_line, second_line = second_line, third_line
        is_table, delimiters = True, separator[1]
    for delimiter in delimiters:
        header = divide(first_line, delimiter)
        columns = find_columns(header, label)
        if columns is not None and (is_table or len(header) > 1):
            next(numbered)
            kept = places_kept(keep, header, label)
            rows = _table(numbered, delimiter, columns, len(header), kept)
            return refuse_other_kinds(rows, label)
    # Without such a header the structure comes first, and no SMILES holds a delimiter.
    present = [delimiter for delimiter in delimiters if delimiter in first_line]
    delimiter = min(present, key=first_line.index, default=",")
    header = divide(first_line, delimiter)
    columns = columns_below(header) if is_table or delimiter == "\t" else None
    first_below = divide(second_line, delimiter)[:1]
    if columns and told_kind(header[0]) and all(map(is_readable, first_below)):
        next(numbered)
        kept = places_kept(keep, header, label)
        rows = refuse_other_kinds(_table(numbered, delimiter, columns, len(header), kept), label)
        note = f"{label}: its first line is taken for names of columns ({', '.join(header)})"
        return (replace(row, note=note) if i == 0 else row for i, row in enumerate(rows))
    places_kept(keep, (), label)
    if is_table:
        return refuse_other_kinds(_table(numbered, delimiter, Columns((0,), 1)), label, header)
    # No molecule is written "smiles": such a word heads the column of a text file.
    if find_columns([first_line]) or find_columns(first_line.split()[:1]):
        next(numbered)
    return refuse_other_kinds(_text(numbered), label)


def _text(lines: Iterator[tuple[int, str]]) -> Iterator[InputStructure]:
    for number, line in lines:
        if not (_COMMENT.match(line) or (line[:1] != "#" and says_nothing(line))):
            yield parse_line(line, number)


def _table(
    lines: Iterator[tuple[int, str]],
    delimiter: str,
    columns: Columns,
    width: int | None = None,
    kept: Mapping[str, int] = MappingProxyType({}),
) -> Iterator[InputStructure]:
    for number, cells in read_rows(lines, delimiter):
        # A comment; a name may begin as one does.
        if not any(cells) or (len(cells) < (width or 2) and says_nothing(delimiter.join(cells))):
            continue
        if width:
            cells = _with_whole_inchi(cells, delimiter, columns.structures, width)
            while len(cells) > width and not cells[-1]:
                cells = cells[:-1]
            if len(cells) > width:
                cells = _with_whole_name(cells, delimiter, columns)
                if len(cells) > width:
                    fault = f"{len(cells)} cells, expected {width}: quote what has a {delimiter!r}"
                    yield InputStructure(number, delimiter.join(cells), fault=fault)
                    continue
        said = (cells[place] if place < len(cells) else "" for place in kept.values())
        kept_said = tuple(zip(kept, said, strict=True))
        yield InputStructure(number, *columns.read(cells), columns=kept_said)


def _with_whole_name(cells: list[str], delimiter: str, columns: Columns) -> list[str]:
    """Return the cells of a table of names and structures, with a name that had no quotes whole."""
    match columns.structures, columns.names:
        case (1,), 0:
            return [delimiter.join(cells[:-1]), cells[-1]]
        case (0,), 1:
            return [cells[0], delimiter.join(cells[1:])]
    return cells


def _with_whole_inchi(
    cells: list[str], delimiter: str, places: Sequence[int], width: int
) -> list[str]:
    """Return a row's cells, with the parts of an InChI that stood without quotes between commas."""
    excess = len(cells) - width
    if excess < 1:
        return cells
    for place in places:
        if place < len(cells) and is_inchi(cells[place]):
            end = place + excess + 1
            return [*cells[:place], delimiter.join(cells[place:end]), *cells[end:]]
    return cells
