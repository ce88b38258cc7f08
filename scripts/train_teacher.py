#!/usr/bin/env python
"""Phase 1: train the teacher on the spectra and bond energies of the store."""

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
        help="pretrain: bond energies alone; finetune (default): spectra, from the pretrained "
        "weights where there are any",
    )
    parser.add_argument("--resume", action="store_true", help="continue a run that was stopped")
    arguments = parser.parse_args(argv)
    config = load_config_or_exit(arguments.config)
    # After the arguments are known to be good: torch takes seconds to import.
    from nextims.training.commands import run_training
    from nextims.training.teacher import train_teacher

    return run_training(
        lambda: {"teacher": train_teacher(config, arguments.phase, resume=arguments.resume)}
    )


if __name__ == "__main__":
    sys.exit(main())
