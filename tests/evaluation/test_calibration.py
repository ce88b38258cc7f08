from dataclasses import replace

import numpy as np
import pytest
import torch

from builders import build_calibration
from nextims.evaluation.calibration import Calibration, CalibrationError, fit_error, fit_similarity
from nextims.evaluation.reliability import calibration_error
from nextims.models.checkpoint import load_plain


def spread_and_similarity(number, seed=0):
    """Predictions whose similarity falls with their spread, the more scattered the lower."""
    random = np.random.default_rng(seed)
    spread = random.uniform(0, 1, number)
    similarity = 0.95 - 0.5 * spread + random.normal(0, 0.02 + 0.1 * spread)
    return {"spread": spread, "noise": random.random(number)}, similarity.clip(0, 1)


def test_a_law_is_found_and_holds_elsewhere():
    calibration = fit_similarity(*spread_and_similarity(2000))
    assert calibration.weights["spread"] == pytest.approx(-0.5, abs=0.02)
    assert calibration.weights["noise"] == pytest.approx(0, abs=0.02)
    quantities, measured = spread_and_similarity(2000, seed=1)
    expected = calibration.expect(quantities)
    assert calibration_error(expected.mean, measured) < 0.01
    inside = (measured >= expected.lower) & (measured <= expected.upper)
    for part in (quantities["spread"] < 0.5, quantities["spread"] >= 0.5):
        assert inside[part].mean() == pytest.approx(0.5, abs=0.05)


def test_more_spread_never_promises_more():
    calibration = fit_similarity(*spread_and_similarity(200))
    expected = calibration.expect({"spread": np.linspace(-5, 5, 300), "noise": np.zeros(300)})
    assert (np.diff(expected.mean) <= 0).all()
    steps = np.diff(
        [np.zeros(300), expected.lower, expected.mean, expected.upper, np.ones(300)], axis=0
    )
    assert (steps >= 0).all()


def test_a_perfect_law_leaves_no_doubt():
    spread = np.linspace(0, 1, 40)
    expected = fit_similarity({"spread": spread}, 0.9 - 0.3 * spread).expect({"spread": spread})
    for part in expected:
        np.testing.assert_allclose(part, 0.9 - 0.3 * spread, atol=1e-9)


def test_a_quantity_that_never_varies_counts_for_nothing():
    quantities, similarity = spread_and_similarity(50)
    alone = fit_similarity({"spread": quantities["spread"]}, similarity)
    beside = fit_similarity({**quantities, "noise": np.full(50, 1.0)}, similarity)
    assert beside.weights["noise"] == 0
    assert beside.weights["spread"] == pytest.approx(alone.weights["spread"])
    one = fit_similarity({"spread": np.array([0.3])}, np.array([0.7]))
    assert one.expect({"spread": np.array([9.0])}).mean == pytest.approx(0.7)


def test_the_variance_of_errors_is_found():
    random = np.random.default_rng(0)
    deviation = random.exponential(0.05, 40_000)
    error = random.normal(0, np.sqrt(0.001 + 0.6 * deviation))
    assert fit_error(deviation, error) == pytest.approx((0.001, 0.6), rel=0.1)


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (lambda x: np.zeros_like(x), (0, 0)),
        (lambda x: np.full_like(x, 0.2), (0.04, 0)),
        (lambda x: 1 - x, None),  # the less deviation, the more error
        (lambda x: x, None),  # by the square of the deviation
    ],
)
def test_the_variance_of_errors_is_never_negative(error, found):
    deviation = np.linspace(0.001, 1, 100)
    variance = fit_error(deviation, error(deviation))
    assert min(variance) >= 0
    if found is not None:
        assert variance == pytest.approx(found, abs=1e-9)


def test_deviations_are_scaled_up_in_their_order():
    deviation = np.array([0.0, 0.02, 0.1])
    np.testing.assert_allclose(build_calibration().error(deviation), np.sqrt([0.01, 0.02, 0.06]))


def test_a_checkpoint_holds_it_as_plain_values(tmp_path):
    calibration = replace(
        build_calibration(),
        similarities={"cosine": fit_similarity(*spread_and_similarity(30))},
        error_variance=fit_error(np.arange(3.0), np.arange(3.0)),
    )
    torch.save({"calibration": calibration.to_metadata()}, tmp_path / "metadata.pt")
    assert Calibration.from_metadata(load_plain(tmp_path / "metadata.pt")) == calibration


@pytest.mark.parametrize("metadata", [{}, {"calibration": None}, {"calibration": {"passes": 8}}])
def test_a_checkpoint_without_it_says_what_to_do(metadata):
    with pytest.raises(CalibrationError, match=r"no calibration.*train teacher --phase finetu"):
        Calibration.from_metadata(metadata)
