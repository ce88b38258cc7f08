"""The work of a batch, in this process or shared among several. Imports no PyTorch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from .loading import open_predictor
from .parallel import predict_formatted
from .results import FailedPrediction, FormattedSpectrum, PredictedSpectrum
from .streaming import StreamingPredictor
from .structures import InputStructure

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
        >>> from nextims.inference.batch import predict_batch
        >>> from nextims.inference.loading import open_predictor
        >>> from nextims.inference.structures import InputStructure
        >>> path = load_config().student.checkpoint
        >>> ethanol = InputStructure(1, "CCO", "ethanol")
        >>> [result] = predict_batch(open_predictor(path), [ethanol], checkpoint=path)
        >>> result.name
        'ethanol'
    """
    workers = workers or _count_that_pay(predictor, expected)
    if workers == 1:
        return predictor.predict_stream(structures, **options)
    load = partial(
        open_predictor, checkpoint, device=device, student_will_do=not options, threads=1
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


def _count_that_pay(predictor: StreamingPredictor, expected: int | None) -> int:
    if not predictor.single_threaded or expected is None:
        return 1
    return max(1, min(os.cpu_count() or 1, expected // _STRUCTURES_A_PROCESS))
