import numpy as np
import pytest

from nextims.evaluation.reliability import (
    calibration_error,
    equal_groups,
    pearson,
    reliability_table,
    spearman,
)

RANDOM = np.random.default_rng(0)


def test_what_is_always_right_has_no_error():
    expected = RANDOM.random(500)
    assert calibration_error(expected, expected) == pytest.approx(0)
    assert [row.measured for row in reliability_table(expected, expected)] == pytest.approx(
        [row.expected for row in reliability_table(expected, expected)]
    )


def test_what_is_right_on_average_has_hardly_any():
    expected = RANDOM.random(200_000)
    heads = RANDOM.random(200_000) < expected
    assert calibration_error(expected, heads) < 0.005


def test_what_promises_too_much_errs_by_that():
    expected = RANDOM.uniform(0.2, 1.0, 1000)
    assert calibration_error(expected, expected - 0.15) == pytest.approx(0.15)
    assert calibration_error(expected, expected[::-1].mean() * np.ones(1000)) > 0.15


def test_a_table_rises_and_counts_every_prediction_once():
    expected = RANDOM.random(103)
    table = reliability_table(expected, expected**2, bins=10)
    assert [row.number for row in table] == [11, 11, 11] + [10] * 7
    assert sorted(row.expected for row in table) == [row.expected for row in table]
    assert all(row.lower <= row.measured <= row.upper for row in table)
    assert len(reliability_table(expected[:3], expected[:3], bins=10)) == 3


def test_groups_are_a_partition_in_order():
    values = RANDOM.integers(0, 5, 50)
    groups = equal_groups(values, 7)
    assert sorted(np.concatenate(groups)) == list(range(50))
    assert (np.diff(values[np.concatenate(groups)]) >= 0).all()


def test_correlations_of_known_cases():
    x = np.arange(10.0)
    assert pearson(x, 3 - 2 * x) == pytest.approx(-1)
    assert spearman(x, np.exp(x)) == pytest.approx(1)
    assert pearson(x, np.exp(x)) < 0.8
    # Ties share the mean rank: ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
    assert spearman(np.array([1, 2, 2, 9]), np.array([0, 1, 2, 3])) == pytest.approx(
        4.5 / np.sqrt(4.5 * 5)
    )
    assert spearman(np.ones(5), np.arange(5)) == 0
