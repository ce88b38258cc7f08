"""An MSP with the MOL files of its structures, as lib2nist exports a library."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path

from tqdm import tqdm

from ...files.text import decoded_lines
from ...spectra.record import BadRecord, Record
from ..mol_folder.reading import MolFiles
from .reading import MspEntry, read_msp


def read_nist(
    msp: str | Path, mol_dir: str | Path | None = None, *, progress: bool = True
) -> Iterator[Record | BadRecord]:
    """Read the records of a NIST text library one by one.

    A record's structure is its MOL file, named as lib2nist names them whatever the case
    (``ID<id>.MOL``, else ``S<CAS number without dashes>.MOL``), else the SMILES, else the InChI of
    the record, in a field of its own or as ``"SMILES=…"`` in the comments.

    Args:
        msp: the library.
        mol_dir: folder with MOL files; ``None`` or a missing folder for none.
        progress: whether to show a bar.

    Yields:
        Records; bad ones with the reason.

    Raises:
        OSError: the library cannot be read.
    """
    msp = Path(msp)
    molfiles = MolFiles(mol_dir)
    size = msp.stat().st_size
    with (
        msp.open("rb") as file,
        tqdm(
            total=size,
            desc=msp.name,
            unit="B",
            unit_scale=True,
            disable=None if progress else True,
        ) as bar,
    ):
        for number, entry in enumerate(read_msp(_lines(file)), 1):
            bar.update(file.tell() - bar.n)
            yield _read_entry(entry, str(msp), number, molfiles)


def _lines(file: BufferedReader) -> Iterable[bytes]:
    """Return the lines of an MSP as ``read_msp`` wants them: of UTF-16, or ended by CR, too."""
    beginning = file.peek()
    is_utf16 = beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if is_utf16 or (b"\r" in beginning and b"\n" not in beginning):
        return (line.encode() for line in decoded_lines(file, keep_open=True))
    return file


def _read_entry(entry: MspEntry, file: str, number: int, molfiles: MolFiles) -> Record | BadRecord:
    if entry.latin1:
        entry.notes += ("not UTF-8, read as Latin-1",)
    if not entry.first("numpeaks"):
        entry.notes += ("no Num Peaks, all peaks taken",)
    names = _molfile_names(entry)
    return entry.record(
        file,
        number,
        structures=[_mol_block(path) for name in names if (path := molfiles.find(name))],
        structure_problem=_missing_structure(entry, names),
    )


def _mol_block(path: Path) -> str:
    """Return the text of a MOL file; an empty block of one that cannot be read."""
    try:
        return path.read_text(encoding="latin-1") + "\n"
    except OSError:
        return "\n"


def _molfile_names(entry: MspEntry) -> list[str]:
    names = []
    if number := entry.first("id"):
        names.append(f"id{number.lower()}.mol")
    cas = re.sub(r"\D", "", entry.first("cas"))
    if cas.strip("0"):
        names.append(f"s{cas}.mol")
    return names


def _missing_structure(entry: MspEntry, names: list[str]) -> str:
    tried = " or ".join(names) if names else "neither ID nor CAS number for a MOL file"
    given = "only an InChIKey" if entry.first("inchikey") else "no SMILES or InChI"
    return f"{tried} not found, {given} in the record" if names else f"{tried}, {given}"
