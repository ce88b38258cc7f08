"""Files that are dropped on the page, read as any other file is.

Of the name that came with a file only the ending counts, and this only if it is a known one: the
file is read under a name of ours, in a folder of its own.
"""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files.endings import known_ending
from ..files.text import GZIP_ENDING, GZIP_ERRORS, is_gzip
from ..formats.reading import READERS, read_spectra
from ..inference.structures.list_files import ENDINGS
from ..inference.structures.lists import read_structures
from ..spectra.record import BadRecord
from .answers import record_fields
from .limits import CANDIDATES, CHARACTERS, PEAKS, SPECTRA

_PROBLEMS = 20
_HDF5 = (".h5", ".hdf5")
# Read by libraries that must not find the file shorter than it was.
_BINARY = (*_HDF5, ".parquet")


class UploadError(UserError):
    """A file cannot be read; the message says why."""


@dataclass
class Upload:
    """A file that is read for a request.

    Args:
        content: of the file.
        name: of the file.
        most: bytes that a gzipped file may have when it is unpacked.
    """

    content: bytes
    name: str
    most: int
    _path: Path | None = field(default=None, init=False)
    _abandoned: bool = field(default=False, init=False)

    def abandon(self) -> None:
        """Have the reading end, in whatever thread it is: the file is empty from here on."""
        self._abandoned = True
        if self._path is not None and self._path.suffix not in _BINARY:
            with suppress(OSError):
                os.truncate(self._path, 0)

    @property
    def shown(self) -> str:
        """Its name, without folders."""
        return self.name.replace("\\", "/").rpartition("/")[2]

    @contextmanager
    def stored(self, endings: Collection[str]) -> Iterator[Path]:
        """Put the file where it can be read, and away after; errors call it by its own name."""
        content, shown = self.content, self.shown
        if shown.lower().endswith(GZIP_ENDING) or is_gzip(content):
            content = _unpacked(content, shown, self.most)
        ending = known_ending(f"-{without_gzip(shown)}", endings)
        if ending not in endings:
            raise UploadError(f"{shown}: unknown ending; can be read: {', '.join(endings)}")
        with tempfile.TemporaryDirectory() as folder:
            # Its name is not to be found in a file by chance.
            path = Path(folder, f"{Path(folder).name}{ending}")
            path.write_bytes(content)
            self._path = path
            if self._abandoned:
                self.abandon()
            try:
                if ending in _HDF5:
                    _refuse_links(path)
                yield path
            except UserError as error:
                raise UploadError(self.named(str(error))) from error

    def named(self, text: str) -> str:
        """Return a text with the file's own name where it has the one that it is read under."""
        if self._path is None:
            return text
        text = text.replace(str(self._path), self.shown)
        stem = without_gzip(self.shown)
        return text.replace(self._path.stem.partition(".")[0], stem.partition(".")[0])


def read_uploaded_spectra(upload: Upload) -> dict[str, Any]:
    r"""Return the measured spectra of a file, and what is wrong with others.

    Raises:
        UserError: the file cannot be read.

    Example:
        >>> from nextims.web.uploads import Upload, read_uploaded_spectra
        >>> content = b"Name: Water\nNum Peaks: 2\n17 212; 18 999"
        >>> read_uploaded_spectra(Upload(content, "lab.msp", 1000))["spectra"][0]["name"]
        'Water'
    """
    spectra: list[dict[str, Any]] = []
    problems: list[str] = []
    with upload.stored(READERS) as path:
        for record in islice(read_spectra(path), SPECTRA + 1):
            if len(spectra) == SPECTRA:
                problems.append(f"only the first {SPECTRA} spectra are taken")
            elif isinstance(record, BadRecord):
                problems.append(f"line {record.line}: {upload.named(record.why)}")
            elif not 0 < len(record.spectrum) <= PEAKS or not record.spectrum.intensity.any():
                problems.append(f"line {record.line}: {len(record.spectrum)} peaks")
            else:
                # Without a name of its own it has the file's.
                named = replace(record, name=upload.named(record.name))
                spectra.append(record_fields(named))
    return {"spectra": spectra, "structures": [], "problems": _first(problems)}


def read_uploaded_structures(upload: Upload) -> dict[str, Any]:
    """Return the structures of a file; errors as for spectra.

    Example:
        >>> from nextims.web.uploads import Upload, read_uploaded_structures
        >>> read_uploaded_structures(Upload(b"CCO ethanol", "list.smi", 1000))["structures"]
        [{'structure': 'CCO', 'name': 'ethanol'}]
    """
    structures: list[dict[str, Any]] = []
    problems: list[str] = []
    with upload.stored(ENDINGS) as path:
        for each in read_structures(path):
            if len(structures) == CANDIDATES:
                problems.append(f"only the first {CANDIDATES} structures are taken")
                break
            if each.fault or not 0 < len(each.smiles) <= CHARACTERS:
                problems.append(f"line {each.line}: {each.fault or 'no structure'}")
            else:
                structures.append({"structure": each.smiles, "name": each.name})
    return {"spectra": [], "structures": structures, "problems": _first(problems)}


def without_gzip(name: str) -> str:
    """Return a name without the ending of gzip."""
    return name[: -len(GZIP_ENDING)] if name.lower().endswith(GZIP_ENDING) else name


def _unpacked(content: bytes, name: str, most: int) -> bytes:
    """Return what a gzipped file holds; a part that is cut off must not pass for the whole."""
    try:
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(content)).read(most + 1)
    except GZIP_ERRORS as error:
        raise UploadError(f"{name}: cannot be read as gzip ({error})") from error
    if len(unpacked) > most:
        raise UploadError(f"{name}: more than {most:,} bytes when unpacked")
    return unpacked


def _refuse_links(path: Path) -> None:
    """Refuse a file that has others read: links and data kept elsewhere."""
    import h5py

    def elsewhere(name: str, found: object) -> str | None:
        kept = isinstance(found, h5py.Dataset) and (found.external or found.is_virtual)
        return name if kept or isinstance(found, h5py.ExternalLink) else None

    try:
        with h5py.File(path, "r") as file:
            name = file.visititems_links(elsewhere) or file.visititems(elsewhere)
    except (OSError, RuntimeError, KeyError) as error:
        raise UploadError(f"{path}: not an HDF5 file, or damaged") from error
    if name:
        raise UploadError(f"{path}: its {name} lies in another file")


def _first(problems: list[str]) -> list[str]:
    more = len(problems) - _PROBLEMS
    return [*problems[:_PROBLEMS], f"and {more} more"] if more > 0 else problems
