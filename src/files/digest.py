"""What tells files apart, and a file from a damaged one.

A file carries its checksums within where its format has a place for them: checkpoints in their
archive (``files.archive``), Parquet in its pages, HDF5 in a block of its own (``files.hdf5``), an
index in its manifest. For the others there is ``FILE.sha256`` beside it, as ``sha256sum`` writes it
and ``sha256sum -c`` reads it. A file without either is taken as it is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from .writing import written_whole


def file_digest(
    path: str | Path, read: Callable[[int], object] = lambda size: None, start: int = 0
) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal.

    Args:
        path: the file.
        read: called with the number of bytes whenever some have been read.
        start: byte from which on the content counts.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from nextims.files.digest import file_digest
        >>> path = Path(tempfile.mkdtemp(), "empty")
        >>> path.touch()
        >>> file_digest(path)[:8]
        'e3b0c442'
    """
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        file.seek(start)
        while block := file.read(1 << 20):
            digest.update(block)
            read(len(block))
    return digest.hexdigest()


def known_digest(path: str | Path, start: int = 0) -> str:
    """Return a file's SHA-256, which is computed once for each version of the file.

    Args:
        path: the file.
        start: byte from which on the content counts.
    """
    status = Path(path).stat()
    return _digest_of(str(path), start, status.st_size, status.st_mtime_ns, status.st_ino)


@contextmanager
def written_with_digest(path: str | Path) -> Iterator[Path]:
    """Have a file written as ``written_whole`` does, and its digest beside it.

    Args:
        path: the file.

    Yields:
        The name to write to.

    Raises:
        OutputError: it cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.files.digest import matches_digest, written_with_digest
        >>> path = pathlib.Path(tempfile.mkdtemp(), "numbers.txt")
        >>> with written_with_digest(path) as temporary:
        ...     _ = temporary.write_text("1 2 3")
        >>> sorted(file.name for file in path.parent.iterdir()), matches_digest(path)
        (['numbers.txt', 'numbers.txt.sha256'], True)
    """
    path = Path(path)
    with written_whole(digest_path(path)) as said, written_whole(path) as temporary:
        yield temporary
        said.write_text(f"{file_digest(temporary)}  {path.name}\n", encoding="utf-8")
        # A file without digest counts as whole; one beside another's digest would look damaged.
        digest_path(path).unlink(missing_ok=True)


def write_digest(file: str | Path, name: Path) -> Path:
    """Write a file's SHA-256 as ``sha256sum`` does, for a file that is to get another name.

    Args:
        file: what the digest is of.
        name: the name that it will have; the digest goes beside it under a temporary name.

    Returns:
        Path of what was written, to be renamed to ``digest_path(name)``.
    """
    unfinished = digest_path(name).with_name(f"{digest_path(name).name}.{os.getpid()}.tmp")
    unfinished.unlink(missing_ok=True)  # a link to somewhere else
    unfinished.write_text(f"{file_digest(file)}  {name.name}\n", encoding="utf-8")
    return unfinished


def digest_path(path: str | Path) -> Path:
    """Return where a file's digest stands: ``spectra.h5.sha256`` beside ``spectra.h5``."""
    path = Path(path)
    return path.with_name(f"{path.name}.sha256")


def matches_digest(path: str | Path) -> bool:
    """Return whether a file is what the digest beside it says; true where there is none.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from nextims.files.digest import digest_path, matches_digest, write_digest
        >>> path = Path(tempfile.mkdtemp(), "numbers.txt")
        >>> _ = path.write_text("1 2 3")
        >>> _ = write_digest(path, path).replace(digest_path(path))
        >>> matches_digest(path)
        True
        >>> _ = path.write_text("1 2 4")
        >>> matches_digest(path)
        False
    """
    try:
        said = digest_path(path).read_text(encoding="utf-8", errors="replace").split()
    except FileNotFoundError:
        return True
    return said[:1] == [known_digest(path)]


@lru_cache(maxsize=8)
def _digest_of(path: str, start: int, *version: int) -> str:
    return file_digest(path, start=start)
