"""Predict electron-ionization mass spectra of structures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...config import WEIGHTS_VARIABLE, load_config
from ...files.writing import OutputError, only_writer
from ...formats.exported import single_line
from ...formats.spectrum_writer import (
    SpectrumStream,
    SpectrumWriter,
    check_spectra_output,
    errors_path,
)
from ...formats.writing import Formatter
from ...inference.structures.columns import kept_of_derivatives
from ...inference.structures.list_files import STANDARD_INPUT, list_files
from ...inference.structures.lists import InputError, InputStructure, parse_line, read_batch
from ...inference.structures.neutralised import tell_neutralised
from ...spectra.prediction import FailedPrediction, PredictedSpectrum
from ..commands import (
    ALL_DONE,
    SOME_LEFT_OUT,
    check_overwritten,
    load_predictor,
    note,
    run_command,
    say,
)
from ..prediction_options import (
    batch_settings,
    build_parser,
    model_options,
    output_ending,
    parse_options,
    teacher_options,
)

__all__ = ["build_parser", "main"]

_NO_TEACHER = (
    f"none comes with this installation: clone the repository and name its folder checkpoints in "
    f"{WEIGHTS_VARIABLE}, or train one"
)

if TYPE_CHECKING:
    from ...inference.measured import MeasuredSpectra
    from ...inference.streaming import StreamingPredictor
    from ...pictures.files import PictureWriter
    from ...spectra.record import Record


def main(argv: list[str] | None = None, prog: str | None = None) -> int:
    """Run the command and return its exit status."""
    arguments = parse_options(argv, prog)
    return run_command(partial(_predict, arguments), quiet=arguments.quiet)


def _predict(arguments: argparse.Namespace) -> int:
    if arguments.derivatise:
        arguments.keep_columns, words = kept_of_derivatives(arguments.keep_columns)
        for each in words:
            note(f"--keep-columns: {each}")
    structures, total = _input(arguments)
    _check_output(arguments)
    pictures, measured = _pictures(arguments), _measured(arguments)
    predictor = _load(arguments)
    if arguments.smiles is not None:
        return _predict_and_show(predictor, structures, arguments, pictures, measured)
    from ..long_batch import kept_in_parts, predict_long_batch

    with nullcontext() if arguments.output is None else only_writer(arguments.output):
        if kept_in_parts(arguments, total):
            done = predict_long_batch(predictor, structures, total, arguments)
            return _report(arguments, done.predicted, done.failed, done.left_out)
        return _predict_batch(predictor, structures, total, arguments, pictures, measured)


def _input(arguments: argparse.Namespace) -> tuple[Iterator[InputStructure], int | None]:
    if arguments.smiles is not None:
        structures, total = iter([parse_line(arguments.smiles)]), 1
    else:
        structures, total = read_batch(arguments.batch, arguments.keep_columns)
    structures = tell_neutralised(structures, say)
    if arguments.derivatise:
        from ...inference.structures.derivatised import derivatise_structures

        structures = derivatise_structures(
            structures,
            arguments.derivatise,
            partial=arguments.partial,
            underivatised=_report_underivatised,
        )
    return structures, total


def _report_underivatised(structure: InputStructure) -> None:
    say(f"line {structure.line}: {structure.shown}: nothing to derivatise, predicted as it is")


def _check_output(arguments: argparse.Namespace) -> None:
    output = arguments.output
    read = [arguments.compare, arguments.instrument]
    if arguments.batch is not None and arguments.batch != STANDARD_INPUT:
        read += [arguments.batch, *list_files(arguments.batch)]
    if output is None:
        if arguments.mol_folder:
            raise OutputError("--mol-folder: needs --output LIB.msp")
        check_overwritten([arguments.plot], read)
        return
    if arguments.format is None and output.is_dir():
        raise OutputError(f"{output}: is a folder; --format says what to write into it")
    check_spectra_output(
        output if arguments.format is None else output.with_name(output.name + arguments.format),
        dialect=arguments.dialect,
        mol_folder=arguments.mol_folder,
        annotated=arguments.annotate,
    )
    check_overwritten((output, arguments.plot), read, beside=[errors_path(output)])
    if arguments.batch is not None and output.resolve().parent == Path(arguments.batch).resolve():
        raise OutputError(f"{output}: lies in the folder that is read")


def _pictures(arguments: argparse.Namespace) -> PictureWriter | None:
    if arguments.plot is None:
        return None
    from ...pictures.files import PictureWriter

    mirrors = arguments.compare is not None
    return PictureWriter(arguments.plot, grid=arguments.grid, mirrors=mirrors)


def _measured(arguments: argparse.Namespace) -> MeasuredSpectra | None:
    """Return what there is to compare with."""
    if arguments.compare is None:
        return None
    from ...inference.measured import MeasuredSpectra

    return MeasuredSpectra(arguments.compare)


def _load(arguments: argparse.Namespace):
    """Load the model, once everything has been checked that can be without it.

    Puts the configured checkpoint into the arguments where none is named.
    """
    config = load_config(arguments.config)
    arguments.checkpoint = config.checkpoint(arguments.checkpoint, note)
    predictor = load_predictor(
        config, arguments.checkpoint, device=arguments.device, standards=arguments.instrument
    )
    if predictor.trust is not None:
        arguments.uncertainty = False  # it says so by itself
    elif arguments.neighbours:
        raise InputError(
            f"--neighbours: no list of the training molecules beside {arguments.checkpoint}"
        )
    options = teacher_options(arguments)
    for name in options:
        if not predictor.names_ions:
            option = "--" + name.replace("_", "-")
            teacher = config.checkpoint("teacher")
            there = f"--checkpoint {teacher}" if teacher.is_file() else _NO_TEACHER
            raise InputError(f"{option}: needs a teacher; {there}")
    if options:
        try:
            predictor.check_options(**options)
        except ValueError as error:
            raise InputError(f"{arguments.checkpoint}: {error}") from error
    if "energy" in options:
        from ...inference.energy import energy_note

        if words := energy_note(arguments.energy, predictor.training_energies):
            note(f"--energy: {words}")
    return predictor


def _writer(
    arguments: argparse.Namespace, predictor: StreamingPredictor
) -> SpectrumWriter | SpectrumStream:
    ending = output_ending(arguments)
    has = {
        "annotated": arguments.annotate,
        "uncertain": predictor.says_what_to_expect(asked=arguments.uncertainty),
        "columns": arguments.keep_columns,
    }
    if arguments.output is None:
        formatter = Formatter(ending, arguments.dialect)
        return SpectrumStream(sys.stdout.buffer, predictor.name, formatter, **has)
    options = {"dialect": arguments.dialect, "mol_folder": arguments.mol_folder}
    return SpectrumWriter(arguments.output, predictor.name, **has, **options)


def _predict_and_show(
    predictor,
    structures: Iterable[InputStructure],
    arguments: argparse.Namespace,
    pictures: PictureWriter | None,
    measured: MeasuredSpectra | None,
) -> int:
    results = predictor.predict(structures, **model_options(arguments))
    predicted = [result for result in results if not isinstance(result, FailedPrediction)]
    records = [None if measured is None else measured.find(result) for result in predicted]
    if pictures is not None and predicted:
        with pictures:
            for result, record in zip(predicted, records, strict=True):
                pictures.write(result, record)
    if arguments.output is not None or arguments.format:
        with _writer(arguments, predictor) as writer:
            for result in results:
                writer.write(result)
        if arguments.output is not None and predicted:
            say(f"written to {arguments.output}")
    for result in results:
        if isinstance(result, FailedPrediction):
            print(f"error: {result.text or '(empty)'}: {result.reason}", file=sys.stderr)
    if predicted and not arguments.format:
        shown = [_shown(*pair) for pair in zip(predicted, records, strict=True)]
        print("\n\n".join(shown), flush=True)
        if pictures is not None:
            print(f"\ndrawn: {arguments.plot}", flush=True)
    return ALL_DONE if len(predicted) == len(results) else SOME_LEFT_OUT


def _shown(result: PredictedSpectrum, record: Record | None) -> str:
    from ...pictures.terminal import can_show_blocks, describe

    text = describe(result, unicode=can_show_blocks(sys.stdout))
    if record is None:
        return text
    from ...inference.measured import all_scores
    from ..scores import score_table

    title = f"Compared with {record.name or record.id}, {record.file}"
    return f"{text}\n\n{title}\n{score_table(all_scores(result.spectrum, record))}"


def _predict_batch(
    predictor,
    structures: Iterable[InputStructure],
    total: int | None,
    arguments: argparse.Namespace,
    pictures: PictureWriter | None,
    measured: MeasuredSpectra | None,
) -> int:
    from tqdm import tqdm

    from ...inference.batches.batch import predict_batch

    writer = _writer(arguments, predictor)
    results = predict_batch(predictor, structures, **batch_settings(arguments, total))
    told: set[str] = set()
    known = None if arguments.derivatise else total  # how many derivatives shows in the end
    progress = tqdm(results, total=known, unit=" structures", disable=None)
    left_out = 0.0
    compared = 0
    with writer, pictures or nullcontext(), progress:
        for result in progress:
            writer.write(result)
            if isinstance(result, FailedPrediction):
                progress.write(str(result), file=sys.stderr)
                continue
            left_out += result.left_out or 0.0
            for text in result.notes:  # once, where a whole list is of such compounds
                if text not in told:
                    say(f"{result.place}: {text}")
                told.add(text)
            record = None
            if measured is not None:
                try:
                    record = measured.find(result, any_single=False)
                except InputError as error:
                    progress.write(f"line {result.line}: {error}", file=sys.stderr)
                if record is not None and arguments.output is not None:
                    progress.write(_score_row(result, record, heads=not compared))
                    compared += 1
            if pictures is not None:
                pictures.write(result, record)
    drawn = () if pictures is None else pictures.paths
    return _report(arguments, writer.predicted, writer.failed, left_out, drawn)


def _score_row(result: PredictedSpectrum, record: Record, *, heads: bool) -> str:
    from ...inference.measured import all_scores
    from ..scores import score_text

    scores = all_scores(result.spectrum, record)
    facts = map(single_line, (str(result.identifier), result.name, record.name or record.id))
    row = "\t".join((*facts, *map(score_text, scores.values())))
    return "\t".join(("line", "name", "measured", *scores)) + f"\n{row}" if heads else row


def _report(
    arguments: argparse.Namespace,
    predicted: int,
    failed: int,
    left_out: float,
    drawn: Sequence[Path] = (),
) -> int:
    """Say what was done, and return the exit status."""
    output = arguments.output
    summary = f"{predicted} of {predicted + failed} structures predicted"
    if output is not None:
        summary += f", written to {output}"
        if failed:
            summary += f"; the others are listed in {errors_path(output)}"
    if drawn:
        last = f" to {drawn[-1]}" if drawn[1:] else ""
        summary += f"; drawn in {drawn[0]}{last}"
    if arguments.exact_mass and predicted:
        mean = 100 * left_out / predicted
        summary += f"; on average {mean:.1f} % of the intensity is left out for want of an ion"
    say(summary)
    return SOME_LEFT_OUT if failed else ALL_DONE
