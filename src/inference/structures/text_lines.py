"""Files of text, in the encodings and with the compression that users have, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ...errors import UserError
from ...files import text


class InputError(UserError):
    """A list of structures cannot be read; the message names the file and the reason."""


def open_bytes(path: Path) -> BinaryIO:
    """Open a file to read its bytes, those of a gzipped one (``.gz``) as they were before.

    Raises:
        InputError: it cannot be opened.
    """
    try:
        return text.open_bytes(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, expected a file of SMILES") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


@contextmanager
def damage_named(label: str) -> Iterator[None]:
    """Name the file where gzip finds it damaged, or cut off.

    Raises:
        InputError: it is.
    """
    try:
        yield
    except text.GZIP_ERRORS as error:
        raise InputError(f"{label}: cannot be read as gzip ({error})") from error


def decoded_lines(stream: BinaryIO, label: str, *, keep_open: bool) -> Iterator[str]:
    r"""Return the lines of a binary stream as text without line ends.

    Args:
        stream: of text in an encoding that ``nextims.files.text`` reads.
        label: names the stream in errors.
        keep_open: whether it stays open at the end.

    Raises:
        InputError: it is not text, or (as it is read) not gzipped as its name says.

    Example:
        >>> import io
        >>> from nextims.inference.structures.text_lines import decoded_lines
        >>> list(decoded_lines(io.BytesIO(b"CCO\r\nC"), "two lines", keep_open=True))
        ['CCO', 'C']
    """
    try:
        with damage_named(label):
            lines = text.decoded_lines(stream, keep_open=keep_open)
    except ValueError as error:
        raise InputError(f"{label}: {error}, expected SMILES (.smi, .txt or .csv)") from None
    return _lines(lines, label)


def _lines(lines: Iterator[str], label: str) -> Iterator[str]:
    with damage_named(label):
        yield from lines
