"""The HDF5 store of spectra: written once, read lazily.

| dataset | type | shape | |
| --- | --- | --- | --- |
| ``peaks/mz`` | float64 | (peaks,) | m/z of all spectra, one after the other |
| ``peaks/intensity`` | float32 | (peaks,) | abundance, each spectrum on its own scale |
| ``peaks/offsets`` | int64 | (spectra + 1,) | spectrum ``i`` is ``offsets[i]:offsets[i + 1]`` |
| ``metadata/…`` | UTF-8 | (spectra,) | ``TEXT_FIELDS``, empty where not given |
| ``metadata/energy`` | float32 | (spectra,) | ionization energy in eV, NaN where not given |
| ``metadata/lowest_mz`` | int32 | (spectra,) | lowest recorded nominal m/z |
| ``metadata/mass_defect`` | float32 | (spectra,) | of the molecule, relative to its mass |
| ``metadata/retention_index`` | float32 | (spectra,) | by n-alkanes, NaN where not given |
| ``metadata/gap`` | uint8 | (spectra,) | masses taken out: position in attribute ``gaps`` |
| ``metadata/split`` | uint8 | (spectra,) | position in ``SPLITS`` |
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import h5py
import numpy as np

from ...config import DataConfig
from ...errors import UserError
from ...files.digest import digest_path, matches_digest
from ...spectra.spectrum import Spectrum
from .splits import SPLITS

__all__ = ["SPLITS", "SpectrumStore", "StoreError", "StoreIndex"]

FORMAT_VERSION = 3  # the first had no mass defects, the second no gaps
TEXT_FIELDS = (
    "id",
    "name",
    "inchikey",
    "smiles",
    "formula",
    "instrument",
    "licence",
    "source",
    "column",
)
SETTINGS = (
    "max_mz",
    "min_peaks",
    "derivatise",
    "split_by",
    "validation_fraction",
    "test_fraction",
)
HOW_TO_MAKE = "nextims prepare massbank --records PATH"

NUMBERS = {
    "energy": np.float32,
    "lowest_mz": np.int32,
    "mass_defect": np.float32,
    "retention_index": np.float32,
    "gap": np.uint8,
    "split": np.uint8,
}
# Bytes of unpacked chunks kept of each dataset: what a block shuffle (``epoch_order``) mixes. HDF5
# finds them by a hash table, which should be a hundred times as large as their number and prime.
_CHUNK_CACHE = {"peaks/mz": 4 << 20}
_OTHER_CHUNK_CACHE = 2 << 20
_CHUNK_SLOTS = 12_809
_PREEMPTION = 0.75  # HDF5's default


class StoreError(UserError):
    """A store that cannot be used; the message names the file and the command that makes it."""


class OtherFormatError(StoreError):
    """A store that another version of NExtIMS made, of a format that this one does not read.

    Attributes:
        age: "an older" or "a later", of the format.
    """

    def __init__(self, path: Path, version: int):
        self.age = "an older" if version < FORMAT_VERSION else "a later"
        super().__init__(
            f"{path}: a store of {self.age} format ({version}, this version reads "
            f"{FORMAT_VERSION}); make it anew with: {HOW_TO_MAKE}"
        )


@dataclass(frozen=True)
class StoreIndex:
    """The small numbers of all spectra, in memory.

    Attributes:
        offsets: start of each spectrum in the peak arrays, shape ``(spectra + 1,)``, int64.
        energy: ionization energy in eV, shape ``(spectra,)``, float32, NaN where not given.
        lowest_mz: lowest recorded nominal m/z, shape ``(spectra,)``, int32.
        mass_defect: of the molecule, relative to its mass, shape ``(spectra,)``, float32.
        gap: position in ``SpectrumStore.gaps``, shape ``(spectra,)``, uint8.
        split: position in ``SPLITS``, shape ``(spectra,)``, uint8.
    """

    offsets: np.ndarray
    energy: np.ndarray
    lowest_mz: np.ndarray
    mass_defect: np.ndarray
    gap: np.ndarray
    split: np.ndarray


class SpectrumStore:
    """A store opened for reading.

    Keeps the small numbers of all spectra in memory and reads the rest when asked. May be passed
    to other processes: each opens the file for itself.

    Attributes:
        index: the small numbers.
        attributes: settings, source and counts of the ingest.
        gaps: sets of masses that sources took out of their spectra, the first of none.

    Args:
        path: the store.

    Raises:
        OtherFormatError: another version made it, of another format.
        StoreError: the file is missing, damaged or no store.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._file: h5py.File | None = None
        self._datasets: dict[str, h5py.Dataset] = {}
        self._process = 0
        if not self.path.is_file():
            raise StoreError(f"{self.path}: no such store; make it with: {HOW_TO_MAKE}")
        try:
            if not matches_digest(self.path):
                raise KeyError(f"its SHA-256 is not that in {digest_path(self.path).name}")
            self.index = self._read_index()
            self.attributes = dict(self._opened().attrs)
            self.gaps = [tuple(masses) for masses in json.loads(self.attributes["gaps"])]
        except OtherFormatError:
            self.close()
            raise
        except (OSError, KeyError, RuntimeError, ValueError) as error:
            self.close()
            raise self._damaged(error) from error

    def __len__(self) -> int:
        return len(self.index.split)

    def __enter__(self) -> SpectrumStore:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_file": None, "_datasets": {}}

    def close(self) -> None:
        """Close the file; it opens again when something is read."""
        if self._file is not None and self._process == os.getpid():
            self._file.close()
        self._file = None
        self._datasets = {}

    def spectrum(self, i: int) -> Spectrum:
        """Read the peaks of spectrum ``i``."""
        start, end = self.index.offsets[i], self.index.offsets[i + 1]
        with self._reading():
            mz, intensity = self._dataset("peaks/mz"), self._dataset("peaks/intensity")
            defect = float(self.index.mass_defect[i])
            return Spectrum(mz[start:end], intensity[start:end], defect)

    def text(self, field: str, i: int) -> str:
        """Read one text of spectrum ``i``; ``field`` is one of ``TEXT_FIELDS``."""
        with self._reading():
            return self._dataset(f"metadata/{field}")[i].decode()

    def column(self, field: str) -> list[str]:
        """Read one text of all spectra; ``field`` is one of ``TEXT_FIELDS``."""
        with self._reading():
            return list(self._dataset(f"metadata/{field}").asstr()[:])

    def numbers(self, field: str) -> np.ndarray:
        """Read one number of all spectra, ``(spectra,)``; ``field`` is one of ``NUMBERS``."""
        with self._reading():
            return self._dataset(f"metadata/{field}")[:]

    def _dataset(self, name: str) -> h5py.Dataset:
        """Return an open dataset: with it goes its cache of unpacked chunks."""
        file = self._opened()
        if name not in self._datasets:
            access = h5py.h5p.create(h5py.h5p.DATASET_ACCESS)
            kept = _CHUNK_CACHE.get(name, _OTHER_CHUNK_CACHE)
            access.set_chunk_cache(_CHUNK_SLOTS, kept, _PREEMPTION)
            opened = h5py.h5d.open(file.id, name.encode(), access)
            self._datasets[name] = h5py.Dataset(opened, readonly=True)
        return self._datasets[name]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Tell what cannot be read as a ``StoreError``."""
        try:
            yield
        except (OSError, KeyError, RuntimeError, ValueError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> StoreError:
        return StoreError(
            f"{self.path}: damaged, or not a store of spectra ({error}); delete it and make "
            f"it anew with: {HOW_TO_MAKE}"
        )

    def _opened(self) -> h5py.File:
        # A file handle inherited through a fork shares its position with the parent's.
        if self._file is None or self._process != os.getpid():
            self._file = h5py.File(self.path, "r")
            self._datasets = {}
            self._process = os.getpid()
        return self._file

    def _read_index(self) -> StoreIndex:
        file = self._opened()
        version = file.attrs.get("format_version")
        if "ingest" not in file.attrs or not np.issubdtype(type(version), np.integer):
            raise KeyError("no format version")
        if version != FORMAT_VERSION:
            raise OtherFormatError(self.path, version)
        peaks, metadata = file["peaks"], file["metadata"]
        index = StoreIndex(
            peaks["offsets"][:], *(metadata[column.name][:] for column in fields(StoreIndex)[1:])
        )
        spectra = len(index.split)
        sizes = {len(metadata[name]) for name in (*TEXT_FIELDS, *NUMBERS)}
        ends = {len(peaks["mz"]), len(peaks["intensity"]), int(index.offsets[-1])}
        if sizes != {spectra} or len(index.offsets) != spectra + 1 or len(ends) != 1:
            raise KeyError("its arrays differ in length")
        return index


def matches_settings(path: str | Path, config: DataConfig, *, source: str | None = None) -> bool:
    """Say whether a store was made with these settings, and from this library if one is named.

    Args:
        path: the store.
        config: the settings wanted.
        source: name of the library; ``None`` for any.

    Raises:
        StoreError: the store cannot be read.
    """
    with SpectrumStore(path) as store:
        made_with = store.attributes
    wanted = {name: getattr(config, name) for name in SETTINGS}
    if source is not None:
        wanted["source"] = source
    return all(made_with.get(name) == value for name, value in wanted.items())
