"""Ctrl-C and SIGTERM, which a terminal or scheduler sends to all processes of a command at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

# More than a training step takes.
_SECONDS_AFTER_SIGTERM = 15


class Terminated(KeyboardInterrupt):
    """Somebody asked the process to end: SIGTERM, as batch systems send it."""


def leave_signals_to_parent(worker: int) -> None:
    """Let a loader's worker process outlive Ctrl-C and SIGTERM: the main process ends it.

    A worker that ends by itself takes batches with it that the main process is about to read, which
    then fails with whatever error that gives instead of stopping in order. A ``worker_init_fn`` of
    ``DataLoader``, which passes the number of the worker.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Not for ever, or a main process that fails would wait for them.
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGTERM, lambda *_: signal.alarm(_SECONDS_AFTER_SIGTERM))


@contextmanager
def starting_deaf_children() -> Iterator[None]:
    """Within it, processes are started that never hear Ctrl-C: whoever starts them ends them.

    They would be interrupted in the middle of their imports, and say so in as many tracebacks. A
    Ctrl-C that comes meanwhile is heard at the end of the context.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # children inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _handling(handlers: dict[int, Callable]) -> Iterator[None]:
    """Handle signals, and as before after the context; nothing outside the main thread."""
    if threading.current_thread() is not threading.main_thread():  # only it may set handlers
        yield
        return
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def ended_by_sigterm() -> AbstractContextManager[None]:
    """Return a context within which SIGTERM raises ``Terminated``, as Ctrl-C its interrupt.

    Example:
        >>> import signal
        >>> from nextims.files.signals import Terminated, ended_by_sigterm
        >>> try:
        ...     with ended_by_sigterm():
        ...         signal.raise_signal(signal.SIGTERM)
        ... except Terminated:
        ...     print("terminated")
        terminated
    """
    return _handling({signal.SIGTERM: _raise_terminated})


def _raise_terminated(*_) -> None:
    raise Terminated


class DeferredStop:
    """Within it, Ctrl-C and SIGTERM wait for the next ``check``, or its end.

    A second Ctrl-C stops at once. Python raises ``KeyboardInterrupt`` wherever the main thread
    happens to be. Where that is a destructor or a callback of a weak reference, as starting and
    reading worker processes runs many of, it is printed and lost, and the command goes on.

    Attributes:
        asked_by: the signal that came, ``None`` before.

    Example:
        >>> import signal
        >>> from nextims.files.signals import DeferredStop
        >>> try:
        ...     with DeferredStop() as stop:
        ...         signal.raise_signal(signal.SIGINT)
        ...         print("this step is finished")
        ...         stop.check()
        ...         print("and the next one")
        ... except KeyboardInterrupt:
        ...     print("stopped")
        this step is finished
        stopped
    """

    def __init__(self) -> None:
        self.asked_by: int | None = None

    def __enter__(self) -> DeferredStop:
        self._handling = _handling({signal.SIGINT: self._ask, signal.SIGTERM: self._ask})
        self._handling.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_) -> None:
        self._handling.__exit__(None, None, None)
        if kind is None:
            self.check()

    def check(self) -> None:
        """Stop where a signal came.

        Raises:
            KeyboardInterrupt: Ctrl-C did.
            Terminated: SIGTERM did.
        """
        if self.asked_by is not None:
            raise Terminated if self.asked_by == signal.SIGTERM else KeyboardInterrupt

    def _ask(self, number: int, _) -> None:
        if number == self.asked_by == signal.SIGINT:  # whoever presses it again will not wait
            raise KeyboardInterrupt
        self.asked_by = number
