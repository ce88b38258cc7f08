"""HDF5 files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py


@contextmanager
def written_whole(path: str | Path) -> Iterator[h5py.File]:
    """Write an HDF5 file under a temporary name and rename it at the end of the context.

    ``path`` holds the old content or the new, never something between.

    Args:
        path: the file; its folder is made where it is missing.

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
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    try:
        with h5py.File(temporary, "w") as file:
            yield file
        # The data must be on the disk before the name is: a power failure could otherwise leave
        # the name of an empty file.
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
