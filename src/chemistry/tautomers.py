r"""One structure of those that differ only in which oxygen, sulfur or nitrogen a hydrogen is on.

An InChI leaves that open: acetanilide's is read as an imidic acid, ``CC(O)=Nc1ccccc1``. In the gas
phase such hydrogens go to and fro, and one spectrum is measured of all.

Imidic acids are made amides by patterns: of a peptide, RDKit's standardiser would list thousands of
structures. Where several places compete, in aromatic rings and amidines, it does the work, with
transforms of its own: those that it comes with move the hydrogens of carbon as well, but keto and
enol are two molecules, in an InChI as on a column. Hydrogens that go from oxygen to oxygen along
carbon (tropolones, hydroxyquinones) stay where they were drawn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rdkit import Chem

if TYPE_CHECKING:
    from rdkit.Chem.MolStandardize.rdMolStandardize import TautomerEnumerator

# What gives a hydrogen, what is between, what takes it.
_IMIDIC = Chem.MolFromSmarts("[O,S,Se;X2;H1]-[#6X3,#7X2,#15,#16]=[#7X2]")
_THIOIC = Chem.MolFromSmarts("[O;X2;H1]-[#6X3]=[S;X1]")
_THIOPHOSPHORIC = Chem.MolFromSmarts("[S;X2;H1]-[#15]=[O;X1]")
_AMIDINE = Chem.MolFromSmarts("[#7X3;!H0]-[#6X3,#7X2]=[#7X2]")
_AZOLE = Chem.MolFromSmarts("[$([nH]:a:[nX2]),$([nH]:a:a:a:[nX2]),$([nH]:a:a:a:a:a:[nX2])]")
_INDAZOLE = Chem.MolFromSmarts("[nH]1:[nX2]:*:[x3]:*:1")
_LACTIM = Chem.MolFromSmarts("[O,S,Se;X2;H1]-c:[$(n),$(a:a:n)]")
_IMINE_OF_RING = Chem.MolFromSmarts("c=[#7X2]")
_BESIDE_IMINES = [Chem.MolFromSmarts(each) for each in ("[nH]:c=[#7X2]", "[nH]:a:a:c=[#7X2]")]
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
        >>> from nextims.chemistry.tautomers import normalise_tautomer
        >>> uracil = Chem.MolFromSmiles("Oc1ccnc(O)n1")
        >>> Chem.MolToSmiles(normalise_tautomer(uracil, "Oc1ccnc(O)n1"))
        'O=c1cc[nH]c(=O)[nH]1'
    """
    if "N" in smiles and ("O" in smiles or "S" in smiles):
        mol = _shift_hydrogens(mol, _IMIDIC)
    if "S" in smiles and "O" in smiles:
        mol = _shift_hydrogens(mol, _THIOIC)
        mol = _shift_hydrogens(mol, _THIOPHOSPHORIC)
    if "nH]" in smiles and "=" in smiles:
        mol = _make_amines(mol)
    has_imines = _has_imines(mol, smiles)
    if (has_imines or _is_open(mol, smiles)) and not mol.HasSubstructMatch(_LABELLED):
        mol = _best(mol, smiles, _enumerator(has_imines))
    return mol


def _has_imines(mol: Chem.Mol, smiles: str) -> bool:
    """Say whether it could have double bonds of amidines, or of imines on a ring, elsewhere."""
    return "N" in smiles and (
        ("n" in smiles and mol.HasSubstructMatch(_IMINE_OF_RING))
        or (smiles.count("N") > 1 and mol.HasSubstructMatch(_AMIDINE))
    )


def _is_open(mol: Chem.Mol, smiles: str) -> bool:
    """Say whether ``_best`` could have hydrogens of rings elsewhere."""
    return "n" in smiles and (
        ("nH]" in smiles and mol.HasSubstructMatch(_AZOLE))
        or (("O" in smiles or "S" in smiles) and mol.HasSubstructMatch(_LACTIM))
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
    aromatic = len(mol.GetAromaticAtoms())
    for pattern in _BESIDE_IMINES:
        for giver, *_, centre, taker in mol.GetSubstructMatches(pattern):
            edit = Chem.RWMol(mol)
            edit.GetAtomWithIdx(giver).SetNumExplicitHs(0)
            _make_single(edit, centre, taker)
            with suppress(Chem.MolSanitizeException):
                Chem.SanitizeMol(edit)
                if len(edit.GetAromaticAtoms()) == aromatic:
                    return _make_amines(edit.GetMol())
    return mol


def _best(mol: Chem.Mol, smiles: str, enumerator: TautomerEnumerator) -> Chem.Mol:
    """Return the highest of the tautomers that share the molecule's InChI; itself, if it is that.

    RDKit knows tautomers that an InChI tells apart: hydroxypyrazoles are molecules of their own.
    """
    labels = [(atom.GetIdx(), atom.GetIsotope()) for atom in mol.GetAtoms() if atom.GetIsotope()]
    best, of_best = Chem.Mol(mol), smiles
    for place, _ in labels:
        best.GetAtomWithIdx(place).SetIsotope(0)
    for _ in range(_MOST_STEPS):
        before, found = of_best, sorted(_tautomers(best, enumerator), key=_rank)
        if found[0][0] != of_best:
            inchi = _inchi(best)
            alike = (each for each in found if _inchi(each[1]) == inchi)
            of_best, best = next(alike, (of_best, best))
        if len(found) < _MOST_AT_ONCE or of_best == before:
            break
    if of_best == smiles:
        return mol
    for place, isotope in labels:
        best.GetAtomWithIdx(place).SetIsotope(isotope)
    # A centre that is chiral by its labels alone is one again.
    Chem.AssignStereochemistry(best, cleanIt=True, force=True)
    return best


def _inchi(mol: Chem.Mol) -> str:
    return Chem.MolToInchi(mol, options="/SNon")  # without stereochemistry


def _tautomers(mol: Chem.Mol, enumerator: TautomerEnumerator) -> Iterator[tuple[str, Chem.Mol]]:
    """Yield the tautomers with their SMILES, those of indazoles from both of their nitrogens.

    For these the enumerator would need double bonds where it happens to see none.
    """
    starts = [mol]
    for giver, taker, *_ in mol.GetSubstructMatches(_INDAZOLE):
        other = Chem.RWMol(mol)
        other.GetAtomWithIdx(giver).SetNumExplicitHs(0)
        other.GetAtomWithIdx(taker).SetNumExplicitHs(1)
        with suppress(Chem.MolSanitizeException):
            Chem.SanitizeMol(other)
            starts.append(other)
    for start in starts:
        found = enumerator.Enumerate(start)
        yield from zip(found.smiles, found.tautomers, strict=True)


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
