"""Predicted spectra as files: one function a format, chosen by the ending of the file's name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

from ..files.endings import known_ending
from ..spectra.prediction import PredictedSpectrum
from .csv.writing import csv_header, csv_record
from .exported import Contents
from .jcamp.writing import jcamp_record
from .json.writing import json_record
from .mgf.writing import mgf_record
from .msp.writing import DIALECTS, msp_record
from .mzspeclib.writing import mzspeclib_header, mzspeclib_record
from .sdf.writing import mol_block, sdf_record
from .table import Row, Table, table_row


@dataclass(frozen=True)
class FormattedSpectrum:
    """A predicted spectrum as the file that it is for holds it.

    Attributes:
        identifier: as in ``PredictedSpectrum``.
        record: text, or a row of a table by the names of its columns.
        left_out: as in ``PredictedSpectrum``.
        mol_block: the structure as a MOL file, where that was asked for.
        notes: as in ``PredictedSpectrum``, as is the next one.
        place: line and name.
    """

    identifier: int
    record: str | dict[str, object]
    left_out: float | None = None
    mol_block: str | None = None
    notes: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True)
class Format:
    """How spectra are written to the files of one ending.

    Attributes:
        record: gives what a file holds of a spectrum: text, or a row of a table.
        header: gives what stands above the spectra in a file of text.
        table: module and class of a file of rows, loaded when they are needed.
        ions: whether there is a place for the ions behind the peaks.
        needs: the library of the extra ``formats`` that it is written with.
    """

    record: Callable[[PredictedSpectrum, str], str | Row]
    header: Callable[[Contents], str] = lambda contents: ""
    table: tuple[str, str] | None = None
    ions: bool = False
    needs: str = ""

    def __call__(self, result: PredictedSpectrum, model_name: str = "") -> str | Row:
        """Return what a file holds of a spectrum."""
        return self.record(result, model_name)

    def open_table(self, path: str | Path, contents: Contents) -> Table:
        """Open a file of rows, whose own name is of no account."""
        module, name = self.table
        return getattr(import_module(f".{module}.writing", __package__), name)(path, contents)


# By the ending of a file: the one place where formats to write are named.
FORMATS: dict[str, Format] = {
    ".msp": Format(msp_record, ions=True),
    ".json": Format(json_record, ions=True),
    ".jsonl": Format(json_record, ions=True),
    ".csv": Format(csv_record, csv_header, ions=True),
    ".sdf": Format(sdf_record),
    ".jdx": Format(jcamp_record),
    ".mgf": Format(mgf_record),
    ".mzspeclib.txt": Format(mzspeclib_record, mzspeclib_header, ions=True),
    ".parquet": Format(table_row, table=("parquet", "ParquetTable"), ions=True, needs="pyarrow"),
    ".h5": Format(table_row, table=("hdf5", "Hdf5Table"), ions=True),
}
WITH_IONS = tuple(ending for ending, format_ in FORMATS.items() if format_.ions)


@dataclass(frozen=True)
class Formatter:
    """Turns a predicted spectrum into what a file holds of it. Can be pickled.

    Attributes:
        ending: of the file, a key of ``FORMATS``.
        dialect: of MSP, a key of ``DIALECTS``.
        mol_folder: whether MOL files go with NIST's MSP.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.formats.writing import Formatter
        >>> Formatter(".mgf")(ethanol()).record.splitlines()[1]
        'TITLE=1 ethanol'
    """

    ending: str = ".msp"
    dialect: str = "nist"
    mol_folder: bool = False

    def __call__(
        self, result: PredictedSpectrum | FormattedSpectrum, model_name: str = ""
    ) -> FormattedSpectrum:
        """Return the spectrum as the file holds it, as it is where it has been formatted.

        Args:
            result: the spectrum.
            model_name: what it says about the model.
        """
        if isinstance(result, FormattedSpectrum):
            return result
        return FormattedSpectrum(
            result.identifier,
            self._record(result, model_name),
            result.left_out,
            mol_block(result) if self.mol_folder else None,
            result.notes,
            result.place,
        )

    @property
    def _record(self) -> Callable[[PredictedSpectrum, str], str | Row]:
        if self.mol_folder:
            return partial(msp_record, with_id=True)
        return DIALECTS[self.dialect] if self.ending == ".msp" else FORMATS[self.ending].record


def file_ending(path: str | Path) -> str:
    """Return which of the endings of ``FORMATS`` a file's name has, else its last one.

    Example:
        >>> from nextims.formats.writing import file_ending
        >>> file_ending("terpenes.mzSpecLib.txt"), file_ending("terpenes.TXT")
        ('.mzspeclib.txt', '.txt')
    """
    return known_ending(path, FORMATS)
