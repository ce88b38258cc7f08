"""Which entries a search looks at: those of one formula, or of about the molecule's mass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral

from ..chemistry.formula import count_elements
from ..chemistry.molecule import Molecule
from ..spectra.record import Record
from .entries import Entry, SearchError, formula_mass

# Da; what retrieval benchmarks of GC-MS allow on both sides.
MASS_WINDOW = 5


@dataclass(frozen=True)
class EntryFilter:
    """Passes the entries that can be of the molecule searched for.

    Args:
        formula: the exact formula, its elements in any order; isotope labels count as their
            element.
        mass: nominal mass of the molecule in Da; where it is ``None``, that which the measured
            record gives.
        mass_window: largest difference of nominal masses in Da; ``None`` for any mass.

    Raises:
        SearchError: the formula cannot be read, or a number is out of range.

    Example:
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.searching.entries import Entry
        >>> from nextims.searching.filters import EntryFilter
        >>> ethanol = Entry(Record("lab.msp", 1, "1", "", Spectrum([31], [1]), ("OCC",)))
        >>> EntryFilter(formula="C2H6O").passes(ethanol, None)
        True
        >>> EntryFilter(mass_window=5).passes(ethanol, 58)
        False
    """

    formula: str | None = None
    mass: int | None = None
    mass_window: int | None = None

    def __post_init__(self):
        if self.formula is not None and not (isinstance(self.formula, str) and self._elements):
            raise SearchError(f"{self.formula!r}: not a molecular formula, expected C10H15N, say")
        for name, least in (("mass", 1), ("mass_window", 0)):
            value = getattr(self, name)
            if value is not None and not isinstance(value, Integral):
                raise SearchError(f"{name}: expected a whole number of Da, found {value!r}")
            if value is not None and value < least:
                raise SearchError(f"{name}: must be at least {least} Da, found {value}")

    @cached_property
    def _elements(self) -> Counter[str] | None:
        return None if self.formula is None else count_elements(self.formula)

    @property
    def selective(self) -> bool:
        """Whether it can leave anything out."""
        return self.formula is not None or self.mass_window is not None

    def mass_of(self, query: Record) -> int | None:
        """Return the nominal mass in Da about which a query is searched, if that is known.

        That is the mass set, else the one that the record's formula or mass gives.
        """
        if self.mass_window is None:
            return None
        if self.mass is not None:
            return self.mass
        # An MW may be an average, which for bromine is far from the nominal mass.
        mass = formula_mass(query.formula)
        return query.nominal_mass if mass is None else mass

    def passes(self, entry: Entry, mass: int | None) -> bool:
        """Say whether an entry can be of a molecule of this nominal mass, ``None`` for any.

        An entry whose formula or mass is asked for and not known does not pass.
        """
        # What is not asked for is not looked up either: it may need the structure.
        elements = entry.elements if self.formula is not None else None
        own_mass = entry.nominal_mass if None not in (mass, self.mass_window) else None
        return self.passes_molecule(elements, own_mass, mass)

    def for_any_of(self, queries: Sequence[Record]) -> Callable[[Molecule], bool] | None:
        """Return what says of a molecule whether it can be that of one of some queries.

        It is ``None`` where any can.

        Example:
            >>> from nextims.chemistry.molecule import read_molecule
            >>> from nextims.searching.filters import EntryFilter
            >>> from nextims.spectra.record import Record
            >>> from nextims.spectra.spectrum import Spectrum
            >>> query = Record("gc.msp", 1, "1", "?", Spectrum([31], [1]))
            >>> wanted = EntryFilter(formula="C2H6O").for_any_of([query])
            >>> wanted(read_molecule("COC")), wanted(read_molecule("CO"))
            (True, False)
        """
        if not self.selective:
            return None
        masses = {self.mass_of(query) for query in queries}

        def wanted(molecule: Molecule) -> bool:
            elements = count_elements(molecule.formula)
            return any(
                self.passes_molecule(elements, molecule.nominal_mass, mass) for mass in masses
            )

        return wanted

    def passes_molecule(
        self, elements: Counter[str] | None, own_mass: int | None, mass: int | None
    ) -> bool:
        """Say the same of a molecule's elements and nominal mass in Da, ``None`` if unknown."""
        if self.formula is not None and elements != self._elements:
            return False
        if mass is None or self.mass_window is None:
            return True
        return own_mass is not None and abs(own_mass - mass) <= self.mass_window
