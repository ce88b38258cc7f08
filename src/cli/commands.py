"""What the commands share: exit statuses, and errors that the user can mend."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any, TextIO

from ..config import Config
from ..errors import UserError, training_packages_named
from ..files.signals import Terminated, ended_by_sigterm
from ..files.writing import OutputError

if TYPE_CHECKING:
    from ..inference.streaming import StreamingPredictor

# Seconds that nothing is said of.
_A_MOMENT = 2.0
ALL_DONE, USAGE_ERROR, SOME_LEFT_OUT, INTERRUPTED, TERMINATED = 0, 2, 3, 130, 143


def run_command(
    command: Callable[[], int], *, heed_sigterm: bool = True, quiet: bool = False
) -> int:
    """Run a command, and say in one line what the user can mend.

    Args:
        command: does the work and returns the exit status.
        heed_sigterm: whether SIGTERM ends the command as Ctrl-C does, instead of at once.
        quiet: whether ``say`` says nothing, and no progress is shown.

    Returns:
        The command's exit status; 0 where the reader of its output has closed it, 2 after a
        ``UserError`` or an error of a file, 130 after Ctrl-C, 143 after SIGTERM.

    Example:
        >>> from nextims.cli.commands import run_command
        >>> run_command(lambda: 0)
        0
    """
    _open_closed_streams()
    try:
        stoppable = ended_by_sigterm() if heed_sigterm else nullcontext()
        with stoppable, training_packages_named(), _quietly(quiet):
            status = command()
            sys.stdout.flush()
            return status
    except BrokenPipeError:  # whoever reads our output has seen enough
        _discard_output()
        return ALL_DONE
    except (UserError, OSError) as error:
        with suppress(OSError):  # of standard error itself, when nothing can be said
            print("error: ", end="", file=sys.stderr, flush=True)
            said = str(error) if isinstance(error, UserError) else _with_its_file(error)
            print(said, file=sys.stderr)
        _discard_output()
        return USAGE_ERROR
    except KeyboardInterrupt as stop:
        terminated = isinstance(stop, Terminated)
        what = "terminated" if terminated else "interrupted"
        print("; ".join(filter(None, (what, str(stop)))), file=sys.stderr)
        return TERMINATED if terminated else INTERRUPTED


def main_of(
    build_parser: Callable[[str | None], argparse.ArgumentParser],
    work: Callable[[argparse.Namespace], int],
    *,
    heed_sigterm: bool = True,
) -> Callable[..., int]:
    """Return the function that runs a command, ``main`` of its module.

    Args:
        build_parser: returns the parser of the command's options, given what the shell calls it.
        work: does what they ask for, as ``run_command`` takes it.
        heed_sigterm: see there.
    """

    def main(argv: list[str] | None = None, prog: str | None = None) -> int:
        """Run the command and return its exit status."""
        arguments = build_parser(prog).parse_args(argv)
        return run_command(
            partial(work, arguments), heed_sigterm=heed_sigterm, quiet=arguments.quiet
        )

    return main


@contextmanager
def going_on(how: str) -> Iterator[None]:
    """Have ``run_command`` say how to go on, or what is left, where work is interrupted.

    Args:
        how: said behind "interrupted; ".

    Example:
        >>> from nextims.cli.commands import going_on
        >>> try:
        ...     with going_on("run again to continue"):
        ...         raise KeyboardInterrupt
        ... except KeyboardInterrupt as stop:
        ...     print(stop)
        run again to continue
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        stop.args = (how,)
        raise


def _with_its_file(error: OSError) -> str:
    """Return what the system says, and of which file; that it is standard output it does not say.

    What can be written to once more was not it.
    """
    if error.errno is None or error.filename is not None:
        return f"{error.filename}: {error.strerror}" if error.errno else str(error)
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        return f"standard output: cannot be written ({error.strerror})"
    return error.strerror


def _open_closed_streams() -> None:
    """Let streams that were closed (``>&-``) fail as files do, and let any text be printed.

    A file that is opened would else take the number of a closed stream, and get what is printed.
    """
    # Nothing can be printed to a file that is opened for reading.
    flags = {"stdin": os.O_RDONLY, "stdout": os.O_RDONLY, "stderr": os.O_WRONLY}
    for number, name in enumerate(flags):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, flags[name])
            os.dup2(opened, number)
            if opened != number:
                os.close(opened)
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115
    # A name may have letters that the locale has not, or be no text at all.
    output = sys.stdout
    if isinstance(output, TextIOWrapper) and (
        output.errors == "strict" or output.encoding.lower() != "utf-8"
    ):
        output.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """Let nothing of what cannot be printed fail once more when Python ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):  # no real file, as in tests
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def check_overwritten(
    written: Iterable[Path | None],
    read: Iterable[str | Path | None] = (),
    *,
    beside: Iterable[Path] = (),
) -> None:
    """Refuse to overwrite an input, and tell the user which other files will be.

    Args:
        written: files to write, of which some may be none.
        read: inputs, likewise.
        beside: files that go with those that are written; nothing is told of them.

    Raises:
        OutputError: one of them is both read and written.
    """
    inputs = [path for path in read if path is not None and Path(path).exists()]
    outputs = [path for path in written if path is not None]
    for path in (*outputs, *beside):
        if any(path.exists() and path.samefile(each) for each in inputs):
            raise OutputError(f"{path}: is an input as well, and would be overwritten")
    for path in filter(Path.is_file, outputs):
        note(f"{path}: is there already, and will be overwritten")


class _Unwatched:
    """A stream that says it is no terminal, so that no progress bar is drawn on it."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def isatty(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _quietly(quiet: bool) -> Iterator[None]:
    if not quiet:
        yield
        return
    stream, sys.stderr = sys.stderr, _Unwatched(sys.stderr)
    # Of the bars that are drawn into files as well; tqdm reads it as it is imported.
    before = os.environ.get("TQDM_DISABLE")
    os.environ["TQDM_DISABLE"] = "1"
    try:
        yield
    finally:
        sys.stderr = stream
        if before is None:
            del os.environ["TQDM_DISABLE"]
        else:
            os.environ["TQDM_DISABLE"] = before


def say(text: str) -> None:
    """Tell the user beside the output what is no error, unless the command is to be quiet.

    Example:
        >>> from nextims.cli.commands import run_command, say
        >>> run_command(lambda: say("3 of 3 structures predicted") or 0, quiet=True)
        0
    """
    if not isinstance(sys.stderr, _Unwatched):
        from tqdm import tqdm

        tqdm.write(text, file=sys.stderr)  # a bar stays below it


def note(text: str) -> None:
    """Tell the user something to know, as ``say`` does."""
    say(f"note: {text}")


@contextmanager
def told_if_long(work: str) -> Iterator[None]:
    """Tell a user what is being done, if it takes more than a moment and has no progress to show.

    As a progress bar, that is seen in a terminal alone.

    Example:
        >>> from nextims.cli.commands import told_if_long
        >>> with told_if_long("counting to three"):
        ...     _ = 1 + 2
    """
    timer = Timer(_A_MOMENT, say, [f"{work} …"])
    timer.daemon = True
    if sys.stderr.isatty():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def load_predictor(
    config: Config,
    checkpoint: str | Path | None = None,
    *,
    device: str = "auto",
    standards: Path | None = None,
) -> StreamingPredictor:
    """Load what predicts, see ``nextims.inference.loading.load_predictor``, and tell the user.

    With ``standards``, it predicts as the instrument of these spectra, see ``instrument_of``.

    Example:
        >>> from nextims.config import load_config
        >>> from nextims.cli.commands import load_predictor
        >>> load_predictor(load_config(), device="cpu").max_mz
        1000
    """
    from ..inference.loading import load_predictor

    with told_if_long(f"loading {checkpoint or 'the model'}"):
        return load_predictor(
            config, checkpoint, say=note, device=device, standards=standards, tell=note
        )
