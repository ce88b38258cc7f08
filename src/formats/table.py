"""Spectra as rows of a table, one a spectrum, for Parquet and HDF5."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ..spectra.prediction import PredictedSpectrum
from .csv.writing import EXPECTED_COLUMNS
from .exported import INDEX_FIELDS, Contents, free_names
from .json.writing import spectrum_fields

Row = dict[str, object]
# What a row has beside the peaks, and its type.
FACTS = {
    "line": np.int64,
    "name": str,
    "smiles": str,
    "formula": str,
    "nominal_mass": np.int32,
    "exact_mass": np.float64,
    "inchikey": str,
    "ionization_energy": np.float64,
    **dict(zip(INDEX_FIELDS, (*[np.float64] * 3, str), strict=True)),
    "predicted_by": str,
    "model": str,
    "left_out": np.float64,
}
# What else it may have.
_LISTS = (
    "mz",
    "intensity",
    "expected_similarity",
    "peak_deviations",
    "neighbours",
    "annotations",
    *EXPECTED_COLUMNS,
)
# Rows that are held until they are written; as many go into one part of a file.
ROWS_A_BATCH = 1024


class Table:
    """A file of rows, written in batches, so that memory does not grow with the file.

    Args:
        path: file to write.
        contents: what the spectra have.
    """

    def __init__(self, path: str | Path, contents: Contents):
        self._rows: list[Row] = []
        self._open(path, contents)

    def write(self, row: Row) -> None:
        """Add one row, as ``table_row`` gives it."""
        self._rows.append(row)
        if len(self._rows) >= ROWS_A_BATCH:
            self._write_batch()

    def copy(self, path: str | Path) -> None:
        """Add the rows of a file that another table of the same format and contents wrote.

        The batches are those that writing the rows one by one gives, and so the bytes. A table is
        filled by this or by ``write``, not by both.
        """
        self._copy(path)

    def close(self) -> None:
        """Write what is held and close the file."""
        try:
            self._write_batch()
        finally:
            self._close()
        self._seal()

    def abandon(self) -> None:
        """Close the file without what is held, as one that cannot be written to its end."""
        self._close()

    def _write_batch(self) -> None:
        if self._rows:
            self._append(self._rows)
            self._rows = []

    def _open(self, path: str | Path, contents: Contents) -> None:
        raise NotImplementedError

    def _append(self, rows: list[Row]) -> None:
        raise NotImplementedError

    def _copy(self, path: str | Path) -> None:
        raise NotImplementedError

    def _close(self) -> None:
        raise NotImplementedError

    def _seal(self) -> None:
        """Put the digest of its content into the closed file."""
        raise NotImplementedError


def kept_names(columns: Iterable[str]) -> list[str]:
    """Return what columns of the input are called in a row."""
    return free_names(columns, (*FACTS, *_LISTS))


def table_row(result: PredictedSpectrum, model_name: str = "") -> Row:
    """Return what ``spectrum_fields`` has, with ``mz`` and ``intensity`` as two lists.

    Columns of the input have their own names, see ``kept_names``.

    Text that is no Unicode (bytes from a command line) has these written as escapes.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.formats.table import table_row
        >>> row = table_row(ethanol())
        >>> row["mz"], row["intensity"]
        ([31, 45], [999, 500])
    """
    row = spectrum_fields(result, model_name)
    peaks = row.pop("peaks")
    row["mz"] = [mz for mz, _ in peaks]
    row["intensity"] = [intensity for _, intensity in peaks]
    kept = row.pop("columns", {})
    names = kept_names(kept)
    row |= zip(names, kept.values(), strict=True)
    for name in ("name", "model", *names):
        # The strings of HDF5 end at a zero byte.
        text = row[name].replace("\0", " ")
        row[name] = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return row
