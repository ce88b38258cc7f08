"""How far off are predicted retention indices, and do their intervals hold?

    python benchmarks/retention_index.py --output benchmarks/results/retention_index.csv

Prints and writes errors of molecules that the model was fitted without: in five folds by InChIKey,
in the same with a share of the others to learn from, in five folds by Murcko scaffold, and the
whole of RECETOX's library; of each source, of compounds by what they are, and how many indices the
intervals of 90 % hold, by how wide they are. An interval is calibrated on the other folds, but for
where a share is known. Beside these, how far laboratories agree on the molecules that
they share, which no prediction can beat.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from nextims.config import DEFAULT_CONFIG, load_config
from nextims.data.library.retention import RetentionData, measured_indices, retention_data
from nextims.data.library.splits import hash_share
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.training.retention_index import (
    calibration,
    cross_validated,
    fit,
    fit_variances,
    folds_of,
    is_outlying,
)
from tables import DATA, markdown_table, write_rows

_RECETOX = "recetox-gc-ei-20201028"
_WIDTHS = (0, 100, 200, 300, np.inf)
_CLASSES = {
    "trimethylsilyl": "[Si](C)(C)C",
    "polycyclic aromatic hydrocarbons": "[c;R2]",
    "fatty acid methyl esters": "[CH3]OC(=O)[CH2][CH2][CH2][CH2][CH2]",
    "halogenated": "[Cl,Br,I]",
}
_MODEL, _FEWEST = "retention index", 20
# Of the molecules of the other folds, so many are known; of these, intervals are not calibrated.
_SHARES, _NORMAL = (0.25, 0.5), 1.645


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--output", type=Path, metavar="CSV", help="where the figures are written")
    arguments = parser.parse_args(argv)
    try:
        config = load_config(arguments.config)
        with SpectrumStore(config.data.store) as store:
            data, laboratories = retention_data(store), list(agreement(store))
        rows = list(errors(data, config.training.seed))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    head = ("split", "molecules", "median", "mean", "mean %", "in interval %")
    print(markdown_table(head, ([name, *map(str, figures)] for name, *figures in rows)))
    heads = ("laboratories", "shared molecules", "median difference", "median of |difference|")
    print(markdown_table(heads, ([name, *map(str, figures)] for name, *figures in laboratories)))
    if arguments.output:
        titled = [(_MODEL, head, rows), ("measured", heads, laboratories)]
        figures = (
            (model, DATA, split, title, float(value))
            for model, titles, found in titled
            for split, *values in found
            for title, value in zip(titles[1:], values, strict=True)
        )
        write_rows(arguments.output, figures)
    return 0


def errors(data: RetentionData, seed: int) -> Iterator[tuple[object, ...]]:
    """Yield the figures of molecules that the model was fitted without."""
    variances = fit_variances(data)
    folds = folds_of(data.keys, seed)
    crossed = cross_validated(data, variances, folds)
    judged = ~data.exact & ~is_outlying(data, *crossed)
    half = _half_widths(data, crossed, folds, judged)
    yield _figures("InChIKey, 5 folds", data, crossed[0], half, judged)
    yield _figures("InChIKey, 5 folds, with outliers", data, crossed[0], half, ~data.exact)
    for low, high in pairwise(_WIDTHS):
        here = judged & (2 * half >= low) & (2 * half < high)
        yield _figures(f"interval of {low:g} to {high:g}", data, crossed[0], half, here)
    for source in sorted(set.union(*map(set, data.sources)) - {"definition"}):
        here = judged & np.array([source in own for own in data.sources])
        yield _figures(source, data, crossed[0], half, here)
    for name, here in classes(data).items():
        if (judged & here).any():
            yield _figures(name, data, crossed[0], half, judged & here)
    for share in _SHARES:
        known = judged & np.array([hash_share(f"fewer {key}") < share for key in data.keys])
        mean, deviation = cross_validated(data, variances, folds, known)
        name = f"InChIKey, 5 folds, {100 * share:g} % of the others known"
        yield _figures(name, data, mean, _NORMAL * deviation, judged)
    folds = folds_of(list(map(scaffold, data.molecules)), seed)
    crossed = cross_validated(data, variances, folds)
    half = _half_widths(data, crossed, folds, judged)
    yield _figures("scaffold, 5 folds", data, crossed[0], half, judged)
    yield without_recetox(data, variances, seed, judged)


def without_recetox(
    data: RetentionData, variances: dict[str, float], seed: int, judged: np.ndarray
) -> tuple[object, ...]:
    """Return the figures of RECETOX's molecules by a model that was fitted without them."""
    theirs = np.array([_RECETOX in own for own in data.sources])
    others = data.take(~theirs & (judged | data.exact))
    crossed = cross_validated(others, variances, folds_of(others.keys, seed))
    model = fit(others, variances)
    model.arrays.update(calibration(others.index, *crossed))
    found = model.predict(data.take(theirs & judged).molecules)
    mean, half = np.zeros(len(data.index)), np.zeros(len(data.index))
    mean[theirs & judged] = [each.value for each in found]
    half[theirs & judged] = [(each.high - each.low) / 2 for each in found]
    return _figures("RECETOX left out", data, mean, half, theirs & judged)


def scaffold(molecule) -> str:
    """Return what molecules of one scaffold share; one without a ring has its own."""
    return MurckoScaffold.MurckoScaffoldSmiles(mol=molecule.mol) or molecule.smiles


def classes(data: RetentionData) -> dict[str, np.ndarray]:
    """Say which molecules are of each class, ``(n,)`` bool each."""
    found = {}
    for name, smarts in _CLASSES.items():
        pattern = Chem.MolFromSmarts(smarts)
        found[name] = np.array([m.mol.HasSubstructMatch(pattern) for m in data.molecules])
    hydrocarbon = [m.elements <= {"C", "H"} for m in data.molecules]
    found["polycyclic aromatic hydrocarbons"] &= np.array(hydrocarbon)
    return found


def agreement(store: SpectrumStore) -> Iterator[tuple[object, ...]]:
    """Yield how far pairs of laboratories agree on the molecules that they share."""
    keys = store.column("inchikey")
    by_source: dict[str, dict[str, list[float]]] = {}
    for one in measured_indices(store):
        name = f"{one.source}{'' if one.kind != 'mid-polar' else ' (mid-polar)'}"
        by_source.setdefault(name, {}).setdefault(keys[one.row][:14], []).append(one.index)
    for (first, own), (second, other) in combinations(sorted(by_source.items()), 2):
        shared = own.keys() & other.keys()
        if len(shared) < _FEWEST:
            continue
        difference = np.array([np.median(other[k]) - np.median(own[k]) for k in shared])
        median = float(np.median(difference))
        spread = float(np.median(abs(difference)))
        yield f"{second} - {first}", len(shared), round(median, 1), round(spread, 1)


def _half_widths(
    data: RetentionData,
    crossed: tuple[np.ndarray, np.ndarray],
    folds: np.ndarray,
    judged: np.ndarray,
) -> np.ndarray:
    """Return half of each interval, calibrated on the other folds, ``(n,)``."""
    half = np.zeros(len(data.index))
    for fold in np.unique(folds):
        others, own = judged & (folds != fold), folds == fold
        by = calibration(data.index[others], *(part[others] for part in crossed))
        factor = np.interp(crossed[1][own], by["deviations"], by["factors"])
        half[own] = crossed[1][own] * factor
    return half


def _figures(
    name: str, data: RetentionData, mean: np.ndarray, half: np.ndarray, here: np.ndarray
) -> tuple[object, ...]:
    error = abs(mean - data.index)[here]
    return (
        name,
        int(here.sum()),
        round(float(np.median(error)), 1),
        round(float(error.mean()), 1),
        round(float(100 * (error / data.index[here]).mean()), 2),
        round(float(100 * (error <= half[here]).mean()), 1),
    )


if __name__ == "__main__":
    sys.exit(main())
