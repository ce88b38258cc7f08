"""Which chemistry goes to which expert of the student? Shares by class and element, test split.

Each molecule goes to some of the experts; printed, in Markdown, and drawn is for each group of
molecules what share of its assignments each expert has. If the experts were alike, every row would
be like the last.

    python benchmarks/experts.py --plot experts.png
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from breakdown import by_class, by_element
from nextims.chemistry.molecule import load_canonical
from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.data.examples.dataset import SpectrumDataset
from nextims.data.examples.features import collate, featurize_all
from nextims.files.writing import check_output
from nextims.models.checkpoint import CheckpointError, load_model
from nextims.models.student import Student
from nextims.spectra.spectrum import STANDARD_ENERGY_RANGE

# Groups of fewer molecules say nothing.
_FEWEST = 10
_ALL = "all"


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--checkpoint", type=Path, help="default: the configured student")
    parser.add_argument(
        "--plot", type=Path, metavar="FILE", help="draw the table (.png, .svg or .pdf)"
    )
    arguments = parser.parse_args(argv)
    config = load_config(arguments.config)
    try:
        if arguments.plot:
            check_output(arguments.plot, (".png", ".svg", ".pdf"), "the table")
        shares = expert_shares(config, arguments.checkpoint or config.student.checkpoint)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    experts = len(shares[_ALL][1])
    print("| molecules of the test split | number | " + " | ".join(_names(experts)) + " |")
    print("| --- |" + " --- |" * (experts + 1))
    for name, (number, own) in shares.items():
        print(f"| {name} | {number} | " + " | ".join(f"{share:.0%}" for share in own) + " |")
    if arguments.plot:
        plot(shares, arguments.plot)
        print(f"\nplotted: {arguments.plot}")
    return 0


@torch.inference_mode()
def expert_shares(config: Config, checkpoint: Path) -> dict[str, tuple[int, np.ndarray]]:
    """Return of each group the number of molecules and each expert's share, ``(experts,)``.

    Raises:
        CheckpointError: the checkpoint cannot be used, or holds no student.
    """
    model, description = load_model(checkpoint)
    if not isinstance(model, Student):
        raise CheckpointError(f"{checkpoint}: holds a {description.kind}, expected a student")
    dataset = SpectrumDataset(config.data.store, "test", energy_range=STANDARD_ENERGY_RANGE)
    molecules = [load_canonical(smiles) for smiles in sorted(set(dataset.smiles))]
    batch = collate(featurize_all(molecules, model.inputs))
    chosen = model.eval()(batch).extra.chosen.numpy()  # (molecules, active experts)
    counts = np.stack([np.bincount(row, minlength=len(model.experts)) for row in chosen])
    groups = {**by_class(molecules), **by_element(molecules)}
    groups = {name: own for name, own in groups.items() if own.sum() >= _FEWEST}
    groups[_ALL] = np.ones(len(molecules), bool)
    return {
        name: (int(own.sum()), counts[own].sum(0) / counts[own].sum())
        for name, own in groups.items()
    }


def plot(shares: dict[str, tuple[int, np.ndarray]], path: Path) -> None:
    """Draw the shares as a field of shaded cells, each with its number."""
    from matplotlib.figure import Figure

    table = np.stack([own for _, own in shares.values()])
    figure = Figure(figsize=(5.5, 0.26 * len(table) + 1), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(table, cmap="cividis", vmin=0, vmax=max(0.5, table.max()), aspect="auto")
    axes.set_xticks(range(table.shape[1]), _names(table.shape[1]))
    axes.set_yticks(range(len(table)), [f"{name} ({n})" for name, (n, _) in shares.items()])
    axes.tick_params(
        length=0, labelsize=8, top=True, labeltop=True, labelbottom=False, bottom=False
    )
    middle = table.max() / 2
    for (row, column), share in np.ndenumerate(table):
        axes.text(
            column,
            row,
            f"{share:.0%}",
            ha="center",
            va="center",
            fontsize=7,
            color="white" if share < middle else "black",
        )
    figure.savefig(path, dpi=200)


def _names(experts: int) -> list[str]:
    return [f"expert {i + 1}" for i in range(experts)]


if __name__ == "__main__":
    sys.exit(main())
