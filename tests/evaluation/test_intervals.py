import numpy as np
import pytest

from nextims.evaluation.intervals import intervals, summarize, summarize_difference

RANDOM = np.random.default_rng(5)


def width(summary, metric="cosine"):
    return summary[metric]["high"] - summary[metric]["low"]


def test_an_interval_is_that_of_the_mean():
    values = RANDOM.normal(0.7, 0.2, 400)
    found = summarize({"cosine": values}, np.arange(400))["cosine"]
    assert found["mean"] == pytest.approx(values.mean())
    margin = 1.96 * values.std() / np.sqrt(400)
    assert found["low"] == pytest.approx(values.mean() - margin, abs=0.15 * margin)
    assert found["high"] == pytest.approx(values.mean() + margin, abs=0.15 * margin)


def test_replicates_are_no_independent_evidence():
    values = RANDOM.normal(0.7, 0.2, 100)
    once = summarize({"cosine": values}, np.arange(100))
    copied = summarize({"cosine": np.repeat(values, 9)}, np.repeat(np.arange(100), 9))
    assert copied["cosine"] == pytest.approx(once["cosine"])
    # Taken for molecules of their own, they would narrow the interval threefold.
    alone = summarize({"cosine": np.repeat(values, 9)}, np.arange(900))
    assert width(once) / width(alone) == pytest.approx(3, rel=0.2)


def test_each_spectrum_counts_the_same():
    found = summarize({"cosine": np.array([1.0, 0.0, 0.0, 0.0])}, np.array(["a", "b", "b", "b"]))
    assert found["cosine"]["mean"] == 0.25


def test_a_difference_is_paired():
    hard = RANDOM.normal(0.6, 0.2, 300)  # what a molecule makes of both models
    first = {"cosine": hard + 0.05 + RANDOM.normal(0, 0.01, 300)}
    second = {"cosine": hard}
    molecule = np.arange(300)
    difference = summarize_difference(first, second, molecule)
    assert difference["cosine"]["mean"] == pytest.approx(0.05, abs=0.005)
    assert difference["cosine"]["low"] > 0.04
    assert width(difference) < 0.1 * width(summarize(first, molecule))


def test_the_seed_decides_what_is_drawn():
    values, molecule = {"cosine": RANDOM.normal(0.7, 0.2, 50)}, np.arange(50)
    first = summarize(values, molecule, seed=7)
    assert summarize(values, molecule, seed=7) == first
    other = summarize(values, molecule, seed=8)
    assert other["cosine"]["mean"] == first["cosine"]["mean"]
    assert intervals(other) != intervals(first)
    assert intervals(first) == {"cosine": [first["cosine"]["low"], first["cosine"]["high"]]}
