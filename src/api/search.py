"""Measured spectra searched in a library or among candidates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ..config import load_config
from ..errors import MissingPackageError
from ..files.text import counted
from ..formats.opening import without_gzip
from ..inference.loading import load_predictor
from ..searching.candidates import predicted_candidates
from ..searching.entries import Entry, SearchError, Skipped
from ..searching.filters import MASS_WINDOW, EntryFilter
from ..searching.index_layout import index_path
from ..searching.libraries import read_library, read_queries
from ..searching.ranking import DEFAULT_SCORE, Hit, SearchResult, check_search
from ..searching.ranking import search as search_entries
from ..searching.retention import WEIGHT, RetentionSearch
from ..searching.tables import (
    COLUMNS,
    difference_text,
    hit_rows,
    query_label,
    score_text,
    summary,
)
from ..spectra.prediction import PredictedSpectrum
from .comparison import as_record, several
from .options import names_checked, spectra_path
from .spectra import Measured, Prediction
from .structures import input_structures, is_one

if TYPE_CHECKING:
    import pandas

# Endings of lists of structures that are endings of spectra as well.
_OF_STRUCTURES_TOO = (".csv", ".tsv", ".txt", ".sdf", ".parquet")


@dataclass
class Found(SearchResult):
    """What was found for one measured spectrum; a loop over it gives the hits, the best first.

    Attributes:
        failures: entries and candidates that could not be compared with, each with its reason.
    """

    failures: tuple[Skipped, ...] = ()

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __repr__(self) -> str:
        best = f", the best {self.hits[0].entry.name or self.hits[0].entry.smiles}" if self else ""
        return f"<{self._counted()}{best}; {summary(self)}>"

    def _counted(self) -> str:
        failed = f", {counted(len(self.failures), 'failure')}" if self.failures else ""
        return counted(len(self), "hit") + failed

    def to_pandas(self) -> pandas.DataFrame:
        """Return a table: one row a hit, as ``nextims search --output hits.csv`` writes it.

        Raises:
            MissingPackageError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingPackageError("pandas is missing: pip install pandas") from error
        rows = hit_rows(self) if self.hits else []
        return pandas.DataFrame(rows, columns=list(COLUMNS))

    def _repr_html_(self) -> str:
        heads = ["rank", "score", "name", "formula", "SMILES"]
        rows = [
            [str(hit.rank), score_text(hit.score), entry.name, entry.formula, entry.smiles]
            for hit in self
            for entry in [hit.entry]
        ]
        if self.retention_index is not None:
            heads.insert(4, "ΔRI")
            for row, hit in zip(rows, self, strict=True):
                row.insert(4, difference_text(hit))
        cells = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
        table = "".join(f"<tr>{row}</tr>" for row in cells)
        notes = "".join(f"<p>note: {escape(note)}</p>" for note in self.notes)
        for each in self.failures[:5]:
            notes += f"<p>{escape(f'line {each.line}: {each.text}: {each.reason}')}</p>"
        head = "".join(f"<th>{head}</th>" for head in heads)
        said = f"{query_label(self)}: {self._counted()}; {summary(self)}"
        return f"<p>{escape(said)}</p>{notes}<table><tr>{head}</tr>{table}</table>"


@overload
def search(
    query: str | Path | Sequence[Prediction] | Sequence[Measured],
    library: str | Path | Iterable[object] | None = None,
    *,
    candidates: object = None,
    score: str = DEFAULT_SCORE,
    top: int = 10,
    formula: str | None = None,
    mass: int | None = None,
    mass_window: int | None = None,
    retention_index: float | None = None,
    column: str = "",
    retention_window: float | None = None,
    retention_weight: float | None = None,
    checkpoint: str | Path | None = None,
    instrument: str | Path | None = None,
    quiet: bool = False,
) -> list[Found]: ...
@overload
def search(
    query: object,
    library: str | Path | Iterable[object] | None = None,
    *,
    candidates: object = None,
    score: str = DEFAULT_SCORE,
    top: int = 10,
    formula: str | None = None,
    mass: int | None = None,
    mass_window: int | None = None,
    retention_index: float | None = None,
    column: str = "",
    retention_window: float | None = None,
    retention_weight: float | None = None,
    checkpoint: str | Path | None = None,
    instrument: str | Path | None = None,
    quiet: bool = False,
) -> Found: ...
@names_checked
def search(
    query: Any,
    library: str | Path | Iterable[object] | None = None,
    *,
    candidates: Any = None,
    score: str = DEFAULT_SCORE,
    top: int = 10,
    formula: str | None = None,
    mass: int | None = None,
    mass_window: int | None = None,
    retention_index: float | None = None,
    column: str = "",
    retention_window: float | None = None,
    retention_weight: float | None = None,
    checkpoint: str | Path | None = None,
    instrument: str | Path | None = None,
    quiet: bool = False,
) -> Found | list[Found]:
    """Search a measured spectrum in a library, or among candidates that are predicted.

    Args:
        query: the measured spectrum, as ``nextims.compare`` takes it; or several in a list, or the
            path of a file, all of whose spectra are searched.
        library: the path of a file of spectra, whose index is used where it has one; or spectra.
        candidates: structures, as ``nextims.predict`` takes them, in the place of a library: those
            of a file by its ``Path``.
        score: what they are ranked by: weighted_cosine, entropy_similarity, cosine, ...
        top: lowest rank to be given.
        formula: only molecules of exactly this formula.
        mass: nominal mass of the molecule in Da, where it is known.
        mass_window: only molecules whose mass differs by no more than this, Da; 5 with ``mass``.
        retention_index: of the compound, by n-alkanes; where it is left out, what the measured
            record gives, if one of the next two is set.
        column: that the index is of; 5 % phenyl if not named.
        retention_window: only entries whose index differs by no more than this, or whose own
            interval holds the compound's.
        retention_weight: of the logarithm of the index's likelihood, added to the score; 0.03 with
            an index and no window.
        checkpoint: what predicts candidates, as ``nextims.Predictor`` takes it.
        instrument: likewise.
        quiet: whether to show no progress.

    Returns:
        What was found; of a file or a list, one for each spectrum.

    Raises:
        SearchError: a file cannot be read, or something is asked for that there is not; or there is
            nothing to compare with.
        TypeError: there is neither library nor candidates, or both, or an instrument with a
            library; or something is no spectrum.

    Example:
        >>> import nextims
        >>> peak = ([15, 26, 27, 29, 31, 43, 45, 46], [60, 90, 220, 300, 999, 80, 510, 220])
        >>> found = nextims.search(peak, candidates=["CCO ethanol", "COC", "CC(C)=O acetone"])
        >>> found.hits[0].entry.name
        'ethanol'
    """
    if library is None and candidates is None:
        raise TypeError("expected a library to search in, or candidates=, a list of structures")
    if library is not None and candidates is not None:
        raise TypeError("found a library and candidates=; they are searched one after the other")
    standards = spectra_path("instrument", instrument)
    if candidates is None and standards is not None:
        raise TypeError("instrument= goes with candidates=, which are predicted")
    if mass is not None and mass_window is None:
        mass_window = MASS_WINDOW
    check_search(score, top)
    entry_filter = EntryFilter(formula, mass, mass_window)
    of_file, many = isinstance(query, (str, Path)), several(query)
    if of_file:
        queries, unread = read_queries(query)
    else:
        queries, unread = list(map(as_record, [query] if many is None else many)), []
    failures: list[Skipped] = []
    if retention_weight is None:
        alone = retention_index is not None and retention_window is None
        retention_weight = WEIGHT if alone else 0.0
    retention = RetentionSearch(retention_index, column, retention_window, retention_weight)
    options: dict[str, Any] = {
        "score": score,
        "top": top,
        "entry_filter": entry_filter,
        "retention": retention,
    }
    if isinstance(library, (str, Path)) and index_path(library).exists():
        from ..searching.indexed_search import search_index
        from ..searching.library_index import LibraryIndex

        index = LibraryIndex(library)
        failures += index.left_out
        results = search_index(queries, index, **options)
    else:
        if candidates is not None:
            model = load_predictor(load_config(), checkpoint, standards=standards)
            wanted = entry_filter.for_any_of(queries)
            entries = predicted_candidates(input_structures(candidates), model, wanted=wanted)
        elif isinstance(library, (str, Path)):
            entries = read_library(library)
        else:
            given = several(library)
            numbered = enumerate([library] if given is None else given, start=1)
            entries = (_entry(*each) for each in numbered)
        usable = _usable(entries, failures, quiet)
        first = list(islice(usable, 1))
        # Of candidates, those of another formula or mass are left out before they are predicted.
        may_be_others = library is None and entry_filter.selective
        if not first and (not may_be_others or (failures and is_one(candidates))):
            raise SearchError(_nothing_usable(library, failures))
        results = search_entries(queries, chain(first, usable), **options)
    found = [Found(**vars(result), failures=(*unread, *failures)) for result in results]
    return found[0] if many is None and not of_file else found


def _nothing_usable(library: object, failures: Sequence[Skipped]) -> str:
    """Say that there is nothing to compare with, and why."""
    what = "candidates: none can be predicted" if library is None else "no spectrum to compare with"
    if isinstance(library, (str, Path)):
        what = f"{library}: holds {what}"
        if without_gzip(Path(library)).suffix.lower() in _OF_STRUCTURES_TOO:
            what += f"; structures go with candidates=Path({str(library)!r})"
    reasons = "; ".join(f"{each.text or '(empty)'}: {each.reason}" for each in failures[:3])
    return f"{what} ({reasons})" if reasons else what


def _entry(line: int, given: object) -> Entry:
    record = replace(as_record(given), line=line)
    return Entry(record, predicted=isinstance(given, PredictedSpectrum) or record.predicted)


def _usable(
    entries: Iterable[Entry | Skipped], failures: list[Skipped], quiet: bool
) -> Iterator[Entry]:
    from tqdm import tqdm

    for entry in tqdm(entries, unit=" spectra", delay=2, disable=quiet or None):
        if isinstance(entry, Entry):
            yield entry
        else:
            failures.append(entry)
