"""Predicting in several processes, from structures to the text of a file."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice

from .formats import FORMATS
from .results import FailedPrediction, FormattedSpectrum
from .streaming import StreamingPredictor
from .structures import InputStructure

# Each process has one batch in work and one waiting; more would only take memory.
_BATCHES_A_PROCESS = 2

_predictor: StreamingPredictor | None = None


def predict_formatted(
    structures: Iterable[InputStructure],
    load: Callable[[], StreamingPredictor],
    *,
    workers: int,
    ending: str,
    batch_size: int = 256,
    **options: bool,
) -> Iterator[FormattedSpectrum | FailedPrediction]:
    """Predict spectra in processes of one thread each, and write them as text there.

    Args:
        structures: the structures.
        load: loads the predictor in each process, with one thread; must be picklable.
        workers: number of processes.
        ending: of the format, as ``FORMATS`` names it.
        batch_size: structures that a model takes at once.
        **options: of ``StreamingPredictor.predict_stream``.

    Yields:
        One result for each structure, in their order.
    """
    structures = iter(structures)
    batches = iter(lambda: list(islice(structures, batch_size)), [])
    # Not forked: PyTorch's and ONNX Runtime's threads do not survive it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(load,)) as pool:
        waiting: deque = deque()
        for batch in batches:
            waiting.append(pool.submit(_predict, batch, ending, options))
            if len(waiting) >= _BATCHES_A_PROCESS * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _start(load: Callable[[], StreamingPredictor]) -> None:
    global _predictor
    _predictor = load()


def _predict(
    structures: list[InputStructure], ending: str, options: dict[str, bool]
) -> list[FormattedSpectrum | FailedPrediction]:
    record, results = FORMATS[ending], []
    for result in _predictor.predict_stream(structures, len(structures), **options):
        if not isinstance(result, FailedPrediction):
            text = record(result, _predictor.name)
            result = FormattedSpectrum(result.line, text, result.left_out)
        results.append(result)
    return results
