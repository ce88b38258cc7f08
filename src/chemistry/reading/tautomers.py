r"""One structure of those that differ only in which oxygen, sulfur or nitrogen a hydrogen is on.

An InChI leaves that open: acetanilide's is read as an imidic acid, ``CC(O)=Nc1ccccc1``. In the gas
phase such hydrogens go to and fro, and one spectrum is measured of all.

Imidic acids are made amides by patterns: of a peptide, RDKit's standardiser would list thousands of
structures. Where several places compete, in aromatic rings and amidines, it does the work, with
transforms of its own: those that it comes with move the hydrogens of carbon as well, but keto and
enol are two molecules, in an InChI as on a column. Hydrogens that go from oxygen to oxygen along
carbon (tropolones, hydroxyquinones) go where the InChI has them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rdkit import Chem

from .inchi_form import inchi_of, read_back, take_form

if TYPE_CHECKING:
    from rdkit.Chem.MolStandardize.rdMolStandardize import TautomerEnumerator

# What gives a hydrogen, what is between, what takes it.
_IMIDIC = Chem.MolFromSmarts("[O,S,Se;X2;H1]-[#6X3,#7X2,#15,#16]=[#7X2+0]")
_THIOIC = Chem.MolFromSmarts("[O;X2;H1]-[#6X3]=[S;X1]")
_THIOPHOSPHORIC = Chem.MolFromSmarts("[S;X2;H1]-[#15]=[O;X1]")
_AMIDINE = Chem.MolFromSmarts("[#7X3;!H0]-[#6X3,#7X2]=[#7X2+0]")
_AZOLE = Chem.MolFromSmarts("[$([nH]:a:[nX2]),$([nH]:a:a:a:[nX2]),$([nH]:a:a:a:a:a:[nX2])]")
_LACTIM = Chem.MolFromSmarts("[O,S,Se;X2;H1]-c:[$(n),$(a:a:n)]")
_TROPOLONE = Chem.MolFromSmarts("[OX1]=[c;r7].[OX2H]-[c;r7]")
_IMINE_OF_RING = Chem.MolFromSmarts("c=[#7X2+0]")
_BESIDE_IMINES = [Chem.MolFromSmarts(each) for each in ("[nH]:c=[#7X2+0]", "[nH]:a:a:c=[#7X2+0]")]
_TO_NITROGEN = [
    Chem.MolFromSmarts(giver + way)
    for giver in ("[nH]:a", "[O,S,Se;X2;H1]-c")
    for way in (":[nX2]", ":a:a:[nX2]")
] + [Chem.MolFromSmarts("[nH]:[nX2]")]
_LABELLED = Chem.MolFromSmarts("[#1]~[#7,#8,#16,#34]")

# Of oxygen and sulfur those on a ring: imidic acids beside it are amides already. Nitrogen that is
# in no ring has a say where a double bond is at it; elsewhere it has its hydrogens, and to try its
# imines would take twice the time.
_TRANSFORMS = """\
1,3 of nitrogen	[{N};!H0]-[#6,#7X2,#15]=[{N}]
1,3 from nitrogen	[#7R;!H0]-[#6R]=[#8,#16,#34]
1,3 to nitrogen	[#8,#16,#34;!H0]-[#6R]=[#7R]
1,5	[{N},#8,#16,#34;!H0]-[#6,#7]=[#6]-[#6,#7]=[{N},#8,#16,#34]
1,7	[{N},#8,#16,#34;!H0]-[#6,#7X2]=[#6]-[#6,#7X2]=[#6]-[#6,#7X2]=[{N}X2,#8,#16,#34]
"""
# Molecules with more get there in steps; a hundred take some 30 ms.
_MOST_AT_ONCE = 64
_MOST_STEPS = 20
_AMIDE = Chem.MolFromSmarts("[#7;!H0]~[#6]=[#8,#16]")
# Imines; the quinoid ring of 2H-indazole; N-H of a ring like pyridine that is no lactam.
_UNLIKELY = Chem.MolFromSmarts(
    "[$([#7X2;H1]=[#6]),$([#7X2]=!@[#6R]),$([nH]1:*:[x3]:[x3]:*:1),"
    "$([nH;r6;!$(n:c=[#7,#8,#16]);!$(n:a:a:c=[#7,#8,#16])])]"
)
_PENALTY = 2


def normalise_tautomer(mol: Chem.Mol, smiles: str) -> Chem.Mol:
    """Return the form that is predicted of a molecule's mobile hydrogens.

    - Imidic acids become amides, and with them lactams, ureas, carbamates, peptides, hydrazides and
      hydroxamic acids; thioimidic acids become thioamides. Oximes stay, and so do imidates, which
      have no hydrogen to move.
    - Hydroxyl (thiol) at position 2 or 4 of an azine becomes a lactam (thione): uracils, purines,
      quinazolinones, and pyridones too. 2-Pyridone and 2-hydroxypyridine are one mobile-H group of
      an InChI, and within 3 kJ/mol of each other in the gas phase; the lactam is what libraries
      draw.
    - Amino groups of rings stay amino groups, amidines have the double bond at the substituted
      nitrogen, N-H of a lactam is next to its carbonyl group, indazoles are 1H. Of what is left
      (pyrazole, imidazole, triazole), the form is taken that comes first in the alphabet of SMILES.

    Isotope labels have no say in the choice. A molecule with labelled hydrogen on oxygen or
    nitrogen, of which an InChI does not say where it is either, keeps its rings as they were drawn.

    Args:
        mol: molecule of one component, neutral.
        smiles: its canonical SMILES; a look at it is all that most molecules take.

    Returns:
        The molecule itself where there is nothing to change.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.reading.tautomers import normalise_tautomer
        >>> uracil = Chem.MolFromSmiles("Oc1ccnc(O)n1")
        >>> Chem.MolToSmiles(normalise_tautomer(uracil, "Oc1ccnc(O)n1"))
        'O=c1cc[nH]c(=O)[nH]1'
    """
    mol = _without_imidic_acids(mol, smiles)
    is_open = _has_imines(mol, smiles) or _is_open(mol, smiles)
    return _best(mol) if is_open and not mol.HasSubstructMatch(_LABELLED) else mol


def _without_imidic_acids(mol: Chem.Mol, smiles: str) -> Chem.Mol:
    """Return the molecule with the forms that patterns know; its SMILES spares looking for them."""
    if "N" in smiles and ("O" in smiles or "S" in smiles):
        mol = _shift_hydrogens(mol, _IMIDIC)
    if "S" in smiles and "O" in smiles:
        mol = _shift_hydrogens(mol, _THIOIC)
        mol = _shift_hydrogens(mol, _THIOPHOSPHORIC)
    if "nH]" in smiles and "=" in smiles:
        mol = _make_amines(mol)
    return mol


def _has_imines(mol: Chem.Mol, smiles: str) -> bool:
    """Say whether it could have double bonds of amidines, or of imines on a ring, elsewhere."""
    return "N" in smiles and (
        ("n" in smiles and mol.HasSubstructMatch(_IMINE_OF_RING))
        or (smiles.count("N") > 1 and mol.HasSubstructMatch(_AMIDINE))
    )


def _is_open(mol: Chem.Mol, smiles: str) -> bool:
    """Say whether ``_best`` could have hydrogens of rings elsewhere."""
    if "n" not in smiles:
        return ("O=c" in smiles or "c(=O)" in smiles) and mol.HasSubstructMatch(_TROPOLONE)
    return ("nH]" in smiles and mol.HasSubstructMatch(_AZOLE)) or (
        ("O" in smiles or "S" in smiles) and mol.HasSubstructMatch(_LACTIM)
    )


def _shift_hydrogens(mol: Chem.Mol, pattern: Chem.Mol) -> Chem.Mol:
    """Move hydrogens from the first to the last of three atoms, and the double bond back."""
    while hits := mol.GetSubstructMatches(pattern):
        edit, touched = Chem.RWMol(mol), set()
        for hit in hits:
            if touched.isdisjoint(hit):
                _shift_hydrogen(edit, *hit)
                touched.update(hit)
        Chem.SanitizeMol(edit)
        mol = edit.GetMol()
    return mol


def _shift_hydrogen(edit: Chem.RWMol, giver: int, centre: int, taker: int) -> None:
    atom = edit.GetAtomWithIdx(giver)
    if labelled := [each for each in atom.GetNeighbors() if each.GetAtomicNum() == 1]:
        edit.RemoveBond(giver, labelled[0].GetIdx())
        edit.AddBond(taker, labelled[0].GetIdx(), Chem.BondType.SINGLE)
    elif atom.GetNoImplicit():
        atom.SetNumExplicitHs(atom.GetNumExplicitHs() - 1)
    edit.GetBondBetweenAtoms(giver, centre).SetBondType(Chem.BondType.DOUBLE)
    _make_single(edit, centre, taker, hydrogens=not labelled)


def _make_single(edit: Chem.RWMol, centre: int, taker: int, hydrogens: int = 1) -> None:
    """Make the double bond to an atom single, which has so many hydrogens more."""
    freed = edit.GetBondBetweenAtoms(centre, taker)
    freed.SetStereo(Chem.BondStereo.STEREONONE)
    freed.SetBondType(Chem.BondType.SINGLE)
    atom = edit.GetAtomWithIdx(taker)
    if atom.GetNoImplicit():
        atom.SetNumExplicitHs(atom.GetNumExplicitHs() + hydrogens)


def _make_amines(mol: Chem.Mol) -> Chem.Mol:
    """Move hydrogens from nitrogen of aromatic rings to imines on them; the rings stay aromatic.

    RDKit's standardiser would look for double bonds along the way, and of an acridine it sees them
    in one of two places.
    """
    aromatic, inchi = len(mol.GetAromaticAtoms()), ""
    for pattern in _BESIDE_IMINES:
        for giver, *_, centre, taker in mol.GetSubstructMatches(pattern):
            edit = Chem.RWMol(mol)
            edit.GetAtomWithIdx(giver).SetNumExplicitHs(0)
            _make_single(edit, centre, taker)
            with suppress(Chem.MolSanitizeException):
                Chem.SanitizeMol(edit)
                inchi = inchi or inchi_of(mol)  # which tells some imines from amines
                if len(edit.GetAromaticAtoms()) == aromatic and inchi_of(edit) == inchi:
                    return _make_amines(edit.GetMol())
    return mol


def _best(mol: Chem.Mol) -> Chem.Mol:
    """Return the highest of the tautomers that share the molecule's InChI; itself, if it is that.

    The search begins at what the InChI is read as, so that all drawings of it end at one. RDKit
    knows tautomers that an InChI tells apart: hydroxypyrazoles are molecules of their own.
    """
    start = read_back(mol)
    if start is None or not start.is_same:
        return mol
    smiles = Chem.MolToSmiles(start.mol)
    best, of_best = _without_imidic_acids(start.mol, smiles), ""
    enumerator = _enumerator(_has_imines(best, smiles))
    for _ in range(_MOST_STEPS):
        before, found = of_best, sorted(_tautomers(best, enumerator).items(), key=_rank)
        alike = (each for each in found if inchi_of(each[1]) == start.inchi)
        of_best, best = next(alike, (of_best, best))
        if len(found) < _MOST_AT_ONCE or of_best == before:
            break
    return take_form(mol, best, start.atoms)


def _tautomers(mol: Chem.Mol, enumerator: TautomerEnumerator) -> dict[str, Chem.Mol]:
    """Return the tautomers by their SMILES, those among them in which all rings stay aromatic.

    For these, of indazoles and of lactams beside a benzene ring, the enumerator would need double
    bonds where it happens to see none.
    """
    tautomers: dict[str, Chem.Mol] = {}
    starts = [mol]
    while starts and len(tautomers) < _MOST_AT_ONCE:
        start = starts.pop(0)
        if not tautomers or Chem.MolToSmiles(start) not in tautomers:
            found = enumerator.Enumerate(start)
            tautomers |= zip(found.smiles, found.tautomers, strict=True)
            starts += _moved_along_rings(start)
    return tautomers


def _moved_along_rings(mol: Chem.Mol) -> Iterator[Chem.Mol]:
    """Yield what becomes of a molecule when a hydrogen goes to nitrogen of an aromatic ring."""
    aromatic = len(mol.GetAromaticAtoms())
    for pattern in _TO_NITROGEN:
        for giver, *_, taker in mol.GetSubstructMatches(pattern):
            edit = Chem.RWMol(mol)
            edit.GetAtomWithIdx(taker).SetNumExplicitHs(1)
            atom = edit.GetAtomWithIdx(giver)
            atom.SetNumExplicitHs(0)
            if not atom.GetIsAromatic():
                atom.GetBonds()[0].SetBondType(Chem.BondType.DOUBLE)
            with suppress(Chem.MolSanitizeException):
                Chem.SanitizeMol(edit)
                if len(edit.GetAromaticAtoms()) == aromatic:
                    yield edit.GetMol()


def _rank(tautomer: tuple[str, Chem.Mol]) -> tuple[int, str]:
    smiles, mol = tautomer
    score = _enumerator(False).ScoreTautomer(mol)
    score += len(mol.GetSubstructMatches(_AMIDE))
    score -= len(mol.GetSubstructMatches(_UNLIKELY)) * _PENALTY
    return -score, smiles


@lru_cache(maxsize=2)
def _enumerator(all_nitrogen: bool) -> TautomerEnumerator:
    # Takes a while to import, and most lists need none.
    from rdkit.Chem.MolStandardize import rdMolStandardize

    settings = rdMolStandardize.CleanupParameters()
    settings.maxTautomers = _MOST_AT_ONCE
    settings.tautomerRemoveSp3Stereo = False  # no carbon gives or takes a hydrogen
    settings.tautomerReassignStereo = False
    with tempfile.TemporaryDirectory() as folder:  # RDKit takes them of a file alone
        file = Path(folder, "transforms.in")
        file.write_text(_TRANSFORMS.format(N="#7" if all_nitrogen else "#7R"), encoding="utf-8")
        settings.tautomerTransformsFile = str(file)
        return rdMolStandardize.TautomerEnumerator(settings)
