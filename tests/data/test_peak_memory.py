import os
import subprocess
import sys
import time

from nextims.data.peak_memory import PeakMemory


def test_memory_of_descendants_counts():
    code = "held = b'x' * 200_000_000; input()"
    with PeakMemory(os.getpid()) as alone:
        pass
    with PeakMemory(os.getpid()) as peak:
        child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 60
            while peak.bytes < alone.bytes + 150e6 and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            child.communicate(b"\n")
    assert peak.bytes > alone.bytes + 150e6
