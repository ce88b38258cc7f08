"""Does a retention index part isomers that the spectrum leaves together?

    python benchmarks/identify_by_index.py --output benchmarks/results/identify_by_index.csv

Queries are the test spectra of 60 to 80 eV whose records give an index on a 5 % phenyl column. The
candidates of each are the other molecules of its formula among the records and the structures
without spectra (distillation.unlabelled), spectrum and index predicted: the spectra by the student
as shipped, the indices by a model that was fitted without the test molecules. The search is that of
``nextims search``, with its scores, its weight and its window. Ties count against the right one.

Prints and writes how often that comes first, and among the first three, with the interval of 95 %
(1,000 bootstrap samples of the molecules). The weight was chosen on the validation split.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from isomers import labelled_formula
from nextims.chemistry.molecule import Molecule, identity, load_canonical
from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.data.examples.unlabelled import read_unlabelled
from nextims.data.library.retention import NILU, Measured, measured_indices, retention_data
from nextims.data.library.splits import SPLITS
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.evaluation.intervals import summarize
from nextims.inference.loading import open_predictor
from nextims.models.retention_index import RetentionModel
from nextims.searching.entries import Entry, predicted_entry
from nextims.searching.ranking import search
from nextims.searching.retention import WEIGHT, WINDOW, RetentionSearch
from nextims.spectra.record import Record
from nextims.spectra.retention import SEMI_STANDARD_NON_POLAR
from nextims.spectra.spectrum import STANDARD_ENERGY_RANGE
from nextims.training.retention_index import (
    calibration,
    cross_validated,
    fit,
    fit_variances,
    folds_of,
    is_outlying,
)
from tables import DATA, cell, markdown_table, write_rows

_WAYS = {
    "spectrum alone": RetentionSearch(),
    f"with the index, weight {WEIGHT:g}": RetentionSearch(weight=WEIGHT),
    f"within {WINDOW:g} or the own interval": RetentionSearch(window=WINDOW),
}
_SCORES = ("weighted_cosine", "entropy_similarity")
_FIRST = (1, 3)
_FEWEST = 2


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--splits", choices=SPLITS, nargs="+", default=["test", "validation"])
    parser.add_argument("--output", type=Path, metavar="CSV", help="where the figures are written")
    arguments = parser.parse_args(argv)
    try:
        config = load_config(arguments.config)
        with SpectrumStore(config.data.store) as store:
            found = [
                (split, *row)
                for split in arguments.splits
                for row in measured(config, store, SPLITS.index(split))
            ]
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    head = ("split", "score", "search", "spectra", *(f"recall@{k}" for k in _FIRST))
    rows = ((*row[:3], str(row[3]), *map(cell, row[4:])) for row in found)
    print(markdown_table(head, rows))
    if arguments.output:
        what = f"split, {_FEWEST} isomers or more"
        write_rows(
            arguments.output,
            (
                (f"student, {way}", DATA, f"{split} {what}", f"{title} by {score}", value)
                for split, score, way, number, *values in found
                for title, value in zip(head[3:], (number, *values), strict=True)
            ),
        )
    return 0


def measured(config: Config, store: SpectrumStore, split: int) -> Iterator[tuple[object, ...]]:
    """Yield the figures of the spectra of a split."""
    queries = asked(store, split)
    candidates = isomers(config, store, [molecule for molecule, _ in queries])
    model = fitted_without(store, split, config.training.seed)
    yield from measure(queries, predicted(config, model, candidates))


def asked(store: SpectrumStore, split: int) -> list[tuple[Molecule, Record]]:
    """Return the measured spectra of a split that have an index, each with its molecule."""
    low, high = STANDARD_ENERGY_RANGE
    energy, smiles = store.index.energy, store.column("smiles")

    def is_asked(one: Measured) -> bool:
        standard = np.isnan(energy[one.row]) or low <= energy[one.row] <= high
        phenyl = (one.kind or SEMI_STANDARD_NON_POLAR) == SEMI_STANDARD_NON_POLAR
        own = store.index.split[one.row] == split
        return bool(own and standard and phenyl and one.source != NILU)

    found = []
    for one in filter(is_asked, measured_indices(store)):
        molecule = load_canonical(smiles[one.row])
        record = Record(
            one.source,
            1,
            one.id,
            one.id,
            store.spectrum(one.row),
            formula=molecule.formula,
            retention_index=one.index,
            column=SEMI_STANDARD_NON_POLAR,
        )
        found.append((molecule, record))
    return found


def isomers(
    config: Config, store: SpectrumStore, molecules: Sequence[Molecule]
) -> dict[str, dict[str, Molecule]]:
    """Return the distinct molecules of each formula asked for, by formula and identity."""
    found: dict[str, dict[str, Molecule]] = {labelled_formula(each): {} for each in molecules}
    unlabelled, _ = read_unlabelled(
        config.distillation.unlabelled, set(), max_mz=config.data.max_mz
    )
    for smiles in (*sorted(set(store.column("smiles"))), *unlabelled):
        molecule = load_canonical(smiles)
        if (own := found.get(labelled_formula(molecule))) is not None:
            own.setdefault(identity(molecule.inchikey, molecule), molecule)
    return found


def fitted_without(store: SpectrumStore, split: int, seed: int) -> RetentionModel:
    """Return a model of the indices of all molecules but those of a split."""
    data = retention_data(store)
    data = data.take(data.split != split)
    variances = fit_variances(data)
    crossed = cross_validated(data, variances, folds_of(data.keys, seed))
    kept = ~is_outlying(data, *crossed)
    data = data.take(kept)
    model = fit(data, variances)
    model.arrays.update(calibration(data.index, *(part[kept] for part in crossed)))
    return model


def predicted(
    config: Config, model: RetentionModel, candidates: dict[str, dict[str, Molecule]]
) -> dict[str, list[Entry]]:
    """Return the candidates of each formula with their predicted spectra and indices."""
    predictor = open_predictor(config.student.checkpoint)
    predictor.retention = model
    return {
        formula: [
            predicted_entry(replace(result, name=name))
            for name, result in zip(
                own, predictor.predict([each.smiles for each in own.values()]), strict=True
            )
        ]
        for formula, own in candidates.items()
    }


def measure(
    queries: list[tuple[Molecule, Record]], entries: dict[str, list[Entry]]
) -> Iterator[tuple[object, ...]]:
    """Yield score, way of searching, number of spectra, and how often the right one is first."""
    several = [
        (identity(molecule.inchikey, molecule), record, entries[labelled_formula(molecule)])
        for molecule, record in queries
        if len(entries[labelled_formula(molecule)]) >= _FEWEST
    ]
    _, group = np.unique([name for name, *_ in several], return_inverse=True)
    for score in _SCORES:
        for way, retention in _WAYS.items():
            ranks = np.array([rank(*each, score, retention) for each in several])
            found = summarize({str(k): (ranks <= k).astype(float) for k in _FIRST}, group)
            yield score, way, len(several), *(found[str(k)] for k in _FIRST)


def rank(
    name: str, record: Record, entries: list[Entry], score: str, retention: RetentionSearch
) -> int:
    """Return the rank of a molecule among entries, those of its own score before it."""
    [result] = search([record], entries, score=score, top=len(entries), retention=retention)
    scores = {hit.entry.name: hit.score for hit in result.hits}
    own = scores.get(name, 0.0)
    return sum(scores.get(entry.name, 0.0) >= own for entry in entries)


if __name__ == "__main__":
    sys.exit(main())
