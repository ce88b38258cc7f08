"""How isotope labels that lie anywhere in a molecule show in the patterns of its ions.

Shapes: ``n`` ions of one molecule, ``l`` kinds of labels, ``k`` isotopes of an ion.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb

import numpy as np

from .molecule import ELEMENTS


def unlabelled_shares(whole: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the share of a molecule's atoms of each element that has no label.

    An element that it does not hold has a share of 0.

    Args:
        whole: atoms of each element of the molecule, labelled ones counted, ``(len(ELEMENTS),)``.
        labels: its labels, as ``Molecule.atoms`` gives them, ``(l, 3)``.

    Returns:
        Shape ``(len(ELEMENTS),)``, float32.

    Example:
        >>> from nextims.chemistry.isotope_labels import unlabelled_shares
        >>> from nextims.chemistry.molecule import read_molecule
        >>> unlabelled_shares(*read_molecule("[2H]CO").atoms())[0]  # three of four hydrogens
        np.float32(0.75)
    """
    unlabelled = whole - np.bincount(labels[:, 0], labels[:, 2], len(ELEMENTS))
    return (unlabelled / np.maximum(whole, 1)).astype(np.float32)


def with_labels(
    patterns: np.ndarray, atoms: np.ndarray, whole: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Return the patterns of a molecule's ions with its labels among their atoms.

    How many labels an ion holds follows the hypergeometric distribution.

    Args:
        patterns: of what has no label in the ions, ``(n, k)`` float32.
        atoms: atoms of each element of the ions, labelled ones counted, ``(n, len(ELEMENTS))``.
        whole: likewise of the molecule, ``(len(ELEMENTS),)``.
        labels: its labels, as ``Molecule.atoms`` gives them, ``(l, 3)``.

    Returns:
        Patterns that reach further, both ways alike: boron-10 is lighter than the commonest
        isotope.

    Example:
        >>> import numpy as np
        >>> from nextims.chemistry.isotope_labels import with_labels
        >>> from nextims.chemistry.molecule import read_molecule
        >>> whole, labels = read_molecule("[2H]CO").atoms()
        >>> methyl = np.array([whole - read_molecule("O").atoms()[0] + 1 * (np.arange(12) == 0)])
        >>> with_labels(np.ones((1, 1), np.float32), methyl, whole, labels)  # CH3 or CH2D
        array([[0.  , 0.25, 0.75]], dtype=float32)
    """
    reach = int((abs(labels[:, 1]) * labels[:, 2]).sum())
    patterns = np.pad(patterns, ((0, 0), (reach, reach)))
    for element, extra, number in labels.tolist():
        held = _share_of_labels(int(whole[element]), number)[atoms[:, element]]  # (n, number + 1)
        patterns = sum(
            np.roll(patterns, extra * k, 1) * held[:, k, None] for k in range(number + 1)
        )
    return patterns


@lru_cache(maxsize=256)
def _share_of_labels(atoms: int, labelled: int) -> np.ndarray:
    """Return how probably an ion of so many atoms of an element holds so many labelled ones.

    Args:
        atoms: atoms of the element in the molecule.
        labelled: how many of them are labelled.

    Returns:
        Shape ``(atoms + 1, labelled + 1)``, by atoms of the ion and labels among them.
    """
    table = np.zeros((atoms + 1, labelled + 1), np.float32)
    for own in range(atoms + 1):
        for held in range(min(own, labelled) + 1):
            ways = comb(labelled, held) * comb(atoms - labelled, own - held)
            table[own, held] = ways / comb(atoms, own)
    return table
