"""Does a measured spectrum find its structure among all molecules of its formula?

    python benchmarks/identify.py
    python benchmarks/identify.py --output identify.json

Queries are the test spectra of 60 to 80 eV. The candidates of each are all distinct molecules of
its formula among the records (of all splits), the structures without spectra
(distillation.unlabelled) and the molecules of the bond energies (bde.data), every one known by its
prediction alone. Compared are the teacher and the student as shipped (or other checkpoints), the
NEIMS that accuracy.py trains on the same split, a control that knows structures alone and ranks by
how like the measured molecules a candidate is (see control.py), and a random order, whose values
are expected ones, not drawn.

Stereoisomers are one molecule; one with isotope labels is another than the one without, and its
formula tells them apart. Ties count against the prediction. The relative rank is the share of the
other candidates that go before the right one: 0 at the top, 0.5 by chance.

Prints tables in Markdown, intervals of 95 % in brackets (1,000 bootstrap samples of the molecules);
--output writes all numbers as JSON. NEIMS and all predictions are kept in --work.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from accuracy import NEIMS, STUDENT, TEACHER, load_compared
from control import measured_likeness, rank_by_likeness
from isomers import Candidates, gather_candidates, labelled_formula, rank_among_isomers
from kept_predictions import kept_predictions
from measures import Measured
from nextims.chemistry.molecule import identity
from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.evaluation.intervals import Scores, summarize, summarize_difference
from peer_training import trained_neims
from tables import cell, identification_rows, markdown_table, write_rows

CONTROL, RANDOM = "control, no spectrum", "random"
RECALL_AT = (1, 10)
# Least numbers of candidates; the queries that have them are looked at on their own.
FEWEST = (1, 2, 10)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    arguments = _parse(argv)
    try:
        config = load_config(arguments.config)
        result = measure(config, arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print_tables(result)
    if arguments.rows is not None:
        write_rows(arguments.rows, identification_rows(result))
    if arguments.output is not None:
        text = json.dumps(result, indent=1, ensure_ascii=False)
        arguments.output.write_text(text + "\n", encoding="utf-8")
    return 0


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--teacher", type=Path, metavar="CKPT", help="default: the configured one")
    parser.add_argument("--student", type=Path, metavar="CKPT", help="default: the configured one")
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("data/processed/accuracy"),
        metavar="FOLDER",
        help="as that of accuracy.py, for NEIMS and the predictions (default: %(default)s)",
    )
    parser.add_argument(
        "--epochs-neims",
        type=int,
        default=40,
        help="of NEIMS, 0: without it (default: %(default)s)",
    )
    parser.add_argument("--output", type=Path, metavar="FILE.json")
    parser.add_argument("--rows", type=Path, metavar="CSV", help="for the tables of results/")
    arguments = parser.parse_args(argv)
    if arguments.output is not None and not arguments.output.resolve().parent.is_dir():
        parser.error(f"{arguments.output}: the folder does not exist")
    return arguments


def measure(config: Config, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return all numbers, as plain values."""
    paths = {
        STUDENT: arguments.student or config.student.checkpoint,
        TEACHER: arguments.teacher or config.teacher.checkpoint,
    }
    # First what may be missing, then what takes long.
    models = {name: load_compared(path, config, name)[0] for name, path in paths.items()}
    measured = Measured.read(config)
    candidates = gather_candidates(config, measured.molecules)
    control = control_ranks(config, measured, candidates)
    if arguments.epochs_neims:
        models[NEIMS] = trained_neims(config, arguments.work, epochs=arguments.epochs_neims)[0]
    queries = measured.spectra, measured.lowest_mz, measured.molecules
    ranks = {}
    for name, model in models.items():
        predictions = kept_predictions(model, candidates.smiles, arguments.work)
        ranks[name] = rank_among_isomers(*queries, candidates, predictions)
    ranks[CONTROL] = {"–": control}
    return {
        "candidates": {
            "molecules": len(candidates),
            "formulas": len(np.unique(candidates.formula)),
            "sources": candidates.sources,
        },
        "groups": compare(ranks, measured, candidates),
    }


def control_ranks(config: Config, measured: Measured, candidates: Candidates) -> np.ndarray:
    """Return the ranks of the queries' molecules by what is known without the spectra, ``(q,)``."""
    with SpectrumStore(config.data.store) as store:
        likeness = measured_likeness(candidates, store)
    return rank_by_likeness(likeness, measured.molecules, candidates)


def compare(
    ranks: Mapping[str, Mapping[str, np.ndarray]], measured: Measured, candidates: Candidates
) -> dict[str, Any]:
    """Return recalls and relative ranks of the queries that have so many candidates or more.

    Args:
        ranks: model → similarity → ranks, ``(q,)``; the control's similarity is "–".
        measured: the queries.
        candidates: their candidates.

    Returns:
        Least number of candidates → "queries" and "molecules", their numbers; "median" and "mean"
        number of candidates; "models": model → similarity → ``summarize`` of "recall@1",
        "recall@10" and, where each query has another candidate, "relative_rank"; "difference": the
        same, less what NEIMS has, if it is there. A random order has the similarity "–".
    """
    number = candidates.number(map(labelled_formula, measured.molecules))
    molecule = np.array([identity(m.inchikey, m) for m in measured.molecules])
    groups = {}
    for fewest in FEWEST:
        rows = number >= fewest
        if not rows.any():
            continue
        n = number[rows]
        scores = {
            name: {similarity: place(own[rows], n) for similarity, own in by_similarity.items()}
            for name, by_similarity in ranks.items()
        }
        everyone = {**scores, RANDOM: {"–": place_by_chance(n)}}
        groups[str(fewest)] = {
            "queries": len(n),
            "molecules": len(np.unique(molecule[rows])),
            "median": float(np.median(n)),
            "mean": float(n.mean()),
            "models": {
                name: {key: summarize(values, molecule[rows]) for key, values in own.items()}
                for name, own in everyone.items()
            },
            "difference": {
                name: {
                    key: summarize_difference(values, scores[NEIMS][key], molecule[rows])
                    for key, values in own.items()
                }
                for name, own in scores.items()
                if NEIMS in scores and name not in (NEIMS, CONTROL)
            },
        }
    return groups


def place(ranks: np.ndarray, number: np.ndarray) -> Scores:
    """Return whether each rank is within the first 1 and 10, and the share of rivals before it.

    Args:
        ranks: from 1, ``(q,)``.
        number: of each query's candidates, the right one counted, ``(q,)``.
    """
    scores = {f"recall@{k}": (ranks <= k).astype(float) for k in RECALL_AT}
    if (number > 1).all():  # else there is no rival that could go before
        scores["relative_rank"] = (ranks - 1) / (number - 1)
    return scores


def place_by_chance(number: np.ndarray) -> Scores:
    """Return what ``place`` gives of random ranks, in the mean over all orders."""
    scores = {f"recall@{k}": np.minimum(k / number, 1.0) for k in RECALL_AT}
    if (number > 1).all():
        scores["relative_rank"] = np.full(len(number), 0.5)
    return scores


def print_tables(result: Mapping[str, Any]) -> None:
    """Print what ``measure`` returned."""
    told = result["candidates"]
    print(f"\n{told['molecules']:,} candidates of {told['formulas']} formulas\n")
    rows = [
        (source, *(f"{own[key]:,}" for key in ("structures", "unusable", "candidates")))
        for source, own in told["sources"].items()
    ]
    print(markdown_table(("source", "structures", "unusable", "candidates not yet there"), rows))
    columns = ("recall@1", "recall@10", "relative_rank")
    for fewest, group in result["groups"].items():
        which = "All queries" if fewest == "1" else f"Queries of {fewest} or more candidates"
        print(
            f"\n{which}: {group['queries']} spectra of {group['molecules']} molecules; candidates: "
            f"median {group['median']:g}, mean {group['mean']:.1f}\n"
        )
        rows = []
        for name, own in group["models"].items():
            for similarity, values in own.items():
                cells = [cell(values[column]) if column in values else "–" for column in columns]
                less = group["difference"].get(name, {}).get(similarity)
                cells.append(cell(less["recall@1"], signed=True) if less else "–")
                rows.append((name, similarity, *cells))
        head = ("model", "similarity", *columns, "recall@1 less that of NEIMS")
        print(markdown_table(head, rows))


if __name__ == "__main__":
    sys.exit(main())
