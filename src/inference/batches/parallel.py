"""Predicting in several processes, from structures to what a file holds."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice

from ...files.signals import starting_deaf_children
from ...formats.writing import FormattedSpectrum, Formatter
from ...spectra.prediction import FailedPrediction
from ..streaming import StreamingPredictor, attempted, describe
from ..structures.lists import InputStructure

# Each process has one batch in work and one waiting; more would only take memory.
_BATCHES_A_PROCESS = 2
# Which OpenBLAS and MKL, NumPy's, read when they are loaded.
_THREADS = "OMP_NUM_THREADS"

_predictor: StreamingPredictor | None = None


def predict_formatted(
    structures: Iterable[InputStructure],
    load: Callable[[], StreamingPredictor],
    *,
    workers: int,
    ending: str,
    dialect: str = "nist",
    mol_folder: bool = False,
    batch_size: int = 256,
    **options: bool,
) -> Iterator[FormattedSpectrum | FailedPrediction]:
    """Predict spectra in processes of one thread each, and bring them into their format there.

    Args:
        structures: the structures.
        load: loads the predictor in each process, with one thread; must be picklable.
        workers: number of processes.
        ending: of the format, as ``FORMATS`` names it.
        dialect: of MSP, as ``DIALECTS`` names it.
        mol_folder: whether MOL files go with it.
        batch_size: structures that a model takes at once.
        **options: of ``StreamingPredictor.predict_stream``.

    Yields:
        One result for each structure, in their order.
    """
    structures = iter(structures)
    batches = iter(lambda: list(islice(structures, batch_size)), [])
    formatter = Formatter(ending, dialect, mol_folder)
    # Not forked: PyTorch's and ONNX Runtime's threads do not survive it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(load,)) as pool:
        waiting: deque = deque()
        for batch in batches:
            with starting_deaf_children(), _one_thread_each():
                waiting.append(pool.submit(_predict, batch, formatter, options))
            if len(waiting) >= _BATCHES_A_PROCESS * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Have processes that start meanwhile multiply matrices on one thread, as they run a model.

    More would wait for each other, and take three times the time.
    """
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_THREADS]
        else:
            os.environ[_THREADS] = before


def _start(load: Callable[[], StreamingPredictor]) -> None:
    global _predictor
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _predictor = load()


def _end_with_parent() -> None:
    # Where the parent was killed, nobody tells its processes: they would wait for work for ever.
    multiprocessing.parent_process().join()
    os._exit(1)


def _predict(
    structures: list[InputStructure], formatter: Formatter, options: dict[str, bool]
) -> list[FormattedSpectrum | FailedPrediction]:
    results = list(_predictor.predict_stream(structures, len(structures), **options))
    # InChIKeys first: next to nothing but their like, they take a third less time.
    for step in (describe, partial(formatter, model_name=_predictor.name)):
        results = [attempted(step, result) for result in results]
    return results
