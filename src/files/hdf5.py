"""HDF5 files that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from . import writing


@contextmanager
def written_whole(path: str | Path) -> Iterator[h5py.File]:
    """Write an HDF5 file under a temporary name and rename it at the end of the context.

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
    with writing.written_whole(path) as temporary, h5py.File(temporary, "w") as file:
        yield file
