"""Candidates of a list of structures, predicted on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rdkit.rdBase import BlockLogs

from ..chemistry.molecule import Molecule, read_molecule
from ..inference.streaming import StreamingPredictor, attempted, describe
from ..inference.structures.lists import InputStructure
from ..spectra.prediction import FailedPrediction
from .entries import Entry, Skipped, predicted_entry


def predicted_candidates(
    structures: Iterable[InputStructure],
    predictor: StreamingPredictor,
    *,
    file: str = "",
    wanted: Callable[[Molecule], bool] | None = None,
    batch_size: int = 256,
) -> Iterator[Entry | Skipped]:
    """Predict the spectra of a list of structures, a batch at a time in memory.

    Args:
        structures: the list.
        predictor: a model, as ``open_predictor`` gives it.
        file: name of the list.
        wanted: says of a molecule whether it is worth predicting; the others are left out, as a
            prediction takes longer than a look at formula and mass.
        batch_size: structures that the model takes at once.

    Yields:
        Entries, and the structures that could not be predicted, in the order of the list.

    Example:
        >>> from nextims.config import load_config
        >>> from nextims.inference.loading import open_predictor
        >>> from nextims.inference.structures.lists import InputStructure
        >>> from nextims.searching.candidates import predicted_candidates
        >>> model = open_predictor(load_config().student.checkpoint)
        >>> candidates = [InputStructure(1, "CCO"), InputStructure(2, "C1CC")]
        >>> [type(found).__name__ for found in predicted_candidates(candidates, model)]
        ['Entry', 'Skipped']
    """
    if wanted is not None:
        structures = select_candidates(structures, wanted)
    for result in predictor.predict_stream(structures, batch_size):
        result = attempted(describe, result)
        if isinstance(result, FailedPrediction):
            yield Skipped(result.line, result.text, result.name, result.reason)
        else:
            yield predicted_entry(result, file)


def select_candidates(
    structures: Iterable[InputStructure], wanted: Callable[[Molecule], bool]
) -> Iterator[InputStructure]:
    """Give the structures that are wanted, and those that cannot be read.

    Example:
        >>> from nextims.inference.structures.input_structure import InputStructure
        >>> from nextims.searching.candidates import select_candidates
        >>> given = [InputStructure(1, "CCO"), InputStructure(2, "CO"), InputStructure(3, "C1CC")]
        >>> light = select_candidates(given, lambda molecule: molecule.nominal_mass < 40)
        >>> [each.line for each in light]
        [2, 3]
    """
    for structure in structures:
        try:
            with BlockLogs():
                passed = bool(structure.fault) or wanted(read_molecule(structure.smiles))
        except Exception:
            passed = True  # the predictor says what is wrong with it
        if passed:
            yield structure
