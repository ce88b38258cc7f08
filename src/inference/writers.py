"""Predicted spectra written to files and streams, one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from .formats import FORMATS, csv_text, header, msp_record
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
    if path.suffix.lower() not in endings:
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


def errors_path(path: str | Path) -> Path:
    """Return where the structures that were not predicted are listed: ``PATH.errors.csv``."""
    return Path(f"{path}.errors.csv")


class SpectrumWriter:
    """Writes results to a file of the format that its ending names, one after the other.

    Spectra go to the file, failures to ``PATH.errors.csv`` with the columns line, text, name and
    reason. Both are written under temporary names and renamed when all went well; otherwise
    nothing is left of them. An error list of an earlier run is removed where this one has none.

    Args:
        path: file to write.
        model_name: what the spectra say about the model.
        annotated: whether the spectra have annotations.
        uncertain: whether the spectra have uncertainties.

    Attributes:
        predicted: number of spectra written.
        failed: number of failures written.

    Raises:
        OutputError: see ``check_output``.

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
    ):
        self.path = check_output(path)
        self.model_name = model_name
        self.predicted = 0
        self.failed = 0
        ending = self.path.suffix.lower()
        self._header = header(ending, annotated=annotated, uncertain=uncertain)
        self._record = FORMATS[ending]
        self._files: dict[Path, TextIO] = {}

    def __enter__(self) -> SpectrumWriter:
        self._append(self.path, self._header)
        return self

    def write(self, result: Result) -> None:
        """Write one result; a ``FormattedSpectrum`` as it is."""
        if not isinstance(result, FailedPrediction):
            self.predicted += 1
            self._append(self.path, _text(result, self._record, self.model_name))
            return
        if not self.failed:
            self._append(errors_path(self.path), csv_text([ERROR_COLUMNS]))
        self.failed += 1
        row = (result.line, result.text, result.name, result.reason)
        self._append(errors_path(self.path), csv_text([row]))

    def __exit__(self, exception_type, exception, traceback) -> None:
        try:
            for file in self._files.values():
                file.close()
            if exception_type is None:
                for path in self._files:
                    _temporary(path).replace(path)
                if not self.failed:
                    errors_path(self.path).unlink(missing_ok=True)
        finally:
            for path in self._files:
                with suppress(OSError):
                    _temporary(path).unlink(missing_ok=True)

    def _append(self, path: Path, text: str) -> None:
        if path not in self._files:
            # Line ends are written as the formats ask for, whatever the system's are.
            self._files[path] = _temporary(path).open(
                "w", encoding="utf-8", errors="backslashreplace", newline=""
            )
        self._files[path].write(text)


class MSPStream:
    """Writes spectra as MSP to an open stream; failures are counted only.

    Args:
        stream: binary stream, left open.
        model_name: what the spectra say about the model.

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

    def __init__(self, stream: BinaryIO, model_name: str = ""):
        self.stream = stream
        self.model_name = model_name
        self.predicted = 0
        self.failed = 0

    def __enter__(self) -> MSPStream:
        return self

    def write(self, result: Result) -> None:
        """Write one result; a ``FormattedSpectrum`` as it is."""
        if isinstance(result, FailedPrediction):
            self.failed += 1
            return
        self.predicted += 1
        text = _text(result, msp_record, self.model_name)
        self.stream.write(text.encode("utf-8", "backslashreplace"))

    def __exit__(self, exception_type, exception, traceback) -> None:
        if exception_type is None:
            self.stream.flush()


def _text(
    result: PredictedSpectrum | FormattedSpectrum,
    record: Callable[[PredictedSpectrum, str], str],
    model_name: str,
) -> str:
    return result.text if isinstance(result, FormattedSpectrum) else record(result, model_name)


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + ".tmp")
