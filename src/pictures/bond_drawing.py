"""A molecule drawn with its bond dissociation energies, as a picture."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D
from rdkit.Geometry import Point2D

from ..chemistry.molecule import Molecule
from ..data.bde.bond_energies import BondEnergies
from ..files.writing import check_output, written_whole
from .structure import RDKIT_BOND_LENGTH, laid_out, set_style

FORMATS = {".png": rdMolDraw2D.MolDraw2DCairo, ".svg": rdMolDraw2D.MolDraw2DSVG}

# In kcal/mol, and the same for all molecules, so that pictures can be compared. What lies beyond
# has the colour of the end.
WEAK, STRONG = 60.0, 120.0
# Red, yellow, blue from ColorBrewer's RdYlBu, which the colour-blind can tell apart; the middle is
# more of a yellow, to be seen on white.
_SCALE = np.array([(215, 48, 39), (252, 141, 89), (254, 224, 144), (145, 191, 219), (69, 117, 180)])
_NO_ENERGY = (0.88, 0.88, 0.88)
_INK = (0.2, 0.2, 0.2)

# Lengths in pixels.
_BOND = 76
_MARGIN = 80
_SMALLEST = 420, 240  # width and height, without the key
_LARGEST = 4000
_KEY = 260, 70  # the scale of colours and what is written below


def check_drawing(path: str | Path) -> Path:
    """Check that a picture can be written to a path, before the work of predicting what it shows.

    Returns:
        The path.

    Raises:
        OutputError: the ending is none of ``FORMATS``, or the folder is missing or write-protected.

    Example:
        >>> from nextims.pictures.bond_drawing import check_drawing
        >>> check_drawing("aspirin.svg").suffix
        '.svg'
    """
    return check_output(path, FORMATS, "pictures")


def colour_of(bde: float) -> tuple[float, float, float]:
    """Return the colour of an energy in kcal/mol: red, green and blue from 0 to 1.

    Example:
        >>> from nextims.pictures.bond_drawing import colour_of
        >>> red, green, blue = colour_of(45.0)
        >>> red > green > blue
        True
    """
    stops = np.linspace(WEAK, STRONG, len(_SCALE))
    red, green, blue = (float(np.interp(bde, stops, channel)) / 255 for channel in _SCALE.T)
    return red, green, blue


def draw_bond_energies(molecule: Molecule, energies: BondEnergies, path: str | Path) -> None:
    """Draw a molecule, its bonds labelled with their energies and coloured by them.

    Labels are whole kcal/mol: at a bond between drawn atoms its own, at an atom ("H 91") that of
    its weakest bond to hydrogen. Ring bonds are grey; other single bonds without an energy are
    grey and have a question mark. Double and triple bonds stay plain.

    Args:
        molecule: a molecule.
        energies: its bond energies, from a backend or from the cache.
        path: ``.png`` or ``.svg``; written under a temporary name and renamed.

    Raises:
        OutputError: see ``check_drawing``.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from nextims.data.bde.bond_energies import BondEnergies
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.pictures.bond_drawing import draw_bond_energies
        >>> bde, valid, ring = np.array([117.0] * 2), np.ones(2, bool), np.zeros(2, bool)
        >>> water = BondEnergies(np.array([[0, 1], [0, 2]]), bde, bde - 8, valid, ring)
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.svg")
        >>> draw_bond_energies(read_molecule("O"), water, path)
        >>> "svg" in path.read_text()
        True
    """
    path = check_drawing(path)
    mol = laid_out(molecule)
    width, height = _size(mol)
    drawing = FORMATS[path.suffix.lower()](width, height + _KEY[1], width, height)
    options = set_style(drawing, _BOND, 20)
    options.highlightBondWidthMultiplier = 9
    options.annotationFontScale = 0.75
    options.setAnnotationColour(_INK)
    options.setAtomNoteColour(_INK)
    options.setBondNoteColour(_INK)
    colours, bond_labels, atom_labels = _labels(mol, energies)
    for bond, text in bond_labels.items():
        mol.GetBondWithIdx(bond).SetProp("bondNote", text)
    for atom, text in atom_labels.items():
        mol.GetAtomWithIdx(atom).SetProp("atomNote", text)
    drawing.DrawMolecule(
        mol, highlightAtoms=[], highlightBonds=list(colours), highlightBondColors=colours
    )
    _draw_key(drawing, width, height)
    drawing.FinishDrawing()
    content = drawing.GetDrawingText()
    with written_whole(path) as temporary:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def _labels(
    mol: Chem.Mol, energies: BondEnergies
) -> tuple[dict[int, tuple[float, float, float]], dict[int, str], dict[int, str]]:
    """Return colours of bonds, labels of bonds and labels of atoms, each by index."""
    colours: dict[int, tuple[float, float, float]] = {}
    bonds: dict[int, str] = {}
    weakest: dict[int, float] = {}
    columns = energies.atoms, energies.bde, energies.ring
    for (begin, end), bde, ring in zip(*(c.tolist() for c in columns), strict=True):
        if end >= mol.GetNumAtoms():  # a hydrogen that is not drawn
            weakest[begin] = np.fmin(bde, weakest.get(begin, math.nan))
            continue
        bond = mol.GetBondBetweenAtoms(begin, end).GetIdx()
        colours[bond] = _NO_ENERGY if math.isnan(bde) else colour_of(bde)
        if not ring:
            bonds[bond] = "?" if math.isnan(bde) else f"{bde:.0f}"
    atoms = {a: f"H {bde:.0f}" for a, bde in sorted(weakest.items()) if not math.isnan(bde)}
    return colours, bonds, atoms


def _size(mol: Chem.Mol) -> tuple[int, int]:
    """Return width and height of the molecule's part of the picture."""
    places = mol.GetConformer().GetPositions()[:, :2]
    spans = _BOND / RDKIT_BOND_LENGTH * np.ptp(places, axis=0) + 2 * _MARGIN
    width, height = np.clip(spans, _SMALLEST, _LARGEST).astype(int)
    return int(width), int(height)


def _draw_key(drawing: rdMolDraw2D.MolDraw2D, width: int, top: int) -> None:
    """Draw the scale of colours, and what the labels are, below the molecule."""
    length = _KEY[0]
    left = (width - length) / 2
    drawing.SetFillPolys(True)
    for step in range(length):
        drawing.SetColour(colour_of(WEAK + (STRONG - WEAK) * step / (length - 1)))
        corners = Point2D(left + step, top), Point2D(left + step + 1, top + 10)
        drawing.DrawRect(*corners, rawCoords=True)
    drawing.SetColour(_INK)
    drawing.SetFontSize(14)
    numbers = ((f"{WEAK + s * (STRONG - WEAK):.0f}", left + s * length, 22) for s in (0, 0.5, 1))
    legend = "BDE in kcal/mol (H: weakest to hydrogen; grey: none)", width / 2, 46
    for text, x, below in (*numbers, legend):
        drawing.DrawString(text, Point2D(x, top + below), 0, rawCoords=True)
