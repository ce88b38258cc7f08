import pickle

import numpy as np
import pytest

from nextims.data.teacher_cache import TeacherCache, TeacherCacheError, fill

ROWS = np.array([3, 5, 8, 9, 12])


def compute(rows):
    spectra = np.repeat(rows[:, None], 6, 1).astype(np.float32)
    return spectra, spectra / 4, spectra[:, :2]


def run(path, compute=compute, key="a"):
    return list(fill(path, ROWS, compute, key=key, widths=(6, 2), block=2))


def test_what_was_written_is_read_by_the_row_of_the_store(tmp_path):
    path = tmp_path / "cache.h5"
    assert run(path) == [0, 2, 2, 1]
    cache = TeacherCache(path)
    assert cache.key == "a"
    assert cache.feature_width == 2
    for reader in (cache, pickle.loads(pickle.dumps(cache))):
        mean, deviation, features = reader.read([9, 3])
        assert mean[:, 0].tolist() == [9, 3]
        assert deviation[:, 5].tolist() == [2.25, 0.75]
        assert features.shape == (2, 2)
        assert mean.dtype == np.float32


def test_a_row_that_is_not_there_is_an_error(tmp_path):
    run(tmp_path / "cache.h5")
    with pytest.raises(KeyError):
        TeacherCache(tmp_path / "cache.h5").read([4])


def test_an_interrupted_run_continues_after_its_last_block(tmp_path):
    path, seen = tmp_path / "cache.h5", []

    def dying(rows):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(rows.tolist())
        return compute(rows)

    with pytest.raises(KeyboardInterrupt):
        run(path, dying)
    assert not path.exists()
    assert run(path) == [4, 1]
    assert TeacherCache(path).read(ROWS)[0][:, 0].tolist() == ROWS.tolist()


def test_work_done_under_another_key_is_thrown_away(tmp_path):
    path = tmp_path / "cache.h5"
    filling = fill(path, ROWS, compute, key="old", widths=(6, 2), block=2)
    next(filling), next(filling)
    filling.close()
    assert run(path, key="new") == [0, 2, 2, 1]


def test_a_missing_and_a_damaged_cache_are_named(tmp_path):
    with pytest.raises(TeacherCacheError, match=r"cache\.h5"):
        TeacherCache(tmp_path / "cache.h5")
    (tmp_path / "cache.h5").write_bytes(b"\x89HDF\r\n\x1a\n truncated")
    with pytest.raises(TeacherCacheError, match=r"cache\.h5"):
        TeacherCache(tmp_path / "cache.h5")
