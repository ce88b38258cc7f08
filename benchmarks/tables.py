"""The tables of ``accuracy.py``, in Markdown."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from nextims.evaluation.metrics import METRICS
from nextims.files.writing import written_whole

COLUMNS = ("model", "data", "split", "metric", "value", "interval", "commit", "date")
DATA = "open libraries"
_SPLITS = {"inchikey": "InChIKey", "scaffold": "scaffold"}
# Model, data, split, metric, and the value, with an interval or without.
Row = tuple[str, str, str, str, Any]

# Metrics of the breakdowns.
_SHORT = ("cosine", "entropy_similarity")
_SHARES = {
    "no_ion": "that no ion explains",
    "bin_head": "that the bin head has decided on, through ions or without",
}


def print_tables(result: Mapping[str, Any]) -> None:
    """Print what ``accuracy.measure`` returned."""
    store, training, test = result["store"], result["training"], result["test"]
    print(
        f"\n{store['source']}, split by {store['split_by']}: {test['spectra']} test spectra of "
        f"{test['molecules']} molecules; {training['spectra']} training spectra of "
        f"{training['molecules']} molecules"
    )
    _print_metrics(result["accuracy"])
    print("\nDifference from NEIMS, spectrum by spectrum")
    _print_metrics(result["difference_from_neims"], signed=True)
    if replicates := result["with_replicates"]:
        print(
            f"\nThe {replicates['spectra']} of these spectra that have replicates "
            f"({replicates['molecules']} molecules); the mean is that of the other replicates"
        )
        _print_metrics(replicates["accuracy"])
    for title, groups in result["breakdown"].items():
        print(f"\nBy {title}")
        _print_groups(title, groups)
    _print_matching(result["library_matching"])
    for name, what in _SHARES.items():
        share = result["unexplained"][name]
        print(
            f"\nShare of the teacher's intensity {what}: mean {cell(share)}, "
            f"median {share['median']:.4f}, 95th percentile {share['percentile_95']:.4f}"
        )
    print("\nA median test molecule in a batch of its like, on one core")
    times = [
        (name, *(f"{own[part]:.2f}" for part in ("features_ms", "network_ms", "ms")))
        for name, own in result["one_core"].items()
    ]
    _print_table(("model", "features, ms", "network, ms", "together, ms"), times)
    print()
    for name, metadata in result["checkpoints"].items():
        if "training_seconds" in metadata:
            print(f"{name}: trained in {metadata['training_seconds'] / 60:.0f} min")


def peers_section(result: Mapping[str, Any]) -> str:
    """Return the accuracy of teacher and peers as a section of a model card."""
    test = result["test"]
    return (
        f"`python benchmarks/accuracy.py`: {test['spectra']} test spectra of {test['molecules']} "
        "molecules, all models in one run; 95 % intervals by bootstrap over molecules.\n\n"
        f"{_metrics(result['accuracy'])}"
    )


def _print_metrics(rows: Mapping[str, Mapping], *, signed: bool = False) -> None:
    print(f"\n{_metrics(rows, signed=signed)}")


def _metrics(rows: Mapping[str, Mapping], *, signed: bool = False) -> str:
    cells = [(name, *(cell(own[m], signed) for m in METRICS)) for name, own in rows.items()]
    return markdown_table(("model", *METRICS), cells)


def _print_groups(title: str, groups: Mapping[str, Mapping[str, Any]]) -> None:
    models = next(list(own["models"]) for own in groups.values() if own["models"])
    head = [(name, metric) for metric in _SHORT for name in models]
    rows = []
    for group, own in groups.items():
        numbers = ["–"] * (len(head) + 1)
        if own["models"]:
            means = [own["models"][name][metric]["mean"] for name, metric in head]
            numbers = [*(f"{mean:.3f}" for mean in means), cell(own["difference"]["cosine"], True)]
        rows.append((group, str(own["spectra"]), str(own["molecules"]), *numbers))
    columns = (title, "spectra", "molecules", *(f"{name}, {metric}" for name, metric in head))
    _print_table((*columns, "difference of cosine"), rows)


def accuracy_rows(result: Mapping[str, Any]) -> list[Row]:
    """Return the accuracy of all models as rows for ``write_rows``."""
    split = f"test by {_SPLITS[result['store']['split_by']]}"
    rows: list[Row] = []
    for part in ("training", "test"):
        where = split.replace("test", part)
        rows += [("", DATA, where, what, result[part][what]) for what in ("spectra", "molecules")]
    parts = {split: result["accuracy"]}
    if replicates := result["with_replicates"]:
        parts[f"{split}, with replicates"] = replicates["accuracy"]
        for what in ("spectra", "molecules"):
            rows.append(("", DATA, f"{split}, with replicates", what, replicates[what]))
    for where, accuracy in parts.items():
        rows += [
            (m, DATA, where, metric, own[metric])
            for m, own in accuracy.items()
            for metric in METRICS
        ]
    rows += [
        (name, DATA, split, f"{metric} less that of NEIMS", own[metric])
        for name, own in result["difference_from_neims"].items()
        if name != "NEIMS"
        for metric in METRICS
    ]
    return rows


def breakdown_rows(result: Mapping[str, Any]) -> list[Row]:
    """Return the accuracy of groups of molecules as rows for ``write_rows``."""
    split = f"test by {_SPLITS[result['store']['split_by']]}"
    rows: list[Row] = []
    for title, groups in result["breakdown"].items():
        for group, own in groups.items():
            where = f"{split}, {title}: {group}"
            rows += [("", DATA, where, what, own[what]) for what in ("spectra", "molecules")]
            for name, metrics in own["models"].items():
                rows += [(name, DATA, where, metric, metrics[metric]) for metric in _SHORT]
            if own["models"]:
                less = own["difference"]["cosine"]
                rows.append(("teacher", DATA, where, "cosine less that of NEIMS", less))
    return rows


def retrieval_rows(result: Mapping[str, Any]) -> list[Row]:
    """Return what a search among predictions finds as rows for ``write_rows``."""
    split, matching = f"test by {_SPLITS[result['store']['split_by']]}", result["library_matching"]
    counts = {
        "queries": "queries",
        "molecules predicted": "predicted_molecules",
        "molecules measured": "measured_molecules",
        "spectra measured": "measured_spectra",
    }
    rows: list[Row] = [("", DATA, split, what, matching[key]) for what, key in counts.items()]
    return rows + [
        (name, DATA, f"{split}, {masses.replace('_', ' ')}", f"{what} by {similarity}", value)
        for name, filters in matching["models"].items()
        for masses, similarities in filters.items()
        for similarity, recalls in similarities.items()
        for what, value in recalls.items()
    ]


def identification_rows(result: Mapping[str, Any]) -> list[Row]:
    """Return what ``identify.measure`` returned as rows for ``write_rows``."""
    split = "test by InChIKey"
    told = result["candidates"]
    rows: list[Row] = [
        ("", DATA, split, "candidates", told["molecules"]),
        ("", DATA, split, "formulas", told["formulas"]),
    ]
    for source, own in told["sources"].items():
        names = {"structures": "", "unusable": "", "candidates": " not yet there"}
        rows += [(source, DATA, "", f"{key}{more}", own[key]) for key, more in names.items()]
    for fewest, group in result["groups"].items():
        where = split if fewest == "1" else f"{split}, {fewest} or more candidates"
        rows += [("", DATA, where, what, group[what]) for what in ("queries", "molecules")]
        rows += [
            ("", DATA, where, f"candidates, {what}", group[what]) for what in ("median", "mean")
        ]
        for key, less in (("models", ""), ("difference", " less that of NEIMS")):
            for name, by_similarity in group[key].items():
                for similarity, values in by_similarity.items():
                    by = "" if similarity == "–" else f" by {similarity}"
                    rows += [
                        (name, DATA, where, f"{what}{by}{less}", value)
                        for what, value in values.items()
                    ]
    return rows


def _print_matching(matching: Mapping[str, Any]) -> None:
    print(
        f"\nLibrary matching: {matching['queries']} spectra searched among "
        f"{matching['predicted_molecules']} molecules predicted and "
        f"{matching['measured_molecules']} measured ({matching['measured_spectra']} spectra)"
    )
    rows = [
        (name, masses.replace("_", " "), similarity, *map(cell, recalls.values()))
        for name, filters in matching["models"].items()
        for masses, similarities in filters.items()
        for similarity, recalls in similarities.items()
    ]
    _print_table(("model", "masses", "similarity", "recall@1", "recall@5", "recall@10"), rows)


def cell(value: Mapping[str, float], signed: bool = False) -> str:
    """Return a mean and its interval, as ``measures.summarize`` gives them."""
    sign = "+" if signed else ""
    return f"{value['mean']:{sign}.4f} [{value['low']:{sign}.3f}, {value['high']:{sign}.3f}]"


def _print_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    print(f"\n{markdown_table(head, rows)}")


def markdown_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write figures as the tables of results/ have them.

    Args:
        path: the table.
        rows: of each figure the model, the data, the split, the metric and the value: a number, or
            what ``summarize`` gives.
    """
    command = ["git", "rev-parse", "--short=7", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    date = datetime.now(timezone.utc).date().isoformat()
    with written_whole(path) as unfinished, unfinished.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for *about, value in rows:
            interval = ""
            if isinstance(value, Mapping):
                interval = f"{value['low']:.3f} to {value['high']:.3f}"
                value = value["mean"]
            text = str(value) if isinstance(value, int) else f"{value:.4f}"
            writer.writerow((*about, text, interval, commit, date))
