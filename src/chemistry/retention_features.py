"""What the retention index follows from in a structure: its groups, its size and its shape.

An index is nearly a sum over groups (Stein et al., J. Chem. Inf. Model. 2007, 47, 975): atoms with
their surroundings are counted. What branches and rings do to boiling points is told by numbers of
the graph (Wiener, J. Am. Chem. Soc. 1947, 69, 17; Kier and Hall, Molecular Connectivity in
Chemistry and Drug Research, 1976; Kier, Quant. Struct.-Act. Relat. 1985, 4, 109).
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

from .molecule import Molecule

RADII = 3
_ELEMENTS = ("C", "H", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
_RING_SIZES = range(3, 11)  # the last: and larger
# Of RDKit's, those that take a microsecond or a few; logP, charges and the like gained nothing.
_OF_RDKIT = {
    "aromatic rings": rdMolDescriptors.CalcNumAromaticRings,
    "polar surface": rdMolDescriptors.CalcTPSA,
    "surface": rdMolDescriptors.CalcLabuteASA,
    "valence connectivity": rdMolDescriptors.CalcChi1v,
    "share of sp3 carbons": rdMolDescriptors.CalcFractionCSP3,
    "alpha": rdMolDescriptors.CalcHallKierAlpha,
}
_OF_RINGS = ("rings", *(f"rings of {size}" for size in _RING_SIZES), "fused atoms")
_OF_SHAPE = (
    *("root of atoms", "branched atoms", "connectivity 0", "connectivity 1", "connectivity 2"),
    *("paths of 2 bonds", "paths of 3 bonds", "kappa 1", "kappa 2", "kappa 3"),
    *("longest path", "mean distance", "root of distances"),
)
DESCRIPTORS = (*_ELEMENTS, *_OF_RDKIT, *_OF_RINGS, *_OF_SHAPE)
_ENVIRONMENTS = [rdFingerprintGenerator.GetMorganGenerator(radius=r) for r in range(RADII)]


class RetentionFeatures(NamedTuple):
    """What is counted of one molecule, labels left out: they move an index by little.

    Attributes:
        environments: hashes of the surroundings that its atoms have within two bonds, ``(e,)``
            uint32.
        counts: how often each occurs, ``(e,)`` float32.
        descriptors: as ``DESCRIPTORS`` names them, ``(len(DESCRIPTORS),)`` float64.
    """

    environments: np.ndarray
    counts: np.ndarray
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
    descriptors = [
        *[elements[element] for element in _ELEMENTS],
        *[calculate(mol) for calculate in _OF_RDKIT.values()],
        *_of_rings(mol),
        *_of_shape(mol),
    ]
    return RetentionFeatures(
        np.fromiter(found, np.uint32, len(found)),
        np.fromiter(found.values(), np.float32, len(found)),
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


def _of_rings(mol: Chem.Mol) -> list[int]:
    rings = mol.GetRingInfo().AtomRings()
    sizes = Counter([min(len(ring), _RING_SIZES[-1]) for ring in rings])
    times = Counter([atom for ring in rings for atom in ring])
    fused = sum([number > 1 for number in times.values()])
    return [len(rings), *[sizes[size] for size in _RING_SIZES], fused]


def _of_shape(mol: Chem.Mol) -> list[float]:
    """Return numbers of the graph; those of branching are 0 where there are too few atoms."""
    atoms = mol.GetNumAtoms()
    if atoms == 1:
        return [1.0, *[0.0] * (len(_OF_SHAPE) - 1)]
    adjacent = Chem.GetAdjacencyMatrix(mol).astype(np.float64)
    distances = Chem.GetDistanceMatrix(mol)
    degree = adjacent.sum(0)
    inverse_root = degree**-0.5
    next_to = adjacent @ np.stack([inverse_root, inverse_root**2, degree - 1], axis=1)
    bonds, two = degree.sum() / 2, degree @ (degree - 1) / 2
    # A triangle's bonds are no path of three.
    triangles = 3 * sum([len(ring) == 3 for ring in mol.GetRingInfo().AtomRings()])
    three = (degree - 1) @ next_to[:, 2] / 2 - triangles
    long, short = atoms - 3, atoms - 2
    most_of_three = (atoms - 1) * long**2 if atoms % 2 else long * short**2
    total = float(distances.sum())
    return [
        atoms**0.5,
        int((degree >= 3).sum()),
        inverse_root.sum(),
        inverse_root @ next_to[:, 0] / 2,
        (next_to[:, 0] ** 2 - next_to[:, 1]) @ inverse_root / 2,
        two,
        three,
        atoms * (atoms - 1) ** 2 / bonds**2,
        (atoms - 1) * short**2 / two**2 if two else 0.0,
        most_of_three / three**2 if three > 0 else 0.0,
        float(distances.max()),
        total / atoms / (atoms - 1),
        (total / atoms) ** 0.5,
    ]
