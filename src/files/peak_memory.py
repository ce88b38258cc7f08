"""The memory of a process and its descendants while they work."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

_SAMPLED_EVERY = 0.05  # s
# Reading what is shared takes time of the processes that are watched: no more than such a part of
# theirs, but at once where resident memory, which is quick to read, has risen by such a factor.
_SHARE_OF_TIME = 0.02
_RISEN = 1.02
_ROLLUP = "/proc/{}/smaps_rollup"
_LINUX = sys.platform == "linux" and Path(_ROLLUP.format("self")).exists()
# proc(5): resets VmHWM to what is resident now.
_FORGET_HIGHEST = "5"
_SIZES = re.compile(r"^(Rss|Pss): +(\d+) kB$", re.MULTILINE)
_HIGHEST = re.compile(r"^VmHWM:\s*(\d+) kB$", re.MULTILINE)


class PeakMemory:
    """The highest resident memory of the process of a number and its descendants, sampled.

    On Linux, what several processes share (programs, a forked worker's copy of its parent's memory,
    batches handed over in shared memory) counts once in all, as it takes its place once; elsewhere
    it counts once for each. And what a process had for a moment between two samples counts, as
    Linux keeps its highest resident memory (``VmHWM`` in proc(5)), as if all had it at once.

    Attributes:
        bytes: highest sum so far.

    Example:
        >>> import os
        >>> from nextims.files.peak_memory import PeakMemory
        >>> with PeakMemory(os.getpid()) as peak:
        ...     held = bytes(50_000_000)
        >>> peak.bytes > 50e6
        True
    """

    def __init__(self, process: int):
        import psutil

        self._process = psutil.Process(process)
        self._gone = psutil.Error
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.bytes = 0

    def __enter__(self) -> PeakMemory:
        if _LINUX:
            for process in self._processes():
                with suppress(OSError):  # not allowed, or it has ended
                    Path(f"/proc/{process.pid}/clear_refs").write_text(_FORGET_HIGHEST)
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._sample()
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        due, highest = 0.0, 0
        while not self._stop.wait(_SAMPLED_EVERY):
            started = time.perf_counter()
            resident = self._total(_resident)
            if started < due and resident < _RISEN * highest:
                continue
            highest = max(highest, resident)
            self._sample()
            due = started + (time.perf_counter() - started) / _SHARE_OF_TIME

    def _sample(self) -> None:
        self.bytes = max(self.bytes, self._total(_own_and_shares))

    def _total(self, memory_of: Callable[[psutil.Process], int]) -> int:
        try:
            return sum(memory_of(process) for process in self._processes())
        except (self._gone, FileNotFoundError, ProcessLookupError, PermissionError):
            return 0  # one has ended; the next sample is without it

    def _processes(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]


def _resident(process: psutil.Process) -> int:
    return process.memory_info().rss


def _own_and_shares(process: psutil.Process) -> int:
    """Return the resident bytes of a process, of shared ones its share where that is known."""
    if not _LINUX:
        return process.memory_info().rss
    # Both of one moment: of two, what came or went between them would count twice.
    memory = dict(_SIZES.findall(Path(_ROLLUP.format(process.pid)).read_text()))
    status = Path(f"/proc/{process.pid}/status").read_text()
    [highest] = _HIGHEST.findall(status) or ["0"]  # none of a process that has just ended
    return 1024 * (int(memory["Pss"]) + max(0, int(highest) - int(memory["Rss"])))
