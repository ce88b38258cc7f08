"""Measured retention indices of a store: of which column, on which scale, one a molecule.

What each source gives was checked against the others (`benchmarks/retention_index.py`):

- PNNL's indices count the carbon atoms of fatty acid methyl esters (FAME), of which methyl
  octanoate has 800. Those of C8 to C18 have 1123, 1323, 1524, 1722, 1921 and 2124 by n-alkanes on
  a 5 % phenyl column (Adams, Identification of Essential Oil Components by GC/MS, 4th ed., 2007),
  a straight line within 2; on it PNNL's tetratriacontane, of 3400, has 3397.
- RIKEN's records name no column; they agree with Osaka's, of CP-Sil 8.
- NILU's name none, and where another library has the same molecule they are off by 48 in the
  median and by 294 at most: they are left out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...chemistry.molecule import Molecule, first_block, load_canonical
from ...spectra.retention import (
    HIGHEST,
    LOWEST,
    MID_POLAR,
    SEMI_STANDARD_NON_POLAR,
    UNKNOWN,
    column_kind,
)
from .store import SpectrumStore

PNNL, NILU, RIKEN = "pnnl-metv-20191015", "MSBNK-NILU", "MSBNK-RIKEN"
_FAME_CARBONS = np.array([8, 10, 12, 14, 16, 18])
_FAME_INDICES = np.array([1123.0, 1323.0, 1524.0, 1722.0, 1921.0, 2124.0])
_SLOPE, _CONSTANT = np.polyfit(100.0 * _FAME_CARBONS, _FAME_INDICES, 1)
# Replicates of other stereochemistry lie closer together than this, and of other laboratories.
_SPREAD = 150.0
_ALKANES = range(6, 41)


class Measured(NamedTuple):
    """One measured retention index.

    Attributes:
        row: its spectrum's position in the store.
        id: of the record.
        source: library, of MassBank with its contributor.
        kind: of the column, see ``column_kind``.
        index: by n-alkanes.
    """

    row: int
    id: str
    source: str
    kind: str
    index: float


class LeftOutIndex(NamedTuple):
    """A measured index that is not used, and why."""

    id: str
    name: str
    index: float
    reason: str


@dataclass
class RetentionData:
    """Indices of ``n`` molecules on columns of one kind.

    Attributes:
        molecules: the molecules.
        keys: first block of the InChIKey of each.
        index: median of the sources' medians of each, ``(n,)``.
        sources: libraries that measured each.
        exact: those that have theirs by definition, n-alkanes, ``(n,)`` bool.
        left_out: what is not used.
        split: position in ``SPLITS`` of each in the store; of n-alkanes, that of training.
    """

    molecules: list[Molecule]
    keys: list[str]
    index: np.ndarray
    sources: list[frozenset[str]]
    exact: np.ndarray
    left_out: list[LeftOutIndex]
    split: np.ndarray

    def take(self, kept: np.ndarray) -> RetentionData:
        """Return the molecules that are kept, ``(n,)`` bool."""
        places = np.flatnonzero(kept)
        lists = ([each[i] for i in places] for each in (self.molecules, self.keys))
        return RetentionData(
            *lists,
            self.index[kept],
            [self.sources[i] for i in places],
            self.exact[kept],
            self.left_out,
            self.split[kept],
        )


def from_fame_scale(index: float) -> float:
    """Return the index by n-alkanes of one that counts the carbon atoms of FAMEs, 100 each.

    Example:
        >>> from nextims.data.library.retention import from_fame_scale
        >>> round(from_fame_scale(1600)), round(from_fame_scale(3075.21))  # C16:0, tetratriacontane
        (1923, 3397)
    """
    return float(_SLOPE * index + _CONSTANT)


def measured_indices(store: SpectrumStore) -> list[Measured]:
    """Return all retention indices of a store that can be, by n-alkanes."""
    index, columns = store.numbers("retention_index"), store.column("column")
    sources, ids = store.column("source"), store.column("id")
    found = []
    for row in np.flatnonzero(np.isfinite(index)).tolist():
        source, kind, value = sources[row], column_kind(columns[row]), float(index[row])
        if ids[row].startswith("MSBNK-"):
            source = "-".join(ids[row].split("-")[:2])
        if source == RIKEN and kind == UNKNOWN:
            kind = SEMI_STANDARD_NON_POLAR
        if source == PNNL:
            value = from_fame_scale(value)
        if LOWEST <= value <= HIGHEST:
            found.append(Measured(row, ids[row], source, kind, value))
    return found


def retention_data(
    store: SpectrumStore, kind: str = SEMI_STANDARD_NON_POLAR, *, alkanes: bool = True
) -> RetentionData:
    """Return the molecules of a store with an index on columns of one kind.

    Replicates are merged: the median of each source, then of the sources. A molecule whose sources
    disagree by more than 150 is left out.

    Args:
        store: the store.
        kind: of the column; an unknown one counts as 5 % phenyl.
        alkanes: whether to add the n-alkanes of 6 to 40 carbon atoms, which have 100 each by
            definition.
    """
    keys, smiles, names = store.column("inchikey"), store.column("smiles"), store.column("name")
    by_key: dict[str, list[Measured]] = defaultdict(list)
    left_out = []
    for one in measured_indices(store):
        if one.source == NILU:
            left_out.append(_left_out(one, names, "NILU's agree with no other library's"))
        elif (one.kind or SEMI_STANDARD_NON_POLAR) == kind:
            by_key[first_block(keys[one.row])].append(one)
        elif one.kind == MID_POLAR:
            left_out.append(_left_out(one, names, f"of a {one.kind} column"))
    own = {"C" * n: n for n in _ALKANES} if alkanes else {}
    molecules, kept, index, sources, splits = [], [], [], [], []
    for key in sorted(by_key):
        of_source = defaultdict(list)
        for one in by_key[key]:
            of_source[one.source].append(one.index)
        medians = [float(np.median(values)) for values in of_source.values()]
        row = by_key[key][0].row
        if np.ptp(medians) > _SPREAD:
            reason = f"sources disagree: {', '.join(f'{m:.0f}' for m in sorted(medians))}"
            near = abs(np.array(medians) - np.median(medians)) < _SPREAD / 2
            far = [s for s, is_near in zip(of_source, near, strict=True) if not is_near]
            agree = near.sum() > 1  # against whom the others stand alone
            left_out += [
                _left_out(one, names, reason)
                for one in by_key[key]
                if not agree or one.source in far
            ]
            medians = [m for m, is_near in zip(medians, near, strict=True) if is_near and agree]
        if not medians:
            continue
        if smiles[row] not in own:  # an n-alkane's is defined
            molecules.append(load_canonical(smiles[row]))
            kept.append(key)
            index.append(float(np.median(medians)))
            sources.append(frozenset(of_source))
            splits.append(int(store.index.split[row]))
    exact = np.arange(len(kept) + len(own)) >= len(kept)
    for chain, carbons in own.items():
        molecules.append(load_canonical(chain))
        kept.append(first_block(molecules[-1].inchikey))
        index.append(100.0 * carbons)
        sources.append(frozenset({"definition"}))
        splits.append(0)
    return RetentionData(
        molecules, kept, np.array(index), sources, exact, left_out, np.array(splits)
    )


def _left_out(one: Measured, names: list[str], reason: str) -> LeftOutIndex:
    return LeftOutIndex(one.id, names[one.row], round(one.index, 1), reason)
