"""Derivatives as they go into a gas chromatograph: silylated, methoximated and the like.

Where a reagent has a choice, it goes by falling reactivity: hydroxyl, thiol, amine, other N-H, and
an amine's second hydrogen last (Knapp, Handbook of Analytical Derivatization Reactions, Wiley
1979). Positions that this does not tell apart give several structures. Ketones react as enols only
where they are drawn as such.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations, islice, product

from rdkit import Chem

from .molecule import Molecule, read_molecule


@dataclass(frozen=True)
class Reagent:
    """What one reagent puts on a molecule.

    Attributes:
        name: as in "glucose 5TMS 1MEOX".
        adds: atoms that one group adds, less those it takes the place of.
        group: SMILES of what takes the place of a hydrogen, bound by its first atom; empty for
            methoximation, which turns C=O into C=N-O-CH3.
        sites: SMARTS of the atoms whose hydrogen is replaced, by falling reactivity.
        second: SMARTS of amines that lose their second hydrogen as well, and the place of that
            in the order of ``sites``.
        lactams: whether lactams in aromatic rings react on their oxygen, thiolactams on sulfur.
    """

    name: str
    adds: Mapping[str, int]
    group: str
    sites: tuple[str, ...] = ()
    second: tuple[tuple[str, int], ...] = ()
    lactams: bool = False

    @property
    def shift(self) -> int:
        """What one group adds to the nominal mass, in Da."""
        return nominal_mass(self.adds)


def nominal_mass(counts: Mapping[str, int]) -> int:
    """Return the mass in Da of a formula in the most abundant isotopes.

    Example:
        >>> from nextims.data.derivatives import nominal_mass
        >>> nominal_mass({"C": 3, "H": 9, "Si": 1})
        73
    """
    return sum(_PERIODIC_TABLE.GetMostCommonIsotope(element) * n for element, n in counts.items())


_PERIODIC_TABLE = Chem.GetPeriodicTable()
_HYDROXYL, _THIOL = "[OX2H]", "[SX2H]"
_ACID = "$([OX2H][C,S,P]=O)"
# An amine's electron pair is its own; in amides, amidines, enamines and such it is shared.
_AMINE = "$([NX3;!H0;!$(N[!#6;!#1]);!$(N[#6;A]=,#*);!$(Nc:[!c])])"
_OTHER_NH = f"[#7;+0;!H0;!{_AMINE}]"
_UNHINDERED = f"$([NX3H2;{_AMINE}][CX4;H2,H3])"
_SILYLATED = (_HYDROXYL, _THIOL, f"[{_AMINE}]", _OTHER_NH)

REAGENTS = {
    "meox": Reagent("MEOX", {"C": 1, "H": 3, "N": 1}, ""),
    # Acids with methanol, phenols with diazomethane too.
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
        ((f"[{_UNHINDERED}]", 3), (f"[NX3H2;{_AMINE};!{_UNHINDERED}]", 4)),
        lactams=True,
    ),
}

_CARBONYL = Chem.MolFromSmarts("[CX3;$([CH2]=O),$([CH](=O)[#6]),$(C(=O)([#6])[#6])]=[OX1]")
# A sugar reacts in its open form: anomeric carbon, its hydroxyl, the ring's oxygen.
_HEMIACETAL = Chem.MolFromSmarts("[$([CX4](O)(O)[#6]);!$(C(O)(O)[!#6;!#1])]([OX2H])@[OX2]@[CX4]")
# Uracil, 2- and 4-pyridone and purinones are silylated on oxygen (Vorbrüggen and Ruh-Pohlenz,
# Handbook of Nucleoside Synthesis, Wiley 2001).
_LACTAMS = tuple(Chem.MolFromSmarts(f"[nH;r6]:{path}=[OX1,SX1]") for path in ("c", "c:c:c"))


@dataclass(frozen=True)
class _Hydrogen:
    """A hydrogen that can be replaced: its place in the order, its atom, where the group can go."""

    rank: int
    atom: int
    targets: tuple[int, ...]


def count_sites(molecule: Molecule, reagent: str) -> int:
    """Return the largest number of groups that a reagent can put on a molecule.

    Args:
        molecule: the molecule.
        reagent: a key of ``REAGENTS``.

    Example:
        >>> from nextims.data.derivatives import count_sites
        >>> from nextims.data.molecule import read_molecule
        >>> alanine = read_molecule("CC(N)C(=O)O")
        >>> count_sites(alanine, "tms"), count_sites(alanine, "tbdms")
        (3, 2)
    """
    if reagent == "meox":
        return len(_carbonyls(molecule.mol))
    return len(_hydrogens(molecule.mol, REAGENTS[reagent]))


def derivatise(molecule: Molecule, *, limit: int | None = None, **groups: int) -> list[Molecule]:
    """Put groups on a molecule.

    Args:
        molecule: the parent.
        limit: so many structures at most; ``None`` for all, which may be thousands where a few of
            many like positions react.
        **groups: the number of groups by key of ``REAGENTS``.

    Returns:
        The distinct structures, stereoisomers counted as one; empty where the molecule cannot take
        so many groups.

    Raises:
        KeyError: an unknown reagent.

    Example:
        >>> from nextims.data.derivatives import derivatise
        >>> from nextims.data.molecule import read_molecule
        >>> glycerol = read_molecule("OCC(O)CO")
        >>> [m.nominal_mass for m in derivatise(glycerol, tms=3)]
        [308]
        >>> [m.smiles for m in derivatise(glycerol, tms=1)]
        ['C[Si](C)(C)OCC(O)CO', 'C[Si](C)(C)OC(CO)CO']
    """
    unknown = groups.keys() - REAGENTS.keys()
    if unknown:
        raise KeyError(f"no such reagent: {', '.join(sorted(unknown))}")
    # Dictionary order: methoximation first, which frees a sugar's hydroxyl.
    steps = [(REAGENTS[name], groups[name]) for name in REAGENTS if groups.get(name)]
    shift = sum(reagent.shift * number for reagent, number in steps)
    distinct: dict[str, Molecule] = {}
    for mol in islice(_distinct(_apply(molecule.mol, steps)), limit):
        derivative = read_molecule(mol)
        if derivative.nominal_mass != molecule.nominal_mass + shift:
            raise ArithmeticError(f"{derivative.smiles}: not {shift} Da above {molecule.smiles}")
        distinct[derivative.smiles] = derivative
    return list(distinct.values())


def name_derivative(name: str, **groups: int) -> str:
    """Return the name of a derivative as chromatographers write it.

    Example:
        >>> from nextims.data.derivatives import name_derivative
        >>> name_derivative("glucose", tms=5, meox=1)
        'glucose 5TMS 1MEOX'
    """
    parts = [f"{number}{REAGENTS[key].name}" for key, number in groups.items() if number]
    return " ".join([name, *parts])


def _apply(mol: Chem.Mol, steps: list[tuple[Reagent, int]]) -> Iterator[Chem.Mol]:
    if not steps:
        yield mol
        return
    (reagent, number), *rest = steps
    react = _attach if reagent.group else _methoximate
    for derivative in _distinct(react(mol, reagent, number)):
        yield from _apply(derivative, rest)


def _distinct(mols: Iterator[Chem.Mol]) -> Iterator[Chem.Mol]:
    """Leave out structures that were there before, stereochemistry aside."""
    seen = set()
    for mol in mols:
        flat = Chem.Mol(mol)
        Chem.RemoveStereochemistry(flat)
        key = Chem.MolToSmiles(flat)
        if key not in seen:
            seen.add(key)
            yield mol


def _carbonyls(mol: Chem.Mol) -> list[tuple[int, ...]]:
    """Return carbon and oxygen of each aldehyde and ketone; for a sugar the ring's oxygen too."""
    found = {match[0]: match for match in mol.GetSubstructMatches(_CARBONYL)}
    for match in mol.GetSubstructMatches(_HEMIACETAL):
        found.setdefault(match[0], match[:3])
    return list(found.values())


def _methoximate(mol: Chem.Mol, reagent: Reagent, number: int) -> Iterator[Chem.Mol]:
    for chosen in combinations(_carbonyls(mol), number):
        edited = Chem.RWMol(mol)
        for carbon, oxygen, *ring in chosen:
            for other in ring:
                edited.RemoveBond(carbon, other)
            edited.GetBondBetweenAtoms(carbon, oxygen).SetBondType(Chem.BondType.DOUBLE)
            edited.GetAtomWithIdx(carbon).SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
            edited.GetAtomWithIdx(carbon).SetNoImplicit(False)
            edited.GetAtomWithIdx(oxygen).SetAtomicNum(7)
            bridge, methyl = edited.AddAtom(Chem.Atom(8)), edited.AddAtom(Chem.Atom(6))
            edited.AddBond(oxygen, bridge, Chem.BondType.SINGLE)
            edited.AddBond(bridge, methyl, Chem.BondType.SINGLE)
        # What its hemiacetals hold together falls apart (the dimer of dihydroxyacetone).
        if len(Chem.GetMolFrags(edited)) == 1:
            yield from _sanitised(edited)


def _hydrogens(mol: Chem.Mol, reagent: Reagent) -> list[_Hydrogen]:
    """Return the hydrogens that a reagent replaces."""
    others: dict[int, list[int]] = {}
    for pattern in _LACTAMS if reagent.lactams else ():
        for match in mol.GetSubstructMatches(pattern):
            others.setdefault(match[0], []).append(match[-1])
    places = [(smarts, rank) for rank, smarts in enumerate(reagent.sites)]
    return [
        _Hydrogen(rank, atom, tuple(others.get(atom, [atom])))
        for smarts, rank in [*places, *reagent.second]
        for (atom, *_) in mol.GetSubstructMatches(_read_pattern(smarts))
        # Labelled hydrogens are atoms of their own and stay.
        if mol.GetAtomWithIdx(atom).GetTotalNumHs()
    ]


@cache
def _read_pattern(smarts: str) -> Chem.Mol:
    return Chem.MolFromSmarts(smarts)


def _attach(mol: Chem.Mol, reagent: Reagent, number: int) -> Iterator[Chem.Mol]:
    group = Chem.MolFromSmiles(reagent.group)
    hydrogens = sorted(_hydrogens(mol, reagent), key=lambda hydrogen: hydrogen.rank)
    if number > len(hydrogens):
        return
    last = hydrogens[number - 1].rank
    first = [hydrogen for hydrogen in hydrogens if hydrogen.rank < last]
    choice = [hydrogen for hydrogen in hydrogens if hydrogen.rank == last]
    for chosen in combinations(choice, number - len(first)):
        replaced = [*first, *chosen]
        for targets in product(*(hydrogen.targets for hydrogen in replaced)):
            moved = [
                target
                for target, hydrogen in zip(targets, replaced, strict=True)
                if target != hydrogen.atom
            ]
            if len(moved) == len(set(moved)):
                yield from _replace(mol, group, [h.atom for h in replaced], targets)


def _replace(
    mol: Chem.Mol, group: Chem.Mol, atoms: list[int], targets: tuple[int, ...]
) -> Iterator[Chem.Mol]:
    """Take one hydrogen from each of the atoms and put the group on each of the targets."""
    edited = Chem.RWMol(mol)
    for index, target in zip(atoms, targets, strict=True):
        atom = edited.GetAtomWithIdx(index)
        atom.SetNumExplicitHs(max(0, atom.GetNumExplicitHs() - 1))
        if target != index:
            (bond,) = edited.GetAtomWithIdx(target).GetBonds()
            bond.SetBondType(Chem.BondType.SINGLE)
        start = edited.GetNumAtoms()
        edited.InsertMol(group)
        edited.AddBond(target, start, Chem.BondType.SINGLE)
    return _sanitised(edited)


def _sanitised(edited: Chem.RWMol) -> Iterator[Chem.Mol]:
    """Yield the molecule; nothing where the hydrogens of a lactam leave no valid ring."""
    mol = edited.GetMol()
    if Chem.SanitizeMol(mol, catchErrors=True) == Chem.SanitizeFlags.SANITIZE_NONE:
        yield mol
