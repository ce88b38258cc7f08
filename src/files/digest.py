"""What tells files apart."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path


def file_digest(path: str | Path, read: Callable[[int], object] = lambda size: None) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal.

    Args:
        path: the file.
        read: called with the number of bytes whenever some have been read.

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
        while block := file.read(1 << 20):
            digest.update(block)
            read(len(block))
    return digest.hexdigest()


def write_digest(file: str | Path, name: Path) -> Path:
    """Write a file's SHA-256 as ``sha256sum`` does, for a file that is to get another name.

    Args:
        file: what the digest is of.
        name: the name that it will have; the digest goes beside it under a temporary name.

    Returns:
        Path of what was written, to be renamed to ``digest_path(name)``.
    """
    unfinished = digest_path(name).with_name(f"{digest_path(name).name}.{os.getpid()}.tmp")
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
    status = Path(path).stat()
    return said[:1] == [_digest_of(str(path), status.st_size, status.st_mtime_ns, status.st_ino)]


@lru_cache(maxsize=8)
def _digest_of(path: str, *version: int) -> str:
    """Return a digest, computed once for each version of a file."""
    return file_digest(path)
