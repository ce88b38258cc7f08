"""What the models read: a molecule's fingerprint and graph, alone and in batches.

Shapes in this module: ``b`` molecules, ``a`` atoms and ``e`` directed bonds of all molecules of a
batch together, ``s`` set fingerprint positions of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from .molecule import COUNT_BITS, ECFP_BITS, ELEMENTS, Molecule

FINGERPRINT_SIZE = ECFP_BITS + COUNT_BITS
# Most records that give no ionization energy are of the usual 70 eV.
STANDARD_ENERGY = 70.0

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
ATOM_FEATURES = (
    len(ELEMENTS) + len(_DEGREES) + len(_HYDROGENS) + len(_CHARGES) + len(_HYBRIDIZATIONS)
    + len(_RING_SIZES) + 3
)  # fmt: skip
BOND_FEATURES = len(_BOND_TYPES) + 2


@dataclass(frozen=True)
class Graph:
    """The heavy-atom graph of one molecule (isotope-labelled hydrogens are atoms of their own).

    Attributes:
        atoms: atom features, ``(a, ATOM_FEATURES)`` uint8.
        edges: bonds in both directions, ``(2, e)``; columns ``2k`` and ``2k + 1`` are one bond.
        bonds: bond features, ``(e, BOND_FEATURES)`` uint8.
    """

    atoms: np.ndarray
    edges: np.ndarray
    bonds: np.ndarray


@dataclass(frozen=True)
class Features:
    """What a model reads of one molecule.

    Attributes:
        positions: set positions of the fingerprint, ``(s,)`` int64.
        values: 1 for a bit, the number of occurrences for a count, ``(s,)`` float32.
        nominal_mass: mass of the molecular ion, Da.
        highest_mz: highest m/z of the molecular ion's isotope pattern.
        graph: the graph, where the model needs it.
    """

    positions: np.ndarray
    values: np.ndarray
    nominal_mass: int
    highest_mz: int
    graph: Graph | None = None


@dataclass
class Batch:
    """Features of ``b`` molecules, with what is known of their measured spectra.

    Attributes:
        positions, values: fingerprints one after the other, ``(s,)``.
        offsets: where each molecule's fingerprint starts, ``(b,)``.
        nominal_mass, highest_mz: ``(b,)`` int64, Da.
        energy: ionization energy, ``(b,)`` float32, eV.
        atoms, edges, bonds: graphs as in ``Graph``, one after the other.
        atom_molecule: the molecule that each atom belongs to, ``(a,)``.
        row: position of each spectrum in the store, ``(b,)``.
        spectrum: measured intensities, base peak 1, ``(b, max_mz)``; all 0 where there is none.
        lowest_mz: lowest recorded m/z, ``(b,)``.
        bond_atoms: the two atoms of bonds between heavy atoms of known dissociation energy,
            ``(bonds, 2)``; ``bond_energy`` the energies in kcal/mol, ``(bonds,)``.
        hydrogen_atoms: the heavy atoms whose bond to hydrogen has a known dissociation energy,
            ``(hydrogens,)``; ``hydrogen_energy`` the energies in kcal/mol.
        teacher_mean, teacher_deviation: the teacher's prediction, ``(b, max_mz)``.
        teacher_features: the teacher's vectors, ``(b, teacher_width)``.
    """

    positions: Tensor
    values: Tensor
    offsets: Tensor
    nominal_mass: Tensor
    highest_mz: Tensor
    energy: Tensor
    atoms: Tensor | None = None
    edges: Tensor | None = None
    bonds: Tensor | None = None
    atom_molecule: Tensor | None = None
    row: Tensor | None = None
    spectrum: Tensor | None = None
    lowest_mz: Tensor | None = None
    bond_atoms: Tensor | None = None
    bond_energy: Tensor | None = None
    hydrogen_atoms: Tensor | None = None
    hydrogen_energy: Tensor | None = None
    teacher_mean: Tensor | None = None
    teacher_deviation: Tensor | None = None
    teacher_features: Tensor | None = None

    def __len__(self) -> int:
        return len(self.offsets)

    def to(self, device: torch.device | str, **kwargs) -> Batch:
        """Return the batch with every tensor on ``device``."""
        moved = {
            field.name: value.to(device, **kwargs)
            for field in fields(self)
            if (value := getattr(self, field.name)) is not None
        }
        return replace(self, **moved)


def featurize(molecule: Molecule, *, graph: bool) -> Features:
    """Compute what a model reads of a molecule.

    Args:
        molecule: the molecule.
        graph: whether the graph is needed as well as the fingerprint.

    Example:
        >>> from nextims.data.features import featurize
        >>> from nextims.data.molecule import read_molecule
        >>> featurize(read_molecule("CCO"), graph=True).graph.edges.shape
        (2, 4)
    """
    positions, values = molecule.fingerprint()
    return Features(
        positions,
        values,
        molecule.nominal_mass,
        molecule.highest_mz,
        build_graph(molecule.mol) if graph else None,
    )


def build_graph(mol: Chem.Mol) -> Graph:
    """Return the graph of a molecule, its atoms in the molecule's order."""
    atoms = np.array([_atom_features(atom) for atom in mol.GetAtoms()], dtype=np.uint8)
    edges, bonds = [], []
    for bond in mol.GetBonds():
        begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        edges += [(begin, end), (end, begin)]
        bonds += [_bond_features(bond)] * 2
    return Graph(
        atoms,
        np.array(edges, dtype=np.int64).reshape(-1, 2).T,
        np.array(bonds, dtype=np.uint8).reshape(-1, BOND_FEATURES),
    )


def collate(molecules: Sequence[Features], energy: Sequence[float] | None = None) -> Batch:
    """Put the features of molecules into one batch.

    Args:
        molecules: features of each molecule, all with a graph or all without.
        energy: ionization energies in eV, NaN where not given; 70 eV for all if left out.
    """
    lengths = [len(molecule.positions) for molecule in molecules]
    energies = np.full(len(molecules), np.nan) if energy is None else np.asarray(energy)
    batch = Batch(
        positions=torch.from_numpy(np.concatenate([m.positions for m in molecules])),
        values=torch.from_numpy(np.concatenate([m.values for m in molecules])),
        offsets=torch.from_numpy(np.cumsum([0, *lengths[:-1]])),
        nominal_mass=torch.tensor([m.nominal_mass for m in molecules]),
        highest_mz=torch.tensor([m.highest_mz for m in molecules]),
        energy=torch.from_numpy(np.nan_to_num(energies, nan=STANDARD_ENERGY)).float(),
    )
    graphs = [m.graph for m in molecules if m.graph is not None]
    if not graphs:
        return batch
    sizes = np.array([len(graph.atoms) for graph in graphs])
    first_atom = np.cumsum([0, *sizes[:-1]])
    return replace(
        batch,
        atoms=torch.from_numpy(np.concatenate([graph.atoms for graph in graphs])),
        edges=torch.from_numpy(
            np.concatenate(
                [g.edges + first for g, first in zip(graphs, first_atom, strict=True)], 1
            )
        ),
        bonds=torch.from_numpy(np.concatenate([graph.bonds for graph in graphs])),
        atom_molecule=torch.from_numpy(np.repeat(np.arange(len(graphs)), sizes)),
    )


def _one_hot(value, choices) -> list[int]:
    return [int(value == choice) for choice in choices]


def _atom_features(atom: Chem.Atom) -> list[int]:
    return [
        *_one_hot(atom.GetSymbol(), ELEMENTS),
        *_one_hot(min(atom.GetDegree(), _DEGREES[-1]), _DEGREES),
        *_one_hot(min(atom.GetTotalNumHs(), _HYDROGENS[-1]), _HYDROGENS),
        *_one_hot(max(-1, min(atom.GetFormalCharge(), 1)), _CHARGES),
        *_one_hot(atom.GetHybridization(), _HYBRIDIZATIONS),
        *(int(atom.IsInRingSize(size)) for size in _RING_SIZES),
        int(atom.GetIsAromatic()),
        int(atom.IsInRing()),
        int(atom.GetIsotope() > 0),
    ]


def _bond_features(bond: Chem.Bond) -> list[int]:
    return [
        *_one_hot(bond.GetBondType(), _BOND_TYPES),
        int(bond.GetIsConjugated()),
        int(bond.IsInRing()),
    ]
