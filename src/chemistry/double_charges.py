"""Which ions can carry two charges, and at what m/z they show.

Arenes and halogenated arenes, and what is left of them after small losses, are seen with two
charges at half their mass: benzo[a]pyrene at m/z 126, hexachlorobenzene at 142. An ion of odd mass
lies at a half; at nominal masses it is rounded down, as a measured m/z of 126.5 is (floor(m +
0.4)).
"""

from __future__ import annotations

import numpy as np

from .molecule import ELEMENTS

VALENCES = {"H": 1, "B": 3, "C": 4, "N": 3, "O": 2, "F": 1, "Si": 4, "P": 3, "S": 2, "Cl": 1,
            "Br": 1, "I": 1, "Se": 2, "As": 3, "Sn": 4, "Hg": 2, "Ge": 4, "Pb": 4}  # fmt: skip
# What an atom of each element adds to twice the number of rings and double bonds, beside 2.
_UNSATURATION = tuple(VALENCES[element] - 2 for element in ELEMENTS)
_CARBON = ELEMENTS.index("C")
# Those of a benzene ring.
_LEAST_CARBONS = 6
_LEAST_UNSATURATION = 2 * 4
# Losses after which a molecule is looked for with two charges.
LOSSES = ("", "H", "H2", "H3", "H4", "CH3", "C2H2", "C2H3", "CO", "CHO", "Cl", "HCl", "Cl2", "Br",
          "HBr", "Br2")  # fmt: skip


def can_hold_two_charges(atoms: np.ndarray) -> np.ndarray:
    """Say whether ions have the carbons, rings and double bonds of an arene.

    Args:
        atoms: atoms of each element, ``(..., len(ELEMENTS))``; a tensor will do.

    Returns:
        Shape ``(...)`` bool.

    Example:
        >>> from nextims.chemistry.double_charges import can_hold_two_charges
        >>> from nextims.chemistry.molecule import read_molecule
        >>> [bool(can_hold_two_charges(read_molecule(smiles).atoms()[0]))
        ...  for smiles in ("Clc1ccccc1", "C1CCCCC1", "CCO")]
        [True, False, False]
    """
    twice = 2 + sum(atoms[..., place] * n for place, n in enumerate(_UNSATURATION) if n)
    return (atoms[..., _CARBON] >= _LEAST_CARBONS) & (twice >= _LEAST_UNSATURATION)
