import numpy as np
import pytest

from builders import build_config
from nextims.data.examples.memory import estimate, mean_example_bytes, phase_inputs, size_in_memory


def library(samples, workers, *, lazy):
    return estimate(samples, memory_efficient=lazy, workers=workers, example_bytes=8000)


def test_only_the_memory_efficient_mode_is_flat():
    for workers in (0, 1, 4):
        lazy, held = (library(300_000, workers, lazy=mode) for mode in (True, False))
        assert lazy.library < 300e6
        assert held.library > 1e9
        assert held.total > lazy.total
    twice = library(600_000, 0, lazy=False).library
    assert twice == pytest.approx(2 * library(300_000, 0, lazy=False).library, rel=0.05)


def test_each_worker_holds_its_own_library():
    one, four = (library(100_000, n, lazy=False).library for n in (1, 4))
    assert four > 3 * one


def test_a_model_comes_on_top():
    settings = {"memory_efficient": True, "workers": 1, "example_bytes": 8000}
    without, with_model = (estimate(1000, **settings, model_bytes=n) for n in (0, 5e8))
    assert with_model.total == without.total + 5e8


def test_the_size_of_an_example_is_that_of_what_a_phase_reads(tmp_path):
    config = build_config(tmp_path)
    student, teacher = (mean_example_bytes(config, phase) for phase in ("student", "teacher"))
    # Some ten peaks of 12 bytes, some 20 fingerprint positions of 12, and headers of arrays; the
    # teacher's graph and fragments come on top.
    assert 1500 < student < 6000
    assert student < teacher < 20_000
    assert phase_inputs(config, "teacher").graph
    assert phase_inputs(config, "student").pieces == config.student.pieces


def test_arrays_count_with_what_they_hold():
    assert size_in_memory(np.zeros(10_000)) == pytest.approx(80_000, rel=0.01)
