"""HDF5: the layout of the store that training reads, with the peaks of all spectra in a row."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from ...files.hdf5 import HEAD, seal
from ..csv.writing import EXPECTED_COLUMNS
from ..exported import BASE_PEAK, INDEX_FIELDS, Contents, signature
from ..table import FACTS, ROWS_A_BATCH, Row, Table, kept_names

_TEXT = h5py.string_dtype()
# What was predicted by is said once for the whole file.
_METADATA = {
    name: _TEXT if kind is str else kind for name, kind in FACTS.items() if name != "predicted_by"
}
_NO_INDEX = {name: "" if FACTS[name] is str else np.nan for name in INDEX_FIELDS}
_PEAK_CHUNK = 1 << 14
# Bytes that a batch of rows and the datasets' caches keep well within.
_SPACE_LEFT = 1 << 25


class Hdf5Table(Table):
    """An HDF5 file of the fields of ``table_row``.

    Of the spectrum ``i``, the peaks are those from ``peaks/offsets[i]`` to ``peaks/offsets[i + 1]``
    of ``peaks/mz`` and ``peaks/intensity`` (and ``peaks/deviation``), and its facts stand at ``i``
    of the datasets of ``metadata``. A number that is not known is NaN. ``metadata/annotations`` are
    JSON, as in ``spectrum_fields``.

    On a full disk, HDF5 can neither write a file to its end nor close it, and ends the process. So
    the disk counts as full while there is still some space (32 MiB).

    Example:
        >>> import pathlib, tempfile
        >>> import h5py
        >>> from nextims.formats.exported import Contents, ethanol
        >>> from nextims.formats.hdf5.writing import Hdf5Table
        >>> from nextims.formats.table import table_row
        >>> path = pathlib.Path(tempfile.mkdtemp(), "spectra.h5")
        >>> table = Hdf5Table(path, Contents())
        >>> table.write(table_row(ethanol()))
        >>> table.close()
        >>> with h5py.File(path) as file:
        ...     file["peaks/offsets"][:].tolist(), file["peaks/mz"][:].tolist()
        ([0, 2], [31.0, 45.0])
    """

    def _open(self, path: str | Path, contents: Contents) -> None:
        self._uncertain = contents.uncertain
        self._columns = dict(_METADATA)
        if contents.annotated:
            self._columns["annotations"] = _TEXT
        if contents.uncertain:
            self._columns |= dict.fromkeys(EXPECTED_COLUMNS, np.float64)
        self._columns |= dict.fromkeys(kept_names(contents.columns), _TEXT)
        self._folder = Path(path).parent
        self._require_space()
        self._path = path
        self._file = h5py.File(path, "w", userblock_size=HEAD)
        self._file.attrs.update({"predicted_by": signature(), "base_peak": BASE_PEAK})
        for name, dtype in self._columns.items():
            self._create(_place(name), dtype, ROWS_A_BATCH)
        self._create("peaks/offsets", np.int64, ROWS_A_BATCH)
        self._extend("peaks/offsets", [0])
        self._create("peaks/mz", np.float64, _PEAK_CHUNK)
        self._create("peaks/intensity", np.int32, _PEAK_CHUNK)
        if contents.uncertain:
            self._create("peaks/deviation", np.float32, _PEAK_CHUNK)

    def _append(self, rows: list[Row]) -> None:
        self._require_space()
        cells = [_cells(row) for row in rows]
        for name in self._columns:
            self._extend(_place(name), [row[name] for row in cells])
        end = self._file["peaks/offsets"][-1]
        self._extend("peaks/offsets", end + np.cumsum([len(row["mz"]) for row in rows]))
        for name in ("mz", "intensity"):
            self._extend(f"peaks/{name}", np.concatenate([row[name] for row in rows]))
        if self._uncertain:
            self._extend("peaks/deviation", np.concatenate([_deviations(row) for row in rows]))

    def _copy(self, path: str | Path) -> None:
        with h5py.File(path) as file:
            for start in range(0, len(file["metadata/line"]), ROWS_A_BATCH):
                for row in self._read(file, start):
                    self.write(row)

    def _read(self, file: h5py.File, start: int) -> Iterator[Row]:
        rows = slice(start, start + ROWS_A_BATCH)
        columns = {}
        for name, dtype in self._columns.items():
            column = file[_place(name)]
            columns[name] = (column.asstr() if dtype is _TEXT else column)[rows]
        offsets = file["peaks/offsets"][start : start + ROWS_A_BATCH + 1]
        peaks = slice(offsets[0], offsets[-1])
        of_peaks = {"mz": "mz", "intensity": "intensity"}
        if self._uncertain:
            of_peaks["peak_deviations"] = "deviation"
        for name, dataset in of_peaks.items():
            columns[name] = np.split(file[f"peaks/{dataset}"][peaks], offsets[1:-1] - offsets[0])
        for values in zip(*columns.values(), strict=True):
            yield dict(zip(columns, values, strict=True))

    def _close(self) -> None:
        self._file.close()

    def _seal(self) -> None:
        seal(self._path)

    def _require_space(self) -> None:
        if shutil.disk_usage(self._folder).free < _SPACE_LEFT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _create(self, name: str, dtype: np.dtype | type, chunk: int) -> None:
        self._file.create_dataset(
            name, (0,), dtype, maxshape=(None,), chunks=(chunk,), compression="gzip", shuffle=True
        )

    def _extend(self, name: str, values: list | np.ndarray) -> None:
        dataset = self._file[name]
        start = len(dataset)
        dataset.resize(start + len(values), axis=0)
        dataset[start:] = values


def _place(column: str) -> str:
    """Return where a column stands; in HDF5, a slash divides folders."""
    return f"metadata/{column.replace('/', '_')}"


def _cells(row: Row) -> Row:
    cells = {"left_out": np.nan, **_NO_INDEX} | row
    if isinstance(row.get("annotations"), list):  # of a copied row they are text already
        cells["annotations"] = json.dumps(row["annotations"], ensure_ascii=False)
    if "expected_similarity" in row:
        expected = row["expected_similarity"].values()
        values = (value for parts in expected for value in parts.values())
        cells |= zip(EXPECTED_COLUMNS, values, strict=True)
    return cells


def _deviations(row: Row) -> list[float]:
    return row.get("peak_deviations", [np.nan] * len(row["mz"]))
