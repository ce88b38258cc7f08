"""Files that are dropped on the page, read as any other file is.

Of the name that came with a file only the ending counts, and this only if it is a known one: the
file is read under a name of ours, in a folder of its own.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..files.endings import known_ending
from ..files.text import GZIP_ENDING
from ..formats.reading import READERS, read_spectra
from ..inference.structures.list_files import ENDINGS
from ..inference.structures.lists import read_structures
from ..spectra.record import BadRecord
from .answers import record_fields
from .limits import CANDIDATES, CHARACTERS, PEAKS, SPECTRA

_PROBLEMS = 20
_HDF5 = (".h5", ".hdf5")


class UploadError(UserError):
    """A file cannot be read; the message says why."""


def read_uploaded_spectra(content: bytes, name: str, most: int) -> dict[str, Any]:
    r"""Return the measured spectra of a file, and what is wrong with others.

    Args:
        content: of the file.
        name: of the file.
        most: bytes that a gzipped file may have when it is unpacked.

    Raises:
        UserError: the file cannot be read.

    Example:
        >>> from nextims.web.uploads import read_uploaded_spectra
        >>> content = b"Name: Water\nNum Peaks: 2\n17 212; 18 999"
        >>> read_uploaded_spectra(content, "lab.msp", 1000)["spectra"][0]["name"]
        'Water'
    """
    spectra: list[dict[str, Any]] = []
    problems: list[str] = []
    with _stored(content, name, READERS, most) as path:
        for record in islice(read_spectra(path), SPECTRA + 1):
            if len(spectra) == SPECTRA:
                problems.append(f"only the first {SPECTRA} spectra are taken")
            elif isinstance(record, BadRecord):
                problems.append(f"line {record.line}: {record.why}")
            elif not 0 < len(record.spectrum) <= PEAKS or not record.spectrum.intensity.any():
                problems.append(f"line {record.line}: {len(record.spectrum)} peaks")
            else:
                spectra.append(record_fields(record))
    return {"spectra": spectra, "structures": [], "problems": _first(problems)}


def read_uploaded_structures(content: bytes, name: str, most: int) -> dict[str, Any]:
    """Return the structures of a file; arguments and errors as for spectra.

    Example:
        >>> from nextims.web.uploads import read_uploaded_structures
        >>> read_uploaded_structures(b"CCO ethanol", "list.smi", 1000)["structures"]
        [{'structure': 'CCO', 'name': 'ethanol'}]
    """
    structures: list[dict[str, Any]] = []
    problems: list[str] = []
    with _stored(content, name, ENDINGS, most) as path:
        for each in read_structures(path):
            if len(structures) == CANDIDATES:
                problems.append(f"only the first {CANDIDATES} structures are taken")
                break
            if each.fault or not 0 < len(each.smiles) <= CHARACTERS:
                problems.append(f"line {each.line}: {each.fault or 'no structure'}")
            else:
                structures.append({"structure": each.smiles, "name": each.name})
    return {"spectra": [], "structures": structures, "problems": _first(problems)}


@contextmanager
def _stored(content: bytes, name: str, endings: Collection[str], most: int) -> Iterator[Path]:
    """Put a file where it can be read, and away after; errors call it by its own name."""
    shown = name.replace("\\", "/").rpartition("/")[2]
    if shown.lower().endswith(GZIP_ENDING):
        content, shown = _unpacked(content, shown, most), shown[: -len(GZIP_ENDING)]
    ending = known_ending(f"-{shown}", endings)
    if ending not in endings:
        raise UploadError(f"{shown}: unknown ending; can be read: {', '.join(endings)}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"file{ending}")
        path.write_bytes(content)
        try:
            if ending in _HDF5:
                _refuse_links(path)
            yield path
        except UserError as error:
            raise UploadError(str(error).replace(str(path), shown)) from error


def _unpacked(content: bytes, name: str, most: int) -> bytes:
    try:
        unpacking = zlib.decompressobj(wbits=31)
        unpacked = unpacking.decompress(content, most)
    except zlib.error as error:
        raise UploadError(f"{name}: cannot be read as gzip ({error})") from error
    if unpacking.unconsumed_tail:
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
