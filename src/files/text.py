"""Text files of any encoding, gzipped or not, line by line."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

GZIP_ENDING = ".gz"
_GZIP_MAGIC = b"\x1f\x8b"
# What reading a gzipped file raises where it is damaged, or cut off.
GZIP_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error)
# Ends files of DOS, and stands between those that were joined there.
_CTRL_Z = "\x1a"


def is_gzip(beginning: bytes) -> bool:
    """Say whether bytes begin as a gzipped file does.

    Example:
        >>> import gzip
        >>> from nextims.files.text import is_gzip
        >>> is_gzip(gzip.compress(b"CCO")), is_gzip(b"CCO")
        (True, False)
    """
    return beginning.startswith(_GZIP_MAGIC)


def open_bytes(path: Path) -> BinaryIO:
    """Open a file to read its bytes, those of a gzipped one as they were before."""
    file = path.open("rb")
    if path.suffix.lower() == GZIP_ENDING or is_gzip(file.peek(2)):
        file.close()
        return gzip.open(path, "rb")
    return file


def decoded_lines(
    stream: BinaryIO, *, keep_open: bool = False, notes: set[str] | None = None
) -> Iterator[str]:
    r"""Return the lines of a binary stream as text without line ends.

    One rule for all files: UTF-8, with or without byte-order mark, and UTF-16 with one; a line that
    is not UTF-8 is taken as Windows-1252, and as Latin-1 where it holds bytes that Windows-1252
    leaves undefined. Any line ends are read, and a Ctrl-Z is left out.

    Args:
        stream: what to read; it is read as it is needed, and closed at its end.
        keep_open: whether to leave it open.
        notes: gets what lines were taken for that are not UTF-8.

    Raises:
        ValueError: it is not text.

    Example:
        >>> import io
        >>> from nextims.files.text import decoded_lines
        >>> list(decoded_lines(io.BytesIO("Éthanol\r\n水".encode("utf-16"))))
        ['Éthanol', '水']
    """
    beginning = stream.peek(4096) if hasattr(stream, "peek") else b""
    if not beginning and stream.seekable():
        beginning = stream.read(4096)
        stream.seek(-len(beginning), io.SEEK_CUR)
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = io.TextIOWrapper(stream, encoding="utf-16", errors="replace")
    elif b"\0" in beginning:
        raise ValueError("not a text file")
    else:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape")
    return _lines(text, keep_open, set() if notes is None else notes)


def _lines(text: io.TextIOWrapper, keep_open: bool, notes: set[str]) -> Iterator[str]:
    try:
        for line in text:
            line = line.rstrip("\n")
            if _CTRL_Z in line:
                line = line.replace(_CTRL_Z, "")
            yield line if line.isascii() else _without_surrogates(line, notes)
    finally:
        if not keep_open:
            text.close()
        elif not text.closed:
            text.detach()  # else the wrapper would close its stream when it goes


def _without_surrogates(line: str, notes: set[str]) -> str:
    try:
        line.encode("utf-8")
        return line
    except UnicodeEncodeError:
        raw = line.encode("utf-8", "surrogateescape")
    try:
        line = raw.decode("cp1252")
        notes.add("not UTF-8, read as Windows-1252")
    except UnicodeDecodeError:
        line = raw.decode("latin-1")
        notes.add("not UTF-8, read as Latin-1")
    return line


def counted(number: int, noun: str) -> str:
    """Return a number of things.

    Example:
        >>> from nextims.files.text import counted
        >>> counted(1, "hit"), counted(2, "failure")
        ('1 hit', '2 failures')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
