"""Parquet (https://parquet.apache.org), one row a spectrum, as predict.py writes it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..opening import SpectraFileError
from ..raw_record import RawRecord
from ..rows import BATCH, DAMAGE, PREDICTED, Row, is_fact, read_parts
from .seal import is_undamaged


def read_parquet(path: Path) -> Iterator[RawRecord]:
    """Read the spectra of a Parquet file, some at a time in memory.

    Args:
        path: the file; lists ``mz`` and ``intensity``, and facts of the molecule where there are.

    Returns:
        Spectra, those that cannot be read with the reason. The file is opened at once.

    Raises:
        SpectraFileError: it is something else, or damaged, or pyarrow is missing.

    Example:
        >>> from nextims.formats.parquet.reading import read_parquet
        >>> spectra = read_parquet("spectra.parquet")  # doctest: +SKIP
    """
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise SpectraFileError(
            f'{path}: pyarrow is missing: pip install "nextims[formats]"'
        ) from error
    if not is_undamaged(path):
        raise SpectraFileError(f"{path}: damaged, its digest is not that of its content")
    try:
        file = ParquetFile(path, page_checksum_verification=True)
        present = file.schema_arrow.names
        metadata = file.schema_arrow.metadata or {}
        predicted = metadata.get(PREDICTED.encode(), b"").decode("utf-8", "replace")
    except (pyarrow.ArrowException, *DAMAGE) as error:
        raise SpectraFileError(f"{path}: not a Parquet file, or damaged") from error
    if missing := [name for name in ("mz", "intensity") if name not in present]:
        file.close()
        raise SpectraFileError(
            f"{path}: not a file of spectra as predict.py writes it: no column {missing[0]!r}"
        )
    wanted = [name for name in present if is_fact(name) or name in (PREDICTED, "mz", "intensity")]

    def rows_of(group: int) -> Iterator[Row]:
        for batch in file.iter_batches(BATCH, row_groups=[group], columns=wanted):
            yield from batch.to_pylist()

    def rows() -> Iterator[RawRecord]:
        with file:
            lengths = (file.metadata.row_group(i).num_rows for i in range(file.num_row_groups))
            parts = ((length, partial(rows_of, i)) for i, length in enumerate(lengths))
            yield from read_parts(parts, predicted, pyarrow.ArrowException)

    return rows()
