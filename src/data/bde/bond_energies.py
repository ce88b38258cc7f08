"""Bond dissociation energies (BDEs) of one molecule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BondEnergies:
    """Bond dissociation energies of one molecule.

    Attributes:
        atoms: indices of each bond's two atoms, ``(bonds, 2)`` int32, in the molecule with explicit
            hydrogens: its own atoms in canonical-SMILES order, then the hydrogens.
        bde: homolytic bond dissociation energies at 298 K in kcal/mol, ``(bonds,)`` float32; NaN
            where not valid.
        bdfe: the free energies, likewise.
        valid: whether the backend's model covers the bond, ``(bonds,)``.
        ring: whether it is a ring bond, ``(bonds,)``; such are never valid.
    """

    atoms: np.ndarray
    bde: np.ndarray
    bdfe: np.ndarray
    valid: np.ndarray
    ring: np.ndarray

    def __len__(self) -> int:
        return len(self.bde)


NO_BONDS = BondEnergies(
    np.empty((0, 2), np.int32),
    *(np.empty(0, kind) for kind in (np.float32, np.float32, bool, bool)),
)
