#!/usr/bin/env python
"""Predict electron-ionization mass spectra of structures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nextims.cli.commands import (
    ALL_DONE,
    SOME_LEFT_OUT,
    load_predictor,
    note,
    refuse_overwriting,
    run_command,
)
from nextims.cli.prediction_options import batch_settings, parse_options, teacher_options
from nextims.config import load_config
from nextims.files.writing import OutputError, only_writer
from nextims.formats.spectrum_writer import (
    MSPStream,
    SpectrumWriter,
    check_spectra_output,
    errors_path,
)
from nextims.inference.structures.list_files import STANDARD_INPUT, list_files
from nextims.inference.structures.lists import InputError, InputStructure, parse_line, read_batch
from nextims.inference.structures.neutralised import tell_neutralised
from nextims.spectra.prediction import FailedPrediction

if TYPE_CHECKING:
    from nextims.inference.measured import MeasuredSpectra
    from nextims.pictures.files import PictureWriter


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    return run_command(partial(_predict, parse_options(argv)))


def _predict(arguments: argparse.Namespace) -> int:
    structures, total = _input(arguments)
    _check_output(arguments)
    pictures, measured = _pictures(arguments)
    predictor = _load(arguments)
    if arguments.smiles is not None:
        return _predict_and_show(predictor, structures, arguments, pictures, measured)
    from nextims.cli.long_batch import kept_in_parts, predict_long_batch

    with nullcontext() if arguments.output is None else only_writer(arguments.output):
        if kept_in_parts(arguments, total):
            done = predict_long_batch(predictor, structures, total, arguments)
            return _report(arguments, done.predicted, done.failed, done.left_out)
        return _predict_batch(predictor, structures, total, arguments, pictures, measured)


def _input(arguments: argparse.Namespace) -> tuple[Iterator[InputStructure], int | None]:
    if arguments.smiles is not None:
        structures, total = iter([parse_line(arguments.smiles)]), 1
    else:
        structures, total = read_batch(arguments.batch)
    structures = tell_neutralised(structures, _tell)
    if arguments.derivatise:
        from nextims.inference.structures.derivatised import derivatise_structures

        structures = derivatise_structures(
            structures,
            arguments.derivatise,
            partial=arguments.partial,
            underivatised=_report_underivatised,
        )
    return structures, total


def _report_underivatised(structure: InputStructure) -> None:
    _tell(f"line {structure.line}: {structure.shown}: nothing to derivatise, predicted as it is")


def _tell(line: str) -> None:
    from tqdm import tqdm

    tqdm.write(line, file=sys.stderr)


def _check_output(arguments: argparse.Namespace) -> None:
    output = arguments.output
    if output is None:
        if arguments.mol_folder:
            raise OutputError("--mol-folder: needs --output LIB.msp")
        return
    if arguments.format is None and output.is_dir():
        raise OutputError(f"{output}: is a folder; --format says what to write into it")
    check_spectra_output(
        output if arguments.format is None else output.with_name(output.name + arguments.format),
        dialect=arguments.dialect,
        mol_folder=arguments.mol_folder,
        annotated=arguments.annotate,
    )
    read = [arguments.compare]
    if arguments.batch is not None and arguments.batch != STANDARD_INPUT:
        read += [arguments.batch, *list_files(arguments.batch)]
    refuse_overwriting((output, errors_path(output)), read)
    if arguments.batch is not None and output.resolve().parent == Path(arguments.batch).resolve():
        raise OutputError(f"{output}: lies in the folder that is read")


def _pictures(arguments: argparse.Namespace) -> tuple[PictureWriter | None, MeasuredSpectra | None]:
    """Return what draws, and what there is to compare with."""
    if arguments.plot is None:
        return None, None
    from nextims.pictures.files import PictureWriter

    pictures = PictureWriter(
        arguments.plot, grid=arguments.grid, mirrors=arguments.compare is not None
    )
    if arguments.compare is None:
        return pictures, None
    from nextims.inference.measured import MeasuredSpectra

    return pictures, MeasuredSpectra(arguments.compare)


def _load(arguments: argparse.Namespace):
    """Load the model, once everything has been checked that can be without it.

    Puts the configured checkpoint into the arguments where none is named.
    """
    config = load_config(arguments.config)
    arguments.checkpoint = config.checkpoint(arguments.checkpoint, note)
    options = teacher_options(arguments)
    predictor = load_predictor(
        config, arguments.checkpoint, device=arguments.device, student_will_do=not options
    )
    for name in options:
        if not predictor.names_ions:
            option = "--" + name.replace("_", "-")
            raise InputError(
                f"{option}: needs a teacher; --checkpoint {config.checkpoint('teacher')}"
            )
    if options:
        try:
            predictor.check_options(**options)
        except ValueError as error:
            raise InputError(f"{arguments.checkpoint}: {error}") from error
    if "energy" in options:
        from nextims.inference.energy import energy_note

        if words := energy_note(arguments.energy, predictor.training_energies):
            note(f"--energy: {words}")
    return predictor


def _writer(arguments: argparse.Namespace, model_name: str) -> SpectrumWriter:
    return SpectrumWriter(
        arguments.output,
        model_name,
        annotated=arguments.annotate,
        uncertain=arguments.uncertainty,
        dialect=arguments.dialect,
        mol_folder=arguments.mol_folder,
    )


def _predict_and_show(
    predictor,
    structures: Iterable[InputStructure],
    arguments: argparse.Namespace,
    pictures: PictureWriter | None,
    measured: MeasuredSpectra | None,
) -> int:
    from nextims.pictures.terminal import can_show_blocks, describe

    results = predictor.predict(structures, **teacher_options(arguments))
    predicted = [result for result in results if not isinstance(result, FailedPrediction)]
    if pictures is not None and predicted:
        with pictures:
            for result in predicted:
                pictures.write(result, None if measured is None else measured.find(result))
    if arguments.output is not None:
        with _writer(arguments, predictor.name) as writer:
            for result in results:
                writer.write(result)
    for result in results:
        if isinstance(result, FailedPrediction):
            print(f"error: {result.text or '(empty)'}: {result.reason}", file=sys.stderr)
    if predicted:
        unicode = can_show_blocks(sys.stdout)
        print("\n\n".join(describe(result, unicode=unicode) for result in predicted), flush=True)
        if pictures is not None:
            print(f"\ndrawn: {arguments.plot}", flush=True)
    return ALL_DONE if len(predicted) == len(results) else SOME_LEFT_OUT


def _predict_batch(
    predictor,
    structures: Iterable[InputStructure],
    total: int | None,
    arguments: argparse.Namespace,
    pictures: PictureWriter | None,
    measured: MeasuredSpectra | None,
) -> int:
    from tqdm import tqdm

    from nextims.inference.batches.batch import predict_batch

    output = arguments.output
    if output is None:
        writer = MSPStream(sys.stdout.buffer, predictor.name, arguments.dialect)
    else:
        writer = _writer(arguments, predictor.name)
    results = predict_batch(predictor, structures, **batch_settings(arguments, total))
    told: set[str] = set()
    known = None if arguments.derivatise else total  # how many derivatives shows in the end
    progress = tqdm(results, total=known, unit=" structures", disable=None)
    left_out = 0.0
    with writer, pictures or nullcontext(), progress:
        for result in progress:
            writer.write(result)
            if isinstance(result, FailedPrediction):
                progress.write(str(result), file=sys.stderr)
            else:
                left_out += result.left_out or 0.0
                for text in result.notes:  # once, where a whole list is of such compounds
                    if text not in told:
                        progress.write(f"structure {result.identifier}: {text}", file=sys.stderr)
                    told.add(text)
                if pictures is not None:
                    record = None
                    if measured is not None:
                        try:
                            record = measured.find(result, any_single=False)
                        except InputError as error:
                            progress.write(f"line {result.line}: {error}", file=sys.stderr)
                    pictures.write(result, record)
    drawn = () if pictures is None else pictures.paths
    return _report(arguments, writer.predicted, writer.failed, left_out, drawn)


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
    print(summary, file=sys.stderr)
    return SOME_LEFT_OUT if failed else ALL_DONE


if __name__ == "__main__":
    sys.exit(main())
