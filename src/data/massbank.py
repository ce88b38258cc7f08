"""MassBank records, in MassBank's own text format, from a folder or an archive.

The format: https://github.com/MassBank/MassBank-web/blob/main/Documentation/MassBankRecordFormat.md
"""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from ..formats.massbank.reading import parse_massbank
from ..spectra.record import BadRecord, Record
from .library.ingest import IngestError

SUFFIXES = (".zip", ".tar.gz", ".tgz")


def read_massbank(path: str | Path) -> Iterator[Record | BadRecord]:
    """Read MassBank records one by one.

    Args:
        path: folder (searched with its subfolders), ``.zip``, ``.tar.gz`` or one record file;
            archives are not unpacked to disk.

    Yields:
        Records; bad ones with the reason.

    Raises:
        IngestError: there is no such file or folder, it is neither folder nor archive, the archive
            is damaged, or it holds no records.
    """
    path = Path(path)
    found = False
    for file, content in _texts(path):
        for record in parse_massbank(content, file):
            found = True
            yield record
    if not found:
        raise IngestError(f"{path}: no MassBank record in it (text files that begin ACCESSION:)")


def _texts(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the text files in a folder or archive."""
    name = path.name.lower()
    if path.is_dir():
        files = sorted(path.rglob("*.txt"))
        with _bar(path, sum(file.stat().st_size for file in files)) as bar:
            for file in files:
                content = file.read_bytes()
                bar.update(len(content))
                yield str(file), content
    elif not path.exists():
        raise IngestError(f"{path}: no such file or folder")
    elif name.endswith(".txt"):
        yield str(path), path.read_bytes()
    elif name.endswith(SUFFIXES):
        members = _zip_members(path) if name.endswith(".zip") else _tar_members(path)
        try:
            yield from members
        except (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile) as error:
            raise IngestError(f"{path}: damaged archive ({error})") from error
    else:
        raise IngestError(f"{path}: expected a folder, a .txt, .zip or .tar.gz file")


def _zip_members(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive, _bar(path, path.stat().st_size) as bar:
        for member in archive.infolist():
            bar.update(member.compress_size)
            if member.filename.endswith(".txt"):
                yield f"{path}/{member.filename}", archive.read(member)


def _tar_members(path: Path) -> Iterator[tuple[str, bytes]]:
    with (
        path.open("rb") as packed,
        gzip.open(packed) as unpacked,
        _bar(path, path.stat().st_size) as bar,
    ):
        with tarfile.open(fileobj=unpacked, mode="r|") as archive:
            for member in archive:
                bar.update(packed.tell() - bar.n)
                if member.isfile() and member.name.endswith(".txt"):
                    yield f"{path}/{member.name}", archive.extractfile(member).read()
        # The checksum stands at the end, after the tar archive's own.
        while unpacked.read(1 << 20):
            pass


def _bar(path: Path, size: int) -> tqdm:
    return tqdm(total=size, desc=path.name, unit="B", unit_scale=True, disable=None)
