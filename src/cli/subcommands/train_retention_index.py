"""Fit the model of retention indices to those that the store's records give."""

from __future__ import annotations

import argparse
from functools import partial

from ...config import load_config
from ..commands import run_command, say
from ..options import command_parser

EXAMPLE = """\
example:
  nextims train retention-index --config config.yaml

Takes a minute or two. Leaves the model, its card, and a list of the measured indices that are not
used with the reasons (.left_out.csv).
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLE, prog)
    parser.add_argument("--restart", action="store_true", help="fit anew what is there already")
    return parser


def main(argv: list[str] | None = None, prog: str | None = None) -> int:
    """Run the command and return its exit status."""
    arguments = build_parser(prog).parse_args(argv)
    return run_command(partial(_train, arguments), quiet=arguments.quiet)


def _train(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    from ...training.retention_index import train_retention_index

    path = train_retention_index(config, replace=arguments.restart, say=say)
    say(f"written: {path}")
    return 0
