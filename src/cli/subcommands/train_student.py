"""Phase 2: distil the student from a trained teacher."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...config import load_config
from ..commands import main_of
from ..options import add_devices, add_earlier_run, command_parser

EXAMPLE = """\
example:
  nextims train student --teacher checkpoints/teacher/best_finetune_teacher.pt

Without --resume or --restart, an unfinished run is not overwritten: the command names it and ends
with status 2. A student that is finished with these settings and data is left as it is, with status
0. A student of other settings or data, as the one that comes with NExtIMS, is replaced after the
first epoch of the new one; to keep both, name another file in student.checkpoint. The test split is
not scored: nextims evaluate --split test does that.
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLE, prog)
    parser.add_argument(
        "--teacher",
        type=Path,
        help="the teacher's checkpoint (default: teacher.checkpoint, or the "
        "one that comes with NExtIMS where that is not there)",
    )
    add_earlier_run(parser)
    add_devices(parser)
    return parser


def _train(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config).on_devices(arguments.devices)
    # After the arguments are known to be good: torch takes seconds to import.
    from ...training.distillation.student import train_student
    from ..training import run_training

    return run_training(
        lambda: {
            "student": train_student(
                config, arguments.teacher, resume=arguments.resume, replace=arguments.restart
            )
        }
    )


# A process that waits for others hears nothing but a SIGTERM that ends it at once.
main = main_of(build_parser, _train, heed_sigterm=False)
