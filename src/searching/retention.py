"""The retention index in a search: a filter, and the likelihood that it adds to a score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..formats.fields import FAULTY_INDICES
from ..spectra.record import Record
from ..spectra.retention import (
    SEMI_STANDARD_NON_POLAR,
    Z90,
    RetentionError,
    check_index,
    column_kind,
)
from .entries import Entry

WINDOW = 50.0
# Of the logarithm of the likelihood, on a score from 0 to 1: chosen on the validation split
# (benchmarks/identify_by_index.py).
WEIGHT = 0.03
# Laboratories differ by so much, one standard deviation; an index that nobody knows may be anywhere
# within so many.
_LABORATORY, _UNKNOWN = 20.0, 150.0
# A measured index may be of another peak, or mistyped: no more is held against a spectrum.
_LEAST = -10.0
_NO_COLUMN = "no known column is named, the retention index taken as on 5 % phenyl"
_LEFT = 1e-3  # of a score that the index would take away


@dataclass(frozen=True)
class RetentionSearch:
    """What a search does with retention indices.

    Args:
        index: of the compound searched for; where it is ``None``, that which the measured record
            gives.
        column: that it is of; ``""`` for a column that is not named, taken as 5 % phenyl.
        window: largest difference of indices; ``None`` for any. A predicted index passes as well
            whose own interval of 90 % holds the compound's. An entry without one does not pass.
        weight: of the logarithm of the likelihood of the difference, on scores from 0 to 1.
        told: whether the hits tell their differences though these change nothing.

    Raises:
        RetentionError: an index that cannot be, or a number out of range.

    Example:
        >>> from nextims.searching.retention import RetentionSearch
        >>> RetentionSearch(index=1234, window=50).active
        True
    """

    index: float | None = None
    column: str = ""
    window: float | None = None
    weight: float = 0.0
    told: bool = False

    def __post_init__(self):
        if self.index is not None:
            check_index(self.index)
        for name in ("window", "weight"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < np.inf:
                raise RetentionError(f"{name}: must be at least 0, found {value}")

    @property
    def active(self) -> bool:
        """Whether indices are looked at."""
        return self.told or self.window is not None or self.weight > 0

    def of_query(self, query: Record) -> tuple[float | None, str, str]:
        """Return index and kind of column of a measured record, and what is to be said of these."""
        index, column = self.index, self.column
        if index is None:
            index, column = query.retention_index, column or query.column
        if index is None:
            fault = next(filter(FAULTY_INDICES.__contains__, query.notes), "")
            said = f"line {query.line}: {fault}" if fault else "no retention index in the record"
            return None, "", f"{said} and none set: searched without"
        try:
            check_index(index)
        except RetentionError as error:
            return None, "", f"{error}: searched without"
        if kind := column_kind(column):
            return index, kind, ""
        what = f"the column {column!r} is not known" if column else "no column is named"
        return index, SEMI_STANDARD_NON_POLAR, f"{what}: its retention index taken as on 5 % phenyl"

    def compared(
        self, entries: Sequence[Entry], index: float, kind: str, scores: np.ndarray, scale: float
    ) -> np.ndarray:
        """Return the scores of entries with the index, 0 for those that do not pass.

        Args:
            entries: the entries, ``n``.
            index: of the compound searched for.
            kind: of its column.
            scores: of the spectra, ``(n,)``.
            scale: the highest that a score can be.
        """
        known = [index_of(entry, kind) for entry in entries]
        value, deviation = np.array(known, float).reshape(-1, 2).T
        difference = abs(value - index)
        if self.window is not None:
            near = difference <= np.fmax(self.window, Z90 * deviation)
            scores = np.where(near, scores, 0.0)
        if not self.weight:
            return scores
        told = np.isfinite(value)
        deviation = np.where(told, np.hypot(np.nan_to_num(deviation), _LABORATORY), _UNKNOWN)
        likelihood = -((np.where(told, difference, 0) / deviation) ** 2) / 2
        likelihood -= np.log(deviation / _LABORATORY)
        added = scale * self.weight * np.maximum(likelihood, _LEAST)
        # However unlikely by its index, what is alike stays a hit, in its order.
        return np.maximum(scores + added, _LEFT * scores)


class Tally:
    """What the retention indices of entries are like, for the reader of the hits."""

    def __init__(self):
        self._of_kind = 0
        self._odd: Counter[str] = Counter()

    def add(self, entries: Iterable[Entry], kind: str) -> None:
        """Count entries that are searched by an index on a kind of column."""
        for entry in entries:
            record = entry.record
            self._of_kind += not np.isnan(index_of(entry, kind)[0])
            self._odd.update(filter(FAULTY_INDICES.__contains__, record.notes))
            self._odd[_NO_COLUMN] += bool(record.retention_index and not column_kind(record.column))

    def notes(self, kind: str) -> list[str]:
        """Return what is to be said: that there is nothing to compare, and what was odd."""
        none = [] if self._of_kind else [f"no entry has a retention index on a {kind} column"]
        return none + [
            f"of {n:,} {'entry' if n == 1 else 'entries'}: {said}"
            for said, n in self._odd.items()
            if n
        ]


def index_of(entry: Entry, kind: str) -> tuple[float, float]:
    """Return the retention index of an entry on a kind of column, and its standard deviation.

    Both are NaN where it is not known, or of a column of another kind; a measured one has no
    deviation, where none is given.
    """
    record = entry.record
    own = column_kind(record.column) or SEMI_STANDARD_NON_POLAR
    if record.retention_index is None or own != kind:
        return np.nan, np.nan
    return record.retention_index, record.retention_deviation or np.nan
