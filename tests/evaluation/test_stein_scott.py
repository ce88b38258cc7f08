"""The scores of Stein and Scott by hand, against matchms and a plain loop."""

import math
from itertools import pairwise

import numpy as np
import pytest

from builders import ETHANOL_PEAKS, binned_rows
from nextims.evaluation.cosines import nist_gc_cosine, weighted_cosine
from nextims.evaluation.stein_scott import stein_scott_composite, stein_scott_dot_product

BOTH = [stein_scott_dot_product, stein_scott_composite]


def one(function, predicted, true, lowest_mz=1, **powers):
    values = function(binned_rows(predicted), binned_rows(true), lowest_mz, **powers)
    assert values.shape == (1,) and values.dtype == np.float64
    return float(values[0])


@pytest.fixture
def batch():
    rng = np.random.default_rng(3)
    spectra = rng.exponential(size=(2, 40, 100)) ** 3 + 0.2
    spectra *= rng.random(spectra.shape) < 0.4
    return spectra[0], spectra[1]


# --- known answers ---------------------------------------------------------------------------


def test_dot_product_by_hand():
    # m·√I: (40·1, 100·0.5) and (40·0.5, 100·1)
    expected = (40 * 20 + 50 * 100) ** 2 / ((40**2 + 50**2) * (20**2 + 100**2))
    predicted, true = {40: 1, 100: 0.25}, {40: 0.25, 100: 1}
    value = one(stein_scott_dot_product, predicted, true, mass_power=1, intensity_power=0.5)
    assert value == pytest.approx(expected)


def test_composite_by_hand():
    predicted = {40: 1, 42: 0.25, 50: 0.49, 60: 0.04}
    true = {40: 1, 42: 1, 50: 0.49, 55: 0.16, 70: 0.09}
    # √I, so the masses play no part: neighbours are 40 and 42, 42 and 50.
    dot_product = (1 + 0.5 + 0.49) ** 2 / ((1 + 0.25 + 0.49 + 0.04) * (1 + 1 + 0.49 + 0.16 + 0.09))
    first, second = 0.5 / 1, (1 / 0.7) * (0.7 / 0.5)  # √I of predicted over measured
    ratios = (first + 1 / second) / 3
    expected = (5 * dot_product + 3 * ratios) / (5 + 3)
    value = one(stein_scott_composite, predicted, true, mass_power=0, intensity_power=0.5)
    assert value == pytest.approx(expected)


@pytest.mark.parametrize("peaks", [1, 2, 9])
def test_composite_of_equal_spectra_is_that_of_the_paper(peaks):
    spectrum = dict(list(ETHANOL_PEAKS.items())[:peaks])
    assert one(stein_scott_composite, spectrum, spectrum) == pytest.approx(1 - 1 / (2 * peaks))


# --- other implementations -------------------------------------------------------------------


def test_dot_products_are_squares_of_the_cosines(batch):
    np.testing.assert_allclose(
        stein_scott_dot_product(*batch, 20), nist_gc_cosine(*batch, 20) ** 2, rtol=1e-12
    )
    np.testing.assert_allclose(
        stein_scott_dot_product(*batch, 20, mass_power=1, intensity_power=0.5),
        weighted_cosine(*batch, 20) ** 2,
        rtol=1e-12,
    )


@pytest.mark.parametrize(("mass_power", "intensity_power"), [(3.0, 0.6), (2.0, 0.5), (0.0, 0.53)])
def test_dot_product_is_the_square_of_matchms_cosine(mass_power, intensity_power, batch):
    matchms = pytest.importorskip("matchms")
    from matchms.similarity import CosineGreedy

    def spectrum(row, floor):
        mz = np.flatnonzero(row > floor * row.max())
        return matchms.Spectrum(mz=mz + 1.0, intensities=row[mz] / row.max())

    reference = CosineGreedy(tolerance=0.1, mz_power=mass_power, intensity_power=intensity_power)
    ours = stein_scott_dot_product(
        *batch, 1, mass_power=mass_power, intensity_power=intensity_power
    )
    for value, predicted, true in zip(ours, *batch, strict=True):
        theirs = float(reference.pair(spectrum(predicted, 1e-3), spectrum(true, 0.0))["score"])
        assert value == pytest.approx(theirs**2, abs=1e-6)
    assert 0.01 < ours.mean() < 0.9


def looped_composite(predicted, true, mass_power, intensity_power):
    def weights(row, floor):
        return {
            mz: mz**mass_power * (height / max(row)) ** intensity_power
            for mz, height in enumerate(row, start=1)
            if height > floor * max(row)
        }

    library, unknown = weights(predicted, 1e-3), weights(true, 0.0)
    common = sorted(library.keys() & unknown.keys())
    dot_product = sum(library[mz] * unknown[mz] for mz in common) ** 2 / (
        math.fsum(w**2 for w in library.values()) * math.fsum(w**2 for w in unknown.values())
    )
    ratios = 0.0
    for before, mz in pairwise(common):
        ratio = (library[mz] / library[before]) / (unknown[mz] / unknown[before])
        ratios += ratio if ratio <= 1 else 1 / ratio
    ratios /= len(common)
    peaks = len(unknown)
    return (peaks * dot_product + len(common) * ratios) / (peaks + len(common))


@pytest.mark.parametrize(("mass_power", "intensity_power"), [(3.0, 0.6), (1.0, 0.5)])
def test_composite_of_a_batch_is_that_of_a_loop(mass_power, intensity_power, batch):
    powers = {"mass_power": mass_power, "intensity_power": intensity_power}
    expected = [looped_composite(*pair, **powers) for pair in zip(*batch, strict=True)]
    values = stein_scott_composite(*batch, 1, **powers)
    np.testing.assert_allclose(values, expected, rtol=1e-9)
    assert values.std() > 0.01


# --- properties ------------------------------------------------------------------------------


@pytest.mark.parametrize("function", BOTH)
def test_range_scale_and_edges(function, batch):
    values = function(*batch, 1)
    assert ((values > 0) & (values < 1)).all()
    np.testing.assert_allclose(function(999 * batch[0], 0.01 * batch[1], 1), values, rtol=1e-9)
    assert one(function, {31: 1, 45: 1}, {30: 1, 46: 1}) == 0
    for pair in [({}, ETHANOL_PEAKS), (ETHANOL_PEAKS, {}), ({}, {})]:
        assert one(function, *pair) == 0
    assert one(function, ETHANOL_PEAKS, ETHANOL_PEAKS, lowest_mz=100) == 0
    assert function(np.zeros((0, 50)), np.zeros((0, 50)), 1).shape == (0,)
    assert one(stein_scott_dot_product, ETHANOL_PEAKS, ETHANOL_PEAKS) == pytest.approx(1)
    assert one(stein_scott_dot_product, {31: 1}, {31: 7}) == pytest.approx(1)


def test_dot_product_is_symmetric_and_composite_is_not(batch):
    # No peak under the floor, which only predictions have.
    one_way = [np.where(x < 2e-3 * x.max(axis=1, keepdims=True), 0, x) for x in batch]
    other_way = one_way[::-1]
    dot_product = stein_scott_dot_product(*one_way, 1)
    np.testing.assert_allclose(stein_scott_dot_product(*other_way, 1), dot_product, rtol=1e-12)
    composite = stein_scott_composite(*one_way, 1)
    assert (np.abs(stein_scott_composite(*other_way, 1) - composite) > 1e-4).mean() > 0.5


@pytest.mark.parametrize("function", BOTH)
def test_peaks_below_the_lowest_recorded_mz_do_not_count(function):
    other = {**ETHANOL_PEAKS, 18: 5000}
    assert one(function, other, ETHANOL_PEAKS) < one(function, ETHANOL_PEAKS, ETHANOL_PEAKS)
    assert one(function, other, ETHANOL_PEAKS, lowest_mz=26) == one(
        function, ETHANOL_PEAKS, ETHANOL_PEAKS, lowest_mz=26
    )


@pytest.mark.parametrize("function", BOTH)
def test_impossible_spectra_are_refused(function):
    spectrum = binned_rows(ETHANOL_PEAKS)
    with pytest.raises(ValueError, match="true intensities must be finite"):
        function(spectrum, -spectrum, 1)
    with pytest.raises(ValueError, match=r"\(1, 200\) and \(1, 199\)"):
        function(spectrum, spectrum[:, 1:], 1)
