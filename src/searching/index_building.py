"""Making the index of a library, in one pass over its entries."""

from __future__ import annotations

import json
import os
import re
import shutil
from array import array
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..chemistry.formula import count_elements
from ..chemistry.molecule import first_block
from ..files.digest import file_digest
from ..files.writing import named_in_errors, only_writer
from ..spectra.spectrum import Spectrum
from ..version import __version__
from .entries import Entry, SearchError, Skipped, formula_mass
from .flash import WEIGHTINGS, FlashWriter
from .index_layout import (
    ARRAYS,
    FLASH,
    FORMAT,
    FORMULAS,
    LEFT_OUT,
    MANIFEST,
    TEXTS,
    EntryText,
    file_facts,
    files_of,
    formula_key,
    index_path,
)
from .libraries import read_library
from .ranking import HIGHEST_MZ

# Entries whose peaks are written at a time.
_BATCH = 4096
# The tables that predict.py writes, and no other program.
_OUR_TABLES = (".h5", ".parquet")
_ISOTOPE_LABEL = re.compile(r"\[\d")

Found = Iterable[Entry | Skipped]


def build_index(
    library: str | Path, *, progress: Callable[[Found], Found] = iter
) -> tuple[int, list[Skipped]]:
    r"""Write the index of a library beside it, in the place of an earlier one.

    Memory does not grow with the peaks of the library; an entry takes some 30 bytes. The folder is
    written under a temporary name and renamed when it is whole.

    Args:
        library: any that ``read_library`` reads.
        progress: wraps the entries as they are read (``tqdm``, say).

    Returns:
        Number of entries indexed, and those that cannot be searched.

    Raises:
        SearchError: the library cannot be read, holds no spectrum that can be searched, or is
            changed meanwhile; or ms_entropy is missing.
        BeingWrittenError: another process makes the same index.
        OutputError: the folder cannot be written: a full disk, say.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.searching.index_building import build_index
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.msp")
        >>> _ = path.write_text("Name: Water\nSMILES: O\nNum Peaks: 2\n17 212; 18 999")
        >>> build_index(path)
        (1, [])
    """
    library = Path(library)
    found = read_library(library)
    folder = index_path(library)
    if folder.exists() and not (folder / MANIFEST).is_file():
        raise SearchError(f"{folder}: is in the place of the index, and none")
    with only_writer(folder):
        writer = _write_index(library, folder, progress(found))
    return writer.entries, writer.left_out


def _write_index(library: Path, folder: Path, found: Found) -> _IndexWriter:
    before = file_facts(library)
    temporary, replaced = (folder.with_name(folder.name + end) for end in (".tmp", ".old"))
    with named_in_errors(folder):
        _tidy(folder, temporary, replaced)  # after a run that was killed
        (temporary / FLASH).mkdir(parents=True)
    try:
        with _IndexWriter(temporary, trusted=library.suffix.lower() in _OUR_TABLES) as writer:
            for item in found:
                with named_in_errors(folder):  # not around the reading of the library
                    writer.add(item)
            with named_in_errors(folder):
                writer.finish()
        if not writer.entries:
            raise SearchError(f"{library}: holds no spectrum that can be searched")
        digest = file_digest(library)
        if file_facts(library) != before:
            raise SearchError(f"{library}: was changed while its index was made")
        with named_in_errors(folder):
            _write_manifest(temporary, writer.entries, before | {"sha256": digest})
            # An index that is half removed would be taken for something else: it goes as a whole.
            if folder.exists():
                folder.replace(replaced)
            temporary.replace(folder)
    finally:
        _tidy(folder, temporary, replaced)
    return writer


def _tidy(folder: Path, temporary: Path, replaced: Path) -> None:
    """Remove what a build leaves; an earlier index that nothing has replaced is put back."""
    if replaced.exists() and not folder.exists():
        replaced.replace(folder)
    for left in (temporary, replaced):
        if left.is_symlink():  # what it leads to is not ours
            left.unlink()
        shutil.rmtree(left, ignore_errors=True)


def _write_manifest(folder: Path, entries: int, library: dict[str, int | str]) -> None:
    files = {}
    for path in files_of(folder):  # on the disk before what says that they are whole
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        files[path.relative_to(folder).as_posix()] = file_facts(path) | {
            "sha256": file_digest(path)
        }
    manifest = {
        "format": FORMAT,
        "made_by": f"NExtIMS {__version__}",
        "entries": entries,
        "library": library,
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


class _IndexWriter:
    """Writes all of an index but its manifest."""

    def __init__(self, folder: Path, *, trusted: bool):
        self.left_out: list[Skipped] = []
        self._folder, self._trusted = folder, trusted
        self._flash = [FlashWriter(folder / FLASH / n, w) for n, w in WEIGHTINGS.items()]
        self._files: dict[str, BinaryIO] = {}
        self._peak_offsets, self._text_offsets = array("q", [0]), array("q", [0])
        self._masses, self._formulas = array("i"), array("i")
        self._known_formulas: dict[str, int] = {}
        self._batch: list[tuple[np.ndarray, np.ndarray]] = []

    @property
    def entries(self) -> int:
        return len(self._masses)

    def __enter__(self) -> _IndexWriter:
        for name in ("peak_mz", "peak_intensity", TEXTS):
            self._files[name] = (self._folder / name).open("wb")
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            with suppress(OSError):  # of what is not whole: nothing is lost
                file.close()

    def add(self, item: Entry | Skipped) -> None:
        if isinstance(item, Skipped):
            self.left_out.append(item)
            return
        identity, formula, mass = self._facts(item)
        self._masses.append(mass or 0)
        number = self._known_formulas.setdefault(formula, len(self._known_formulas))
        self._formulas.append(number if formula else -1)
        text = json.dumps(EntryText.of(item, identity), ensure_ascii=False, separators=(",", ":"))
        written = self._files[TEXTS].write(text.encode("utf-8", "surrogatepass"))
        self._text_offsets.append(self._text_offsets[-1] + written)
        mz, intensity = _nominal_peaks(item.record.of_known)
        self._peak_offsets.append(self._peak_offsets[-1] + len(mz))
        self._batch.append((mz, intensity))
        if len(self._batch) == _BATCH:
            self._write_peaks()

    def _facts(self, entry: Entry) -> tuple[str, str, int | None]:
        """Return identity, formula and nominal mass.

        In our own tables these follow from what is written beside the structure, which saves
        reading a million structures; but for labelled ones.
        """
        record = entry.record
        told = self._trusted and entry.predicted and record.inchikey and record.formula
        if told and not any(_ISOTOPE_LABEL.search(s) for s in record.structures):
            return first_block(record.inchikey), *_formula_facts(record.formula)
        return entry.identity, formula_key(entry.elements), entry.nominal_mass

    def _write_peaks(self) -> None:
        mz, intensity = map(np.concatenate, zip(*self._batch, strict=True))
        self._files["peak_mz"].write(mz.tobytes())
        self._files["peak_intensity"].write(intensity.tobytes())
        lengths = np.array([len(m) for m, _ in self._batch])
        for flash in self._flash:
            flash.add(mz, intensity, lengths)
        self._batch = []

    def finish(self) -> None:
        """Write what is held, and what can only be written at the end."""
        if self._batch:
            self._write_peaks()
        for file in self._files.values():
            file.close()
        for flash in self._flash:
            flash.close()
        columns = {
            "peak_offsets": self._peak_offsets,
            "text_offsets": self._text_offsets,
            "nominal_mass": self._masses,
            "formula": self._formulas,
        }
        for name, column in columns.items():
            (self._folder / name).write_bytes(np.asarray(column, ARRAYS[name]).tobytes())
        formulas = "".join(f"{formula}\n" for formula in self._known_formulas)
        (self._folder / FORMULAS).write_text(formulas, encoding="utf-8")
        (self._folder / LEFT_OUT).write_text(json.dumps(self.left_out), encoding="utf-8")


@lru_cache(maxsize=1 << 16)
def _formula_facts(formula: str) -> tuple[str, int | None]:
    return formula_key(count_elements(formula)), formula_mass(formula)


def _nominal_peaks(spectrum: Spectrum) -> tuple[np.ndarray, np.ndarray]:
    """Return m/z and intensity at the nominal masses that are compared, each once."""
    mz = spectrum.nominal
    inside = (mz >= 1) & (mz <= HIGHEST_MZ)
    sums = np.bincount(mz[inside], spectrum.intensity[inside])
    mz = np.flatnonzero(sums)
    return mz.astype(np.uint16), sums[mz].astype(np.float32)
