"""Measured spectra from files: one function a format, chosen by the ending of the file's name."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

from ..files.endings import known_ending
from ..spectra.record import BadRecord, Record
from .csv.reading import read_peak_rows, starts_columns
from .hdf5.reading import read_hdf5
from .jcamp.reading import read_jcamp
from .json.reading import read_json
from .massbank.reading import parse_massbank
from .mgf.reading import read_mgf
from .msp.library import read_nist
from .mzspeclib.reading import read_mzspeclib
from .opening import SpectraFileError, check_readable, open_lines
from .parquet.reading import read_parquet
from .raw_record import RawRecord
from .sdf.reading import read_sdf

Found = Iterator[Record | BadRecord]
# Lines of a .txt that are looked at to say what it is.
_LOOKED_AT = 200
# Bytes in which something must stand.
_LONGEST_BLANK = 1 << 16
# What holds no spectra without being anything else.
_EMPTY = re.compile(rb"<mzSpecLib>|\[\s*\]$", re.IGNORECASE)
_FIELD_OF_MSP = re.compile(r"(?:name|num\s*peaks)\s*:", re.IGNORECASE)


def read_spectra(path: str | Path) -> Found:
    r"""Read the spectra of a file, few at a time in memory.

    The format is that of the file's ending, a key of ``READERS``. A ``.txt`` may be MSP, mzSpecLib,
    a MassBank record, JCAMP-DX, MGF or columns of numbers, which its first lines tell apart.

    Args:
        path: the file. MOL files that lib2nist puts beside an MSP, in a folder ``LIBRARY.MOL``, are
            read with it.

    Returns:
        Records, and those that cannot be read with line and reason: a file that is not empty gives
        at least one of either. The file is opened at once, and read as it is needed. Intensities
        are on the scale of the file, see ``Spectrum.binned``.

    Raises:
        SpectraFileError: the ending is another, or the file is missing or of another content.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.formats.reading import read_spectra
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.mgf")
        >>> _ = path.write_text("BEGIN IONS\nTITLE=water\n17 212\n18 999\nEND IONS\n")
        >>> [(record.name, len(record.spectrum)) for record in read_spectra(path)]
        [('water', 2)]
    """
    path = Path(path)
    check_readable(path)
    ending = known_ending(path, READERS)
    if ending not in READERS:
        raise SpectraFileError(f"{path}: unknown ending {ending!r}; can be read: {ENDINGS}")
    return READERS[ending](path)


def _of_rows(read: Callable[[Path], Iterable[RawRecord]]) -> Callable[[Path], Found]:
    """Return what reads a table, which may have no rows."""

    def read_path(path: Path) -> Found:
        raws = read(path)
        return (raw.record(str(path), number) for number, raw in enumerate(raws, start=1))

    return read_path


def _of_lines(read: Callable[[Iterable[str]], Iterable[RawRecord]]) -> Callable[[Path], Found]:
    """Return what reads a text, which is not empty without being something else."""
    read_path = _of_rows(lambda path: read(open_lines(path)))
    return lambda path: _at_least_one(read_path(path), path)


def _read_columns(path: Path) -> Iterator[RawRecord]:
    return read_peak_rows(open_lines(path), path.stem)


def _read_msp(path: Path) -> Found:
    return _at_least_one(read_nist(path, path.with_suffix(".MOL"), progress=False), path)


def _read_text(path: Path) -> Found:
    """Read a text file, whose ending does not say what it is."""
    beginning = [line.strip() for line in islice(open_lines(path), _LOOKED_AT) if line.strip()]
    for text in beginning[:1]:
        for start, read in _STARTS.items():
            if text.upper().startswith(start):
                return read(path)
    is_msp = any(map(_FIELD_OF_MSP.match, beginning))
    if not is_msp and any(map(starts_columns, beginning)):
        return _at_least_one(READERS[".csv"](path), path)
    return _read_msp(path)


def _at_least_one(records: Found, path: Path) -> Found:
    """Yield the records; of a file that has none, but is not empty, that it has none."""
    first = next(records, None)
    if first is not None:
        yield from chain([first], records)
        return
    with path.open("rb") as file:
        beginning = file.read(_LONGEST_BLANK).removeprefix(codecs.BOM_UTF8).strip()[:40]
    if beginning and not _EMPTY.match(beginning):
        found = f"begins {beginning.decode('latin-1')!r}"
        yield BadRecord(str(path), 1, "", "", "no record of this format", found)


# Ending of a file → what reads it: the one place where formats to read are named.
READERS: dict[str, Callable[[Path], Found]] = {
    ".msp": _read_msp,
    ".mspec": _read_msp,
    ".jdx": _of_lines(read_jcamp),
    ".dx": _of_lines(read_jcamp),
    ".jcamp": _of_lines(read_jcamp),
    ".sdf": _of_lines(read_sdf),
    ".mgf": _of_lines(read_mgf),
    ".mzspeclib.txt": _of_lines(read_mzspeclib),
    ".json": _of_lines(read_json),
    ".jsonl": _of_lines(read_json),
    ".csv": _of_rows(_read_columns),
    ".tsv": _of_rows(_read_columns),
    ".txt": _read_text,
    ".parquet": _of_rows(read_parquet),
    ".h5": _of_rows(read_hdf5),
    ".hdf5": _of_rows(read_hdf5),
}
ENDINGS = ", ".join(READERS)
# What the first line of a .txt begins with.
_STARTS: dict[str, Callable[[Path], Found]] = {
    "<MZSPECLIB": READERS[".mzspeclib.txt"],
    "##": READERS[".jdx"],
    "BEGIN IONS": READERS[".mgf"],
    "ACCESSION:": lambda path: parse_massbank(path.read_bytes(), str(path)),
}
