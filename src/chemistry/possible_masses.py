"""Which nominal masses a molecule's ions can have at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .composition import MASS_NUMBERS
from .double_charges import can_hold_two_charges
from .isotopes import ISOTOPE_RATIOS
from .molecule import ELEMENTS, NOMINAL_MASSES


def possible_masses(
    atoms: Sequence[int],
    labels: Sequence[Sequence[int]],
    max_mz: int,
    *,
    doubly_charged: bool = False,
    isotopes: bool = True,
) -> np.ndarray:
    """Return the nominal masses that some of a molecule's atoms can have together.

    Each atom of any of its natural isotopes, a labelled atom of the label's mass. The set of
    sums is a whole number whose bit ``i`` stands for the mass ``i``: with an atom of mass ``m`` it
    becomes itself or itself shifted by ``m``.

    Args:
        atoms: atoms of each of ``ELEMENTS``, labelled ones counted, as ``Molecule.atoms`` gives.
        labels: element, extra mass and number of each kind of isotope label.
        max_mz: highest nominal mass.
        doubly_charged: whether ions of an arene with two charges count as well, if they have half
            of its mass or more.
        isotopes: whether atoms may be of their rarer isotopes.

    Returns:
        Shape ``(max_mz,)`` bool; element ``i`` is m/z ``i + 1``.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.chemistry.possible_masses import possible_masses
        >>> (possible_masses(*read_molecule("CCl").atoms(), 60).nonzero()[0] + 1)[:9]
        array([ 1,  2,  3,  4,  5,  6, 12, 13, 14])
        >>> mercury = read_molecule("[Hg]").atoms()
        >>> possible_masses(*mercury, 202, isotopes=False).nonzero()[0] + 1
        array([202])
    """
    unlabelled = list(map(int, atoms))
    doubly_charged = doubly_charged and bool(can_hold_two_charges(np.asarray(atoms)))
    # At half their mass, ions of up to twice the highest m/z are seen.
    highest = 2 * max_mz + 1 if doubly_charged else max_mz
    reached, all_masses = 1, (1 << (highest + 1)) - 1
    for element, extra, number in labels:
        unlabelled[element] -= int(number)
        mass = NOMINAL_MASSES[ELEMENTS[element]] + int(extra)
        for _ in range(int(number)):
            reached |= reached << mass
    for element, number in zip(ELEMENTS, unlabelled, strict=True):
        shifts = ISOTOPE_RATIOS[element] if isotopes else (0,)
        masses = [NOMINAL_MASSES[element] + shift for shift in shifts]
        for _ in range(number):
            with_atom = reached
            for mass in masses:
                with_atom |= reached << mass
            reached = with_atom & all_masses
    bits = np.frombuffer(reached.to_bytes(highest // 8 + 1, "little"), np.uint8)
    masses = np.unpackbits(bits, bitorder="little")[: highest + 1].astype(bool)
    possible = masses[1 : max_mz + 1].copy()
    if doubly_charged:
        lightest = _mass(atoms, labels) // 2
        masses[:lightest] = False
        possible |= masses[2:].reshape(-1, 2).any(1)  # m/z 1 is that of the masses 2 and 3
    return possible


def _mass(atoms: Sequence[int], labels: Sequence[Sequence[int]]) -> int:
    extra = sum(int(extra) * int(number) for _, extra, number in labels)
    return int(np.asarray(atoms) @ MASS_NUMBERS) + extra
