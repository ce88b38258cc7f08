import numpy as np
import pytest

from nextims.chemistry.isotope_labels import SHIFTS
from nextims.chemistry.isotopes import LOWEST_ISOTOPE
from nextims.chemistry.molecule import read_molecule
from nextims.inference.onnx.inputs import pieces_of
from nextims.inference.onnx.labels import LabelledIons, labelled_spectrum

METHANOL = read_molecule("[2H]C([2H])([2H])O")


def spectrum(number=2, molecule=METHANOL, mz=32, max_mz=100, ion=1.0, piece=None):
    """Return what is made of one ion of all atoms, and of a piece with one hydrogen less."""
    whole, pieces = molecule.atoms()[0], pieces_of(molecule, 10)
    share = np.zeros((len(pieces), len(SHIFTS)), np.float32)
    if piece is not None:
        share[piece, SHIFTS.index(-1)] = 1.0
    pattern = np.zeros((len(pieces), 1 - LOWEST_ISOTOPE), np.float32)
    pattern[:, -1] = 1.0
    ions = LabelledIons(
        np.array([0, number]),
        np.array([1, 1]),
        np.stack([whole, whole]),
        np.array([mz, mz]),
        ion * np.array([[0.5, 0.5], [0.9, 0.3]], np.float32),
        np.full(len(pieces), number),
        share,
        pattern,
    )
    return labelled_spectrum(ions, number, molecule, pieces, np.zeros(max_mz, np.float32))


def test_the_labels_weigh():
    found = spectrum()
    assert (np.flatnonzero(found) + 1).tolist() == [35, 36]
    np.testing.assert_allclose(found[[34, 35]], [0.75, 0.25], atol=1e-6)


def test_what_no_isotope_of_the_molecule_weighs_is_left_out():
    found = spectrum(number=1, mz=METHANOL.highest_mz - 3)
    assert np.flatnonzero(found).tolist() == [METHANOL.highest_mz - 1]
    within = spectrum(number=1, max_mz=35)
    assert (len(within), within[34]) == (35, 1)


@pytest.mark.parametrize(
    ("piece", "heights"),
    [
        (0, {33: 0.75, 34: 0.25}),  # CHD3O loses one of three D and an H
        (1, {16: 1.0}),  # of OH nothing is left but O
        (2, {16: 1.0}),  # of CD3, CD2
    ],
)
def test_a_piece_holds_the_labels_of_its_atoms(piece, heights):
    found = spectrum(ion=0.0, piece=piece)
    assert {int(i) + 1: round(float(found[i]), 6) for i in np.flatnonzero(found)} == heights
