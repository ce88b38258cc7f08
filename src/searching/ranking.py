"""Measured spectra searched among entries that come one after the other, the best ones kept.

The score of an entry is one of ``SCORES``; entries with which a spectrum has nothing in common
(score 0) are no hits. The entries of one molecule (see ``Entry.identity``) are one hit, ranked by
the most similar of them. Hits whose scores agree to six decimals share a rank, and the next one
counts them all: 1, 1, 3.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from numbers import Integral

import numpy as np

from ..evaluation import metrics
from ..spectra.record import Record
from ..spectra.spectrum import Spectrum
from .entries import Entry, SearchError, entry_label
from .filters import EntryFilter
from .retention import RetentionSearch, Tally, index_of

SCORES: dict[str, Callable[..., np.ndarray]] = {
    "weighted_cosine": metrics.weighted_cosine,
    "entropy_similarity": metrics.entropy_similarity,
    "cosine": metrics.cosine,
    "nist_gc_cosine": metrics.nist_gc_cosine,
    "weighted_entropy_similarity": metrics.weighted_entropy_similarity,
    "stein_scott_dot_product": metrics.stein_scott_dot_product,
    "stein_scott_composite": metrics.stein_scott_composite,
    "nist_identity_match_factor": metrics.nist_identity_match_factor,
    "nist_identity_reverse_match_factor": partial(metrics.nist_identity_match_factor, reverse=True),
    "nist_similarity_match_factor": metrics.nist_similarity_match_factor,
    "nist_similarity_reverse_match_factor": partial(
        metrics.nist_similarity_match_factor, reverse=True
    ),
}
# The cosine of m·√I finds the right molecule first more often than any other among molecules of any
# mass, and second to the entropy similarity, by one or two of a hundred, among those of its mass
# (benchmarks/RESULTS.md).
DEFAULT_SCORE = "weighted_cosine"

# A spectrum of fewer peaks tells few molecules apart; models are not trained on them either.
FEW_PEAKS = 5
# Scores that differ by less are equal: rounding of a network's output must decide no rank.
_DECIMALS = 6
# Entries compared at a time.
BLOCK = 512
# Molecules kept beyond those asked for, so that hits of the last rank and the less similar entries
# of one molecule are not lost.
_MARGIN = 500
# Of one molecule.
_MOST_ENTRIES = 100
_HIGHEST_FACTOR = 999.0
# No EI spectrum reaches so far; a slip in a file must not cost gigabytes.
HIGHEST_MZ = 3000


@dataclass(frozen=True, eq=False)
class Hit:
    """One molecule found.

    Attributes:
        rank: from 1; hits of one score share it.
        score: of the most similar of the molecule's entries.
        entry: this entry, the first of several with one score.
        difference: of its retention index from the measured one; ``None`` where one is not known.
        others: the molecule's other entries with their scores, the most similar first, up to 99.
            Those less similar than the 500 molecules next to the hits may not be among them.
    """

    rank: int
    score: float
    entry: Entry
    others: tuple[tuple[float, Entry], ...] = ()
    difference: float | None = None


@dataclass
class SearchResult:
    """What a search for one measured spectrum found.

    Attributes:
        query: the measured spectrum.
        score_name: a key of ``SCORES``.
        mass: nominal mass in Da about which it was searched, ``None`` for any.
        compared: number of entries that it was compared with.
        retention_index: by which it was searched, ``None`` without.
        hits: molecules, the most similar first.
        notes: what the reader of the hits should know.
    """

    query: Record
    score_name: str
    mass: int | None = None
    compared: int = 0
    hits: list[Hit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    retention_index: float | None = None


def search(
    queries: Sequence[Record],
    entries: Iterable[Entry],
    *,
    score: str = DEFAULT_SCORE,
    top: int = 10,
    entry_filter: EntryFilter | None = None,
    retention: RetentionSearch | None = None,
) -> list[SearchResult]:
    """Find the entries most similar to each of some measured spectra, in one pass over them.

    Memory does not grow with the number of entries. Spectra are compared at nominal masses as
    ``nextims.evaluation.metrics`` compares them, a query's m/z below its first peak left out.

    Args:
        queries: measured spectra.
        entries: what to compare with, in any number.
        score: a key of ``SCORES``.
        top: lowest rank to be given; of hits that share it, all are.
        entry_filter: which entries to look at; all if not given.
        retention: what to do with retention indices; nothing if not given.

    Returns:
        One result for each query, in their order. A query without a peak has no hit.

    Raises:
        SearchError: there is no such score, or ``top`` is below 1.

    Example:
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.searching.entries import Entry
        >>> from nextims.searching.ranking import search
        >>> ethanol = Record("lab.msp", 1, "1", "ethanol", Spectrum([31, 45, 46], [999, 510, 220]))
        >>> acetone = Record("lab.msp", 9, "2", "acetone", Spectrum([15, 43, 58], [200, 999, 300]))
        >>> unknown = Record("peak.msp", 1, "1", "?", Spectrum([31, 45, 46], [980, 470, 190]))
        >>> [result] = search([unknown], [Entry(acetone), Entry(ethanol)])
        >>> [(hit.rank, hit.entry.name, round(hit.score, 3)) for hit in result.hits]
        [(1, 'ethanol', 1.0)]
    """
    check_search(score, top)
    chosen = EntryFilter() if entry_filter is None else entry_filter
    searches = [QuerySearch(query, score, top, chosen, retention) for query in queries]
    entries = iter(entries)
    while block := list(islice(entries, BLOCK)):
        spectra = _bins([entry.record for entry in block])
        for one in searches:
            one.compare(block, spectra)
    return [one.result() for one in searches]


def check_search(score: str, top: int) -> None:
    """Refuse what cannot be asked for.

    Raises:
        SearchError: there is no such score, or ``top`` is below 1.
    """
    if score not in SCORES:
        raise SearchError(f"no such score: {score!r}; there are {', '.join(SCORES)}")
    if not isinstance(top, Integral) or top < 1:
        raise SearchError(f"top must be a whole number of at least 1, found {top!r}")


class _Best:
    """The best molecules met so far, with all their entries."""

    def __init__(self, room: int):
        self._room = room
        self._entries: dict[str, list[tuple[float, int, Entry]]] = {}
        # (score, −number, molecule), the worst first; a molecule's older, lower scores stay in the
        # heap and are passed over when their turn comes.
        self._heap: list[tuple[float, int, str]] = []
        self._top: dict[str, tuple[float, int]] = {}

    @property
    def least(self) -> float:
        """Score below which no new molecule comes in."""
        return self._heap[0][0] if len(self._entries) >= self._room else 0.0

    def add(self, score: float, number: int, entry: Entry) -> None:
        molecule = entry.identity
        known = self._entries.setdefault(molecule, [])
        known.append((score, number, entry))
        if len(known) > _MOST_ENTRIES:
            known.remove(min(known, key=lambda found: (found[0], -found[1])))
        if molecule not in self._top or (score, -number) > self._top[molecule]:
            self._top[molecule] = (score, -number)
            heapq.heappush(self._heap, (score, -number, molecule))
        if len(self._entries) > self._room:
            self._drop_worst()
        self._clear_outdated()

    def _drop_worst(self) -> None:
        self._clear_outdated()
        *_, molecule = heapq.heappop(self._heap)
        del self._entries[molecule], self._top[molecule]

    def _clear_outdated(self) -> None:
        while self._heap and self._top.get(self._heap[0][2]) != self._heap[0][:2]:
            heapq.heappop(self._heap)

    def __iter__(self) -> Iterator[list[tuple[float, int, Entry]]]:
        """Give the entries of each molecule, the best first, of equal ones the first met."""
        ordered = (
            sorted(entries, key=lambda found: (-found[0], found[1]))
            for entries in self._entries.values()
        )
        return iter(sorted(ordered, key=lambda entries: (-entries[0][0], entries[0][1])))


class QuerySearch:
    """The search for one measured spectrum.

    Args:
        query: the measured spectrum.
        score: a key of ``SCORES``.
        top: lowest rank to be given.
        entry_filter: which entries to look at.

    Attributes:
        spectrum: the measured peaks at nominal masses, base peak 1; ``None`` for a blank, which is
            compared with nothing.
        mass: nominal mass in Da about which is searched, ``None`` for any.

    Example:
        >>> import numpy as np
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.searching.entries import Entry
        >>> from nextims.searching.filters import EntryFilter
        >>> from nextims.searching.ranking import QuerySearch
        >>> water = Record("lab.msp", 1, "1", "water", Spectrum([17, 18], [212, 999]))
        >>> one = QuerySearch(water, "cosine", 10, EntryFilter())
        >>> scores = one.scores(water.spectrum.binned(20)[None])
        >>> one.rank([Entry(water)], scores)
        >>> [(hit.rank, hit.score) for hit in one.result().hits]
        [(1, 1.0)]
    """

    def __init__(
        self,
        query: Record,
        score: str,
        top: int,
        entry_filter: EntryFilter,
        retention: RetentionSearch | None = None,
    ):
        self._score, self._top, self._filter = SCORES[score], top, entry_filter
        self._best = _Best(top + _MARGIN)
        self._bins = _bins([query])
        peaks = np.flatnonzero(self._bins[0])
        self.spectrum = Spectrum(peaks + 1, self._bins[0, peaks]) if len(peaks) else None
        self._lowest_mz = int(query.of_known.nominal.min(initial=HIGHEST_MZ))
        self.mass = entry_filter.mass_of(query)
        self._result = SearchResult(query, score, self.mass)
        self._first_notes(len(peaks))
        self._retention, self._kind = retention or RetentionSearch(), ""
        self._tally = Tally()
        self._scale = _HIGHEST_FACTOR if score.endswith("match_factor") else 1.0
        if self._retention.active:
            index, self._kind, said = self._retention.of_query(query)
            self._result.retention_index = index
            self._result.notes += [said] if said else []

    def compare(self, block: list[Entry], spectra: np.ndarray) -> None:
        """Compare with those entries that pass; their binned spectra are ``(entries, max_mz)``."""
        if self.spectrum is None:
            return
        if self._filter.selective:
            passing = [i for i, e in enumerate(block) if self._filter.passes(e, self.mass)]
            block, spectra = [block[i] for i in passing], spectra[passing]
        if block:
            self.rank(block, self.scores(spectra))

    def scores(self, spectra: np.ndarray) -> np.ndarray:
        """Return the scores of binned spectra ``(entries, max_mz)``, to six decimals."""
        width = max(spectra.shape[1], self._bins.shape[1])
        query = np.broadcast_to(_widened(self._bins, width), (len(spectra), width))
        scores = self._score(_widened(spectra, width), query, self._lowest_mz)
        return np.round(scores.astype(np.float64), _DECIMALS)

    def rank(self, block: Sequence[Entry], scores: np.ndarray) -> None:
        """Rank entries by their scores ``(entries,)`` among those ranked before."""
        first = self._result.compared
        self._result.compared += len(block)
        index = self._result.retention_index
        if index is not None:
            self._tally.add(block, self._kind)
            scores = self._retention.compared(block, index, self._kind, scores, self._scale)
            scores = np.round(scores, _DECIMALS)
        # The best first, so that the others find the bar raised and need no structure.
        for i in np.argsort(-scores, kind="stable"):
            if scores[i] <= 0 or scores[i] < self._best.least:
                break
            self._best.add(float(scores[i]), first + int(i), block[i])

    def note(self, text: str) -> None:
        """Tell the reader of the hits something."""
        self._result.notes.append(text)

    def result(self) -> SearchResult:
        """Return what was found."""
        hits = self._result.hits
        if self._result.retention_index is not None and self._result.compared:
            self._result.notes += self._tally.notes(self._kind)
        for place, ((score, _, entry), *others) in enumerate(self._best, start=1):
            rank = hits[-1].rank if hits and hits[-1].score == score else place
            if rank > self._top:
                break
            others = tuple((value, other) for value, _, other in others)
            hits.append(Hit(rank, score, entry, others, self._difference(entry)))
            if entry.problem:
                self.note(f"{entry_label(entry)}: taken without its structure: {entry.problem}")
        return self._result

    def _difference(self, entry: Entry) -> float | None:
        if self._result.retention_index is None:
            return None
        index, _ = index_of(entry, self._kind)
        return None if np.isnan(index) else float(index - self._result.retention_index)

    def _first_notes(self, peaks: int) -> None:
        if not peaks:
            self.note("no peak: a blank, nothing to search for")
        elif peaks < FEW_PEAKS:
            noun = "peak" if peaks == 1 else "peaks"
            self.note(f"only {peaks} {noun}: many molecules share so little, trust no rank")
        if self._filter.mass_window is not None and self.mass is None:
            self.note("no molecular mass in the record and none set: searched at any mass")


def _bins(records: Sequence[Record]) -> np.ndarray:
    """Return spectra at nominal masses, ``(records, max_mz)``, as wide as the heaviest needs."""
    spectra = [record.of_known for record in records]
    highest = [int(spectrum.nominal[-1]) for spectrum in spectra if len(spectrum)]
    max_mz = min(max(highest, default=1), HIGHEST_MZ)
    return np.stack([spectrum.binned(max_mz) for spectrum in spectra])


def _widened(spectra: np.ndarray, width: int) -> np.ndarray:
    return np.pad(spectra, ((0, 0), (0, width - spectra.shape[1])))
