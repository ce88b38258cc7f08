"""What a search found, as a table for the terminal, as CSV and as JSON.

The table for the terminal is ours: rich folds or cuts cells at the width of the terminal, so that a
SMILES could not be copied from it, and takes 30 ms to import.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ..files.text import counted
from ..files.writing import write_text_whole
from ..formats.csv.writing import csv_text
from ..formats.exported import single_line
from ..version import __version__
from .entries import Entry, entry_label
from .ranking import Hit, SearchResult

ENDINGS = (".csv", ".json")
COLUMNS = (
    "query",
    "query_line",
    "query_retention_time",
    "rank",
    "score",
    "score_name",
    "name",
    "smiles",
    "inchikey",
    "formula",
    "nominal_mass",
    "retention_index",
    "retention_difference",
    "source",
    "line",
    "others",
    "notes",
)
_HEADS = ("rank", "score", "name", "formula", "mass", "ΔRI", "InChIKey", "line", "SMILES")
_TO_THE_RIGHT = {"rank", "score", "mass", "ΔRI", "line"}
_NAME_LENGTH = 36
# Names of other entries that a line of text has room for.
_OTHERS = 5


def score_text(score: float) -> str:
    """Return a score as it is shown: four decimals, a match factor as a whole number.

    Example:
        >>> from nextims.searching.tables import score_text
        >>> score_text(0.98765), score_text(912.0)
        ('0.9877', '912')
    """
    return f"{score:.0f}" if score > 1 else f"{score:.4f}"


def difference_text(hit: Hit) -> str:
    """Return how far a hit's retention index is from the measured one; ``""`` if not known.

    Example:
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.searching.entries import Entry
        >>> from nextims.searching.ranking import Hit
        >>> from nextims.searching.tables import difference_text
        >>> entry = Entry(Record("lab.msp", 1, "1", "", Spectrum([31], [1])))
        >>> difference_text(Hit(1, 0.9, entry, difference=-12.3))
        '-12'
    """
    return "" if hit.difference is None else f"{hit.difference:+.0f}"


def query_label(result: SearchResult) -> str:
    """Return the name of a measured spectrum, where it stands, and when the compound was eluted.

    Example:
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.searching.ranking import SearchResult
        >>> from nextims.searching.tables import query_label
        >>> query = Record("gc.msp", 4, "1", "peak 7", Spectrum([31], [1]), retention_time=5.23)
        >>> query_label(SearchResult(query, "cosine"))
        'peak 7 (line 4, 5.23 min)'
    """
    query = result.query
    time = "" if query.retention_time is None else f", {query.retention_time:g} min"
    return f"{single_line(query.name) or 'unnamed'} (line {query.line}{time})"


def summary(result: SearchResult) -> str:
    """Return in a line how a spectrum was searched.

    Example:
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.searching.ranking import SearchResult
        >>> from nextims.searching.tables import summary
        >>> query = Record("peak.msp", 1, "1", "?", Spectrum([31, 45], [9, 5]))
        >>> summary(SearchResult(query, "cosine", mass=46, compared=12))
        '2 peaks, 12 entries compared by cosine, those near 46 Da'
    """
    parts = [
        counted(len(result.query.spectrum), "peak"),
        f"{result.compared} {'entry' if result.compared == 1 else 'entries'} compared by "
        f"{result.score_name}",
    ]
    if result.mass is not None:
        parts.append(f"those near {result.mass} Da")
    if result.retention_index is not None:
        parts.append(f"with the retention index {result.retention_index:g}")
    return ", ".join(parts)


def describe(result: SearchResult) -> str:
    """Return what was found for one spectrum as text for the terminal.

    Example:
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.searching.ranking import search
        >>> from nextims.searching.tables import describe
        >>> [result] = search([Record("gc.msp", 4, "1", "peak 7", Spectrum([], []))], [])
        >>> print(describe(result))
        peak 7 (line 4): 0 peaks, 0 entries compared by weighted_cosine
          note: no peak: a blank, nothing to search for
          no hit
    """
    lines = [f"{query_label(result)}: {summary(result)}"]
    lines += [f"  note: {note}" for note in result.notes]
    if not result.hits:
        return "\n".join([*lines, "  no hit"])
    cells = [_HEADS, *(_cells(hit) for hit in result.hits)]
    shown = [i for i, head in enumerate(_HEADS) if head != "ΔRI" or result.retention_index]
    heads, cells = [_HEADS[i] for i in shown], [[row[i] for i in shown] for row in cells]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row, hit in zip(cells, [None, *result.hits], strict=True):
        shown = (
            cell.rjust(width) if head in _TO_THE_RIGHT else cell.ljust(width)
            for head, cell, width in zip(heads, row, widths, strict=True)
        )
        lines.append(("  " + "  ".join(shown)).rstrip())
        if hit is not None and hit.others:
            lines.append(" " * (6 + widths[0] + widths[1]) + f"also: {others_text(hit)}")
    return "\n".join(lines)


def others_text(hit: Hit) -> str:
    """Return the other entries of a hit with their scores, a few of them by name."""
    named = [f"{entry_label(entry)} {score_text(score)}" for score, entry in hit.others[:_OTHERS]]
    more = len(hit.others) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")


def write_hits(path: Path, results: Sequence[SearchResult], *, searched: str) -> None:
    """Write what was found to a file, whole or not at all; see ``hits_text``.

    Args:
        path: file of one of ``ENDINGS``.
        results: of the search.
        searched: library or list of candidates.

    Raises:
        OutputError: the file cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.searching.tables import write_hits
        >>> path = pathlib.Path(tempfile.mkdtemp(), "hits.csv")
        >>> write_hits(path, [], searched="lib.msp")
        >>> path.read_text().split(",")[:2]
        ['query', 'query_line']
    """
    write_text_whole(path, hits_text(path.suffix.lower(), results, searched=searched))


def hits_text(ending: str, results: Sequence[SearchResult], *, searched: str) -> str:
    """Return what was found as a file holds it.

    CSV has the ``COLUMNS``, one row a hit, and one without a rank for a spectrum without a hit, so
    that none is missing. JSON holds the same, with the entries of one molecule in a list.

    Args:
        ending: one of ``ENDINGS``.
        results: of the search.
        searched: library or list of candidates.

    Example:
        >>> from nextims.searching.tables import hits_text
        >>> hits_text(".csv", [], searched="lib.msp")[:16]
        'query,query_line'
    """
    if ending == ".json":
        content = {
            "searched_by": f"NExtIMS {__version__}",
            "searched": searched,
            "queries": [_query_fields(result) for result in results],
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return csv_text([COLUMNS, *(row for result in results for row in hit_rows(result))])


def _cells(hit: Hit) -> tuple[str, ...]:
    entry = hit.entry
    name = single_line(entry.name)
    return (
        str(hit.rank),
        score_text(hit.score),
        name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1] + "…",
        entry.formula,
        "" if entry.nominal_mass is None else str(entry.nominal_mass),
        difference_text(hit),
        entry.inchikey,
        str(entry.line),
        entry.smiles,
    )


def _query_fields(result: SearchResult) -> dict[str, object]:
    return {
        "name": result.query.name,
        "line": result.query.line,
        "retention_time": result.query.retention_time,
        "peaks": len(result.query.spectrum),
        "score_name": result.score_name,
        "nominal_mass": result.mass,
        "retention_index": result.retention_index,
        "compared": result.compared,
        "notes": result.notes,
        "hits": [
            {
                "rank": hit.rank,
                **_entry_fields(hit.score, hit.entry),
                "retention_difference": hit.difference and round(hit.difference, 1),
                "others": [_entry_fields(*other) for other in hit.others],
            }
            for hit in result.hits
        ],
    }


def _entry_fields(score: float, entry: Entry) -> dict[str, object]:
    index = entry.record.retention_index
    return {
        "score": score,
        "name": entry.name,
        "smiles": entry.smiles,
        "inchikey": entry.inchikey,
        "formula": entry.formula,
        "nominal_mass": entry.nominal_mass,
        "retention_index": index and round(index, 1),
        "source": "predicted" if entry.predicted else "measured",
        "line": entry.line,
    }


def hit_rows(result: SearchResult) -> list[list[object]]:
    """Return the hits as rows of ``COLUMNS``; where there is none, one row without a rank."""
    about = {
        "query": single_line(result.query.name),
        "query_line": result.query.line,
        "query_retention_time": result.query.retention_time,
        "score_name": result.score_name,
        "notes": "; ".join(result.notes),
    }
    rows = [
        about
        | {"rank": hit.rank}
        | _entry_fields(hit.score, hit.entry)
        | {"name": single_line(hit.entry.name)}
        | {"retention_difference": hit.difference and round(hit.difference, 1)}
        | {"others": "; ".join(entry_label(entry) for _, entry in hit.others)}
        for hit in result.hits
    ]
    return [[row.get(column) for column in COLUMNS] for row in rows or [about]]
