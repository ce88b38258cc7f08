"""Parquet: one row a spectrum, which pandas, polars and R's arrow read. Needs pyarrow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..exported import BASE_PEAK, Contents, signature
from ..table import FACTS, ROWS_A_BATCH, Row, Table, kept_names
from .seal import KEY, UNKNOWN, seal

if TYPE_CHECKING:
    import pyarrow as pa


class ParquetTable(Table):
    """A Parquet file whose columns are the fields of ``table_row``; what is not known is null.

    Its pages have checksums, and its footer the digest of all.

    Example:
        >>> from nextims.formats.exported import Contents
        >>> from nextims.formats.parquet.writing import ParquetTable
        >>> table = ParquetTable("spectra.parquet", Contents())  # doctest: +SKIP
    """

    def _open(self, path: str | Path, contents: Contents) -> None:
        from pyarrow.parquet import ParquetWriter

        self._path = path
        self._schema = _schema(contents)
        self._writer = ParquetWriter(
            path, self._schema, compression="zstd", write_page_checksum=True
        )
        self._writer.add_key_value_metadata({KEY: UNKNOWN})
        self._copied = self._schema.empty_table()

    def _copy(self, path: str | Path) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile

        with ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(ROWS_A_BATCH):
                # A part's schema differs in what pyarrow notes of the columns in its file.
                rows = pa.Table.from_batches([batch]).cast(self._schema)
                self._copied = pa.concat_tables([self._copied, rows])
                while len(self._copied) >= ROWS_A_BATCH:
                    self._write_copied(ROWS_A_BATCH)

    def _write_copied(self, number: int) -> None:
        [batch] = self._copied.slice(0, number).combine_chunks().to_batches()
        self._writer.write_batch(batch)
        self._copied = self._copied.slice(number)

    def _append(self, rows: list[Row]) -> None:
        import pyarrow as pa

        self._writer.write_batch(pa.RecordBatch.from_pylist(rows, self._schema))

    def _write_batch(self) -> None:
        super()._write_batch()
        if len(self._copied):
            self._write_copied(len(self._copied))

    def _close(self) -> None:
        self._writer.close()

    def _seal(self) -> None:
        seal(self._path)


def _schema(contents: Contents) -> pa.Schema:
    import pyarrow as pa

    fields = {
        name: pa.string() if kind is str else pa.from_numpy_dtype(kind)
        for name, kind in FACTS.items()
    }
    fields |= {"mz": pa.list_(pa.float64()), "intensity": pa.list_(pa.int32())}
    fields["left_out"] = fields.pop("left_out")  # behind the peaks
    if contents.annotated:
        fields["annotations"] = pa.list_(_annotation_type())
    if contents.uncertain:
        expectation = pa.struct(dict.fromkeys(("mean", "lower", "upper"), pa.float64()))
        fields["expected_similarity"] = pa.struct(
            dict.fromkeys(("cosine", "entropy_similarity"), expectation)
        )
        fields["peak_deviations"] = pa.list_(pa.float64())
    fields |= dict.fromkeys(kept_names(contents.columns), pa.string())
    return pa.schema(fields, {"predicted_by": signature(), "base_peak": str(BASE_PEAK)})


def _annotation_type() -> pa.DataType:
    import pyarrow as pa

    ion = pa.struct(
        {
            "formula": pa.string(),
            "mz": pa.float64(),
            "share": pa.float64(),
            "neutral_loss": pa.string(),
            "hydrogen_shift": pa.int32(),
            "isotope_shift": pa.int32(),
            "atoms": pa.list_(pa.int32()),
            "piece": pa.string(),
        }
    )
    return pa.struct(
        {
            "mz": pa.float64(),
            "ions": pa.list_(ion),
            "other_ions": pa.float64(),
            "unexplained": pa.float64(),
        }
    )
