"""How good are the predicted spectra? Teacher, student and their peers on the same test spectra.

    python benchmarks/accuracy.py
    python benchmarks/accuracy.py --split-by scaffold --records PATH

Compared are the teacher and the student as shipped (or other checkpoints); the teacher without
fragments and NEIMS, both trained here; the spectrum of the nearest training molecule; and, as the
ceiling, the mean of the other replicates of a spectrum. With --split-by scaffold the library is
split anew, no scaffold shared between training and test, and the teacher, too, is trained here: the
shipped models have seen molecules of that test split. What was trained is kept in --work and not
trained again.

Prints tables in Markdown, intervals of 95 % in brackets (1,000 bootstrap samples of the molecules);
--output writes all numbers as JSON, --rows the first tables as results/ has them, --card the first
table into the model cards of the configured teacher and student.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from measures import (
    Measured,
    break_down,
    match_libraries,
    score_model,
    summarize_part,
    time_per_molecule,
    training_size,
    unexplained_share,
)
from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.evaluation.intervals import summarize, summarize_difference
from nextims.files.digest import file_digest
from nextims.models.checkpoint import CheckpointError, load_model
from nextims.training.card_figures import add_section
from nextims.training.trainer import Interrupted
from peer_training import (
    Trained,
    split_config,
    trained_neims,
    trained_plain_teacher,
    trained_teacher,
)
from peers import mean_of_replicates, molecule_numbers, nearest_neighbour
from tables import (
    accuracy_rows,
    breakdown_rows,
    peers_section,
    print_tables,
    retrieval_rows,
    write_rows,
)

TEACHER, STUDENT, PLAIN, NEIMS = "teacher", "student", "teacher without fragments", "NEIMS"
NEIGHBOUR, CEILING = "nearest training molecule", "mean of replicates"

# What is repeated of a checkpoint's metadata.
_ABOUT = ("version", "commit", "data", "seed", "training_spectra", "validation", "test",
          "training_seconds", "finished")  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    arguments = _parse(argv)
    try:
        config = load_config(arguments.config)
        split_anew = arguments.split_by not in (None, config.data.split_by)
        if split_anew:
            config = split_config(config, arguments.split_by, arguments.work, arguments.records)
        result = measure(config, _models(config, arguments, split_anew))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except Interrupted as stopped:
        print(f"{stopped}; the same command continues", file=sys.stderr)
        return stopped.status
    print_tables(result)
    if arguments.card:
        measured = {"teacher": config.teacher.checkpoint, "student": config.student.checkpoint}
        for name in measured.keys() & result["accuracy"].keys():
            add_section(measured[name], "Beside its peers", peers_section(result))
    if arguments.rows is not None:
        write_rows(arguments.rows / "accuracy.csv", accuracy_rows(result))
        write_rows(arguments.rows / "breakdown.csv", breakdown_rows(result))
        write_rows(arguments.rows / "retrieval.csv", retrieval_rows(result))
    if arguments.output is not None:
        text = json.dumps(result, indent=1, ensure_ascii=False)
        arguments.output.write_text(text + "\n", encoding="utf-8")
    return 0


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument(
        "--teacher",
        type=Path,
        metavar="CKPT",
        help="default: the configured one; with another split, one that is trained here",
    )
    parser.add_argument(
        "--student",
        type=Path,
        metavar="CKPT",
        help="default: the configured one, if it is there; with another split, none",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("data/processed/accuracy"),
        metavar="FOLDER",
        help="for what is trained here (default: %(default)s)",
    )
    parser.add_argument(
        "--split-by", choices=("inchikey", "scaffold"), help="default: as the store is split"
    )
    parser.add_argument(
        "--records",
        type=Path,
        metavar="PATH",
        help="MassBank records of the store, to split them in another way (default: the NIST "
        "library)",
    )
    parser.add_argument("--epochs-neims", type=int, default=40)
    parser.add_argument(
        "--epochs-plain", type=int, default=40, help="0: without it (default: %(default)s)"
    )
    parser.add_argument(
        "--epochs-teacher", type=int, help="of the one trained here (default: as configured)"
    )
    parser.add_argument(
        "--members-teacher", type=int, help="networks of the one trained here (as configured)"
    )
    parser.add_argument("--output", type=Path, metavar="FILE.json")
    parser.add_argument("--rows", type=Path, metavar="FOLDER", help="for the tables of results/")
    parser.add_argument("--card", action="store_true", help="write the table into the model cards")
    arguments = parser.parse_args(argv)
    if arguments.card and (arguments.teacher or arguments.split_by):
        parser.error("--card is of the configured teacher and split")
    if arguments.output is not None and not arguments.output.resolve().parent.is_dir():
        parser.error(f"{arguments.output}: the folder does not exist")
    return arguments


def _models(config: Config, arguments: argparse.Namespace, split_anew: bool) -> dict[str, Trained]:
    """Return the networks to compare, trained where they are not there."""
    shipped = {TEACHER: config.teacher.checkpoint, STUDENT: config.student.checkpoint}
    paths = {TEACHER: arguments.teacher, STUDENT: arguments.student}
    if not split_anew:
        paths = {name: path or shipped[name] for name, path in paths.items()}
        if arguments.student is None and not shipped[STUDENT].is_file():
            del paths[STUDENT]
    # First, so that what is wrong with them shows before hours of training.
    models = {
        name: load_compared(path, config, name, split_anew=split_anew)
        for name, path in paths.items()
        if path
    }
    models[NEIMS] = trained_neims(config, arguments.work, epochs=arguments.epochs_neims)
    if arguments.epochs_plain:
        models[PLAIN] = trained_plain_teacher(config, arguments.work, epochs=arguments.epochs_plain)
    if TEACHER not in models:
        models[TEACHER] = trained_teacher(
            config,
            arguments.work,
            epochs=arguments.epochs_teacher,
            members=arguments.members_teacher,
        )
    return {name: models[name] for name in (TEACHER, STUDENT, PLAIN, NEIMS) if name in models}


def load_compared(path: Path, config: Config, kind: str, *, split_anew: bool = False) -> Trained:
    """Return a teacher or a student to score on the configured store's test split.

    Warns where it was trained on another store.

    Args:
        path: its checkpoint.
        config: the configuration.
        kind: "teacher" or "student".
        split_anew: whether the store is split in another way than the one shipped models know.

    Raises:
        CheckpointError: it cannot be used, or has seen test molecules.
    """
    model, description = load_model(path)
    if description.kind != kind:
        raise CheckpointError(f"{path}: holds a {description.kind}, expected a {kind}")
    if model.max_mz != config.data.max_mz:
        raise CheckpointError(
            f"{path}: predicts up to m/z {model.max_mz}, but data.max_mz is {config.data.max_mz}"
        )
    if not _of_this_store(description.metadata, config):
        if split_anew:
            raise CheckpointError(f"{path}: has seen test molecules of {config.data.store}")
        print(
            f"warning: {path} was trained on another store than {config.data.store}; it has not "
            "seen the test molecules only if both are split by the same fractions",
            file=sys.stderr,
        )
    return model, description.metadata


def _of_this_store(metadata: Mapping[str, Any], config: Config) -> bool:
    return metadata.get("data", {}).get("sha256") == file_digest(config.data.store)


def measure(config: Config, trained: Mapping[str, Trained]) -> dict[str, Any]:
    """Return all numbers, as plain values.

    Args:
        config: names the store whose test split is used.
        trained: the networks, the teacher and NEIMS among them, with what their checkpoints say.
    """
    models = {name: model for name, (model, _) in trained.items()}
    measured = Measured.read(config)
    everyone = {**models, NEIGHBOUR: nearest_neighbour(config)}
    scores = {name: score_model(model, config, measured) for name, model in everyone.items()}
    replicated, ceiling = mean_of_replicates(
        measured.spectra, measured.lowest_mz, molecule_numbers(measured.smiles, measured.rows)
    )
    skeleton = measured.skeleton
    with SpectrumStore(config.data.store) as store:
        source = str(store.attributes["source"])
    return {
        "store": {
            "source": source,
            "sha256": file_digest(config.data.store),
            "split_by": config.data.split_by,
        },
        "training": training_size(config),
        "test": {"spectra": len(measured.rows), "molecules": len(np.unique(skeleton))},
        "checkpoints": {
            name: {key: metadata[key] for key in _ABOUT if key in metadata}
            for name, (_, metadata) in trained.items()
        },
        "accuracy": {name: summarize(own, skeleton) for name, own in scores.items()},
        "difference_from_neims": {
            name: summarize_difference(own, scores[NEIMS], skeleton)
            for name, own in scores.items()
            if name != NEIMS
        },
        "with_replicates": {
            "spectra": len(replicated),
            "molecules": len(np.unique(skeleton[replicated])),
            "accuracy": {
                CEILING: summarize(ceiling, skeleton[replicated]),
                **summarize_part(scores, measured, replicated),
            },
        }
        if len(replicated)
        else None,
        "breakdown": break_down({name: scores[name] for name in (TEACHER, NEIMS)}, measured),
        "library_matching": match_libraries(models, config),
        "unexplained": unexplained_share(models[TEACHER], config, measured),
        "one_core": {
            name: time_per_molecule(model, measured.molecules) for name, model in models.items()
        },
    }


if __name__ == "__main__":
    sys.exit(main())
