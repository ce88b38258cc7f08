"""What the peaks of a spectrum say of the number of groups on a derivative.

Three things speak for a number: the molecular ion M; the ion of the first loss (a methyl of TMS,
the butyl of TBDMS, the methoxyl of a methoxime; Lai and Fiehn, Mass Spectrom. Rev. 2018, 37, 245);
and, for the sugars and alditols that show neither, the two halves of the chain, whose masses add up
to M wherever it breaks (Laine and Sweeley, Carbohydr. Res. 1973, 27, 199). Beside each ion no more
may stand than the isotopes of its formula (older lists of peaks leave these out), and next to
nothing above M.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from ...chemistry.derivatives.reactions import derivatise
from ...chemistry.derivatives.reagents import REAGENTS, nominal_mass
from ...chemistry.isotopes import isotope_pattern
from ...chemistry.molecule import Molecule

# What is lost first, by the group that decides it.
_FIRST_LOSS = {
    "tbdms": Counter({"C": 4, "H": 9}),
    "tms": Counter({"C": 1, "H": 3}),
    "meox": Counter({"C": 1, "H": 3, "O": 1}),
}
_SILANOL = Counter({"C": 3, "H": 10, "O": 1, "Si": 1})
# Ions of the column, and of silyl groups that meet: they stand in spectra of anything silylated.
_COMMON = (73, 147, 207, 221, 281, 355, 429)
_ISOTOPES = 4
_LEAST_FIT = 0.95
# Least heights, base peak 1, where the number is named: of the first loss, of the molecular ion.
_NAMED_LOSS, _NAMED_MOLECULAR = 0.002, 0.01
# Where it is not: of each of two ions, of the first loss alone, of the molecular ion alone.
_EACH, _LOSS_ALONE, _MOLECULAR_ALONE = 0.005, 0.01, 0.05
# Breaks of the chain, both halves seen, that tell the number.
_BREAKS = 2
# What may stand above M as noise: so much, or so much of the ion that speaks for the number.
_NOISE, _NOISE_SHARE, _NOISE_SHARE_ALONE = 0.005, 0.2, 0.1

_CHAIN_BOND = Chem.MolFromSmarts("[$([#6]O[Si]),$(C=NO[CH3])]-!@[$([#6]O[Si]),$(C=NO[CH3])]")
_CHAIN = Chem.MolFromSmarts("[#6;$(*O)][#6;$(*O)][#6;$(*O)]")


@dataclass(frozen=True)
class Evidence:
    """What the peaks say of one number of groups.

    Attributes:
        groups: number of groups by key of ``REAGENTS``.
        mass: nominal mass of the derivative, in Da.
        molecular: height of the molecular ion, base peak 1; 0 if other peaks than its isotopes
            stand beside it.
        loss: height of the ion of the first loss, likewise.
        loss_is_common: whether that ion stands in other spectra as well.
        breaks: places where the chain breaks with both halves seen.
        above: highest peak above the molecular ion.
    """

    groups: Mapping[str, int]
    mass: int
    molecular: float
    loss: float
    loss_is_common: bool
    breaks: int
    above: float

    @property
    def is_pair(self) -> bool:
        """Whether molecular ion and first loss both show."""
        return self._quiet and min(self.molecular, self.loss) >= _EACH

    @property
    def tells(self) -> bool:
        """Whether the peaks say the number by themselves."""
        if self.is_pair or (self._quiet and self.breaks >= _BREAKS):
            return True
        loss = 0.0 if self.loss_is_common else self.loss
        return (loss >= _LOSS_ALONE and self.above <= _NOISE_SHARE_ALONE * loss) or (
            self.molecular >= _MOLECULAR_ALONE and self.above <= _NOISE_SHARE_ALONE * self.molecular
        )

    @property
    def bears_out(self) -> bool:
        """Whether the peaks bear out the number where it is named."""
        loss = 0.0 if self.loss_is_common else self.loss
        return self.tells or (
            self._quiet and (loss >= _NAMED_LOSS or self.molecular >= _NAMED_MOLECULAR)
        )

    @property
    def _quiet(self) -> bool:
        return self.above <= max(_NOISE, _NOISE_SHARE * max(self.molecular, self.loss))


def weigh(bins: np.ndarray, parent: Molecule, groups: Mapping[str, int]) -> Evidence:
    """Look for a derivative in a spectrum.

    Args:
        bins: intensity per nominal mass from 1, base peak 1, shape ``(n,)``.
        parent: the molecule without the groups.
        groups: number of silyl and methoxime groups by key of ``REAGENTS``, one at least; more
            than the structure can take are looked for as well.

    Example:
        >>> from nextims.data.library.derivative_evidence import weigh
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.spectra.spectrum import Spectrum
        >>> bins = Spectrum([75, 103, 104, 105, 118, 119], [999, 580, 55, 25, 60, 6]).binned(150)
        >>> weigh(bins, read_molecule("CCO"), {"tms": 1}).is_pair
        True
    """
    counts = Counter(parent.element_counts)
    for key, number in groups.items():
        for element, atoms in REAGENTS[key].adds.items():
            counts[element] += number * atoms
    mass = parent.nominal_mass + sum(REAGENTS[key].shift * n for key, n in groups.items())
    lost = next(loss for key, loss in _FIRST_LOSS.items() if groups.get(key))
    fragment = mass - nominal_mass(lost)
    above = float(bins[mass + _ISOTOPES - 1 :].max(initial=0.0))
    return Evidence(
        groups,
        mass,
        molecular=_height(bins, mass, counts, with_loss_of_h=True),
        loss=_height(bins, fragment, counts - lost),
        loss_is_common=fragment in _COMMON,
        breaks=_count_breaks(bins, parent, groups) if above <= _NOISE else 0,
        above=above,
    )


def _count_breaks(bins: np.ndarray, parent: Molecule, groups: Mapping[str, int]) -> int:
    """Count the places where the chain breaks and both halves are seen, whole or less a silanol."""
    if not parent.mol.HasSubstructMatch(_CHAIN):
        return 0
    derivatives = derivatise(parent, limit=2, **groups)
    if len(derivatives) != 1:
        return 0
    return len(
        {
            frozenset(map(nominal_mass, halves))
            for halves in _halves(derivatives[0].mol)
            if all(_shows(bins, half) for half in halves)
        }
    )


def _halves(mol: Chem.Mol) -> Iterator[list[Counter[str]]]:
    """Yield the formulas of the two halves that each bond of the chain holds together."""
    for bond in mol.GetSubstructMatches(_CHAIN_BOND):
        broken = Chem.RWMol(mol)
        broken.RemoveBond(*bond)
        yield [_count_atoms(mol, half) for half in Chem.GetMolFrags(broken)]


def _count_atoms(mol: Chem.Mol, indices: tuple[int, ...]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for index in indices:
        atom = mol.GetAtomWithIdx(index)
        counts[atom.GetSymbol()] += 1
        counts["H"] += atom.GetTotalNumHs()
    return counts


def _shows(bins: np.ndarray, ion: Counter[str]) -> bool:
    forms = [ion, ion - _SILANOL] if ion >= _SILANOL else [ion]
    return any(
        _height(bins, nominal_mass(form), form, with_loss_of_h=True) >= _EACH for form in forms
    )


def _height(
    bins: np.ndarray, mass: int, counts: Mapping[str, int], *, with_loss_of_h: bool = False
) -> float:
    """Return the height of an ion, base peak 1; 0 if other peaks than its isotopes stand beside.

    Args:
        bins: intensity per nominal mass from 1, shape ``(n,)``.
        mass: nominal mass of the ion.
        counts: its formula.
        with_loss_of_h: whether the ion of one hydrogen less may stand beside it.
    """
    if not 3 <= mass <= len(bins):
        return 0.0
    pattern = isotope_pattern(counts)
    shape = np.array([pattern.get(shift, 0.0) for shift in range(_ISOTOPES + 1)]) / pattern[0]
    second, first, *ion = np.pad(bins, (0, _ISOTOPES))[mass - 3 : mass - 1 + _ISOTOPES]
    tail = first
    if with_loss_of_h:
        ion = np.maximum(ion - first * shape[1:], 0.0)
        tail = max(second, first / 8)
    # The tail of another cluster is no ion.
    if ion[0] == 0 or ion[0] < 2 * tail:
        return 0.0
    shape = shape[:-1]
    fit = ion @ shape / (np.linalg.norm(ion) * np.linalg.norm(shape))
    return float(ion[0]) if fit >= _LEAST_FIT else 0.0
