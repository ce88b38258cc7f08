"""HDF5 files that are there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from . import writing

# By so much the memory grows that a file is made in.
_BLOCK = 1 << 22


@contextmanager
def written_whole(path: str | Path) -> Iterator[h5py.File]:
    """Make an HDF5 file in memory, and write it at the end of the context.

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
    with writing.written_whole(path) as temporary:
        temporary.write_bytes(image)
