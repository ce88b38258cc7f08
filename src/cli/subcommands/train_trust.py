"""Learn how far to trust the student, from its errors on molecules and libraries left out."""

from __future__ import annotations

import argparse

from ...config import load_config
from ..commands import main_of, say
from ..options import command_parser

EXAMPLE = """\
example:
  nextims train trust --config config.yaml

Trains two students more, each on half of the data, to see what they make of the other half; takes
about as long as the student itself. Leaves the result beside the student (.trust.npz), with the
fingerprints and names of the training molecules. Half-finished students are gone on with.
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLE, prog)
    parser.add_argument("--restart", action="store_true", help="fit anew what is there already")
    return parser


def _train(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    from ...training.trust import train_trust
    from ..training import run_training

    def train() -> dict:
        say(f"written: {train_trust(config, replace=arguments.restart)}")
        return {}

    return run_training(train)


main = main_of(build_parser, _train, heed_sigterm=False)
