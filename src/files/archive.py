"""Zip archives that hold what was written into them, and no more than their size says."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_STORED, ZipFile


def check_archive(path: str | Path) -> None:
    """Check an archive of members that are stored as they are, before they are read.

    ``torch.save`` writes such archives, with the CRC-32 of each member; ``torch.load`` looks at
    none of these, and unpacks what is compressed, however much that is.

    Args:
        path: the archive.

    Raises:
        ValueError: a member is not what was written, or is compressed, or the members together are
            larger than the file.
        zipfile.BadZipFile: it is no archive, or its directory is damaged.

    Example:
        >>> import pathlib, tempfile
        >>> import torch
        >>> from nextims.files.archive import check_archive
        >>> path = pathlib.Path(tempfile.mkdtemp(), "weights.pt")
        >>> torch.save({"bias": torch.arange(4)}, path)
        >>> check_archive(path)
        >>> content = bytearray(path.read_bytes())
        >>> content[content.index(torch.arange(4).numpy().tobytes()) + 8] ^= 1
        >>> _ = path.write_bytes(content)
        >>> check_archive(path)
        Traceback (most recent call last):
        ValueError: weights/data/0 is not what was written
    """
    with ZipFile(path) as archive:
        members = archive.infolist()
        if any(member.compress_type != ZIP_STORED for member in members):
            raise ValueError("its members are compressed, which no checkpoint's are")
        if sum(member.file_size for member in members) > Path(path).stat().st_size:
            raise ValueError("its members claim to be larger than the file")
        if damaged := archive.testzip():
            raise ValueError(f"{damaged} is not what was written")
