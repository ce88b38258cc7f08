"""Models side by side on one test split, by library: is a new one better everywhere?

    python benchmarks/releases.py --store STORE \
        "student before=old_student.pt" "student=checkpoints/student/best_student.pt" --output F.csv

Prints, in Markdown, each model's cosine and entropy similarity on the test spectra of 60 to 80 eV,
with 95 % intervals of 1,000 bootstrap samples of the molecules, and the difference of each model
from the first of its kind; and, with --output, writes them as rows of results/. Molecules of which
any library has training spectra are in no test split. With --unseen FILE, a list of InChIKeys or
their first blocks that the first models have learned from, these are left out for all.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from nextims.chemistry.molecule import first_block
from nextims.config import DEFAULT_CONFIG, load_config
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.evaluation.assess import assess
from nextims.evaluation.intervals import Scores, summarize, summarize_difference
from nextims.models.checkpoint import load_model
from nextims.training.runs import split_batches
from tables import DATA, cell, markdown_table, write_rows

METRICS = ("cosine", "entropy_similarity")
# Of fewer spectra a mean says little.
_FEWEST = 20


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    arguments = _parse(argv)
    try:
        names, scores, libraries, molecules = scored(arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    groups = {"all": np.ones(len(libraries), bool)}
    groups |= {name: libraries == name for name in sorted(set(libraries))}
    printed, rows = [], []
    for group, here in groups.items():
        if here.sum() < _FEWEST:
            continue
        own = [{name: values[here] for name, values in each.items()} for each in scores]
        for place, (name, each) in enumerate(zip(names, own, strict=True)):
            found = summarize(each, molecules[here])
            first = next(i for i, other in enumerate(names) if other.split()[0] == name.split()[0])
            less = summarize_difference(each, own[first], molecules[here])
            differs = place != first
            printed.append(
                [
                    f"{group} ({here.sum()})",
                    name,
                    *(cell(found[metric]) for metric in METRICS),
                    *(cell(less[metric], signed=True) if differs else "" for metric in METRICS),
                ]
            )
            for metric in METRICS:
                rows.append((name, DATA, f"test, {group}", metric, found[metric]))
                if differs:
                    gain = f"{metric} less that of {names[first]}"
                    rows.append((name, DATA, f"test, {group}", gain, less[metric]))
    head = ("test spectra of", "model", *METRICS, *(f"{metric}, gain" for metric in METRICS))
    print(markdown_table(head, printed))
    if arguments.output:
        write_rows(arguments.output, rows)
    return 0


def scored(arguments: argparse.Namespace) -> tuple[list[str], list[Scores], np.ndarray, np.ndarray]:
    """Return names of models, their scores, and the library and molecule of each spectrum."""
    config = load_config(arguments.config)
    data = config.data.model_copy(update={"store": arguments.store.resolve(), "num_workers": 0})
    config = config.model_copy(update={"data": data})
    with SpectrumStore(config.data.store) as store:
        blocks = np.array([first_block(key) for key in store.column("inchikey")])
        libraries = np.array(store.column("source"))
    seen = set()
    if arguments.unseen:
        seen = {first_block(line.strip()) for line in arguments.unseen.read_text().splitlines()}
    names, scores = [], []
    for text in arguments.models:
        name, sign, path = text.partition("=")
        if not sign:
            raise UserError(f"{text}: expected NAME=CHECKPOINT")
        model, _ = load_model(Path(path))
        found = assess(model, split_batches(config, "test", model, batch_size=128))
        rows = found["row"]
        kept = np.array([blocks[row] not in seen for row in rows])
        names.append(name)
        scores.append({metric: found[metric][kept] for metric in METRICS})
    rows = rows[kept]
    return names, scores, libraries[rows], blocks[rows]


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", metavar="NAME=CHECKPOINT")
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--store", type=Path, required=True, help="store of the libraries")
    parser.add_argument("--unseen", type=Path, metavar="FILE", help="molecules to leave out")
    parser.add_argument("--output", type=Path, metavar="CSV", help="where the figures are written")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
