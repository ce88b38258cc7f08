"""Reagents that make compounds volatile for gas chromatography, and what they react with.

TMS: trimethylsilyl, by MSTFA or BSTFA. Alcohols, phenols, acids, thiols and amines (once) react
completely, and so do the N-H of imides, of azoles and of lactams in aromatic rings. In part react
primary amines a second time, amides, ureas, guanidines, indoles, secondary amines with a tert-alkyl
group, and hydroxyl groups between quaternary carbons (17α-, 14- and 11-hydroxysteroids). TBDMS, by
MTBSTFA, does the same but is too large for an amine's second hydrogen.

MEOX: methoxime, by methoxyamine in pyridine, before silylation. Aldehydes, ketones and the open
form of sugars react; 11-oxosteroids do not.

AC: acetyl, by acetic anhydride in pyridine. Amines (once), primary and secondary alcohols, phenols
and thiols react completely; tertiary alcohols and what silylation finds hindered in part; acids and
amides not.

ME: methyl, by diazomethane, or by methanol and an acid. Acids react completely, phenols in part
(not with methanol), alcohols and amines not.

Sources: Knapp, Handbook of Analytical Derivatization Reactions, Wiley 1979; Blau and Halket,
Handbook of Derivatives for Chromatography, Wiley 1993; of incomplete silylation, Little,
J. Chromatogr. A 1999, 844, 1; of steroids, Thenot and Horning, Anal. Lett. 1972, 5, 21, and Iida
et al., J. Chromatogr. A 2001, 937, 97.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from rdkit import Chem

from ...errors import UserError

_PERIODIC_TABLE = Chem.GetPeriodicTable()


@dataclass(frozen=True)
class Reagent:
    """What one reagent puts on a molecule.

    Attributes:
        name: as in "glucose 5TMS 1MEOX".
        adds: atoms that one group adds, less those it takes the place of.
        group: SMILES of what takes the place of a hydrogen, bound by its first atom; empty for
            methoximation, which turns C=O into C=N-O-CH3.
        sites: SMARTS of the atoms whose hydrogen is replaced, by falling reactivity; for
            methoximation of each C=O.
        complete: so many of ``sites``, from the first, react completely, the others in part; only
            ``LABORATORY_REAGENTS`` tells.
        second: SMARTS of amines that lose their second hydrogen as well, and the place of that
            in the order of ``sites``.
        lactams: whether lactams in aromatic rings react on their oxygen, thiolactams on sulfur.
    """

    name: str
    adds: Mapping[str, int]
    group: str
    sites: tuple[str, ...] = ()
    complete: int = 0
    second: tuple[tuple[str, int], ...] = ()
    lactams: bool = False

    @property
    def shift(self) -> int:
        """What one group adds to the nominal mass, in Da."""
        return nominal_mass(self.adds)

    @property
    def exact_shift(self) -> float:
        """What one group adds to the monoisotopic mass, in Da."""
        return sum(
            _PERIODIC_TABLE.GetMostCommonIsotopeMass(element) * n
            for element, n in self.adds.items()
        )


def nominal_mass(counts: Mapping[str, int]) -> int:
    """Return the mass in Da of a formula in the most abundant isotopes.

    Example:
        >>> from nextims.chemistry.derivatives.reagents import nominal_mass
        >>> nominal_mass({"C": 3, "H": 9, "Si": 1})
        73
    """
    return sum(_PERIODIC_TABLE.GetMostCommonIsotope(element) * n for element, n in counts.items())


_HYDROXYL, _THIOL = "[OX2H]", "[SX2H]"
_ACID = "$([OX2H][C,S,P]=O)"
# An amine's electron pair is its own; in amides, amidines, enamines and such it is shared.
_AMINE = "$([NX3;!H0;!$(N[!#6;!#1]);!$(N[#6;A]=,#*);!$(Nc:[!c])])"
_OTHER_NH = f"#7;+0;!H0;!{_AMINE}"
_UNHINDERED = f"$([NX3H2;{_AMINE}][CX4;H2,H3])"
_SECOND_UNHINDERED, _SECOND_HINDERED = f"[{_UNHINDERED}]", f"[NX3H2;{_AMINE};!{_UNHINDERED}]"
_CARBONYL = "CX3;$([CH2]=O),$([CH](=O)[#6]),$(C(=O)([#6])[#6])"
_SILYLATED = (_HYDROXYL, _THIOL, f"[{_AMINE}]", f"[{_OTHER_NH}]")

# In a coarse order, by the kind of group alone. It decides which structures the records of
# derivatives get, and so what is in the store of spectra: with another order, stores and all
# weights trained on them would be out of date. What is refined goes into LABORATORY_REAGENTS.
REAGENTS = {
    "meox": Reagent("MEOX", {"C": 1, "H": 3, "N": 1}, "", (f"[{_CARBONYL}]=[OX1]",)),
    "methyl": Reagent("ME", {"C": 1, "H": 2}, "C", (f"[{_ACID}]", "[OX2H;$(Oc)]")),
    "acetyl": Reagent(
        "AC", {"C": 2, "H": 2, "O": 1}, "C(C)=O", (f"[{_AMINE}]", f"[OX2H;!{_ACID}]", _THIOL)
    ),
    "tbdms": Reagent(
        "TBDMS", {"C": 6, "H": 14, "Si": 1}, "[Si](C)(C)C(C)(C)C", _SILYLATED, lactams=True
    ),
    "tms": Reagent(
        "TMS",
        {"C": 3, "H": 8, "Si": 1},
        "[Si](C)(C)C",
        _SILYLATED,
        second=((_SECOND_UNHINDERED, 3), (_SECOND_HINDERED, 4)),
        lactams=True,
    ),
}

_TERTIARY = "$([OX2H][CX4]([#6])([#6])[#6])"
# Position 11 of a steroid lies between its two quaternary carbons, one atom from each.
_AT_POSITION_11 = "([CX4;R]([#6;R])[CX4;H0;R])[CX4;R][CX4;H0;R]"
# A tertiary alcohol beside a quaternary carbon, as in positions 14 and 17.
_BESIDE_QUATERNARY = "[OX2H][CX4]([#6])([#6])[CX4]([#6])([#6])[#6]"
_CROWDED = f"$([$({_BESIDE_QUATERNARY}),$([OX2H][CX4;H1]{_AT_POSITION_11})])"
_BULKY_AMINE = "$([NX3;H1]([#6])[CX4]([#6])([#6])[#6])"
# Hydroxyl groups and amines, by what surrounds them.
_HINDERED = f"{_CROWDED},$([{_AMINE};{_BULKY_AMINE}])"
_ACIDIC_NH = "$([$([nH;r6]),$([nH;r5]n),$([nH;r5]cn),$([NX3;H1](C=O)C=O)])"
_SILYLATED_COMPLETELY = (
    f"[OX2H;!{_CROWDED}]",
    _THIOL,
    f"[{_AMINE};!{_BULKY_AMINE}]",
    f"[{_ACIDIC_NH}]",
)
_SILYLATED_IN_PART = (f"[$([{_OTHER_NH};!{_ACIDIC_NH}]),{_HINDERED}]",)


def _refine(
    key: str,
    complete: tuple[str, ...],
    in_part: tuple[str, ...] = (),
    second: tuple[tuple[str, int], ...] = (),
) -> Reagent:
    return replace(
        REAGENTS[key], sites=(*complete, *in_part), complete=len(complete), second=second
    )


# The same, with what hinders a reaction: in the order that the sources above give.
LABORATORY_REAGENTS = {
    "meox": _refine("meox", (f"[{_CARBONYL};!$(C(=O){_AT_POSITION_11})]=[OX1]",)),
    "methyl": replace(REAGENTS["methyl"], complete=1),
    "acetyl": _refine(
        "acetyl",
        (f"[{_AMINE};!{_BULKY_AMINE}]", f"[OX2H;!{_ACID};!{_TERTIARY};!{_CROWDED}]", _THIOL),
        (f"[{_TERTIARY},{_HINDERED}]",),
    ),
    "tbdms": _refine("tbdms", _SILYLATED_COMPLETELY, _SILYLATED_IN_PART),
    "tms": _refine(
        "tms",
        _SILYLATED_COMPLETELY,
        _SILYLATED_IN_PART,
        ((_SECOND_UNHINDERED, 4), (_SECOND_HINDERED, 5)),
    ),
}

# What is put on, one reagent after the other, by the name of the method.
METHODS = {
    "tms": ("tms",),
    "meox-tms": ("meox", "tms"),
    "acetyl": ("acetyl",),
    "methyl": ("methyl",),
}
# What else a method goes by: the reagents, as laboratories call them.
_REAGENTS_OF = {
    "tms": ("mstfa", "bstfa"),
    "meox-tms": ("mox-tms", "meox-mstfa", "meox-bstfa", "methoxyamine-mstfa"),
    "acetyl": ("acetic-anhydride",),
    "methyl": ("diazomethane",),
}


def method_named(text: str) -> str:
    """Return which of ``METHODS`` a user means, by its name or its reagent, in capitals or not.

    Raises:
        UserError: there is none.

    Example:
        >>> from nextims.chemistry.derivatives.reagents import method_named
        >>> method_named("BSTFA"), method_named("MeOX + TMS")
        ('tms', 'meox-tms')
    """
    key = re.sub(r"[\W_]+", "-", str(text).strip().lower())
    for method in METHODS:
        if key in (method, *_REAGENTS_OF.get(method, ())):
            return method
    named = ((method, _REAGENTS_OF.get(method)) for method in METHODS)
    there = ", ".join(f"{method} ({others[0]})" if others else method for method, others in named)
    raise UserError(f"expected one of {there}, found {text!r}")
