"""Spectra unlike all others of their molecule, while those are alike: they are of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from ...spectra.record import Record
from ...spectra.spectrum import STANDARD_ENERGY_RANGE

# A spectrum is far from its replicates if its best cosine with one of them is below the first,
# while the median of theirs is above the second. Of 10,832 spectra of MassBank these are 9.
_FAR, _ALIKE = 0.4, 0.6
_FEWEST = 3
# At a time: there are test mixtures that have been measured ten thousand times.
_COMPARED = 200
# Peaks kept of each spectrum, 64 bytes.
_PEAKS = 16
_PEAK = np.dtype([("mz", np.uint16), ("root", np.float16)])
# Number and energy of a spectrum, and its peaks; and its best cosine with a replicate.
_Peaks = tuple[int, float | None, bytes]
_Far = tuple[int, float | None, float]


class Replicates:
    """Gathers the highest peaks of spectra, molecule by molecule, some 0.2 kB a spectrum.

    Example:
        >>> from nextims.data.library.replicates import Replicates
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> replicates = Replicates()
        >>> for row, highest in enumerate((18, 18, 18, 44)):
        ...     peaks = Spectrum([17, highest], [20, 99])
        ...     replicates.add(row, Record("a.txt", 1, str(row), "Water", peaks, ("O",)))
        >>> [row for row, _, _ in replicates.far()]
        [3]
    """

    def __init__(self) -> None:
        self._spectra: dict[str, list[_Peaks]] = defaultdict(list)

    def add(self, row: int, record: Record) -> None:
        """Add a usable record, under the number by which it is to be named.

        One at another energy is none: such spectra differ by nature.
        """
        low, high = STANDARD_ENERGY_RANGE
        if record.energy is not None and not low <= record.energy <= high:
            return
        bins = np.sqrt(record.bins)
        highest = np.argsort(bins)[-_PEAKS:]
        peaks = np.zeros(len(highest), _PEAK)
        peaks["mz"], peaks["root"] = highest, bins[highest] / bins.max()
        self._spectra[record.molecule.smiles].append((row, record.energy, peaks.tobytes()))

    def far(self) -> Iterator[_Far]:
        """Yield those far from all their replicates, with their energies and best cosines."""
        for spectra in self._spectra.values():
            for start in range(0, len(spectra), _COMPARED):
                yield from _far(spectra[start : start + _COMPARED])


def _far(spectra: Sequence[_Peaks]) -> Iterator[_Far]:
    if len(spectra) < _FEWEST:
        return
    found = [np.frombuffer(peaks, _PEAK) for *_, peaks in spectra]
    vectors = np.zeros((len(found), 1 + max(peaks["mz"].max() for peaks in found)), np.float32)
    for vector, peaks in zip(vectors, found, strict=True):
        vector[peaks["mz"]] = peaks["root"] / np.linalg.norm(peaks["root"].astype(np.float32))
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, 0)
    best = cosines.max(1)
    for place in np.flatnonzero(best < _FAR):
        others = np.delete(np.arange(len(found)), place)
        theirs = cosines[np.ix_(others, others)][np.triu_indices(len(others), 1)]
        if np.median(theirs) > _ALIKE:
            row, energy, _ = spectra[place]
            yield row, energy, float(best[place])
