"""Predicted spectra as files: one function a format, chosen by the ending of the file's name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

from ..files.endings import known_ending
from ..spectra.prediction import PredictedSpectrum
from .csv.writing import csv_header, csv_record
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
    """

    identifier: int
    record: str | dict[str, object]
    left_out: float | None = None
    mol_block: str | None = None


# Ending of a file → the function that gives what it holds of a spectrum: text, or a row of a table.
FORMATS: dict[str, Callable[[PredictedSpectrum, str], str | Row]] = {
    ".msp": msp_record,
    ".json": json_record,
    ".jsonl": json_record,
    ".csv": csv_record,
    ".sdf": sdf_record,
    ".jdx": jcamp_record,
    ".mgf": mgf_record,
    ".mzspeclib.txt": mzspeclib_record,
    ".parquet": table_row,
    ".h5": table_row,
}
# Those of tables → module and class of the file. Loaded when they are needed.
TABLES = {".parquet": ("parquet.writing", "ParquetTable"), ".h5": ("hdf5.writing", "Hdf5Table")}
# Formats with a place for the ions behind the peaks.
WITH_IONS = (".msp", ".json", ".jsonl", ".csv", ".mzspeclib.txt", ".parquet", ".h5")


@dataclass(frozen=True)
class Formatter:
    """Turns a predicted spectrum into what a file holds of it. Can be pickled.

    Attributes:
        ending: of the file, a key of ``FORMATS``.
        dialect: of MSP, a key of ``DIALECTS``.
        mol_folder: whether MOL files go with NIST's MSP.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.formats.writing import Formatter
        >>> from nextims.spectra.prediction import PredictedSpectrum
        >>> ethanol = PredictedSpectrum(1, "ethanol", read_molecule("CCO"), Spectrum([31], [1.0]))
        >>> Formatter(".mgf")(ethanol).record.splitlines()[1]
        'TITLE=1 ethanol'
    """

    ending: str = ".msp"
    dialect: str = "nist"
    mol_folder: bool = False

    def __call__(self, result: PredictedSpectrum, model_name: str = "") -> FormattedSpectrum:
        """Return the spectrum as the file holds it.

        Args:
            result: the spectrum.
            model_name: what it says about the model.
        """
        return FormattedSpectrum(
            result.identifier,
            self._record(result, model_name),
            result.left_out,
            mol_block(result) if self.mol_folder else None,
        )

    @property
    def _record(self) -> Callable[[PredictedSpectrum, str], str | Row]:
        if self.mol_folder:
            return partial(msp_record, with_id=True)
        return DIALECTS[self.dialect] if self.ending == ".msp" else FORMATS[self.ending]


def file_ending(path: str | Path, endings: Collection[str] = tuple(FORMATS)) -> str:
    """Return which of these endings a file's name has, else its last one, in lower case.

    Example:
        >>> from nextims.formats.writing import file_ending
        >>> file_ending("terpenes.mzSpecLib.txt"), file_ending("terpenes.txt")
        ('.mzspeclib.txt', '.txt')
    """
    return known_ending(path, endings)


def header(
    ending: str,
    *,
    annotated: bool = False,
    uncertain: bool = False,
    library: str = "",
    model_name: str = "",
) -> str:
    """Return what stands above the spectra in a file of text.

    Args:
        ending: a key of ``FORMATS``.
        annotated: whether the spectra have annotations.
        uncertain: whether the spectra have uncertainties.
        library: name of the library.
        model_name: what it says about the model.
    """
    if ending == ".csv":
        return csv_header(annotated=annotated, uncertain=uncertain)
    if ending == ".mzspeclib.txt":
        return mzspeclib_header(library, model_name)
    return ""


def open_table(path: str | Path, ending: str, **contents: bool) -> Table:
    """Open a file of rows.

    Args:
        path: file to write; its own name is of no account.
        ending: a key of ``TABLES``.
        **contents: ``annotated`` and ``uncertain``, as in ``header``.

    Raises:
        ImportError: a library that the format needs is missing.
    """
    module, name = TABLES[ending]
    return getattr(import_module(f".{module}", __package__), name)(path, **contents)
