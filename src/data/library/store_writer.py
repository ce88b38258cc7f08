"""Writing the HDF5 store of spectra: alone, in blocks, and there whole or not at all."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import h5py
import numpy as np

from ...config import DataConfig
from ...files.digest import digest_path, write_digest
from ...files.writing import claim_space, only_writer
from ...spectra.record import BadRecord, Record
from ...version import __version__
from .splits import LEFT_OUT, assign_split
from .store import FORMAT_VERSION, NUMBERS, SETTINGS, TEXT_FIELDS

# Spectra are read one at a time and in any order: a chunk holds a few dozen of them.
_PEAK_CHUNK = 4096
_RECORD_CHUNK = 1024
_BLOCK = 2000
_PEAK_BYTES = 12
# Offset, numbers, and a reference of 16 bytes and a header of 24 to each text.
_NUMBER_BYTES = sum(np.dtype(kind).itemsize for kind in NUMBERS.values())
_RECORD_BYTES = 8 + _NUMBER_BYTES + 40 * len(TEXT_FIELDS)
# What HDF5 may hold back of what was given to it (1 MB for each dataset), and its own bookkeeping.
_HELD_BACK = 12 << 20
_BOOKKEEPING = 1 << 20


class StoreWriter:
    """Writes a store in blocks under a temporary name; ``finish`` gives it its own.

    Beside the store goes its digest, ``spectra.h5.sha256``, by which damage is noticed later.

    Args:
        path: store to write.
        config: how to split, and the settings to note down.
        source: name of the library.

    Raises:
        BeingWrittenError: another process is writing this store.
        OSError: the disk is full; the error names the file.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from nextims.config import DataConfig
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.data.library.store import SpectrumStore
        >>> from nextims.data.library.store_writer import StoreWriter
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
        self.source = source
        with ExitStack() as stack:
            stack.enter_context(only_writer(self.path))
            # Of runs that were killed: whoever holds the lock is the only one to write such files.
            for left in self.path.parent.glob(f"{glob.escape(self.path.name)}.*.tmp"):
                left.unlink(missing_ok=True)
            self._temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
            stack.callback(self._temporary.unlink, missing_ok=True)
            self._pending: list[Record] = []
            self._end = self._given = 0
            # Even an empty HDF5 file can be closed only where there is room for it.
            self._temporary.touch()
            self._claim_from(0, 0)
            self._file = stack.enter_context(h5py.File(self._temporary, "w"))
            self._claim(0)
            self._create()
            self._stack = stack.pop_all()

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(self, *exception) -> None:
        self._stack.close()

    def add(self, record: Record) -> None:
        """Add one record, whose structure the models can take."""
        self._pending.append(record)
        if len(self._pending) >= _BLOCK:
            self._write_block()

    def leave_out(self, row: int, reason: str, detail: str) -> BadRecord:
        """Take a record that was added out of all splits, and say which it is."""
        self._write_block()
        metadata = self._file["metadata"]
        metadata["split"][row] = LEFT_OUT
        source, id_, name = (metadata[each].asstr()[row] for each in ("source", "id", "name"))
        return BadRecord(source, 0, id_, name, reason, detail)

    def finish(self, counts: str, gaps: Sequence[tuple[int, ...]] = ()) -> None:
        """Complete the store and give it its name.

        Args:
            counts: JSON text of the ingest's counts.
            gaps: masses that were taken out of each spectrum; none of any if left out.
        """
        self._write_block()
        kinds = {(): 0}
        for masses in gaps:
            kinds.setdefault(masses, len(kinds))
        said = json.dumps(list(kinds))
        self._claim(len(gaps) + len(said))
        if len(kinds) > 1:
            self._file["metadata"]["gap"][:] = [kinds[masses] for masses in gaps]
        self._file.attrs["gaps"] = said
        self._claim(len(counts))
        self._file.attrs["ingest"] = counts
        self._file.flush()
        size = self._file.id.get_filesize()
        self._file.close()
        os.truncate(self._temporary, size)
        with self._temporary.open("rb+") as file:
            os.fsync(file.fileno())
        digest = write_digest(self._temporary, self.path)
        # A store without digest is whole; one beside another's digest would look damaged.
        digest_path(self.path).unlink(missing_ok=True)
        self._temporary.replace(self.path)
        digest.replace(digest_path(self.path))

    def _create(self) -> None:
        packed = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
        peaks = self._file.create_group("peaks")
        for name, dtype in (("mz", np.float64), ("intensity", np.float32)):
            peaks.create_dataset(
                name, (0,), dtype, maxshape=(None,), chunks=(_PEAK_CHUNK,), **packed
            )
        metadata = self._file.create_group("metadata")
        columns = {**dict.fromkeys(TEXT_FIELDS, h5py.string_dtype()), **NUMBERS}
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
        self._file.attrs.update(attributes | {"source": self.source})

    def _write_block(self) -> None:
        records = self._pending
        if not records:
            return
        rows = [self._row(record) for record in records]
        lengths = np.array([len(record.spectrum) for record in records], dtype=np.int64)
        texts = sum(len(row[name].encode()) for row in rows for name in TEXT_FIELDS)
        self._claim(int(lengths.sum()) * _PEAK_BYTES + len(records) * _RECORD_BYTES + texts)
        peaks, metadata = self._file["peaks"], self._file["metadata"]
        _append(peaks["mz"], np.concatenate([r.spectrum.mz for r in records]))
        _append(peaks["intensity"], np.concatenate([r.spectrum.intensity for r in records]))
        _append(peaks["offsets"], self._end + np.cumsum(lengths))
        self._end += int(lengths.sum())
        for name in (*TEXT_FIELDS, *NUMBERS):
            _append(metadata[name], [row[name] for row in rows])
        self._pending = []

    def _claim(self, size: int) -> None:
        """Claim the disk space of so many bytes more."""
        held_back = min(_HELD_BACK, self._given)
        self._given += size
        self._claim_from(self._file.id.get_filesize(), held_back + size)

    def _claim_from(self, end: int, size: int) -> None:
        try:
            claim_space(self._temporary, end, size + _BOOKKEEPING)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._temporary)) from error

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
            "source": record.source or self.source,
            "column": record.column,
            "energy": np.nan if record.energy is None else record.energy,
            "lowest_mz": record.of_molecule.nominal[0],
            "mass_defect": molecule.mass_defect,
            "retention_index": np.nan if record.retention_index is None else record.retention_index,
            "gap": 0,
            "split": assign_split(molecule, self.config),
        }


def _append(dataset: h5py.Dataset, values) -> None:
    start = len(dataset)
    dataset.resize(start + len(values), axis=0)
    dataset[start:] = values
