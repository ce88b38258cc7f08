"""Writing one file alone and on a disk that may be full."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import UserError
from .endings import known_ending

# A full disk, a used-up quota, a limit on the size of files.
NO_SPACE = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})


class BeingWrittenError(UserError):
    """Another process writes the same file; the message names it."""


@contextmanager
def only_writer(path: str | Path, *, wait: float = 0.0) -> Iterator[None]:
    """Be the only process that writes a file, as far as all writers ask so.

    ``PATH.lock`` stands beside it meanwhile. The lock ends with its process, however that ends.

    Args:
        path: the file, or a folder of files; the folder that it lies in exists.
        wait: seconds to wait for another process to end.

    Raises:
        BeingWrittenError: another process is.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.files.writing import only_writer
        >>> path = pathlib.Path(tempfile.mkdtemp(), "spectra.h5")
        >>> with only_writer(path):
        ...     path.with_name("spectra.h5.lock").exists()
        True
    """
    from filelock import FileLock, Timeout

    lock = Path(path).with_name(f"{Path(path).name}.lock")
    holder = FileLock(lock)
    try:
        holder.acquire(timeout=wait)
    except Timeout:
        if not lock.exists():  # it could not be made, which filelock waits for likewise
            raise OutputError(f"{path}: cannot be written beside ({lock.name})") from None
        raise BeingWrittenError(
            f"{path}: another process is writing it; wait for that, or write to another file"
        ) from None
    try:
        yield
    finally:
        # Before it is released: whoever waits for it by name then makes a new one.
        with suppress(OSError):
            lock.unlink()
        holder.release()


def claim_space(path: str | Path, start: int, size: int) -> None:
    """Claim the disk space of ``size`` bytes of a file, before something is written there.

    HDF5 does not survive a write that fails: neither can the file be closed nor the process end
    in order. The file exists, and becomes longer where it has to. Does nothing where the system
    has no ``posix_fallocate``.

    Raises:
        OSError: there is not so much space.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.files.writing import claim_space
        >>> path = pathlib.Path(tempfile.mkdtemp(), "spectra.h5")
        >>> path.touch()
        >>> claim_space(path, 0, 1000)
    """
    if hasattr(os, "posix_fallocate"):
        with Path(path).open("rb+") as file:
            os.posix_fallocate(file.fileno(), start, size)


class OutputError(UserError):
    """An output file cannot be written; the message names it and the reason."""


def check_output(path: str | Path, endings: Collection[str], what: str = "spectra") -> Path:
    """Return a path, checked that results can be written to it, before the work for them is done.

    Args:
        path: file to write.
        endings: those allowed, with their point, in lower case.
        what: names the results in the error.

    Raises:
        OutputError: the ending is none of these, or the folder is missing or write-protected.

    Example:
        >>> from nextims.files.writing import check_output
        >>> check_output("spectra.msp", [".msp", ".mgf"]).suffix
        '.msp'
    """
    path = Path(path)
    if known_ending(path, endings) not in endings:
        raise OutputError(
            f"{path}: unknown ending {path.suffix!r}; {what} can be written as {', '.join(endings)}"
        )
    if path.is_dir():
        raise OutputError(f"{path}: is a folder")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: the folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: the folder {path.parent} cannot be written to")
    return path


def temporary_name(path: Path) -> Path:
    """Return the name under which a file is written until it is whole."""
    return path.with_name(path.name + ".tmp")


@contextmanager
def named_in_errors(path: Path) -> Iterator[None]:
    """Name the file that cannot be written: errors of writing do not."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else " ".join(str(error).split())
        raise OutputError(f"{path}: cannot be written ({reason})") from error


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Have a file written under a temporary name, and rename it at the end of the context.

    ``path`` holds the old content or the new, never something between; after an error nothing is
    left of the new.

    Args:
        path: the file; its folder is made where it is missing.

    Yields:
        The name to write to, and to close, within the context.

    Raises:
        OutputError: it cannot be written: a full disk, say.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.files.writing import written_whole
        >>> path = pathlib.Path(tempfile.mkdtemp(), "hits.csv")
        >>> with written_whole(path) as temporary:
        ...     _ = temporary.write_text("rank,name")
        >>> path.read_text()
        'rank,name'
    """
    path = Path(path)
    temporary = temporary_name(path)
    with named_in_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)  # one that was left, or a link to somewhere else
        try:
            yield temporary
            # The data must be on the disk before the name is: a power failure could otherwise
            # leave the name of an empty file.
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text_whole(path: str | Path, text: str) -> None:
    """Write a text file whole or not at all; bytes that are no Unicode as escapes.

    Raises:
        OutputError: it cannot be written.
    """
    with written_whole(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))
