import gc
import os
import subprocess
import sys
import time

import pytest

from nextims.files.peak_memory import PeakMemory


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


@pytest.mark.skipif(sys.platform != "linux", reason="shares of memory are known on Linux alone")
def test_memory_that_processes_share_counts_once():
    code = (
        "import os\n"
        "held = b'x' * 200_000_000\n"
        "child = os.fork()\n"
        "if child: print(flush=True)\n"
        "input()\n"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as parent:
        parent.stdout.readline()
        with PeakMemory(parent.pid) as peak:
            pass
        parent.communicate(b"\n\n")
    assert 200e6 < peak.bytes < 300e6


@pytest.mark.skipif(sys.platform != "linux", reason="kept by Linux alone")
def test_memory_that_was_held_for_a_moment_counts():
    gc.collect()  # what is freed meanwhile would be missed in the sum
    with PeakMemory(os.getpid()) as alone:
        pass
    with PeakMemory(os.getpid()) as peak:
        for _ in range(3):
            bytearray(200_000_000)
    assert alone.bytes + 190e6 < peak.bytes < alone.bytes + 300e6
    with PeakMemory(os.getpid()) as afterwards:
        pass
    assert afterwards.bytes < alone.bytes + 50e6
