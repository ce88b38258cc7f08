"""Spectra of isotope-labelled molecules from what the exported student says of their ions.

Labels may lie anywhere in the molecule, so that each ion has a distribution of them. Imports no
PyTorch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...chemistry.isotope_labels import with_labels
from ...chemistry.molecule import Molecule


class LabelledIons(NamedTuple):
    """The ``k`` ions that are seen of the labelled molecules of a batch.

    Attributes:
        ion_molecule: which of the batch each ion is of, ``(k,)`` int64.
        ion_atoms: atoms of each element, labelled ones counted, ``(k, len(ELEMENTS))`` int64.
        ion_mz: nominal mass at which the pattern begins, ``(k,)`` int64, Da; labels weigh nothing.
        ion_pattern: intensities of the isotopes of its atoms without labels, ``(k, isotopes)``
            float32.
    """

    ion_molecule: np.ndarray
    ion_atoms: np.ndarray
    ion_mz: np.ndarray
    ion_pattern: np.ndarray


def labelled_spectrum(
    ions: LabelledIons, number: int, molecule: Molecule, max_mz: int
) -> np.ndarray:
    """Return the spectrum of a labelled molecule, ``(max_mz,)`` float32, sum 1.

    Args:
        ions: the ions of the batch.
        number: which of the batch the molecule is.
        molecule: the molecule.
        max_mz: highest nominal mass.
    """
    own = ions.ion_molecule == number
    atoms, pattern = ions.ion_atoms[own], ions.ion_pattern[own]
    spread = with_labels(pattern, atoms, *molecule.atoms())
    first = ions.ion_mz[own] - (spread.shape[1] - pattern.shape[1]) // 2
    mz = first[:, None] + np.arange(spread.shape[1])
    inside = (mz >= 1) & (mz <= min(max_mz, molecule.highest_mz))
    bins = np.bincount(mz[inside] - 1, spread[inside], minlength=max_mz)
    return (bins / bins.sum()).astype(np.float32)
