import pickle

import numpy as np
import pytest

from builders import bit_flips
from nextims.data.examples.teacher_cache import TeacherCache, TeacherCacheError, fill

SMILES = ["C", "CC", "CCC", "CCCC", "CCCCC"]


def compute(smiles):
    lengths = np.array([len(text) for text in smiles], np.float32)
    spectra = np.repeat(lengths[:, None], 6, 1)
    return spectra, spectra / 4, spectra[:, :2]


def run(path, compute=compute, key="a", smiles=SMILES):
    return list(fill(path, smiles, compute, key=key, widths=(6, 2), block=2))


def test_what_was_written_is_read_by_structure(tmp_path):
    path = tmp_path / "cache.h5"
    assert run(path) == [0, 2, 2, 1]
    cache = TeacherCache(path)
    assert cache.key == "a"
    assert cache.feature_width == 2
    assert len(cache) == 5
    assert "CC" in cache
    for reader in (cache, pickle.loads(pickle.dumps(cache))):
        mean, deviation, features = reader.read(["CCCC", "C"])
        assert mean[:, 0].tolist() == [4, 1]
        assert deviation[:, 5].tolist() == [1, 0.25]
        assert features.shape == (2, 2)
        assert mean.dtype == np.float32


def test_a_structure_that_is_not_there_is_an_error(tmp_path):
    run(tmp_path / "cache.h5")
    with pytest.raises(KeyError):
        TeacherCache(tmp_path / "cache.h5").read(["N"])


def test_a_structure_that_comes_twice_is_computed_once(tmp_path):
    assert run(tmp_path / "cache.h5", smiles=["C", "CC", "C"]) == [0, 2]


def test_an_interrupted_run_continues_after_its_last_block(tmp_path):
    path, seen = tmp_path / "cache.h5", []

    def dying(smiles):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(smiles)
        return compute(smiles)

    with pytest.raises(KeyboardInterrupt):
        run(path, dying)
    assert not path.exists()
    assert run(path) == [4, 1]
    assert TeacherCache(path).read(SMILES)[0][:, 0].tolist() == [1, 2, 3, 4, 5]


def test_what_is_missing_is_added_and_the_rest_kept(tmp_path):
    path = tmp_path / "cache.h5"
    run(path, smiles=SMILES[:3])
    before = path.read_bytes()

    def interrupted(smiles):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(path, interrupted)
    assert path.read_bytes() == before
    computed = []

    def noted(smiles):
        computed.extend(smiles)
        return compute(smiles)

    assert run(path, noted) == [3, 2]
    assert computed == SMILES[3:]
    assert TeacherCache(path).read(SMILES)[0][:, 0].tolist() == [1, 2, 3, 4, 5]


def test_work_done_under_another_key_is_thrown_away(tmp_path):
    path = tmp_path / "cache.h5"
    filling = fill(path, SMILES, compute, key="old", widths=(6, 2), block=2)
    next(filling), next(filling)
    filling.close()
    assert run(path, key="new") == [0, 2, 2, 1]
    assert run(path, key="newer") == [0, 2, 2, 1]


def test_a_missing_and_a_damaged_cache_are_named(tmp_path):
    with pytest.raises(TeacherCacheError, match=r"cache\.h5"):
        TeacherCache(tmp_path / "cache.h5")
    (tmp_path / "cache.h5").write_bytes(b"\x89HDF\r\n\x1a\n truncated")
    with pytest.raises(TeacherCacheError, match=r"cache\.h5"):
        TeacherCache(tmp_path / "cache.h5")
    assert run(tmp_path / "cache.h5") == [0, 2, 2, 1]


def test_a_bit_that_turned_over_is_noticed_and_its_cache_computed_anew(tmp_path):
    path = tmp_path / "cache.h5"
    run(path)
    whole = path.read_bytes()
    for damaged in bit_flips(whole):
        path.write_bytes(damaged)
        with pytest.raises(TeacherCacheError, match=r"cache\.h5: .*cache\.h5\.sha256"):
            TeacherCache(path)
    assert run(path) == [0, 2, 2, 1]
    assert TeacherCache(path).read(["CC"])[0][0, 0] == 2
