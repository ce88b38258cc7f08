"""Opening files of spectra."""

from __future__ import annotations

from collections.abc import Iterator
from gzip import GzipFile
from pathlib import Path

from ..errors import UserError
from ..files.text import GZIP_ENDING, GZIP_ERRORS, decoded_lines, open_bytes


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


def without_gzip(path: Path) -> Path:
    """Return the path of a file without the ending of gzip.

    Example:
        >>> from pathlib import Path
        >>> from nextims.formats.opening import without_gzip
        >>> without_gzip(Path("lab.msp.gz")).name, without_gzip(Path("lab.msp")).name
        ('lab.msp', 'lab.msp')
    """
    return path.with_suffix("") if path.suffix.lower() == GZIP_ENDING else path


def open_lines(path: Path, notes: set[str] | None = None) -> Iterator[str]:
    r"""Return the lines of a text file, see ``decoded_lines``; those of a gzipped one too.

    Args:
        path: the file, which is opened at once.
        notes: as in ``decoded_lines``.

    Raises:
        SpectraFileError: it is not text, or (as it is read) not gzipped as its name says.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.formats.opening import open_lines
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.csv")
        >>> _ = path.write_text("17,212\n18,999")
        >>> list(open_lines(path))
        ['17,212', '18,999']
    """
    stream = open_bytes(path)
    try:
        lines = decoded_lines(stream, notes=notes)
    except (ValueError, OSError, *GZIP_ERRORS) as error:
        stream.close()
        reason = error if isinstance(error, ValueError) else f"cannot be read as gzip ({error})"
        raise SpectraFileError(f"{path}: {reason}") from None
    return _named(lines, path) if isinstance(stream, GzipFile) else lines


def _named(lines: Iterator[str], path: Path) -> Iterator[str]:
    try:
        yield from lines
    except GZIP_ERRORS as error:
        raise SpectraFileError(f"{path}: cannot be read as gzip ({error})") from error
