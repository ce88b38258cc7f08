"""Ctrl-C and SIGTERM, which a terminal or scheduler sends to all processes of a command at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

# More than a training step takes.
_SECONDS_AFTER_SIGTERM = 15


def leave_signals_to_parent(worker: int) -> None:
    """Let a loader's worker process outlive Ctrl-C and SIGTERM: the main process ends it.

    A worker that ends by itself takes batches with it that the main process is about to read, which
    then fails with whatever error that gives instead of stopping in order.

    Args:
        worker: its number; unused, but ``DataLoader`` passes it to a ``worker_init_fn``.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Not for ever, or a main process that fails would wait for them.
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGTERM, lambda *_: signal.alarm(_SECONDS_AFTER_SIGTERM))


class DeferredCtrlC:
    """Within it, Ctrl-C waits for the next ``check``, or its end; pressed again it stops at once.

    Python raises ``KeyboardInterrupt`` wherever the main thread happens to be. Where that is a
    destructor or a callback of a weak reference, as starting and reading worker processes runs
    many of, it is printed and lost, and the command goes on.

    Example:
        >>> import signal
        >>> from nextims.files.signals import DeferredCtrlC
        >>> try:
        ...     with DeferredCtrlC() as ctrl_c:
        ...         signal.raise_signal(signal.SIGINT)
        ...         print("this step is finished")
        ...         ctrl_c.check()
        ...         print("and the next one")
        ... except KeyboardInterrupt:
        ...     print("stopped")
        this step is finished
        stopped
    """

    def __init__(self) -> None:
        self._pressed = False
        self._previous: Callable | int | None = None

    def __enter__(self) -> DeferredCtrlC:
        if threading.current_thread() is threading.main_thread():  # only it may set handlers
            self._previous = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
        if kind is None:
            self.check()

    def check(self) -> None:
        """Stop where Ctrl-C was pressed.

        Raises:
            KeyboardInterrupt: it was.
        """
        if self._pressed:
            raise KeyboardInterrupt

    def _press(self, *_) -> None:
        if self._pressed:
            raise KeyboardInterrupt
        self._pressed = True
