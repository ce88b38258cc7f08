"""The index of a library, opened: any of its entries, and those most similar to a spectrum."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..chemistry.formula import count_elements
from ..files.digest import file_digest
from ..spectra.record import Record
from ..spectra.spectrum import Spectrum
from .entries import Entry, SearchError, Skipped
from .filters import EntryFilter
from .flash import WEIGHTINGS, FlashSearch
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


class LibraryIndex:
    r"""The index of a library, memory-mapped.

    Args:
        library: the library; its index is beside it.

    Attributes:
        library: the library.
        left_out: its entries that cannot be searched.

    Raises:
        SearchError: there is no index, it is of another library or of another content of this
            one, it is damaged, or ms_entropy is missing.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from nextims.searching.index_building import build_index
        >>> from nextims.searching.library_index import LibraryIndex
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.msp")
        >>> _ = path.write_text("Name: Water\nSMILES: O\nNum Peaks: 2\n17 212; 18 999")
        >>> _ = build_index(path)
        >>> index = LibraryIndex(path)
        >>> len(index), index.entries(np.array([0]))[0].formula
        (1, 'H2O')
    """

    def __init__(self, library: str | Path):
        self.library = Path(library)
        self.folder = index_path(library)
        try:
            self._manifest = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
            if self._manifest["format"] != FORMAT:
                raise self._error(f"written by {self._manifest['made_by']} in another format")
            if _changed(self.library, self._manifest["library"]):
                raise self._error(f"{self.library.name} has changed since")
            self._check_files(self._manifest.get("files"))
            self._arrays = {name: self._mapped(name, dtype) for name, dtype in ARRAYS.items()}
            self._texts = self._mapped(TEXTS, np.uint8)
            left_out = json.loads((self.folder / LEFT_OUT).read_text(encoding="utf-8"))
            self.left_out = [Skipped(*row) for row in left_out]
        except FileNotFoundError as error:
            raise self._error(f"{Path(error.filename).name} is missing") from None
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, SearchError):
                raise
            raise self._error(f"damaged ({error})") from error
        self._check_lengths()
        self._flash = {
            name: FlashSearch(self.folder / FLASH / name, weighting)
            for name, weighting in WEIGHTINGS.items()
        }
        if any(flash.entries != len(self) for flash in self._flash.values()):
            raise self._error(f"damaged (entries are missing in {FLASH})")

    def __len__(self) -> int:
        return self._manifest["entries"]

    def passing(self, entry_filter: EntryFilter, mass: int | None) -> np.ndarray | None:
        """Return the numbers of the entries that pass a filter, from 0, ascending.

        Args:
            entry_filter: the filter.
            mass: nominal mass in Da about which it is searched, ``None`` for any.

        Returns:
            Shape ``(passing,)``, int64; ``None`` where all pass.
        """
        passes = None
        if entry_filter.formula is not None:
            key = formula_key(count_elements(entry_filter.formula))
            passes = self._arrays["formula"] == self._formulas.get(key, -2)
        if mass is not None and entry_filter.mass_window is not None:
            masses = self._arrays["nominal_mass"]
            near = (np.abs(masses - mass) <= entry_filter.mass_window) & (masses > 0)
            passes = near if passes is None else passes & near
        return None if passes is None else np.flatnonzero(passes)

    def most_similar(
        self, spectrum: Spectrum, weighting: str, number: int, among: np.ndarray | None = None
    ) -> np.ndarray:
        """Return the entries most similar to a spectrum by Flash entropy search.

        Args:
            spectrum: at nominal masses, with at least one peak.
            weighting: of the peaks, a key of ``WEIGHTINGS``.
            number: so many, and those that are as similar as the last of them; fewer where fewer
                have a peak in common with the spectrum.
            among: numbers of the entries to look at; all if not given.

        Returns:
            Numbers of the entries, ascending, ``(found,)``.
        """
        similarities = self._flash[weighting].similarities(spectrum.mz, spectrum.intensity)
        if among is not None:
            similarities = similarities[among]
        bar = 0.0
        if number < len(similarities):
            bar = np.partition(similarities, -number)[-number]
        found = np.flatnonzero((similarities >= bar) & (similarities > 0))
        return found if among is None else among[found]

    def highest_mz(self, numbers: np.ndarray) -> np.ndarray:
        """Return the highest nominal m/z of entries, 0 where all peaks are out of range."""
        begins, ends = (self._arrays["peak_offsets"][numbers + i] for i in (0, 1))
        highest = np.zeros(len(numbers), np.int64)
        some = ends > begins
        highest[some] = self._arrays["peak_mz"][ends[some] - 1]
        return highest

    def bins(self, numbers: np.ndarray) -> np.ndarray:
        """Return spectra at nominal masses, base peak 1, as wide as the heaviest needs.

        Args:
            numbers: of the entries, ``(b,)``.

        Returns:
            Shape ``(b, max_mz)``, float32; element ``i`` of a row is m/z ``i + 1``.
        """
        starts = self._arrays["peak_offsets"][numbers]
        lengths = self._arrays["peak_offsets"][numbers + 1] - starts
        rows = np.repeat(np.arange(len(numbers)), lengths)
        first = np.cumsum(lengths) - lengths
        places = np.arange(len(rows)) + (starts - first)[rows]
        mz = self._arrays["peak_mz"][places].astype(np.int64)
        bins = np.zeros((len(numbers), int(mz.max(initial=1))), np.float32)
        bins[rows, mz - 1] = self._arrays["peak_intensity"][places]
        base = bins.max(axis=1, keepdims=True)
        return bins / np.where(base > 0, base, 1)

    def entries(self, numbers: np.ndarray) -> Sequence[Entry]:
        """Return entries, each made when something asks for it, and its facts likewise.

        Their spectra are those that are compared: at nominal masses.
        """
        return _IndexedEntries(self, numbers)

    def text(self, number: int) -> EntryText:
        """Return what is known of an entry beside its peaks."""
        begin, end = self._arrays["text_offsets"][number : number + 2]
        text = self._texts[begin:end].tobytes().decode("utf-8", "surrogatepass")
        return EntryText(*json.loads(text))

    def record(self, number: int) -> Record:
        """Return an entry's record."""
        text = self.text(number)
        index, deviation, column = text.retention or (None, None, "")
        begin, end = self._arrays["peak_offsets"][number : number + 2]
        return Record(
            file=str(self.library),
            line=text.line,
            id=text.id,
            name=text.name,
            spectrum=Spectrum(
                self._arrays["peak_mz"][begin:end], self._arrays["peak_intensity"][begin:end]
            ),
            structures=tuple(text.structures),
            formula=text.formula,
            nominal_mass=text.nominal_mass,
            inchikey=text.inchikey,
            retention_index=index,
            retention_deviation=deviation,
            column=column,
        )

    @cached_property
    def _formulas(self) -> dict[str, int]:
        lines = (self.folder / FORMULAS).read_text(encoding="utf-8").splitlines()
        return {line: number for number, line in enumerate(lines)}

    def _mapped(self, name: str, dtype: Any) -> np.ndarray:
        path = self.folder / name
        if not path.stat().st_size:  # which cannot be mapped
            return np.zeros(0, dtype)
        return np.memmap(path, dtype, "r").view(np.ndarray)

    def _check_files(self, written: dict[str, dict[str, Any]] | None) -> None:
        if written is None:  # by an earlier version
            return
        for name, facts in written.items():
            if _changed(self.folder / name, facts):
                raise self._error(f"damaged ({name} is other than it was written)")
        found = {path.relative_to(self.folder).as_posix() for path in files_of(self.folder)}
        if other := found - written.keys():
            raise self._error(f"damaged ({min(other)} is not one of its files)")

    def _check_lengths(self) -> None:
        entries = self._manifest["entries"]
        expected = {
            "peak_offsets": entries + 1,
            "text_offsets": entries + 1,
            "nominal_mass": entries,
            "formula": entries,
        }
        lengths = {name: len(array) for name, array in self._arrays.items()}
        if all(lengths[name] == number for name, number in expected.items()):
            peaks, texts = (self._arrays[f"{n}_offsets"][-1] for n in ("peak", "text"))
            of_peaks = (lengths["peak_mz"], lengths["peak_intensity"])
            if of_peaks == (peaks, peaks) and len(self._texts) == texts:
                return
        raise self._error("damaged (its files differ in length)")

    def _error(self, problem: str) -> SearchError:
        return SearchError(
            f"{self.folder}: {problem}; this makes the index anew: nextims index "
            f"--library {self.library} (search.py --scan does without)"
        )


def _changed(path: Path, facts: dict[str, Any]) -> bool:
    """Return whether a file is other than the manifest says."""
    found = file_facts(path)
    return found["bytes"] != facts["bytes"] or (
        # A copy is younger, and its content decides.
        found["modified_ns"] != facts["modified_ns"] and file_digest(path) != facts["sha256"]
    )


class _IndexedEntries(Sequence):
    """Entries of an index, of which few are looked at."""

    def __init__(self, index: LibraryIndex, numbers: np.ndarray):
        self._index, self._numbers = index, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, place: int) -> Entry:
        return _IndexedEntry(self._index, int(self._numbers[place]))


class _IndexedEntry(Entry):
    """An entry that is read from an index when something asks for it."""

    def __init__(self, index: LibraryIndex, number: int):
        # The class is frozen; its properties keep their values in the same place.
        self.__dict__.update(_index=index, _number=number)

    @cached_property
    def record(self) -> Record:
        return self._index.record(self._number)

    @cached_property
    def predicted(self) -> bool:
        return self._index.text(self._number).predicted

    @cached_property
    def identity(self) -> str:
        return self._index.text(self._number).identity
