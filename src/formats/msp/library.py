"""An MSP with the MOL files of its structures, as lib2nist exports a library."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

from ...spectra.record import BadRecord, Record
from ..mol_folder.reading import MolFiles
from ..opening import open_lines, without_gzip
from .reading import MspEntry, read_msp


def read_nist(msp: str | Path, mol_dir: str | Path | None = None) -> Iterator[Record | BadRecord]:
    """Read the records of a NIST text library one by one.

    A record's structure is its MOL file, named as lib2nist names them whatever the case
    (``ID<id>.MOL``, else ``S<CAS number without dashes>.MOL``), else the SMILES, else the InChI of
    the record, in a field of its own or as ``"SMILES=…"`` in the comments.

    Args:
        msp: the library.
        mol_dir: folder with MOL files; ``None`` or a missing folder for none.

    Yields:
        Records; bad ones with the reason.

    Raises:
        OSError: the library cannot be read.
    """
    msp = Path(msp)
    molfiles = MolFiles(mol_dir)
    notes: set[str] = set()
    cut = _ends_within_a_line(msp)
    for number, entry in enumerate(read_msp(open_lines(msp, notes), notes), 1):
        entry.is_cut = cut and entry.at_end
        yield _read_entry(entry, str(msp), number, molfiles)


def _ends_within_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, io.SEEK_END):
            return False
        file.seek(-1, io.SEEK_END)
        return path == without_gzip(path) and file.read(1) not in b"\r\n;\x1a\0"


def _read_entry(entry: MspEntry, file: str, number: int, molfiles: MolFiles) -> Record | BadRecord:
    entry.notes += tuple(sorted(entry.encodings))
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
