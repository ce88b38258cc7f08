"""The heavy-atom graph of a molecule: its features, alone and in batches.

Shapes in this module: ``a`` atoms and ``k`` bonds of a molecule, or of all molecules of a batch
together; each bond is two directed edges, ``e = 2k``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from .molecule import ELEMENTS

_DEGREES = range(7)
_HYDROGENS = range(5)
_CHARGES = (-1, 0, 1)
_HYBRIDIZATIONS = (
    Chem.HybridizationType.S,
    Chem.HybridizationType.SP,
    Chem.HybridizationType.SP2,
    Chem.HybridizationType.SP3,
)
_RING_SIZES = (3, 4, 5, 6, 7)
_BOND_TYPES = (
    Chem.BondType.SINGLE,
    Chem.BondType.DOUBLE,
    Chem.BondType.TRIPLE,
    Chem.BondType.AROMATIC,
)
_TRANS = (Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOTRANS)
_CIS = (Chem.BondStereo.STEREOZ, Chem.BondStereo.STEREOCIS)
ATOM_FEATURES = (
    len(ELEMENTS) + len(_DEGREES) + len(_HYDROGENS) + len(_CHARGES) + len(_HYBRIDIZATIONS)
    + len(_RING_SIZES) + 3
)  # fmt: skip
BOND_FEATURES = len(_BOND_TYPES) + len(_RING_SIZES) + 6


@dataclass(frozen=True)
class Graph:
    """The heavy-atom graph of one molecule (isotope-labelled hydrogens are atoms of their own).

    Attributes:
        atoms: atom features, ``(a, ATOM_FEATURES)`` uint8.
        edges: bonds in both directions, ``(2, e)``; columns ``2i`` and ``2i + 1`` are bond ``i`` of
            the molecule.
        bonds: bond features, ``(e, BOND_FEATURES)`` uint8.
    """

    atoms: np.ndarray
    edges: np.ndarray
    bonds: np.ndarray


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


def build_graph(mol: Chem.Mol) -> Graph:
    """Return the graph of a molecule, its atoms and bonds in the molecule's order.

    Of stereochemistry it holds what a mirror image leaves as it is: E and Z, and whether two
    neighbouring stereocentres have like or unlike CIP labels.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.data.graph import build_graph
        >>> build_graph(Chem.MolFromSmiles("CCO")).edges
        array([[0, 1, 1, 2],
               [1, 0, 2, 1]])
    """
    atom_rings, bond_rings = _ring_sizes(mol)
    atoms = [
        _atom_features(
            atom.GetSymbol(),
            atom.GetDegree(),
            atom.GetTotalNumHs(),
            atom.GetFormalCharge(),
            atom.GetHybridization(),
            atom_rings.get(i, ()),
            atom.GetIsAromatic(),
            atom.GetIsotope() > 0,
        )
        for i, atom in enumerate(map(mol.GetAtomWithIdx, range(mol.GetNumAtoms())))
    ]
    edges, bonds = [], []
    for i, bond in enumerate(map(mol.GetBondWithIdx, range(mol.GetNumBonds()))):
        first, second = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        edges += [(first, second), (second, first)]
        features = _bond_features(
            bond.GetBondType(),
            bond.GetIsConjugated(),
            bond_rings.get(i, ()),
            bond.GetStereo(),
            _likeness(bond),
        )
        bonds += [features, features]
    return Graph(
        np.frombuffer(b"".join(atoms), dtype=np.uint8).reshape(-1, ATOM_FEATURES),
        np.array(edges, dtype=np.int64).reshape(-1, 2).T,
        np.frombuffer(b"".join(bonds), dtype=np.uint8).reshape(-1, BOND_FEATURES),
    )


def collate_graphs(graphs: Sequence[Graph]) -> GraphBatch:
    """Put the graphs of molecules into one batch."""
    sizes = np.array([len(graph.atoms) for graph in graphs])
    first_atom = np.cumsum([0, *sizes[:-1]])
    return GraphBatch(
        atoms=torch.from_numpy(np.concatenate([graph.atoms for graph in graphs])),
        edges=torch.from_numpy(
            np.concatenate(
                [g.edges + first for g, first in zip(graphs, first_atom, strict=True)], 1
            )
        ),
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


def _one_hot(value, choices) -> list[bool]:
    return [value == choice for choice in choices]


# Few kinds of atoms and bonds make up all molecules, and looking one up is much the quicker way.
@lru_cache(maxsize=1 << 16)
def _atom_features(
    symbol, degree, hydrogens, charge, hybridization, ring_sizes, aromatic, labelled
) -> bytes:
    return bytes(
        [
            *_one_hot(symbol, ELEMENTS),
            *_one_hot(min(degree, _DEGREES[-1]), _DEGREES),
            *_one_hot(min(hydrogens, _HYDROGENS[-1]), _HYDROGENS),
            *_one_hot(max(-1, min(charge, 1)), _CHARGES),
            *_one_hot(hybridization, _HYBRIDIZATIONS),
            *(size in ring_sizes for size in _RING_SIZES),
            aromatic,
            len(ring_sizes) > 0,
            labelled,
        ]
    )


@lru_cache(maxsize=1 << 16)
def _bond_features(kind, conjugated, ring_sizes, stereo, likeness) -> bytes:
    return bytes(
        [
            *_one_hot(kind, _BOND_TYPES),
            *(size in ring_sizes for size in _RING_SIZES),
            conjugated,
            len(ring_sizes) > 0,
            stereo in _TRANS,
            stereo in _CIS,
            *_one_hot(likeness, (True, False)),
        ]
    )


def _ring_sizes(mol: Chem.Mol) -> tuple[dict[int, tuple[int, ...]], dict[int, tuple[int, ...]]]:
    """Return the sizes of the rings of each ring atom and of each ring bond, by number."""
    rings = mol.GetRingInfo()
    found = []
    for members in (rings.AtomRings(), rings.BondRings()):
        sizes: dict[int, tuple[int, ...]] = {}
        for ring in members:
            for i in ring:
                sizes[i] = (*sizes.get(i, ()), len(ring))
        found.append(sizes)
    return tuple(found)


def _likeness(bond: Chem.Bond) -> bool | None:
    """Return whether two stereocentres have the same CIP label; ``None`` if one is none."""
    if bond.GetBondType() != Chem.BondType.SINGLE:
        return None
    begin, end = bond.GetBeginAtom(), bond.GetEndAtom()
    if begin.HasProp("_CIPCode") and end.HasProp("_CIPCode"):
        return begin.GetProp("_CIPCode") == end.GetProp("_CIPCode")
    return None
