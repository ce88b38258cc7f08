"""Structures that cannot be used, and why."""

from __future__ import annotations

from rdkit import Chem

# Above what flies in a mass spectrometer. RDKit's canonical SMILES of a chain of some 20,000 atoms
# overflows the stack and ends the process; 12,000 rings in a row take it minutes.
MAX_ATOMS = 2000

_BONDS = {Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE, Chem.BondType.AROMATIC}
_NO_ORDER = {Chem.BondType.ZERO, Chem.BondType.UNSPECIFIED, Chem.BondType.OTHER}
# Marks of other bonds in a SMILES: "/" and "\" aside, RDKit writes none between atoms of rings.
_ODD_MARKS = ("~", "->", "<-", "$", ":")

# Mercury, which models know, is none.
_TRANSITION_METALS = {*range(21, 31), *range(39, 49), *range(57, 80), *range(89, 113)}


class MoleculeError(ValueError):
    """A structure that cannot be used; the message says why in a few words.

    Args:
        reason: one of a small number of phrases, by which such structures are counted.
        detail: what exactly was found; in parentheses where it stands so in the message.
    """

    def __init__(self, reason: str, detail: str = ""):
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason
        self.detail = detail.removeprefix("(").removesuffix(")")


def refuse_odd_bonds(mol: Chem.Mol, smiles: str) -> None:
    """Refuse bonds that are none of single, double, triple and aromatic, and query atoms.

    What these stand for is not said: RDKit reads an atom that is carbon or nitrogen as carbon, and
    a bond of any order as one of order 0, of which no piece of a molecule can be made.

    Args:
        mol: molecule as it was read.
        smiles: its SMILES, as RDKit writes it; most molecules are passed by a look at it.

    Raises:
        MoleculeError: it has such bonds or atoms.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.reading.refusals import MoleculeError, refuse_odd_bonds
        >>> try:
        ...     refuse_odd_bonds(Chem.MolFromSmiles("C=CC~O"), "C=CC~O")
        ... except MoleculeError as error:
        ...     print(error)
        bond of no order (C~O)
    """
    if not mol.HasQuery() and not any(mark in smiles for mark in _ODD_MARKS):
        return
    for bond in mol.GetBonds():
        kind = bond.GetBondType()
        ends = bond.GetBeginAtom().GetSymbol(), bond.GetEndAtom().GetSymbol()
        if kind in _NO_ORDER or bond.HasQuery():
            raise MoleculeError("bond of no order", f"({'~'.join(ends)})")
        if kind not in _BONDS:
            raise MoleculeError(f"{str(kind).lower()} bond", f"({'-'.join(ends)})")
        if kind == Chem.BondType.AROMATIC and not bond.IsInRing():
            raise MoleculeError("aromatic bond outside a ring", f"({':'.join(ends)})")
    for atom in mol.GetAtoms():
        if atom.HasQuery():
            raise MoleculeError("query atom", f"({atom.GetSmarts()})")


def refuse_complexes(mol: Chem.Mol) -> None:
    """Refuse a complex of a transition metal that is written in parts, as ferrocene often is.

    Its ligands are no free acids that could be given alone. A metal that is charged, beside no
    carbanion, makes a salt of an acid.

    Args:
        mol: a structure of several components.

    Raises:
        MoleculeError: it is such a complex.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.reading.refusals import MoleculeError, refuse_complexes
        >>> refuse_complexes(Chem.MolFromSmiles("CC(=O)[O-].CC(=O)[O-].[Cu+2]"))
        >>> try:
        ...     refuse_complexes(Chem.MolFromSmiles("[CH-]1C=CC=C1.[CH-]1C=CC=C1.[Fe+2]"))
        ... except MoleculeError as error:
        ...     print(error)
        unsupported element Fe
    """
    atoms = list(mol.GetAtoms())
    metals = [atom for atom in atoms if atom.GetAtomicNum() in _TRANSITION_METALS]
    carbanion = any(atom.GetSymbol() == "C" and atom.GetFormalCharge() < 0 for atom in atoms)
    if metals and (carbanion or not all(atom.GetFormalCharge() for atom in metals)):
        symbols = sorted({atom.GetSymbol() for atom in metals})
        raise MoleculeError("unsupported element", ", ".join(symbols))
