import numpy as np

from nextims.chemistry.molecule import read_molecule
from nextims.inference.onnx.labels import LabelledIons, labelled_spectrum


def ions(molecule, number, mz):
    """Return one ion of all atoms of a molecule, alone with its intensity."""
    whole = molecule.atoms()[0]
    return LabelledIons(
        np.array([0, number]),
        np.stack([whole, whole]),
        np.array([mz, mz]),
        np.array([[0.5, 0.5], [0.9, 0.3]], np.float32),
    )


def test_the_labels_weigh():
    methanol = read_molecule("[2H]C([2H])([2H])O")
    spectrum = labelled_spectrum(ions(methanol, 2, 32), 2, methanol, 100)
    assert (np.flatnonzero(spectrum) + 1).tolist() == [35, 36]
    np.testing.assert_allclose(spectrum[[34, 35]], [0.75, 0.25], atol=1e-6)


def test_what_no_isotope_of_the_molecule_weighs_is_left_out():
    methanol = read_molecule("[2H]C([2H])([2H])O")
    found = labelled_spectrum(ions(methanol, 1, methanol.highest_mz - 3), 1, methanol, 100)
    assert np.flatnonzero(found).tolist() == [methanol.highest_mz - 1]
    within = labelled_spectrum(ions(methanol, 1, 32), 1, methanol, 35)
    assert (len(within), within[34]) == (35, 1)
