"""The HDF5 cache of a teacher's predictions for the spectra of a store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np

# A block is computed, written and flushed as one; a killed run loses one block at most.
_COLUMNS = ("mean", "deviation", "features")


class TeacherCacheError(ValueError):
    """A cache of predictions cannot be used; the message names the file."""


class TeacherCache:
    """Reads means, deviations and features by the spectrum's position in the store.

    Float16 on disk, one compressed row a spectrum; opened anew by each process.

    Args:
        path: file that ``fill`` wrote.

    Raises:
        TeacherCacheError: the file is missing or damaged.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._file: h5py.File | None = None
        self._process = -1
        try:
            with h5py.File(self.path, "r") as file:
                self.key = str(file.attrs["key"])
                self.feature_width = file["features"].shape[1]
                rows = file["rows"][:]
        except (OSError, KeyError) as error:
            raise TeacherCacheError(f"{path}: no usable cache of predictions ({error})") from error
        self._position = {int(row): i for i, row in enumerate(rows)}

    def __getstate__(self):
        return {**self.__dict__, "_file": None, "_process": -1}

    def read(self, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return mean ``(b, max_mz)``, deviation ``(b, max_mz)`` and features ``(b, width)``.

        Args:
            rows: positions in the store.

        Raises:
            KeyError: a position that the cache does not hold.
        """
        if self._process != os.getpid():
            self._file, self._process = h5py.File(self.path, "r"), os.getpid()
        positions = [self._position[int(row)] for row in rows]
        columns = (
            np.stack([self._file[name][position] for position in positions]).astype(np.float32)
            for name in _COLUMNS
        )
        mean, deviation, features = columns
        return mean, deviation, features


def fill(
    path: str | Path,
    rows: np.ndarray,
    compute: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]],
    *,
    key: str,
    widths: tuple[int, int],
    block: int = 256,
) -> Iterator[int]:
    """Write a cache block by block; a run that was killed continues where it stopped.

    Args:
        path: target; a file beside it, renamed at the end, holds the work done so far.
        rows: positions in the store, ``(n,)``.
        compute: gives mean, deviation and features of some of the rows.
        key: what the predictions depend on; work done under another key is thrown away.
        widths: ``max_mz`` and the width of the features.
        block: rows computed at a time.

    Yields:
        The number of rows written, after each block (the first time, those found done).
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    work = path.with_name(path.name + ".part")
    with _open_work(work, rows, key, widths) as file:
        done = int(file.attrs["done"])
        yield done
        for start in range(done, len(rows), block):
            end = min(start + block, len(rows))
            for name, values in zip(_COLUMNS, compute(rows[start:end]), strict=True):
                file[name][start:end] = values
            file.flush()
            file.attrs["done"] = end
            file.flush()
            yield end - start
    work.replace(path)


def _open_work(work: Path, rows: np.ndarray, key: str, widths: tuple[int, int]) -> h5py.File:
    if work.exists():
        try:
            file = h5py.File(work, "r+")
            if str(file.attrs["key"]) == key and np.array_equal(file["rows"][:], rows):
                return file
            file.close()
        except (OSError, KeyError):
            pass  # killed while the file itself was being laid out: nothing in it to keep
        work.unlink()
    file = h5py.File(work, "w")
    max_mz, feature_width = widths
    for name, width in zip(_COLUMNS, (max_mz, max_mz, feature_width), strict=True):
        file.create_dataset(
            name, (len(rows), width), np.float16, chunks=(1, width), compression="lzf"
        )
    file["rows"] = rows
    file.attrs["key"] = key
    file.attrs["done"] = 0
    file.flush()
    return file
