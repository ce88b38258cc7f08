"""The fragments of molecules as the teacher reads them: alone and in batches.

Shapes in this module: ``f`` fragments and ``a`` atoms of a molecule; in a batch, ``b`` molecules of
up to ``A`` atoms, ``E`` directed edges and ``F`` fragments each, ``n`` fragments together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from ...chemistry.composition import MASS_NUMBERS, compose
from ...chemistry.graph import Graph
from ...chemistry.isotope_labels import acidic_hydrogens, labels_held
from ...chemistry.molecule import ELEMENTS
from .graph_batch import moved
from .label_batch import LabelBatch, collate_labels

_HYDROGEN = ELEMENTS.index("H")


@dataclass(frozen=True)
class FragmentSet:
    """The fragments of one molecule and what they are made of; the whole molecule comes first.

    Attributes:
        atoms: whether each fragment holds each atom of the graph, ``(f, a)`` bool.
        depth: number of atoms that were removed to make it, ``(f,)`` uint8.
        elements: atoms of each element, labelled ones and hydrogens counted,
            ``(f, len(ELEMENTS))`` int16.
        labels: isotope labels of each kind, ``(f, l)`` int16.
        acidic: acidic hydrogens, as in ``PieceSet``, ``(f, 1 + l)`` int16.
    """

    atoms: np.ndarray
    depth: np.ndarray
    elements: np.ndarray
    labels: np.ndarray
    acidic: np.ndarray

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
        depth, elements: as in ``FragmentSet``, ``(n, ...)``.
        lost_elements: atoms of each element of the neutral loss, ``(n, len(ELEMENTS))`` int16.
        labels: what isotope labels make of those of labelled molecules.
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
    lost_elements: Tensor
    labels: LabelBatch

    def __len__(self) -> int:
        return len(self.atoms)

    @property
    def mass(self) -> Tensor:
        """Nominal mass without labels, ``(n,)`` int64, Da."""
        masses = torch.from_numpy(MASS_NUMBERS).to(self.elements.device)
        return (self.elements * masses).sum(1)

    @property
    def hydrogens(self) -> Tensor:
        """Hydrogens, labelled ones counted, ``(n,)`` int16."""
        return self.elements[:, _HYDROGEN]

    @property
    def lost_hydrogens(self) -> Tensor:
        """The same of the neutral loss, ``(n,)`` int16."""
        return self.lost_elements[:, _HYDROGEN]

    def to(self, device, **kwargs) -> FragmentBatch:
        """Return the batch with every tensor on ``device``."""
        return moved(self, device, **kwargs)


def describe_fragments(
    mol: Chem.Mol, max_per_molecule: int, labels: np.ndarray | None = None
) -> FragmentSet:
    """Return the fragments of a molecule and what they are made of.

    Args:
        mol: the molecule, without isotope labels.
        max_per_molecule: largest number of fragments.
        labels: isotope labels on its atoms, as ``Molecule.labels_by_atom`` gives them, ``(a, l)``.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.data.examples.fragment_batch import describe_fragments
        >>> describe_fragments(Chem.MolFromSmiles("CO"), 400).elements[:, :5]  # H, B, C, N, O
        array([[4, 0, 1, 0, 1],
               [3, 0, 1, 0, 0],
               [1, 0, 0, 0, 1]], dtype=int16)
    """
    from ...chemistry.fragments import enumerate_fragments  # imports numba, which takes a second

    fragments = enumerate_fragments(mol, max_per_molecule=max_per_molecule)
    return FragmentSet(
        fragments.atoms,
        fragments.depth,
        (fragments.atoms.astype(np.float32) @ compose(mol)).astype(np.int16),
        labels_held(fragments.atoms, labels),
        acidic_hydrogens(fragments.atoms, mol, labels),
    )


def collate_fragments(
    sets: Sequence[FragmentSet], graphs: Sequence[Graph], labels: Sequence[np.ndarray]
) -> FragmentBatch:
    """Put the fragments of molecules into one batch, beside their graphs.

    Args:
        sets: the fragments of each molecule.
        graphs: their graphs.
        labels: their isotope labels, as ``Molecule.atoms`` gives them.
    """
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
        lost_elements=_joined([s.elements[0] - s.elements for s in sets]),
        labels=collate_labels(sets, labels),
    )


def _joined(parts: Sequence[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.concatenate(parts))


def _slots(counts: np.ndarray, width: int) -> Tensor:
    """Return the places of ragged rows in rows of one width."""
    return torch.from_numpy(
        np.concatenate([np.arange(count) + i * width for i, count in enumerate(counts)])
    )
