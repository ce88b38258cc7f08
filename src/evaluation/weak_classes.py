"""Classes of compounds that are known to be hard to predict, and how they came out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from rdkit import Chem

from ..chemistry.molecule import Molecule

# Class → SMARTS, how often it is to match, and elements of which one is in it (it is looked for in
# molecules of these alone). Of any heavy atom, atoms are counted.
CLASSES: dict[str, tuple[str, int, frozenset[str]]] = {
    "organophosphorus compounds": ("P", 1, frozenset("P")),
    "compounds of six fluorine atoms or more": ("F", 6, frozenset("F")),
    "compounds of five chlorine atoms or more": ("Cl", 5, frozenset({"Cl"})),
    "compounds of several bromine atoms": ("Br", 2, frozenset({"Br"})),
    "organic iodides": ("[#6]I", 1, frozenset("I")),
    "nitramines, nitrate esters and nitrosamines": (
        "[N,O]-[$([NX3+](=O)[O-]),$([NX2]=O)]", 1, frozenset("N"),
    ),
    "aromatic compounds of several nitro groups": ("c[NX3+](=O)[O-]", 2, frozenset("N")),
    "compounds of three silyl groups or more": ("[#7,#8,#16][SiX4]", 3, frozenset({"Si"})),
    "sulfonylureas and sulfonamides": ("[#6]S(=O)(=O)[#7]", 1, frozenset("S")),
    "organometallic and organoboron compounds": (
        "[Sn,Hg,Ge,Pb,B]", 1, frozenset({"Sn", "Hg", "Ge", "Pb", "B"}),
    ),
    "steroids": ("C1~C~C~C2~C(~C1)~C~C~C1~C2~C~C~C2~C1~C~C~C2", 1, frozenset("C")),
    "compounds of more than 30 heavy atoms": ("*", 31, frozenset("C")),
}  # fmt: skip
# Fewer spectra say little; nearer to the mean of all, a class is not weak.
_FEWEST, _WEAK = 15, 0.05


def classes_of(molecule: Molecule, names: Sequence[str] = tuple(CLASSES)) -> list[str]:
    """Return which of the classes a molecule is of.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.evaluation.weak_classes import classes_of
        >>> classes_of(read_molecule("CCOP(=S)(OCC)OCC"))
        ['organophosphorus compounds']
    """
    mol, elements = molecule.unlabelled.mol, molecule.elements
    found = []
    for name in names:
        smarts, times, needed = CLASSES[name]
        if needed.isdisjoint(elements):
            continue
        if smarts == "*":
            matches = mol.GetNumHeavyAtoms()
        else:
            matches = len(mol.GetSubstructMatches(_pattern(name), maxMatches=times))
        found += [name] if matches >= times else []
    return found


def weak_classes(molecules: Sequence[Molecule], similarity: np.ndarray) -> dict[str, str]:
    """Say which classes' predictions were less like the measured spectra than all are.

    Args:
        molecules: of the predictions.
        similarity: of each to its measured spectrum.

    Returns:
        What is to be said of it, by class.
    """
    of_each = [classes_of(molecule) for molecule in molecules]
    whole = float(similarity.mean())
    weak = {}
    for name in CLASSES:
        own = similarity[[name in found for found in of_each]]
        if len(own) >= _FEWEST and own.mean() < whole - _WEAK:
            weak[name] = (
                f"{name} are predicted worse than others: {len(own)} spectra left out of the "
                f"training had a mean entropy similarity of {own.mean():.2f}, all {whole:.2f}"
            )
    return weak


@lru_cache(maxsize=len(CLASSES))
def _pattern(name: str) -> Chem.Mol:
    return Chem.MolFromSmarts(CLASSES[name][0])
