"""Which entries of a large library are worth comparing: ms_entropy's Flash entropy search.

Flash entropy search (Li and Fiehn, Nat. Methods 2023, 20, 1475) looks up, for each peak of a
measured spectrum, the entries that have this peak. Its index lies on the disk and is
memory-mapped, so that a search reads the peaks that it needs and no others.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from .entries import SearchError


class Weighting(NamedTuple):
    """What is made of a spectrum before it is looked up.

    Attributes:
        mass_power: a of the weights m^a·I^b.
        intensity_power: b.
        floor: share of the highest weight below which a peak is left out.
    """

    mass_power: float
    intensity_power: float
    floor: float

    def __call__(self, mz: np.ndarray, intensity: np.ndarray) -> np.ndarray:
        """Return the weights of peaks.

        Example:
            >>> import numpy as np
            >>> from nextims.searching.flash import Weighting
            >>> Weighting(1, 0.5, floor=0)(np.array([10, 20]), np.array([1, 4]))
            array([10., 40.])
        """
        return mz.astype(np.float64) ** self.mass_power * intensity**self.intensity_power


# Each score looks at other peaks. An index for each of these weightings loses few of the entries
# that the scores find best (benchmarks/library_search.py); the high floors lose none of them, and
# of a million spectra leave a few million peaks to look at.
WEIGHTINGS = {
    "intensity": Weighting(0, 1, floor=0.05),
    "mass": Weighting(1, 0.5, floor=0.15),
    "high_mass": Weighting(3, 0.6, floor=0.1),
}
# Nominal masses differ by 0 or by 1; ms_entropy wants less than half of what tells peaks apart, Da.
_TOLERANCE = 0.2
_MZ_STEP = 0.5
# Peaks that are sorted at a time, in some 40 bytes of memory each.
_PART_PEAKS = 1 << 24


class FlashWriter:
    """Writes the peaks of many spectra as an index, sorted by m/z a part at a time.

    The files are those that ms_entropy writes, without those of neutral losses, which EI spectra
    do not have. Its own ``build_index`` takes a dictionary for each spectrum, all at once, for a
    million some 5 GB.

    Args:
        folder: folder to write to, made here.
        weighting: of the peaks.

    Raises:
        SearchError: ms_entropy is missing.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from nextims.searching.flash import WEIGHTINGS, FlashSearch, FlashWriter
        >>> folder, weighting = pathlib.Path(tempfile.mkdtemp(), "flash"), WEIGHTINGS["mass"]
        >>> writer = FlashWriter(folder, weighting)
        >>> writer.add(np.array([31, 45, 43]), np.array([9, 4, 9]), np.array([2, 1]))
        >>> writer.close()
        >>> flash = FlashSearch(folder, weighting)
        >>> flash.similarities(np.array([31, 45]), np.array([9, 4])).round(3)
        array([1., 0.], dtype=float32)
    """

    def __init__(self, folder: Path, weighting: Weighting):
        _flash()  # that it is missing should be said before the library is read
        folder.mkdir()
        self._folder, self._weighting = folder, weighting
        self._part = self._entries = self._held = 0
        self._peaks: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, mz: np.ndarray, intensity: np.ndarray, lengths: np.ndarray) -> None:
        """Take in some spectra.

        Args:
            mz: nominal m/z of all peaks in a row, those of one spectrum each once, ``(peaks,)``.
            intensity: on any scale, above 0, ``(peaks,)``.
            lengths: number of peaks of each spectrum, ``(spectra,)``.
        """
        numbers = np.repeat(np.arange(len(lengths)), lengths)
        weights = self._weighting(mz, intensity)
        highest = np.zeros(len(lengths))
        np.maximum.at(highest, numbers, weights)
        kept = weights >= self._weighting.floor * highest[numbers]
        mz, weights, numbers = mz[kept], weights[kept], numbers[kept]
        shares = weights / np.bincount(numbers, weights, len(lengths))[numbers]
        numbers = (numbers + self._entries).astype(np.uint32)
        self._peaks.append((mz.astype(np.uint16), shares.astype(np.float32), numbers))
        self._entries += len(lengths)
        self._held += len(mz)
        if self._held >= _PART_PEAKS:
            self._write_part()

    def close(self) -> None:
        """Write what is left."""
        if self._entries:
            self._write_part()

    def _write_part(self) -> None:
        mz, shares, numbers = map(np.concatenate, zip(*self._peaks, strict=True))
        order = np.argsort(mz, kind="stable")
        mz = mz[order].astype(np.float32)
        steps = np.arange(0.0, mz.max(initial=_MZ_STEP), _MZ_STEP)
        arrays = {
            "all_ions_mz_idx_start": np.searchsorted(mz, steps),
            "all_ions_mz": mz,
            # ms_entropy keeps halves, so that the peaks of two spectra sum to 1.
            "all_ions_intensity": shares[order] / 2,
            "all_ions_spec_idx": numbers[order],
        }
        core = _flash().entropy_search
        core.total_spectra_num, core.total_peaks_num = self._entries, len(mz)
        # An empty file cannot be memory-mapped; a peak at m/z 0 is never looked up.
        nothing = np.zeros(1)
        core.index = [
            (arrays.get(name, nothing) if len(mz) else nothing).astype(core.index_dtypes[name])
            for name in core.index_names
        ]
        core.write(self._folder / f"{self._part:04d}")
        self._part += 1
        self._entries = self._held = 0
        self._peaks = []


class FlashSearch:
    """Searches what ``FlashWriter`` wrote.

    Args:
        folder: where it was written.
        weighting: of the peaks, as it was written.

    Raises:
        SearchError: ms_entropy is missing, or the files are not whole.
    """

    def __init__(self, folder: Path, weighting: Weighting):
        self._weighting = weighting
        self._parts = []
        for part in sorted(folder.iterdir()):
            search = _flash(part)
            if not search.entropy_search.read(part):
                raise SearchError(f"{part}: not an index of ms_entropy, or damaged")
            self._parts.append(search)

    @property
    def entries(self) -> int:
        """Number of entries of all parts."""
        return sum(part.entropy_search.total_spectra_num for part in self._parts)

    def similarities(self, mz: np.ndarray, intensity: np.ndarray) -> np.ndarray:
        """Return the entropy similarity of one spectrum to all, peaks weighted.

        Args:
            mz: nominal m/z, ascending, ``(peaks,)``.
            intensity: on any scale, above 0, ``(peaks,)``.

        Returns:
            Shape ``(entries,)``, float32, from 0 to 1.
        """
        weights = self._weighting(mz, intensity)
        kept = weights >= self._weighting.floor * weights.max()
        mz, weights = mz[kept], weights[kept]
        peaks = np.stack([mz, weights / weights.sum()], axis=1).astype(np.float32)
        return np.concatenate([part.open_search(peaks, _TOLERANCE) for part in self._parts])


def _flash(folder: Path | None = None):
    """Return a search of ms_entropy, to be memory-mapped where a folder is given."""
    try:
        from ms_entropy import FlashEntropySearch
    except ImportError as error:
        raise SearchError('ms_entropy is missing: pip install "nextims[index]"') from error
    return FlashEntropySearch(
        max_ms2_tolerance_in_da=_TOLERANCE,
        mz_index_step=_MZ_STEP,
        intensity_weight=None,
        low_memory=0 if folder is None else 2,
        path_data=folder,
    )
