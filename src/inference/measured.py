"""Measured spectra of a file, to compare predictions with."""

from __future__ import annotations

from pathlib import Path

from ..chemistry.molecule import MoleculeError, first_block
from ..evaluation.metrics import compare
from ..formats.opening import SpectraFileError
from ..formats.reading import read_spectra
from ..spectra.prediction import PredictedSpectrum
from ..spectra.record import BadRecord, Record
from ..spectra.spectrum import Spectrum
from .structures.lists import InputError


class MeasuredError(InputError):
    """There is no measured spectrum to compare with; the message names the file and the reason."""


class MeasuredSpectra:
    r"""The records of a file, by structure and by name.

    Of records with one structure, or one name, the first counts. Without an InChIKey the structure
    is taken from SMILES or InChI.

    Args:
        path: the file, of any format that ``read_spectra`` knows.

    Attributes:
        records: number of records that can be compared with.
        unreadable: number of those that cannot be read, or have no peak.

    Raises:
        MeasuredError: the file cannot be read, or holds no spectrum.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.inference.measured import MeasuredSpectra
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.msp")
        >>> _ = path.write_text("Name: Water\nSMILES: O\nNum Peaks: 2\n17 212; 18 999")
        >>> MeasuredSpectra(path).records
        1
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.records = 0
        self.unreadable = 0
        self._problem = ""  # of the first of these
        self._first: Record | None = None
        self._by_structure: dict[str, Record] = {}
        self._by_name: dict[str, Record] = {}
        try:
            for record in read_spectra(self.path):
                self._add(record)
        except SpectraFileError as error:
            raise MeasuredError(str(error)) from error
        if not self.records:
            found = f"{self.unreadable} unreadable{self._problem}" if self.unreadable else "none"
            raise MeasuredError(f"{self.path}: holds no spectrum to compare with, found {found}")

    def find(self, result: PredictedSpectrum, *, any_single: bool = True) -> Record:
        """Return the record of a prediction's molecule.

        That is the first whose InChIKey has the same first block (stereochemistry left aside); else
        the first of its name, in capitals or not.

        Args:
            result: the prediction.
            any_single: whether the only record of a file will do, whatever it is of.

        Raises:
            MeasuredError: there is none.
        """
        block = first_block(result.molecule.inchikey)
        record = self._by_structure.get(block) if block else None
        if record is None and result.name:
            record = self._by_name.get(_plain(result.name))
        if record is None and any_single and self.records == 1:
            record = self._first
        if record is None:
            name = f" or the name {result.name!r}" if result.name else ""
            unread = f", {self.unreadable} more cannot be read" if self.unreadable else ""
            raise MeasuredError(
                f"{self.path}: none of {self.records} records has the InChIKey {block or '(none)'}…"
                f"{name}{unread}"
            )
        return record

    def _add(self, record: Record | BadRecord) -> None:
        if isinstance(record, BadRecord) or not record.spectrum.intensity.any():
            self.unreadable += 1
            reason = record.why if isinstance(record, BadRecord) else "no peak"
            self._problem = self._problem or f": line {record.line}: {reason}"
            return
        self.records += 1
        if self._first is None:
            self._first = record
        if block := _structure(record):
            self._by_structure.setdefault(block, record)
        if name := _plain(record.name):
            self._by_name.setdefault(name, record)


def _structure(record: Record) -> str:
    """Return the first block of the InChIKey; empty where nothing says what the record is of."""
    if record.inchikey:
        return first_block(record.inchikey).upper()
    try:
        return first_block(record.molecule.inchikey)
    except MoleculeError:
        return ""


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def similarities(result: PredictedSpectrum, measured: Record) -> dict[str, float]:
    """Return the scores of a mirror plot, each from 0 to 1, at nominal masses.

    Args:
        result: the prediction.
        measured: the record to compare with.

    Returns:
        Score by its name in ``nextims.evaluation.metrics``; m/z below the record's lowest does not
        count.

    Raises:
        ValueError: the record has no peak.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.inference.measured import similarities
        >>> from nextims.spectra.prediction import PredictedSpectrum
        >>> spectrum = Spectrum([31, 45, 46], [1.0, 0.5, 0.2])
        >>> predicted = PredictedSpectrum(1, "ethanol", read_molecule("CCO"), spectrum)
        >>> similarities(predicted, Record("lab.msp", 1, "1", "ethanol", spectrum))
        {'cosine': 1.0, 'weighted_cosine': 1.0, 'entropy_similarity': 1.0}
    """
    scores = all_scores(result.spectrum, measured)
    return {name: scores[name] for name in ("cosine", "weighted_cosine", "entropy_similarity")}


def all_scores(spectrum: Spectrum, measured: Record) -> dict[str, float]:
    """Return every score of a spectrum and a measured one, see ``metrics.compare``.

    Args:
        spectrum: a predicted spectrum, or another to compare with.
        measured: the record to compare with.

    Raises:
        MeasuredError: the record has no peak.

    Example:
        >>> from nextims.inference.measured import all_scores
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> spectrum = Spectrum([31, 45, 46], [1.0, 0.5, 0.2])
        >>> scores = all_scores(spectrum, Record("lab.msp", 1, "1", "ethanol", spectrum))
        >>> scores["cosine"], scores["nist_identity_match_factor"]
        (1.0, 999)
    """
    if not len(measured.spectrum):
        raise MeasuredError(f"{measured.file}: {measured.name or measured.id}: no peak to compare")
    return compare(measured.of_known, spectrum)
