"""Measured spectra as rows of a table, one a spectrum, as HDF5 and Parquet hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .raw_record import RawRecord, add_field

# Spectra read at a time.
BATCH = 1024


FACTS = (
    "id", "name", "smiles", "formula", "nominal_mass", "exact_mass", "inchikey", "instrument",
    "licence", "energy", "ionization_energy",
)  # fmt: skip


PREDICTED = "predicted_by"


def unreadable(start: int, stop: int, error: Exception) -> Iterator[RawRecord]:
    """Yield the rows of a part that cannot be read, numbered from ``start + 1`` to ``stop``."""
    for number in range(start + 1, stop + 1):
        yield RawRecord(number, damage=f"this part of the file is damaged: {error}")


def raw_of_row(number: int, row: Mapping[str, Any], predicted: str | None) -> RawRecord:
    """Return the spectrum of a row; what is null in it is left out."""
    raw = RawRecord(number)
    for name in FACTS:
        value = row.get(name)
        if isinstance(value, str) or (value is not None and np.isfinite(value)):
            add_field(raw, name, value)
    if predicted:
        add_field(raw, PREDICTED, predicted)
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
