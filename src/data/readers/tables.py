"""HDF5 and Parquet with one row a spectrum, as predict.py and prepare_massbank.py write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..raw_record import RawRecord
from .fields import add_field
from .opening import SpectraFileError

if TYPE_CHECKING:
    import h5py

# Spectra read at a time.
_BATCH = 1024
_FACTS = (
    "id", "name", "smiles", "formula", "nominal_mass", "exact_mass", "inchikey", "instrument",
    "licence", "energy", "ionization_energy",
)  # fmt: skip
_PREDICTED = "predicted_by"


def read_hdf5(path: Path) -> Iterator[RawRecord]:
    """Read the spectra of an HDF5 file, some at a time in memory.

    Args:
        path: a file of predictions, or the store of measured spectra.

    Returns:
        Spectra, those that cannot be read with the reason. The file is opened at once.

    Raises:
        SpectraFileError: it is something else, or damaged.

    Example:
        >>> import pathlib, tempfile
        >>> import h5py
        >>> from nextims.data.readers.tables import read_hdf5
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.h5")
        >>> with h5py.File(path, "w") as file:
        ...     file["peaks/offsets"], file["metadata/name"] = [0, 2], ["water"]
        ...     file["peaks/mz"], file["peaks/intensity"] = [17.0, 18.0], [212, 999]
        >>> [raw.peaks().tolist() for raw in read_hdf5(path)]
        [[[17.0, 212.0], [18.0, 999.0]]]
    """
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise SpectraFileError(f"{path}: not an HDF5 file, or damaged") from error
    try:
        offsets, peaks = file["peaks/offsets"], (file["peaks/mz"], file["peaks/intensity"])
        columns = {name: file["metadata"][name] for name in _FACTS if name in file["metadata"]}
        lengths = {len(offsets) - 1, *map(len, columns.values())}
        if len(lengths) > 1 or len(peaks[0]) != len(peaks[1]):
            raise KeyError("its arrays differ in length")
    except (KeyError, TypeError, AttributeError, OSError) as error:
        file.close()
        raise SpectraFileError(
            f"{path}: not a file of spectra as predict.py or prepare_massbank.py write it "
            f"({str(error).strip(chr(34))})"
        ) from error
    predicted = file.attrs.get(_PREDICTED)

    def rows() -> Iterator[RawRecord]:
        with file:
            for start in range(0, len(offsets) - 1, _BATCH):
                stop = min(start + _BATCH, len(offsets) - 1)
                try:
                    block = _hdf5_block(offsets, peaks, columns, start, stop)
                except (OSError, ValueError) as error:
                    yield from _unreadable(start, stop, error)
                    continue
                for i, row in enumerate(block, start=start + 1):
                    yield _raw(i, row, predicted)

    return rows()


def _hdf5_block(
    offsets: h5py.Dataset,
    peaks: tuple[h5py.Dataset, h5py.Dataset],
    columns: Mapping[str, h5py.Dataset],
    start: int,
    stop: int,
) -> list[dict[str, Any]]:
    ends = offsets[start : stop + 1]
    if (np.diff(ends) < 0).any() or ends[0] < 0 or ends[-1] > len(peaks[0]):
        raise ValueError("peaks/offsets do not fit the peaks")
    # Texts are bytes in HDF5, numbers are not.
    facts = {
        name: (column.asstr(errors="replace") if column.dtype.kind == "O" else column)[start:stop]
        for name, column in columns.items()
    }
    mz, intensity = (values[ends[0] : ends[-1]] for values in peaks)
    rows = []
    for i, (begin, end) in enumerate(pairwise(ends - ends[0])):
        row = {name: values[i] for name, values in facts.items()}
        rows.append(row | {"mz": mz[begin:end], "intensity": intensity[begin:end]})
    return rows


def read_parquet(path: Path) -> Iterator[RawRecord]:
    """Read the spectra of a Parquet file, some at a time in memory.

    Args:
        path: the file; lists ``mz`` and ``intensity``, and facts of the molecule where there are.

    Returns:
        Spectra, those that cannot be read with the reason. The file is opened at once.

    Raises:
        SpectraFileError: it is something else, or damaged, or pyarrow is missing.

    Example:
        >>> from nextims.data.readers.tables import read_parquet
        >>> spectra = read_parquet("spectra.parquet")  # doctest: +SKIP
    """
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise SpectraFileError(
            f'{path}: pyarrow is missing: pip install -e ".[formats]"'
        ) from error
    try:
        file = ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise SpectraFileError(f"{path}: not a Parquet file, or damaged") from error
    present = file.schema_arrow.names
    if missing := [name for name in ("mz", "intensity") if name not in present]:
        file.close()
        raise SpectraFileError(
            f"{path}: not a file of spectra as predict.py writes it: no column {missing[0]!r}"
        )
    wanted = [name for name in (*_FACTS, _PREDICTED, "mz", "intensity") if name in present]
    predicted = (file.schema_arrow.metadata or {}).get(_PREDICTED.encode(), b"").decode()

    def rows() -> Iterator[RawRecord]:
        with file:
            end = 0
            for group in range(file.num_row_groups):
                done, end = end, end + file.metadata.row_group(group).num_rows
                try:
                    for batch in file.iter_batches(_BATCH, row_groups=[group], columns=wanted):
                        for row in batch.to_pylist():
                            done += 1
                            yield _raw(done, row, row.pop(_PREDICTED, None) or predicted)
                except (pyarrow.ArrowException, OSError, ValueError) as error:
                    yield from _unreadable(done, end, error)

    return rows()


def _unreadable(start: int, stop: int, error: Exception) -> Iterator[RawRecord]:
    for number in range(start + 1, stop + 1):
        yield RawRecord(number, damage=f"this part of the file is damaged: {error}")


def _raw(number: int, row: Mapping[str, Any], predicted: str | None) -> RawRecord:
    """Return the spectrum of a row; what is null in it is left out."""
    raw = RawRecord(number)
    for name in _FACTS:
        value = row.get(name)
        if isinstance(value, str) or (value is not None and np.isfinite(value)):
            add_field(raw, name, value)
    if predicted:
        add_field(raw, _PREDICTED, predicted)
    try:
        mz, intensity = (
            np.asarray([] if row[name] is None else row[name], dtype=np.float64)
            for name in ("mz", "intensity")
        )
        if mz.shape != intensity.shape:
            raise ValueError(f"{len(mz)} m/z, but {len(intensity)} intensities")
        raw.pairs = np.stack([mz, intensity], axis=1)
    except (ValueError, TypeError) as error:
        raw.damage = str(error)
    return raw
