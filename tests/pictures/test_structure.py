"""Structures as lines and shapes."""

import numpy as np
import pytest

from nextims.chemistry.molecule import load_canonical
from nextims.pictures.structure import BOND_LENGTH, draw_structure

SMILES = ["C", "CC", "[2H]C", "C[N+](C)(C)C", "CC(=O)Oc1ccccc1C(=O)O", "C" * 40, "C[C@H](N)C#N"]


@pytest.mark.parametrize("smiles", SMILES)
def test_all_is_inside_and_complete(smiles):
    drawing = draw_structure(load_canonical(smiles))
    assert drawing.shapes
    for shape in drawing.shapes:
        assert len(shape.letters) == len(shape.vertices)
        assert shape.letters[0] == "M"
        assert (shape.vertices >= 0).all()
        assert (shape.vertices <= (drawing.width, drawing.height)).all()


def test_a_bond_has_its_printed_length():
    [bond] = draw_structure(load_canonical("CC")).shapes
    assert np.linalg.norm(bond.vertices[1] - bond.vertices[0]) == pytest.approx(BOND_LENGTH, 0.02)


def test_size_does_not_shrink_with_the_molecule():
    short, long = (draw_structure(load_canonical("C" * n)) for n in (10, 40))
    assert long.width / short.width == pytest.approx(39 / 9, 0.05)


def test_letters_are_filled_and_bonds_are_lines():
    shapes = draw_structure(load_canonical("CCO")).shapes
    assert sum(shape.line_width > 0 for shape in shapes) >= 2
    assert any(shape.line_width == 0 and "Q" in shape.letters for shape in shapes)  # the O
