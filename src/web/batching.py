"""One model for all requests: those that come at the same moment share a batch."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from ..inference.streaming import Result, StreamingPredictor
from ..inference.structures.input_structure import InputStructure


class _Job(NamedTuple):
    structures: Sequence[InputStructure]
    options: dict[str, Any]
    finish: Callable[[Result], Any]
    results: asyncio.Future[list[Any]]


class Batcher:
    """A model that many requests wait for at once.

    Long lists are predicted a piece at a time, other requests between the pieces. What is no
    longer waited for is not begun.

    Args:
        load: gives the model, when the first request asks for it.
        most: structures of a batch.

    Example:
        >>> import asyncio
        >>> from nextims.config import load_config
        >>> from nextims.inference.loading import load_predictor
        >>> from nextims.inference.structures.input_structure import InputStructure
        >>> from nextims.web.batching import Batcher
        >>> batcher = Batcher(lambda: load_predictor(load_config()))
        >>> [ethanol] = asyncio.run(batcher.predict([InputStructure(1, "CCO")]))
        >>> ethanol.molecule.formula
        'C2H6O'
    """

    def __init__(self, load: Callable[[], StreamingPredictor], most: int = 64):
        self._load, self._most = load, most
        self._predictor: StreamingPredictor | None = None
        self._waiting: deque[_Job] = deque()
        self._thread = ThreadPoolExecutor(1)
        self._worker: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """What spectra call the model; empty until it is loaded."""
        return "" if self._predictor is None else self._predictor.name

    @property
    def training_energies(self) -> Mapping[int, int]:
        """Number of the model's training spectra by eV; empty until it is loaded."""
        return {} if self._predictor is None else self._predictor.training_energies

    async def ready(self) -> None:
        """Load the model.

        Raises:
            UserError: it cannot be used.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._loaded)

    async def predict(
        self,
        structures: Sequence[InputStructure],
        *,
        finish: Callable[[Result], Any] = lambda result: result,
        **options: Any,
    ) -> list[Any]:
        """Predict structures, as ``StreamingPredictor.predict`` does.

        Args:
            structures: the structures.
            finish: makes of each result what is returned, in the thread of the model: threads that
                work at once only wait for each other.
            **options: of the predictor.

        Raises:
            UserError: of the model, or of what is asked for.
        """
        results: list[Any] = []
        for start in range(0, len(structures), self._most):
            waited_for = asyncio.get_running_loop().create_future()
            piece = structures[start : start + self._most]
            self._waiting.append(_Job(piece, options, finish, waited_for))
            if self._worker is None or self._worker.done():
                self._worker = asyncio.create_task(self._work())
            results += await waited_for
        return results

    async def _work(self) -> None:
        run = asyncio.get_running_loop().run_in_executor
        while jobs := self._next():
            try:
                found = await run(self._thread, self._run, jobs)
            except Exception as error:
                for job in jobs:
                    if not job.results.done():
                        job.results.set_exception(error)
                continue
            for job, results in zip(jobs, found, strict=True):
                if not job.results.done():
                    job.results.set_result(results)

    def _next(self) -> list[_Job]:
        """Take from the queue what goes into one batch: jobs of the same options."""
        jobs: list[_Job] = []
        room = self._most
        while self._waiting:
            job = self._waiting[0]
            if not job.results.done():  # else it was abandoned
                if jobs and (job.options != jobs[0].options or len(job.structures) > room):
                    break
                jobs.append(job)
                room -= len(job.structures)
            self._waiting.popleft()
        return jobs

    def _loaded(self) -> StreamingPredictor:
        if self._predictor is None:
            self._predictor = self._load()
        return self._predictor

    def _run(self, jobs: list[_Job]) -> list[list[Any]]:
        predictor = self._loaded()
        options = jobs[0].options
        if predictor.trust is None:  # knows no neighbours
            options = {name: value for name, value in options.items() if name != "neighbours"}
        structures = [structure for job in jobs for structure in job.structures]
        results = iter(predictor.predict(structures, len(structures), **options))
        return [[job.finish(next(results)) for _ in job.structures] for job in jobs]
