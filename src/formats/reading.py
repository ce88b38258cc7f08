"""Measured spectra from files: one function a format, chosen by the ending of the file's name."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from ..files.endings import WORKBOOK, WORKBOOKS, known_ending
from ..files.text import open_bytes
from ..spectra.record import BadRecord, Record
from .csv.reading import read_peak_rows
from .hdf5.reading import read_hdf5
from .jcamp.reading import read_jcamp
from .json.reading import read_json
from .massbank.reading import parse_massbank
from .mgf.reading import read_mgf
from .msp.library import read_nist
from .msp.reading import begins_record
from .mzspeclib.reading import read_mzspeclib
from .opening import SpectraFileError, check_readable, open_lines, without_gzip
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
# What files are that hold spectra, or seem to, and are not read.
_OTHER_KINDS = {
    (".cdf", ".nc"): "a run in netCDF, as instruments export it; export spectra as .msp or .jdx",
    (".mzml", ".mzxml", ".mzdata"): "a run in XML; export spectra as .msp or .mgf",
    (".d", ".raw", ".qgd", ".wiff", ".ms", ".smp"): "an instrument's own file; export spectra",
    (".elu", ".fin"): "AMDIS's list of what it found; save the spectra as a library (.msl or .msp)",
    (".dbu", ".inu", ".hpj"): "a library in NIST's own format; export it with lib2nist as .msp",
    (".l", ".lib"): "an instrument maker's library; export it with lib2nist as .msp",
    (".zip", ".7z", ".bz2", ".xz", ".tar", ".tgz"): "an archive; unpack it (.gz is read as it is)",
    WORKBOOKS: WORKBOOK,
    (".log",): "a program's log, no spectra",
}


def read_spectra(path: str | Path) -> Found:
    r"""Read the spectra of a file, few at a time in memory.

    The format is that of the file's ending, a key of ``READERS``; a text may be gzipped, with
    ``.gz`` behind it. A ``.txt`` may be MSP, mzSpecLib, a MassBank record, JCAMP-DX, MGF or columns
    of numbers, which its first lines tell apart.

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
    ending = known_ending(without_gzip(path), READERS)
    if ending in READERS:
        return READERS[ending](path)
    kind = next((kind for endings, kind in _OTHER_KINDS.items() if ending in endings), "")
    found = f"is {kind}" if kind else f"unknown ending {ending!r}; can be read: {ENDINGS}"
    raise SpectraFileError(f"{path}: {found}")


def _of_rows(read: Callable[[Path], Iterable[RawRecord]]) -> Callable[[Path], Found]:
    """Return what reads a table that is no text, and may have no rows."""

    def read_path(path: Path) -> Found:
        if path != without_gzip(path):
            raise SpectraFileError(f"{path}: is gzipped, which is read of text only; unpack it")
        return _records(read(path), path)

    return read_path


def _of_lines(read: Callable[[Iterable[str]], Iterable[RawRecord]]) -> Callable[[Path], Found]:
    """Return what reads a text, which is not empty without being something else."""

    def read_path(path: Path) -> Found:
        notes: set[str] = set()
        raws = read(open_lines(path, notes))
        return _at_least_one(_records(raws, path, notes), path)

    return read_path


def _records(raws: Iterable[RawRecord], path: Path, notes: set[str] | None = None) -> Found:
    """Yield the records, with what is noted of the file's lines as they are read."""
    for number, raw in enumerate(raws, start=1):
        if notes:
            raw.notes += tuple(sorted(notes))
            notes.clear()
        yield raw.record(str(path), number)


def _read_columns(path: Path) -> Found:
    """Read a table, which may have a header alone."""
    notes: set[str] = set()
    raws = read_peak_rows(open_lines(path, notes), without_gzip(path).stem)
    return _to_the_damage(_records(raws, path, notes), path)


def _read_msp(path: Path) -> Found:
    mol_folder = without_gzip(path).with_suffix(".MOL")
    return _at_least_one(read_nist(path, mol_folder), path)


def _read_massbank(path: Path) -> Found:
    with open_bytes(path) as file:
        return parse_massbank(file.read(), str(path))


def _read_text(path: Path) -> Found:
    """Read a text file, whose ending does not say what it is."""
    beginning = [line.strip() for line in islice(open_lines(path), _LOOKED_AT) if line.strip()]
    for text in beginning[:1]:
        for start, read in _STARTS.items():
            if text.upper().startswith(start):
                return read(path)
    is_msp = any(map(begins_record, beginning))
    return _read_msp(path) if is_msp else _read_columns(path)


def _at_least_one(records: Found, path: Path) -> Found:
    """Yield the records; of a file that has none, but is not empty, that it has none."""
    record = None
    for record in _to_the_damage(records, path):
        yield record
    if record is not None:
        return
    with open_bytes(path) as file:
        beginning = file.read(_LONGEST_BLANK).removeprefix(codecs.BOM_UTF8).strip()[:40]
    if beginning.strip(b"\x1a \r\n") and not _EMPTY.match(beginning):
        found = f"begins {beginning.decode('latin-1')!r}"
        yield BadRecord(str(path), 1, "", "", "no record of this format", found)


def _to_the_damage(records: Found, path: Path) -> Found:
    """Yield the records; of a gzipped file that is cut off, that it is."""
    line = 1
    try:
        for record in records:
            line = record.line
            yield record
    except SpectraFileError as error:
        yield BadRecord(str(path), line, "", "", "the file is damaged from here on", str(error))


# Ending of a file → what reads it: the one place where formats to read are named.
READERS: dict[str, Callable[[Path], Found]] = {
    ".msp": _read_msp,
    ".mspec": _read_msp,
    ".msl": _read_msp,
    ".cms": _read_msp,
    ".jdx": _of_lines(read_jcamp),
    ".dx": _of_lines(read_jcamp),
    ".jcamp": _of_lines(read_jcamp),
    ".sdf": _of_lines(read_sdf),
    ".mgf": _of_lines(read_mgf),
    ".mzspeclib.txt": _of_lines(read_mzspeclib),
    ".mzspeclib": _of_lines(read_mzspeclib),
    ".mzlib.txt": _of_lines(read_mzspeclib),
    ".mzlib": _of_lines(read_mzspeclib),
    ".mzspeclib.json": _of_lines(read_json),
    ".mzlib.json": _of_lines(read_json),
    ".json": _of_lines(read_json),
    ".jsonl": _of_lines(read_json),
    ".csv": _read_columns,
    ".tsv": _read_columns,
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
    "ACCESSION:": _read_massbank,
}
