"""Which nominal masses a molecule's ions can have at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .isotopes import ISOTOPE_RATIOS
from .molecule import ELEMENTS, NOMINAL_MASSES


def possible_masses(
    atoms: Sequence[int], labels: Sequence[Sequence[int]], max_mz: int
) -> np.ndarray:
    """Return the nominal masses that some of a molecule's atoms can have together.

    Each atom of any of its natural isotopes, a labelled atom of the label's mass. The set of
    sums is a whole number whose bit ``i`` stands for the mass ``i``: with an atom of mass ``m`` it
    becomes itself or itself shifted by ``m``.

    Args:
        atoms: atoms of each of ``ELEMENTS``, labelled ones counted, as ``Molecule.atoms`` gives.
        labels: element, extra mass and number of each kind of isotope label.
        max_mz: highest nominal mass.

    Returns:
        Shape ``(max_mz,)`` bool; element ``i`` is m/z ``i + 1``.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.chemistry.possible_masses import possible_masses
        >>> (possible_masses(*read_molecule("CCl").atoms(), 60).nonzero()[0] + 1)[:9]
        array([ 1,  2,  3,  4,  5,  6, 12, 13, 14])
    """
    unlabelled = list(map(int, atoms))
    reached, all_masses = 1, (1 << (max_mz + 1)) - 1
    for element, extra, number in labels:
        unlabelled[element] -= int(number)
        mass = NOMINAL_MASSES[ELEMENTS[element]] + int(extra)
        for _ in range(int(number)):
            reached |= reached << mass
    for element, number in zip(ELEMENTS, unlabelled, strict=True):
        masses = [NOMINAL_MASSES[element] + shift for shift in ISOTOPE_RATIOS[element]]
        for _ in range(number):
            with_atom = reached
            for mass in masses:
                with_atom |= reached << mass
            reached = with_atom & all_masses
    bits = np.frombuffer((reached >> 1).to_bytes(max_mz // 8 + 1, "little"), np.uint8)
    return np.unpackbits(bits, bitorder="little")[:max_mz].astype(bool)
