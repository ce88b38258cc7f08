"""Isotope patterns of formulas at nominal masses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

# Shares of the isotopes by mass number of elements that have many, lighter ones among them (IUPAC
# 2013 representative compositions, Meija et al., Pure Appl. Chem. 2016, 88, 293).
_SHARES = {
    "Ge": {70: 0.2052, 72: 0.2745, 73: 0.0776, 74: 0.3652, 76: 0.0775},
    "Se": {74: 0.0086, 76: 0.0923, 77: 0.0760, 78: 0.2369, 80: 0.4980, 82: 0.0882},
    "Sn": {112: 0.0097, 114: 0.0066, 115: 0.0034, 116: 0.1454, 117: 0.0768, 118: 0.2422,
           119: 0.0859, 120: 0.3258, 122: 0.0463, 124: 0.0579},
    "Hg": {196: 0.0015, 198: 0.1004, 199: 0.1694, 200: 0.2314, 201: 0.1317, 202: 0.2974,
           204: 0.0682},
    "Pb": {204: 0.014, 206: 0.241, 207: 0.221, 208: 0.524},
}  # fmt: skip


def _relative(shares: Mapping[int, float]) -> dict[int, float]:
    base = max(shares, key=shares.get)
    return {mass - base: share / shares[base] for mass, share in shares.items()}


# Isotopes of each element, as {mass shift from the most abundant one: abundance relative to it}, of
# the same source. Boron has the lighter 10B below its base mass; fluorine, phosphorus, arsenic and
# iodine have one stable isotope.
ISOTOPE_RATIOS: dict[str, dict[int, float]] = {
    "H": {0: 1.0, 1: 0.000115},
    "B": {-1: 0.248, 0: 1.0},
    "C": {0: 1.0, 1: 0.010816},
    "N": {0: 1.0, 1: 0.003653},
    "O": {0: 1.0, 1: 0.000381, 2: 0.002055},
    "F": {0: 1.0},
    "Si": {0: 1.0, 1: 0.050801, 2: 0.033527},
    "P": {0: 1.0},
    "S": {0: 1.0, 1: 0.007895, 2: 0.044742, 4: 0.000105},
    "Cl": {0: 1.0, 2: 0.319964},
    "Br": {0: 1.0, 2: 0.972776},
    "I": {0: 1.0},
    "As": {0: 1.0},
    **{element: _relative(shares) for element, shares in _SHARES.items()},
}


# Where the middle of an element's isotopes lies below the commonest one, in Da, so that patterns of
# two atoms of it (hexabutylditin, from M - 16 to M + 8) fit in the range below.
CENTRES = {"Ge": -1, "Se": -2, "Sn": -2, "Hg": -2, "Pb": -2}
# Mass shifts of the isotope patterns of ions from this middle, in Da: hexabromobenzene's ends at
# M + 12; only boron and the elements with a middle of their own bring any below 0.
LOWEST_ISOTOPE, HIGHEST_ISOTOPE = -8, 12


def isotope_pattern(counts: Mapping[str, int]) -> dict[int, float]:
    """Return the isotope pattern of a formula at nominal masses.

    The exact convolution of the elements' isotopes, by IUPAC abundances.

    Args:
        counts: number of atoms of each element, isotope labels left out.

    Returns:
        Abundance by mass shift from the ion of the most abundant isotopes, sum 1; shifts of less
        than 1e-6 left out.

    Raises:
        KeyError: an element outside the supported ones.

    Example:
        >>> from nextims.chemistry.isotopes import isotope_pattern
        >>> pattern = isotope_pattern({"C": 1, "Cl": 4})
        >>> round(pattern[2] / pattern[0], 2)
        1.28
    """
    pattern, lowest = _convolved(counts)
    return {i + lowest: float(p) for i, p in enumerate(pattern) if p >= 1e-6}


def highest_isotope(counts: Mapping[str, int], least: float) -> int:
    """Return the highest mass shift in the isotope pattern of a formula.

    Args:
        counts: number of atoms of each element, isotope labels left out.
        least: smallest abundance that counts, of that of the most abundant shift.

    Example:
        >>> from nextims.chemistry.isotopes import highest_isotope
        >>> highest_isotope({"C": 1, "Cl": 4}, 0.001)
        8
    """
    return _highest(frozenset(counts.items()), least)


@lru_cache(maxsize=4096)
def _highest(counts: frozenset[tuple[str, int]], least: float) -> int:
    pattern, lowest = _convolved(dict(counts))
    return int(np.flatnonzero(pattern >= least * pattern.max())[-1]) + lowest


def _convolved(counts: Mapping[str, int]) -> tuple[np.ndarray, int]:
    """Return the pattern, sum 1, and the mass shift at which it begins."""
    # Elements with lighter isotopes move the array's origin down.
    lowest = sum(number * min(ISOTOPE_RATIOS[element]) for element, number in counts.items())
    pattern = np.array([1.0])
    for element, number in counts.items():
        pattern = np.convolve(pattern, _of_one_element(element, number))
    return pattern / pattern.sum(), lowest


@lru_cache(maxsize=4096)
def _of_one_element(element: str, number: int) -> np.ndarray:
    ratios = ISOTOPE_RATIOS[element]
    single = np.zeros(max(ratios) - min(ratios) + 1)
    for shift, ratio in ratios.items():
        single[shift - min(ratios)] = ratio
    pattern = np.array([1.0])
    for _ in range(number):
        pattern = np.convolve(pattern, single)
    return pattern
