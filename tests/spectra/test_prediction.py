import numpy as np
import pytest

from nextims.spectra.prediction import FailedPrediction, carbon_scale, spectrum_from_bins


def bins(**heights):
    """Return bins of m/z 1 to 20 by names like ``mz12``."""
    intensity = np.zeros(20)
    for name, height in heights.items():
        intensity[int(name[2:]) - 1] = height
    return intensity


def test_carbon_keeps_to_a_quarter_of_its_hydrides():
    intensity = bins(mz12=3, mz13=1, mz14=2, mz15=8, mz16=10)
    spectrum = spectrum_from_bins(intensity, 20)
    assert spectrum.intensity.tolist() == pytest.approx([0.2, 0.1, 0.2, 0.8, 1.0])
    scaled = spectrum_from_bins(intensity * carbon_scale(intensity), 20, labelled=True)
    np.testing.assert_allclose(scaled.intensity, spectrum.intensity)


def test_labels_have_moved_what_is_limited():
    # C+, CD+, CD2+ and CD3+ of a deuterated molecule: m/z 14 is no CH2+ to compare C+ with.
    intensity = bins(mz12=2, mz14=2, mz16=2, mz18=8)
    assert spectrum_from_bins(intensity, 20, labelled=True).intensity[0] == 0.25
    assert spectrum_from_bins(intensity, 20).intensity[0] == 0.0625


def test_many_spectra_are_scaled_alike():
    several = np.stack([bins(mz12=1, mz15=1), bins(mz13=1), bins(mz16=1)])
    found = carbon_scale(several)
    assert found[0, 11] == 0.25
    assert found[1, 12] == 0
    assert (found[2] == 1).all()


def test_a_message_holds_no_megabyte():
    failed = FailedPrediction(2, "C(" * 500_000, "", "RDKit cannot read it")
    assert len(str(failed)) < 200
    assert "1,000,000 characters" in str(failed)
