"""Find which molecule a measured EI mass spectrum is of, in a library or among candidates."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ...config import load_config
from ...files.writing import check_output
from ...formats.spectrum_writer import errors_path
from ...inference.structures.lists import STANDARD_INPUT, read_batch
from ...searching.candidates import predicted_candidates
from ...searching.entries import Entry, SearchError, Skipped
from ...searching.filters import MASS_WINDOW, EntryFilter
from ...searching.index_layout import PRESELECTED, index_path
from ...searching.ladder import read_ladder, retention_index
from ...searching.left_out import LeftOut
from ...searching.libraries import read_library, read_queries
from ...searching.ranking import DEFAULT_SCORE, SCORES, SearchResult, search
from ...searching.retention import WEIGHT, WINDOW, RetentionSearch
from ...searching.tables import ENDINGS, describe, hits_text, write_hits
from ...spectra.record import Record
from ..commands import (
    ALL_DONE,
    SOME_LEFT_OUT,
    check_overwritten,
    load_predictor,
    run_command,
    say,
)
from ..options import add_instrument, add_model, command_parser

# Entries that take several seconds to read.
_MANY = 20_000

EXAMPLES = """\
examples:
  nextims search --query YOURS.msp --library YOUR_LIBRARY.msp
  nextims search --query YOURS.msp --candidates YOURS.smi --report hits.html
in the folder of NExtIMS, with its files:
  nextims search --query docs/examples/unknown.msp --candidates docs/examples/candidates.smi \\
      --mass-window --output hits.csv --report hits.html
  nextims search --query docs/examples/unknown.msp --candidates docs/examples/candidates.smi \\
      --formula C12H15ClO3
  nextims predict --batch docs/examples/candidates.smi --output candidates.h5
  nextims search --query docs/examples/unknown.msp --library candidates.h5 --mass 242
  nextims search --query docs/examples/unknown.msp --library candidates.h5 --retention-index 1700
  nextims index --library candidates.h5
  nextims search --query docs/examples/unknown.msp --library candidates.h5 --top 5

Queries and libraries are of any program and any of these formats: .msp, .mspec, .msl (AMDIS), .cms
(OpenChrom), .jdx, .dx, .jcamp (JCAMP-DX), .sdf (with the tags of NIST, MoNA or NEIMS), .mgf,
.mzspeclib.txt, .mzspeclib and .mzspeclib.json, .json and .jsonl (MoNA, GNPS, MassBank, matchms,
ours), .csv and .tsv (one peak a row, or a spectrum in a cell; two columns are one spectrum),
.parquet, .h5 and .hdf5 (ours, and the store that training reads), .txt (any of the first, or
columns). Text may be gzipped, with .gz behind its ending. Candidates are a file of
SMILES (.txt, .smi, .csv; - for standard input); their spectra are predicted on the spot, those that
--formula and --mass-window pass only.

A library of many thousand spectra is searched in a moment once nextims index has made
its index. Of the entries that pass the filters, the index finds those most similar by Flash entropy
search, as many as --preselect says. Only these are compared, with all their peaks, and a note says
so: their scores are exact, and an entry that is not among them is no hit (how seldom one is missed,
see benchmarks/RESULTS.md). By the reverse match factors all are compared, which takes longer.
--scan reads and compares every entry, index or not.

Entries of one molecule (first block of the InChIKey) are one hit, its other entries named below it;
hits of equal score share a rank. m/z below a query's first peak is not compared. Of the scores,
weighted_cosine (of m·√I) finds the right molecule first most often where nothing is known of its
mass; where the mass is known, entropy_similarity finds it first in one or two of a hundred searches
more (benchmarks/RESULTS.md). Entries that cannot be used are named with their line on standard
error, and in OUTPUT.errors.csv.

exit status: 0 all was searched; 3 some entries or queries were left out; 2 wrong usage or a missing
file
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLES, prog)
    parser.add_argument(
        "--query",
        metavar="FILE",
        required=True,
        type=Path,
        help="measured spectra: .msp, .jdx, .csv and other formats, see below",
    )
    searched = parser.add_mutually_exclusive_group(required=True)
    searched.add_argument(
        "--library", metavar="FILE", type=Path, help="spectra to search, in the same formats"
    )
    searched.add_argument(
        "--candidates", metavar="FILE", help="structures whose spectra are predicted and searched"
    )
    compared = parser.add_mutually_exclusive_group()
    compared.add_argument(
        "--preselect",
        type=int,
        metavar="N",
        help="how many entries of a library that has an index are compared (default: "
        f"{PRESELECTED})",
    )
    compared.add_argument(
        "--scan", action="store_true", help="compare every entry, though there is an index"
    )
    parser.add_argument(
        "--metric", choices=tuple(SCORES), default=DEFAULT_SCORE, help="default: %(default)s"
    )
    parser.add_argument(
        "--top", type=int, default=10, metavar="N", help="lowest rank shown (default: %(default)s)"
    )
    parser.add_argument(
        "--formula", metavar="C10H15N", help="only molecules of exactly this formula"
    )
    parser.add_argument(
        "--mass", type=int, metavar="DA", help="nominal mass of the molecule, where it is known"
    )
    parser.add_argument(
        "--mass-window",
        type=int,
        nargs="?",
        const=MASS_WINDOW,
        metavar="DA",
        help="only molecules whose nominal mass differs by no more than this from --mass, or from "
        f"the Formula or MW of the query ({MASS_WINDOW} if no number is given, and with --mass)",
    )
    _add_retention(parser)
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="write the hits as .csv or .json"
    )
    parser.add_argument(
        "--format",
        choices=("text", "csv", "json"),
        default="text",
        help="of what is printed (default: %(default)s)",
    )
    parser.add_argument(
        "--report",
        metavar="FILE.html",
        type=Path,
        help="write a page with the hits and mirror plots; needs nextims[plot]",
    )
    add_model(parser, "student or teacher that predicts candidates")
    add_instrument(parser)
    return parser


def _add_retention(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "retention index",
        "that of the queries, or what their records give, beside those of the entries, which are "
        "measured, or predicted with their intervals",
    )
    given = group.add_mutually_exclusive_group()
    given.add_argument("--retention-index", type=float, metavar="INDEX", help="by n-alkanes")
    given.add_argument(
        "--retention-time", type=float, metavar="TIME", help="with --alkanes, in its unit"
    )
    group.add_argument(
        "--alkanes",
        type=Path,
        metavar="LADDER.csv",
        help="carbon atoms and retention times of n-alkanes, which make an index of a time",
    )
    group.add_argument(
        "--isothermal",
        type=float,
        metavar="DEAD_TIME",
        help="the ladder was run at one temperature (Kovats), with this dead time",
    )
    group.add_argument(
        "--column", default="", help="that the index is of (default: a 5 %% phenyl one, DB-5 say)"
    )
    group.add_argument(
        "--window",
        type=float,
        nargs="?",
        const=WINDOW,
        metavar="UNITS",
        help="only entries whose index differs by no more than this, or whose own interval holds "
        f"the query's ({WINDOW:g} if no number is given)",
    )
    group.add_argument(
        "--ri-weight",
        type=float,
        metavar="W",
        help="of the logarithm of the index's likelihood, added to the score (default: "
        f"{WEIGHT:g} where an index is given, 0 with --window)",
    )


def _retention(arguments: argparse.Namespace) -> RetentionSearch:
    """Return what the search does with retention indices."""
    index = arguments.retention_index
    if arguments.retention_time is not None:
        ladder = read_ladder(arguments.alkanes)
        index = retention_index(
            arguments.retention_time, ladder, arguments.isothermal, str(arguments.alkanes)
        )
        say(f"a retention time of {arguments.retention_time:g} is an index of {index:g}")
    weight = arguments.ri_weight
    if weight is None:
        weight = WEIGHT if index is not None and arguments.window is None else 0.0
    return RetentionSearch(index, arguments.column, arguments.window, weight)


def main(argv: list[str] | None = None, prog: str | None = None) -> int:
    """Run the command and return its exit status."""
    parser = build_parser(prog)
    arguments = parser.parse_args(argv)
    if arguments.mass is not None and arguments.mass_window is None:
        arguments.mass_window = MASS_WINDOW
    if arguments.library is None and (arguments.scan or arguments.preselect is not None):
        parser.error("--scan and --preselect go with --library")
    if arguments.library is not None and arguments.instrument is not None:
        parser.error("--instrument: goes with --candidates, which are predicted")
    if arguments.preselect is not None and arguments.preselect < 1:
        parser.error(f"--preselect: must be at least 1, found {arguments.preselect}")
    if (arguments.retention_time is None) != (arguments.alkanes is None):
        parser.error("--retention-time and --alkanes go together")
    if arguments.isothermal is not None and arguments.alkanes is None:
        parser.error("--isothermal goes with --alkanes")
    of_index = ("retention_index", "retention_time", "window", "ri_weight")
    if arguments.column and all(getattr(arguments, name) is None for name in of_index):
        parser.error(
            "--column goes with --retention-index, --retention-time, --window, --ri-weight"
        )
    if arguments.top < 1:
        parser.error(f"--top: must be at least 1, found {arguments.top}")
    return run_command(partial(_search, arguments), quiet=arguments.quiet)


def _search(arguments: argparse.Namespace) -> int:
    entry_filter = EntryFilter(arguments.formula, arguments.mass, arguments.mass_window)
    retention = _retention(arguments)
    _check_outputs(arguments)
    queries, unreadable = read_queries(arguments.query)
    for skipped in unreadable:
        print(f"{arguments.query}: line {skipped.line}: {skipped.reason}", file=sys.stderr)
    left_out = LeftOut(listed=arguments.output is not None)
    results = _results(arguments, queries, entry_filter, retention, left_out)
    searched = _searched(arguments)
    if not left_out.usable and not entry_filter.selective:
        raise SearchError(f"{searched}: holds no spectrum that can be searched")
    if arguments.format == "text":
        print("\n\n".join(describe(result) for result in results), flush=True)
    else:
        print(hits_text(f".{arguments.format}", results, searched=searched), end="", flush=True)
    if arguments.output is not None:
        write_hits(arguments.output, results, searched=searched)
        say(f"written to {arguments.output}")
    left_out.report(arguments.output)
    if arguments.report is not None:
        from tqdm import tqdm

        from ...searching.report import write_report

        plots = sum(len(result.hits) for result in results)
        with tqdm(total=plots, desc="report", unit=" plots", disable=None) as bar:
            write_report(arguments.report, results, searched=searched, progress=bar.update)
        say(f"report: {arguments.report}")
    return SOME_LEFT_OUT if unreadable or left_out.number else ALL_DONE


def _results(
    arguments: argparse.Namespace,
    queries: list[Record],
    entry_filter: EntryFilter,
    retention: RetentionSearch,
    left_out: LeftOut,
) -> list[SearchResult]:
    options = {
        "score": arguments.metric,
        "top": arguments.top,
        "entry_filter": entry_filter,
        "retention": retention,
    }
    if arguments.library is not None and not arguments.scan:
        if index_path(arguments.library).exists():
            return _search_index(arguments, queries, left_out, options)
        if arguments.preselect is not None:
            raise SearchError(
                f"{arguments.library}: has no index; this makes it: {_make_index(arguments)}"
            )
    found, total = _entries(arguments, entry_filter, queries)
    results = search(queries, left_out.usable_of(found, total), **options)
    if arguments.library is not None and not arguments.scan and left_out.usable > _MANY:
        say(f"with an index this takes a moment: {_make_index(arguments)}")
    return results


def _make_index(arguments: argparse.Namespace) -> str:
    return f"nextims index --library {arguments.library}"


def _search_index(
    arguments: argparse.Namespace,
    queries: list[Record],
    left_out: LeftOut,
    options: dict[str, Any],
) -> list[SearchResult]:
    from tqdm import tqdm

    from ...searching.indexed_search import search_index
    from ...searching.library_index import LibraryIndex

    index = LibraryIndex(arguments.library)
    left_out.usable = len(index)
    for skipped in index.left_out:
        left_out.add(skipped, partial(print, file=sys.stderr))
    with tqdm(queries, unit=" queries", disable=None) as progress:
        return search_index(
            progress, index, preselected=arguments.preselect or PRESELECTED, **options
        )


def _searched(arguments: argparse.Namespace) -> str:
    if arguments.library is not None:
        return str(arguments.library)
    return "standard input" if arguments.candidates == STANDARD_INPUT else arguments.candidates


def _check_outputs(arguments: argparse.Namespace) -> None:
    beside = []
    if arguments.output is not None:
        check_output(arguments.output, ENDINGS, "hits")
        beside.append(errors_path(arguments.output))
    if arguments.report is not None:
        from ...pictures.files import check_drawable

        check_output(arguments.report, (".html",), "reports")
        check_drawable(arguments.report)
    read = (arguments.query, arguments.library, arguments.candidates, arguments.instrument)
    check_overwritten((arguments.output, arguments.report), read, beside=beside)


def _entries(
    arguments: argparse.Namespace, entry_filter: EntryFilter, queries: list[Record]
) -> tuple[Iterator[Entry | Skipped], int | None]:
    """Return what is searched, and how many there are where that is known."""
    if arguments.library is not None:
        return read_library(arguments.library), None
    structures, lines = read_batch(arguments.candidates)
    wanted = entry_filter.for_any_of(queries)
    found = predicted_candidates(
        structures,
        load_predictor(
            load_config(arguments.config),
            arguments.checkpoint,
            device=arguments.device,
            standards=arguments.instrument,
        ),
        file=_searched(arguments),
        wanted=wanted,
    )
    return found, None if wanted else lines
