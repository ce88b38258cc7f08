#!/usr/bin/env python
"""Make the store of spectra from one library or several, in any format that is read."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from nextims.cli.commands import run_command
from nextims.cli.options import add_store, command_parser

EXAMPLES = """examples, with libraries that you bring (README.md, Preparing data):
  python scripts/prepare_library.py mine.msp
  python scripts/prepare_library.py massbank.tar.gz open-ei.jsonl.gz NIST17.msp --force

Libraries are MassBank records (a folder, .zip or .tar.gz), or files of spectra (.msp, .jdx, .sdf,
.mgf, .json, .csv, .h5 and others; MOL files of LIBRARY.msp in the folder LIBRARY.MOL). Spectra of
one molecule come into one split, whatever library they are from. What is not used, and why, is
printed as a table and listed one by one in STORE.dropped.csv.
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = command_parser(__doc__, EXAMPLES)
    parser.add_argument("libraries", type=Path, nargs="+", metavar="LIBRARY")
    add_store(parser)
    return run_command(partial(_prepare, parser.parse_args(argv)))


def _prepare(arguments: argparse.Namespace) -> int:
    from nextims.cli.preparing import prepare_store
    from nextims.data.libraries import source_name

    libraries = arguments.libraries
    return prepare_store(arguments, source_name(libraries), lambda _: libraries)


if __name__ == "__main__":
    sys.exit(main())
