"""HDF5: the layout of the store that training reads, with the peaks of all spectra in a row."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

from .csv_rows import EXPECTED_COLUMNS
from .exported import BASE_PEAK, signature
from .table import ROWS_A_BATCH, Row, Table

_TEXT = h5py.string_dtype()
_METADATA = {
    "line": np.int64,
    "name": _TEXT,
    "smiles": _TEXT,
    "formula": _TEXT,
    "nominal_mass": np.int32,
    "exact_mass": np.float64,
    "inchikey": _TEXT,
    "ionization_energy": np.float64,
    "model": _TEXT,
    "left_out": np.float64,
}
_PEAK_CHUNK = 1 << 14


class Hdf5Table(Table):
    """An HDF5 file of the fields of ``table_row``.

    Of the spectrum ``i``, the peaks are those from ``peaks/offsets[i]`` to ``peaks/offsets[i + 1]``
    of ``peaks/mz`` and ``peaks/intensity`` (and ``peaks/deviation``), and its facts stand at ``i``
    of the datasets of ``metadata``. A number that is not known is NaN. ``metadata/annotations`` are
    JSON, as in ``spectrum_fields``.

    Example:
        >>> import pathlib, tempfile
        >>> import h5py
        >>> from nextims.data.molecule import read_molecule
        >>> from nextims.data.spectrum import Spectrum
        >>> from nextims.inference.formats.hdf5 import Hdf5Table
        >>> from nextims.inference.formats.table import table_row
        >>> from nextims.inference.results import PredictedSpectrum
        >>> ethanol = PredictedSpectrum(1, "", read_molecule("CCO"), Spectrum([31, 45], [1, 0.5]))
        >>> path = pathlib.Path(tempfile.mkdtemp(), "spectra.h5")
        >>> table = Hdf5Table(path)
        >>> table.write(table_row(ethanol))
        >>> table.close()
        >>> with h5py.File(path) as file:
        ...     file["peaks/offsets"][:].tolist(), file["peaks/mz"][:].tolist()
        ([0, 2], [31.0, 45.0])
    """

    def _open(self, path: str | Path, *, annotated: bool, uncertain: bool) -> None:
        self._uncertain = uncertain
        self._columns = dict(_METADATA)
        if annotated:
            self._columns["annotations"] = _TEXT
        if uncertain:
            self._columns |= dict.fromkeys(EXPECTED_COLUMNS, np.float64)
        self._file = h5py.File(path, "w")
        self._file.attrs.update({"predicted_by": signature(), "base_peak": BASE_PEAK})
        for name, dtype in self._columns.items():
            self._create(f"metadata/{name}", dtype, ROWS_A_BATCH)
        self._create("peaks/offsets", np.int64, ROWS_A_BATCH)
        self._extend("peaks/offsets", [0])
        self._create("peaks/mz", np.float64, _PEAK_CHUNK)
        self._create("peaks/intensity", np.int32, _PEAK_CHUNK)
        if uncertain:
            self._create("peaks/deviation", np.float32, _PEAK_CHUNK)

    def _append(self, rows: list[Row]) -> None:
        cells = [_cells(row) for row in rows]
        for name in self._columns:
            self._extend(f"metadata/{name}", [row[name] for row in cells])
        end = self._file["peaks/offsets"][-1]
        self._extend("peaks/offsets", end + np.cumsum([len(row["mz"]) for row in rows]))
        for name in ("mz", "intensity"):
            self._extend(f"peaks/{name}", np.concatenate([row[name] for row in rows]))
        if self._uncertain:
            self._extend("peaks/deviation", np.concatenate([_deviations(row) for row in rows]))

    def _close(self) -> None:
        self._file.close()

    def _create(self, name: str, dtype: np.dtype | type, chunk: int) -> None:
        self._file.create_dataset(
            name, (0,), dtype, maxshape=(None,), chunks=(chunk,), compression="gzip", shuffle=True
        )

    def _extend(self, name: str, values: list | np.ndarray) -> None:
        dataset = self._file[name]
        start = len(dataset)
        dataset.resize(start + len(values), axis=0)
        dataset[start:] = values


def _cells(row: Row) -> Row:
    cells = {"left_out": np.nan} | row
    if "annotations" in row:
        cells["annotations"] = json.dumps(row["annotations"], ensure_ascii=False)
    if "expected_similarity" in row:
        expected = row["expected_similarity"].values()
        values = (value for parts in expected for value in parts.values())
        cells |= zip(EXPECTED_COLUMNS, values, strict=True)
    return cells


def _deviations(row: Row) -> list[float]:
    return row.get("peak_deviations", [np.nan] * len(row["mz"]))
