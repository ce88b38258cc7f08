"""The options of ``predict.py``, and what goes together of them. Imports no PyTorch."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from ..config import DEFAULT_CONFIG
from ..data.reagents import METHODS
from ..data.spectrum import STANDARD_ENERGY
from .formats import DIALECTS

EXAMPLES = """\
examples:
  python scripts/predict.py --smiles "CCO"
  python scripts/predict.py --batch smiles_list.txt --output spectra.msp --workers 4
  cut -f 2 compounds.tsv | python scripts/predict.py --batch - --output spectra.csv
  python scripts/predict.py --checkpoint checkpoints/teacher/best_finetune_teacher.pt \\
      --smiles "Cc1ccccc1" --annotate --uncertainty --plot toluene.pdf
  python scripts/predict.py --checkpoint checkpoints/teacher/best_finetune_teacher.pt \\
      --smiles "CCCCCCCC" --energy 20
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


def parse_options(argv: list[str] | None = None) -> argparse.Namespace:
    """Return the options of a command line, with those refused that do not go together.

    Args:
        argv: the command line; that of the process if left out.

    Raises:
        SystemExit: with status 2 and the usage on standard error, or 0 after ``--help``.

    Example:
        >>> from nextims.inference.prediction_options import parse_options
        >>> parse_options(["--smiles", "CCO"]).smiles
        'CCO'
    """
    parser = argparse.ArgumentParser(
        description="Predict electron-ionization mass spectra of structures.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
        metavar="MEASURED",
        type=Path,
        help="with --plot: draw the measured spectrum of the structure below the predicted one, "
        "and say how similar they are; MEASURED is .msp, .jdx, .sdf, .mgf, .mzspeclib.txt, .json, "
        ".csv, .txt (columns), .parquet or .h5, of any program",
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
        "--energy",
        type=_energy,
        default=STANDARD_ENERGY,
        metavar="EV",
        help="ionization energy in eV (default: %(default)g); another one needs a teacher, which "
        "says where few or none of its training spectra are near it",
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


def _energy(text: str) -> float:
    try:
        energy = float(text)
    except ValueError:
        energy = math.nan
    if not 0 < energy < math.inf:
        raise argparse.ArgumentTypeError(f"expected an energy in eV, above 0, found {text!r}")
    return energy


def _number_of_workers(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)
