"""Peaks of a predicted spectrum and the ions behind them."""

from __future__ import annotations

from typing import NamedTuple

# Of accurate masses, where they are written.
MZ_DECIMALS = 4


class Peak(NamedTuple):
    """One peak of a predicted spectrum.

    Attributes:
        mz: nominal m/z; of a spectrum at accurate masses, m/z to four decimals.
        intensity: abundance, base peak 1.
        neutral_loss: mass lost from the molecular ion in Da, M − m/z, nominal or accurate as m/z
            is; below 0 for the heavier isotopes of the molecular ion.
    """

    mz: int | float
    intensity: float
    neutral_loss: int | float


class Ion(NamedTuple):
    """One of the ions behind a peak.

    Attributes:
        formula: in Hill order, less abundant isotopes told apart, D for deuterium, with the charge:
            ``C7H7+``, ``CCl2[37Cl]+``, ``C20H12+2``.
        mz: exact m/z, the electrons' mass taken off; the mean of isotopologues of one nominal mass.
        share: of the peak, 0 to 1.
        neutral_loss: formula of what the molecular ion has lost; empty for that ion itself.
        hydrogen_shift: hydrogens that the atoms kept have gained, or lost if below 0.
        isotope_shift: nominal mass above that of the most abundant isotopes.
        atoms: the atoms kept, by their place in the molecule (counted from 0 along its SMILES). A
            formula can come about in several ways: this is the most probable.
        piece: SMARTS of these atoms as the molecule binds them.
    """

    formula: str
    mz: float
    share: float
    neutral_loss: str
    hydrogen_shift: int
    isotope_shift: int
    atoms: tuple[int, ...]
    piece: str


class AnnotatedPeak(NamedTuple):
    """A peak of a predicted spectrum with what it is made of.

    Attributes:
        mz: as in the spectrum.
        intensity: base peak 1.
        ions: the ions, the most intense first.
        other_ions: share of the peak that many smaller ions carry together.
        unexplained: share of the peak that the bin head gives to a mass that no ion has. With this,
            the shares sum to 1.
    """

    mz: float
    intensity: float
    ions: tuple[Ion, ...]
    other_ions: float
    unexplained: float

    def chief_ions(self, number: int = 3, least: float = 0.05) -> tuple[Ion, ...]:
        """Return the ions that a line of text has room for: the first, and others worth a word.

        Args:
            number: so many at most.
            least: smallest share of those after the first.
        """
        return self.ions[:1] + tuple(ion for ion in self.ions[1:number] if ion.share >= least)
