"""A structure as a picture, with the places of its atoms, which the page marks and lets click."""

from __future__ import annotations

from typing import NamedTuple

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

from ..chemistry.molecule import Molecule
from ..pictures.structure import laid_out, set_style

# Of a bond and its letters at most, in units of the picture.
_BOND_LENGTH, _FONT_SIZE = 34, 15


class Drawing(NamedTuple):
    """A structure drawn in black.

    Attributes:
        svg: the picture.
        width, height: of it, in its own units.
        atoms: place of each atom in it, in the order of the canonical SMILES.
        mol_block: the structure with the same places, for an editor.
    """

    svg: str
    width: int
    height: int
    atoms: list[tuple[float, float]]
    mol_block: str


def draw(molecule: Molecule, width: int = 340, height: int = 210) -> Drawing:
    """Draw a structure as large as a picture has room for.

    Args:
        molecule: the structure.
        width: of the picture.
        height: likewise.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.web.drawing import draw
        >>> len(draw(read_molecule("CCO")).atoms)
        3
    """
    mol = laid_out(molecule)
    # Else an editor takes wedges for those of a racemate.
    mol.SetIntProp("_MolFileChiralFlag", 1)
    drawing = rdMolDraw2D.MolDraw2DSVG(width, height)
    options = set_style(drawing, _BOND_LENGTH, _FONT_SIZE)
    options.fixedFontSize = -1  # smaller where bonds are
    options.maxFontSize = _FONT_SIZE
    options.minFontSize = 7
    options.clearBackground = False
    options.bondLineWidth = 1.6
    drawing.DrawMolecule(mol)
    places = [drawing.GetDrawCoords(number) for number in range(mol.GetNumAtoms())]
    drawing.FinishDrawing()
    text = drawing.GetDrawingText()
    return Drawing(
        text[text.index("<svg") :],
        width,
        height,
        [(round(place.x, 1), round(place.y, 1)) for place in places],
        Chem.MolToMolBlock(mol),
    )
