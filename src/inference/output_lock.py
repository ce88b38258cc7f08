"""One run at a time writes an output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .writers import OutputError


@contextmanager
def locked_output(output: str | Path) -> Iterator[None]:
    """Keep other runs from writing an output while the context lasts.

    The operating system holds the lock (``OUTPUT.lock``), and lets it go with the process: a run
    that was killed leaves the file, which keeps nobody out.

    Args:
        output: file or folder that is written.

    Raises:
        OutputError: another run writes it.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.inference.output_lock import locked_output
        >>> output = pathlib.Path(tempfile.mkdtemp(), "spectra.msp")
        >>> with locked_output(output):
        ...     [path.name for path in output.parent.iterdir()]
        ['spectra.msp.lock']
    """
    from filelock import FileLock, Timeout

    output = Path(output)
    path = output.with_name(output.name + ".lock")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise OutputError(f"{output}: another run is writing it (and holds {path})") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be locked ({error.strerror or error})") from error
    try:
        yield
    finally:
        # Before it is released: a run that comes between must find no lock, or this one.
        path.unlink(missing_ok=True)
        lock.release()
