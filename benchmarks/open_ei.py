"""The open benchmark of predicted EI spectra: the same molecules and one scorer for any tool.

    python benchmarks/open_ei.py list --store STORE --split random > test.smi
    python benchmarks/open_ei.py score --store STORE --split random --predictions FILE --name TOOL

STORE is made of the open libraries, see open_ei/README.md; --split is random, scaffold, time, or
the library that is left out of the training. ``list`` writes SMILES and the first block of the
InChIKey. Predictions may be in any format that NExtIMS reads. They are matched by the first block
of the InChIKey, as given, of the structure, or as the name; the first of several counts. A molecule
without one scores 0. ``store`` writes a copy of the store that is split so, to train on.

Scored are spectra of 60 to 80 eV. In each table stand the spectrum of the nearest training molecule
(of --split) and, of spectra that have replicates, the mean of these, whatever library they are of:
what a perfect prediction can be expected to reach. --neims EPOCHS trains NEIMS as well. In brackets
are 95 % intervals: 1,000 bootstrap samples of the molecules.

--seen FILE names molecules that the tool has learned from and that are no part of the test
therefore: InChIKeys or their first blocks, as ``list`` writes them.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from nextims.chemistry.molecule import first_block
from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.data.library.splits import SPLITS
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.evaluation.assess import predict_structures
from nextims.evaluation.intervals import Scores, summarize
from nextims.files.writing import written_whole
from nextims.version import __version__
from open_ei_scoring import read_predictions, read_test, sets_of
from open_ei_splits import (
    FOLDER,
    MASSBANK,
    SCHEMES,
    SPLIT_FILE,
    Splits,
    read_splits,
    spectrum_sets,
    split_of_rows,
    write_split_store,
)
from peer_training import trained_neims
from peers import nearest_neighbour
from tables import cell, markdown_table

LEADERBOARD = FOLDER / "leaderboard.csv"
METRICS = ("cosine", "weighted_cosine", "entropy_similarity", "top10_recall")
KEY = ("tool", "split", "set", "molecules_left_out_as_seen")
COLUMNS = (
    *KEY, "spectra", "molecules", "molecules_without_prediction",
    *(name for metric in METRICS for name in (metric, f"{metric}_interval")),
    "trained_on", "scorer", "date",
)  # fmt: skip
NEIGHBOUR, CEILING, NEIMS = "nearest training molecule", "mean of replicates", "NEIMS"


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    arguments = _parse(argv)
    try:
        splits = read_splits(arguments.splits)
        if arguments.action == "store":
            write_split_store(arguments.store, splits, arguments.split, arguments.output)
        elif arguments.action == "list":
            with SpectrumStore(arguments.store) as store:
                print(*list_molecules(store, splits, arguments), sep="\n")
        else:
            _score(arguments, splits)
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--store", type=Path, required=True)
    common.add_argument("--split", choices=SCHEMES, required=True)
    common.add_argument(
        "--splits", type=Path, default=SPLIT_FILE, metavar="FILE.csv", help="default: %(default)s"
    )
    listed = actions.add_parser("list", parents=[common], help="print molecules")
    listed.add_argument("--part", choices=SPLITS, nargs="+", default=["test"], help="default: test")
    listed.add_argument("--library", help=f"only those that it measured; {MASSBANK}, for one")
    stored = actions.add_parser("store", parents=[common], help="write a store split so")
    stored.add_argument("--output", type=Path, required=True, metavar="STORE")
    scored = actions.add_parser("score", parents=[common], help="score predictions")
    scored.add_argument(
        "--predictions", type=Path, metavar="FILE", help="without: only what a tool is compared to"
    )
    scored.add_argument("--name", metavar="TOOL", help="default: the name of the file")
    scored.add_argument("--seen", type=Path, metavar="FILE", help="molecules to leave out")
    scored.add_argument("--trained-on", default="", metavar="TEXT", help="for the leaderboard")
    scored.add_argument(
        "--append", type=Path, nargs="?", const=LEADERBOARD, metavar="FILE.csv",
        help="add the rows to the leaderboard (default: %(const)s)",
    )  # fmt: skip
    scored.add_argument("--neims", type=int, metavar="EPOCHS", help="train NEIMS for so many (40)")
    scored.add_argument(
        "--work", type=Path, default=Path("data/processed/open_ei"), metavar="FOLDER",
        help="for NEIMS (default: %(default)s)",
    )  # fmt: skip
    return parser.parse_args(argv)


def list_molecules(
    store: SpectrumStore, splits: Splits, arguments: argparse.Namespace
) -> list[str]:
    """Return SMILES and first block of the molecules of some parts of a scheme, each once."""
    split = split_of_rows(store, splits, arguments.split)
    wanted = np.isin(split, [SPLITS.index(part) for part in arguments.part])
    if arguments.library:
        wanted &= np.array(spectrum_sets(store)) == arguments.library
    smiles, keys = store.column("smiles"), store.column("inchikey")
    found: dict[str, str] = {}
    for i in np.flatnonzero(wanted):
        block = first_block(keys[i])
        found[block] = min(smiles[i], found.get(block, smiles[i]))
    return [f"{found[block]} {block}" for block in sorted(found)]


def _score(arguments: argparse.Namespace, splits: Splits) -> None:
    seen = _read_seen(arguments.seen) if arguments.seen else set()
    with SpectrumStore(arguments.store) as store:
        test = read_test(store, splits, arguments.split, seen)
    scores: dict[str, Scores] = {}
    trained, missing = dict.fromkeys((NEIGHBOUR, NEIMS), "train of this split"), set()
    if arguments.predictions:
        tool = arguments.name or arguments.predictions.name
        predicted = read_predictions(arguments.predictions, set(test.block))
        scores[tool] = test.score(test.as_rows(predicted))
        trained[tool] = arguments.trained_on
        missing = set(test.block) - predicted.keys()
    with _split_config(arguments, splits) as config:
        peers = {NEIGHBOUR: nearest_neighbour(config)}
        if arguments.neims:
            peers[NEIMS] = trained_neims(config, arguments.work, epochs=arguments.neims)[0]
        for name, model in peers.items():
            scores[name] = test.score(predict_structures(model, test.smiles))
    scores[CEILING] = test.ceiling
    print(f"{arguments.split}: {len(test.rows)} test spectra of {test.molecules} molecules")
    if test.seen:
        print(f"{test.seen} molecules that the tool has learned from are left out")
    if missing:
        print(f"{len(missing)} molecules have no prediction and score 0: {_some(missing)}")
    lines = []
    for title, rows in sets_of(test).items():
        block = test.block[rows]
        found = {
            name: summarize({metric: own[metric][rows] for metric in METRICS}, block)
            for name, own in scores.items()
            if not np.isnan(own["cosine"][rows]).any()
        }
        numbers = len(block), len(set(block))
        print(f"\n{title}: {numbers[0]} spectra of {numbers[1]} molecules\n")
        body = [(name, *(cell(own[m]) for m in METRICS)) for name, own in found.items()]
        print(markdown_table(("tool", *METRICS), body))
        for name, own in found.items():
            without = 0 if name in (*peers, CEILING) else len(missing & set(block))
            figures = [text for metric in METRICS for text in _figure(own[metric])]
            last = (trained.get(name, ""), f"nextims {__version__}", _today())
            key = (name, arguments.split, title, test.seen)
            values = map(str, (*key, *numbers, without, *figures, *last))
            lines.append(dict(zip(COLUMNS, values, strict=True)))
    if arguments.append:
        append(arguments.append, lines)


@contextmanager
def _split_config(arguments: argparse.Namespace, splits: Splits) -> Iterator[Config]:
    """Give a configuration whose store is split by the scheme."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spectra.h5")
        write_split_store(arguments.store, splits, arguments.split, path)
        config = load_config(DEFAULT_CONFIG)
        with SpectrumStore(path) as store:
            max_mz = int(store.attributes["max_mz"])
        data = {"store": path, "max_mz": max_mz, "num_workers": 0}
        yield config.model_copy(update={"data": config.data.model_copy(update=data)})


def _read_seen(path: Path) -> set[str]:
    """Return the first blocks in a text; that other words are taken for some does no harm."""
    return set(map(first_block, path.read_text(encoding="utf-8").split()))


def append(path: Path, lines: Sequence[Mapping[str, str]]) -> None:
    """Add rows to a leaderboard, in the place of those of the same tool and test; sort it."""
    table: dict[tuple[str, ...], Mapping[str, str]] = {}
    before: list[Mapping[str, str]] = []
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            before = list(csv.DictReader(file))
    for row in (*before, *lines):
        table[tuple(row[name] for name in KEY)] = row
    with written_whole(path) as whole, whole.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(table.values(), key=_place))


def _place(row: Mapping[str, str]) -> tuple:
    """Return what a leaderboard is sorted by: the test, and in each the best first."""
    tested = SCHEMES.index(row["split"]), row["set"], int(row["molecules_left_out_as_seen"])
    return *tested, -float(row["entropy_similarity"])


def _figure(value: Mapping[str, float]) -> tuple[str, str]:
    return f"{value['mean']:.4f}", f"{value['low']:.3f} to {value['high']:.3f}"


def _some(blocks: set[str]) -> str:
    return ", ".join(sorted(blocks)[:5]) + (" …" if len(blocks) > 5 else "")


def _today() -> str:
    return datetime.now(timezone.utc).date().isoformat()


if __name__ == "__main__":
    sys.exit(main())
