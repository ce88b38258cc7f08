#!/usr/bin/env python
"""Phase 1: pretrain the encoder on DFT bond energies, then train the teacher on spectra."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nextims.config import DEFAULT_CONFIG, load_config_or_exit


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Example: python scripts/train_teacher.py --config config.yaml --phase finetune",
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="settings (YAML)")
    parser.add_argument(
        "--phase",
        choices=("pretrain", "finetune"),
        default="finetune",
        help="pretrain: the BDE model, whose encoder is the teacher's; finetune (default): the "
        "teacher, from the BDE model's weights (bde.checkpoint) where there are any",
    )
    parser.add_argument("--resume", action="store_true", help="continue a run that was stopped")
    parser.add_argument(
        "--devices",
        type=int,
        help="GPUs, or processes on the CPU, of this machine to train on (default: "
        "training.devices); with torchrun as many as it starts",
    )
    arguments = parser.parse_args(argv)
    config = load_config_or_exit(arguments.config, devices=arguments.devices)
    # After the arguments are known to be good: torch takes seconds to import.
    from nextims.cli.training import run_training
    from nextims.training.bde import train_bde
    from nextims.training.teacher import train_teacher

    if arguments.phase == "pretrain":
        return run_training(lambda: {"BDE model": train_bde(config, resume=arguments.resume)})
    return run_training(lambda: {"teacher": train_teacher(config, resume=arguments.resume)})


if __name__ == "__main__":
    sys.exit(main())
