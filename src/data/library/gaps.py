"""Masses that a source of spectra never gives: it took them out, so nothing is known of them.

The GC-MS spectra of HMDB, for one, are without m/z 73 to 75 and 147 to 149, silyl's, where others
show m/z 73 in 98 % of silylated molecules.
"""

from __future__ import annotations

from array import array
from collections import defaultdict

import numpy as np

from ...spectra.record import Record

# Masses that are looked at: above, hardly one is common enough.
_HIGHEST = 250
# Masses were taken out if so many spectra never have them, where by all other sources so many would
# have each, and so many neighbours are missing together: an ion goes with its isotopes. Fewer
# spectra may be of compounds that are all alike.
_SPECTRA, _EXPECTED, _NEIGHBOURS = 100, 30, 3


class Gaps:
    """Counts which masses each source and each of its instruments gives.

    Example:
        >>> from nextims.data.library.gaps import Gaps
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> gaps, ether = Gaps(), ("CO[Si](C)(C)C",)
        >>> spectra = {"lab": [45, 73, 74, 75, 89], "other": [45, 89]}
        >>> for source, mz in [*spectra.items()] * 100:
        ...     peaks = Spectrum(mz, [9] * len(mz))
        ...     gaps.add(Record("a.msp", 1, "1", "", peaks, ether, source=source))
        >>> gaps.of_spectra()[-2:]
        [(), (73, 74, 75)]
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[str, ...], int] = {}
        self._of_spectrum = array("I"), array("I")
        # Spectra that have a peak at each mass, and those that begin below and end above it.
        self._having: dict[int, np.ndarray] = defaultdict(_none)
        self._reaching: dict[int, np.ndarray] = defaultdict(_none)

    def add(self, record: Record) -> None:
        """Count a usable record."""
        bins = record.bins[:_HIGHEST] > 0
        lowest = record.of_molecule.nominal[0] - 1
        for key, numbers in zip(
            ((record.source,), (record.source, record.instrument)), self._of_spectrum, strict=True
        ):
            group = self._groups.setdefault(key, len(self._groups))
            numbers.append(group)
            self._having[group][: len(bins)] += bins
            self._reaching[group][lowest : len(bins)] += 1

    def of_spectra(self) -> list[tuple[int, ...]]:
        """Return the masses that were taken out of each spectrum, in the order of ``add``."""
        sources = [group for key, group in self._groups.items() if len(key) == 1]
        if not sources:
            return []
        having = sum(self._having[group] for group in sources)
        reaching = sum(self._reaching[group] for group in sources)
        taken_out = {}
        for key, group in self._groups.items():
            source = self._groups[key[:1]]
            others = np.maximum(reaching - self._reaching[source], 1)
            expected = (having - self._having[source]) / others * self._reaching[group]
            missing = (self._having[group] == 0) & (expected >= _EXPECTED)
            missing &= self._reaching[group].max() >= _SPECTRA
            masses = np.flatnonzero(missing) + 1
            runs = np.split(masses, np.flatnonzero(np.diff(masses) > 1) + 1)
            taken_out[group] = {m for run in runs if len(run) >= _NEIGHBOURS for m in run.tolist()}
        return [
            tuple(sorted(taken_out[source] | taken_out[instrument]))
            for source, instrument in zip(*self._of_spectrum, strict=True)
        ]


def _none() -> np.ndarray:
    return np.zeros(_HIGHEST, np.int64)
