"""The index of a library: its spectra and what is known of them, to be read in any order.

It lies beside the library in the folder ``LIBRARY.index``. Of ``n`` entries with ``p`` peaks at
nominal masses in all it holds, each as plain numbers in a row:

=====================  ================  ==========================================================
``peak_mz``            ``p``, uint16     nominal m/z, for each entry ascending and each once
``peak_intensity``     ``p``, float32    abundance, on the scale of the library
``peak_offsets``       ``n + 1``, int64  the peaks of entry ``i`` are those from ``i`` to ``i + 1``
``text_offsets``       ``n + 1``, int64  likewise of its text, in bytes
``nominal_mass``       ``n``, int32      of the molecule in Da, 0 where it is not known
``formula``            ``n``, int32      line of ``formulas.txt`` from 0, −1 where it is not known
=====================  ================  ==========================================================

``texts`` holds what else a hit shows, of each entry a list in JSON; ``flash`` what ``flash.py``
writes; ``left_out.json`` the entries that cannot be searched; ``manifest.json``, which is written
last, says which library all this is of, and size, time and SHA-256 of each file.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .entries import Entry
from .flash import WEIGHTINGS

# What the files hold, and by which weights.
FORMAT = {"version": 2, **{name: list(weighting) for name, weighting in WEIGHTINGS.items()}}
# How many entries are compared with a spectrum; benchmarks/library_search.py says what is lost.
PRESELECTED = 3000
ARRAYS = {
    "peak_mz": np.uint16,
    "peak_intensity": np.float32,
    "peak_offsets": np.int64,
    "text_offsets": np.int64,
    "nominal_mass": np.int32,
    "formula": np.int32,
}
MANIFEST, TEXTS, FORMULAS, LEFT_OUT, FLASH = (
    "manifest.json",
    "texts",
    "formulas.txt",
    "left_out.json",
    "flash",
)


def index_path(library: str | Path) -> Path:
    """Return the folder of a library's index.

    Example:
        >>> from nextims.searching.index_layout import index_path
        >>> index_path("spectra.h5").name
        'spectra.h5.index'
    """
    return Path(f"{library}.index")


class EntryText(NamedTuple):
    """What an index knows of an entry beside peaks, mass and formula.

    Attributes:
        line: line of the library, or number of the spectrum in a table, from 1.
        id: identifier in the library.
        name: name as given.
        structures: SMILES, InChI or MOL blocks; of a MOL block that can be read, its SMILES.
        formula: formula as given.
        nominal_mass: mass in Da as given, ``None`` where there is none.
        inchikey: InChIKey as given.
        predicted: whether the spectrum was predicted.
        identity: what entries of one molecule share, see ``Entry.identity``.
        retention: index, its deviation and the column, where the first is given.
    """

    line: int
    id: str
    name: str
    structures: list[str]
    formula: str
    nominal_mass: int | None
    inchikey: str
    predicted: bool
    identity: str
    retention: tuple[float, float | None, str] | None = None

    @classmethod
    def of(cls, entry: Entry, identity: str) -> EntryText:
        """Return what is to be kept of an entry."""
        record = entry.record
        drawn = any("\n" in structure for structure in record.structures)
        return cls(
            record.line,
            record.id,
            record.name,
            [entry.smiles] if drawn and entry.smiles else list(record.structures),
            record.formula,
            record.nominal_mass,
            record.inchikey,
            entry.predicted,
            identity,
            None
            if record.retention_index is None
            else (record.retention_index, record.retention_deviation, record.column),
        )


def formula_key(elements: Counter[str] | None) -> str:
    """Return a formula as a line of ``formulas.txt``: one for all orders of its elements.

    Example:
        >>> from collections import Counter
        >>> from nextims.searching.index_layout import formula_key
        >>> formula_key(Counter({"H": 6, "C": 2, "O": 1}))
        'C2H6O1'
    """
    return "".join(f"{element}{number}" for element, number in sorted((elements or {}).items()))


def file_facts(path: Path) -> dict[str, int]:
    """Return what changes when a file is written: its size in bytes, and when it was changed."""
    status = path.stat()
    return {"bytes": status.st_size, "modified_ns": status.st_mtime_ns}


def files_of(folder: Path) -> list[Path]:
    """Return all files of an index but its manifest."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
