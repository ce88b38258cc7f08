"""What the API does: prediction, comparison and ranking with models that are loaded once."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from rdkit import Chem
from rdkit.rdBase import BlockLogs

from ..chemistry.labelling import label_atom
from ..chemistry.molecule import read_molecule
from ..chemistry.reading.inchi_text import is_inchi
from ..config import Config
from ..errors import UserError
from ..formats.spectrum_writer import SpectrumStream
from ..formats.writing import Formatter
from ..inference.energy import energy_note
from ..inference.loading import load_predictor
from ..inference.measured import all_scores
from ..inference.streaming import Result, attempted, describe
from ..inference.structures.derivatised import derivatise_structures
from ..inference.structures.input_structure import InputStructure
from ..searching.candidates import select_candidates
from ..searching.entries import predicted_entry
from ..searching.ranking import SearchResult, search
from ..searching.tables import hits_text
from ..spectra.prediction import FailedPrediction, PredictedSpectrum
from ..spectra.spectrum import STANDARD_ENERGY
from .answers import hit_fields, prediction_fields
from .batching import Batcher
from .library import Library
from .limits import DERIVATIVES, Limits
from .requests import (
    CompareRequest,
    ExportRequest,
    LabelRequest,
    OneRequest,
    Options,
    PredictRequest,
    RankRequest,
    Structure,
)

_Given = TypeVar("_Given")
_FAILURES = 20
# A teacher takes a tenth of a second a structure; the others wait for no more than these.
_OF_TEACHER = 8


class Service:
    """Models, a library to search, and what is done with them.

    Args:
        config: which models.
        library: to search in; ``None`` for none.
        limits: of a request.
        instrument: file of spectra whose instrument predictions are to be like.
        tell: takes a line on what that instrument is like, for each model as it is loaded.

    Attributes:
        limits: as given.
        library: likewise.
        instrument: likewise.
        has_teacher: whether its weights and PyTorch are there.
    """

    def __init__(
        self,
        config: Config,
        library: Library | None,
        limits: Limits,
        *,
        instrument: Path | None = None,
        tell: Callable[[str], object] = lambda line: None,
    ):
        self.limits, self.library, self.instrument = limits, library, instrument
        teacher = config.checkpoint("teacher")
        self.has_teacher = teacher.is_file() and find_spec("torch") is not None
        load = partial(load_predictor, standards=instrument, tell=tell)
        self._models = {
            "student": Batcher(partial(load, config)),
            "teacher": Batcher(partial(load, config, "teacher", device="cpu"), _OF_TEACHER),
        }

    @property
    def model_name(self) -> str:
        """What spectra call the student."""
        return self._models["student"].name

    async def ready(self) -> None:
        """Load the student."""
        await self._models["student"].ready()

    async def predict(self, request: PredictRequest) -> dict[str, Any]:
        """Answer ``/predict``."""
        structures = await self._read(request.structures)
        if method := request.derivative:
            structures = await self._in_thread(
                lambda each: list(islice(derivatise_structures(each, method), DERIVATIVES + 1)),
                structures,
            )
            if len(structures) > DERIVATIVES:
                raise UserError(f"structures: more than {DERIVATIVES} derivatives")
        fields = partial(self._fields, request)
        found = await self._predicted(structures, request, fields, neighbours=request.neighbours)
        return {"predictions": found}

    async def annotate(self, request: OneRequest) -> dict[str, Any]:
        """Answer ``/annotate``."""
        request = request.model_copy(update={"model": "teacher"})
        fields = await asyncio.to_thread(self._fields, request, await self._one(request))
        said = energy_note(request.energy, self._models["teacher"].training_energies)
        fields["notes"] += [said] if said else []
        return fields

    async def compare(self, request: CompareRequest) -> dict[str, Any]:
        """Answer ``/compare``."""
        if request.reference is not None:
            spectrum, prediction = request.reference.spectrum, None
        else:
            one = request.model_dump(include={"structure", "model", "energy"})
            result = await self._one(OneRequest(**one))
            spectrum = result.spectrum
            prediction = await asyncio.to_thread(self._fields, request, result)
        scores = await asyncio.to_thread(all_scores, spectrum, request.measured.record)
        return {"scores": scores, "prediction": prediction}

    async def rank(self, request: RankRequest) -> dict[str, Any]:
        """Answer ``/rank``."""
        predicted: dict[int, PredictedSpectrum] = {}
        failures: list[FailedPrediction] = []
        if request.candidates is not None:
            results = await self._candidates(request.candidates, request)
            predicted = {e.line: e for e in results if isinstance(e, PredictedSpectrum)}
            failures = [each for each in results if isinstance(each, FailedPrediction)]
        elif self.library is None:
            said = "no candidates, and the server has no library: nextims app --library FILE"
            raise UserError(said)
        result = await self._searched(request, list(predicted.values()))
        hits = await self._in_thread(
            lambda each: [hit_fields(hit, predicted.get(hit.entry.line)) for hit in each],
            result.hits[: request.top],
        )
        return {
            "hits": hits,
            "compared": result.compared,
            "notes": result.notes,
            "failures": [str(each) for each in failures[:_FAILURES]],
            "left_out": len(failures),
            "csv": hits_text(".csv", [result], searched=""),
        }

    async def _candidates(
        self, candidates: Sequence[Structure], request: RankRequest
    ) -> list[Result]:
        """Predict the candidates that can be what is searched for."""
        given = await self._read(candidates)
        if wanted := request.filter.for_any_of([request.measured.record]):
            given = await self._in_thread(lambda each: list(select_candidates(each, wanted)), given)
        return await self._predicted(given, request, partial(attempted, describe))

    async def _searched(
        self, request: RankRequest, predicted: list[PredictedSpectrum]
    ) -> SearchResult:
        record = request.measured.record
        options = {
            "score": request.score,
            "top": request.top,
            "entry_filter": request.filter,
            "retention": request.retention,
        }
        if request.candidates is None and self.library is not None:
            return await self._in_thread(self.library.search, record, options)
        [result] = await self._in_thread(
            lambda entries: search([record], entries, **options),
            [predicted_entry(each, "candidates") for each in predicted],
        )
        return result

    async def export(self, request: ExportRequest) -> bytes:
        """Answer ``/export``."""
        result = await self._one(request)
        stream = io.BytesIO()
        has = {
            "annotated": result.annotations is not None,
            "uncertain": result.uncertainty is not None,
        }
        name = self._models[request.model].name
        with SpectrumStream(stream, name, Formatter(request.format), **has) as writer:
            writer.write(result)
        return stream.getvalue()

    async def label(self, request: LabelRequest) -> dict[str, Any]:
        """Answer ``/label``."""
        element = request.isotope.lstrip("0123456789")
        isotope = int(request.isotope.removesuffix(element))

        def labelled() -> str:
            with BlockLogs():
                molecule = read_molecule(request.structure)
                return label_atom(molecule, request.atom, element, isotope).smiles

        return {"smiles": await asyncio.to_thread(labelled)}

    async def _one(self, request: OneRequest) -> PredictedSpectrum:
        """Predict the one structure of a request.

        Raises:
            UserError: it has no spectrum.
        """
        [result] = await self._predicted(await self._read([request]), request)
        if isinstance(result, FailedPrediction):
            raise UserError(f"structure: {result.reason}")
        return result

    async def _read(self, given: Sequence[Structure]) -> list[InputStructure]:
        structures = [each.on_line(line) for line, each in enumerate(given, start=1)]
        if len(structures) == 1:  # quicker than to change threads
            return self._checked(structures)
        return await asyncio.to_thread(self._checked, structures)

    async def _predicted(
        self,
        structures: list[InputStructure],
        request: Options,
        finish: Callable[[Result], Any] = lambda result: result,
        *,
        neighbours: int = 0,
    ) -> list[Any]:
        options: dict[str, Any] = {"neighbours": neighbours} if neighbours else {}
        if request.model == "teacher":
            if not self.has_teacher:
                raise UserError(
                    'no teacher here: it needs pip install "nextims[train]" and its weights'
                )
            options = {"annotate": True}
            if request.energy != STANDARD_ENERGY:
                options["energy"] = request.energy
        return await self._models[request.model].predict(structures, finish=finish, **options)

    def _checked(self, structures: list[InputStructure]) -> list[InputStructure]:
        """Refuse what would take long, before it is read in earnest."""
        most = self.limits.atoms
        with BlockLogs():
            return [
                replace(each, fault=f"more than {most} atoms")
                if _count_atoms(each.smiles) > most
                else each
                for each in structures
            ]

    def _fields(self, request: Options, result: Result) -> dict[str, Any]:
        name = self._models[request.model].name
        return prediction_fields(result, name, drawing=request.drawing)

    async def _in_thread(
        self, function: Callable[..., _Given], items: Any, *arguments: Any
    ) -> _Given:
        """Work on items beside the other requests, and no longer than the answer is waited for."""
        abandoned = threading.Event()
        if isinstance(items, list):
            items = _until(abandoned, items)
        try:
            return await asyncio.to_thread(function, items, *arguments)
        finally:
            abandoned.set()


def _count_atoms(text: str) -> int:
    """Return the number of atoms written; 0 where the text is none of a structure."""
    if "\n" in text.strip():
        mol = Chem.MolFromMolBlock(text, sanitize=False)
    elif is_inchi(text):
        mol = Chem.MolFromInchi(text, sanitize=False)
    else:
        mol = Chem.MolFromSmiles(text, sanitize=False)
    return 0 if mol is None else mol.GetNumAtoms()


def _until(abandoned: threading.Event, items: list[Any]) -> Iterator[Any]:
    for item in items:
        if abandoned.is_set():
            raise asyncio.CancelledError
        yield item
