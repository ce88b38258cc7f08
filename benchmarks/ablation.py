"""What each part of the distillation, and of the student, is worth.

Trains the configured student several times from the same seed for about as many steps each: on
measured spectra alone; with the teacher's spectra, its confidence, its features and GradNorm added
one after the other; then with the molecules of the unlabelled list and with variants. And, beside
the last, without pieces (but the whole molecule) and as one dense network of the size that is
active for a molecule in the mixture. Prints the metrics of the validation split. A run
that is done is not repeated, one that was interrupted continues.

    python benchmarks/ablation.py --steps 820 --variants 36000
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.training.distillation.student import train_student
from nextims.training.distillation.teacher_labels import training_sets

METRICS = ("cosine", "entropy_similarity", "top10_recall")
_NOTHING = {"soft": False, "confidence": False, "features": False, "variants": 0}
# By name: settings of ``distillation``, whether the list of unlabelled molecules is used, whether
# GradNorm moves the weights, settings of ``student``.
Row = tuple[Mapping[str, Any], bool, bool, Mapping[str, Any]]
ROWS: dict[str, Row] = {
    "hard labels": (_NOTHING, False, False, {}),
    "+ soft labels": (_NOTHING | {"soft": True}, False, False, {}),
    "+ confidence": (_NOTHING | {"soft": True, "confidence": True}, False, False, {}),
    "+ features": ({"variants": 0}, False, False, {}),
    "+ GradNorm": ({"variants": 0}, False, True, {}),
    "+ unlabelled": ({"variants": 0}, True, True, {}),
    "+ variants": ({}, True, True, {}),
    "without pieces": ({}, True, True, {"pieces": 1}),
    "dense": ({}, True, True, {"experts": 1, "active_experts": 1}),
}


def main(argv: list[str] | None = None) -> int:
    """Train what is missing and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--steps", type=int, default=820)
    parser.add_argument(
        "--variants", type=int, default=36_000, help="as many as leave an epoch fewer steps"
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("data/processed/ablation"), help="for checkpoints"
    )
    arguments = parser.parse_args(argv)
    config = load_config(arguments.config)
    fewer = config.distillation.model_copy(update={"variants": arguments.variants})
    config = config.model_copy(update={"distillation": fewer})
    rows = []
    for name in arguments.rows:
        own = variant(config, name, arguments.folder)
        molecules = sum(len(set(part.smiles)) for part in training_sets(own))
        own, steps = _with_steps(own, arguments.steps)
        validation = _trained(own)["validation"]
        cells = " | ".join(f"{validation[metric]:.4f}" for metric in METRICS)
        rows.append(f"| {name} | {molecules:,} | {steps:,} | {cells} |")
    print("| | molecules | steps | " + " | ".join(METRICS) + " |")
    print("|---|---|---|" + "---|" * len(METRICS))
    print("\n".join(rows))
    return 0


def variant(config: Config, name: str, folder: Path) -> Config:
    """Return the configuration of a row of the table, its files in a folder of its own."""
    distillation, listed, balanced, student = ROWS[name]
    own = folder / name.strip("+ ").replace(" ", "-")
    updates = dict(distillation)
    if not listed:
        updates["unlabelled"] = own / "no-list"
    # Rows of the same molecules share the list of them and the vocabulary that is made of them.
    updates["structures"] = folder / f"structures-{listed}-{updates.get('variants', 'all')}.smi.gz"
    sizes = {"checkpoint": own / "student.pt", **student}
    if "experts" in student:
        sizes["expert_bottleneck"] = (
            config.student.active_experts * config.student.expert_bottleneck
        )
    training = config.training
    if not balanced:
        gradnorm = training.gradnorm.model_copy(update={"learning_rate": 0.0})
        training = training.model_copy(update={"gradnorm": gradnorm})
    return config.model_copy(
        update={
            "distillation": config.distillation.model_copy(update=updates),
            "student": config.student.model_copy(update=sizes),
            "training": training,
        }
    )


def _with_steps(config: Config, steps: int) -> tuple[Config, int]:
    """Return the configuration with as many epochs as come nearest to so many steps."""
    schedule = config.training.student
    labelled, *others = map(len, training_sets(config))
    examples = config.distillation.labelled_repeats * labelled + sum(others)
    batches = examples // schedule.batch_size
    epochs = max(1, round(steps / batches))
    schedule = schedule.model_copy(update={"epochs": epochs, "patience": epochs})
    training = config.training.model_copy(update={"student": schedule})
    return config.model_copy(update={"training": training}), epochs * batches


def _trained(config: Config) -> dict[str, Any]:
    def say(line: str) -> None:
        print(f"{config.student.checkpoint.parent.name}: {line}", file=sys.stderr)

    return train_student(config, config.teacher.checkpoint, resume=True, say=say)


if __name__ == "__main__":
    sys.exit(main())
