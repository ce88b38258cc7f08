import numpy as np
import pytest

from nextims.chemistry.isotopes import ISOTOPE_RATIOS, isotope_pattern
from nextims.spectra.spectrum import Spectrum, nominal_mz


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
