"""Predicted spectra written to files, one after the other."""

from __future__ import annotations

import importlib.util
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from ..files.writing import OutputError, check_output, named_in_errors, temporary_name
from ..spectra.prediction import FailedPrediction, PredictedSpectrum
from .csv.writing import csv_text
from .exported import Contents
from .mol_folder.writing import MolFolder
from .msp.writing import DIALECTS
from .table import Table
from .writing import FORMATS, WITH_IONS, FormattedSpectrum, Formatter, file_ending

Result = PredictedSpectrum | FormattedSpectrum | FailedPrediction

ERROR_COLUMNS = ("line", "text", "name", "reason")
# Where the input is a folder.
FILE_COLUMNS = ("file", "file_line")


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
        >>> from nextims.files.writing import OutputError
        >>> from nextims.formats.spectrum_writer import check_spectra_output
        >>> try:
        ...     check_spectra_output("spectra.mgf", mol_folder=True)
        ... except OutputError as error:
        ...     print(error)
        spectra.mgf: MOL files go with NIST's .msp only
    """
    path = check_output(path, FORMATS)
    ending = file_ending(path)
    if dialect not in DIALECTS:
        raise OutputError(f"unknown dialect {dialect!r}; MSP has {', '.join(DIALECTS)}")
    if dialect != "nist" and ending != ".msp":
        raise OutputError(f"{path}: the dialect {dialect} is one of .msp")
    if mol_folder:
        if ending != ".msp" or dialect != "nist":
            raise OutputError(f"{path}: MOL files go with NIST's .msp only")
        MolFolder.check(path)
    if annotated and ending not in WITH_IONS:
        raise OutputError(
            f"{path}: {ending} has no place for ions; these have: {', '.join(WITH_IONS)}"
        )
    needed = FORMATS[ending].needs
    if needed and importlib.util.find_spec(needed) is None:
        raise OutputError(f'{path}: {needed} is missing: pip install "nextims[formats]"')
    return path


def errors_path(path: str | Path) -> Path:
    """Return where the structures that were not predicted are listed: ``PATH.errors.csv``."""
    return Path(f"{path}.errors.csv")


class SpectrumWriter:
    """Writes results to a file of the format that its ending names, one after the other.

    Spectra go to the file, failures to ``PATH.errors.csv`` with the columns line, text, name and
    reason, and file and file_line where the input is a folder. All is written under temporary
    names and renamed when all went well and is on the disk; otherwise nothing is left of it. An
    error list of an earlier run is removed where this one has none.

    Args:
        path: file to write.
        model_name: what the spectra say about the model.
        annotated: whether the spectra have annotations.
        uncertain: whether the spectra have uncertainties.
        columns: names of the columns of the input that go with them.
        dialect: of MSP, a key of ``DIALECTS``.
        mol_folder: whether to write the structures beside the MSP, see ``MolFolder``.

    Attributes:
        predicted: number of spectra written.
        failed: number of failures written.

    Raises:
        OutputError: see ``check_spectra_output``; or, while it is written, the disk is full, say.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.spectra.prediction import FailedPrediction
        >>> from nextims.formats.spectrum_writer import SpectrumWriter
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
        columns: tuple[str, ...] = (),
        dialect: str = "nist",
        mol_folder: bool = False,
    ):
        self.path = check_spectra_output(
            path, dialect=dialect, mol_folder=mol_folder, annotated=annotated
        )
        self.predicted = 0
        self.failed = 0
        self._formatter = Formatter(file_ending(path), dialect, mol_folder)
        self._format = FORMATS[self._formatter.ending]
        self._contents = Contents(annotated, uncertain, model_name=model_name, columns=columns)
        self._files: dict[Path, TextIO | Table] = {}
        self._mol_folder = MolFolder(self.path) if mol_folder else None

    def __enter__(self) -> SpectrumWriter:
        with named_in_errors(self.path):
            if self._format.table:
                temporary_name(self.path).unlink(missing_ok=True)  # or a link to somewhere else
                self._files[self.path] = self._format.open_table(
                    temporary_name(self.path), self._contents
                )
            else:
                self._open(self.path).write(self._header(self.path))
        return self

    def write(self, result: Result) -> None:
        """Write one result."""
        with named_in_errors(self.path):
            if isinstance(result, FailedPrediction):
                self._write_failure(result)
                return
            spectrum = self._formatter(result, self._contents.model_name)
            self._files[self.path].write(spectrum.record)
            if self._mol_folder is not None:
                self._mol_folder.write(spectrum.identifier, spectrum.mol_block)
            self.predicted += 1

    def copy(self, path: Path, predicted: int) -> None:
        """Take over the spectra that another writer of the same settings wrote to a file.

        Args:
            path: the file.
            predicted: number of its spectra.
        """
        with named_in_errors(self.path):
            file = self._files[self.path]
            if isinstance(file, Table):
                file.copy(path)
            else:
                file.flush()
                with path.open("rb") as source:
                    source.seek(len(self._header(path).encode()))
                    shutil.copyfileobj(source, file.buffer, 1 << 20)
        self.predicted += predicted

    def __exit__(self, exception_type, exception, traceback) -> None:
        try:
            if exception_type is None:
                self._finish()
        finally:
            for path, file in self._files.items():
                with suppress(OSError, RuntimeError):  # the one that counts is on its way
                    file.abandon() if isinstance(file, Table) else file.close()
                with suppress(OSError):
                    temporary_name(path).unlink(missing_ok=True)
            if self._mol_folder is not None:
                self._mol_folder.discard()

    def _finish(self) -> None:
        with named_in_errors(self.path):
            for path, file in self._files.items():
                file.close()
                # The data must be on the disk before the name is.
                with temporary_name(path).open("rb+") as written:
                    os.fsync(written.fileno())
            for path in self._files:
                temporary_name(path).replace(path)
            if self._mol_folder is not None:
                self._mol_folder.finish()
            if not self.failed:
                errors_path(self.path).unlink(missing_ok=True)

    def _header(self, path: Path) -> str:
        """Return what a file of that name has above its spectra."""
        library = path.name[: -len(self._formatter.ending)]
        return self._format.header(self._contents._replace(library=library))

    def _write_failure(self, failure: FailedPrediction) -> None:
        path = errors_path(self.path)
        row = (failure.line, failure.text, failure.name, failure.reason)
        of_folder = (failure.file, failure.file_line) if failure.file else ()
        if not self.failed:
            columns = ERROR_COLUMNS + FILE_COLUMNS if of_folder else ERROR_COLUMNS
            self._open(path).write(csv_text([columns]))
        self.failed += 1
        self._files[path].write(csv_text([row + of_folder]))

    def _open(self, path: Path) -> TextIO:
        temporary_name(path).unlink(missing_ok=True)  # one that was left, or a link elsewhere
        # Line ends are written as the formats ask for, whatever the system's are.
        self._files[path] = temporary_name(path).open(
            "w", encoding="utf-8", errors="backslashreplace", newline=""
        )
        return self._files[path]


class SpectrumStream:
    """Writes spectra as text to an open stream; failures are counted only.

    Args:
        stream: binary stream, left open.
        model_name: what the spectra say about the model.
        formatter: gives the text of each.
        annotated: whether the spectra have annotations.
        uncertain: whether they have uncertainties.
        columns: names of the columns of the input that go with them.

    Attributes:
        predicted: number of spectra written.
        failed: number of failures.

    Example:
        >>> import io
        >>> from nextims.spectra.prediction import FailedPrediction
        >>> from nextims.formats.spectrum_writer import SpectrumStream
        >>> with SpectrumStream(io.BytesIO()) as writer:
        ...     writer.write(FailedPrediction(1, "", "", "empty structure"))
        >>> writer.failed
        1
    """

    def __init__(
        self,
        stream: BinaryIO,
        model_name: str = "",
        formatter: Formatter | None = None,
        *,
        annotated: bool = False,
        uncertain: bool = False,
        columns: tuple[str, ...] = (),
    ):
        self.stream = stream
        self._format = formatter or Formatter()
        self._contents = Contents(annotated, uncertain, model_name=model_name, columns=columns)
        self.predicted = 0
        self.failed = 0

    def __enter__(self) -> SpectrumStream:
        self._write(FORMATS[self._format.ending].header(self._contents))
        return self

    def write(self, result: Result) -> None:
        """Write one result."""
        if isinstance(result, FailedPrediction):
            self.failed += 1
            return
        self._write(self._format(result, self._contents.model_name).record)
        self.predicted += 1

    def _write(self, text: str) -> None:
        self.stream.write(text.encode("utf-8", "backslashreplace"))

    def __exit__(self, exception_type, exception, traceback) -> None:
        if exception_type is None:
            self.stream.flush()
