"""The heavy-atom graph of a molecule: its features, alone and in batches.

Shapes in this module: ``a`` atoms and ``k`` bonds of a molecule, or of all molecules of a batch
together; each bond is two directed edges, ``e = 2k``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rdkit import Chem

from .molecule import ELEMENTS, RARE_ELEMENTS

_COMMON_ELEMENTS = ELEMENTS[: -len(RARE_ELEMENTS)]
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


def build_graph(mol: Chem.Mol) -> Graph:
    """Return the graph of a molecule, its atoms and bonds in the molecule's order.

    Of stereochemistry it holds what a mirror image leaves as it is: E and Z, and whether two
    neighbouring stereocentres have like or unlike CIP labels.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.graph import build_graph
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


def _one_hot(value, choices) -> list[bool]:
    return [value == choice for choice in choices]


# Few kinds of atoms and bonds make up all molecules, and looking one up is much the quicker way.
@lru_cache(maxsize=1 << 16)
def _atom_features(
    symbol, degree, hydrogens, charge, hybridization, ring_sizes, aromatic, labelled
) -> bytes:
    return bytes(
        [
            *_one_hot(symbol, _COMMON_ELEMENTS),
            *_one_hot(min(degree, _DEGREES[-1]), _DEGREES),
            *_one_hot(min(hydrogens, _HYDROGENS[-1]), _HYDROGENS),
            *_one_hot(max(-1, min(charge, 1)), _CHARGES),
            *_one_hot(hybridization, _HYBRIDIZATIONS),
            *(size in ring_sizes for size in _RING_SIZES),
            aromatic,
            len(ring_sizes) > 0,
            labelled,
            *_one_hot(symbol, RARE_ELEMENTS),
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
