"""The graphs of molecules in batches, and the bonds whose energies are known or wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ...chemistry.graph import Graph


@dataclass(frozen=True)
class KnownBonds:
    """Bonds of one molecule whose dissociation energies are known, or wanted.

    Attributes:
        bonds: bonds between heavy atoms, by their number in the molecule, ``(p,)`` int64.
        hydrogens: heavy atoms whose bond to hydrogen is meant, ``(h,)`` int64.
        bond_energies: ``(p, quantities)`` float32, kcal/mol.
        hydrogen_energies: ``(h, quantities)`` float32, kcal/mol.
    """

    bonds: np.ndarray
    hydrogens: np.ndarray
    bond_energies: np.ndarray
    hydrogen_energies: np.ndarray


@dataclass
class BondTargets:
    """Bonds of a batch whose dissociation energies are wanted or known.

    Attributes:
        bonds: bonds between heavy atoms, by their number in the batch, ``(p,)``: bond ``i`` is the
            edges ``2i`` and ``2i + 1``.
        hydrogens: heavy atoms whose bond to hydrogen is meant, ``(h,)``.
        energies: known energies in kcal/mol, ``(p + h, quantities)``: first those of ``bonds``,
            then those of ``hydrogens``. ``None`` where they are wanted.
    """

    bonds: Tensor
    hydrogens: Tensor
    energies: Tensor | None = None


@dataclass
class GraphBatch:
    """The graphs of ``b`` molecules, one after the other.

    Attributes:
        atoms, edges, bonds: as in ``Graph``.
        atom_molecule: the molecule that each atom belongs to, ``(a,)``.
        molecules: number of molecules.
        targets: bonds whose dissociation energies are wanted or known.
    """

    atoms: Tensor
    edges: Tensor
    bonds: Tensor
    atom_molecule: Tensor
    molecules: int
    targets: BondTargets | None = None

    def __len__(self) -> int:
        return self.molecules

    def to(self, device, **kwargs) -> GraphBatch:
        """Return the batch with every tensor on ``device``."""
        return moved(self, device, **kwargs)


def collate_graphs(graphs: Sequence[Graph]) -> GraphBatch:
    """Put the graphs of molecules into one batch."""
    sizes = np.array([len(graph.atoms) for graph in graphs])
    first_atom = np.cumsum([0, *sizes[:-1]])
    edges = [graph.edges + first for graph, first in zip(graphs, first_atom, strict=True)]
    return GraphBatch(
        atoms=torch.from_numpy(np.concatenate([graph.atoms for graph in graphs])),
        edges=torch.from_numpy(np.concatenate(edges, axis=1)),
        bonds=torch.from_numpy(np.concatenate([graph.bonds for graph in graphs])),
        atom_molecule=torch.from_numpy(np.repeat(np.arange(len(graphs)), sizes)),
        molecules=len(graphs),
    )


def known_bonds(graph: Graph, atoms: np.ndarray, energies: np.ndarray) -> KnownBonds:
    """Return bonds of known energy by their numbers in the graph.

    Args:
        graph: the molecule's graph.
        atoms: the two atoms of each bond, ``(bonds, 2)``; hydrogens are numbered after the graph's
            own atoms.
        energies: kcal/mol, ``(bonds, quantities)``.
    """
    size = len(graph.atoms)
    ends = np.sort(atoms, axis=1)
    to_hydrogen = ends[:, 1] >= size
    numbers = {
        (min(pair), max(pair)): number for number, pair in enumerate(graph.edges[:, ::2].T.tolist())
    }
    bonds = [numbers[pair] for pair in map(tuple, ends[~to_hydrogen].tolist())]
    return KnownBonds(
        np.array(bonds, np.int64),
        ends[to_hydrogen, 0].astype(np.int64),
        energies[~to_hydrogen],
        energies[to_hydrogen],
    )


def collate_targets(graphs: Sequence[Graph], known: Sequence[KnownBonds]) -> BondTargets:
    """Put the bonds of molecules into one batch, numbered as ``collate_graphs`` numbers them."""
    first_atom = np.cumsum([0, *(len(graph.atoms) for graph in graphs[:-1])])
    first_bond = np.cumsum([0, *(len(graph.bonds) // 2 for graph in graphs[:-1])])
    bonds = [k.bonds + first for k, first in zip(known, first_bond, strict=True)]
    hydrogens = [k.hydrogens + first for k, first in zip(known, first_atom, strict=True)]
    energies = [k.bond_energies for k in known] + [k.hydrogen_energies for k in known]
    return BondTargets(
        *(torch.from_numpy(np.concatenate(part)) for part in (bonds, hydrogens, energies))
    )


def moved(batch, device, **kwargs):
    """Return a dataclass with every tensor in it, and in those it holds, on ``device``."""
    return replace(
        batch,
        **{
            field.name: value.to(device, **kwargs)
            if isinstance(value, Tensor)
            else moved(value, device, **kwargs)
            for field in fields(batch)
            if isinstance(value := getattr(batch, field.name), Tensor) or is_dataclass(value)
        },
    )
