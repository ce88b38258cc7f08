"""The pieces that a molecule falls into when one or two of its bonds break, or a ring and a bond.

Quicker than the fragments of ``fragments.py``, and without numba: what a student can afford to
read of a molecule beside its fingerprint.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rdkit import Chem

# Bonds that are broken for one piece at most: two of a ring and one more.
MOST_CUTS = 3
_NO_BOND = -1
# A piece costs the orders of its broken bonds (aromatic 1.5) and this for each of them.
_COST_OF_A_CUT = 0.3


@dataclass(frozen=True)
class Cleavage:
    """The ``p`` pieces of a molecule of ``a`` atoms, the cheapest first.

    Attributes:
        atoms: whether each piece holds each atom, ``(p, a)`` bool.
        kept: of each broken bond the atom that the piece holds, ``(p, MOST_CUTS)``; -1 where fewer
            bonds are broken.
        lost: the other atom of that bond, ``(p, MOST_CUTS)``.
        orders: bond orders, aromatic 1.5, ``(a, a)``; 0 where there is no bond.
    """

    atoms: np.ndarray
    kept: np.ndarray
    lost: np.ndarray
    orders: np.ndarray

    def __len__(self) -> int:
        return len(self.atoms)


def cleave(mol: Chem.Mol, most: int) -> Cleavage:
    """Return the connected pieces that breaking bonds leaves, the whole molecule first.

    Broken are one bond that is in no ring, two of these, two bonds whose loss opens a ring and
    divides it, or these two and one that is in no ring. The cheapest pieces are kept; of equally
    cheap ones the larger. A bond to an explicit hydrogen (an isotope-labelled one) does not break.

    Which bonds divide a molecule is read off a depth-first search: a bond of its tree is covered by
    the bonds that close a ring over it. Those that nothing covers are in no ring; two that the same
    ring closures cover divide it together.

    Args:
        mol: molecule of one component, hydrogens implicit but for isotope-labelled ones.
        most: largest number of pieces to return.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.cleavage import cleave
        >>> cleave(Chem.MolFromSmiles("CCO"), 10).atoms.astype(int)
        array([[1, 1, 1],
               [0, 1, 1],
               [1, 1, 0],
               [0, 0, 1],
               [1, 0, 0],
               [0, 1, 0]])
    """
    orders = Chem.GetAdjacencyMatrix(mol, useBO=True)
    size = len(orders)
    whole = np.ones((1, size), bool)
    if size == 1:
        none = np.full((1, MOST_CUTS), _NO_BOND)
        return Cleavage(whole, none, none, orders)
    below, upper, lower, labels = _search(orders)
    # Without a bond of the tree the atoms below it are on their own; a ring closure alone divides
    # nothing.
    side = np.zeros((len(upper), size), bool)
    side[: size - 1] = below
    bridges = labels == 0
    if mol.GetNumHeavyAtoms() < size:
        heavy = np.array([atom.GetAtomicNum() > 1 for atom in mol.GetAtoms()])
        bridges &= heavy[upper] & heavy[lower]
    bridges = np.flatnonzero(bridges)
    found = (
        _one_bond(side, bridges),
        _two_bonds(side, bridges),
        *_rings(side, labels, bridges, upper, lower),
    )
    atoms = np.concatenate([whole, *(pieces for pieces, _ in found)])
    broken = np.full((len(atoms), MOST_CUTS), _NO_BOND)
    end = 1
    for pieces, bonds in found:
        begin, end = end, end + len(pieces)
        for column, own in enumerate(bonds):
            broken[begin:end, column] = own
    # The last place of these is that of no bond.
    tenths = np.concatenate([np.rint(10 * (orders[upper, lower] + _COST_OF_A_CUT)), [0.0]])
    upper, lower = np.concatenate([upper, [_NO_BOND]]), np.concatenate([lower, [_NO_BOND]])
    price = sum(tenths[bonds] for bonds in broken.T)
    best = np.argsort(price * (size + 1) - atoms.sum(1), kind="stable")[:most]
    atoms, broken = atoms[best], broken[best]
    first, second = upper[broken], lower[broken]
    held = atoms[np.arange(len(atoms))[:, None], first]
    return Cleavage(atoms, np.where(held, first, second), np.where(held, second, first), orders)


def mixed(number: np.ndarray) -> np.ndarray:
    """Return numbers of 64 bits mixed by the finalizer of SplitMix64 (Steele et al. 2014)."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def _search(orders: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Search a molecule depth first.

    Returns:
        For each of the ``a - 1`` bonds of the tree the atoms below it, ``(a - 1, a)`` bool; the two
        atoms of each bond, those of the tree first, ``(k,)`` and ``(k,)``; and a label of each,
        ``(k,)`` int64: 0 where no ring closure covers it, equal where the same ones do.
    """
    size = len(orders)
    begin, end = orders.nonzero()
    neighbours: list[list[int]] = [[] for _ in range(size)]
    for atom, neighbour in zip(begin.tolist(), end.tolist(), strict=True):
        neighbours[atom].append(neighbour)
    found, last, parent = [-1] * size, [0] * size, [-1] * size
    order = [0]
    found[0], atom = 0, 0
    while atom >= 0:
        if neighbours[atom]:
            neighbour = neighbours[atom].pop()
            if found[neighbour] < 0:
                found[neighbour] = len(order)
                order.append(neighbour)
                parent[neighbour] = atom
                atom = neighbour
        else:
            last[atom] = len(order)
            atom = parent[atom]
    place, lower = np.array(found), np.array(order[1:])
    upper = np.array(parent)[lower]
    below = (place >= place[lower][:, None]) & (place < np.array(last)[lower][:, None])
    closing = orders > 0
    closing[upper, lower] = closing[lower, upper] = False
    one, other = np.triu(closing).nonzero()
    weights = _random(len(one))
    covered = (below[:, one] ^ below[:, other]) @ weights
    return (
        below,
        np.concatenate([upper, one]),
        np.concatenate([lower, other]),
        np.concatenate([covered, weights]),
    )


@lru_cache(maxsize=256)
def _random(number: int) -> np.ndarray:
    """Return numbers of 64 bits whose sums tell sets of them apart."""
    return mixed(np.arange(1, number + 1, dtype=np.uint64)).view(np.int64)


@lru_cache(maxsize=256)
def _pairs(number: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(number, 1)


def _one_bond(side: np.ndarray, bridges: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    one = side[bridges]
    return np.concatenate([one, ~one]), [np.concatenate([bridges, bridges])]


def _two_bonds(side: np.ndarray, bridges: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return what is between two bonds; what is beyond one of them needs no second."""
    i, j = _pairs(len(bridges))
    one, other = side[bridges[i]], side[bridges[j]]
    nested = (one & other).any(1, keepdims=True)
    return (one ^ other) ^ ~nested, [bridges[i], bridges[j]]


def _rings(
    side: np.ndarray, labels: np.ndarray, bridges: np.ndarray, upper: np.ndarray, lower: np.ndarray
) -> list[tuple[np.ndarray, list[np.ndarray]]]:
    in_ring = np.flatnonzero(labels)
    i, j = _pairs(len(in_ring))
    i, j = in_ring[i], in_ring[j]
    together = labels[i] == labels[j]
    i, j = i[together], j[together]
    one = side[i] ^ side[j]
    divided = np.concatenate([one, ~one])
    i, j = np.concatenate([i, i]), np.concatenate([j, j])
    part, bridge = (divided[:, upper[bridges]] & divided[:, lower[bridges]]).nonzero()
    piece, beyond = divided[part], side[bridges[bridge]]
    # Of the two ends of the bridge, the one that still has the ring's broken bonds.
    within = ~(beyond & ~piece).any(1, keepdims=True)
    return [(divided, [i, j]), (piece & (beyond ^ within), [i[part], j[part], bridges[bridge]])]
