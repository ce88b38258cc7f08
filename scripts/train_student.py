#!/usr/bin/env python
"""Phase 2: distil the student from a trained teacher."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from nextims.cli.commands import run_command
from nextims.cli.options import add_devices, command_parser
from nextims.config import load_config

EXAMPLE = """\
example:
  python scripts/train_student.py --teacher checkpoints/teacher/best_finetune_teacher.pt
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = command_parser(__doc__, EXAMPLE)
    parser.add_argument(
        "--teacher", type=Path, help="the teacher's checkpoint (default: teacher.checkpoint)"
    )
    parser.add_argument("--resume", action="store_true", help="continue a run that was stopped")
    add_devices(parser)
    # A process that waits for others hears nothing but a SIGTERM that ends it at once.
    return run_command(partial(_train, parser.parse_args(argv)), heed_sigterm=False)


def _train(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config).on_devices(arguments.devices)
    # After the arguments are known to be good: torch takes seconds to import.
    from nextims.cli.training import run_training
    from nextims.training.distillation.student import train_student

    teacher = arguments.teacher or config.teacher.checkpoint
    return run_training(
        lambda: {"student": train_student(config, teacher, resume=arguments.resume)}
    )


if __name__ == "__main__":
    sys.exit(main())
