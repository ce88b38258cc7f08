"""Spectra of isotope-labelled molecules from what the exported student says of their ions.

Which labels a piece holds is known; other ions hold what pieces of their mass hold. Imports no
PyTorch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...chemistry.composition import MASS_NUMBERS, PATTERN_MASSES
from ...chemistry.isotope_labels import (
    LABELLED_SHIFTS,
    SHIFTS,
    label_parts,
    likely_extra,
    with_labels,
)
from ...chemistry.isotopes import LOWEST_ISOTOPE
from ...chemistry.molecule import Molecule
from ...chemistry.pieces import PieceSet
from ...spectra.prediction import carbon_scale


class LabelledIons(NamedTuple):
    """What is seen of the labelled molecules of a batch: ``k`` ions by formula, and ``m`` pieces.

    Attributes:
        ion_molecule: which of the batch each ion is of, ``(k,)`` int64.
        ion_charge: 1 or 2, ``(k,)`` int64.
        ion_atoms: atoms of each element, labelled ones counted, ``(k, len(ELEMENTS))`` int64.
        ion_mass: nominal mass that the pattern begins at, ``(k,)`` int64, Da; labels weigh
            nothing.
        ion_pattern: intensities of the isotopes of its atoms without labels, ``(k, isotopes)``
            float32.
        piece_molecule: which of the batch each piece is of, ``(m,)`` int64.
        piece_share: intensity at each hydrogen shift, ``(m, S)`` float32.
        piece_pattern: isotopes of its atoms without labels, sum 1, ``(m, isotopes)`` float32.
    """

    ion_molecule: np.ndarray
    ion_charge: np.ndarray
    ion_atoms: np.ndarray
    ion_mass: np.ndarray
    ion_pattern: np.ndarray
    piece_molecule: np.ndarray
    piece_share: np.ndarray
    piece_pattern: np.ndarray


def labelled_spectrum(
    ions: LabelledIons, number: int, molecule: Molecule, pieces: PieceSet, without: np.ndarray
) -> np.ndarray:
    """Return the spectrum of a labelled molecule, ``(max_mz,)`` float32, sum 1.

    Args:
        ions: the ions of the batch.
        number: which of the batch the molecule is.
        molecule: the molecule.
        pieces: its pieces.
        without: the spectrum that it would have without labels, ``(max_mz,)``.
    """
    whole, labels = molecule.atoms()
    max_mz = len(without)
    highest = min(max_mz, molecule.highest_mz)
    scale = np.concatenate([[1.0], carbon_scale(without)])  # of m/z 0 to max_mz
    of_pieces = ions.piece_molecule == number
    parts = label_parts(pieces.elements, pieces.labels, labels, pieces.acidic)
    mass = pieces.elements @ MASS_NUMBERS
    share = ions.piece_share[of_pieces]
    own = ions.ion_molecule == number
    atoms, charge = ions.ion_atoms[own], ions.ion_charge[own]
    pattern, first = ions.ion_pattern[own], ions.ion_mass[own]
    of_ions = np.bincount(atoms @ MASS_NUMBERS, pattern.sum(1) * (charge == 1), mass[0] + 1)
    extra = likely_extra(parts, mass, pieces.broken_bonds, share, of_ions, labels)
    mz = atoms @ MASS_NUMBERS // charge
    pattern = pattern * scale[mz.clip(0, max_mz), None]
    spread = with_labels(pattern, atoms, whole, labels, extra)
    reach = (spread.shape[1] - pattern.shape[1]) // 2
    bins = _added(spread, first - reach, highest, max_mz, charge)
    share = share * scale[(mass[:, None] + np.array(SHIFTS)).clip(0, max_mz)]
    moved = np.einsum("ms,mst->mt", share, parts.exchange)
    pattern, last = ions.piece_pattern[of_pieces], len(LABELLED_SHIFTS) - 1
    spread = sum(
        np.pad(moved[:, i : i + 1] * pattern, ((0, 0), (i, last - i))) for i in range(last + 1)
    )
    first = parts.mass + parts.natural @ (PATTERN_MASSES - MASS_NUMBERS)
    bins += _added(spread, first + LABELLED_SHIFTS[0] + LOWEST_ISOTOPE, highest, max_mz)
    return (bins / bins.sum()).astype(np.float32)


def _added(
    spread: np.ndarray,
    first: np.ndarray,
    highest: int,
    max_mz: int,
    charge: np.ndarray | None = None,
) -> np.ndarray:
    """Add rows ``(n, k)`` that begin at the mass ``first`` into bins, ``(max_mz,)`` float64."""
    mz = first[:, None] + np.arange(spread.shape[1])
    if charge is not None:  # at half their mass, odd ones are rounded down
        mz //= charge[:, None]
    inside = (mz >= 1) & (mz <= highest)
    return np.bincount(mz[inside] - 1, spread[inside], minlength=max_mz)
