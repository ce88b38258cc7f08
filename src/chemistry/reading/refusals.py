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
