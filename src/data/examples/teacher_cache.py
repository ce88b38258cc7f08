"""The HDF5 cache of a teacher's predictions, by structure.

| dataset | type | shape | |
| --- | --- | --- | --- |
| ``smiles`` | UTF-8 | (molecules,) | canonical SMILES |
| ``mean`` | float16 | (molecules, max_mz) | predicted spectra, sum 1 |
| ``deviation`` | float16 | (molecules, max_mz) | their standard deviations |
| ``features`` | float16 | (molecules, width) | the teacher's vectors |

Attributes: ``key``, what the predictions depend on.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np

from ...errors import UserError
from ...files.digest import digest_path, matches_digest, write_digest
from ...files.writing import claim_space, named_in_errors

# What HDF5 needs for its own bookkeeping, of a block and of each row of a column.
_BLOCK_BYTES = 1 << 20
_ROW_BYTES = 256
_COLUMNS = ("mean", "deviation", "features")

Predictions = tuple[np.ndarray, np.ndarray, np.ndarray]


class TeacherCacheError(UserError):
    """A cache of predictions cannot be used; the message names the file."""


class TeacherCache:
    """Reads means, deviations and features of structures; the file is opened by each process.

    Args:
        path: file that ``fill`` wrote.
        memory_efficient: read each row when it is asked for; else hold all of them, about 7 kB a
            molecule.

    Raises:
        TeacherCacheError: the file is missing or damaged.
    """

    def __init__(self, path: str | Path, *, memory_efficient: bool = True):
        self.path = Path(path)
        self._file: h5py.File | None = None
        self._columns: list[h5py.Dataset] = []
        self._process = -1
        try:
            if not matches_digest(self.path):
                raise KeyError(f"its SHA-256 is not that in {digest_path(self.path).name}")
            with h5py.File(self.path, "r") as file:
                self.key = str(file.attrs["key"])
                self.feature_width = file["features"].shape[1]
                smiles = file["smiles"].asstr()[:]
                self._held = None if memory_efficient else [file[name][:] for name in _COLUMNS]
        except (OSError, KeyError) as error:
            raise TeacherCacheError(f"{path}: no usable cache of predictions ({error})") from error
        self._position = {text: i for i, text in enumerate(smiles)}

    def __getstate__(self):
        return {**self.__dict__, "_file": None, "_columns": [], "_process": -1}

    def __contains__(self, smiles: str) -> bool:
        return smiles in self._position

    def __len__(self) -> int:
        return len(self._position)

    def read(self, smiles: Sequence[str]) -> Predictions:
        """Return mean ``(b, max_mz)``, deviation ``(b, max_mz)`` and features ``(b, width)``.

        Args:
            smiles: canonical SMILES of ``b`` structures.

        Raises:
            KeyError: a structure that the cache does not hold.
        """
        positions = [self._position[text] for text in smiles]
        if self._held is None and self._process != os.getpid():
            self._file, self._process = h5py.File(self.path, "r"), os.getpid()
            self._columns = [self._file[name] for name in _COLUMNS]
        mean, deviation, features = (
            np.stack([rows[position] for position in positions]).astype(np.float32)
            for rows in self._held or self._columns
        )
        return mean, deviation, features


def fill(
    path: str | Path,
    smiles: Sequence[str],
    compute: Callable[[list[str]], Predictions],
    *,
    key: str,
    widths: tuple[int, int],
    block: int = 256,
) -> Iterator[int]:
    """Write a cache block by block, or add to one what is missing.

    A run that was killed continues where it stopped: a file beside the cache, renamed at the end,
    holds the work done so far.

    Args:
        path: target.
        smiles: canonical SMILES of the structures.
        compute: gives mean, deviation and features of some of them.
        key: what the predictions depend on; what was predicted under another key is thrown away.
        widths: ``max_mz`` and the width of the features.
        block: structures computed at a time.

    Raises:
        OutputError: the cache cannot be written: a full disk, say. What was done is kept.

    Yields:
        The number of structures written, after each block (the first time, those found done).
    """
    path = Path(path)
    with named_in_errors(path):
        yield from _fill(path, smiles, compute, key, widths, block)


def _fill(
    path: Path,
    smiles: Sequence[str],
    compute: Callable[[list[str]], Predictions],
    key: str,
    widths: tuple[int, int],
    block: int,
) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    work = path.with_name(path.name + ".part")
    with _open_work(work, path, key, widths) as file:
        done = set(file["smiles"].asstr()[:])
        missing = [text for text in dict.fromkeys(smiles) if text not in done]
        yield len(set(smiles)) - len(missing)
        for start in range(0, len(missing), block):
            part = missing[start : start + block]
            # HDF5 does not survive a disk that is full.
            row = sum(2 * width + _ROW_BYTES for width in (widths[0], *widths))
            texts = sum(len(text) + _ROW_BYTES for text in part)
            _claim(work, file, len(part) * row + texts)
            columns = dict(zip(_COLUMNS, compute(part), strict=True)) | {"smiles": part}
            for name in (*_COLUMNS, "smiles"):  # what has no name yet does not count
                dataset = file[name]
                dataset.resize(len(file["smiles"]) + len(part), axis=0)
                dataset[-len(part) :] = columns[name]
            file.flush()
            yield len(part)
        size = file.id.get_filesize()
    os.truncate(work, size)
    digest = write_digest(work, path)
    # A cache without digest is whole; one beside another's digest would look damaged.
    digest_path(path).unlink(missing_ok=True)
    work.replace(path)
    digest.replace(digest_path(path))


def _claim(work: Path, file: h5py.File, size: int) -> None:
    claim_space(work, file.id.get_filesize(), size + _BLOCK_BYTES)


def _open_work(work: Path, path: Path, key: str, widths: tuple[int, int]) -> h5py.File:
    """Open the work that was done, or a copy of the cache to add to, or a new file."""
    for source in (work, path):
        if source.exists():
            if source == path:
                if not matches_digest(path):
                    continue
                shutil.copyfile(path, work)
            try:
                file = h5py.File(work, "r+")
                if str(file.attrs["key"]) == key and "smiles" in file:
                    return file
                file.close()
            except (OSError, KeyError):
                pass  # killed while the file itself was being written: nothing in it to keep
            work.unlink()
    work.touch()
    claim_space(work, 0, _BLOCK_BYTES)
    file = h5py.File(work, "w")
    _claim(work, file, 0)
    max_mz, feature_width = widths
    for name, width in zip(_COLUMNS, (max_mz, max_mz, feature_width), strict=True):
        file.create_dataset(
            name,
            (0, width),
            np.float16,
            maxshape=(None, width),
            chunks=(1, width),
            compression="lzf",
        )
    file.create_dataset("smiles", (0,), h5py.string_dtype(), maxshape=(None,), chunks=(1024,))
    file.attrs["key"] = key
    file.flush()
    return file
