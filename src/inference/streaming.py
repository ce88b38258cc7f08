"""From structures to results, a batch at a time, whatever runs the model. Imports no PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from rdkit.rdBase import BlockLogs

from ..chemistry.molecule import Molecule, MoleculeError, read_molecule
from ..chemistry.reading.structure_text import UNREADABLE
from ..errors import UserError
from ..evaluation.trust import Trust
from ..models.retention_index import RetentionModel
from ..spectra.instrument import Instrument
from ..spectra.prediction import FailedPrediction, PredictedSpectrum, spectrum_from_bins
from ..spectra.spectrum import STANDARD_ENERGY
from .element_notes import element_notes, notes_of
from .structures.lists import InputStructure
from .structures.other_kinds import told_kind

Result = PredictedSpectrum | FailedPrediction
_Given = TypeVar("_Given")


class StreamingPredictor:
    """Reads structures and predicts them in batches; those that fail keep their place.

    Attributes:
        max_mz: highest nominal mass of a molecule that the model can take, in Da.
        name: what exported spectra call the model.
        names_ions: whether the model knows the ions behind its peaks: a teacher does, a student
            does not.
        single_threaded: whether it leaves all cores but one idle.
        metadata: what the weights came from, as their checkpoint says.
        unchecked: its file, where that has no digest by which damage would be noticed.
        outdated: an export beside its checkpoint, where that is of other weights, and not used.
        trust: what says how far its predictions are to be trusted, where that comes with it.
        retention: what predicts retention indices, where that is there.
        retention_path: its file.
        instrument: what predictions are to be like; that of the training spectra if ``None``.
        checkpoint_sha256: of the checkpoint that it was exported from; empty where it is one.
    """

    max_mz: int
    name: str
    metadata: Mapping[str, Any] = MappingProxyType({})
    names_ions = False
    single_threaded = False
    unchecked: Path | None = None
    outdated: Path | None = None
    trust: Trust | None = None
    retention: RetentionModel | None = None
    retention_path: Path | None = None
    instrument: Instrument | None = None
    checkpoint_sha256 = ""

    def predict_as(self, instrument: Instrument) -> None:
        """From now on, predict spectra as an instrument would record them; their model says so."""
        self.instrument, self.name = instrument, f"{self.name}, {instrument}"

    def says_what_to_expect(self, *, asked: bool) -> bool:
        """Return whether spectra have an uncertainty: where it is ``asked`` for, or always."""
        return asked or self.trust is not None

    def predict(
        self, smiles: Iterable[str | InputStructure], batch_size: int = 256, **options: Any
    ) -> list[Result]:
        """Predict the spectra of structures.

        Args:
            smiles: SMILES, or structures as ``read_structures`` gives them.
            batch_size: structures that the model takes at once.
            **options: ``neighbours``, the number of training molecules to name; and what only a
                teacher gives, see ``check_options``.

        Returns:
            One result for each structure, in their order: a ``PredictedSpectrum``, or a
            ``FailedPrediction`` that says why there is none. The line of a plain SMILES is its
            position, from 1.

        Raises:
            TypeError: ``smiles`` is a single text, not a list of them; or there is no such option.
            ValueError: see ``check_options``.

        Example:
            >>> from nextims.config import PROJECT_ROOT
            >>> from nextims.inference import Predictor
            >>> path = PROJECT_ROOT / "checkpoints" / "teacher" / "best_finetune_teacher.pt"
            >>> [toluene] = Predictor.from_checkpoint(path).predict(["Cc1ccccc1"], annotate=True)
            >>> base_peak = max(toluene.annotations, key=lambda peak: peak.intensity)
            >>> [(ion.formula, round(ion.mz, 4), ion.neutral_loss) for ion in base_peak.ions[:1]]
            [('C7H7+', 91.0542, 'H')]
        """
        return list(self.predict_stream(smiles, batch_size, **options))

    def predict_stream(
        self,
        smiles: Iterable[str | InputStructure],
        batch_size: int = 256,
        *,
        neighbours: int = 0,
        **options: Any,
    ) -> Iterator[Result]:
        """Predict like ``predict``, a batch at a time, for inputs that do not fit in memory."""
        if isinstance(smiles, str):
            raise TypeError(
                f"expected a list of SMILES, found the text {smiles!r}: use [{smiles!r}]"
            )
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, found {batch_size}")
        self.check_options(**options)
        if neighbours and self.trust is None:
            raise UserError(f"{self.name}: no list of its training molecules lies beside it")
        return self._batches(_numbered(smiles), batch_size, neighbours, **options)

    def check_options(self) -> None:
        """Check that the model can give what is asked for; a student gives the spectrum alone."""

    def _results(
        self, structures: list[InputStructure], molecules: list[Molecule], **options: Any
    ) -> Iterable[Result]:
        """Return the results of one batch of structures that were read."""
        raise NotImplementedError

    def _batches(
        self, structures: Iterator[InputStructure], batch_size: int, neighbours: int, **options: Any
    ) -> Iterator[Result]:
        while batch := list(islice(structures, batch_size)):
            read = [self._read(structure) for structure in batch]
            readable = [i for i, molecule in enumerate(read) if isinstance(molecule, Molecule)]
            predicted = self._results_of(
                [batch[i] for i in readable], [read[i] for i in readable], **options
            )
            results = iter(self._told(predicted, neighbours))
            for molecule in read:
                yield next(results) if isinstance(molecule, Molecule) else molecule

    def _results_of(
        self, structures: list[InputStructure], molecules: list[Molecule], **options: Any
    ) -> list[Result]:
        """Return the results of a batch; where one structure spoils it, that one's alone fails."""
        try:
            results = self._results(structures, molecules, **options) if structures else []
            return [self._noted(result) for result in results]
        except UserError:  # of the model, not of a structure
            raise
        except Exception as error:
            if len(structures) == 1:
                return [failure(structures[0], error)]
        half = len(structures) // 2
        return [
            *self._results_of(structures[:half], molecules[:half], **options),
            *self._results_of(structures[half:], molecules[half:], **options),
        ]

    def _told(self, results: list[Result], neighbours: int) -> list[Result]:
        """Return results with what the models beside it say: retention index, uncertainty."""
        predicted = [each for each in results if isinstance(each, PredictedSpectrum)]
        told: list[dict[str, Any]] = [{} for _ in predicted]
        if self.retention is not None:
            found = self.retention.predict([each.molecule for each in predicted])
            for own, index in zip(told, found, strict=True):
                own["retention_index"] = index
        if self.trust is not None:  # what says of itself how sure it is, says it better
            silent = [i for i, each in enumerate(predicted) if each.uncertainty is None]
            spectra = [predicted[i].spectrum for i in silent]
            molecules = [predicted[i].molecule for i in silent]
            found = self.trust.uncertainties(molecules, spectra, neighbours)
            for i, uncertainty in zip(silent, found, strict=True):
                warnings = self.trust.warnings(predicted[i].molecule, uncertainty.expected)
                notes = (*predicted[i].notes, *warnings)
                told[i] |= {"uncertainty": uncertainty, "notes": notes}
        each_told = iter(told)
        return [
            self._seen(replace(each, **next(each_told)))
            if isinstance(each, PredictedSpectrum)
            else each
            for each in results
        ]

    def _seen(self, result: PredictedSpectrum) -> PredictedSpectrum:
        return result if self.instrument is None else self.instrument.seen(result)

    @cached_property
    def _element_notes(self) -> dict[str, str]:
        return element_notes(self.metadata.get("training_elements", {}))

    def _noted(self, result: Result) -> Result:
        if isinstance(result, FailedPrediction):
            return result
        notes = notes_of(result.molecule, self._element_notes)
        return replace(result, notes=notes) if notes else result

    def _read(self, structure: InputStructure) -> Molecule | FailedPrediction:
        try:
            if structure.fault:
                raise MoleculeError(structure.fault)
            if not isinstance(structure.smiles, str):  # NaN in a column of a table, say
                raise MoleculeError(f"expected a SMILES, found {structure.smiles!r}")
            # RDKit's own messages name no line, and other packages (matchms) turn them on.
            with BlockLogs():
                return read_molecule(structure.smiles, max_mz=self.max_mz)
        except UnicodeEncodeError:  # bytes that are no text, from a command line
            return failure(structure, MoleculeError("not readable as text"))
        except Exception as error:
            other = told_kind(structure.smiles) if UNREADABLE in str(error) else ""
            return failure(structure, MoleculeError(other) if other else error)


def result_from_bins(
    structure: InputStructure,
    molecule: Molecule,
    bins: np.ndarray,
    energy: float = STANDARD_ENERGY,
) -> Result:
    """Return the spectrum of a structure from its bins, ``(max_mz,)``, predicted at an energy."""
    try:
        labelled = molecule.unlabelled is not molecule
        spectrum = spectrum_from_bins(bins, molecule.highest_mz, labelled=labelled)
    except ValueError as error:
        return failure(structure, error)
    return PredictedSpectrum(
        structure.line,
        structure.name,
        molecule,
        spectrum,
        number=structure.number,
        energy=energy,
        columns=structure.columns,
    )


def failure(structure: InputStructure, error: Exception) -> FailedPrediction:
    """Return why there is no spectrum of a structure.

    Example:
        >>> from nextims.inference.streaming import failure
        >>> from nextims.inference.structures.lists import InputStructure
        >>> print(failure(InputStructure(2, "CCO"), KeyError("C")))
        line 2: CCO: KeyError: 'C'
    """
    # What is meant for a user is a ValueError; of any other, the kind says more than its message.
    reason = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return FailedPrediction(
        structure.line,
        structure.shown,
        structure.name,
        " ".join(reason.split()),  # one line
        structure.file,
        structure.file_line,
    )


def attempted(
    step: Callable[[PredictedSpectrum], _Given], result: PredictedSpectrum | FailedPrediction
) -> _Given | FailedPrediction:
    """Return what a step makes of a spectrum; where it raises, the structure has failed.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.inference.streaming import attempted
        >>> from nextims.spectra.prediction import PredictedSpectrum
        >>> from nextims.spectra.spectrum import Spectrum
        >>> ethanol = PredictedSpectrum(1, "", read_molecule("CCO"), Spectrum([31], [1.0]))
        >>> print(attempted(lambda result: 1 // 0, ethanol))
        line 1: CCO: ZeroDivisionError: integer division or modulo by zero
    """
    if isinstance(result, FailedPrediction):
        return result
    try:
        return step(result)
    except Exception as error:
        given = InputStructure(result.line, result.molecule.smiles, result.name)
        return failure(given, error)


def describe(result: PredictedSpectrum) -> PredictedSpectrum:
    """Return a result with its InChIKey, which all formats hold, computed."""
    _ = result.molecule.inchikey
    return result


def _numbered(smiles: Iterable[str | InputStructure]) -> Iterator[InputStructure]:
    for position, item in enumerate(smiles, start=1):
        yield item if isinstance(item, InputStructure) else InputStructure(position, item)
