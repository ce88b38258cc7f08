"""Phase 1: pretrain the encoder on DFT bond energies, then train the teacher on spectra."""

from __future__ import annotations

import argparse

from ...config import load_config
from ..commands import main_of
from ..options import add_devices, add_earlier_run, command_parser

EXAMPLE = """\
example:
  nextims train teacher --config config.yaml --phase finetune

Without --resume or --restart, an unfinished run is not overwritten: the command names it and ends
with status 2. A model that is finished with these settings and data is left as it is, with status
0. A model of other settings or data, as the one that comes with NExtIMS, is replaced when the new
one is finished; to keep both, name another file in teacher.checkpoint (bde.checkpoint with --phase
pretrain). The test split is not scored: nextims evaluate --split test does that.
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLE, prog)
    parser.add_argument(
        "--phase",
        choices=("pretrain", "finetune"),
        default="finetune",
        help="pretrain: the BDE model, whose encoder is the teacher's; finetune (default): the "
        "teacher, from the BDE model's weights (bde.checkpoint) where there are any",
    )
    add_earlier_run(parser)
    add_devices(parser)
    return parser


def _train(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config).on_devices(arguments.devices)
    # After the arguments are known to be good: torch takes seconds to import.
    from ...training.bde import train_bde
    from ...training.teacher import train_teacher
    from ..training import run_training

    name, train = {
        "pretrain": ("BDE model", train_bde),
        "finetune": ("teacher", train_teacher),
    }[arguments.phase]
    return run_training(
        lambda: {name: train(config, resume=arguments.resume, replace=arguments.restart)}
    )


# A process that waits for others hears nothing but a SIGTERM that ends it at once.
main = main_of(build_parser, _train, heed_sigterm=False)
