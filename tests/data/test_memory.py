import pytest

from builders import build_config
from nextims.data.memory import array_bytes, estimate, measure
from nextims.data.store import StoreError


def test_only_the_memory_efficient_mode_is_flat():
    for workers in (0, 1, 4):
        lazy = estimate(300_000, memory_efficient=True, workers=workers)
        held = estimate(300_000, memory_efficient=False, workers=workers)
        assert lazy.library < 100e6
        assert held.library > 1e9
        assert held.total > lazy.total
    assert estimate(600_000, memory_efficient=False, workers=0).library == pytest.approx(
        2 * estimate(300_000, memory_efficient=False, workers=0).library
    )


def test_each_worker_holds_its_own_library():
    one, four = (estimate(1000, memory_efficient=False, workers=n).library for n in (1, 4))
    assert four > 3 * one


def test_the_size_of_an_example_is_that_of_its_arrays(tmp_path):
    config = build_config(tmp_path)
    # Some ten peaks of 12 bytes, some 20 fingerprint positions of 12, a graph of up to 7 atoms.
    assert 300 < array_bytes(config) < 3000


@pytest.mark.parametrize("workers", [0, 1])
def test_the_loader_is_measured_in_both_modes(tmp_path, workers):
    config = build_config(tmp_path)
    data = config.data.model_copy(update={"num_workers": workers})
    config = config.model_copy(update={"data": data})
    found = measure(config, memory_efficient=True, samples=10)
    assert found.spectra == 10
    assert found.spectra_per_second > 0
    assert 50e6 < found.peak < 8e9


def test_a_missing_store_is_reported(tmp_path):
    config = build_config(tmp_path)
    config.data.store.unlink()
    with pytest.raises(StoreError, match="prepare_massbank"):
        measure(config, memory_efficient=True)
