"""Batches that take long: kept in parts until they are done, and gone on with where they ended."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..files.digest import file_digest
from ..formats.exported import signature
from ..formats.spectrum_writer import errors_path
from ..inference.batches.batch import predict_parts
from ..inference.batches.manifest import FinishedPart
from ..inference.batches.parts import PartFolder, Parts
from ..inference.batches.ray_engine import BatchSource, check_ray, predict_parts_with_ray
from ..inference.streaming import StreamingPredictor
from ..inference.structures.list_files import input_digest
from ..inference.structures.lists import InputStructure
from .commands import going_on, say
from .prediction_options import LONG_BATCH, batch_settings, model_options, output_ending


@dataclass(frozen=True)
class BatchCounts:
    """What has become of a batch.

    Attributes:
        predicted: number of spectra.
        failed: number of structures that could not be predicted.
        left_out: sum of ``PredictedSpectrum.left_out``.
    """

    predicted: int
    failed: int
    left_out: float


def _parts_folder(output: Path) -> Path:
    return output.with_name(output.name + ".parts")


def kept_in_parts(arguments: argparse.Namespace, total: int | None) -> bool:
    """Say whether a batch is kept in parts until it is done.

    Args:
        arguments: of ``parse_options``.
        total: number of lines, where it is known.

    Example:
        >>> from nextims.cli.long_batch import kept_in_parts
        >>> from nextims.cli.prediction_options import parse_options
        >>> options = parse_options(["--batch", "library.smi", "--output", "spectra.msp"])
        >>> kept_in_parts(options, 1_000), kept_in_parts(options, 1_000_000)
        (False, True)
    """
    if arguments.output is None:
        return False
    if arguments.format or arguments.parts or arguments.engine == "ray":
        return True
    whole = (arguments.plot, arguments.compare, arguments.mol_folder)
    if total is None or any(whole):
        return False
    return total > LONG_BATCH or _parts_folder(arguments.output).exists()


def predict_long_batch(
    predictor: StreamingPredictor,
    structures: Iterable[InputStructure],
    total: int | None,
    arguments: argparse.Namespace,
) -> BatchCounts:
    """Predict what is missing of a batch, and join its parts where they are to be one file.

    Args:
        predictor: what predicts.
        structures: all structures of the batch.
        total: number of lines, where it is known.
        arguments: of ``parse_options``. The caller holds the lock of the output.

    Returns:
        The counts of the whole batch, what earlier runs did included.

    Raises:
        EngineError: Ray is missing or gives up.
        InputError: the input cannot be read to its end.
        OutputError: the output cannot be written, or its parts are of something else.
    """
    from tqdm import tqdm

    if arguments.engine == "ray":
        check_ray()
    output, stays = arguments.output, arguments.format is not None
    folder = PartFolder(
        output if stays else _parts_folder(output),
        output_ending(arguments),
        arguments.dialect,
        annotated=arguments.annotate,
        uncertain=predictor.says_what_to_expect(asked=arguments.uncertainty),
        columns=arguments.keep_columns,
    )
    parts = Parts(folder, _facts(predictor, arguments), size=arguments.parts, expected=total)
    before = sum(part.structures for part in parts.finished.values())
    if before:
        say(f"{folder.path} has {before} structures already; going on")
    known = None if arguments.derivatise else total  # how many derivatives shows in the end
    engine = _engine(predictor, structures, parts, arguments, total)
    with (
        going_on(f"the same command goes on from {folder.path}"),
        tqdm(initial=before, total=known, unit=" structures", disable=None) as progress,
    ):
        for part in engine:
            parts.record(part)
            progress.update(part.structures)
            for failure in parts.failures(part):
                progress.write(str(failure), file=sys.stderr)
    finished = parts.finished.values()
    told: dict[str, str] = {}
    for part in sorted(finished, key=lambda part: part.number):
        for text, first in part.notes.items():
            told.setdefault(text, first)
    for text, first in told.items():
        print(f"{first}: {text}", file=sys.stderr)
    if stays:
        parts.join_failures(errors_path(output))
    else:
        parts.join(output, predictor.name)
    return BatchCounts(
        sum(part.predicted for part in finished),
        sum(part.failed for part in finished),
        sum(part.left_out for part in finished),
    )


def _engine(
    predictor: StreamingPredictor,
    structures: Iterable[InputStructure],
    parts: Parts,
    arguments: argparse.Namespace,
    total: int | None,
) -> Iterator[FinishedPart]:
    """Return what gives the parts as they are finished."""
    if arguments.engine != "ray":
        return predict_parts(predictor, structures, parts, **batch_settings(arguments, total))
    return predict_parts_with_ray(
        BatchSource(
            Path(arguments.batch), arguments.derivatise, arguments.partial, arguments.keep_columns
        ),
        parts,
        checkpoint=arguments.checkpoint,
        device=arguments.device,
        workers=arguments.workers,
        address=arguments.address,
        retention=predictor.retention_path,
        instrument=predictor.instrument,
        **model_options(arguments),
    )


def _facts(predictor: StreamingPredictor, arguments: argparse.Namespace) -> dict[str, object]:
    """Return what decides over the spectra, by the names that the user knows it by."""
    options = (
        "dialect",
        "annotate",
        "exact_mass",
        "uncertainty",
        "neighbours",
        "energy",
        "derivatise",
        "partial",
    )
    return {
        "program": signature(),
        "input": input_digest(arguments.batch),
        "model": predictor.name,
        "weights": file_digest(arguments.checkpoint),
        "runtime": type(predictor).__name__,
        "expected similarity": predictor.trust is not None,
        "retention indices": predictor.retention_path and file_digest(predictor.retention_path),
        "instrument": predictor.instrument and list(predictor.instrument),
        "format": output_ending(arguments),
        **{f"--{name.replace('_', '-')}": getattr(arguments, name) for name in options},
        "--keep-columns": ",".join(arguments.keep_columns) or None,
    }
