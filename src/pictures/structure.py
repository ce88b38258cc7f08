"""A structure drawn as lines and shapes, for pictures that have more to show than the structure."""

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


def draw_structure(molecule: Molecule) -> StructureDrawing:
    """Draw the structural formula of a molecule, its longest side across.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.pictures.structure import draw_structure
        >>> ethane = draw_structure(read_molecule("CC"))
        >>> ethane.shapes[0].letters, 14 < ethane.width < 30
        ('ML', True)
    """
    mol = Chem.Mol(molecule.mol)
    rdDepictor.Compute2DCoords(mol, canonOrient=True)
    rdDepictor.StraightenDepiction(mol)
    mol = rdMolDraw2D.PrepareMolForDrawing(mol, addChiralHs=False)
    # What RDKit calls a bond length is the scale, of bonds of 1.5 in its own coordinates. The
    # canvas only has to be large enough: on a smaller one it would shrink the structure.
    scale = BOND_LENGTH * _UNITS / 1.5
    spans = np.ptp(mol.GetConformer().GetPositions()[:, :2], axis=0)
    width, height = (scale * spans + 6 * BOND_LENGTH * _UNITS).astype(int).tolist()
    drawing = rdMolDraw2D.MolDraw2DSVG(width, height)
    options = drawing.drawOptions()
    options.prepareMolsBeforeDrawing = False
    options.useBWAtomPalette()
    options.clearBackground = False
    options.atomLabelDeuteriumTritium = True
    options.fixedBondLength = scale
    options.fixedFontSize = round(_FONT_SIZE * _UNITS)
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
