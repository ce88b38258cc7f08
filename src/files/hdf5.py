"""HDF5 files that are there whole or not at all, and tell when they are damaged.

Before its first dataset an HDF5 file may have a block of its user's own, which HDF5 passes over.
There the file keeps the SHA-256 of all that follows: HDF5's own checksums leave out what says where
the data lie, and a file beside it would be forgotten when it is copied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from . import writing
from .digest import file_digest, known_digest

# By so much the memory grows that a file is made in.
_BLOCK = 1 << 22
# The smallest block that HDF5 passes over.
HEAD = 512
_MARK = f"SHA-256 of what follows these {HEAD} bytes: "


@contextmanager
def written_whole(path: str | Path) -> Iterator[h5py.File]:
    """Make an HDF5 file in memory, and write it at the end of the context with its digest.

    In memory, as HDF5 does not survive a full disk: neither can the file be closed nor the process
    end in order.

    Args:
        path: as in ``writing.written_whole``, whose errors it raises.

    Yields:
        The open file.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.files.hdf5 import written_whole
        >>> path = pathlib.Path(tempfile.mkdtemp(), "new.h5")
        >>> with written_whole(path) as file:
        ...     file["mz"] = [31, 45, 46]
        ...     path.exists()
        False
        >>> path.exists()
        True
    """
    name = Path(path).name
    with h5py.File(name, "w", driver="core", backing_store=False, block_size=_BLOCK) as file:
        yield file
        file.flush()
        image = file.id.get_file_image()
    with writing.written_whole(path) as temporary, temporary.open("wb") as written:
        written.write(_head(hashlib.sha256(image).hexdigest()))
        written.write(image)


def seal(path: str | Path) -> None:
    """Put the digest of its content into a closed HDF5 file that has a user block of ``HEAD``.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> import h5py
        >>> from nextims.files.hdf5 import HEAD, is_undamaged, seal
        >>> path = pathlib.Path(tempfile.mkdtemp(), "grown.h5")
        >>> with h5py.File(path, "w", userblock_size=HEAD) as file:
        ...     file["mz"] = [31, 45, 46]
        >>> seal(path)
        >>> is_undamaged(path)
        True
    """
    head = _head(file_digest(path, start=HEAD))
    with Path(path).open("rb+") as file:
        file.write(head)


def is_undamaged(path: str | Path) -> bool:
    """Return whether an HDF5 file is what its digest says; true for one without.

    The file is read once for each of its versions.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.files.hdf5 import is_undamaged, written_whole
        >>> path = pathlib.Path(tempfile.mkdtemp(), "new.h5")
        >>> with written_whole(path) as file:
        ...     file["mz"] = [31, 45, 46]
        >>> is_undamaged(path)
        True
        >>> _ = path.write_bytes(path.read_bytes()[:-1] + b"?")
        >>> is_undamaged(path)
        False
    """
    with Path(path).open("rb") as file:
        head = file.read(HEAD)
    # MATLAB, say, puts something else there.
    return not head.startswith(_MARK.encode()) or head == _head(known_digest(path, HEAD))


def _head(digest: str) -> bytes:
    return f"{_MARK}{digest}\n".encode().ljust(HEAD, b"\0")
