"""The HDF5 store of spectra: written once, read lazily.

| dataset | type | shape | |
| --- | --- | --- | --- |
| ``peaks/mz`` | float64 | (peaks,) | m/z of all spectra, one after the other |
| ``peaks/intensity`` | float32 | (peaks,) | abundance, each spectrum on its own scale |
| ``peaks/offsets`` | int64 | (spectra + 1,) | spectrum ``i`` is ``offsets[i]:offsets[i + 1]`` |
| ``metadata/…`` | UTF-8 | (spectra,) | id, name, inchikey, smiles, formula, instrument, licence |
| ``metadata/energy`` | float32 | (spectra,) | ionization energy in eV, NaN where not given |
| ``metadata/lowest_mz`` | int32 | (spectra,) | lowest recorded nominal m/z |
| ``metadata/split`` | uint8 | (spectra,) | position in ``SPLITS`` |
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from ..config import DataConfig
from ..version import __version__
from .record import Record
from .spectrum import Spectrum
from .splits import SPLITS, assign_split

__all__ = ["SPLITS", "SpectrumStore", "StoreError", "StoreIndex", "StoreWriter"]

FORMAT_VERSION = 1
TEXT_FIELDS = ("id", "name", "inchikey", "smiles", "formula", "instrument", "licence")
SETTINGS = (
    "max_mz",
    "min_peaks",
    "derivatise",
    "split_by",
    "validation_fraction",
    "test_fraction",
)
HOW_TO_MAKE = "python scripts/prepare_massbank.py --records PATH"

_NUMBERS = {"energy": np.float32, "lowest_mz": np.int32, "split": np.uint8}
# Spectra are read one at a time and in any order: a chunk holds a few dozen of them.
_PEAK_CHUNK = 4096
_RECORD_CHUNK = 1024
_BLOCK = 2000


class StoreError(ValueError):
    """A store that cannot be used; the message names the file and the command that makes it."""


@dataclass(frozen=True)
class StoreIndex:
    """The small numbers of all spectra, in memory.

    Attributes:
        offsets: start of each spectrum in the peak arrays, shape ``(spectra + 1,)``, int64.
        energy: ionization energy in eV, shape ``(spectra,)``, float32, NaN where not given.
        lowest_mz: lowest recorded nominal m/z, shape ``(spectra,)``, int32.
        split: position in ``SPLITS``, shape ``(spectra,)``, uint8.
    """

    offsets: np.ndarray
    energy: np.ndarray
    lowest_mz: np.ndarray
    split: np.ndarray


class StoreWriter:
    """Writes a store in blocks under a temporary name; ``finish`` gives it its own.

    Args:
        path: store to write.
        config: how to split, and the settings to note down.
        source: name of the library.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from nextims.config import DataConfig
        >>> from nextims.data.record import Record
        >>> from nextims.data.spectrum import Spectrum
        >>> from nextims.data.store import SpectrumStore, StoreWriter
        >>> path = Path(tempfile.mkdtemp(), "spectra.h5")
        >>> with StoreWriter(path, config=DataConfig(), source="example") as writer:
        ...     writer.add(Record("a.txt", 1, "1", "Water", Spectrum([17, 18], [20, 99]), ("O",)))
        ...     writer.finish("{}")
        >>> SpectrumStore(path).spectrum(0).mz
        array([17., 18.])
    """

    def __init__(self, path: str | Path, *, config: DataConfig, source: str):
        self.path = Path(path)
        self.config = config
        self._temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        self._file = h5py.File(self._temporary, "w")
        self._pending: list[Record] = []
        self._end = 0
        self._create(source)

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(self, *exception) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def add(self, record: Record) -> None:
        """Add one record, whose structure the models can take."""
        self._pending.append(record)
        if len(self._pending) >= _BLOCK:
            self._write_block()

    def finish(self, counts: str) -> None:
        """Complete the store and give it its name.

        Args:
            counts: JSON text of the ingest's counts.
        """
        self._write_block()
        self._file.attrs["ingest"] = counts
        self._file.close()
        self._temporary.replace(self.path)

    def _create(self, source: str) -> None:
        packed = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
        peaks = self._file.create_group("peaks")
        for name, dtype in (("mz", np.float64), ("intensity", np.float32)):
            peaks.create_dataset(
                name, (0,), dtype, maxshape=(None,), chunks=(_PEAK_CHUNK,), **packed
            )
        metadata = self._file.create_group("metadata")
        columns = {**dict.fromkeys(TEXT_FIELDS, h5py.string_dtype()), **_NUMBERS}
        for group, name, dtype in [
            (peaks, "offsets", np.int64),
            *((metadata, name, dtype) for name, dtype in columns.items()),
        ]:
            group.create_dataset(
                name, (0,), dtype, maxshape=(None,), chunks=(_RECORD_CHUNK,), **packed
            )
        _append(peaks["offsets"], np.zeros(1, dtype=np.int64))
        attributes = {"format_version": FORMAT_VERSION, "created_by": f"nextims {__version__}"}
        attributes |= {name: getattr(self.config, name) for name in SETTINGS}
        self._file.attrs.update(attributes | {"source": source})

    def _write_block(self) -> None:
        records = self._pending
        if not records:
            return
        lengths = np.array([len(record.spectrum) for record in records], dtype=np.int64)
        peaks, metadata = self._file["peaks"], self._file["metadata"]
        _append(peaks["mz"], np.concatenate([r.spectrum.mz for r in records]))
        _append(peaks["intensity"], np.concatenate([r.spectrum.intensity for r in records]))
        _append(peaks["offsets"], self._end + np.cumsum(lengths))
        self._end += int(lengths.sum())
        rows = [self._row(record) for record in records]
        for name in (*TEXT_FIELDS, *_NUMBERS):
            _append(metadata[name], [row[name] for row in rows])
        self._pending = []

    def _row(self, record: Record) -> dict[str, str | float]:
        molecule = record.molecule
        return {
            "id": record.id,
            "name": record.name,
            "inchikey": molecule.inchikey,
            "smiles": molecule.smiles,
            "formula": molecule.formula,
            "instrument": record.instrument,
            "licence": record.licence,
            "energy": np.nan if record.energy is None else record.energy,
            "lowest_mz": record.lowest_mz,
            "split": assign_split(molecule, self.config),
        }


class SpectrumStore:
    """A store opened for reading.

    Keeps the small numbers of all spectra in memory and reads the rest when asked. May be passed
    to other processes: each opens the file for itself.

    Args:
        path: the store.

    Raises:
        StoreError: the file is missing, damaged or no store of this version.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._file: h5py.File | None = None
        self._process = 0
        if not self.path.is_file():
            raise StoreError(f"{self.path}: no such store; make it with: {HOW_TO_MAKE}")
        try:
            self.index = self._read_index()
            self.attributes = dict(self._opened().attrs)
        except (OSError, KeyError, RuntimeError) as error:
            self.close()
            raise StoreError(
                f"{self.path}: damaged, or not a store of spectra ({error}); delete it and make "
                f"it anew with: {HOW_TO_MAKE}"
            ) from error

    def __len__(self) -> int:
        return len(self.index.split)

    def __enter__(self) -> SpectrumStore:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_file": None}

    def close(self) -> None:
        """Close the file; it opens again when something is read."""
        if self._file is not None and self._process == os.getpid():
            self._file.close()
        self._file = None

    def spectrum(self, i: int) -> Spectrum:
        """Read the peaks of spectrum ``i``."""
        start, end = self.index.offsets[i], self.index.offsets[i + 1]
        peaks = self._opened()["peaks"]
        return Spectrum(peaks["mz"][start:end], peaks["intensity"][start:end])

    def text(self, field: str, i: int) -> str:
        """Read one text of spectrum ``i``; ``field`` is one of ``TEXT_FIELDS``."""
        return self._opened()["metadata"][field].asstr()[i]

    def column(self, field: str) -> list[str]:
        """Read one text of all spectra; ``field`` is one of ``TEXT_FIELDS``."""
        return list(self._opened()["metadata"][field].asstr()[:])

    def _opened(self) -> h5py.File:
        # A file handle inherited through a fork shares its position with the parent's.
        if self._file is None or self._process != os.getpid():
            self._file = h5py.File(self.path, "r")
            self._process = os.getpid()
        return self._file

    def _read_index(self) -> StoreIndex:
        file = self._opened()
        version = file.attrs.get("format_version")
        if version != FORMAT_VERSION or "ingest" not in file.attrs:
            raise KeyError(f"format version {version}, expected {FORMAT_VERSION}")
        peaks, metadata = file["peaks"], file["metadata"]
        index = StoreIndex(peaks["offsets"][:], *(metadata[name][:] for name in _NUMBERS))
        spectra = len(index.split)
        sizes = {len(metadata[name]) for name in (*TEXT_FIELDS, *_NUMBERS)}
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


def _append(dataset: h5py.Dataset, values) -> None:
    start = len(dataset)
    dataset.resize(start + len(values), axis=0)
    dataset[start:] = values
