"""What tells files apart."""

from __future__ import annotations

import hashlib
from pathlib import Path


def file_digest(path: str | Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal.

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
    return digest.hexdigest()
