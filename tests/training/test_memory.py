import pytest

from builders import build_config, changed
from nextims.data.library.store import StoreError
from nextims.training.memory import measure


@pytest.mark.parametrize(("phase", "workers"), [("student", 1), ("teacher", 0)])
def test_loading_and_training_are_measured(tmp_path, phase, workers):
    config = changed(build_config(tmp_path), "data", num_workers=workers)
    found = measure(config, phase, memory_efficient=True, samples=12, steps=2)
    assert found.spectra == 10 + 1  # 82 % and 8 % of 12
    assert found.loaded_per_second > 0
    assert found.trained_per_second > 0
    assert 50e6 < found.peak_loading <= found.peak < 8e9
    kept = found.disk - config.data.store.stat().st_size
    assert kept == 0 if phase == "teacher" else 500 < kept / found.spectra < 5000


def test_a_missing_store_is_reported(tmp_path):
    config = build_config(tmp_path)
    config.data.store.unlink()
    with pytest.raises(StoreError, match="nextims prepare massbank"):
        measure(config, "student", memory_efficient=True)
