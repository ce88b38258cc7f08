import h5py
import pytest

from nextims.files.hdf5 import written_whole


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "made" / "file.h5"
    with written_whole(path) as file:
        file["mz"] = [31, 45, 46]
    with pytest.raises(RuntimeError, match="no more"), written_whole(path) as file:
        file["mz"] = [1]
        raise RuntimeError("no more")
    with h5py.File(path) as file:
        assert file["mz"][:].tolist() == [31, 45, 46]
    assert list(path.parent.iterdir()) == [path]
