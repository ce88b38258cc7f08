"""A structure drawn as lines and shapes, for pictures that have more to show than the structure.

RDKit draws it; as it has no canvas for Matplotlib, the paths of its SVG are read here.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from ..chemistry.molecule import Molecule

# Of a bond and of the letters, as printed at natural size, in points: about the style of the
# American Chemical Society.
BOND_LENGTH = 14.4
RDKIT_BOND_LENGTH = 1.5  # in its own coordinates
_FONT_SIZE = 9.0
_LINE_WIDTH = 0.7
# RDKit writes places to one decimal: of so many units a point.
_UNITS = 5.0

_TOKEN = re.compile(r"[MLQCZ]|-?\d+(?:\.\d+)?")
_POINTS = {"M": 1, "L": 1, "Q": 2, "C": 3, "Z": 0}  # after each letter of a path


class Shape(NamedTuple):
    """A line or a filled shape, black.

    Attributes:
        vertices: points from the upper left corner, y downwards, ``(vertices, 2)``.
        letters: of each vertex what leads to it: M moves, L draws a line, Q and C are the points of
            quadratic and cubic curves, Z closes the path.
        line_width: in points; 0 for a filled shape.
    """

    vertices: np.ndarray
    letters: str
    line_width: float


class StructureDrawing(NamedTuple):
    """A structure in its natural size.

    Attributes:
        width, height: in points.
        shapes: what to draw.
    """

    width: float
    height: float
    shapes: list[Shape]


def laid_out(molecule: Molecule) -> Chem.Mol:
    """Return a copy of a molecule with its atoms placed, the longest side across, to be drawn.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.pictures.structure import laid_out
        >>> laid_out(read_molecule("CCO")).GetConformer().Is3D()
        False
    """
    mol = Chem.Mol(molecule.mol)
    rdDepictor.Compute2DCoords(mol, canonOrient=True)
    rdDepictor.StraightenDepiction(mol)
    return rdMolDraw2D.PrepareMolForDrawing(mol, addChiralHs=False)


def set_style(
    drawing: rdMolDraw2D.MolDraw2D, bond_length: float, font_size: int
) -> rdMolDraw2D.MolDrawOptions:
    """Have a molecule that ``laid_out`` returned drawn in black, in a fixed size.

    Args:
        drawing: to draw on.
        bond_length: of a bond, in units of the drawing.
        font_size: of the letters, in the same.

    Returns:
        The drawing's options.
    """
    options = drawing.drawOptions()
    options.prepareMolsBeforeDrawing = False
    options.useBWAtomPalette()
    options.atomLabelDeuteriumTritium = True
    # Both are the scale, the first on a canvas of a given size, the second on one that grows.
    options.fixedBondLength = options.scalingFactor = bond_length / RDKIT_BOND_LENGTH
    options.fixedFontSize = font_size
    return options


def draw_structure(molecule: Molecule) -> StructureDrawing:
    """Draw the structural formula of a molecule, its longest side across.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.pictures.structure import draw_structure
        >>> ethane = draw_structure(read_molecule("CC"))
        >>> ethane.shapes[0].letters, 14 < ethane.width < 30
        ('ML', True)
    """
    mol = laid_out(molecule)
    drawing = rdMolDraw2D.MolDraw2DSVG(-1, -1)  # as large as it has to be
    options = set_style(drawing, BOND_LENGTH * _UNITS, round(_FONT_SIZE * _UNITS))
    options.padding = 0  # which would be taken off the bonds
    options.clearBackground = False
    options.bondLineWidth = _LINE_WIDTH * _UNITS
    options.scaleBondWidth = False
    drawing.DrawMolecule(mol)
    drawing.FinishDrawing()
    root = ElementTree.fromstring(drawing.GetDrawingText())
    shapes = [_shape(element) for element in root.iter() if element.tag.endswith("}path")]
    vertices = np.concatenate([shape.vertices for shape in shapes])
    corner = vertices.min(axis=0) - _LINE_WIDTH
    width, height = (vertices.max(axis=0) + _LINE_WIDTH - corner).tolist()
    shapes = [shape._replace(vertices=shape.vertices - corner) for shape in shapes]
    return StructureDrawing(width, height, shapes)


def _shape(element: ElementTree.Element) -> Shape:
    letters, numbers, letter = "", [], "M"
    for token in _TOKEN.findall(element.get("d", "")):
        if token in _POINTS:
            letter = token
            letters += letter * _POINTS[letter]
            if letter == "Z":
                letters += letter
                numbers += numbers[-2:]  # a vertex that does not count
        else:
            numbers.append(float(token))
    style = dict(part.split(":") for part in element.get("style", "").split(";") if ":" in part)
    filled = style.get("fill", element.get("fill", "none")) != "none"
    width = 0.0 if filled else float(style["stroke-width"].removesuffix("px")) / _UNITS
    return Shape(np.reshape(numbers, (-1, 2)) / _UNITS, letters, width)
