"""Measured spectra as rows of a table, one a spectrum, as HDF5 and Parquet hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .fields import KEPT_RETENTION, field_name
from .raw_record import RawRecord

# Spectra read at a time.
BATCH = 1024
FACTS = (
    "id", "name", "smiles", "formula", "nominal_mass", "exact_mass", "inchikey", "instrument",
    "licence", "energy", "ionization_energy", "retention_index", "retention_index_low",
    "retention_index_high", "column",
)  # fmt: skip
PREDICTED = "predicted_by"
# What the libraries of these formats raise of files that are damaged.
DAMAGE = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, MemoryError)

Row = Mapping[str, Any]
# Number of rows of a part of a file, and what reads them.
Part = tuple[int, Callable[[], Iterable[Row]]]


def is_fact(column: str) -> bool:
    """Say whether a column says something of the record.

    Example:
        >>> from nextims.formats.rows import is_fact
        >>> is_fact("smiles"), is_fact("RT (min)"), is_fact("left_out")
        (True, True, False)
    """
    return column in FACTS or field_name(column) in KEPT_RETENTION


def read_parts(
    parts: Iterable[Part], predicted: str | None, *errors: type[Exception]
) -> Iterator[RawRecord]:
    """Read the spectra of a table part by part.

    Args:
        parts: the parts of the file.
        predicted: what the spectra were predicted by, if the file says so.
        *errors: errors of a damaged part beside ``DAMAGE``; its rows become bad records from there
            on.
    """
    end = 0
    for length, read in parts:
        number, end = end, end + length
        reason: Exception | str = "rows are missing"
        try:
            for row in read():
                number += 1
                yield _raw_of_row(number, row, predicted)
        except (*DAMAGE, *errors) as error:
            reason = error
        for unread in range(number + 1, end + 1):
            yield RawRecord(unread, damage=f"this part of the file is damaged: {reason}")


def _raw_of_row(number: int, row: Row, predicted: str | None) -> RawRecord:
    """Return the spectrum of a row; what is null in it is left out."""
    raw = RawRecord(number)
    for name, value in row.items():
        if not is_fact(name):
            continue
        if isinstance(value, str) or (value is not None and np.isfinite(value)):
            raw.add(name, value)
    if predicted := row.get(PREDICTED) or predicted:
        raw.add(PREDICTED, predicted)
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
