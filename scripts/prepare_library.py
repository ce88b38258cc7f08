#!/usr/bin/env python
"""Make the store of spectra from one library or several, in any format that is read."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from nextims.cli.commands import ALL_DONE, run_command
from nextims.cli.options import command_parser
from nextims.config import load_config

EXAMPLES = """examples:
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
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="store to write (default: data.store)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the store if it exists")
    return run_command(partial(_prepare, parser.parse_args(argv)))


def _prepare(arguments: argparse.Namespace) -> int:
    from nextims.data.libraries import ingest_libraries, is_up_to_date, source_name

    data, libraries = load_config(arguments.config).data, arguments.libraries
    store = arguments.output or data.store
    if not arguments.force and is_up_to_date(store, data, source_name(libraries)):
        print(f"{store} is up to date; --force makes it anew")
        return ALL_DONE
    print(ingest_libraries(libraries, store, data).table())
    print(f"wrote {store}")
    return ALL_DONE


if __name__ == "__main__":
    sys.exit(main())
