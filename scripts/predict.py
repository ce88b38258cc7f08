#!/usr/bin/env python
"""Predict electron-ionization mass spectra of structures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING

from nextims.config import load_config
from nextims.data.spectrum import STANDARD_ENERGY
from nextims.inference.commands import (
    ALL_DONE,
    SOME_LEFT_OUT,
    load_predictor,
    refuse_overwriting,
    run_command,
)
from nextims.inference.formats import file_ending
from nextims.inference.prediction_options import parse_options
from nextims.inference.results import FailedPrediction
from nextims.inference.structures import InputError, InputStructure, parse_line, read_batch
from nextims.inference.writers import (
    MSPStream,
    OutputError,
    SpectrumWriter,
    check_spectra_output,
    errors_path,
)

if TYPE_CHECKING:
    from nextims.inference.measured import MeasuredSpectra
    from nextims.inference.picture_files import PictureWriter


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
    return _predict_batch(predictor, structures, total, arguments, pictures, measured)


def _input(arguments: argparse.Namespace) -> tuple[Iterator[InputStructure], int | None]:
    if arguments.smiles is not None:
        structures, total = iter([parse_line(arguments.smiles)]), 1
    else:
        structures, total = read_batch(arguments.batch)
    if arguments.derivatise:
        from nextims.inference.derivatised import derivatise_structures

        structures = derivatise_structures(
            structures,
            arguments.derivatise,
            partial=arguments.partial,
            underivatised=_report_underivatised,
        )
    return structures, total


def _report_underivatised(structure: InputStructure) -> None:
    from tqdm import tqdm

    shown = f"line {structure.line}: {structure.smiles}: nothing to derivatise, predicted as it is"
    tqdm.write(shown, file=sys.stderr)


def _check_output(arguments: argparse.Namespace) -> None:
    output = arguments.output
    if output is None:
        if arguments.mol_folder:
            raise OutputError("--mol-folder: needs --output LIB.msp")
        return
    check_spectra_output(
        output,
        dialect=arguments.dialect,
        mol_folder=arguments.mol_folder,
        annotated=arguments.annotate,
    )
    refuse_overwriting((output, errors_path(output)), (arguments.batch, arguments.compare))


def _pictures(arguments: argparse.Namespace) -> tuple[PictureWriter | None, MeasuredSpectra | None]:
    """Return what draws, and what there is to compare with."""
    if arguments.plot is None:
        return None, None
    from nextims.inference.picture_files import PictureWriter

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
    arguments.checkpoint = arguments.checkpoint or config.student.checkpoint
    predictor = load_predictor(
        config,
        arguments.checkpoint,
        device=arguments.device,
        student_will_do=not _options(arguments),
    )
    for name in _options(arguments):
        if not predictor.names_ions:
            option = "--" + name.replace("_", "-")
            raise InputError(f"{option}: needs a teacher; --checkpoint {config.teacher.checkpoint}")
    if options := _options(arguments):
        try:
            predictor.check_options(**options)
        except ValueError as error:
            raise InputError(f"{arguments.checkpoint}: {error}") from error
    if "energy" in options:
        from nextims.inference.energy import energy_note

        if note := energy_note(arguments.energy, predictor.training_energies):
            print(f"note: --energy: {note}", file=sys.stderr)
    return predictor


def _options(arguments: argparse.Namespace) -> dict[str, bool | float]:
    """Return what is asked for that a student cannot give."""
    options = ("annotate", "exact_mass", "uncertainty")
    asked = {name: True for name in options if getattr(arguments, name)}
    if arguments.energy != STANDARD_ENERGY:
        asked["energy"] = arguments.energy
    return asked


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
    from nextims.inference.terminal import can_show_blocks, describe

    results = predictor.predict(structures, **_options(arguments))
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

    from nextims.inference.batch import predict_batch

    output = arguments.output
    if output is None:
        writer = MSPStream(sys.stdout.buffer, predictor.name, arguments.dialect)
    else:
        writer = _writer(arguments, predictor.name)
    results = predict_batch(
        predictor,
        structures,
        checkpoint=arguments.checkpoint,
        device=arguments.device,
        workers=1 if pictures else arguments.workers,
        expected=total,
        ending=".msp" if output is None else file_ending(output),
        dialect=arguments.dialect,
        mol_folder=arguments.mol_folder,
        **_options(arguments),
    )
    known = None if arguments.derivatise else total  # how many derivatives shows in the end
    progress = tqdm(results, total=known, unit=" structures", disable=None)
    left_out = 0.0
    with writer, pictures or nullcontext(), progress:
        for result in progress:
            writer.write(result)
            if isinstance(result, FailedPrediction):
                shown = f"line {result.line}: {result.text or '(empty)'}: {result.reason}"
                progress.write(shown, file=sys.stderr)
            else:
                left_out += result.left_out or 0.0
                if pictures is not None:
                    record = None
                    if measured is not None:
                        try:
                            record = measured.find(result, any_single=False)
                        except InputError as error:
                            progress.write(f"line {result.line}: {error}", file=sys.stderr)
                    pictures.write(result, record)
    summary = f"{writer.predicted} of {writer.predicted + writer.failed} structures predicted"
    if output is not None:
        summary += f", written to {output}"
        if writer.failed:
            summary += f"; the others are listed in {errors_path(output)}"
    if pictures is not None and pictures.paths:
        last = f" to {pictures.paths[-1]}" if pictures.paths[1:] else ""
        summary += f"; drawn in {pictures.paths[0]}{last}"
    if arguments.exact_mass and writer.predicted:
        mean = 100 * left_out / writer.predicted
        summary += f"; on average {mean:.1f} % of the intensity is left out for want of an ion"
    print(summary, file=sys.stderr)
    return SOME_LEFT_OUT if writer.failed else ALL_DONE


if __name__ == "__main__":
    sys.exit(main())
