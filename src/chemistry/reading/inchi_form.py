"""A structure as its own InChI, read back, has it: one form of all that share the InChI.

Of such forms none can be told from the others by the InChI, and each search for a better one
begins at it, so that it ends at the same whichever was drawn.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rdkit import Chem

if TYPE_CHECKING:
    from rdkit.Chem.MolStandardize.rdMolStandardize import Reionizer


class InchiForm(NamedTuple):
    """The form that an InChI is read as.

    Attributes:
        mol: without stereochemistry and isotope labels; sanitized.
        atoms: which atom of the structure that was given each of its atoms is.
        inchi: the InChI of the structure, which tells of neither as well.
        is_same: whether that is also its own.
    """

    mol: Chem.Mol
    atoms: list[int]
    inchi: str
    is_same: bool


def read_back(mol: Chem.Mol) -> InchiForm | None:
    """Return the form that a structure's InChI is read as.

    Args:
        mol: molecule of one component.

    Returns:
        ``None`` where RDKit reads none of it, or one in parts.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.reading.inchi_form import read_back
        >>> form = read_back(Chem.MolFromSmiles("CC(=O)NC"))
        >>> Chem.MolToSmiles(form.mol), form.atoms
        ('CN=C(C)O', [0, 4, 1, 3, 2])
    """
    plain = Chem.Mol(mol)
    for atom in plain.GetAtoms():
        atom.SetIsotope(0)
    inchi, auxiliary = Chem.MolToInchiAndAuxInfo(plain, options="/SNon")  # no stereochemistry
    form = Chem.MolFromInchi(inchi)
    numbers = auxiliary.partition("/N:")[2].partition("/")[0]
    if form is None or ";" in numbers or form.GetNumAtoms() != mol.GetNumHeavyAtoms():
        return None
    form = with_strongest_acid_charged(form)
    atoms = [int(number) - 1 for number in numbers.split(",")]
    return InchiForm(form, atoms, inchi, inchi_of(form) == inchi)


def with_strongest_acid_charged(mol: Chem.Mol) -> Chem.Mol:
    """Return an inner salt with its protons where the weaker acids are.

    Returns:
        The molecule itself where it has no charge.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.reading.inchi_form import with_strongest_acid_charged
        >>> carnitine = Chem.MolFromSmiles("C[N+](C)(C)CC([O-])CC(=O)O")
        >>> Chem.MolToSmiles(with_strongest_acid_charged(carnitine))
        'C[N+](C)(C)CC(O)CC(=O)[O-]'
    """
    charged = any(atom.GetFormalCharge() for atom in mol.GetAtoms())
    # RDKit takes no proton that is an atom of its own, as labelled ones are.
    labelled = any(atom.GetAtomicNum() == 1 for atom in mol.GetAtoms())
    return _reionizer().reionize(mol) if charged and not labelled else mol


@lru_cache(maxsize=1)
def _reionizer() -> Reionizer:
    # Takes a while to import, and most lists have no charges.
    from rdkit.Chem.MolStandardize.rdMolStandardize import Reionizer

    return Reionizer()


def inchi_of(mol: Chem.Mol) -> str:
    """Return the InChI without stereochemistry.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.reading.inchi_form import inchi_of
        >>> inchi_of(Chem.MolFromSmiles("C/C=C/C"))
        'InChI=1S/C4H8/c1-3-4-2/h3-4H,1-2H3'
    """
    return Chem.MolToInchi(mol, options="/SNon")


def take_form(mol: Chem.Mol, form: Chem.Mol, atoms: list[int]) -> Chem.Mol:
    """Return a molecule with the hydrogens, charges and double bonds of another form of it.

    Its labels and, elsewhere, its stereochemistry stay.

    Args:
        mol: the molecule.
        form: the other form, sanitized.
        atoms: which atom of the molecule each of the form's is.

    Returns:
        The molecule itself where the form is no other, or has no place for a labelled hydrogen.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.reading.inchi_form import take_form
        >>> drawn = Chem.MolFromSmiles("[13CH3]C(O)=NC")
        >>> Chem.MolToSmiles(take_form(drawn, Chem.MolFromSmiles("CC(=O)NC"), [0, 1, 2, 3, 4]))
        'CNC([13CH3])=O'
    """
    same = all(
        _hydrogens(mol.GetAtomWithIdx(place)) == _hydrogens(other)
        and mol.GetAtomWithIdx(place).GetFormalCharge() == other.GetFormalCharge()
        for place, other in zip(atoms, form.GetAtoms(), strict=True)
    )
    pairs = [(atoms[b.GetBeginAtomIdx()], atoms[b.GetEndAtomIdx()], b) for b in form.GetBonds()]
    if same and all(
        mol.GetBondBetweenAtoms(one, other).GetBondType() == bond.GetBondType()
        for one, other, bond in pairs
    ):
        return mol
    labelled = [
        _hydrogens(mol.GetAtomWithIdx(i)) - mol.GetAtomWithIdx(i).GetTotalNumHs() for i in atoms
    ]
    if any(n > _hydrogens(atom) for n, atom in zip(labelled, form.GetAtoms(), strict=True)):
        return mol
    form = Chem.Mol(form)
    Chem.Kekulize(form, clearAromaticFlags=True)
    edit = Chem.RWMol(mol)
    Chem.Kekulize(edit, clearAromaticFlags=True)
    for place, other, explicit in zip(atoms, form.GetAtoms(), labelled, strict=True):
        atom = edit.GetAtomWithIdx(place)
        atom.SetFormalCharge(other.GetFormalCharge())
        atom.SetNumExplicitHs(_hydrogens(other) - explicit)
        atom.SetNoImplicit(True)
    for (one, other, _), bond in zip(pairs, form.GetBonds(), strict=True):
        own = edit.GetBondBetweenAtoms(one, other)
        if own.GetBondType() != bond.GetBondType():
            own.SetStereo(Chem.BondStereo.STEREONONE)
            own.SetBondType(bond.GetBondType())
    Chem.SanitizeMol(edit)
    # What was chiral or E or Z may be so no longer.
    Chem.AssignStereochemistry(edit, cleanIt=True, force=True)
    return edit.GetMol()


def _hydrogens(atom: Chem.Atom) -> int:
    return atom.GetTotalNumHs(includeNeighbors=True)
