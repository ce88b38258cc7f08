#!/usr/bin/env python
"""Phase 1: pretrain the encoder on DFT bond energies, then train the teacher on spectra."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from nextims.cli.commands import run_command
from nextims.cli.options import add_devices, command_parser
from nextims.config import load_config

EXAMPLE = """\
example:
  python scripts/train_teacher.py --config config.yaml --phase finetune
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = command_parser(__doc__, EXAMPLE)
    parser.add_argument(
        "--phase",
        choices=("pretrain", "finetune"),
        default="finetune",
        help="pretrain: the BDE model, whose encoder is the teacher's; finetune (default): the "
        "teacher, from the BDE model's weights (bde.checkpoint) where there are any",
    )
    parser.add_argument("--resume", action="store_true", help="continue a run that was stopped")
    add_devices(parser)
    # A process that waits for others hears nothing but a SIGTERM that ends it at once.
    return run_command(partial(_train, parser.parse_args(argv)), heed_sigterm=False)


def _train(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config).on_devices(arguments.devices)
    # After the arguments are known to be good: torch takes seconds to import.
    from nextims.cli.training import run_training
    from nextims.training.bde import train_bde
    from nextims.training.teacher import train_teacher

    if arguments.phase == "pretrain":
        return run_training(lambda: {"BDE model": train_bde(config, resume=arguments.resume)})
    return run_training(lambda: {"teacher": train_teacher(config, resume=arguments.resume)})


if __name__ == "__main__":
    sys.exit(main())
