"""The pieces of molecules as the student reads them. Imports no PyTorch.

Shapes in this module: ``p`` pieces of a molecule, ``n`` pieces of all molecules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from .cleavage import cleave, mixed
from .composition import compose
from .isotope_labels import acidic_hydrogens, labels_held

# What is said of a broken bond: the two atoms; the kept atom and its neighbours; the lost one and
# its neighbours. Each is folded to so many positions.
_SAID_OF_A_CUT = 3
_FOLDED = 2048
# Positions of all of them, and one more for bonds that are not there.
CUT_POSITIONS = _SAID_OF_A_CUT * _FOLDED + 1
_NO_CUT = CUT_POSITIONS - 1


@dataclass(frozen=True)
class PieceSet:
    """The pieces of one molecule; the whole molecule comes first.

    Attributes:
        elements: atoms of each element, labelled ones and hydrogens counted,
            ``(p, len(ELEMENTS))`` int16.
        bonds: positions of what is said of each bond of the molecule as one of its atoms is kept
            and the other lost, ``(d, 3)`` int16; the last is no bond.
        broken: which of these each piece has broken, ``(p, MOST_CUTS)`` int16.
        labels: isotope labels of each kind that each piece holds, ``(p, l)`` int16.
        acidic: its acidic hydrogens, as ``acidic_hydrogens`` gives them, ``(p, 1 + l)`` int16;
            ``(p, 0)`` without labels.
    """

    elements: np.ndarray
    bonds: np.ndarray
    broken: np.ndarray
    labels: np.ndarray
    acidic: np.ndarray

    @property
    def cuts(self) -> np.ndarray:
        """Positions of what is said of the broken bonds of each piece, ``(p, cuts)`` int16."""
        return self.bonds[self.broken].reshape(len(self), -1)

    @property
    def broken_bonds(self) -> np.ndarray:
        """Number of bonds that each piece has broken, ``(p,)``."""
        return count_cuts(self.cuts)

    def __len__(self) -> int:
        return len(self.elements)


def count_cuts(cuts: np.ndarray) -> np.ndarray:
    """Return the number of bonds of which something is said in each row; a tensor will do."""
    return (cuts[:, ::_SAID_OF_A_CUT] < _NO_CUT).sum(1)


def describe_pieces(mol: Chem.Mol, most: int, labels: np.ndarray | None = None) -> PieceSet:
    """Return the pieces of a molecule, what they are made of and how they were cut off.

    Args:
        mol: the molecule, without isotope labels.
        most: largest number of pieces.
        labels: isotope labels on its atoms, as ``Molecule.labels_by_atom`` gives them, ``(a, l)``.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.molecule import ELEMENTS
        >>> from nextims.chemistry.pieces import describe_pieces
        >>> pieces = describe_pieces(Chem.MolFromSmiles("CO"), 10)
        >>> pieces.elements[:, [ELEMENTS.index(e) for e in "CHO"]]
        array([[1, 4, 1],
               [0, 1, 1],
               [1, 3, 0]], dtype=int16)
    """
    cleavage = cleave(mol, most)
    counts = cleavage.atoms.astype(np.float32) @ compose(mol)
    kept, lost = cleavage.orders.nonzero()
    number = np.empty(cleavage.orders.shape, np.int16)
    number[kept, lost] = np.arange(len(kept))
    broken = number[cleavage.kept, cleavage.lost]
    broken[cleavage.kept < 0] = len(kept)
    return PieceSet(
        counts.astype(np.int16),
        _said_of(mol, cleavage.orders, kept, lost),
        broken,
        labels_held(cleavage.atoms, labels),
        acidic_hydrogens(cleavage.atoms, mol, labels),
    )


def _said_of(mol: Chem.Mol, orders: np.ndarray, kept: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Return the positions of what is said of bonds, ``(bonds + 1, 3)``; the last is no bond."""
    if not len(kept):
        return np.full((1, _SAID_OF_A_CUT), _NO_CUT, np.int16)
    order = (2 * orders[kept, lost]).astype(np.uint64)
    with np.errstate(over="ignore"):
        # Element, neighbours, hydrogens, charge, isotope, ring: what ECFP begins with.
        alone = np.array(rdMolDescriptors.GetConnectivityInvariants(mol, True), np.uint64)
        alone = mixed(alone)
        # All have a bond, and these are in their order.
        begins = np.searchsorted(kept, np.arange(len(alone)))
        around = np.add.reduceat(mixed(alone[lost] + mixed(order)), begins)
        within = mixed(3 * alone + around)
        both = 5 * alone[kept] + 11 * alone[lost]
        said = np.stack([both, within[kept], within[lost]], 1) + order[:, None]
        folded = mixed(said) % _FOLDED
    positions = np.full((len(kept) + 1, _SAID_OF_A_CUT), _NO_CUT, np.int16)
    positions[:-1] = folded
    positions[:-1] += _FOLDED * np.arange(_SAID_OF_A_CUT, dtype=np.int16)
    return positions


def join_pieces(
    sets: Sequence[PieceSet],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Put the pieces of molecules one after the other.

    Returns:
        The molecule that each piece is of, ``(n,)``; its place among the pieces of the molecule,
        ``(n,)``; and elements and cuts as in ``PieceSet``, ``(n, ...)``; all int64.
    """
    counts = [len(s) for s in sets]
    return (
        np.repeat(np.arange(len(sets)), counts),
        np.concatenate([np.arange(count) for count in counts]),
        np.concatenate([s.elements for s in sets]).astype(np.int64),
        np.concatenate([s.cuts for s in sets]).astype(np.int64),
    )
