"""What each atom of a molecule without isotope labels brings: elements, hydrogens, mass numbers."""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from .isotopes import CENTRES
from .molecule import ELEMENTS, NOMINAL_MASSES, each_atom

# Of the commonest isotope of each element, ``(len(ELEMENTS),)``.
MASS_NUMBERS = np.array([NOMINAL_MASSES[element] for element in ELEMENTS])
# From what mass the shifts of its isotopes are counted (``CENTRES``), ``(len(ELEMENTS),)``.
PATTERN_MASSES = MASS_NUMBERS + np.array([CENTRES.get(element, 0) for element in ELEMENTS])

_PLACE = {Chem.GetPeriodicTable().GetAtomicNumber(e): i for i, e in enumerate(ELEMENTS)}
_ONE_ATOM = np.eye(len(ELEMENTS), dtype=np.float32)


def compose(mol: Chem.Mol) -> np.ndarray:
    """Return the atoms of each element that each atom of a molecule brings, its hydrogens with it.

    Isotope labels are left aside; an explicit hydrogen brings itself.

    Returns:
        Shape ``(a, len(ELEMENTS))``, whole numbers in float32, which has the quicker matrix
        product; atoms in the molecule's order.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.composition import compose
        >>> compose(Chem.MolFromSmiles("CO"))[:, :5]  # H, B, C, N, O
        array([[3., 0., 1., 0., 0.],
               [1., 0., 0., 0., 1.]], dtype=float32)
    """
    atoms = each_atom(mol)
    elements = _ONE_ATOM[[_PLACE[atom.GetAtomicNum()] for atom in atoms]]
    elements[:, ELEMENTS.index("H")] += [atom.GetTotalNumHs() for atom in atoms]
    return elements
