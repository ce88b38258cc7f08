"""The fragments of a molecule: the connected pieces that are left when atoms are taken away.

As in MAGMa (Ridder et al., Rapid Commun. Mass Spectrom. 2012, 26, 2461), a molecule breaks by
losing an atom: what is left falls into connected components, and these lose atoms in their turn.
Rings open and are cut through that way as well as chains.

Imports numba, which takes about a second: modules that are imported where no fragments are needed
import this one inside a function.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from .atom_removal import break_fragments

# Costs are counted in tenths, so that they are whole numbers: an aromatic bond counts 15.
_TENTHS = 10
_DEPTH_COST = 3
# Atoms that are taken away before enumeration ends, times the words of a mask. Molecules of up to
# 64 atoms, for which it is at most 64 + 64 * 63 + 64 * 63 * 62, cannot reach it.
_MOST_REMOVALS = 1 << 20


@dataclass(frozen=True)
class Fragments:
    """The ``f`` fragments of a molecule of ``a`` atoms, the cheapest first.

    Attributes:
        atoms: whether each fragment holds each atom, ``(f, a)`` bool. Atoms are numbered as in the
            molecule, isotope-labelled hydrogens included.
        depth: number of atoms that were taken away, ``(f,)`` uint8; 0 for the whole molecule.
        cost: orders of the bonds between kept and lost atoms (aromatic 1.5) and 0.3 for each atom
            taken away, ``(f,)`` float32.
    """

    atoms: np.ndarray
    depth: np.ndarray
    cost: np.ndarray

    def __len__(self) -> int:
        return len(self.depth)


def enumerate_fragments(mol: Chem.Mol, *, max_per_molecule: int = 400, depth: int = 3) -> Fragments:
    """Return the fragments that a molecule reaches by losing up to ``depth`` atoms in turn.

    Every set of atoms comes once, with the smallest number of atoms taken away. The cheapest are
    kept; of equally cheap ones the larger, then those of the lower bit mask. The enumeration is
    complete for molecules of up to 64 heavy atoms at depth 3; of larger ones whose enumeration
    would take more than about 0.1 s, the cheapest fragments of each depth are broken further.

    A hydrogen atom with exactly one heavy neighbour (an isotope-labelled one) goes where its
    neighbour goes, and is not counted as an atom to take away.

    Args:
        mol: molecule of one component, hydrogens implicit but for isotope-labelled ones.
        max_per_molecule: largest number of fragments to return, the whole molecule included.
        depth: largest number of atoms to take away one after the other.

    Raises:
        ValueError: the molecule is empty or has several components, or no fragment is asked for.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.fragments import enumerate_fragments
        >>> fragments = enumerate_fragments(Chem.MolFromSmiles("CCO"))
        >>> fragments.atoms.astype(int)
        array([[1, 1, 1],
               [1, 1, 0],
               [0, 1, 1],
               [1, 0, 0],
               [0, 0, 1],
               [0, 1, 0]])
        >>> fragments.depth
        array([0, 1, 1, 1, 1, 2], dtype=uint8)
    """
    if max_per_molecule < 1 or depth < 0:
        raise ValueError(f"max_per_molecule {max_per_molecule}, depth {depth}: too few")
    place, first, neighbours, orders = _skeleton(mol)
    atoms = len(first) - 1
    words = -(-atoms // 64)
    whole = np.arange(64 * words) < atoms
    masks = np.packbits(whole, bitorder="little").view("<u8").astype(np.uint64)[None]
    sizes, costs = np.array([atoms], np.int32), np.zeros(1, np.int32)
    depths = np.zeros(1, np.uint8)
    budget = _MOST_REMOVALS // words
    for level in range(1, depth + 1 if atoms > 1 else 1):
        parents = np.flatnonzero(depths == level - 1)
        if sizes[parents].sum() > budget:
            parents = parents[_ranking(masks[parents], sizes[parents], costs[parents])]
            parents = parents[np.cumsum(sizes[parents]) <= budget]
        budget -= sizes[parents].sum()
        masks, sizes, costs = break_fragments(
            first, neighbours, orders, masks, sizes, costs, parents,
            (level - 1) * _DEPTH_COST, level * _DEPTH_COST, max_per_molecule, level == depth,
        )  # fmt: skip
        depths = np.concatenate([depths, np.full(len(masks) - len(depths), level, np.uint8)])
    best = _ranking(masks, sizes, costs)[:max_per_molecule]
    bits = np.unpackbits(masks[best].astype("<u8").view(np.uint8), axis=1, bitorder="little")
    return Fragments(
        bits[:, place].astype(bool), depths[best], (costs[best] / _TENTHS).astype(np.float32)
    )


def _skeleton(mol: Chem.Mol) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the graph of the atoms that can be taken away.

    Returns:
        Place in the skeleton of each atom of the molecule, ``(a,)``; and the skeleton of ``n``
        atoms and ``k`` bonds: where the neighbours of each atom begin, ``(n + 1,)``; the
        neighbours, ``(2k,)``, and the orders of the bonds to them in tenths, ``(2k,)``.
    """
    heavy = [mol.GetAtomWithIdx(i).GetAtomicNum() != 1 for i in range(mol.GetNumAtoms())]
    bonds = [
        (b.GetBeginAtomIdx(), b.GetEndAtomIdx(), round(_TENTHS * b.GetBondTypeAsDouble()))
        for b in map(mol.GetBondWithIdx, range(mol.GetNumBonds()))
    ]
    if not heavy:
        raise ValueError("empty molecule")
    if len(heavy) > 1 and len(Chem.GetMolFrags(mol)) > 1:
        raise ValueError("several components")
    if not any(heavy):
        return np.zeros(len(heavy), np.int64), np.zeros(2, np.int32), *np.zeros((2, 0), np.int32)
    owner = list(range(len(heavy)))
    if not all(heavy):
        owners: list[list[int]] = [[] for _ in heavy]
        for a, b, _ in bonds:
            if heavy[a] != heavy[b]:
                hydrogen, neighbour = (b, a) if heavy[a] else (a, b)
                owners[hydrogen].append(neighbour)
        for hydrogen, found in enumerate(owners):
            if len(found) == 1:
                owner[hydrogen] = found[0]
    own, place = np.unique(owner, return_inverse=True)
    ends = np.array(bonds, np.int32).reshape(-1, 3)
    begin, end = place[ends[:, 0]], place[ends[:, 1]]
    kept = begin != end
    begin, end, orders = begin[kept], end[kept], ends[kept, 2]
    source = np.concatenate([begin, end])
    by_source = np.argsort(source, kind="stable")
    first = np.zeros(len(own) + 1, np.int32)
    first[1:] = np.cumsum(np.bincount(source, minlength=len(own)))
    neighbours = np.concatenate([end, begin])[by_source].astype(np.int32)
    return place, first, neighbours, np.concatenate([orders, orders])[by_source]


def _ranking(masks: np.ndarray, sizes: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Return the fragments' numbers, the cheapest first, then the larger, then by bit mask."""
    return np.lexsort([*masks.T, -sizes, costs])
