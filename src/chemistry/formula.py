"""Formulas of ions: their text, exact mass and isotopologues."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from math import comb, prod
from typing import NamedTuple

from rdkit import Chem

from .isotopes import ISOTOPE_RATIOS

_ATOMS = re.compile(r"(?:\[(\d+)([A-Z][a-z]?)\]|([A-Z][a-z]?))(\d*)")
_FORMULA = re.compile(rf"\[?((?:{_ATOMS.pattern})+)\]?\d*[+-]?\d*\.?")

# In Da (CODATA 2018); a cation weighs so much less than the atoms that it is made of.
ELECTRON_MASS = 0.000548579909

# How many atoms of each nuclide: element and mass number, 0 for the element as it occurs.
Formula = Mapping[tuple[str, int], int]

_PERIODIC_TABLE = Chem.GetPeriodicTable()
_SYMBOLS = {_PERIODIC_TABLE.GetElementSymbol(number) for number in range(1, 119)}
_CAPITALS = re.compile(
    "|".join(
        s.upper()
        for s in sorted(_SYMBOLS)
        if len(s) == 2 and s[1].upper() not in {*_SYMBOLS, "D", "T"}
    )
)
_HYDROGENS = {("H", 2): "D", ("H", 3): "T"}
_NUCLIDES = {symbol: nuclide for nuclide, symbol in _HYDROGENS.items()}
_LARGEST_DEFECT = 0.008  # that of hydrogen
# Hexabromobenzene's pattern ends at M + 12.
_HIGHEST_SHIFT = 12
_RAREST = 1e-9


class Isotopologue(NamedTuple):
    """The isotopologues of one formula that weigh the same to the nearest unit.

    Attributes:
        abundance: their share of all.
        mass_shift: their mean mass in Da above the one of the most abundant isotopes alone,
            weighted by abundance.
        isotopes: less abundant isotopes in the most abundant of them, as element, mass number and
            number of atoms.
    """

    abundance: float
    mass_shift: float
    isotopes: tuple[tuple[str, int, int], ...]


class _Entry(NamedTuple):
    """An isotopologue while formulas are put together: sums, and the most abundant composition."""

    abundance: float
    moment: float
    best_abundance: float
    isotopes: tuple[tuple[str, int, int], ...]


def hill_formula(atoms: Formula) -> str:
    """Return a formula in Hill order: carbon, hydrogen, then by the alphabet.

    Isotopes follow their element, deuterium and tritium as D and T. Numbers of 0 are left out.

    Example:
        >>> from nextims.chemistry.formula import hill_formula
        >>> hill_formula({("O", 0): 1, ("H", 0): 4, ("H", 2): 3, ("C", 0): 3})
        'C3H4D3O'
        >>> hill_formula({("C", 0): 1, ("Cl", 0): 2, ("Cl", 37): 1})
        'CCl2[37Cl]'
    """
    first = ("C", "H") if any(element == "C" and n for (element, _), n in atoms.items()) else ()
    order = {element: place for place, element in enumerate(first)}
    parts = sorted(
        (order.get(element, len(first)), element, isotope, number)
        for (element, isotope), number in atoms.items()
        if number
    )
    return "".join(
        (_HYDROGENS.get((element, isotope)) or (f"[{isotope}{element}]" if isotope else element))
        + (str(number) if number > 1 else "")
        for _, element, isotope, number in parts
    )


def exact_mass(atoms: Formula) -> float:
    """Return the mass in Da of the most abundant isotopes and the given ones; no electron is lost.

    Example:
        >>> from nextims.chemistry.formula import ELECTRON_MASS, exact_mass
        >>> round(exact_mass({("C", 0): 7, ("H", 0): 7}) - ELECTRON_MASS, 4)  # tropylium
        91.0542
    """
    return sum(
        number * nuclide_mass(element, isotope) for (element, isotope), number in atoms.items()
    )


@lru_cache
def nuclide_mass(element: str, isotope: int = 0) -> float:
    """Return the mass of an isotope in Da, of the most abundant one if none is named."""
    isotope = isotope or _PERIODIC_TABLE.GetMostCommonIsotope(element)
    return _PERIODIC_TABLE.GetMassForIsotope(element, isotope)


def nominal_mass(atoms: Formula) -> int:
    """Return the mass number in Da of the most abundant isotopes and the given ones.

    Example:
        >>> from nextims.chemistry.formula import nominal_mass, parse_formula
        >>> nominal_mass(parse_formula("C7H5D3")), nominal_mass(parse_formula("C6Br6"))
        (95, 546)
    """
    return sum(
        number * (isotope or _PERIODIC_TABLE.GetMostCommonIsotope(element))
        for (element, isotope), number in atoms.items()
    )


def isotopologues(counts: Mapping[str, int]) -> dict[int, Isotopologue]:
    """Return the isotopologues of a formula by mass shift from that of the commonest isotopes.

    The abundances are those of ``isotope_pattern``. What lies beyond M + 12 or is rarer than 1e-9
    is left out.

    Args:
        counts: number of atoms of each element, isotope labels left out.

    Raises:
        KeyError: an element outside the supported ones.

    Example:
        >>> from nextims.chemistry.formula import isotopologues
        >>> heavy = isotopologues({"C": 1, "Cl": 3})[2]
        >>> round(heavy.mass_shift, 5), heavy.isotopes
        (1.99705, (('Cl', 37, 1),))
    """
    return _isotopologues(tuple(sorted((e, int(n)) for e, n in counts.items() if n)))


@lru_cache(maxsize=1 << 13)
def _isotopologues(counts: tuple[tuple[str, int], ...]) -> dict[int, Isotopologue]:
    table = {0: _Entry(1.0, 0.0, 1.0, ())}
    for element, number in counts:
        table = _joined(table, _of_element(element, number))
    return {
        shift: Isotopologue(entry.abundance, entry.moment / entry.abundance, entry.isotopes)
        for shift, entry in sorted(table.items())
    }


def _joined(one: dict[int, _Entry], other: dict[int, _Entry]) -> dict[int, _Entry]:
    """Return the isotopologues of two formulas with no element in common put together."""
    joined: dict[int, _Entry] = {}
    for (shift, a), (added, b) in product(one.items(), other.items()):
        abundance = a.abundance * b.abundance
        if abundance < _RAREST or shift + added > _HIGHEST_SHIFT:
            continue
        moment = a.moment * b.abundance + a.abundance * b.moment
        pair = _Entry(
            abundance, moment, a.best_abundance * b.best_abundance, a.isotopes + b.isotopes
        )
        _add(joined, shift + added, pair)
    return joined


@lru_cache(maxsize=1 << 12)
def _of_element(element: str, number: int) -> dict[int, _Entry]:
    """Return the isotopologues of so many atoms of one element, by multinomial coefficients."""
    ratios = ISOTOPE_RATIOS[element]
    shares = {shift: ratio / sum(ratios.values()) for shift, ratio in ratios.items()}
    common = shares.pop(0)
    base = _PERIODIC_TABLE.GetMostCommonIsotope(element)
    # Lighter isotopes (10B, most of tin's) have no lowest shift to keep to.
    most = [min(number, _HIGHEST_SHIFT // shift if shift > 0 else number) for shift in shares]
    table: dict[int, _Entry] = {}
    for numbers in _numbers(most, number):
        rest = number - sum(numbers)
        shift = sum(n * s for n, s in zip(numbers, shares, strict=True))
        if shift > _HIGHEST_SHIFT:
            continue
        ways = prod(comb(number - sum(numbers[:i]), n) for i, n in enumerate(numbers))
        abundance = ways * common**rest * prod(
            share**n for share, n in zip(shares.values(), numbers, strict=True)
        )  # fmt: skip
        if abundance < _RAREST:
            continue
        isotopes = tuple((element, base + s, n) for s, n in zip(shares, numbers, strict=True) if n)
        mass_shift = sum(
            n * (nuclide_mass(element, isotope) - nuclide_mass(element))
            for _, isotope, n in isotopes
        )
        _add(table, shift, _Entry(abundance, abundance * mass_shift, abundance, isotopes))
    return table


def _numbers(most: list[int], number: int) -> Iterator[tuple[int, ...]]:
    """Yield how many atoms of each less abundant isotope there can be among so many atoms."""
    if not most:
        yield ()
        return
    for own in range(min(most[0], number) + 1):
        for others in _numbers(most[1:], number - own):
            yield own, *others


def _add(table: dict[int, _Entry], shift: int, entry: _Entry) -> None:
    old = table.get(shift)
    if old is None:
        table[shift] = entry
        return
    best = max(old, entry, key=lambda found: found.best_abundance)
    table[shift] = _Entry(
        old.abundance + entry.abundance,
        old.moment + entry.moment,
        best.best_abundance,
        best.isotopes,
    )


def parse_formula(formula: str) -> Counter[tuple[str, int]] | None:
    """Count the nuclides of a formula, as ``Formula`` does, its charge left aside.

    Where a formula is all in capitals (``C6H5CL``), two of them are one element if the second alone
    would be none.

    Returns:
        Counts; ``None`` where the text is not one plain formula of elements that exist.

    Example:
        >>> from nextims.chemistry.formula import hill_formula, parse_formula
        >>> hill_formula(parse_formula("D3C[13C]H2[2H]"))
        'C[13C]H2D4'
    """
    formula = formula.strip()
    if formula.isupper():
        formula = _CAPITALS.sub(lambda pair: pair[0].title(), formula)
    found = _FORMULA.fullmatch(formula)
    if found is None:
        return None
    counts: Counter[tuple[str, int]] = Counter()
    for isotope, labelled, plain, number in _ATOMS.findall(found[1]):
        nuclide = _NUCLIDES.get(plain, (labelled or plain, int(isotope or 0)))
        counts[nuclide] += int(number or 1)
    return counts if all(element in _SYMBOLS for element, _ in counts) else None


def count_elements(formula: str) -> Counter[str] | None:
    """Count the atoms of each element in a formula, isotopes and charge left aside.

    Returns:
        Counts; ``None`` where the text is not one plain formula.

    Example:
        >>> from nextims.chemistry.formula import count_elements
        >>> count_elements("C2D6O") == count_elements("C2[2H]6O") == count_elements("C2H6O")
        True
    """
    nuclides = parse_formula(formula)
    if nuclides is None:
        return None
    counts: Counter[str] = Counter()
    for (element, _), number in nuclides.items():
        counts[element] += number
    return counts


@lru_cache(maxsize=1 << 12)
def mass_defect(formula: str) -> float | None:
    """Return the exact mass of a formula above its nominal one, relative to it.

    Returns:
        The defect; ``None`` where the text is no formula of elements and isotopes that exist.

    Example:
        >>> from nextims.chemistry.formula import mass_defect
        >>> [round(mass_defect(formula), 5) for formula in ("C6Br6", "C40H82")]
        [-0.0009, 0.00114]
    """
    atoms = parse_formula(formula)
    if not atoms:
        return None
    defect = exact_mass(atoms) / max(nominal_mass(atoms), 1) - 1
    return defect if abs(defect) <= _LARGEST_DEFECT else None
