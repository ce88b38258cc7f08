"""What do other libraries do for one that none of them holds?

    git show 561c55b:checkpoints/student/best_student.pt > massbank_student.pt
    python benchmarks/libraries_left_out.py --start massbank_student.pt --work FOLDER

For each library but the largest: the student of --start, which has learned from MassBank alone, is
trained on with the measured spectra of all libraries but this one, and both are scored on the
molecules of this one that neither has learned from. No teacher takes part. Prints cosine and
entropy similarity in Markdown, 95 % intervals of the gain in brackets; --output writes them as rows
of results/. A training that was stopped is gone on with.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from nextims.chemistry.molecule import first_block
from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.data.library.splits import SPLITS
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.evaluation.intervals import summarize, summarize_difference
from nextims.models.checkpoint import load_model
from nextims.training.left_out import LeftOut, predicted, trained
from nextims.training.parallel.launch import start
from tables import DATA, cell, markdown_table, write_rows

# Of fewer spectra a mean says little.
_FEWEST = 40
BEFORE, AFTER = "student of MassBank alone", "student of all other libraries"


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    arguments = _parse(argv)
    try:
        config = load_config(arguments.config)
        schedule = {"learning_rate": arguments.learning_rate, "epochs": arguments.epochs}
        student = config.training.student.model_copy(update=schedule)
        training = config.training.model_copy(update={"student": student})
        distillation = config.distillation.model_copy(update={"labelled_repeats": 1})
        changes = {"training": training, "distillation": distillation}
        printed, rows = _measure(config.model_copy(update=changes), arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    head = ("left out", "spectra", "model", "cosine", "entropy similarity", "gain in cosine")
    print(markdown_table(head, printed))
    if arguments.output:
        write_rows(arguments.output, rows)
    return 0


def _measure(config: Config, arguments: argparse.Namespace) -> tuple[list, list]:
    start(config.training)
    with SpectrumStore(config.data.store) as store:
        blocks = np.array([first_block(key) for key in store.column("inchikey")])
        libraries, splits = np.array(store.column("source")), store.index.split
    sizes = Counter(libraries.tolist()).most_common()
    largest = sizes[0][0]
    before, _ = load_model(arguments.start)
    learned_before = np.unique(blocks[(splits == SPLITS.index("train")) & (libraries == largest)])
    printed, rows = [], []
    for name, _ in sizes[1:]:
        if arguments.library and name not in arguments.library:
            continue
        learned = np.flatnonzero((splits == SPLITS.index("train")) & (libraries != name))
        known = np.union1d(blocks[learned], learned_before)
        new = np.flatnonzero((libraries == name) & ~np.isin(blocks, known))
        if len(new) < _FEWEST:
            continue
        checkpoint = arguments.work / name / "student.pt"
        after = trained(config, learned, checkpoint, start=arguments.start)
        one, other = (_scores(config, model, new) for model in (before, after))
        less = {}
        for model, (scores, scored) in ((BEFORE, one), (AFTER, other)):
            found = summarize(scores, blocks[scored])
            less = summarize_difference(scores, one[0], blocks[scored])
            gain = cell(less["cosine"], signed=True) if model == AFTER else ""
            similar = [cell(found[metric]) for metric in ("cosine", "entropy_similarity")]
            printed.append([name, str(len(scored)), model, *similar, gain])
            rows += [(model, DATA, f"left out, {name}", metric, found[metric]) for metric in found]
        rows += [
            (AFTER, DATA, f"left out, {name}", f"{metric} less that of {BEFORE}", less[metric])
            for metric in less
        ]
        print(printed[-2:], flush=True)
    return printed, rows


def _scores(config: Config, model, rows: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the similarities of a model's predictions, whatever split the spectra are of."""
    parts: list[LeftOut] = [predicted(config, model, split, rows, rows[:0]) for split in SPLITS]
    scores = {
        name: np.concatenate([part.similarity[name] for part in parts])
        for name in parts[0].similarity
    }
    return scores, np.concatenate([part.rows for part in parts])


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--start", type=Path, required=True, metavar="CKPT")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="for trainings")
    parser.add_argument("--library", nargs="*", metavar="NAME", help="only these")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--output", type=Path, metavar="CSV", help="where the figures are written")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
