#!/usr/bin/env python
"""Phase 2: distil the student from a trained teacher."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from nextims.cli.commands import run_command
from nextims.cli.options import add_devices, add_earlier_run, command_parser
from nextims.config import load_config

EXAMPLE = """\
example:
  python scripts/train_student.py --teacher checkpoints/teacher/best_finetune_teacher.pt

Without --resume or --restart, an unfinished run is not overwritten: the command names it and ends
with status 2. A student that is finished with these settings and data is left as it is, with status
0. A student of other settings or data, as the one that comes with NExtIMS, is replaced when the
new one is finished; to keep both, name another file in student.checkpoint. The test split is not
scored: python scripts/evaluate.py --split test does that.
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = command_parser(__doc__, EXAMPLE)
    parser.add_argument(
        "--teacher",
        type=Path,
        help="the teacher's checkpoint (default: teacher.checkpoint, or the "
        "one that comes with NExtIMS where that is not there)",
    )
    add_earlier_run(parser)
    add_devices(parser)
    # A process that waits for others hears nothing but a SIGTERM that ends it at once.
    return run_command(partial(_train, parser.parse_args(argv)), heed_sigterm=False)


def _train(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config).on_devices(arguments.devices)
    # After the arguments are known to be good: torch takes seconds to import.
    from nextims.cli.training import run_training
    from nextims.training.distillation.student import train_student

    return run_training(
        lambda: {
            "student": train_student(
                config, arguments.teacher, resume=arguments.resume, replace=arguments.restart
            )
        }
    )


if __name__ == "__main__":
    sys.exit(main())
