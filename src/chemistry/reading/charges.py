"""Charged structures as a mass spectrometer sees them: what evaporates is neutral."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rdkit import Chem

from .inchi_form import read_back, take_form, with_strongest_acid_charged
from .refusals import MoleculeError

if TYPE_CHECKING:
    from rdkit.Chem.MolStandardize.rdMolStandardize import Uncharger

NEUTRALISED = "taken as the neutral molecule"

_CHARGE = re.compile(r"[+-]\d*\]")
# Most charges in lists are theirs, and they stay.
_NITRO = re.compile(r"\[N\+\]\(=O\)\[O-\]|O=\[N\+\]\(\[O-\]\)")
# Of these RDKit's Uncharger makes what they are not: SiHF4 of SiF4-, and BH3 of BH4-, which would
# have to lose a hydride. Hydride would become hydrogen.
_TAKE_NO_PROTON = {"B", "Si", "P", "Ge", "As", "Sn", "Hg", "Pb", "H"}
# Likewise SiH2 of SiH3+.
_LOSE_NO_PROTON = {"C", "B", "Si", "Ge", "Sn", "Hg", "Pb"}
_HALOGENS = {"F", "Cl", "Br", "I"}
_CATIONS = {
    "C": "carbocation",
    "N": "quaternary ammonium",
    "O": "oxonium",
    "P": "phosphonium",
    "As": "arsonium",
    "S": "sulfonium",
    "Se": "selenonium",
    "I": "iodonium",
}
_QUATERNARY = 4  # bonds of nitrogen
# Oxides and, of phosphorus and its like, ylides and imides: two ways to write one bond.
_OXIDE = Chem.MolFromSmarts("[P,As,S,Se,Cl,Br,I;+,+2,+3]-[O;-;X1]")
_UNLIKELY = Chem.MolFromSmarts("[$([N+]#[NX1]),$([#7+;!$(*-[O-]);!$(*=[N-])]=[OX1]),$([+;!H0]=*)]")
_CATION = Chem.MolFromSmarts("[#6+]")
# Where negative charges are, by atomic number: on oxygen, sulfur, nitrogen.
_PLACES = (8, 16, 7)
_MOST_FORMS = 64
_YLIDE = Chem.MolFromSmarts("[P,As,S,Se;A;+]-[C,N;A;-]")


def is_charged(text: str) -> bool:
    """Say whether a SMILES, InChI or MOL block has charges, those of nitro groups left out.

    Example:
        >>> from nextims.chemistry.reading.charges import is_charged
        >>> is_charged("C[NH3+]"), is_charged("c1ccccc1-c1ccccc1"), is_charged("C[N+](=O)[O-]")
        (True, False, False)
    """
    if "]" in text:
        return bool(_CHARGE.search(_NITRO.sub("", text)))
    return "/p" in text or "/q" in text or "CHG" in text


def neutralise(mol: Chem.Mol) -> Chem.Mol:
    """Return the neutral molecule that a charged structure evaporates as.

    Protons go from where they are too many to where one is missing: zwitterions and protonated
    amines become amines, carboxylates acids. Groups that are written with charges and are neutral
    (nitro, N-oxide, azide, isonitrile, diazo, ylides of nitrogen) stay as they are, and so do inner
    salts that no proton makes neutral (betaine): as wholes they are neutral.

    Args:
        mol: molecule of one component.

    Raises:
        MoleculeError: its charge cannot be taken away by protons, or is that of a radical.

    Returns:
        The molecule itself where no proton moves.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.reading.charges import neutralise
        >>> Chem.MolToSmiles(neutralise(Chem.MolFromSmiles("[NH3+]CC(=O)[O-]")))
        'NCC(=O)O'
    """
    charged = [atom for atom in mol.GetAtoms() if atom.GetFormalCharge()]
    given, neutral = Chem.GetFormalCharge(mol), mol
    if given == 0 and all(map(_is_balanced, charged)):
        return mol
    for atom in charged:
        if atom.GetNumRadicalElectrons() and not _is_balanced(atom):
            raise MoleculeError("charged radical", f"({atom.GetSymbol()})")
    if not any(map(_has_its_own_charge, charged)):
        neutral = _with_protons_moved(mol)
    left = Chem.GetFormalCharge(neutral)
    if left and given:
        raise _refusal(neutral, left)
    unchanged = neutral.GetNumAtoms() == mol.GetNumAtoms() and all(
        atom.GetFormalCharge() == neutral.GetAtomWithIdx(atom.GetIdx()).GetFormalCharge()
        for atom in charged
    )
    return mol if left or unchanged else neutral


def _with_protons_moved(mol: Chem.Mol) -> Chem.Mol:
    plain, taken = _without_labelled_protons(mol)
    acids = [atom.GetIdx() for atom in plain.GetAtoms() if atom.GetFormalCharge() < 0]
    # A carbon of an aromatic ring that takes a proton is so no longer.
    Chem.Kekulize(plain, clearAromaticFlags=True)
    neutral = with_strongest_acid_charged(_uncharger().uncharge(plain))
    if not Chem.GetFormalCharge(mol):  # the protons have gone nowhere else
        neutral = _with_labels(neutral, acids, taken)
    Chem.SanitizeMol(neutral)
    return neutral


def _with_labels(mol: Chem.Mol, acids: Sequence[int], isotopes: Sequence[int]) -> Chem.Mol:
    """Return a molecule with labelled hydrogens in the place of what its acids have taken up."""
    edit = Chem.RWMol(mol)
    changed = [place for place in acids if not edit.GetAtomWithIdx(place).GetFormalCharge()]
    for place, isotope in zip(changed, isotopes, strict=False):
        atom = edit.GetAtomWithIdx(place)
        hydrogens = max(atom.GetTotalNumHs() - 1, 0)
        label = Chem.Atom(1)
        label.SetIsotope(isotope)
        edit.AddBond(place, edit.AddAtom(label), Chem.BondType.SINGLE)
        atom.SetNoImplicit(True)
        atom.SetNumExplicitHs(hydrogens)
    return edit.GetMol()


def _without_labelled_protons(mol: Chem.Mol) -> tuple[Chem.Mol, list[int]]:
    """Take a labelled hydrogen from each positive atom that has no other to lose.

    Returns:
        The molecule, and the isotopes of what was taken.
    """
    edit = Chem.RWMol(mol)
    taken, isotopes = [], []
    for atom in edit.GetAtoms():
        protons = [other for other in atom.GetNeighbors() if other.GetAtomicNum() == 1]
        if atom.GetFormalCharge() > 0 and protons and not atom.GetTotalNumHs():
            atom.SetFormalCharge(atom.GetFormalCharge() - 1)
            taken.append(protons[0].GetIdx())
            isotopes.append(protons[0].GetIsotope())
    for place in sorted(taken, reverse=True):
        edit.RemoveAtom(place)
    return edit.GetMol(), isotopes


def settle_charges(mol: Chem.Mol) -> Chem.Mol:
    """Return the one form that is predicted of a molecule whose charges are how it is written.

    Diazo compounds, azides, sydnones, inner salts and ylides can be drawn with double bonds and
    charges here or there, creatine and 4-pyridones without; an InChI of all is the same. Of what
    it is read as, the mesomeric forms are looked through: first come those without diazonium,
    oxoammonium or iminium groups, then those of the fewest charges, with the negative ones on
    oxygen, beside the positive ones.

    Args:
        mol: molecule of one component, neutral as a whole.

    Returns:
        The molecule itself where it is that form.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.reading.charges import settle_charges
        >>> Chem.MolToSmiles(settle_charges(Chem.MolFromSmiles("[CH2-][N+]#N")))
        'C=[N+]=[N-]'
    """
    start = read_back(mol)
    if start is None:
        return mol
    neutral = _with_protons_moved(start.mol)
    if Chem.GetFormalCharge(neutral):
        return mol
    if not start.is_same and _charged_atoms(neutral) >= _charged_atoms(mol):
        return mol
    found = Chem.ResonanceMolSupplier(neutral, Chem.ALLOW_CHARGE_SEPARATION, _MOST_FORMS)
    # RDKit makes forms that it cannot read itself, and has nothing in the place of others.
    forms = [form for form in found if form and not Chem.SanitizeMol(form, catchErrors=True)]
    best = min(forms, key=_rank, default=None)
    if best is None or best.HasSubstructMatch(_CATION):  # as the InChI of a carbene is read
        return mol
    return take_form(mol, best, start.atoms)


def _charged_atoms(mol: Chem.Mol) -> int:
    return sum(atom.GetFormalCharge() != 0 for atom in mol.GetAtoms())


def _rank(form: Chem.Mol) -> tuple[int, int, int, int, str]:
    charged = [atom for atom in form.GetAtoms() if atom.GetFormalCharge()]
    of_negative = [atom.GetAtomicNum() for atom in charged if atom.GetFormalCharge() < 0]
    return (
        len(form.GetSubstructMatches(_UNLIKELY)),
        len(charged),
        sum(_PLACES.index(z) if z in _PLACES else len(_PLACES) for z in of_negative),
        -sum(map(_is_balanced, charged)),
        Chem.MolToSmiles(form),
    )


def write_oxides(mol: Chem.Mol) -> Chem.Mol:
    """Return the molecule with its sulfoxides, ylides and the like written with double bonds.

    Some databases write them with charges; an InChI of both is the same.

    Returns:
        The molecule itself where there are none.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.reading.charges import write_oxides
        >>> Chem.MolToSmiles(write_oxides(Chem.MolFromSmiles("C[S+](C)[O-]")))
        'CS(C)=O'
    """
    edit = None
    for centre, partner in [*mol.GetSubstructMatches(_OXIDE), *mol.GetSubstructMatches(_YLIDE)]:
        edit = edit or Chem.RWMol(mol)
        positive, negative = edit.GetAtomWithIdx(centre), edit.GetAtomWithIdx(partner)
        # Of a sulfonate, one oxygen keeps its charge; a carbon between two makes one bond.
        if positive.GetFormalCharge() > 0 > negative.GetFormalCharge():
            positive.SetFormalCharge(positive.GetFormalCharge() - 1)
            negative.SetFormalCharge(0)
            edit.GetBondBetweenAtoms(centre, partner).SetBondType(Chem.BondType.DOUBLE)
    # Of a radical, such as ClO3, there is no such form.
    if edit is None or Chem.SanitizeMol(edit, catchErrors=True):
        return mol
    return edit.GetMol()


@lru_cache(maxsize=1)
def _uncharger() -> Uncharger:
    # Takes a while to import, and most lists have no charges.
    from rdkit.Chem.MolStandardize.rdMolStandardize import Uncharger

    return Uncharger()


def _has_its_own_charge(atom: Chem.Atom) -> bool:
    """Say whether an atom's charge is none of protons, though RDKit would take it for that."""
    charge, symbol = atom.GetFormalCharge(), atom.GetSymbol()
    if charge > 0:
        own = symbol in _LOSE_NO_PROTON
    else:  # of halogens, those of triiodide and the like
        own = symbol in _TAKE_NO_PROTON or (symbol in _HALOGENS and atom.GetDegree() > 0)
    return own and charge != 0 and not _is_balanced(atom)


def _is_balanced(atom: Chem.Atom) -> bool:
    """Say whether a neighbour has the opposite charge, as in a nitro group."""
    charge = atom.GetFormalCharge()
    return any(other.GetFormalCharge() * charge < 0 for other in atom.GetNeighbors())


def _refusal(mol: Chem.Mol, charge: int) -> MoleculeError:
    """Name an atom whose charge is of the sign that is left over."""
    of_sign = [atom for atom in mol.GetAtoms() if atom.GetFormalCharge() * charge > 0]
    atom = min(of_sign, key=_is_balanced)
    symbol = atom.GetSymbol()
    if charge < 0:
        return MoleculeError("permanent anion", f"({symbol})")
    if symbol == "N" and atom.GetTotalDegree() < _QUATERNARY:
        return MoleculeError("permanent cation", "(nitrogen with a double bond)")
    return MoleculeError("permanent cation", f"({_CATIONS.get(symbol, symbol)})")
