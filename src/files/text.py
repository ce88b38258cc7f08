"""Text files of any encoding, line by line."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO


def decoded_lines(stream: BinaryIO, *, keep_open: bool = False) -> Iterator[str]:
    r"""Return the lines of a binary stream as text without line ends.

    UTF-8 and UTF-16, with or without byte-order mark, and any line ends are read; a line that is
    not UTF-8 is taken as Windows-1252.

    Args:
        stream: what to read; it is read as it is needed, and closed at its end.
        keep_open: whether to leave it open.

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
    return _lines(text, keep_open)


def _lines(text: io.TextIOWrapper, keep_open: bool) -> Iterator[str]:
    try:
        for line in text:
            yield (line if line.isascii() else _without_surrogates(line)).rstrip("\n")
    finally:
        if not keep_open:
            text.close()
        elif not text.closed:
            text.detach()  # else the wrapper would close its stream when it goes


def _without_surrogates(line: str) -> str:
    try:
        line.encode("utf-8")
        return line
    except UnicodeEncodeError:
        return line.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
