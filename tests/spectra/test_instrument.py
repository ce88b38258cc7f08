"""Predictions as one's own instrument would record them."""

import numpy as np
import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.spectra.instrument import Instrument
from nextims.spectra.ions import AnnotatedPeak
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.spectrum import Spectrum
from nextims.spectra.uncertainty import Uncertainty

MZ, INTENSITY = np.array([31.0, 45.0, 46.0]), np.array([1.0, 0.5, 0.002])


@pytest.fixture
def ethanol():
    peaks = tuple(AnnotatedPeak(mz, i, (), 0.0, 1.0) for mz, i in zip(MZ, INTENSITY, strict=True))
    return PredictedSpectrum(
        1,
        "ethanol",
        read_molecule("CCO"),
        Spectrum(MZ, INTENSITY),
        annotations=peaks,
        uncertainty=Uncertainty({}, np.array([0.1, 0.1, 0.001])),
    )


def test_the_instrument_of_the_training_spectra_changes_nothing(ethanol):
    seen = Instrument().seen(ethanol)
    assert np.allclose(seen.spectrum.intensity, INTENSITY)
    assert np.allclose(seen.uncertainty.deviations, ethanol.uncertainty.deviations)


def test_heavy_ions_rise_with_the_tilt_and_small_peaks_with_a_low_power(ethanol):
    tilted = Instrument(tilt=2.0).seen(ethanol).spectrum.intensity
    assert tilted[1] / tilted[0] == pytest.approx(0.5 * (45 / 31) ** 2, rel=1e-4)
    assert tilted.max() == 1
    assert np.allclose(Instrument(power=0.5).seen(ethanol).spectrum.intensity, INTENSITY**0.5)


def test_ions_and_deviations_go_with_their_peaks(ethanol):
    seen = Instrument(power=2.0).seen(ethanol)  # 46 falls below the floor
    assert seen.spectrum.mz.tolist() == [31, 45]
    assert [peak.mz for peak in seen.annotations] == [31, 45]
    heights = [peak.intensity for peak in seen.annotations]
    assert heights == pytest.approx(seen.spectrum.intensity.tolist())
    assert seen.uncertainty.deviations == pytest.approx([0.2, 0.1])  # of x², 2·x·deviation
