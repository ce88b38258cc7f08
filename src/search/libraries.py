"""Libraries of spectra read entry by entry: MSP, and the HDF5 and Parquet that this package writes.

HDF5 are the files of ``predict.py`` and the store of measured spectra that training reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..data.nist_dataset import read_nist
from ..data.record import BadRecord, Record, clean_spectrum
from .entries import Entry, SearchError, Skipped

# Entries read from a table at a time.
_BATCH = 1024
_COLUMNS = ("name", "smiles", "formula", "inchikey")
# What our own files and MS-DIAL's dialect of them say of a spectrum that was not measured.
_PREDICTED = re.compile(r"predicted by NExtIMS|\(predicted\)", re.IGNORECASE)


def read_library(path: str | Path) -> Iterator[Entry | Skipped]:
    r"""Read the entries of a library, few at a time in memory.

    Args:
        path: a file ``.msp`` in any dialect, ``.h5`` or ``.parquet`` (needs pyarrow).

    Returns:
        Entries, and what cannot be compared with: records that cannot be read, have no peak, or are
        not of positive electron ionization. The file is opened at once, and read as it is needed.

    Raises:
        SearchError: the ending is another, or the file is missing or of another content.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.search.libraries import read_library
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.msp")
        >>> _ = path.write_text("Name: Water\nSMILES: O\nNum Peaks: 2\n17 212; 18 999")
        >>> [entry.name for entry in read_library(path)]
        ['Water']
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise SearchError(
            f"{path}: unknown ending {path.suffix!r}; libraries can be {', '.join(READERS)}"
        )
    if path.is_dir():
        raise SearchError(f"{path}: is a folder, expected a library")
    try:
        with path.open("rb"):
            pass
    except FileNotFoundError:
        raise SearchError(f"{path}: no such file") from None
    except OSError as error:
        raise SearchError(f"{path}: cannot be read ({error.strerror})") from None
    return reader(path)


def read_queries(path: str | Path) -> tuple[list[Record], list[Skipped]]:
    r"""Read the measured spectra of an MSP file to search for.

    A record without peaks is one of them: that a spectrum is blank is worth saying.

    Args:
        path: the file, in any dialect of MSP.

    Returns:
        The records, and those that cannot be read.

    Raises:
        SearchError: the file cannot be opened, or holds no record.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.search.libraries import read_queries
        >>> path = pathlib.Path(tempfile.mkdtemp(), "peak.msp")
        >>> _ = path.write_text("Name: unknown at 7.3 min\nNum Peaks: 2\n17 212; 18 999")
        >>> [query.name for query in read_queries(path)[0]]
        ['unknown at 7.3 min']
    """
    queries, unreadable = [], []
    try:
        for record in read_nist(path):
            if isinstance(record, BadRecord):
                unreadable.append(_skipped(record))
            else:
                queries.append(record)
    except FileNotFoundError:
        raise SearchError(f"{path}: no such file") from None
    except OSError as error:
        raise SearchError(f"{path}: cannot be read ({error.strerror})") from None
    if not queries:
        found = "; ".join(f"line {s.line}: {s.reason}" for s in unreadable[:3])
        raise SearchError(
            f"{path}: holds no spectrum to search for, expected records of MSP"
            + (f" ({found})" if found else "")
        )
    return queries, unreadable


def _skipped(bad: BadRecord) -> Skipped:
    reason = f"{bad.reason} ({bad.detail})" if bad.detail else bad.reason
    return Skipped(bad.line, bad.name or bad.id, "", reason)


def _usable(entry: Entry) -> Entry | Skipped:
    record, reason = entry.record, ""
    if not record.spectrum.intensity.any():
        reason = "no peak"
    elif record.ionization != "EI" or record.ms_level != 1 or record.ion_mode != "positive":
        reason = "not a full scan of positive electron ionization"
    return Skipped(record.line, record.name or record.id, "", reason) if reason else entry


def _read_msp(path: Path) -> Iterator[Entry | Skipped]:
    def entries() -> Iterator[Entry | Skipped]:
        for record in read_nist(path):
            if isinstance(record, BadRecord):
                yield _skipped(record)
            else:
                said = (record.instrument, *record.remarks[1:])  # a name may say anything
                predicted = any(_PREDICTED.search(text) for text in said)
                yield _usable(Entry(record, predicted))

    return entries()


def _read_hdf5(path: Path) -> Iterator[Entry | Skipped]:
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise SearchError(f"{path}: not an HDF5 file, or damaged") from error
    try:
        offsets, peaks = file["peaks/offsets"], (file["peaks/mz"], file["peaks/intensity"])
        columns = {name: file[f"metadata/{name}"] for name in _COLUMNS}
        lengths = {len(offsets) - 1, *map(len, columns.values())}
        if len(lengths) > 1:
            raise KeyError("its arrays differ in length")
    except (KeyError, TypeError, AttributeError) as error:
        file.close()
        raise SearchError(
            f"{path}: not a file of spectra as predict.py or prepare_massbank.py write it "
            f"({str(error).strip(chr(34))})"
        ) from error
    predicted = "predicted_by" in file.attrs

    def entries() -> Iterator[Entry | Skipped]:
        with file:
            for start in range(0, len(offsets) - 1, _BATCH):
                ends = offsets[start : start + _BATCH + 1]
                texts = {n: c.asstr()[start : start + _BATCH] for n, c in columns.items()}
                mz, intensity = (values[ends[0] : ends[-1]] for values in peaks)
                for i, (begin, end) in enumerate(pairwise(ends)):
                    part = slice(begin - ends[0], end - ends[0])
                    row = {name: values[i] for name, values in texts.items()}
                    row |= {"mz": mz[part], "intensity": intensity[part]}
                    yield _entry_of_row(path, start + i + 1, row, predicted)

    return entries()


def _read_parquet(path: Path) -> Iterator[Entry | Skipped]:
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise SearchError(f'{path}: pyarrow is missing: pip install -e ".[formats]"') from error
    try:
        file = ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise SearchError(f"{path}: not a Parquet file, or damaged") from error
    wanted = [*_COLUMNS, "mz", "intensity"]
    if missing := [name for name in wanted if name not in file.schema_arrow.names]:
        file.close()
        raise SearchError(
            f"{path}: not a file of spectra as predict.py writes it: no column {missing[0]!r}"
        )
    predicted = b"predicted_by" in (file.schema_arrow.metadata or {})

    def entries() -> Iterator[Entry | Skipped]:
        number = 0
        with file:
            for batch in file.iter_batches(_BATCH, columns=wanted):
                for row in batch.to_pylist():
                    number += 1
                    yield _entry_of_row(path, number, row, predicted)

    return entries()


def _entry_of_row(path: Path, number: int, row: dict[str, Any], predicted: bool) -> Entry | Skipped:
    """Return the entry of a row; what is null in it is left out."""
    name, smiles, formula, inchikey = (row[column] or "" for column in _COLUMNS)
    try:
        mz, intensity = ([] if row[c] is None else row[c] for c in ("mz", "intensity"))
        spectrum = clean_spectrum(mz, intensity)
    except ValueError as error:
        return Skipped(number, smiles, name, f"peak list cannot be read ({error})")
    record = Record(
        file=str(path),
        line=number,
        id=str(number),
        name=name,
        spectrum=spectrum,
        structures=(smiles,) if smiles else (),
        formula=formula,
        inchikey=inchikey,
    )
    return _usable(Entry(record, predicted))


READERS: dict[str, Callable[[Path], Iterator[Entry | Skipped]]] = {
    ".msp": _read_msp,
    ".h5": _read_hdf5,
    ".parquet": _read_parquet,
}
