"""HDF5 (h5py) in the layout of our store, as predict.py and prepare_massbank.py write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..opening import SpectraFileError
from ..raw_record import RawRecord
from ..rows import BATCH, DAMAGE, PREDICTED, Row, is_fact, read_parts

if TYPE_CHECKING:
    import h5py


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
        >>> from nextims.formats.hdf5.reading import read_hdf5
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.h5")
        >>> with h5py.File(path, "w") as file:
        ...     file["peaks/offsets"], file["metadata/name"] = [0, 2], ["water"]
        ...     file["peaks/mz"], file["peaks/intensity"] = [17.0, 18.0], [212, 999]
        >>> [raw.peaks().tolist() for raw in read_hdf5(path)]
        [[[17.0, 212.0], [18.0, 999.0]]]
    """
    import h5py

    from ...files.hdf5 import is_undamaged

    if not is_undamaged(path):
        raise SpectraFileError(f"{path}: damaged, or changed since it was written")
    try:
        file = h5py.File(path, "r")
    except DAMAGE as error:
        raise SpectraFileError(f"{path}: not an HDF5 file, or damaged") from error
    try:
        offsets, peaks = file["peaks/offsets"], (file["peaks/mz"], file["peaks/intensity"])
        columns = {name: each for name, each in file["metadata"].items() if is_fact(name)}
        lengths = {len(offsets) - 1, *map(len, columns.values())}
        if len(lengths) > 1 or len(peaks[0]) != len(peaks[1]):
            raise KeyError("its arrays differ in length")
        predicted = file.attrs.get(PREDICTED)
    except (AttributeError, *DAMAGE) as error:
        file.close()
        raise SpectraFileError(
            f"{path}: not a file of spectra as predict.py or prepare_massbank.py write it "
            f"({str(error).strip(chr(34))})"
        ) from error

    def rows() -> Iterator[RawRecord]:
        with file:
            number = len(offsets) - 1
            parts = (
                (min(BATCH, number - start), partial(_rows, offsets, peaks, columns, start))
                for start in range(0, number, BATCH)
            )
            yield from read_parts(parts, predicted)

    return rows()


def _rows(
    offsets: h5py.Dataset,
    peaks: tuple[h5py.Dataset, h5py.Dataset],
    columns: Mapping[str, h5py.Dataset],
    start: int,
) -> Iterator[Row]:
    ends = offsets[start : start + BATCH + 1]
    if (np.diff(ends) < 0).any() or ends[0] < 0 or ends[-1] > len(peaks[0]):
        raise ValueError("peaks/offsets do not fit the peaks")
    # Texts are bytes in HDF5, numbers are not.
    facts = {
        name: (column.asstr(errors="replace") if column.dtype.kind == "O" else column)[
            start : start + BATCH
        ]
        for name, column in columns.items()
    }
    mz, intensity = (values[ends[0] : ends[-1]] for values in peaks)
    for i, (begin, end) in enumerate(pairwise(ends - ends[0])):
        row = {name: values[i] for name, values in facts.items()}
        yield row | {"mz": mz[begin:end], "intensity": intensity[begin:end]}
