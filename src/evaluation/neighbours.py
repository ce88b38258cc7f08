"""The molecules that a model has learned from, and which of them are most like another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..chemistry.molecule import ECFP_BITS, Molecule
from ..spectra.uncertainty import Neighbour

# A bit that one molecule in so many sets is counted in a table, any other in a list.
_SHARE_OF_COMMON = 20


class TrainingMolecules:
    """Fingerprints of ``n`` molecules, by the bits that these set.

    Args:
        names: of the molecules, ``(n,)``.
        holders: the molecules that set each bit, those of bit 0 first.
        ends: where those of each bit end, ``(ECFP_BITS,)``.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.evaluation.neighbours import TrainingMolecules
        >>> known = TrainingMolecules.of([("ethanol", read_molecule("CCO")),
        ...                               ("benzene", read_molecule("c1ccccc1"))])
        >>> known.nearest(read_molecule("CCCO"), 1)[0].name
        'ethanol'
    """

    def __init__(self, names: Sequence[str], holders: np.ndarray, ends: np.ndarray):
        self.names, self.holders, self.ends = names, holders, ends
        self._bits_set = np.bincount(holders, minlength=len(names)).astype(np.float32)
        lengths = np.diff(ends, prepend=0)
        common = np.flatnonzero(lengths * _SHARE_OF_COMMON > len(names))
        self._row = np.full(len(ends), -1)
        self._row[common] = np.arange(len(common))
        self._common = np.zeros((len(common), len(names)), np.uint8)
        for row, bit in enumerate(common):
            self._common[row, self._of_bit(bit)] = 1

    @classmethod
    def of(cls, molecules: Sequence[tuple[str, Molecule]]) -> TrainingMolecules:
        """Index molecules, each with its name."""
        bits = [_bits(molecule) for _, molecule in molecules]
        holder = np.repeat(np.arange(len(bits)), [len(own) for own in bits])
        bit = np.concatenate([np.zeros(0, np.int64), *bits])
        order = np.argsort(bit, kind="stable")
        small = np.uint16 if len(bits) <= 1 << 16 else np.uint32
        ends = np.cumsum(np.bincount(bit, minlength=ECFP_BITS)).astype(np.uint32)
        return cls([name for name, _ in molecules], holder[order].astype(small), ends)

    def similarities(self, molecule: Molecule) -> np.ndarray:
        """Return the Tanimoto coefficient with each molecule, ``(n,)``, 0 to 1."""
        bits = _bits(molecule)
        rows = self._row[bits]
        shared = self._common[rows[rows >= 0]].sum(0, dtype=np.uint8).astype(np.float32)
        rare = [self._of_bit(bit) for bit in bits[rows < 0].tolist()]
        if rare:
            np.add.at(shared, np.concatenate(rare), np.float32(1))
        return shared / np.maximum(self._bits_set + len(bits) - shared, 1)

    def nearest(self, molecule: Molecule, number: int) -> list[Neighbour]:
        """Return the molecules that are most like one, the most similar first."""
        if not number:
            return []
        similarity = self.similarities(molecule)
        number = min(number, len(similarity))
        # To sort all takes longer than all else.
        best = np.flatnonzero(similarity >= np.partition(similarity, -number)[-number])
        best = best[np.argsort(-similarity[best], kind="stable")][:number]
        return [Neighbour(str(self.names[i]), float(similarity[i])) for i in best]

    def _of_bit(self, bit: int) -> np.ndarray:
        return self.holders[self.ends[bit - 1] if bit else 0 : self.ends[bit]]


def _bits(molecule: Molecule) -> np.ndarray:
    positions, _ = molecule.unlabelled.fingerprint()
    return positions[positions < ECFP_BITS]
