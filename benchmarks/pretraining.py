"""Do bond energies help the teacher? With and without pretraining, with and without the BDE loss.

Fine-tunes the configured teacher in each of the four ways and with several seeds, and prints the
validation metrics of each way's best epochs. A run that is done is not repeated, one that was
interrupted continues. Needs the store, the BDE model and the cache of bond energies.

    python benchmarks/pretraining.py --seeds 7 8 9
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.training.teacher import train_teacher

# By name: whether to start from the BDE model's encoder, whether to learn bond energies beside.
WAYS = {
    "neither": (False, False),
    "auxiliary": (False, True),
    "pretraining": (True, False),
    "both": (True, True),
}
METRICS = ("entropy_similarity", "cosine", "top10_recall")


def main(argv: list[str] | None = None) -> int:
    """Train what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[7, 8, 9])
    parser.add_argument(
        "--folder", type=Path, default=Path("data/processed/pretraining"), help="for checkpoints"
    )
    arguments = parser.parse_args(argv)
    config = load_config(arguments.config)
    found = {
        way: [
            _validation(_variant(config, way, seed, arguments.folder)) for seed in arguments.seeds
        ]
        for way in arguments.ways
    }
    print("| way | " + " | ".join(METRICS) + " |")
    print("|---|" + "---|" * len(METRICS))
    for way, runs in found.items():
        cells = []
        for metric in METRICS:
            values = np.array([run[metric] for run in runs])
            spread = f" ± {values.std(ddof=1):.4f}" if len(values) > 1 else ""
            cells.append(f"{values.mean():.4f}{spread}")
        print(f"| {way} | " + " | ".join(cells) + " |")
    return 0


def _variant(config: Config, way: str, seed: int, folder: Path) -> Config:
    pretrained, auxiliary = WAYS[way]
    own = folder / f"{way}-{seed}"
    return config.model_copy(
        update={
            "bde": config.bde
            if pretrained
            else config.bde.model_copy(update={"checkpoint": own / "none.pt"}),
            "teacher": config.teacher.model_copy(
                update={
                    "checkpoint": own / "teacher.pt",
                    "bond_energies": auxiliary,
                    "members": 1,
                }
            ),
            "training": config.training.model_copy(update={"seed": seed}),
        }
    )


def _validation(config: Config) -> dict[str, float]:
    def say(line: str) -> None:
        print(f"{config.teacher.checkpoint.parent.name}: {line}", file=sys.stderr)

    return train_teacher(config, resume=True, say=say)["validation"]


if __name__ == "__main__":
    sys.exit(main())
