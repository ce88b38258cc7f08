"""Finding the instrument that measured spectra of known predictions."""

import numpy as np
import pytest

from nextims.evaluation.own_instrument import fit_instrument
from nextims.spectra.instrument import Instrument

MZ = np.arange(1.0, 301.0)


@pytest.fixture
def predicted():
    return np.random.default_rng(1).random((40, 300)) ** 6


@pytest.mark.parametrize("own", [Instrument(0.8, -0.4), Instrument(1.2, 0.6), Instrument()])
def test_the_instrument_is_found_under_noise(predicted, own):
    noise = np.random.default_rng(2).lognormal(sigma=0.3, size=predicted.shape)
    found = fit_instrument(predicted, own.scaled(MZ, predicted) * noise, np.ones(40, int))
    assert found.power == pytest.approx(own.power, abs=0.1)
    assert found.tilt == pytest.approx(own.tilt, abs=0.15)


def test_few_spectra_move_it_less(predicted):
    measured = Instrument(tilt=0.8).scaled(MZ, predicted)
    few, many = (fit_instrument(predicted[:n], measured[:n], np.ones(n, int)) for n in (1, 40))
    assert 0 <= few.tilt <= many.tilt


def test_what_was_not_recorded_does_not_count(predicted):
    measured = Instrument(tilt=0.5).scaled(MZ, predicted)
    measured[:, :99] = 0
    found = fit_instrument(predicted, measured, np.full(40, 100))
    assert found.tilt == pytest.approx(0.5, abs=0.15)
    assert found.power == pytest.approx(1.0, abs=0.1)
