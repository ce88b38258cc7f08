#!/usr/bin/env python
"""Phase 2: distil the student from a trained teacher."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nextims.config import DEFAULT_CONFIG, load_config_or_exit


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Example: python scripts/train_student.py --config config.yaml "
        "--teacher checkpoints/teacher/best_finetune_teacher.pt",
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="settings (YAML)")
    parser.add_argument(
        "--teacher", type=Path, help="the teacher's checkpoint (default: teacher.checkpoint)"
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
    from nextims.training.distillation.student import train_student

    teacher = arguments.teacher or config.teacher.checkpoint
    return run_training(
        lambda: {"student": train_student(config, teacher, resume=arguments.resume)}
    )


if __name__ == "__main__":
    sys.exit(main())
