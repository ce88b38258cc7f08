"""What do a few measured spectra of one's own instrument do for predictions?

    git show 561c55b:checkpoints/student/best_student.pt > massbank_student.pt
    python benchmarks/own_instrument.py --student massbank_student.pt

For each library but the largest, of whose spectra the student of MassBank alone has seen none: a
few of its molecules, drawn at random, say what its instrument is like (``fit_instrument``), and all
others, none of which the student has learned from, are predicted as that instrument would record
them. Prints and writes the mean similarities without and with it over many draws, and between
which gains nine of ten draws lie.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from nextims.chemistry.molecule import first_block
from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.data.examples.dataset import EmptySplitError
from nextims.data.library.splits import SPLITS
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.evaluation.metrics import score
from nextims.evaluation.own_instrument import fit_instrument
from nextims.models.checkpoint import load_model
from nextims.spectra.prediction import INTENSITY_FLOOR
from nextims.training.parallel.launch import start
from nextims.training.runs import split_batches
from tables import DATA, cell, markdown_table, write_rows

STANDARDS, DRAWS = (5, 10, 20), 20
# Of fewer spectra a mean says little.
_FEWEST = 40
_SHOWN, GAIN = ("cosine", "weighted_cosine", "entropy_similarity"), ", gain"
_FIGURES = tuple(metric + kind for metric in _SHOWN for kind in ("", GAIN))
Spectra = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--student", type=Path, required=True, metavar="CKPT")
    parser.add_argument("--output", type=Path, metavar="CSV", help="where the figures are written")
    arguments = parser.parse_args(argv)
    try:
        config = load_config(arguments.config)
        start(config.training)
        student, _ = load_model(arguments.student)
        rows = list(measure(config, student.eval()))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    shown = (
        [*names, *(cell(value, signed=name.endswith(GAIN)) for name, value in found.items())]
        for *names, found in rows
    )
    print(markdown_table(("library", "standards", *_FIGURES), shown))
    if arguments.output:
        figures = (
            ("student of MassBank alone", DATA, f"{library}, {standards}", name, value)
            for library, standards, found in rows
            for name, value in found.items()
        )
        write_rows(arguments.output, figures)
    return 0


def measure(config: Config, student: torch.nn.Module) -> Iterator[tuple[str, str, dict]]:
    """Yield library, number of standards, and the similarities and gains by their names."""
    with SpectrumStore(config.data.store) as store:
        blocks = np.array([first_block(key) for key in store.column("inchikey")])
        libraries, splits = np.array(store.column("source")), store.index.split
    sizes = Counter(libraries.tolist()).most_common()
    training = (splits == SPLITS.index("train")) & (libraries == sizes[0][0])
    for library, _ in sizes[1:]:
        new = np.flatnonzero((libraries == library) & ~np.isin(blocks, blocks[training]))
        if len(new) < _FEWEST:
            continue
        spectra = _predicted(config, student, new)
        for number in STANDARDS:
            yield library, f"{number} molecules", _gains(*spectra[:3], blocks[spectra[3]], number)


def _predicted(config: Config, student: torch.nn.Module, rows: np.ndarray) -> Spectra:
    """Return spectra as users get them, measured ones, their lowest m/z, and rows of the store."""
    found: list[tuple[np.ndarray, ...]] = []
    for split in SPLITS:
        with torch.inference_mode(), suppress(EmptySplitError):
            for batch in split_batches(config, split, student, batch_size=256, rows=rows):
                intensity = student(batch).intensity.float().numpy()
                intensity[intensity < INTENSITY_FLOOR * intensity.max(1, keepdims=True)] = 0
                intensity[~batch.recorded.numpy()] = 0
                measured, lowest = batch.spectrum.numpy(), batch.lowest_mz.numpy()
                found.append((intensity, measured, lowest, batch.row.numpy()))
    predicted, measured, lowest, of_store = map(np.concatenate, zip(*found, strict=True))
    return predicted, measured, lowest, of_store


def _gains(
    predicted: np.ndarray, measured: np.ndarray, lowest: np.ndarray, blocks: np.ndarray, number: int
) -> dict[str, dict[str, float]]:
    draw, mz = np.random.default_rng(0), np.arange(1.0, predicted.shape[1] + 1)
    plain = score(predicted, measured, lowest)
    means: dict[str, list[float]] = {name: [] for name in _FIGURES}
    for _ in range(DRAWS):
        own = np.isin(blocks, draw.choice(np.unique(blocks), number, replace=False))
        instrument = fit_instrument(predicted[own], measured[own], lowest[own])
        scores = score(instrument.scaled(mz, predicted[~own]), measured[~own], lowest[~own])
        for metric in _SHOWN:
            means[metric].append(plain[metric][~own].mean())
            means[metric + GAIN].append(scores[metric].mean() - means[metric][-1])
    found = {}
    for name, of in means.items():
        low, high = np.quantile(of, (0.05, 0.95))
        found[name] = {"mean": np.mean(of), "low": low, "high": high}
    return found


if __name__ == "__main__":
    sys.exit(main())
