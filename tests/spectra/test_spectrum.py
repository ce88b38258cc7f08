from pathlib import Path

import numpy as np
import pytest

from nextims.chemistry.formula import exact_mass, mass_defect, nominal_mass, parse_formula
from nextims.chemistry.isotopes import ISOTOPE_RATIOS, isotope_pattern
from nextims.formats.reading import read_spectra
from nextims.spectra.spectrum import Spectrum, nominal_mz

CASE_51 = Path(__file__).parents[3] / "shared" / "cases" / "51"


def test_peaks_are_sorted_by_mz():
    spectrum = Spectrum([45.0, 31.0, 46.0], [40, 99, 20])
    assert spectrum.mz.tolist() == [31, 45, 46]
    assert spectrum.intensity.tolist() == [99, 40, 20]


@pytest.mark.parametrize(
    ("mz", "intensity", "complaint"),
    [
        ([1.0, 2.0], [1.0], "one length"),
        ([0.0], [1.0], "above 0"),
        ([np.nan], [1.0], "finite"),
        ([1.0], [-1.0], "not be negative"),
    ],
)
def test_impossible_peaks_are_refused(mz, intensity, complaint):
    with pytest.raises(ValueError, match=complaint):
        Spectrum(mz, intensity)


@pytest.mark.parametrize(
    ("exact", "nominal"),
    [
        (78.04695, 78),  # benzene
        (151.8749, 152),  # CCl4
        (327.6734, 328),  # CBr4, four 79Br
        (450.5165, 450),  # C32H66, dotriacontane
        (282.3287, 282),
    ],
)
def test_accurate_masses_go_to_their_nominal_mass(exact, nominal):
    assert nominal_mz(exact) == nominal


@pytest.mark.parametrize(
    ("formula", "ions"),
    [
        ("C6Br6", ["C6Br6", "C6Br5", "C6Br4", "C6Br[81Br]5", "C3Br", "Br"]),
        ("C40H82", ["C40H82", "C29H59", "C20H41", "C4H9", "[13C]C39H82"]),
        ("C12Br10O", ["C12Br10O", "C12Br8O", "C6Br5", "[81Br]10C12O"]),
        ("C12F27N", ["C9F20N", "C5F10N", "C4F9", "CF3"]),
        ("CHI3", ["CHI3", "CHI2", "I2", "I"]),
        ("C20D42", ["C20D42", "C15D31", "C4D9"]),
        ("C51H98O6", ["C51H98O6", "C35H67O4", "C19H37O3", "C16H31O", "C4H9"]),  # tripalmitin
        ("C14H42O7Si7", ["C13H39O7Si7", "C7H21O4Si4", "C3H9Si"]),
    ],
)
def test_ions_go_to_the_mass_numbers_of_their_atoms(formula, ions):
    defect = mass_defect(formula)
    for ion in map(parse_formula, ions):
        assert nominal_mz(exact_mass(ion), defect) == nominal_mass(ion)


def test_whole_numbers_are_nominal_already():
    alkane = mass_defect("C40H82")
    assert Spectrum([57, 562, 563], [9, 9, 9], alkane).nominal.tolist() == [57, 562, 563]
    # A doubly charged ion stands at a half.
    assert Spectrum([31.5, 57, 562, 563], [9] * 4, alkane).nominal.tolist() == [31, 57, 562, 563]
    assert Spectrum([57.0704, 562.6417], [9, 9], alkane).nominal.tolist() == [57, 562]
    assert Spectrum([57.0704, 562.6417], [9, 9]).nominal.tolist() == [57, 563]


@pytest.mark.skipif(not CASE_51.exists(), reason="the shared cases are not here")
def test_accurate_masses_of_known_formulas():
    [alkane] = read_spectra(CASE_51 / "alk.msp")
    [bromide] = read_spectra(CASE_51 / "hbb.msp")
    alkane, bromide = (each.spectrum.of(mass_defect(each.formula)) for each in (alkane, bromide))
    assert alkane.nominal.tolist() == [57, 71, 85, 99, 562, 563]
    assert bromide.nominal.tolist() == [390, 392, 467, 469, 471, 546, 548, 550, 552, 554, 556]
    assert bromide.binned(600).argmax() + 1 == 552


def test_bins_have_base_peak_one_and_add_up_what_falls_together():
    bins = Spectrum([31.01, 31.02, 45.0, 200.0], [30, 30, 120, 500]).binned(100)
    assert bins.shape == (100,)
    assert bins[44] == 1.0
    assert bins[30] == pytest.approx(0.5)
    assert np.count_nonzero(bins) == 2


def test_an_empty_spectrum_has_empty_bins():
    assert not Spectrum([], []).binned(10).any()


def test_carbon_tetrachloride_shows_four_chlorines():
    # Binomial in 37Cl with ratio 0.3200: 1 : 1.280 : 0.614 : 0.131 : 0.0105
    pattern = isotope_pattern({"Cl": 4})
    relative = [pattern[shift] / pattern[0] for shift in (0, 2, 4, 6, 8)]
    assert relative == pytest.approx([1, 1.2799, 0.6143, 0.1310, 0.0105], abs=2e-4)


def test_bromine_comes_in_pairs():
    pattern = isotope_pattern({"C": 1, "H": 3, "Br": 1})
    assert pattern[2] / pattern[0] == pytest.approx(0.9728, abs=1e-3)


def test_boron_reaches_below_the_molecular_ion():
    pattern = isotope_pattern({"B": 2})
    assert set(pattern) == {-2, -1, 0}
    assert pattern[-1] == pytest.approx(2 * 0.248 * 1.0 / 1.248**2)


def test_sixty_carbons_against_the_binomial():
    share = 0.010816 / 1.010816
    pattern = isotope_pattern({"C": 60})
    assert pattern[0] == pytest.approx((1 - share) ** 60)
    assert pattern[1] == pytest.approx(60 * share * (1 - share) ** 59)


def test_patterns_sum_to_one():
    pattern = isotope_pattern(dict.fromkeys(ISOTOPE_RATIOS, 3))
    assert sum(pattern.values()) == pytest.approx(1, abs=1e-4)
