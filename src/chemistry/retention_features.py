"""What the retention index follows from in a structure: its groups, how they lie, bulk properties.

An index is nearly a sum over groups (Stein et al., J. Chem. Inf. Model. 2007, 47, 975): atoms with
their surroundings are counted, pairs of neighbours and next neighbours, and a few properties of the
whole.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

from .molecule import Molecule

RADII = 3
PAIR_BITS = 1024
_ELEMENTS = ("C", "H", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
# Molecular quantum numbers count atoms, bonds, nodes and rings of each kind (Nguyen et al.,
# ChemMedChem 2009, 4, 1803). What takes longer (logP, charges) gained nothing beside them.
_QUANTUM_NUMBERS = 42
DESCRIPTORS = (
    *_ELEMENTS,
    *("polar surface", "donors", "acceptors", "rings", "aromatic rings", "surface", "chi1v"),
    *("sp3 carbons", "alpha", "root of size"),
    *(f"quantum number {i + 1}" for i in range(_QUANTUM_NUMBERS)),
)
_ENVIRONMENTS = [rdFingerprintGenerator.GetMorganGenerator(radius=r) for r in range(RADII)]
_PAIRS = rdFingerprintGenerator.GetAtomPairGenerator(
    maxDistance=2, fpSize=PAIR_BITS, countSimulation=False
)


class RetentionFeatures(NamedTuple):
    """What is counted of one molecule, labels left out: they move an index by little.

    Attributes:
        environments: hashes of the surroundings that its atoms have within two bonds, ``(e,)``
            uint32.
        counts: how often each occurs, ``(e,)`` float32.
        pairs: pairs of atoms one or two bonds apart, by a hash of their kinds, ``(PAIR_BITS,)``
            float32.
        descriptors: as ``DESCRIPTORS`` names them, ``(len(DESCRIPTORS),)`` float64.
    """

    environments: np.ndarray
    counts: np.ndarray
    pairs: np.ndarray
    descriptors: np.ndarray


def retention_features(molecule: Molecule) -> RetentionFeatures:
    """Count what the retention index follows from.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.chemistry.retention_features import DESCRIPTORS, retention_features
        >>> found = retention_features(read_molecule("CCO"))
        >>> float(found.descriptors[DESCRIPTORS.index("H")])
        6.0
    """
    mol, elements = molecule.unlabelled.mol, molecule.unlabelled.element_counts
    found = environments(molecule, RADII - 1)
    heavy = mol.GetNumHeavyAtoms()
    descriptors = [
        *(elements[element] for element in _ELEMENTS),
        rdMolDescriptors.CalcTPSA(mol),
        rdMolDescriptors.CalcNumLipinskiHBD(mol),
        rdMolDescriptors.CalcNumLipinskiHBA(mol),
        rdMolDescriptors.CalcNumRings(mol),
        rdMolDescriptors.CalcNumAromaticRings(mol),
        rdMolDescriptors.CalcLabuteASA(mol),
        rdMolDescriptors.CalcChi1v(mol),
        rdMolDescriptors.CalcFractionCSP3(mol) * elements["C"],
        rdMolDescriptors.CalcHallKierAlpha(mol),
        heavy**0.5,
        *rdMolDescriptors.MQNs_(mol),
    ]
    return RetentionFeatures(
        np.fromiter(found, np.uint32, len(found)),
        np.fromiter(found.values(), np.float32, len(found)),
        _PAIRS.GetCountFingerprintAsNumPy(mol).astype(np.float32),
        np.array(descriptors, np.float64),
    )


def environments(molecule: Molecule, radius: int) -> dict[int, int]:
    """Return how often each surrounding of an atom occurs, up to so many bonds away.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.chemistry.retention_features import environments
        >>> sorted(environments(read_molecule("CCO"), 0).values())
        [1, 1, 1]
    """
    mol = molecule.unlabelled.mol
    return _ENVIRONMENTS[radius].GetSparseCountFingerprint(mol).GetNonzeroElements()
