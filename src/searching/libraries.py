"""Libraries of spectra, read entry by entry, and measured spectra to search for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..files.digest import digest_path, matches_digest
from ..formats.opening import SpectraFileError
from ..formats.reading import read_spectra
from ..spectra.record import BadRecord, Record
from .entries import Entry, SearchError, Skipped


def read_library(path: str | Path) -> Iterator[Entry | Skipped]:
    r"""Read the entries of a library, few at a time in memory.

    Args:
        path: a file of any format that ``read_spectra`` knows, of ``predict.py`` or any other
            program, or the store of measured spectra that training reads.

    Returns:
        Entries, and what cannot be compared with: records that cannot be read, have no peak, or are
        not of positive electron ionization. The file is opened at once, and read as it is needed.

    Raises:
        SearchError: the ending is another, or the file is missing, of another content, or not what
            the digest beside it says, as the store has one.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.searching.libraries import read_library
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.msp")
        >>> _ = path.write_text("Name: Water\nSMILES: O\nNum Peaks: 2\n17 212; 18 999")
        >>> [entry.name for entry in read_library(path)]
        ['Water']
    """
    return map(_entry, _opened(path))


def read_queries(path: str | Path) -> tuple[list[Record], list[Skipped]]:
    r"""Read the measured spectra of a file to search for.

    A record without peaks is one of them: that a spectrum is blank is worth saying.

    Args:
        path: the file, of any format that ``read_spectra`` knows.

    Returns:
        The records, and those that cannot be read.

    Raises:
        SearchError: the file cannot be read, or holds no record.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.searching.libraries import read_queries
        >>> path = pathlib.Path(tempfile.mkdtemp(), "peak.msp")
        >>> _ = path.write_text("Name: unknown at 7.3 min\nNum Peaks: 2\n17 212; 18 999")
        >>> [query.name for query in read_queries(path)[0]]
        ['unknown at 7.3 min']
    """
    queries, unreadable = [], []
    try:
        for record in _opened(path):
            if isinstance(record, BadRecord):
                unreadable.append(_skipped(record))
            else:
                queries.append(record)
    except SpectraFileError as error:
        raise SearchError(str(error)) from error
    if not queries:
        found = "; ".join(f"line {s.line}: {s.reason}" for s in unreadable[:3])
        raise SearchError(
            f"{path}: holds no spectrum to search for" + (f" ({found})" if found else "")
        )
    return queries, unreadable


def _opened(path: str | Path) -> Iterator[Record | BadRecord]:
    try:
        found = read_spectra(path)
    except SpectraFileError as error:
        raise SearchError(str(error)) from error
    if not matches_digest(path):
        said = digest_path(path).name
        raise SearchError(
            f"{path}: damaged, or replaced without its digest: its SHA-256 is not that in {said}; "
            f"make it anew, or remove {said} if the file is as you want it"
        )
    return found


def _skipped(bad: BadRecord) -> Skipped:
    return Skipped(bad.line, bad.name or bad.id, "", bad.why)


def _entry(record: Record | BadRecord) -> Entry | Skipped:
    if isinstance(record, BadRecord):
        return _skipped(record)
    reason = ""
    if not record.spectrum.intensity.any():
        reason = "no peak"
    elif record.ionization != "EI" or record.ms_level != 1 or record.ion_mode != "positive":
        reason = "not a full scan of positive electron ionization"
    if reason:
        return Skipped(record.line, record.name or record.id, "", reason)
    return Entry(record, predicted=record.predicted)
