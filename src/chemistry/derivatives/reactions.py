"""Derivatives as they go into a gas chromatograph: silylated, methoximated and the like.

Where a reagent has a choice, it goes by falling reactivity, as ``reagents`` has it: coarsely for
records, finely for what a laboratory makes. Positions that this does not tell apart give several
structures. Ketones react as enols only where they are drawn as such.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations, islice, product

from rdkit import Chem

from ..molecule import Molecule, read_molecule
from .reagents import REAGENTS, Reagent

# What sums of atomic masses may differ by for their rounding; of formulas it is 0.001 and more.
_MASS_TOLERANCE = 1e-4

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


def count_sites(
    molecule: Molecule,
    reagent: str,
    *,
    reagents: Mapping[str, Reagent] = REAGENTS,
    complete: bool = False,
) -> int:
    """Return the largest number of groups that a reagent can put on a molecule.

    Args:
        molecule: the molecule.
        reagent: a key of ``REAGENTS``.
        reagents: ``REAGENTS`` or ``LABORATORY_REAGENTS``.
        complete: only those at positions that react completely, of ``LABORATORY_REAGENTS``.

    Example:
        >>> from nextims.chemistry.derivatives.reactions import count_sites
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.chemistry.derivatives.reagents import LABORATORY_REAGENTS
        >>> alanine = read_molecule("CC(N)C(=O)O")
        >>> count_sites(alanine, "tms"), count_sites(alanine, "tbdms")
        (3, 2)
        >>> count_sites(alanine, "tms", reagents=LABORATORY_REAGENTS, complete=True)
        2
    """
    chosen = reagents[reagent]
    if not chosen.group:
        return len(_carbonyls(molecule.mol, chosen))
    ranks = [hydrogen.rank for hydrogen in _hydrogens(molecule.mol, chosen)]
    return sum(rank < chosen.complete for rank in ranks) if complete else len(ranks)


def derivatise(
    molecule: Molecule,
    *,
    reagents: Mapping[str, Reagent] = REAGENTS,
    limit: int | None = None,
    **groups: int,
) -> list[Molecule]:
    """Put groups on a molecule.

    Args:
        molecule: the parent.
        reagents: ``REAGENTS`` or ``LABORATORY_REAGENTS``; they differ in the order of positions.
        limit: so many structures at most; ``None`` for all, which may be thousands where a few of
            many like positions react.
        **groups: the number of groups by key of ``REAGENTS``.

    Returns:
        The distinct structures, stereoisomers counted as one; empty where the molecule cannot take
        so many groups.

    Raises:
        KeyError: an unknown reagent.
        ArithmeticError: see ``check_mass_shift``.

    Example:
        >>> from nextims.chemistry.derivatives.reactions import derivatise
        >>> from nextims.chemistry.molecule import read_molecule
        >>> glycerol = read_molecule("OCC(O)CO")
        >>> [m.nominal_mass for m in derivatise(glycerol, tms=3)]
        [308]
        >>> [m.smiles for m in derivatise(glycerol, tms=1)]
        ['C[Si](C)(C)OCC(O)CO', 'C[Si](C)(C)OC(CO)CO']
    """
    unknown = groups.keys() - reagents.keys()
    if unknown:
        raise KeyError(f"no such reagent: {', '.join(sorted(unknown))}")
    # Dictionary order: methoximation first, which frees a sugar's hydroxyl.
    steps = [(reagents[name], groups[name]) for name in reagents if groups.get(name)]
    distinct: dict[str, Molecule] = {}
    for mol in islice(_distinct(_apply(molecule.mol, steps)), limit):
        derivative = read_molecule(mol)
        check_mass_shift(molecule, derivative, **groups)
        distinct[derivative.smiles] = derivative
    return list(distinct.values())


def check_mass_shift(parent: Molecule, derivative: Molecule, **groups: int) -> None:
    """Check that a derivative is as heavy as its groups make it.

    Args:
        parent: the molecule without the groups.
        derivative: the molecule with them.
        **groups: the number of groups by key of ``REAGENTS``.

    Raises:
        ArithmeticError: the monoisotopic mass is not that of the parent and the groups, to 0.1 mDa.

    Example:
        >>> from nextims.chemistry.derivatives.reactions import check_mass_shift
        >>> from nextims.chemistry.molecule import read_molecule
        >>> check_mass_shift(read_molecule("CC(=O)O"), read_molecule("CC(=O)OC"), methyl=1)
    """
    shift = sum(REAGENTS[key].exact_shift * number for key, number in groups.items())
    found = derivative.exact_mass - parent.exact_mass
    if abs(found - shift) > _MASS_TOLERANCE:
        raise ArithmeticError(
            f"{derivative.smiles}: {found:.4f} Da above {parent.smiles}, expected {shift:.4f} Da"
        )


def name_derivative(name: str, **groups: int) -> str:
    """Return the name of a derivative as chromatographers write it.

    Example:
        >>> from nextims.chemistry.derivatives.reactions import name_derivative
        >>> name_derivative("glucose", tms=5, meox=1)
        'glucose 5TMS 1MEOX'
    """
    parts = [f"{number}{REAGENTS[key].name}" for key, number in groups.items() if number]
    return " ".join([name, *parts])


def flat_smiles(mol: Chem.Mol) -> str:
    """Return the canonical SMILES without stereochemistry, isotope labels kept.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.derivatives.reactions import flat_smiles
        >>> flat_smiles(Chem.MolFromSmiles("[13CH3][C@H](N)C(=O)O"))
        '[13CH3]C(N)C(=O)O'
    """
    flat = Chem.Mol(mol)
    Chem.RemoveStereochemistry(flat)
    return Chem.MolToSmiles(flat)


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
        key = flat_smiles(mol)
        if key not in seen:
            seen.add(key)
            yield mol


def _carbonyls(mol: Chem.Mol, reagent: Reagent) -> list[tuple[int, ...]]:
    """Return carbon and oxygen of each aldehyde and ketone; for a sugar the ring's oxygen too."""
    (smarts,) = reagent.sites
    found = {match[0]: match for match in mol.GetSubstructMatches(_read_pattern(smarts))}
    for match in mol.GetSubstructMatches(_HEMIACETAL):
        found.setdefault(match[0], match[:3])
    return list(found.values())


def _methoximate(mol: Chem.Mol, reagent: Reagent, number: int) -> Iterator[Chem.Mol]:
    for chosen in combinations(_carbonyls(mol, reagent), number):
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
