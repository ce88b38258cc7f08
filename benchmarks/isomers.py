"""Which molecules have the same formula, and where among them a measured spectrum finds its own.

Shapes: ``c`` candidates, ``q`` queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rdkit.Chem.rdMolDescriptors import CalcMolFormula
from tqdm import tqdm

from nextims.chemistry.molecule import (
    Molecule,
    MoleculeError,
    identity,
    load_canonical,
    read_molecule,
)
from nextims.config import Config
from nextims.data.examples.dft_dataset import BDEDataset
from nextims.data.examples.unlabelled import read_unlabelled
from nextims.data.library.splits import SPLITS
from nextims.data.library.store import SpectrumStore
from nextims.evaluation.retrieval import Library, Queries, rank_molecules

# What is compared, m·√I and entropy: those that find most in library matching.
SIMILARITIES = ("entropy_similarity", "weighted_cosine")


@dataclass(frozen=True)
class Candidates:
    """Distinct molecules, those of one formula one after the other.

    Attributes:
        smiles: as a model takes them, ``c``.
        name: ``molecule.identity`` of each, ``(c,)``.
        formula: ``labelled_formula`` of each, ``(c,)``.
        sources: where they are from → "structures" looked at, "unusable" ones, and "candidates",
            those of the formulas asked for that no source before has.
    """

    smiles: list[str]
    name: np.ndarray
    formula: np.ndarray
    sources: dict[str, dict[str, int]]

    def __len__(self) -> int:
        return len(self.smiles)

    def number(self, formulas: Iterable[str]) -> np.ndarray:
        """Return how many there are of each formula, ``(formulas,)``."""
        found, counts = np.unique(self.formula, return_counts=True)
        known = dict(zip(found.tolist(), counts.tolist(), strict=True))
        return np.array([known.get(formula, 0) for formula in formulas], np.int64)


def labelled_formula(molecule: Molecule) -> str:
    """Return the molecular formula in Hill order, isotope labels told apart."""
    return CalcMolFormula(molecule.mol, separateIsotopes=True, abbreviateHIsotopes=True)


def gather_candidates(config: Config, asked: Iterable[Molecule]) -> Candidates:
    """Gather all molecules that have the formula of one asked for.

    Looked through are the records of the store, whatever their split, then the structures without
    spectra, then the molecules of the bond energies. Stereoisomers are one; of several drawings of
    a molecule that of the first source stands, and of the records the first in alphabetical order.

    Args:
        config: names the store, ``distillation.unlabelled`` and ``bde.data``.
        asked: the molecules asked for.

    Raises:
        StoreError, UnlabelledError, BDEDataError: a source is missing or damaged.
    """
    wanted = {labelled_formula(molecule) for molecule in asked}
    found: dict[str, tuple[str, str]] = {}  # name → formula and SMILES
    sources = {}
    for source, molecules in _sources(config).items():
        before, unusable, number = len(found), 0, 0
        for molecule in molecules:
            number += 1
            if molecule is None:
                unusable += 1
            elif (formula := labelled_formula(molecule)) in wanted:
                found.setdefault(identity(molecule.inchikey, molecule), (formula, molecule.smiles))
        candidates = len(found) - before
        sources[source] = {"structures": number, "unusable": unusable, "candidates": candidates}
    ordered = sorted((formula, name, smiles) for name, (formula, smiles) in found.items())
    formulas, names, smiles = zip(*ordered, strict=True) if ordered else ((), (), ())
    return Candidates(list(smiles), np.array(names, str), np.array(formulas, str), sources)


def _sources(config: Config) -> dict[str, Iterable[Molecule | None]]:
    """Return the structures of each source; ``None`` for what is no usable one."""
    path = config.bde.data
    bde = [text for split in SPLITS for text in BDEDataset(path, split).smiles]
    unlabelled, unusable = read_unlabelled(
        config.distillation.unlabelled, set(), max_mz=config.data.max_mz
    )
    with SpectrumStore(config.data.store) as store:
        records = sorted(set(store.column("smiles")))
    lost = [None] * len(unusable)
    return {
        "records": _shown("records", map(load_canonical, records), len(records)),
        config.distillation.unlabelled.name: [*map(load_canonical, unlabelled), *lost],
        path.name: _shown(path.name, (_read(text, config.data.max_mz) for text in bde), len(bde)),
    }


def _shown(name: str, molecules: Iterable[Molecule | None], number: int) -> Iterator:
    return tqdm(molecules, name, number, unit="molecule", leave=False, disable=None)


def _read(smiles: str, max_mz: int) -> Molecule | None:
    try:
        return read_molecule(smiles, max_mz=max_mz)
    except MoleculeError:
        return None


def rank_among_isomers(
    spectra: np.ndarray,
    lowest_mz: np.ndarray,
    molecules: Sequence[Molecule],
    candidates: Candidates,
    predictions: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return the rank of each measured spectrum's molecule among the candidates of its formula.

    All candidates are known by prediction, the right one as the others. Ties count against the
    prediction: all candidates as similar as the right one go before it.

    Args:
        spectra: measured intensities, ``(q, max_mz)``.
        lowest_mz: lowest recorded nominal m/z of each, ``(q,)``.
        molecules: the molecule of each, among the candidates.
        candidates: the candidates.
        predictions: the predicted spectrum of each candidate, on any scale, ``(c, max_mz)``.

    Returns:
        Similarity → ranks, ``(q,)`` int64, from 1.

    Raises:
        ValueError: a query's molecule is not among the candidates.
    """
    formula = np.array([labelled_formula(molecule) for molecule in molecules])
    name = np.array([identity(molecule.inchikey, molecule) for molecule in molecules])
    mass = np.array([molecule.nominal_mass for molecule in molecules])
    ranks = {similarity: np.zeros(len(molecules), np.int64) for similarity in SIMILARITIES}
    formulas = tqdm(np.unique(formula), "ranking", unit="formula", leave=False, disable=None)
    for own in formulas:
        rows, rivals = formula == own, candidates.formula == own
        masses = np.full(rivals.sum(), mass[rows][0])
        library = Library(predictions[rivals], candidates.name[rivals], masses)
        queries = Queries(spectra[rows], name[rows], mass[rows], lowest_mz[rows])
        found = rank_molecules(queries, library)["any_mass"]
        for similarity in SIMILARITIES:
            ranks[similarity][rows] = found[similarity]
    return ranks
