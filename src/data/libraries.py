"""Libraries of measured spectra in any format that is read, several into one store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from ..config import DataConfig
from ..formats.reading import read_spectra
from ..spectra.record import BadRecord, Record
from .library.ingest import IngestError, IngestReport, ingest
from .library.store import OtherFormatError, StoreError, matches_settings
from .massbank import SUFFIXES, read_massbank


def read_libraries(paths: Iterable[str | Path]) -> Iterator[Record | BadRecord]:
    r"""Read the records of several libraries, one after the other.

    Args:
        paths: folders and archives of MassBank records, and files of any format of
            ``read_spectra``.

    Yields:
        Records, each with the name of its library as ``source`` where it names none itself; bad
        ones with the reason.

    Raises:
        UserError: a library is missing, of an unknown format, damaged or empty.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.data.libraries import read_libraries
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.mgf")
        >>> _ = path.write_text("BEGIN IONS\nTITLE=water\n17 212\n18 999\nEND IONS\n")
        >>> [(record.name, record.source) for record in read_libraries([path])]
        [('water', 'water.mgf')]
    """
    for path in map(Path, paths):
        is_massbank = not path.suffix or path.is_dir() or path.name.lower().endswith(SUFFIXES)
        records = read_massbank(path) if is_massbank else shown(read_spectra(path), path.name)
        for record in records:
            yield replace(record, source=path.name) if _unnamed(record) else record


def shown(records: Iterable[Record | BadRecord], name: str) -> Iterable[Record | BadRecord]:
    """Return records that show in a terminal how many have been read, whatever reads them.

    Args:
        records: what a reader yields.
        name: of their library.

    Example:
        >>> from nextims.data.libraries import shown
        >>> list(shown([], "mine.msp"))
        []
    """
    return tqdm(records, desc=name, unit=" spectra", disable=None)


def _unnamed(record: Record | BadRecord) -> bool:
    return isinstance(record, Record) and not record.source


def source_name(paths: Sequence[Path]) -> str:
    """Return what a store is called after: the names of its libraries."""
    return ", ".join(path.name for path in paths)


def ingest_libraries(paths: Sequence[Path], store: Path, config: DataConfig) -> IngestReport:
    """Write the usable records of libraries to a store, see ``ingest``.

    Raises:
        UserError: as ``read_libraries`` and ``ingest``.
    """
    return ingest(read_libraries(paths), store, config=config, source=source_name(paths))


def is_up_to_date(store: Path, config: DataConfig, source: str | None) -> bool:
    """Say whether a store is there, made with these settings.

    Args:
        store: the store.
        config: the settings.
        source: what ``source_name`` gives for the libraries it is to be of; ``None`` for any.

    Raises:
        IngestError: there is another store, which is not to be overwritten unasked.
    """
    if not store.exists():
        return False
    try:
        if matches_settings(store, config, source=source):
            return True
        reason = "was made from other records or with other settings"
    except OtherFormatError as error:
        reason = f"is of {error.age} format"
    except StoreError:
        reason = "is damaged or not a store"
    raise IngestError(f"{store} {reason}; --force overwrites it")
