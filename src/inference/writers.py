"""Predicted spectra in files: NIST's MSP, JSON lines and CSV.

In all of them m/z is an integer, the base peak 999, and no peak has intensity 0.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from ..version import __version__
from .results import FailedPrediction, PredictedSpectrum

BASE_PEAK = 999
# Lengths that NIST's MS Search can hold (its manual, version 2.4).
MSP_NAME_LENGTH = 511
MSP_COMMENTS_LENGTH = 1023
MSP_FORMULA_LENGTH = 23

CSV_COLUMNS = (
    "line", "name", "smiles", "formula", "nominal_mass", "exact_mass", "inchikey", "mz",
    "intensity",
)  # fmt: skip
ERROR_COLUMNS = ("line", "text", "name", "reason")


class OutputError(ValueError):
    """An output file cannot be written; the message names it and the reason."""


def msp_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return a spectrum as NIST's lib2nist reads it: Name first, Num Peaks last, CRLF.

    A structure without a name goes by its SMILES. A formula or SMILES too long for its field is
    left out rather than cut.

    Example:
        >>> import numpy as np
        >>> from nextims.data.molecule import read_molecule
        >>> from nextims.data.spectrum import Spectrum
        >>> from nextims.inference.results import PredictedSpectrum
        >>> from nextims.inference.writers import msp_record
        >>> spectrum = Spectrum([31, 45], [1.0, 0.5])
        >>> result = PredictedSpectrum(1, "ethanol", read_molecule("CCO"), spectrum)
        >>> msp_record(result).splitlines()[-4:]
        ['Num Peaks: 2', '31 999', '45 500', '']
    """
    molecule = result.molecule
    peaks = _exported_peaks(result)
    lines = [f"Name: {_msp_name(result)}"]
    if len(molecule.formula) <= MSP_FORMULA_LENGTH:
        lines.append(f"Formula: {molecule.formula}")
    lines += [f"MW: {molecule.nominal_mass}", f"ExactMass: {molecule.exact_mass:.6f}"]
    if molecule.inchikey:
        lines.append(f"InChIKey: {molecule.inchikey}")
    lines += [f"Comments: {_msp_comments(molecule.smiles, model_name)}", f"Num Peaks: {len(peaks)}"]
    lines += [f"{mz} {intensity}" for mz, intensity in peaks]
    return "".join(line + "\r\n" for line in [*lines, ""])


def json_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return a spectrum as one line of JSON; ``peaks`` are pairs of m/z and intensity."""
    molecule = result.molecule
    fields = {
        "line": result.line,
        "name": result.name,
        "smiles": molecule.smiles,
        "formula": molecule.formula,
        "nominal_mass": molecule.nominal_mass,
        "exact_mass": round(molecule.exact_mass, 6),
        "inchikey": molecule.inchikey,
        "predicted_by": _signature(),
        "model": model_name,
        "peaks": _exported_peaks(result),
    }
    return json.dumps(fields, ensure_ascii=False) + "\n"


def csv_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return a spectrum as rows of ``CSV_COLUMNS``, one a peak.

    ``line``, the line of the input, tells the spectra of equal structures apart. The model's name
    has no column.
    """
    molecule = result.molecule
    facts = (
        result.line,
        result.name,
        molecule.smiles,
        molecule.formula,
        molecule.nominal_mass,
        f"{molecule.exact_mass:.6f}",
        molecule.inchikey,
    )
    return _csv_text((*facts, *peak) for peak in _exported_peaks(result))


def _csv_text(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


# Ending of a file → what stands above the records, and the function that writes one.
FORMATS: dict[str, tuple[str, Callable[[PredictedSpectrum, str], str]]] = {
    ".msp": ("", msp_record),
    ".json": ("", json_record),
    ".jsonl": ("", json_record),
    ".csv": (_csv_text([CSV_COLUMNS]), csv_record),
}


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

    def __init__(self, path: str | Path, model_name: str = ""):
        self.path = check_output(path)
        self.model_name = model_name
        self.predicted = 0
        self.failed = 0
        self._header, self._record = FORMATS[self.path.suffix.lower()]
        self._files: dict[Path, TextIO] = {}

    def __enter__(self) -> SpectrumWriter:
        self._append(self.path, self._header)
        return self

    def write(self, result: PredictedSpectrum | FailedPrediction) -> None:
        """Write one result."""
        if isinstance(result, PredictedSpectrum):
            self.predicted += 1
            self._append(self.path, self._record(result, self.model_name))
            return
        if not self.failed:
            self._append(errors_path(self.path), _csv_text([ERROR_COLUMNS]))
        self.failed += 1
        row = (result.line, result.text, result.name, result.reason)
        self._append(errors_path(self.path), _csv_text([row]))

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

    def write(self, result: PredictedSpectrum | FailedPrediction) -> None:
        """Write one result."""
        if isinstance(result, FailedPrediction):
            self.failed += 1
            return
        self.predicted += 1
        self.stream.write(msp_record(result, self.model_name).encode("utf-8", "backslashreplace"))

    def __exit__(self, exception_type, exception, traceback) -> None:
        if exception_type is None:
            self.stream.flush()


def _temporary(path: Path) -> Path:
    return path.with_name(path.name + ".tmp")


def _signature() -> str:
    return f"NExtIMS {__version__}"


def _exported_peaks(result: PredictedSpectrum) -> list[tuple[int, int]]:
    scaled = [(peak.mz, round(BASE_PEAK * peak.intensity)) for peak in result.peaks]
    return [(mz, intensity) for mz, intensity in scaled if mz > 0 and intensity > 0]


def _msp_name(result: PredictedSpectrum) -> str:
    # White space of any kind, line breaks among it, becomes one space.
    printable = "".join(c if c.isprintable() else " " for c in result.name)
    name = " ".join(printable.split())
    if not name:
        smiles = result.molecule.smiles
        name = smiles if len(smiles) <= MSP_NAME_LENGTH else result.molecule.inchikey or smiles
    return name.encode("utf-8")[:MSP_NAME_LENGTH].decode("utf-8", "ignore").rstrip()


def _msp_comments(smiles: str, model_name: str) -> str:
    comments = f'"predicted by {_signature()}"'
    with_smiles = f'"SMILES={smiles}" {comments}'
    if _fits(with_smiles):
        comments = with_smiles
    with_model = comments + ' "model={}"'.format(model_name.replace('"', "'"))
    return with_model if model_name and _fits(with_model) else comments


def _fits(comments: str) -> bool:
    return len(comments.encode()) <= MSP_COMMENTS_LENGTH
