#!/usr/bin/env python
"""All phases: store, bond energies, teacher, student, evaluation.

A phase whose result is there and was made with the same data and settings is skipped; one that was
interrupted continues.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nextims.config import DEFAULT_CONFIG, load_config_or_exit


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python scripts/train_pipeline.py --config config.yaml "
        "--records massbank.tar.gz",
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="settings (YAML)")
    parser.add_argument(
        "--records",
        type=Path,
        help="MassBank records (folder, .zip or .tar.gz) to make the store from, if there is none",
    )
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
    from nextims.training.pipeline import run_pipeline

    return run_training(lambda: run_pipeline(config, arguments.records))


if __name__ == "__main__":
    sys.exit(main())
