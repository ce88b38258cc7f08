import os
import subprocess
import sys

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


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files as POSIX does")
def test_a_full_disk_is_told_with_the_file_and_the_process_lives(tmp_path):
    code = (
        "import resource, signal, sys, numpy as np\n"
        "from nextims.files.hdf5 import written_whole\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try:\n"
        "    with written_whole(sys.argv[1]) as file: file['mz'] = np.zeros(100_000)\n"
        "except ValueError as error: print(error)\n"
    )
    path = tmp_path / "cache.h5"
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{path}: cannot be written (File too large)\n"
    assert list(tmp_path.iterdir()) == []
