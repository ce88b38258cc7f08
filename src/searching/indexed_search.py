"""Measured spectra searched in a library that has an index."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..spectra.record import Record
from .entries import SearchError
from .filters import EntryFilter
from .index_layout import PRESELECTED
from .library_index import LibraryIndex
from .ranking import BLOCK, DEFAULT_SCORE, QuerySearch, SearchResult, check_search
from .retention import RetentionSearch

# The weighting that finds the best entries of each score. The reverse match factors leave out what
# an entry does not have of a spectrum, so their best may have little in common with it: by these,
# all entries are compared.
PRESELECTION = {
    "weighted_cosine": "mass",
    "entropy_similarity": "intensity",
    "cosine": "intensity",
    "nist_gc_cosine": "high_mass",
    "weighted_entropy_similarity": "intensity",
    "stein_scott_dot_product": "high_mass",
    "stein_scott_composite": "high_mass",
    "nist_identity_match_factor": "mass",
    "nist_identity_reverse_match_factor": None,
    "nist_similarity_match_factor": "intensity",
    "nist_similarity_reverse_match_factor": None,
}


def search_index(
    queries: Iterable[Record],
    index: LibraryIndex,
    *,
    score: str = DEFAULT_SCORE,
    top: int = 10,
    entry_filter: EntryFilter | None = None,
    preselected: int = PRESELECTED,
    retention: RetentionSearch | None = None,
) -> list[SearchResult]:
    r"""Find the entries most similar to each of some measured spectra by a library's index.

    Of the entries that pass the filter, those most similar by Flash entropy search are compared as
    ``ranking.search`` compares all; where no more than ``preselected`` pass, these are all
    compared, and hits, ranks and scores are the same.

    Args:
        queries: measured spectra.
        index: of the library.
        score: a key of ``SCORES``.
        top: lowest rank to be given; of hits that share it, all are.
        entry_filter: which entries to look at; all if not given.
        preselected: how many entries to compare a spectrum with.
        retention: what to do with retention indices, after the preselection; nothing if not given.

    Returns:
        One result for each query, in their order. Where not all were compared, a note says so.

    Raises:
        SearchError: there is no such score, or a number is below 1.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.searching.index_building import build_index
        >>> from nextims.searching.indexed_search import search_index
        >>> from nextims.searching.libraries import read_queries
        >>> from nextims.searching.library_index import LibraryIndex
        >>> path = pathlib.Path(tempfile.mkdtemp(), "two.msp")
        >>> water, ammonia = "Name: Water\nNum Peaks: 1\n18 9", "Name: Ammonia\nNum Peaks: 1\n17 9"
        >>> _ = path.write_text(f"{water}\n\n{ammonia}\n")
        >>> _ = build_index(path)
        >>> [_, unknown], _ = read_queries(path)
        >>> [result] = search_index([unknown], LibraryIndex(path), preselected=1)
        >>> [hit.entry.name for hit in result.hits], result.notes[1]
        (['Ammonia'], 'compared are the 1 of 2 entries most similar by entropy')
    """
    check_search(score, top)
    if preselected < 1:
        raise SearchError(f"preselected must be at least 1, found {preselected}")
    chosen = EntryFilter() if entry_filter is None else entry_filter
    return [
        _search_one(
            QuerySearch(query, score, top, chosen, retention),
            index,
            chosen,
            PRESELECTION[score],
            preselected,
        )
        for query in queries
    ]


def _search_one(
    one: QuerySearch,
    index: LibraryIndex,
    entry_filter: EntryFilter,
    weighting: str | None,
    preselected: int,
) -> SearchResult:
    if one.spectrum is None:
        return one.result()
    numbers = index.passing(entry_filter, one.mass)
    passing = len(index) if numbers is None else len(numbers)
    if weighting is not None and passing > preselected:
        numbers = index.most_similar(one.spectrum, weighting, preselected, numbers)
        one.note(
            f"compared are the {len(numbers):,} of {passing:,} entries most similar by entropy"
        )
    elif numbers is None:
        numbers = np.arange(passing)
    scores = np.zeros(len(numbers))
    # Spectra of like width are compared together: a heavy one makes all rows of its block wide.
    by_width = np.argsort(index.highest_mz(numbers), kind="stable")
    for start in range(0, len(numbers), BLOCK):
        part = by_width[start : start + BLOCK]
        scores[part] = one.scores(index.bins(numbers[part]))
    # All are ranked at once: so few are read that cannot be hits.
    one.rank(index.entries(numbers), scores)
    return one.result()
