import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nextims.files.writing import BeingWrittenError, OutputError, only_writer, written_whole

HOLD = """
import sys, time
from nextims.files.writing import only_writer
with only_writer(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_run_is_refused_and_the_lock_goes_with_the_first(tmp_path):
    output = tmp_path / "spectra.msp"
    with only_writer(output):
        message = r"spectra\.msp: another process is writing it"
        with pytest.raises(BeingWrittenError, match=message), only_writer(output):
            pass
        with only_writer(tmp_path / "other.msp"):
            pass
    assert list(tmp_path.iterdir()) == []
    with only_writer(output):
        pass


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_a_killed_run_keeps_nobody_out(tmp_path):
    output = tmp_path / "spectra.msp"
    command = [sys.executable, "-c", HOLD, str(output)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BeingWrittenError, match="another process"), only_writer(output):
            pass
        process.send_signal(signal.SIGKILL)
    with only_writer(output):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "new folder" / "hits.csv"
    with written_whole(path) as temporary:
        temporary.write_text("first")
        assert not path.exists()
    with pytest.raises(ZeroDivisionError), written_whole(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert [file.name for file in path.parent.iterdir()] == ["hits.csv"]
    assert path.read_text() == "first"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="writes to a full device")
def test_a_full_disk_is_told_with_the_file(tmp_path):
    path = tmp_path / "hits.csv"
    message = r"hits\.csv: cannot be written \(No space left on device\)"
    full = Path("/dev/full")
    with pytest.raises(OutputError, match=message), written_whole(path), full.open("w") as file:
        file.write("x")


def test_a_link_in_the_temporary_name_is_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not ours")
    (tmp_path / "hits.csv.tmp").symlink_to(elsewhere)
    with written_whole(tmp_path / "hits.csv") as temporary:
        temporary.write_text("ours")
    assert elsewhere.read_text() == "not ours"
