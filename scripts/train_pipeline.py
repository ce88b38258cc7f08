#!/usr/bin/env python
"""All phases: store, bond energies, teacher, student, evaluation.

A phase whose result is there and was made with the same data and settings is skipped; one that was
interrupted continues.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from nextims.cli.commands import run_command
from nextims.cli.options import add_devices, command_parser
from nextims.config import load_config

EXAMPLE = """\
examples, with libraries that you bring (README.md, Preparing data):
  python scripts/train_pipeline.py --config config.yaml --records massbank.tar.gz
  python scripts/train_pipeline.py --records massbank.tar.gz mine.msp more.jsonl.gz --rounds 2
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = command_parser(__doc__, EXAMPLE)
    parser.add_argument(
        "--records",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="libraries to make the store of, if there is none: MassBank records (folder, .zip or "
        ".tar.gz), or files of any format that is read",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        choices=(1, 2),
        default=1,
        help="2: a first student teaches the teacher on structures without spectra; some points "
        "better where spectra are few, and takes half as long again (default: %(default)s)",
    )
    add_devices(parser)
    # A process that waits for others hears nothing but a SIGTERM that ends it at once.
    return run_command(partial(_train, parser.parse_args(argv)), heed_sigterm=False)


def _train(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config).on_devices(arguments.devices)
    # After the arguments are known to be good: torch takes seconds to import.
    from nextims.cli.training import run_training
    from nextims.training.pipeline import run_pipeline

    return run_training(lambda: run_pipeline(config, arguments.records, rounds=arguments.rounds))


if __name__ == "__main__":
    sys.exit(main())
