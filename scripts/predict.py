#!/usr/bin/env python
"""Predict electron-ionization mass spectra of structures."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from nextims.config import DEFAULT_CONFIG, ConfigError, load_config
from nextims.data.reagents import METHODS
from nextims.inference.formats import DIALECTS, file_ending
from nextims.inference.results import FailedPrediction
from nextims.inference.structures import (
    STANDARD_INPUT,
    InputError,
    InputStructure,
    parse_line,
    read_batch,
)
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

ALL_PREDICTED, USAGE_ERROR, SOME_NOT_PREDICTED, INTERRUPTED = 0, 2, 3, 130

EXAMPLES = """\
examples:
  python scripts/predict.py --smiles "CCO"
  python scripts/predict.py --batch smiles_list.txt --output spectra.msp --workers 4
  cut -f 2 compounds.tsv | python scripts/predict.py --batch - --output spectra.csv
  python scripts/predict.py --checkpoint checkpoints/teacher/best_finetune_teacher.pt \\
      --smiles "Cc1ccccc1" --annotate --uncertainty --plot toluene.pdf
  python scripts/predict.py --batch metabolites.smi --derivatise meox-tms --output derivatives.msp
  python scripts/predict.py --smiles "CCO ethanol" --plot mirror.svg --compare measured.msp
  python scripts/predict.py --batch smiles_list.txt --output spectra.msp --plot all.pdf --grid

A batch file holds one SMILES a line, and a name after white space where there is one; a .csv file
has a column "smiles", and perhaps "name". Spectra are written in the input's order, by the output's
ending as .msp (NIST MS Search, through lib2nist; or MS-DIAL), .jdx (JCAMP-DX), .sdf (with NIST's
tags), .mgf, .mzspeclib.txt, .json or .jsonl (one object a line), .csv (one peak a row), .parquet or
.h5 (tables). Structures that cannot be predicted are named with their line on standard error and
in OUTPUT.errors.csv.

A plot shows one spectrum a page; several pages are one .pdf, or FILE-1.png, FILE-2.png and so on
(.svg likewise). --compare finds the measured spectrum by the structure (first block of the
InChIKey), else by the name given with it, else takes the only one in the file (with --smiles).

exit status: 0 all were predicted; 3 some were not; 2 wrong usage or a missing file
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = _parse(argv)
    try:
        structures, total = _input(arguments)
        _check_output(arguments)
        pictures, measured = _pictures(arguments)
        predictor = _load(arguments)
        if arguments.smiles is not None:
            return _predict_and_show(predictor, structures, arguments, pictures, measured)
        return _predict_batch(predictor, structures, total, arguments, pictures, measured)
    except BrokenPipeError:  # whoever reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ALL_PREDICTED
    except (ConfigError, InputError, OutputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    structures = parser.add_mutually_exclusive_group(required=True)
    structures.add_argument("--smiles", metavar="S", help="one structure, shown in the terminal")
    structures.add_argument(
        "--batch", metavar="FILE", help="a file of SMILES (.txt, .smi, .csv); - for standard input"
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="write the spectra in the format of FILE's ending, see below (a batch without it goes "
        "to standard output as MSP)",
    )
    parser.add_argument(
        "--dialect", choices=tuple(DIALECTS), default="nist", help="of MSP (default: %(default)s)"
    )
    parser.add_argument(
        "--mol-folder",
        action="store_true",
        help="write the structures beside LIB.msp, for lib2nist: LIB.MOL/ID1.mol and so on",
    )
    parser.add_argument(
        "--plot",
        metavar="FILE",
        type=Path,
        help="draw the spectra: FILE.png, .svg or .pdf; with the ions (--annotate) and whiskers "
        "(--uncertainty) where these are asked for; needs Matplotlib",
    )
    parser.add_argument(
        "--compare",
        metavar="MEASURED.msp",
        type=Path,
        help="with --plot: draw the measured spectrum of the structure below the predicted one, "
        "and say how similar they are",
    )
    parser.add_argument(
        "--grid", action="store_true", help="with --plot and --batch: draw many spectra on a page"
    )
    parser.add_argument(
        "--derivatise",
        choices=METHODS,
        help="predict what a laboratory injects in the place of each structure: its trimethylsilyl "
        "(MSTFA, BSTFA), methoxime and trimethylsilyl, acetyl (acetic anhydride) or methyl "
        "(diazomethane) derivatives",
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="with --derivatise: the derivatives with fewer groups as well",
    )
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, help="settings (default: %(default)s)"
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="CKPT",
        help="trained student or teacher (default: student.checkpoint of the settings); the export "
        "of a student beside it (.onnx) is used on the CPU, without PyTorch",
    )
    parser.add_argument(
        "--annotate",
        action="store_true",
        help="name the ions behind each peak: in the terminal, in .json, as comments in .msp; "
        "needs a teacher",
    )
    parser.add_argument(
        "--exact-mass",
        action="store_true",
        help="peaks at accurate masses, one for each ion formula; needs a teacher",
    )
    parser.add_argument(
        "--uncertainty",
        action="store_true",
        help="say how similar each spectrum will be to the true one, in the terminal and all "
        "files, and the standard deviation of each peak in .json and .csv; needs a teacher, takes "
        "some ten times as long",
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: %(default)s"
    )
    parser.add_argument(
        "--workers",
        type=_number_of_workers,
        metavar="N",
        help="processes that share the work of a batch, each with one thread (default: one a core "
        "for an exported student and thousands of structures, else this one with all threads)",
    )
    arguments = parser.parse_args(argv)
    for name in ("compare", "grid"):
        if getattr(arguments, name) and arguments.plot is None:
            parser.error(f"--{name}: needs --plot FILE, the picture to draw")
    if arguments.grid and arguments.batch is None:
        parser.error("--grid: needs --batch, a file of structures")
    if arguments.partial and not arguments.derivatise:
        parser.error("--partial: needs --derivatise")
    if arguments.plot and (arguments.workers or 1) > 1:
        parser.error("--plot: pictures are drawn by one process, leave --workers out")
    return arguments


def _number_of_workers(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)


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
    for written in (output, errors_path(output)):
        for read in (arguments.batch, arguments.compare):
            if read in (None, STANDARD_INPUT) or not (written.exists() and Path(read).exists()):
                continue
            if written.samefile(read):
                raise OutputError(f"{written}: is the input as well, and would be overwritten")


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
    if arguments.checkpoint is None:
        arguments.checkpoint = config.student.checkpoint
    path = arguments.checkpoint
    if not path.is_file():
        raise InputError(
            f"{path}: no such checkpoint; this makes one: python scripts/train_student.py "
            f"--teacher {config.teacher.checkpoint}"
        )
    from nextims.inference.loading import open_predictor

    try:
        predictor = open_predictor(
            path, device=arguments.device, student_will_do=not _options(arguments)
        )
    except ValueError as error:
        raise InputError(str(error)) from error
    for name in _options(arguments):
        if not predictor.names_ions:
            option = "--" + name.replace("_", "-")
            raise InputError(f"{option}: needs a teacher; --checkpoint {config.teacher.checkpoint}")
    if arguments.uncertainty:
        try:
            _ = predictor.calibration  # raises where there is none
        except ValueError as error:
            raise InputError(f"--uncertainty: {path}: {error}") from error
    return predictor


def _options(arguments: argparse.Namespace) -> dict[str, bool]:
    """Return what is asked for that a student cannot give."""
    options = ("annotate", "exact_mass", "uncertainty")
    return {name: True for name in options if getattr(arguments, name)}


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
    return ALL_PREDICTED if len(predicted) == len(results) else SOME_NOT_PREDICTED


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
    return SOME_NOT_PREDICTED if writer.failed else ALL_PREDICTED


if __name__ == "__main__":
    sys.exit(main())
