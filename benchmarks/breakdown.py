"""Groups of molecules, so that one sees where a model fails: by size, scaffold, element, class."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from nextims.chemistry.molecule import Molecule, without_isotopes

_SIZES = ((1, 5), (6, 10), (11, 15), (16, 20), (21, 30))
_ELEMENTS = ("N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
_GONANE = (
    "[#6]1~[#6]~[#6]~[#6]2~[#6](~[#6]1)~[#6]~[#6]~[#6]1~[#6]2~[#6]~[#6]~[#6]2~[#6]1~[#6]~[#6]~[#6]2"
)
# Class → SMARTS that a molecule must match, and SMARTS that it must not. A molecule may be of
# several classes. Matched without isotope labels.
_CLASSES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "alkanes": (("[CX4]",), ("[!#6]", "[#6;!X4]")),
    "C=C or C≡C, not aromatic": (("C=,#C",), ()),
    "benzene rings": (("c1ccccc1",), ()),
    "fused aromatic rings": (("a(:a)(:a):a",), ()),
    "heteroaromatic rings": (("[a;!#6]",), ()),
    "alcohols": (("[OX2H][CX4]",), ()),
    "phenols": (("[OX2H]c",), ()),
    "ethers": (("[OX2;!$(O[#6]=[O,S,N])]([#6])[#6]",), ()),
    "aldehydes and ketones": (("[CX3;$([CH2]),$([CH][#6]),$(C([#6])[#6])]=O",), ()),
    "carboxylic acids": (("[CX3](=O)[OX2H]",), ()),
    "esters": (("[CX3;$([CH]),$(C[#6])](=O)[OX2][#6;!$([#6]=O)]",), ()),
    "amines": (("[NX3;+0;!$(N[#6]=[O,S,N]);!$(NC#N);!$(N~[!#6])]",), ()),
    "amides and ureas": (("[CX3;!$(C(=O)[OX2])](=O)[NX3]",), ()),
    "carbamates": (("[OX2]C(=O)[NX3]",), ()),
    "nitriles": (("C#N",), ()),
    "nitro compounds": (("[NX3+](=O)[O-]",), ()),
    "thiols and sulfides": (("[SX2;!$(S~[!#6])]",), ()),
    "S=O": (("S=O",), ()),
    "phosphorus esters": (("P(=[O,S])[OX2][#6]",), ()),
    "alkyl halides": (("[CX4][F,Cl,Br,I]",), ()),
    "aryl halides": (("a[F,Cl,Br,I]",), ()),
    "silylated": (("[#7,#8,#16][SiX4]([#6])([#6])[#6]",), ()),
    # Two isoprene units head to tail, in a chain or in rings (menthane, pinane, bornane).
    "terpenoids": (("C~C(~C)~C~C~C~C(~C)~C~C",), ("[!#6;!#8]", _GONANE)),
    "steroids": ((_GONANE,), ()),
}


def by_size(molecules: Sequence[Molecule]) -> dict[str, np.ndarray]:
    """Return which molecules have how many heavy atoms.

    Returns:
        Range → bool, ``(molecules,)``.
    """
    atoms = np.array([molecule.mol.GetNumHeavyAtoms() for molecule in molecules])
    groups = {f"{low}–{high}": (atoms >= low) & (atoms <= high) for low, high in _SIZES}
    return {**groups, f"> {_SIZES[-1][1]}": atoms > _SIZES[-1][1]}


def by_scaffold(molecules: Sequence[Molecule]) -> dict[str, np.ndarray]:
    """Return which molecules have which Murcko scaffold.

    Returns:
        Scaffold → bool, ``(molecules,)``. Benzene, by far the most frequent, stands alone.
    """
    scaffolds = np.array(
        [MurckoScaffold.MurckoScaffoldSmiles(mol=molecule.mol) for molecule in molecules]
    )
    none, benzene = scaffolds == "", scaffolds == "c1ccccc1"
    return {"none (no ring)": none, "benzene": benzene, "others": ~none & ~benzene}


def by_element(molecules: Sequence[Molecule]) -> dict[str, np.ndarray]:
    """Return which molecules hold an element, and which none but carbon, hydrogen and oxygen.

    Returns:
        Element → bool, ``(molecules,)``.
    """
    present = [{atom.GetSymbol() for atom in molecule.mol.GetAtoms()} for molecule in molecules]
    groups = {symbol: np.array([symbol in own for own in present]) for symbol in _ELEMENTS}
    groups["only C and H"] = np.array([own <= {"C", "H"} for own in present])
    groups["only C, H and O"] = np.array([{"O"} <= own <= {"C", "H", "O"} for own in present])
    return groups


def by_class(molecules: Sequence[Molecule]) -> dict[str, np.ndarray]:
    """Return which molecules are of which class; a molecule may be of several.

    Returns:
        Class → bool, ``(molecules,)``.
    """
    # Labels aside, a deuterium is a hydrogen, which SMARTS then count as one.
    plain = [Chem.RemoveHs(without_isotopes(molecule.mol)) for molecule in molecules]
    groups = {}
    for name, (needed, forbidden) in _CLASSES.items():
        patterns = [(Chem.MolFromSmarts(text), True) for text in needed]
        patterns += [(Chem.MolFromSmarts(text), False) for text in forbidden]
        groups[name] = np.array(
            [all(mol.HasSubstructMatch(p) == wanted for p, wanted in patterns) for mol in plain]
        )
    groups["isotope-labelled"] = np.array(
        [any(atom.GetIsotope() for atom in molecule.mol.GetAtoms()) for molecule in molecules]
    )
    return groups


BREAKDOWNS: dict[str, Callable[[Sequence[Molecule]], dict[str, np.ndarray]]] = {
    "heavy atoms": by_size,
    "scaffold": by_scaffold,
    "element": by_element,
    "class": by_class,
}
