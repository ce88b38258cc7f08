"""Score a trained model against the measured spectra of a split."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ...config import load_config
from ...errors import UserError
from ...files.writing import check_output, write_text_whole
from ..commands import ALL_DONE, check_overwritten, note, run_command, say
from ..options import add_model, command_parser

EXAMPLE = """\
examples:
  nextims evaluate --checkpoint checkpoints/student/best_student.pt
  nextims evaluate --checkpoint checkpoints/student/best_student.pt --split test --card
  nextims evaluate --retrieval --output result.json

Each metric is computed for each spectrum, then averaged over the spectra; bins below a spectrum's
lowest recorded m/z are left out. All lie between 0 and 1, the higher the better. Of a BDE model the
absolute errors of its energies in kcal/mol are averaged over the bonds of the split.

In brackets are 95 % intervals: 1,000 bootstrap samples of the molecules, each with all its spectra,
drawn by training.seed. Choose by the validation split, and look at the test split once.

--retrieval searches each measured spectrum of the split in a library of the training spectra and
the split's own molecules as predicted. Printed is the share of spectra whose molecule is the most
similar (@1), or among the 5 or 10 most similar, for each similarity; of all molecules, and of those
within 5 Da of the right mass; --output has the intervals. An isotope-labelled molecule is one of
its own there.
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLE, prog)
    add_model(parser, "student, teacher or BDE model")
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test"),
        default="validation",
        help="default: %(default)s",
    )
    parser.add_argument(
        "--energy",
        nargs=2,
        type=float,
        metavar=("LOW", "HIGH"),
        help="ionization energies in eV; not given counts as 70 (default: 60 80)",
    )
    parser.add_argument(
        "--retrieval", action="store_true", help="also search the spectra in a library"
    )
    parser.add_argument(
        "--card",
        action="store_true",
        help="with --split test: write the figures into the model card beside the checkpoint",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="of what is printed (default: %(default)s)",
    )
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="write the result here")
    return parser


def main(argv: list[str] | None = None, prog: str | None = None) -> int:
    """Run the command and return its exit status."""
    parser = build_parser(prog)
    arguments = parser.parse_args(argv)
    if arguments.card and (arguments.split != "test" or arguments.energy is not None):
        parser.error("--card: a card has the figures of --split test at 60 to 80 eV")
    return run_command(partial(_score, arguments), quiet=arguments.quiet)


def _score(arguments: argparse.Namespace) -> int:
    if arguments.output is not None:
        check_output(arguments.output, (".json",), "the result")
        check_overwritten([arguments.output])
    if arguments.retrieval:
        _check_retrieval(arguments)
    config = load_config(arguments.config)
    checkpoint = config.checkpoint(arguments.checkpoint, note)
    if not checkpoint.is_file():
        raise UserError(
            f"{checkpoint}: no such checkpoint; nextims train student or "
            "nextims train teacher makes one"
        )
    # After the arguments are known to be good: torch takes seconds to import.
    from ...training.card_figures import add_test_figures, card_path
    from ..scoring import check_card, score_checkpoint
    from ..training import print_metrics

    if arguments.card:
        check_card(config, checkpoint)
    result, summary, number = score_checkpoint(
        config,
        checkpoint,
        arguments.split,
        device=arguments.device,
        energy_range=arguments.energy,
        retrieval=arguments.retrieval,
    )
    if arguments.format == "json":
        print(json.dumps(result, indent=2))
    else:
        print(f"{checkpoint} ({result['kind']}), {arguments.split} split of {result['store']}")
        title = f"{number}; in brackets 95 % intervals"
        print_metrics(title, result["metrics"], result["intervals"])
        if arguments.retrieval:
            _print_retrieval(result["retrieval"])
    if arguments.card:
        add_test_figures(checkpoint, summary, number)
        tell = print if arguments.format == "text" else say
        tell(f"written: {card_path(checkpoint)}")
    if arguments.output is not None:
        write_text_whole(arguments.output, json.dumps(result, indent=2) + "\n")
    return ALL_DONE


def _check_retrieval(arguments: argparse.Namespace) -> None:
    if arguments.split == "train":
        raise UserError(
            "--retrieval: the training spectra are the library; searched for are "
            "those of --split validation or test"
        )
    if arguments.energy is not None:
        raise UserError("--retrieval: works on spectra of 60 to 80 eV; leave --energy out")


def _print_retrieval(result: Mapping[str, Any]) -> None:
    print(
        f"library matching: {result['queries']} spectra searched among "
        f"{result['predicted_molecules']} molecules predicted and "
        f"{result['measured_molecules']} measured ({result['measured_spectra']} spectra)"
    )
    filters = list(result["recall"])
    similarities = list(result["recall"][filters[0]])
    ranks = list(result["recall"][filters[0]][similarities[0]])
    width = 9 * len(ranks)
    print(" " * 22 + "".join(f"{name.replace('_', ' '):>{width}}" for name in filters))
    print(" " * 22 + "".join(f"{rank.removeprefix('recall'):>9}" for rank in ranks) * len(filters))
    for name in similarities:
        shares = [share for kind in filters for share in result["recall"][kind][name].values()]
        print(f"  {name:<20}" + "".join(f"{share:9.4f}" for share in shares))
