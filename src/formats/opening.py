"""Opening files of spectra."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import UserError
from ..files.text import decoded_lines


class SpectraFileError(UserError):
    """A file of spectra cannot be read; the message names the file and the reason."""


def check_readable(path: str | Path) -> None:
    """Check that a file is there and may be read.

    Raises:
        SpectraFileError: it is not.

    Example:
        >>> from nextims.formats.opening import check_readable
        >>> check_readable("no.msp")
        Traceback (most recent call last):
        nextims.formats.opening.SpectraFileError: no.msp: no such file
    """
    path = Path(path)
    if path.is_dir():
        raise SpectraFileError(f"{path}: cannot be read (is a folder, expected a file of spectra)")
    try:
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise SpectraFileError(f"{path}: no such file") from None
    except OSError as error:
        raise SpectraFileError(f"{path}: cannot be read ({error.strerror})") from None


def open_lines(path: Path) -> Iterator[str]:
    r"""Return the lines of a text file, see ``decoded_lines``.

    Args:
        path: the file, which is opened at once.

    Raises:
        SpectraFileError: it is not text.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.formats.opening import open_lines
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.csv")
        >>> _ = path.write_text("17,212\n18,999")
        >>> list(open_lines(path))
        ['17,212', '18,999']
    """
    stream = path.open("rb")
    try:
        return decoded_lines(stream)
    except ValueError as error:
        stream.close()
        raise SpectraFileError(f"{path}: {error}") from None
