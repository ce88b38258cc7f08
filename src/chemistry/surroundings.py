"""Where a model of bonds can be trusted: bonds whose surroundings it has seen in training."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from rdkit import Chem


class AtomKind(NamedTuple):
    """What makes two atoms alike to the rule of validity.

    Attributes:
        element: symbol.
        degree: number of neighbours, hydrogens included.
        charge: formal charge.
        aromatic: whether it is aromatic.
        unpaired: number of unpaired electrons.
    """

    element: str
    degree: int
    charge: int
    aromatic: bool
    unpaired: int


def atom_kinds(mol: Chem.Mol) -> list[AtomKind]:
    """Return the kind of each atom, isotope labels left out.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.surroundings import atom_kinds
        >>> atom_kinds(Chem.MolFromSmiles("O"))
        [AtomKind(element='O', degree=2, charge=0, aromatic=False, unpaired=0)]
    """
    return [
        AtomKind(
            atom.GetSymbol(),
            atom.GetTotalDegree(),
            atom.GetFormalCharge(),
            atom.GetIsAromatic(),
            atom.GetNumRadicalElectrons(),
        )
        for atom in mol.GetAtoms()
    ]


def far_from_unknown(mol: Chem.Mol, known: Collection[AtomKind], bonds: int = 2) -> list[bool]:
    """Return for each atom whether all atoms within so many bonds of it are of a known kind.

    A bond's surroundings are known where this holds for both of its ends.

    Args:
        mol: molecule.
        known: kinds of atoms that the model was trained with.
        bonds: how far to look.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.surroundings import atom_kinds, far_from_unknown
        >>> alkane = set(atom_kinds(Chem.MolFromSmiles("C")))
        >>> far_from_unknown(Chem.MolFromSmiles("CCCCO"), alkane)
        [True, True, False, False, False]
    """
    unknown = {i for i, kind in enumerate(atom_kinds(mol)) if kind not in known}
    near = set(unknown)
    for _ in range(bonds if unknown else 0):
        near |= {
            neighbour.GetIdx() for i in near for neighbour in mol.GetAtomWithIdx(i).GetNeighbors()
        }
    return [i not in near for i in range(mol.GetNumAtoms())]
