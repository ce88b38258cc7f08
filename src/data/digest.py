"""What tells files apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path


def file_digest(path: str | Path, read: Callable[[int], object] = lambda size: None) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal.

    Args:
        path: the file.
        read: called with the number of bytes whenever some have been read.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from nextims.data.digest import file_digest
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
