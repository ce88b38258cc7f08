"""What each atom of the graph weighs and brings: elements, hydrogens, isotope labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from .molecule import ELEMENTS

_PERIODIC_TABLE = Chem.GetPeriodicTable()
_HYDROGEN = ELEMENTS.index("H")
HYDROGEN_MASS = _PERIODIC_TABLE.GetMassForIsotope("H", 1)


@dataclass(frozen=True)
class Composition:
    """The composition of one molecule, atom by atom; implicit hydrogens go with their atom.

    Attributes:
        elements: atoms of each element without an isotope label, ``(a, len(ELEMENTS))`` uint8.
        hydrogens: hydrogens that can move from atom to atom, ``(a,)`` uint8; a labelled hydrogen,
            an atom of its own, counts itself. Tritium is not counted: it stays where it is, as its
            move would shift a mass by three.
        deuteriums: those of them that are deuterium, ``(a,)`` uint8.
        mass: exact mass in Da with the hydrogens, labels counted, ``(a,)`` float64.
    """

    elements: np.ndarray
    hydrogens: np.ndarray
    deuteriums: np.ndarray
    mass: np.ndarray


def compose(mol: Chem.Mol) -> Composition:
    """Return the composition of a molecule, its atoms in the molecule's order.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.composition import compose
        >>> compose(Chem.MolFromSmiles("CO")).mass.round(4)
        array([15.0235, 17.0027])
    """
    size = mol.GetNumAtoms()
    elements = np.zeros((size, len(ELEMENTS)), np.uint8)
    hydrogens, deuteriums = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    mass = np.zeros(size)
    for i, atom in enumerate(mol.GetAtoms()):
        symbol, label, attached = atom.GetSymbol(), atom.GetIsotope(), atom.GetTotalNumHs()
        isotope = label or _PERIODIC_TABLE.GetMostCommonIsotope(symbol)
        mass[i] = _PERIODIC_TABLE.GetMassForIsotope(symbol, isotope) + attached * HYDROGEN_MASS
        elements[i, _HYDROGEN] = attached
        if not label:
            elements[i, ELEMENTS.index(symbol)] += 1
        hydrogens[i] = attached + (symbol == "H" and label != 3)
        deuteriums[i] = symbol == "H" and label == 2
    return Composition(elements, hydrogens, deuteriums, mass)
