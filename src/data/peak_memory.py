"""The memory of a process and its descendants while they work."""

from __future__ import annotations

import threading

_SAMPLED_EVERY = 0.05  # s


class PeakMemory:
    """The highest resident memory of a process and all its descendants, sampled meanwhile.

    Args:
        process: its number.

    Attributes:
        bytes: highest sum so far.

    Example:
        >>> import os
        >>> from nextims.data.peak_memory import PeakMemory
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
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._sample()
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_SAMPLED_EVERY):
            self._sample()

    def _sample(self) -> None:
        total = 0
        try:
            for process in (self._process, *self._process.children(recursive=True)):
                total += process.memory_info().rss
        except self._gone:
            return  # one has ended; the next sample is without it
        self.bytes = max(self.bytes, total)
