"""Predicted spectra written to files and streams, one after the other."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from .formats import (
    DIALECTS,
    FORMATS,
    TABLES,
    WITH_IONS,
    Formatter,
    csv_text,
    file_ending,
    header,
    open_table,
)
from .formats.table import Table
from .mol_folder import MolFolder, MolFolderError
from .results import FailedPrediction, FormattedSpectrum, PredictedSpectrum

Result = PredictedSpectrum | FormattedSpectrum | FailedPrediction

ERROR_COLUMNS = ("line", "text", "name", "reason")


class OutputError(ValueError):
    """An output file cannot be written; the message names it and the reason."""


def check_output(
    path: str | Path, endings: Collection[str] = tuple(FORMATS), what: str = "spectra"
) -> Path:
    """Check that results can be written to a path, before the work of predicting them.

    Args:
        path: file to write.
        endings: those allowed, with their point, in lower case.
        what: names the results in the error.

    Returns:
        The path.

    Raises:
        OutputError: the ending is none of these, or the folder is missing or write-protected.

    Example:
        >>> from nextims.inference.writers import check_output
        >>> check_output("spectra.msp").suffix
        '.msp'
    """
    path = Path(path)
    if file_ending(path, endings) not in endings:
        raise OutputError(
            f"{path}: unknown ending {path.suffix!r}; {what} can be written as {', '.join(endings)}"
        )
    if path.is_dir():
        raise OutputError(f"{path}: is a folder")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: the folder {path.parent} cannot be written to")
    return path


def check_spectra_output(
    path: str | Path, *, dialect: str = "nist", mol_folder: bool = False, annotated: bool = False
) -> Path:
    """Check that spectra can be written to a path as asked for, before they are predicted.

    Args:
        path: file to write.
        dialect: of MSP, a key of ``DIALECTS``.
        mol_folder: whether MOL files go beside NIST's MSP.
        annotated: whether the spectra have annotations.

    Returns:
        The path.

    Raises:
        OutputError: see ``check_output``; or the format has no such dialect, no MOL files or no
            place for annotations, or needs a library that is missing.

    Example:
        >>> from nextims.inference.writers import OutputError, check_spectra_output
        >>> try:
        ...     check_spectra_output("spectra.mgf", mol_folder=True)
        ... except OutputError as error:
        ...     print(error)
        spectra.mgf: MOL files go with NIST's .msp only
    """
    path = check_output(path)
    ending = file_ending(path)
    if dialect not in DIALECTS:
        raise OutputError(f"unknown dialect {dialect!r}; MSP has {', '.join(DIALECTS)}")
    if dialect != "nist" and ending != ".msp":
        raise OutputError(f"{path}: the dialect {dialect} is one of .msp")
    if mol_folder:
        if ending != ".msp" or dialect != "nist":
            raise OutputError(f"{path}: MOL files go with NIST's .msp only")
        try:
            MolFolder.check(path)
        except MolFolderError as error:
            raise OutputError(str(error)) from error
    if annotated and ending not in WITH_IONS:
        raise OutputError(
            f"{path}: {ending} has no place for ions; these have: {', '.join(WITH_IONS)}"
        )
    if ending == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise OutputError(f'{path}: pyarrow is missing: pip install -e ".[formats]"')
    return path


def errors_path(path: str | Path) -> Path:
    """Return where the structures that were not predicted are listed: ``PATH.errors.csv``."""
    return Path(f"{path}.errors.csv")


class SpectrumWriter:
    """Writes results to a file of the format that its ending names, one after the other.

    Spectra go to the file, failures to ``PATH.errors.csv`` with the columns line, text, name and
    reason. All is written under temporary names and renamed when all went well; otherwise
    nothing is left of it. An error list of an earlier run is removed where this one has none.

    Args:
        path: file to write.
        model_name: what the spectra say about the model.
        annotated: whether the spectra have annotations.
        uncertain: whether the spectra have uncertainties.
        dialect: of MSP, a key of ``DIALECTS``.
        mol_folder: whether to write the structures beside the MSP, see ``MolFolder``.

    Attributes:
        predicted: number of spectra written.
        failed: number of failures written.

    Raises:
        OutputError: see ``check_spectra_output``.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.inference.results import FailedPrediction
        >>> from nextims.inference.writers import SpectrumWriter
        >>> with SpectrumWriter(pathlib.Path(tempfile.mkdtemp(), "spectra.msp")) as writer:
        ...     writer.write(FailedPrediction(1, "", "", "empty structure"))
        >>> writer.predicted, writer.failed
        (0, 1)
    """

    def __init__(
        self,
        path: str | Path,
        model_name: str = "",
        *,
        annotated: bool = False,
        uncertain: bool = False,
        dialect: str = "nist",
        mol_folder: bool = False,
    ):
        self.path = check_spectra_output(
            path, dialect=dialect, mol_folder=mol_folder, annotated=annotated
        )
        self.model_name = model_name
        self.predicted = 0
        self.failed = 0
        self._contents = {"annotated": annotated, "uncertain": uncertain}
        self._format = Formatter(file_ending(path), dialect, mol_folder)
        self._files: dict[Path, TextIO | Table] = {}
        self._mol_folder = MolFolder(self.path) if mol_folder else None

    def __enter__(self) -> SpectrumWriter:
        ending = self._format.ending
        if ending in TABLES:
            table = open_table(_temporary(self.path), ending, **self._contents)
            self._files[self.path] = table
            return self
        library = self.path.name[: -len(ending)]
        self._open(self.path).write(
            header(ending, library=library, model_name=self.model_name, **self._contents)
        )
        return self

    def write(self, result: Result) -> None:
        """Write one result; a ``FormattedSpectrum`` as it is."""
        if isinstance(result, FailedPrediction):
            self._write_failure(result)
            return
        if isinstance(result, PredictedSpectrum):
            result = self._format(result, self.model_name)
        self.predicted += 1
        self._files[self.path].write(result.record)
        if self._mol_folder is not None:
            self._mol_folder.write(result.identifier, result.mol_block)

    def __exit__(self, exception_type, exception, traceback) -> None:
        try:
            for file in self._files.values():
                file.close()
            if exception_type is None:
                for path in self._files:
                    _temporary(path).replace(path)
                if self._mol_folder is not None:
                    self._mol_folder.finish()
                if not self.failed:
                    errors_path(self.path).unlink(missing_ok=True)
        finally:
            for path in self._files:
                with suppress(OSError):
                    _temporary(path).unlink(missing_ok=True)
            if self._mol_folder is not None:
                self._mol_folder.discard()

    def _write_failure(self, failure: FailedPrediction) -> None:
        path = errors_path(self.path)
        if not self.failed:
            self._open(path).write(csv_text([ERROR_COLUMNS]))
        self.failed += 1
        row = (failure.line, failure.text, failure.name, failure.reason)
        self._files[path].write(csv_text([row]))

    def _open(self, path: Path) -> TextIO:
        # Line ends are written as the formats ask for, whatever the system's are.
        self._files[path] = _temporary(path).open(
            "w", encoding="utf-8", errors="backslashreplace", newline=""
        )
        return self._files[path]


class MSPStream:
    """Writes spectra as MSP to an open stream; failures are counted only.

    Args:
        stream: binary stream, left open.
        model_name: what the spectra say about the model.
        dialect: of MSP, a key of ``DIALECTS``.

    Attributes:
        predicted: number of spectra written.
        failed: number of failures.

    Example:
        >>> import io
        >>> from nextims.inference.results import FailedPrediction
        >>> from nextims.inference.writers import MSPStream
        >>> with MSPStream(io.BytesIO()) as writer:
        ...     writer.write(FailedPrediction(1, "", "", "empty structure"))
        >>> writer.failed
        1
    """

    def __init__(self, stream: BinaryIO, model_name: str = "", dialect: str = "nist"):
        self.stream = stream
        self.model_name = model_name
        self._format = Formatter(dialect=dialect)
        self.predicted = 0
        self.failed = 0

    def __enter__(self) -> MSPStream:
        return self

    def write(self, result: Result) -> None:
        """Write one result; a ``FormattedSpectrum`` as it is."""
        if isinstance(result, FailedPrediction):
            self.failed += 1
            return
        if isinstance(result, PredictedSpectrum):
            result = self._format(result, self.model_name)
        self.predicted += 1
        self.stream.write(result.record.encode("utf-8", "backslashreplace"))

    def __exit__(self, exception_type, exception, traceback) -> None:
        if exception_type is None:
            self.stream.flush()


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + ".tmp")
