"""Command-line options that several commands share.

They are argparse's, which is imported in 3 ms where click takes 25 and typer 45, a tenth of what
``nextims predict`` takes to start; nine tenths of each declaration is the help, which stays.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ..config import DEFAULT_CONFIG


def command_parser(
    description: str, examples: str, prog: str | None = None, *, configured: bool = True
) -> argparse.ArgumentParser:
    """Return the parser of a command, with ``--quiet`` and ``--config``.

    Args:
        description: what the command does.
        examples: how it is used, and what else is to be said; printed as it is.
        prog: what the shell calls it; the name of the script if left out.
        configured: whether it takes settings.

    Example:
        >>> from nextims.cli.options import command_parser
        >>> command_parser("Predict.", "example: nextims predict").parse_args([]).config.name
        'config.yaml'
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quiet",
        action="store_true",
        help="no progress, notes or summaries on standard error: only what went wrong",
    )
    if configured:
        parser.add_argument(
            "--config",
            type=Path,
            default=DEFAULT_CONFIG,
            metavar="FILE",
            help="settings (default: %(default)s)",
        )
    return parser


def add_model(parser: argparse.ArgumentParser, what: str) -> None:
    """Add ``--device``, and ``--checkpoint`` with ``what`` it is of, and is for."""
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="CKPT",
        help=f"{what}; a file, or student or teacher for that of the settings (default: student)",
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: %(default)s"
    )


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add ``--output`` and ``--force``, of what makes the store of spectra."""
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="store to write (default: data.store)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the store if it exists")


def add_devices(parser: argparse.ArgumentParser) -> None:
    """Add ``--devices``, of a training."""
    parser.add_argument(
        "--devices",
        type=int,
        metavar="N",
        help="GPUs, or processes on the CPU, of this machine to train on (default: "
        "training.devices); with torchrun as many as it starts",
    )


def add_earlier_run(parser: argparse.ArgumentParser) -> None:
    """Add ``--resume`` and ``--restart``, of a training."""
    earlier = parser.add_mutually_exclusive_group()
    earlier.add_argument(
        "--resume",
        action="store_true",
        help="go on with a run that was stopped; begin where there is none, do nothing where it "
        "has finished: a job scheduler may give the same command again and again",
    )
    earlier.add_argument(
        "--restart",
        action="store_true",
        help="begin anew: discard an unfinished run, train again what is finished",
    )
