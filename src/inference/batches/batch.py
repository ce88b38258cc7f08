"""The work of a batch, in this process or shared among several. Imports no PyTorch."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from ...formats.writing import FormattedSpectrum
from ...spectra.prediction import FailedPrediction, PredictedSpectrum
from ..loading import open_predictor
from ..streaming import StreamingPredictor, attempted, describe
from ..structures.lists import InputStructure
from .manifest import FinishedPart
from .parallel import predict_formatted
from .parts import Parts

# A second's work, about what a process takes to start.
_STRUCTURES_A_PROCESS = 1000


def predict_batch(
    predictor: StreamingPredictor,
    structures: Iterable[InputStructure],
    *,
    checkpoint: Path,
    device: str = "auto",
    workers: int | None = None,
    expected: int | None = None,
    ending: str = ".msp",
    dialect: str = "nist",
    mol_folder: bool = False,
    **options: bool,
) -> Iterator[PredictedSpectrum | FormattedSpectrum | FailedPrediction]:
    """Predict spectra in this process, or in several.

    Args:
        predictor: what predicts in this process.
        structures: the structures.
        checkpoint: what ``predictor`` was opened from; further processes open it as well.
        device: likewise.
        workers: number of processes; ``None`` for as many as pay.
        expected: about how many structures there are; ``None`` if not known.
        ending: of the format that several processes write, as ``FORMATS`` names it.
        dialect: of MSP, as in ``Formatter``.
        mol_folder: whether MOL files go with it.
        **options: of ``StreamingPredictor.predict_stream``.

    Returns:
        One result for each structure, in their order.

    Example:
        >>> from nextims.config import load_config
        >>> from nextims.inference.batches.batch import predict_batch
        >>> from nextims.inference.loading import open_predictor
        >>> from nextims.inference.structures.lists import InputStructure
        >>> path = load_config().student.checkpoint
        >>> ethanol = InputStructure(1, "CCO", "ethanol")
        >>> [result] = predict_batch(open_predictor(path), [ethanol], checkpoint=path)
        >>> result.name
        'ethanol'
    """
    workers = workers or _count_that_pay(predictor, expected)
    if workers == 1:
        return map(partial(attempted, describe), predictor.predict_stream(structures, **options))
    load = partial(
        open_predictor,
        checkpoint,
        device=device,
        threads=1,
        retention=predictor.retention_path,
        instrument=predictor.instrument,
    )
    return predict_formatted(
        structures,
        load,
        workers=workers,
        ending=ending,
        dialect=dialect,
        mol_folder=mol_folder,
        **options,
    )


def predict_parts(
    predictor: StreamingPredictor,
    structures: Iterable[InputStructure],
    parts: Parts,
    **settings: Any,
) -> Iterator[FinishedPart]:
    """Predict those parts of a batch that are not finished, as ``predict_batch`` does.

    Args:
        predictor: what predicts in this process.
        structures: all structures of the batch.
        parts: where the parts go; the caller records them.
        **settings: of ``predict_batch``.

    Yields:
        Each part when it is on the disk.

    Raises:
        OutputError: a part cannot be written.
    """
    begun: deque[tuple[int, int]] = deque()

    def wanted() -> Iterator[InputStructure]:
        for number, part in parts.unfinished(structures):
            begun.append((number, len(part)))
            yield from part

    results = predict_batch(predictor, wanted(), **settings)
    for first in results:
        number, length = begun.popleft()
        of_part = chain([first], islice(results, length - 1))
        yield parts.folder.write(number, of_part, predictor.name)


def _count_that_pay(predictor: StreamingPredictor, expected: int | None) -> int:
    if not predictor.single_threaded or expected is None:
        return 1
    return max(1, min(os.cpu_count() or 1, expected // _STRUCTURES_A_PROCESS))
