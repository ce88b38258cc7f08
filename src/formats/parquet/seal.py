"""The digest of a Parquet file, which has checksums of its pages but of nothing that leads there.

Heads of pages and the footer say where the data lie and how many there are: a bit that turns over
there loses rows. The footer holds the file's SHA-256 as the value of a key of ours, computed with
zeros in that place.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

KEY = "sha256_with_zeros_here"
# What stands for the digest until it is known.
UNKNOWN = "0" * 64
# Between a key and its value stand the number of a field and the length.
_MARK = KEY.encode() + b"\x18\x40"
# Length of the footer, and the file's last bytes.
_END = 8


def seal(path: str | Path) -> None:
    """Put its digest into a file that was written with the value ``UNKNOWN`` of ``KEY``.

    Args:
        path: the file.

    Raises:
        ValueError: it has no such value.
    """
    place = _place(path)
    if place is None:
        raise ValueError(f"{path}: has no {KEY}")
    digest = _digest(path, place)
    with Path(path).open("rb+") as file:
        file.seek(place)
        file.write(digest)


def is_undamaged(path: str | Path) -> bool:
    """Return whether a file is as ``seal`` left it; true for one without a digest.

    Args:
        path: a Parquet file.

    Raises:
        OSError: it cannot be read.
    """
    place = _place(path)
    if place is None:
        return True
    with Path(path).open("rb") as file:
        file.seek(place)
        return file.read(len(UNKNOWN)) == _digest(path, place)


def _place(path: str | Path) -> int | None:
    """Return where the digest stands; ``None`` in a file of another program, or one without."""
    with Path(path).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - _END, 0))
        length = int.from_bytes(file.read(4), "little")
        start = max(size - _END - length, 0)
        file.seek(start)
        found = file.read(length).rfind(_MARK)
    return None if found < 0 else start + found + len(_MARK)


def _digest(path: str | Path, place: int) -> bytes:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        left = place
        while left and (block := file.read(min(left, 1 << 20))):
            digest.update(block)
            left -= len(block)
        digest.update(UNKNOWN.encode())
        file.seek(place + len(UNKNOWN))
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest().encode()
