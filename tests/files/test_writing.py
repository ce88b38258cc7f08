import os
import signal
import subprocess
import sys

import pytest

from nextims.files.writing import BeingWrittenError, only_writer

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
