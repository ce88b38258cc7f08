"""Command-line options that several commands share.

They are argparse's, which is imported in 3 ms where click takes 25 and typer 45, a tenth of what
``nextims predict`` takes to start; nine tenths of each declaration is the help, which stays.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from ..config import DEFAULT_CONFIG

# What ``error`` of argparse says of words that no option takes.
_UNKNOWN = "unrecognized arguments: "
_NEGATIVE = re.compile(r"-\d|-\.\d|-$")


class CommandParser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, where argparse prints the whole usage.

    A word that looks like an option and is none is named before all else, with the nearest option;
    for argparse, ``--bach list.smi`` is a missing ``--batch``.
    """

    _words: Sequence[str] = ()

    def parse_known_args(  # noqa: D102
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        self._words = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(self._words, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and end with status 2."""
        self.exit(2, f"{self.prog}: error: {self._said(message)}; see {self.prog} --help\n")

    def _said(self, message: str) -> str:
        options = self._option_string_actions
        for word in self._words:
            name = word.partition("=")[0]
            is_option = name.startswith("-") and not _NEGATIVE.match(name)
            if is_option and not any(option.startswith(name) for option in options):
                nearest = get_close_matches(name, options, 1)
                if name in ("--student", "--teacher") and "--checkpoint" in options:
                    nearest = [f"--checkpoint {name[2:]}"]
                return f"no option {name}" + (f" (did you mean {nearest[0]}?)" if nearest else "")
        stray = message.removeprefix(_UNKNOWN) if message.startswith(_UNKNOWN) else ""
        takes_words = any(not action.option_strings for action in self._actions)
        if not takes_words and not stray and self._words and not self._words[0].startswith("-"):
            stray = self._words[0]
        if not stray:
            return message
        hint = "; a structure goes with --smiles" if "--smiles" in options else ""
        return f"{stray}: goes with no option{hint}"


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
    parser = CommandParser(
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


def add_instrument(parser: argparse.ArgumentParser) -> None:
    """Add ``--instrument``, of what predicts."""
    parser.add_argument(
        "--instrument",
        type=Path,
        metavar="FILE",
        help="predict spectra as your instrument would record them, which FILE shows: spectra that "
        "it has measured, each with its SMILES or InChI (.msp, .jdx, ...), of five molecules or "
        "more; ten do",
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
