"""The fragments of molecules as the teacher reads them: alone and in batches.

Shapes in this module: ``f`` fragments and ``a`` atoms of a molecule; in a batch, ``b`` molecules of
up to ``A`` atoms, ``E`` directed edges and ``F`` fragments each, ``n`` fragments together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from ...chemistry.composition import compose
from ...chemistry.graph import Graph
from .graph_batch import moved

# Hydrogens that a fragment loses or takes up on its way to the detector. With 400 fragments, -6 to
# +4 explain 99 % of the measured ion current; narrower ranges miss the H-poor ions of aromatics.
LOWEST_SHIFT, HIGHEST_SHIFT = -6, 4
SHIFTS = range(LOWEST_SHIFT, HIGHEST_SHIFT + 1)
# Where every hydrogen that moves may be a deuterium, it moves two mass units.
LABELLED_SHIFTS = range(2 * LOWEST_SHIFT, 2 * HIGHEST_SHIFT + 1)


@dataclass(frozen=True)
class FragmentSet:
    """The fragments of one molecule and what they are made of; the whole molecule comes first.

    Attributes:
        atoms: whether each fragment holds each atom of the graph, ``(f, a)`` bool.
        depth: number of atoms that were removed to make it, ``(f,)`` uint8.
        elements: unlabelled atoms of each element, hydrogens included, ``(f, elements)`` int16.
        hydrogens: hydrogens that can move, of any mass but tritium, ``(f,)`` int16.
        deuteriums: those of them that are deuterium, ``(f,)`` int16.
        mass: exact mass in Da, ``(f,)`` float64.
    """

    atoms: np.ndarray
    depth: np.ndarray
    elements: np.ndarray
    hydrogens: np.ndarray
    deuteriums: np.ndarray
    mass: np.ndarray

    def __len__(self) -> int:
        return len(self.depth)


@dataclass
class FragmentBatch:
    """The fragments of ``b`` molecules.

    Attributes:
        atoms: whether a fragment holds an atom, ``(b, A, F)`` bool.
        atom_slot: place of each atom of the graphs among the ``b * A`` slots, ``(a,)``.
        edge_slot: place of each directed edge of the graphs among ``b * E`` slots, ``(e,)``.
        begin, end: the two atoms of each edge slot among the ``b * A``, ``(b * E,)``; an empty slot
            begins and ends at one atom.
        slot: place of each fragment among the ``b * F`` slots, ``(n,)``.
        molecule: the molecule that each fragment is of, ``(n,)``.
        depth, elements, hydrogens, mass: as in ``FragmentSet``, ``(n, ...)``.
        lost_elements, lost_hydrogens: the same of the neutral loss, ``(n, ...)``.
        labelled: fragments of molecules that hold deuterium, ``(l,)``.
        exchange: for these, the probability of each mass shift at each hydrogen shift,
            ``(l, len(SHIFTS), len(LABELLED_SHIFTS))``.
    """

    atoms: Tensor
    atom_slot: Tensor
    edge_slot: Tensor
    begin: Tensor
    end: Tensor
    slot: Tensor
    molecule: Tensor
    depth: Tensor
    elements: Tensor
    hydrogens: Tensor
    mass: Tensor
    lost_elements: Tensor
    lost_hydrogens: Tensor
    labelled: Tensor
    exchange: Tensor

    def __len__(self) -> int:
        return len(self.atoms)

    def to(self, device, **kwargs) -> FragmentBatch:
        """Return the batch with every tensor on ``device``."""
        return moved(self, device, **kwargs)


def describe_fragments(mol: Chem.Mol, max_per_molecule: int) -> FragmentSet:
    """Return the fragments of a molecule and what they are made of.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.data.examples.fragment_batch import describe_fragments
        >>> describe_fragments(Chem.MolFromSmiles("CO"), 400).mass.round(3)
        array([32.026, 15.023, 17.003])
    """
    from ...chemistry.fragments import enumerate_fragments  # imports numba, which takes a second

    fragments = enumerate_fragments(mol, max_per_molecule=max_per_molecule)
    composition = compose(mol)
    held = fragments.atoms.astype(np.int16)
    return FragmentSet(
        fragments.atoms,
        fragments.depth,
        held @ composition.elements.astype(np.int16),
        held @ composition.hydrogens.astype(np.int16),
        held @ composition.deuteriums.astype(np.int16),
        fragments.atoms @ composition.mass,
    )


def collate_fragments(sets: Sequence[FragmentSet], graphs: Sequence[Graph]) -> FragmentBatch:
    """Put the fragments of molecules into one batch, beside their graphs."""
    counts = np.array([len(s) for s in sets])
    sizes = np.array([len(g.atoms) for g in graphs])
    edge_counts = np.array([g.edges.shape[1] for g in graphs])
    most_atoms, most_edges = sizes.max(), max(edge_counts.max(), 1)
    atoms = np.zeros((len(sets), most_atoms, counts.max()), bool)
    # An empty slot begins and ends at the first atom.
    ends = np.repeat(np.arange(len(sets)) * most_atoms, most_edges)
    ends = np.stack([ends, ends]).reshape(2, len(sets), most_edges)
    for i, (fragments, graph) in enumerate(zip(sets, graphs, strict=True)):
        atoms[i, : sizes[i], : counts[i]] = fragments.atoms.T
        ends[:, i, : edge_counts[i]] += graph.edges
    whole = [_lost(s) for s in sets]
    labelled = np.repeat([s.deuteriums[0] > 0 for s in sets], counts)
    exchange = [_exchange_of(s) for s in sets if s.deuteriums[0] > 0]
    empty = np.zeros((0, len(SHIFTS), len(LABELLED_SHIFTS)), np.float32)
    return FragmentBatch(
        atoms=torch.from_numpy(atoms),
        atom_slot=_slots(sizes, most_atoms),
        edge_slot=_slots(edge_counts, most_edges),
        begin=torch.from_numpy(ends[0].ravel()),
        end=torch.from_numpy(ends[1].ravel()),
        slot=_slots(counts, counts.max()),
        molecule=torch.from_numpy(np.repeat(np.arange(len(sets)), counts)),
        depth=_joined([s.depth for s in sets]),
        elements=_joined([s.elements for s in sets]),
        hydrogens=_joined([s.hydrogens for s in sets]),
        mass=_joined([s.mass for s in sets]),
        lost_elements=_joined([elements for elements, _ in whole]),
        lost_hydrogens=_joined([hydrogens for _, hydrogens in whole]),
        labelled=torch.from_numpy(np.flatnonzero(labelled)),
        exchange=_joined([empty, *exchange]),
    )


def _joined(parts: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.concatenate(parts))


def _slots(counts: np.ndarray, width: int) -> Tensor:
    """Return the places of ragged rows in rows of one width."""
    return torch.from_numpy(
        np.concatenate([np.arange(count) + i * width for i, count in enumerate(counts)])
    )


def _lost(fragments: FragmentSet) -> tuple[np.ndarray, np.ndarray]:
    """Return elements and hydrogens of the neutral losses."""
    return (
        fragments.elements[0] - fragments.elements,
        fragments.hydrogens[0] - fragments.hydrogens,
    )


def _exchange_of(fragments: FragmentSet) -> np.ndarray:
    hydrogens, deuteriums = fragments.hydrogens.tolist(), fragments.deuteriums.tolist()
    return np.stack(
        [
            _exchange(own, own_labels, hydrogens[0] - own, deuteriums[0] - own_labels)
            for own, own_labels in zip(hydrogens, deuteriums, strict=True)
        ]
    )


@lru_cache(maxsize=1 << 14)
def _exchange(own: int, own_labels: int, lost: int, lost_labels: int) -> np.ndarray:
    """Return how probable each mass shift is at each hydrogen shift.

    Hydrogens and deuteriums are taken to move alike, so the number of deuteriums among those that
    move follows the hypergeometric distribution.

    Args:
        own: hydrogens of the fragment.
        own_labels: how many of them are deuterium.
        lost: hydrogens of the neutral loss.
        lost_labels: how many of them are deuterium.

    Returns:
        Shape ``(len(SHIFTS), len(LABELLED_SHIFTS))``.
    """
    table = np.zeros((len(SHIFTS), len(LABELLED_SHIFTS)), np.float32)
    for row, shift in enumerate(SHIFTS):
        pool, labels = (own, own_labels) if shift < 0 else (lost, lost_labels)
        moved_hydrogens = abs(shift)
        if moved_hydrogens > pool:
            continue
        for moved_labels in range(min(moved_hydrogens, labels) + 1):
            rest = moved_hydrogens - moved_labels
            ways = comb(labels, moved_labels) * comb(pool - labels, rest)
            mass_shift = shift - moved_labels if shift < 0 else shift + moved_labels
            table[row, mass_shift - LABELLED_SHIFTS[0]] = ways / comb(pool, moved_hydrogens)
    return table
