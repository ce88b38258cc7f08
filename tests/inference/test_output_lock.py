import os
import signal
import subprocess
import sys

import pytest

from nextims.inference.output_lock import locked_output
from nextims.inference.writers import OutputError

HOLD = """
import sys, time
from nextims.inference.output_lock import locked_output
with locked_output(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_run_is_refused_and_the_lock_goes_with_the_first(tmp_path):
    output = tmp_path / "spectra.msp"
    with locked_output(output):
        message = r"spectra\.msp: another run is writing it"
        with pytest.raises(OutputError, match=message), locked_output(output):
            pass
        with locked_output(tmp_path / "other.msp"):
            pass
    assert list(tmp_path.iterdir()) == []
    with locked_output(output):
        pass


@pytest.mark.skipif(os.name != "posix", reason="sends SIGKILL")
def test_a_killed_run_keeps_nobody_out(tmp_path):
    output = tmp_path / "spectra.msp"
    command = [sys.executable, "-c", HOLD, str(output)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(OutputError, match="another run"), locked_output(output):
            pass
        process.send_signal(signal.SIGKILL)
    with locked_output(output):
        pass
    assert list(tmp_path.iterdir()) == []
