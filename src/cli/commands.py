"""What the commands that predict share: exit statuses, and errors that the user can mend."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import Config, ConfigError
from ..errors import UserError
from ..files.writing import BeingWrittenError, OutputError
from ..inference.structures.lists import InputError

if TYPE_CHECKING:
    from ..inference.streaming import StreamingPredictor

ALL_DONE, USAGE_ERROR, SOME_LEFT_OUT, INTERRUPTED, TERMINATED = 0, 2, 3, 130, 143


class _Terminated(KeyboardInterrupt):
    """Somebody asked the process to end: SIGTERM, as batch systems send it."""


_MENDABLE = (ConfigError, UserError, InputError, OutputError, BeingWrittenError, OSError)


def run_command(command: Callable[[], int], *errors: type[Exception]) -> int:
    """Run a command, and say in one line what the user can mend.

    Args:
        command: does the work and returns the exit status.
        *errors: what the user can mend, beside configuration, engine, input, output and files.

    Returns:
        The command's exit status; 0 where the reader of its output has closed it, 2 after such an
        error, 130 after Ctrl-C, 143 after SIGTERM, which ends it as Ctrl-C does.

    Example:
        >>> from nextims.cli.commands import run_command
        >>> run_command(lambda: 0)
        0
    """
    try:
        with _ended_by_sigterm():
            return command()
    except BrokenPipeError:  # whoever reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ALL_DONE
    except (*_MENDABLE, *errors) as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except _Terminated:
        print("terminated", file=sys.stderr)
        return TERMINATED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def _terminate(number: int, frame: object) -> None:
    raise _Terminated


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only it may say so
        yield
        return
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if previous is None else previous)


def refuse_overwriting(written: Iterable[Path], read: Iterable[str | Path | None]) -> None:
    """Check that no output is one of the inputs.

    Args:
        written: files to write.
        read: files to read; ``None`` and those that do not exist are passed over.

    Raises:
        OutputError: one of them is both.
    """
    inputs = [path for path in read if path is not None and Path(path).exists()]
    for path in written:
        if any(path.exists() and path.samefile(each) for each in inputs):
            raise OutputError(f"{path}: is an input as well, and would be overwritten")


def load_predictor(
    config: Config, checkpoint: Path | None = None, *, device: str = "auto", **options: bool
) -> StreamingPredictor:
    """Load what predicts, as ``open_predictor`` does.

    Args:
        config: the configuration.
        checkpoint: a checkpoint, or the student's export; the configured student if left out.
        device: "cpu", "cuda", or "auto".
        **options: of ``open_predictor``.

    Raises:
        InputError: it is missing or cannot be used.

    Example:
        >>> from nextims.config import load_config
        >>> from nextims.cli.commands import load_predictor
        >>> load_predictor(load_config(), device="cpu").max_mz
        1000
    """
    path = checkpoint or config.student.checkpoint
    if not path.is_file():
        raise InputError(
            f"{path}: no such checkpoint; this makes one: python scripts/train_student.py "
            f"--teacher {config.teacher.checkpoint}"
        )
    from ..inference.loading import open_predictor

    try:
        return open_predictor(path, device=device, **options)
    except ValueError as error:
        raise InputError(str(error)) from error
