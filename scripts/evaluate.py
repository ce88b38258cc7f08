#!/usr/bin/env python
"""Score a trained model against the measured spectra of a split."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from nextims.cli.commands import ALL_DONE, run_command
from nextims.cli.options import add_model, command_parser
from nextims.config import Config, load_config
from nextims.errors import UserError
from nextims.files.writing import check_output

EXAMPLE = """\
examples:
  python scripts/evaluate.py --checkpoint checkpoints/student/best_student.pt --split test
  python scripts/evaluate.py --retrieval --output result.json

Each metric is computed for each spectrum, then averaged over the spectra; bins below a spectrum's
lowest recorded m/z are left out. All lie between 0 and 1, the higher the better.

--retrieval searches each measured spectrum of the split in a library of the training spectra and
the split's own molecules as predicted. Printed is the share of spectra whose molecule is the most
similar (@1), or among the 5 or 10 most similar, for each similarity; of all molecules, and of those
within 5 Da of the right mass. An isotope-labelled molecule is one of its own there.
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    return run_command(partial(_score, _parse(argv)))


def _score(arguments: argparse.Namespace) -> int:
    if arguments.output is not None:
        check_output(arguments.output, (".json",), "the result")
    if arguments.retrieval:
        _check_retrieval(arguments)
    config = load_config(arguments.config)
    checkpoint = arguments.checkpoint or config.student.checkpoint
    if not checkpoint.is_file():
        raise UserError(
            f"{checkpoint}: no such checkpoint; python scripts/train_student.py or "
            "train_teacher.py makes one"
        )
    # After the arguments are known to be good: torch takes seconds to import.
    from nextims.cli.training import print_metrics

    result = _evaluate(config, checkpoint, arguments)
    low, high = result["energy_range"]
    print(f"{checkpoint} ({result['kind']}), {arguments.split} split of {config.data.store}")
    print_metrics(
        f"{result['spectra']} spectra of {result['molecules']} molecules, {low:g} to {high:g} eV "
        "or not given",
        result["metrics"],
    )
    if arguments.retrieval:
        _print_retrieval(result["retrieval"])
    if arguments.output is not None:
        _write(arguments.output, result)
    return ALL_DONE


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = command_parser(__doc__, EXAMPLE)
    add_model(parser, "student or teacher")
    parser.add_argument(
        "--split",
        choices=("train", "validation", "test"),
        default="test",
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
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="write the result here")
    return parser.parse_args(argv)


def _check_retrieval(arguments: argparse.Namespace) -> None:
    if arguments.split == "train":
        raise UserError(
            "--retrieval: the training spectra are the library; searched for are "
            "those of --split validation or test"
        )
    if arguments.energy is not None:
        raise UserError("--retrieval: works on spectra of 60 to 80 eV; leave --energy out")


def _evaluate(config: Config, checkpoint: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the means of the metrics, what they were computed from, and the library matching."""
    from tqdm import tqdm

    from nextims import __version__
    from nextims.chemistry.molecule import first_block
    from nextims.data.examples.dataset import STANDARD_ENERGY_RANGE
    from nextims.evaluation.assess import assess, predict_structures
    from nextims.evaluation.retrieval import match_library
    from nextims.inference import Predictor
    from nextims.training.runs import mean_scores, split_loader

    predictor = Predictor.from_checkpoint(checkpoint, arguments.device)
    if predictor.max_mz != config.data.max_mz:
        raise UserError(
            f"{checkpoint}: predicts up to m/z {predictor.max_mz}, but data.max_mz is "
            f"{config.data.max_mz} in {arguments.config}"
        )
    energy_range = tuple(arguments.energy or STANDARD_ENERGY_RANGE)
    loader = split_loader(
        config,
        arguments.split,
        inputs=predictor.model.inputs,
        batch_size=256,
        energy_range=energy_range,
    )
    batches = tqdm(loader, desc=f"{arguments.split} split", unit="batch", disable=None)
    scores = assess(predictor.model, (batch.to(predictor.device) for batch in batches))
    inchikeys = loader.dataset.store.column("inchikey")
    result = {
        "checkpoint": str(checkpoint),
        "kind": predictor.checkpoint.kind,
        "store": str(config.data.store),
        "split": arguments.split,
        "energy_range": list(energy_range),
        "spectra": len(loader.dataset),
        "molecules": len({first_block(inchikeys[row]) for row in scores["row"]}),
        "metrics": mean_scores(scores),
        "version": __version__,
    }
    if arguments.retrieval:
        predict = partial(predict_structures, predictor.model)
        result["retrieval"] = match_library(predict, config, arguments.split)
    return result


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


def _write(path: Path, result: Mapping[str, Any]) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
