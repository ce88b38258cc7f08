"""The entropy similarities by hand and against ms_entropy."""

import math

import numpy as np
import pytest

from builders import ETHANOL_PEAKS, binned_rows
from nextims.evaluation.spectral_entropy import entropy_similarity, weighted_entropy_similarity

BOTH = [entropy_similarity, weighted_entropy_similarity]


def one(function, predicted, true, lowest_mz=1):
    values = function(binned_rows(predicted), binned_rows(true), lowest_mz)
    assert values.shape == (1,) and values.dtype == np.float64
    return float(values[0])


def batch(density):
    """Return spectra without peaks under the floor; of more peaks, so of more entropy."""
    rng = np.random.default_rng(3)
    spectra = rng.exponential(size=(2, 40, 200)) ** 2
    spectra = np.maximum(spectra, 0.002 * spectra.max(axis=2, keepdims=True))
    spectra *= rng.random(spectra.shape) < density
    return spectra[0], spectra[1]


def entropy(spectra):
    p = spectra / spectra.sum(axis=1, keepdims=True)
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1)


def test_weighted_by_hand():
    # Entropy of (1/2, 1/2): ln 2, that of (1, 0): 0. Equal peaks stay equal in the first, and the
    # second has but one, so the weights change nothing.
    mixture = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    expected = 1 - (2 * mixture - math.log(2)) / math.log(4)
    assert one(weighted_entropy_similarity, {31: 7, 45: 7}, {31: 2}) == pytest.approx(expected)


def test_weighted_by_hand_where_the_weight_tells():
    # p = (0.8, 0.2) has S = 0.5004 nats: its peaks are raised to the power 0.25 + 0.25·S = 0.3751.
    entropy_of_p = -(0.8 * math.log(0.8) + 0.2 * math.log(0.2))
    power = 0.25 + 0.25 * entropy_of_p
    large = 0.8**power / (0.8**power + 0.2**power)
    assert power == pytest.approx(0.3751, abs=1e-4) and large == pytest.approx(0.627, abs=1e-3)

    def h(*values):
        return -sum(v * math.log(v) for v in values)

    small = 1 - large
    expected = 1 - (2 * h((1 + large) / 2, small / 2) - h(large, small)) / math.log(4)
    assert one(weighted_entropy_similarity, {31: 8, 45: 2}, {31: 5}) == pytest.approx(expected)


@pytest.mark.parametrize("density", [0.03, 0.1, 0.5])
@pytest.mark.parametrize("weighted", [False, True])
def test_values_are_those_of_ms_entropy(weighted, density):
    ms_entropy = pytest.importorskip("ms_entropy")
    theirs = (
        ms_entropy.calculate_entropy_similarity
        if weighted
        else ms_entropy.calculate_unweighted_entropy_similarity
    )
    ours = BOTH[weighted]
    predicted, true = batch(density)

    def peaks(row):
        mz = np.flatnonzero(row)
        return np.column_stack([mz + 1, row[mz]]).astype(np.float32)

    expected = [
        theirs(peaks(p), peaks(t), ms2_tolerance_in_da=0.1, noise_threshold=0.0)
        for p, t in zip(predicted, true, strict=True)
    ]
    values = ours(predicted, true, 1)
    np.testing.assert_allclose(values, expected, atol=1e-6)
    assert values.max() > values.min()


def test_only_spectra_of_low_entropy_are_weighted():
    low, high = batch(0.05), batch(0.8)
    assert max(entropy(x).max() for x in low) < 3 < min(entropy(x).min() for x in high)
    difference = np.abs(BOTH[1](*low, 1) - BOTH[0](*low, 1))
    assert (difference > 1e-3).mean() > 0.3
    np.testing.assert_allclose(BOTH[1](*high, 1), BOTH[0](*high, 1), rtol=1e-12)


def test_small_peaks_weigh_more_than_without_weights():
    base = {31: 999}
    assert one(BOTH[1], base, {**base, 45: 30}) < one(BOTH[0], base, {**base, 45: 30})


@pytest.mark.parametrize("function", BOTH)
def test_range_scale_symmetry_and_edges(function):
    predicted, true = batch(0.1)
    values = function(predicted, true, 1)
    assert ((values >= 0) & (values <= 1)).all()
    np.testing.assert_allclose(function(999 * predicted, 0.01 * true, 1), values, rtol=1e-9)
    np.testing.assert_allclose(function(true, predicted, 1), values, rtol=1e-12)
    assert one(function, ETHANOL_PEAKS, ETHANOL_PEAKS) == pytest.approx(1)
    assert one(function, {31: 1}, {31: 7}) == pytest.approx(1)
    assert one(function, {31: 1, 45: 1}, {30: 1, 46: 1}) == 0
    for pair in [({}, ETHANOL_PEAKS), (ETHANOL_PEAKS, {}), ({}, {})]:
        assert one(function, *pair) == 0
    assert one(function, ETHANOL_PEAKS, ETHANOL_PEAKS, lowest_mz=100) == 0
    assert function(np.zeros((0, 50)), np.zeros((0, 50)), 1).shape == (0,)
    with pytest.raises(ValueError, match="true intensities must be finite"):
        function(predicted, -true, 1)
