"""Structures as text: SMILES, InChI and MOL blocks."""

from __future__ import annotations

import re

from rdkit import Chem

from .inchi_text import ANY_INCHI, INCHI, is_inchi
from .refusals import MAX_ATOMS, MoleculeError
from .unreadable import why_unreadable

# Of a SMILES or InChI, some ten an atom; of a MOL block, a line an atom and one or two a bond.
_MAX_CHARACTERS = 10 * MAX_ATOMS
_MAX_OF_MOL_BLOCK = 150 * MAX_ATOMS
_ATOM = re.compile(r"\[[^][]*|Br|Cl|[BCNOPSFIbcnops*]")
_HYDROGEN = re.compile("H(?![a-z])")  # in a formula: not Hg
# Of the elements that models know, those whose bonds an InChI takes apart.
_METALS = {"Sn", "Hg", "Pb", "Ge"}
UNREADABLE = "RDKit cannot read the structure"
# Of a CXSMILES, what RDKit does not know is left out.
_SMILES = Chem.SmilesParserParams()
_SMILES.strictCXSMILES = False


def parse_structure(text: str) -> Chem.Mol:
    r"""Read a SMILES (CXSMILES among them), an InChI or a MOL block.

    Text that is longer than any structure a model takes is refused before it is read: that alone
    would take minutes.

    Args:
        text: several lines are a MOL block, one that begins with ``InChI=`` or ``1S/`` is an InChI.

    Returns:
        The molecule as RDKit reads it: sanitized, hydrogens implicit but for labelled ones.

    Raises:
        MoleculeError: it is empty, too long, or RDKit cannot read it; or an InChI that has lost
            the bonds of a metal, its hydrogens, or its upper case.

    Example:
        >>> from nextims.chemistry.reading.structure_text import parse_structure
        >>> parse_structure("InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3").GetNumAtoms()
        3
    """
    line = text.strip()
    if not line:
        raise MoleculeError("empty structure")
    is_mol_block = "\n" in line
    longest = _MAX_OF_MOL_BLOCK if is_mol_block else _MAX_CHARACTERS
    if len(line) > longest:
        raise MoleculeError(f"more than {longest} characters")
    if is_mol_block:
        mol = Chem.MolFromMolBlock(text)
    elif is_inchi(line):
        mol = _read_inchi(line)
    elif len(line) > MAX_ATOMS and len(_ATOM.findall(line)) > MAX_ATOMS:
        raise MoleculeError(f"more than {MAX_ATOMS} atoms")
    elif "[#" in line:  # of SMARTS: RDKit takes it for an atom without hydrogens
        raise MoleculeError("query atom", "([#…])")
    elif line.isascii() or line.split()[0].isascii():
        mol = Chem.MolFromSmiles(line, _SMILES)
        if mol is not None and "|" in line:  # an extension may call single bonds cis or trans
            for bond in mol.GetBonds():
                if bond.GetBondType() != Chem.BondType.DOUBLE:
                    bond.SetStereo(Chem.BondStereo.STEREONONE)
    else:
        mol = None  # RDKit drops such letters from the end, and takes "CCé" for ethane
    if mol is None:
        why = "" if is_inchi(line) else why_unreadable(text)
        raise MoleculeError(UNREADABLE, f"({why})" if why else "")
    return mol


def _read_inchi(text: str) -> Chem.Mol | None:
    begin = ANY_INCHI.match(text)
    layers = text[begin.end() :]
    formula = layers.partition("/")[0]
    if formula.islower():
        raise MoleculeError("InChI in lower case", f"({formula}): its elements cannot be told")
    parts = [part.lstrip("0123456789") for part in formula.split(".")]
    if "/h" not in layers and any(_HYDROGEN.search(part) and part != "H" for part in parts):
        # RDKit takes it for a molecule of bare atoms, benzene for C6.
        raise MoleculeError("InChI is cut short", f"({formula}): its hydrogens (/h) are missing")
    mol = Chem.MolFromInchi(f"{INCHI}{begin[2].upper()}/{layers}")
    if mol is not None:
        apart = {atom.GetSymbol() for atom in mol.GetAtoms() if not atom.GetDegree()} & _METALS
        if apart and mol.GetNumAtoms() > 1:
            raise MoleculeError(
                "an InChI has not the bonds of a metal",
                f"({apart.pop()}): give a SMILES, a MOL block or an InChI with /r",
            )
    return mol
