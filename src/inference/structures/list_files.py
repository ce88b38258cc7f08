"""The files that structures are read from: which they are, what tells them apart, their length."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from ...files.digest import file_digest
from .mol_blocks import MOL_ENDINGS, NEXT_RECORD
from .text_lines import InputError, damage_named, open_bytes

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

STANDARD_INPUT = "-"
TABLE_ENDINGS = (".csv", ".tsv")
PARQUET = ".parquet"
# Of the files that are read of a folder; those of text may be gzipped.
ENDINGS = (".smi", ".txt", ".inchi", *TABLE_ENDINGS, *MOL_ENDINGS, PARQUET)


def list_files(source: str | Path) -> list[Path]:
    """Return the files of an input: itself, or those of a folder in the order of their names.

    Names that begin with ``.`` or ``_`` are passed over, as programs that read folders of Parquet
    do.

    Raises:
        InputError: a folder holds no file, or something that is none of structures.

    Example:
        >>> from nextims.inference.structures.list_files import list_files
        >>> [path.name for path in list_files("alcohols.smi")]
        ['alcohols.smi']
    """
    source = Path(source)
    if not source.is_dir():
        return [source]
    files = sorted(path for path in source.iterdir() if not path.name.startswith((".", "_")))
    for path in files:
        if structures_ending(path) not in ENDINGS or not path.is_file():
            raise InputError(
                f"{source}: holds {path.name}, which is no list of structures; expected "
                f"{', '.join(ENDINGS)}, those of text perhaps gzipped (.gz)"
            )
    if not files:
        raise InputError(f"{source}: holds no files of structures ({', '.join(ENDINGS)})")
    return files


def input_digest(source: str | Path) -> str:
    """Return the SHA-256 of a file of structures; of a folder, that of its files and their names.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.inference.structures.list_files import input_digest
        >>> path = pathlib.Path(tempfile.mkdtemp(), "empty.smi")
        >>> path.touch()
        >>> input_digest(path)[:8]
        'e3b0c442'
    """
    from tqdm import tqdm

    source, files = Path(source), list_files(source)
    size = sum(path.stat().st_size for path in files)
    with tqdm(
        desc=f"reading {source}", total=size, unit="B", unit_scale=True, disable=None, delay=2
    ) as progress:
        digests = [file_digest(path, progress.update) for path in files]
    if not source.is_dir():
        return digests[0]
    pairs = zip(digests, files, strict=True)
    listing = "".join(f"{digest}  {path.name}\n" for digest, path in pairs)
    return hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()


def count_lines(source: str | Path) -> int | None:
    """Return the number of lines of a file or folder, of SDF that of records.

    It is ``None`` where counting would use up the file.

    Example:
        >>> from nextims.inference.structures.list_files import count_lines
        >>> count_lines("-") is None
        True
    """
    if str(source) == STANDARD_INPUT:
        return None
    counts = [_count_lines(path) for path in list_files(source)]
    return None if None in counts else sum(counts)


def _count_lines(path: Path) -> int | None:
    if not path.is_file():
        return None
    if structures_ending(path) == PARQUET:
        return open_parquet(path).metadata.num_rows
    end = NEXT_RECORD.encode() if structures_ending(path) in MOL_ENDINGS else b"\n"
    lines, last = 0, end
    with open_bytes(path) as file, damage_named(str(path)):
        while block := file.read(1 << 20):
            lines += block.count(end)
            last = block if end == b"\n" else block.rstrip()
    return lines + (not last.endswith(end))


def structures_ending(path: Path) -> str:
    """Return the ending of a file's name in lower case, without that of gzip.

    Example:
        >>> from pathlib import Path
        >>> from nextims.inference.structures.list_files import structures_ending
        >>> structures_ending(Path("alcohols.SMI.gz"))
        '.smi'
    """
    inner = Path(path.stem) if path.suffix.lower() == ".gz" else path
    return inner.suffix.lower()


def open_parquet(path: Path) -> ParquetFile:
    """Open a Parquet file to read it.

    Raises:
        InputError: it cannot be read, or pyarrow is missing.
    """
    try:
        from pyarrow import ArrowInvalid
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise InputError(f'{path}: pyarrow is missing: pip install "nextims[formats]"') from None
    try:
        return ParquetFile(path)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (ArrowInvalid, OSError) as error:
        raise InputError(f"{path}: cannot be read as Parquet ({error})") from error
