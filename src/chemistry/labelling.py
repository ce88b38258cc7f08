"""Labelling one atom of a structure."""

from __future__ import annotations

from rdkit import Chem

from .molecule import Molecule, read_molecule
from .reading.refusals import MoleculeError


def label_atom(molecule: Molecule, atom: int, element: str, isotope: int) -> Molecule:
    """Return a molecule with a label on an atom; taken off where it is there already.

    Hydrogens are labelled one after the other with each call on the atom that bears them, and all
    lose their labels once there is none left.

    Args:
        molecule: the molecule.
        atom: place of the atom, from 0; of a hydrogen, that of the atom that bears it, or its own.
        element: of the label.
        isotope: its mass number.

    Raises:
        MoleculeError: there is no such atom, or it is another element's.

    Example:
        >>> from nextims.chemistry.labelling import label_atom
        >>> from nextims.chemistry.molecule import read_molecule
        >>> methanol = read_molecule("CO")
        >>> label_atom(methanol, 0, "H", 2).smiles, label_atom(methanol, 0, "C", 13).smiles
        ('[2H]CO', '[13CH3]O')
    """
    if not 0 <= atom < molecule.mol.GetNumAtoms():
        raise MoleculeError("no such atom", f"({atom} of {molecule.mol.GetNumAtoms()})")
    mol = Chem.AddHs(molecule.mol)
    own = mol.GetAtomWithIdx(atom)
    if element == "H" and own.GetSymbol() != "H":
        places = [each for each in own.GetNeighbors() if each.GetSymbol() == "H"]
    else:
        places = [own] if own.GetSymbol() == element else []
    if not places:
        raise MoleculeError(f"no {element} to label on {own.GetSymbol()}")
    unlabelled = [each for each in places if each.GetIsotope() != isotope]
    for each in unlabelled[:1] or places:
        each.SetIsotope(isotope if unlabelled else 0)
    return read_molecule(Chem.RemoveHs(mol))
