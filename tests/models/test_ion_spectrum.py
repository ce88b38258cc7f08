import pytest
import torch

from nextims.chemistry.isotope_labels import SHIFTS
from nextims.chemistry.isotopes import isotope_pattern
from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.models.ion_spectrum import IonSpectrum


def fragments_of(*smiles):
    features = [featurize(read_molecule(s), Inputs(graph=True, fragments=400)) for s in smiles]
    return collate(features).fragments


def share_of(fragments, row, shift=0):
    """Return shares that are all with one ion."""
    share = torch.zeros(len(fragments.molecule), len(SHIFTS))
    share[row, SHIFTS.index(shift)] = 1.0
    return share


def row_of(fragments, formula):
    """Return the first fragment of a formula."""
    wanted = torch.tensor([formula.get(element, 0) for element in ELEMENTS])
    return (fragments.elements == wanted).all(1).nonzero()[0, 0]


def spread(share, fragments, max_mz=300):
    return IonSpectrum(max_mz).spread(share[:, :, None], fragments)[0]


def test_the_molecular_ion_of_benzene_and_its_isotopes():
    fragments = fragments_of("c1ccccc1")
    [spectrum] = spread(share_of(fragments, row_of(fragments, {"C": 6, "H": 6})), fragments)
    assert spectrum[77] == pytest.approx(0.937, abs=1e-3)
    assert (spectrum[78] / spectrum[77]).item() == pytest.approx(6 * 0.010816, abs=1e-3)


def test_carbon_tetrachloride_falls_into_the_chlorine_patterns():
    fragments = fragments_of("ClC(Cl)(Cl)Cl")
    [spectrum] = spread(share_of(fragments, row_of(fragments, {"C": 1, "Cl": 3})), fragments)
    exact = isotope_pattern({"C": 1, "Cl": 3})
    for shift in (0, 1, 2, 4, 6):
        assert spectrum[116 + shift].item() == pytest.approx(exact[shift], abs=1e-5)
    assert (spectrum[118] / spectrum[116]).item() == pytest.approx(0.96, abs=0.01)


def test_a_labelled_methyl_is_found_at_its_own_mass():
    fragments = fragments_of("CC(=O)C([2H])([2H])[2H]")
    acetyl = (fragments.labels.mass == 46).nonzero()[0, 0]  # CD3CO
    assert spread(share_of(fragments, acetyl), fragments)[0].argmax() + 1 == 46
    # Losing one of its three hydrogens, it loses a deuterium for certain.
    assert spread(share_of(fragments, acetyl, -1), fragments)[0].argmax() + 1 == 44


def test_what_lies_beyond_the_highest_mass_is_left_out():
    fragments = fragments_of("CCO")
    assert spread(share_of(fragments, 0), fragments, max_mz=30).sum() == 0


def test_the_lightest_isotopes_alone_make_one_peak_an_ion():
    fragments = fragments_of("ClC(Cl)(Cl)Cl", "c1ccccc1")
    share = share_of(fragments, row_of(fragments, {"C": 1, "Cl": 3}))
    share += share_of(fragments, row_of(fragments, {"C": 6, "H": 6}), -1)
    spectra = IonSpectrum(300).lightest(share, fragments)
    assert spectra.nonzero().tolist() == [[0, 116], [1, 76]]


def test_ions_are_scaled_by_the_mass_of_their_lightest_isotopes():
    fragments = fragments_of("ClC(Cl)(Cl)Cl")
    share = share_of(fragments, row_of(fragments, {"C": 1, "Cl": 3}))
    share += share_of(fragments, row_of(fragments, {"C": 1, "Cl": 2}))
    scales = torch.ones(2, 1, 300)
    scales[1, 0, 81] = 3.0  # CCl2 and its isotopes
    scales[1, 0, 83] = 7.0  # where CCl2 has its first isotope, but no ion its lightest
    layer = IonSpectrum(300)
    [plain], [scaled] = layer.spread(layer.scaled(share, fragments, scales), fragments)
    assert torch.allclose(scaled[80:90], 3 * plain[80:90])
    assert torch.allclose(scaled[110:], plain[110:])
    assert torch.allclose(spread(share, fragments)[0], plain)


def test_ions_are_scaled_before_their_labels_move_them():
    fragments = fragments_of("CC(=O)C([2H])([2H])[2H]")
    share = share_of(fragments, 0, -1)  # loses a hydrogen or a deuterium, half each
    scales = torch.ones(1, 1, 300)
    scales[0, 0, 56] = 3.0  # M - H of acetone itself
    layer = IonSpectrum(300)
    [[spectrum]] = layer.spread(layer.scaled(share, fragments, scales), fragments)
    assert spectrum.sum().item() == pytest.approx(3, abs=1e-3)
    assert spectrum[58] > 1.4 and spectrum[59] > 1.4  # less D, and less H
