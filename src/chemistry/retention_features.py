"""What the retention index follows from in a structure: its groups, its size and its shape.

An index is nearly a sum over groups (Stein et al., J. Chem. Inf. Model. 2007, 47, 975): atoms with
their surroundings, which ``Molecule.environments`` counts. What branches and rings do to it, as to
a boiling point, the numbers of bonds between atoms tell (Wiener, J. Am. Chem. Soc. 1947, 69, 17).
"""

from __future__ import annotations

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from .molecule import Molecule

_ELEMENTS = ("C", "H", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
_RING_SIZES = range(3, 11)  # the last: and larger
# Of RDKit's, those that take a microsecond or a few; logP, charges and the like gained nothing.
_OF_RDKIT = {
    "rings": rdMolDescriptors.CalcNumRings,
    "aromatic rings": rdMolDescriptors.CalcNumAromaticRings,
    "polar surface": rdMolDescriptors.CalcTPSA,
    "surface": rdMolDescriptors.CalcLabuteASA,
    "valence connectivity": rdMolDescriptors.CalcChi1v,
    "share of sp3 carbons": rdMolDescriptors.CalcFractionCSP3,
    "alpha": rdMolDescriptors.CalcHallKierAlpha,
}
_OF_DISTANCES = (
    *("root of atoms", "pairs two bonds apart", "pairs three bonds apart"),
    *("longest distance", "mean distance", "root of distances"),
)
DESCRIPTORS = (
    *(*_ELEMENTS, *_OF_RDKIT),
    *(*(f"rings of {size}" for size in _RING_SIZES), *_OF_DISTANCES),
)


def retention_descriptors(molecule: Molecule) -> np.ndarray:
    """Return what the retention index follows from beside the surroundings of atoms.

    Labels are left out: they move an index by little.

    Returns:
        As ``DESCRIPTORS`` names them, ``(len(DESCRIPTORS),)`` float64.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.chemistry.retention_features import DESCRIPTORS, retention_descriptors
        >>> float(retention_descriptors(read_molecule("CCO"))[DESCRIPTORS.index("H")])
        6.0
    """
    mol, elements = molecule.unlabelled.mol, molecule.unlabelled.element_counts
    return np.array(
        [
            *[elements[element] for element in _ELEMENTS],
            *[calculate(mol) for calculate in _OF_RDKIT.values()],
            *_of_rings(mol),
            *_of_distances(mol),
        ],
        np.float64,
    )


def _of_rings(mol: Chem.Mol) -> list[int]:
    rings = mol.GetRingInfo()
    if not rings.NumRings():
        return [0] * len(_RING_SIZES)
    sizes = [min(len(ring), _RING_SIZES[-1]) for ring in rings.AtomRings()]
    return [sizes.count(size) for size in _RING_SIZES]


def _of_distances(mol: Chem.Mol) -> list[float]:
    distances = Chem.GetDistanceMatrix(mol)
    atoms = len(distances)
    # Each pair is there twice.
    times = np.bincount(distances.ravel().astype(np.int64), minlength=4).tolist()
    longest = max(distance for distance, number in enumerate(times) if number)
    total = sum([distance * number for distance, number in enumerate(times)])
    return [
        atoms**0.5,
        times[2] / 2,
        times[3] / 2,
        longest,
        total / atoms / max(atoms - 1, 1),
        (total / atoms) ** 0.5,
    ]
