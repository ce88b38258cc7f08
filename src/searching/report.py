"""A page with what a search found: tables, and mirror plots drawn into it. Needs Matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np

from ..files.writing import write_text_whole
from ..pictures.drawing import picture
from ..pictures.files import svg_element
from ..pictures.panel import LibrarySpectrum
from ..spectra.prediction import PredictedSpectrum
from ..spectra.record import Record
from ..spectra.spectrum import Spectrum
from ..version import __version__
from .entries import Entry, entry_label
from .ranking import HIGHEST_MZ, SearchResult
from .tables import difference_text, others_text, query_label, score_text, summary

_COLUMNS = ("rank", "score", "name", "formula", "mass", "ΔRI", "InChIKey", "SMILES", "spectrum")
_STYLE = """\
body { font-family: sans-serif; line-height: 1.4; max-width: 64rem; margin: 2rem auto;
  padding: 0 1rem; color: #111; background: #fff; }
table { border-collapse: collapse; width: 100%; font-size: 0.85rem; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.6rem;
  border-bottom: 1px solid #ccc; }
td.code { font-family: monospace; overflow-wrap: anywhere; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.note { border-left: 4px solid #d55e00; padding-left: 0.6rem; }
.others, footer { font-size: 0.85rem; color: #555; }
figure { margin: 1.5rem 0; break-inside: avoid; }
figure svg { max-width: 100%; height: auto; }
"""


def write_report(
    path: Path,
    results: Sequence[SearchResult],
    *,
    searched: str,
    progress: Callable[[], object] = lambda: None,
) -> None:
    """Write a page that stands alone: no other file, no script and no network is needed.

    Args:
        path: HTML file to write, whole or not at all.
        results: of the search.
        searched: library or list of candidates.
        progress: called after each plot.

    Raises:
        OSError: the file cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.searching.report import write_report
        >>> path = pathlib.Path(tempfile.mkdtemp(), "hits.html")
        >>> write_report(path, [], searched="lib.msp")
        >>> path.read_text(encoding="utf-8")[:15]
        '<!DOCTYPE html>'
    """
    write_text_whole(path, "\n".join(_page(results, searched, progress)) + "\n")


def _page(
    results: Sequence[SearchResult], searched: str, progress: Callable[[], object]
) -> Iterator[str]:
    number = "1 spectrum" if len(results) == 1 else f"{len(results)} spectra"
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{number} searched in {escape(searched)}</title>"
    yield f"<style>\n{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{number} searched in {escape(searched)}</h1>"
    if len(results) > 1:
        yield "<ul>"
        for place, result in enumerate(results, 1):
            yield f'<li><a href="#query-{place}">{escape(query_label(result))}</a></li>'
        yield "</ul>"
    plots = 0
    for place, result in enumerate(results, 1):
        yield f'<section id="query-{place}">\n<h2>{escape(query_label(result))}</h2>'
        yield f"<p>{escape(summary(result))}.</p>"
        yield from (f'<p class="note">{escape(note)}</p>' for note in result.notes)
        if not result.hits:
            yield "<p>No hit.</p>"
        else:
            yield from _table(result)
        for hit in result.hits:
            plots += 1
            yield _figure(hit.rank, hit.score, hit.entry, result.query, plots)
            progress()
        yield "</section>"
    yield f"<footer>NExtIMS {__version__}. m/z below the first peak of a measured spectrum is not"
    yield "compared. A predicted spectrum is no proof of a structure.</footer>\n</body>\n</html>"


def _table(result: SearchResult) -> Iterator[str]:
    yield "<table>\n<thead><tr>"
    yield "".join(f"<th>{column}</th>" for column in _COLUMNS)
    yield "</tr></thead>\n<tbody>"
    for hit in result.hits:
        entry = hit.entry
        mass = "" if entry.nominal_mass is None else str(entry.nominal_mass)
        name = escape(entry_label(entry))
        if hit.others:
            name += f'<div class="others">also: {escape(others_text(hit))}</div>'
        yield "<tr>" + "".join(
            [
                f'<td class="number">{hit.rank}</td>',
                f'<td class="number">{score_text(hit.score)}</td>',
                f"<td>{name}</td>",
                f"<td>{escape(entry.formula)}</td>",
                f'<td class="number">{mass}</td>',
                f'<td class="number">{difference_text(hit)}</td>',
                f'<td class="code">{escape(entry.inchikey)}</td>',
                f'<td class="code">{escape(entry.smiles)}</td>',
                f"<td>{'predicted' if entry.predicted else 'measured'}</td>",
            ]
        ) + "</tr>"  # fmt: skip
    yield "</tbody>\n</table>"


def _figure(rank: int, score: float, entry: Entry, query: Record, number: int) -> str:
    label = f"rank {rank}, {entry_label(entry)}, score {score_text(score)}"
    query = replace(query, spectrum=_compared(query.spectrum))
    svg = svg_element(picture(_upper(entry), query), number)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)
    return f"<figure>\n<figcaption>{escape(label)}</figcaption>\n{svg}</figure>"


def _upper(entry: Entry) -> PredictedSpectrum | LibrarySpectrum:
    """Return the spectrum of an entry as it was compared, to be drawn above the measured one."""
    spectrum = _compared(entry.record.spectrum)
    if entry.predicted and entry.molecule is not None:
        return PredictedSpectrum(entry.line, entry.name, entry.molecule, spectrum)
    drawn = LibrarySpectrum.of(entry.record)
    return replace(drawn, name=entry.name, molecule=entry.molecule, spectrum=spectrum)


def _compared(spectrum: Spectrum) -> Spectrum:
    """Return a spectrum at nominal masses, without what no comparison looks at."""
    bins = spectrum.binned(min(int(spectrum.mz[-1]) + 1, HIGHEST_MZ))
    return Spectrum(np.flatnonzero(bins) + 1, bins[bins > 0])
