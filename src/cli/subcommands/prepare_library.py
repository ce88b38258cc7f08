"""Make the store of spectra from one library or several, in any format that is read."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..commands import main_of
from ..options import add_store, command_parser

EXAMPLES = """examples, with libraries that you bring (docs/guides/preparing_data.md):
  nextims prepare library mine.msp
  nextims prepare library massbank.tar.gz open-ei.jsonl.gz NIST17.msp --force

Libraries are MassBank records (a folder, .zip or .tar.gz), or files of spectra (.msp, .jdx, .sdf,
.mgf, .json, .csv, .h5 and others; MOL files of LIBRARY.msp in the folder LIBRARY.MOL). Spectra of
one molecule come into one split, whatever library they are from. What is not used, and why, is
printed as a table and listed one by one in STORE.dropped.csv.
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLES, prog)
    parser.add_argument("libraries", type=Path, nargs="+", metavar="LIBRARY")
    add_store(parser)
    return parser


def _prepare(arguments: argparse.Namespace) -> int:
    from ...data.libraries import source_name
    from ..preparing import prepare_store

    libraries = arguments.libraries
    return prepare_store(arguments, source_name(libraries), lambda _: libraries)


main = main_of(build_parser, _prepare)
