"""All phases: store, bond energies, teacher, student, evaluation.

A phase whose result is there and was made with the same data and settings is skipped; one that was
interrupted continues.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ...config import load_config
from ..commands import main_of
from ..options import add_devices, command_parser

EXAMPLE = """\
examples, with libraries that you bring (docs/guides/preparing_data.md):
  nextims train --config config.yaml --records massbank.tar.gz
  nextims train --records massbank.tar.gz mine.msp more.jsonl.gz --rounds 2
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLE, prog)
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
    return parser


def _train(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config).on_devices(arguments.devices)
    # After the arguments are known to be good: torch takes seconds to import.
    from ...training.pipeline import run_pipeline
    from ..training import run_training

    return run_training(lambda: run_pipeline(config, arguments.records, rounds=arguments.rounds))


# A process that waits for others hears nothing but a SIGTERM that ends it at once.
main = main_of(build_parser, _train, heed_sigterm=False)
