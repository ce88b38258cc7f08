"""The options of ``nextims predict``, and what goes together of them. Imports no PyTorch."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from ..chemistry.derivatives.reagents import METHODS, method_named
from ..errors import UserError
from ..formats.msp.writing import DIALECTS
from ..formats.writing import FORMATS, WITH_IONS, file_ending
from ..inference.batches.parts import STRUCTURES_A_BATCH
from ..inference.structures.lists import STANDARD_INPUT
from ..spectra.spectrum import STANDARD_ENERGY
from .options import add_instrument, add_model, command_parser

# From so many structures on, about a minute's work of one core, a batch is kept in parts.
LONG_BATCH = 50_000

EXAMPLES = """\
examples:
  nextims predict --smiles "CCO"
  nextims predict --smiles "CCO" --format json
  nextims predict --smiles "CC(=O)Oc1ccccc1C(=O)O aspirin" --plot aspirin.svg
  nextims predict --batch YOURS.smi --output spectra.msp
  nextims predict --batch YOURS.csv --keep-columns CAS,RI --output spectra.msp
  nextims predict --batch YOURS/ --output SPECTRA/ --format parquet --engine ray
in the folder of NExtIMS, with its files:
  nextims predict --batch docs/examples/candidates.smi --output spectra.msp
  cut -d " " -f 1 docs/examples/candidates.smi | nextims predict --batch - --output spectra.csv
  nextims predict --checkpoint checkpoints/teacher/best_finetune_teacher.pt \\
      --smiles "Cc1ccccc1" --annotate --uncertainty --plot toluene.pdf
  nextims predict --checkpoint checkpoints/teacher/best_finetune_teacher.pt \\
      --smiles "CCCCCCCC" --energy 20
  nextims predict --batch docs/examples/metabolites.csv --derivatise meox-tms \\
      --output derivatives.msp
  nextims predict --smiles "COC(=O)CCCOc1ccc(Cl)cc1C" --plot mirror.svg \\
      --compare docs/examples/unknown.msp
  nextims predict --batch docs/examples/candidates.smi --output spectra.msp \\
      --plot all.pdf --grid

A batch file holds one SMILES or InChI a line, and a name after white space where there is one; a
.csv or .parquet file has a column of them ("smiles", "Canonical SMILES", "InChI", ...), and perhaps
of names. MOL and SDF files are read as well. Text may be gzipped (.gz). Of a folder, all files are
read in the order of their names. What is drawn with charges is predicted as the neutral molecule,
and said so; imidic acids are predicted as amides. Spectra are written in the input's order, by the
output's ending as .msp (NIST MS Search, through lib2nist; or MS-DIAL), .jdx (JCAMP-DX), .sdf (with
NIST's tags), .mgf, .mzspeclib.txt, .json or .jsonl (one object a line), .csv (one peak a row),
.parquet or .h5 (tables). Structures that cannot be predicted are named with their line on standard
error and in OUTPUT.errors.csv.

A plot shows one spectrum a page; several pages are one .pdf, or FILE-1.png, FILE-2.png and so on
(.svg likewise). --compare finds the measured spectrum by the structure (first block of the
InChIKey), else by the name given with it, else takes the only one in the file (with --smiles).

A batch of more than 50,000 structures is kept in parts in the folder OUTPUT.parts until all are
done, and joined then to what a single run writes. The same command, given again after the machine
went down, say, goes on with them. With --format, the parts stay, in the folder OUTPUT. --engine ray
shares them among the machines of a Ray cluster, which must all see that folder.

exit status: 0 all were predicted; 3 some were not; 2 wrong usage or a missing file
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(
        "Predict electron-ionization mass spectra of structures.", EXAMPLES, prog
    )
    structures = parser.add_mutually_exclusive_group(required=True)
    structures.add_argument("--smiles", metavar="S", help="one structure, shown in the terminal")
    structures.add_argument(
        "--batch",
        metavar="FILE",
        help="a file of structures (.txt, .smi, .csv, .parquet, .sdf, .mol), or a folder of such "
        "files; - for standard input",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="write the spectra in the format of FILE's ending, see below (a batch without it goes "
        "to standard output as MSP)",
    )
    parser.add_argument(
        "--format",
        metavar="ENDING",
        type=_format_ending,
        help="write to standard output in this format (json, csv, ...); with --batch and --output: "
        "a folder OUTPUT of numbered files of this format (parquet, msp, ...)",
    )
    parser.add_argument(
        "--parts",
        type=_structures_a_part,
        metavar="N",
        help=f"keep a batch in parts of N structures, a multiple of {STRUCTURES_A_BATCH}, so that "
        f"a run that ends early can be gone on with (of more than {LONG_BATCH:,} structures this "
        "is done anyway)",
    )
    parser.add_argument(
        "--keep-columns",
        metavar="NAME,...",
        type=_names,
        default=(),
        help="columns of the list, or fields of an SDF, that go with each spectrum to the output: "
        "CAS,RI,RT,ID, say; with --derivatise without CAS and the like, which hold of the parent",
    )
    parser.add_argument("--dialect", choices=tuple(DIALECTS), help="of MSP (default: nist)")
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
        "(--uncertainty) where these are asked for; needs nextims[plot]",
    )
    parser.add_argument(
        "--compare",
        metavar="MEASURED",
        type=Path,
        help="say by all scores how similar the measured spectrum of the structure is (of a batch "
        "with --output: as a table, tabs between its columns), and draw it below the predicted one "
        "with --plot; MEASURED is .msp, .jdx, .sdf, .mgf, .mzspeclib.txt, .json, "
        ".csv, .txt (columns), .parquet or .h5, of any program",
    )
    parser.add_argument(
        "--grid", action="store_true", help="with --plot and --batch: draw many spectra on a page"
    )
    parser.add_argument(
        "--derivatise",
        type=_method,
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
    add_model(
        parser,
        "trained student or teacher; the export of a student beside it (.onnx) is used on the "
        "CPU, without PyTorch",
    )
    add_instrument(parser)
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
        "files, which a student always does; a teacher, which takes some ten times as long, gives "
        "the standard deviation of each peak in .json and .csv as well",
    )
    parser.add_argument(
        "--neighbours",
        type=_whole_number,
        default=0,
        metavar="N",
        help="name the N molecules most like each one that the student has learned from, in the "
        "terminal and in .json",
    )
    parser.add_argument(
        "--energy",
        type=_energy,
        default=STANDARD_ENERGY,
        metavar="EV",
        help="ionization energy in eV (default: %(default)g); another one needs a teacher, which "
        "says where few or none of its training spectra are near it",
    )
    parser.add_argument(
        "--workers",
        type=_whole_number,
        metavar="N",
        help="processes that share the work of a batch, each with one thread (default: one a core "
        "for an exported student and thousands of structures, else this one with all threads)",
    )
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="where a batch is predicted: on this machine, or by Ray, on this machine or a cluster "
        '(needs pip install "nextims[distributed]"; default: %(default)s)',
    )
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="with --engine ray: of a cluster that runs, auto for the one of this machine "
        "(default: that of RAY_ADDRESS, else this machine alone)",
    )
    return parser


def parse_options(argv: list[str] | None = None, prog: str | None = None) -> argparse.Namespace:
    """Return the options of a command line, with those refused that do not go together.

    Args:
        argv: the command line; that of the process if left out.
        prog: what the shell calls the command.

    Raises:
        SystemExit: with status 2 and the reason on standard error, or 0 after ``--help``.

    Example:
        >>> from nextims.cli.prediction_options import parse_options
        >>> parse_options(["--smiles", "CCO"]).smiles
        'CCO'
    """
    parser = build_parser(prog)
    arguments = parser.parse_args(argv)
    if arguments.grid and arguments.plot is None:
        parser.error("--grid: needs --plot FILE, the picture to draw")
    if arguments.grid and arguments.batch is None:
        parser.error("--grid: needs --batch, a file of structures")
    if arguments.partial and not arguments.derivatise:
        parser.error("--partial: needs --derivatise")
    for name in ("plot", "compare"):
        if getattr(arguments, name) and (arguments.workers or 1) > 1:
            parser.error(f"--{name}: is the work of one process, leave --workers out")
    if arguments.smiles is not None:
        if arguments.workers is not None:
            parser.error("--workers: needs --batch, a file of structures")
        if arguments.dialect is not None and not (arguments.output or arguments.format):
            parser.error("--dialect: needs --output FILE.msp, which it is of")
    arguments.dialect = arguments.dialect or "nist"
    _check_standard_output(parser, arguments)
    if arguments.keep_columns and arguments.batch is None:
        parser.error("--keep-columns: needs --batch, a list that has columns")
    _check_parts(parser, arguments)
    return arguments


def _check_standard_output(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.output is not None:
        return
    ending = output_ending(arguments)
    if FORMATS[ending].table:
        parser.error(f"--format: {ending} is no text, and needs --output")
    if arguments.format and arguments.annotate and ending not in WITH_IONS:
        parser.error(f"--format: {ending} has no place for ions; {', '.join(WITH_IONS)} have")
    if arguments.format and arguments.dialect != "nist" and ending != ".msp":
        parser.error(f"--dialect: {arguments.dialect} is one of .msp")
    spectra = arguments.format or arguments.batch is not None
    if arguments.compare and spectra and arguments.plot is None:
        parser.error("--compare: spectra go to standard output, the scores need --output FILE")


def _energy(text: str) -> float:
    try:
        energy = float(text)
    except ValueError:
        energy = math.nan
    if not 0 < energy < math.inf:
        raise argparse.ArgumentTypeError(f"expected an energy in eV, above 0, found {text!r}")
    return energy


def teacher_options(arguments: argparse.Namespace) -> dict[str, bool | float]:
    """Return what is asked for that a student cannot give, as ``predict_stream`` takes it.

    Example:
        >>> from nextims.cli.prediction_options import parse_options, teacher_options
        >>> teacher_options(parse_options(["--smiles", "CCO", "--annotate"]))
        {'annotate': True}
    """
    options = ("annotate", "exact_mass", "uncertainty")
    asked: dict[str, bool | float] = {name: True for name in options if getattr(arguments, name)}
    if arguments.energy != STANDARD_ENERGY:
        asked["energy"] = arguments.energy
    return asked


def model_options(arguments: argparse.Namespace) -> dict[str, bool | float]:
    """Return what is asked for beside the spectrum, as ``predict_stream`` takes it.

    Example:
        >>> from nextims.cli.prediction_options import model_options, parse_options
        >>> model_options(parse_options(["--smiles", "CCO", "--neighbours", "3"]))
        {'neighbours': 3}
    """
    neighbours = {"neighbours": arguments.neighbours} if arguments.neighbours else {}
    return teacher_options(arguments) | neighbours


def output_ending(arguments: argparse.Namespace) -> str:
    """Return the format of the output, a key of ``FORMATS``.

    Example:
        >>> from nextims.cli.prediction_options import output_ending, parse_options
        >>> output_ending(parse_options(["--batch", "list.smi", "--output", "spectra.JDX"]))
        '.jdx'
    """
    if arguments.output is None:
        return arguments.format or ".msp"
    return arguments.format or file_ending(arguments.output)


def batch_settings(arguments: argparse.Namespace, total: int | None) -> dict[str, Any]:
    """Return how ``predict_batch`` is to work.

    Args:
        arguments: of ``parse_options``, the checkpoint filled in.
        total: about how many structures there are, where it is known.
    """
    return {
        "checkpoint": arguments.checkpoint,
        "device": arguments.device,
        "workers": 1 if arguments.plot or arguments.compare else arguments.workers,
        "expected": total,
        "ending": output_ending(arguments),
        "dialect": arguments.dialect,
        "mol_folder": arguments.mol_folder,
        **model_options(arguments),
    }


def _check_parts(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.format and arguments.output is not None:
        named = file_ending(arguments.output)
        if arguments.smiles is not None:
            parser.error("--format: of standard output; with --output, its ending says the format")
        if named in FORMATS and named != arguments.format:
            parser.error(
                f"--output: {arguments.output} ends in {named}, and --format says "
                f"{arguments.format}: leave --format out, or name a folder to write into"
            )
    asked = ["--format"] if arguments.format and arguments.output is not None else []
    asked += ["--parts"] if arguments.parts is not None else []
    asked += ["--engine ray"] if arguments.engine == "ray" else []
    if arguments.address is not None and arguments.engine != "ray":
        parser.error("--address: needs --engine ray")
    for option in asked:
        if arguments.batch in (None, STANDARD_INPUT) or arguments.output is None:
            parser.error(f"{option}: needs --batch FILE and --output")
        for name in ("plot", "compare", "mol_folder"):
            if getattr(arguments, name):
                parser.error(f"{option}: parts have no --{name.replace('_', '-')}")


def _format_ending(text: str) -> str:
    ending = "." + text.lower().removeprefix(".")
    if ending not in FORMATS:
        known = ", ".join(each.removeprefix(".") for each in FORMATS)
        raise argparse.ArgumentTypeError(f"expected one of {known}, found {text!r}")
    return ending


def _method(text: str) -> str:
    try:
        return method_named(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names with commas between, found {text!r}")
    return names


def _structures_a_part(text: str) -> int:
    number = _whole_number(text)
    if number % STRUCTURES_A_BATCH:
        raise argparse.ArgumentTypeError(
            f"expected a multiple of {STRUCTURES_A_BATCH}, found {text!r}"
        )
    return number


def _whole_number(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)
