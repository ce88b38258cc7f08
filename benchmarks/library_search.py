"""How a library of a million predicted spectra is indexed and searched, beside reading all of it.

Measured in one run, each in a process of its own, whose peak memory is told: predicting the library
where it is missing (`predict.py`), making its index (`index_library.py`), and searching measured
test spectra, warm, by each score; the peer is a scan of the same library, which reads and compares
every entry. Then, for some of the spectra, how many of the ten best hits of comparing all entries
are found when fewer are preselected: what `PRESELECTED` and the weightings were chosen by.

    python benchmarks/make_structures.py --number 1000000 --output million.smi
    python benchmarks/library_search.py --structures million.smi --library million.h5
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from nextims.config import DEFAULT_CONFIG, PROJECT_ROOT, Config, load_config
from nextims.data.library.store import SPLITS, SpectrumStore
from nextims.searching.entries import Entry
from nextims.searching.index_layout import PRESELECTED, index_path
from nextims.searching.indexed_search import PRESELECTION, search_index
from nextims.searching.libraries import read_library
from nextims.searching.library_index import LibraryIndex
from nextims.searching.ranking import DEFAULT_SCORE, SCORES, SearchResult, search
from nextims.spectra.record import Record

_TOP = 10
_SEED = 7


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--library", type=Path, required=True, help="predicted where it is missing")
    parser.add_argument("--structures", type=Path, help="SMILES to predict the library from")
    parser.add_argument("--queries", type=int, default=100, help="spectra that are timed")
    parser.add_argument("--checked", type=int, default=20, help="of these, compared with all")
    parser.add_argument(
        "--scores",
        nargs="+",
        choices=tuple(SCORES),
        default=[DEFAULT_SCORE, "entropy_similarity", "nist_gc_cosine"],
        help="those by which they are compared with all (default: %(default)s)",
    )
    preselect = [1000, PRESELECTED, 5000, 10_000]
    parser.add_argument("--preselect", type=int, nargs="+", default=preselect)
    arguments = parser.parse_args(argv)
    library = arguments.library
    if not library.is_file():
        if arguments.structures is None:
            parser.error(f"{library}: no such file, and no --structures to predict it from")
        _command("predicting", "predict.py", "--batch", arguments.structures, "--output", library)
    _command("indexing", "index_library.py", "--library", library)
    queries = measured_queries(load_config(arguments.config), arguments.queries)
    sizes(library)
    speed(library, queries)
    cold(library)
    scan(library, queries[: arguments.checked])
    recall(library, queries[: arguments.checked], arguments.scores, arguments.preselect)
    return 0


def measured_queries(config: Config, number: int) -> list[Record]:
    """Return so many of the store's test spectra, drawn at random."""
    with SpectrumStore(config.data.store) as store:
        test = (store.index.split == SPLITS.index("test")).tolist()
    entries = read_library(config.data.store)
    found = [entry.record for entry, wanted in zip(entries, test, strict=True) if wanted]
    drawn = np.random.default_rng(_SEED).permutation(len(found))[:number]
    return [found[place] for place in drawn]


def sizes(library: Path) -> None:
    """Print how much of the disk library and index take."""
    index = LibraryIndex(library)
    files = [path for path in index_path(library).rglob("*") if path.is_file()]
    taken = [sum(path.stat().st_size for path in paths) / 1e6 for paths in ([library], files)]
    print(f"\n{len(index):,} entries: library {taken[0]:,.0f} MB, index {taken[1]:,.0f} MB")


def speed(library: Path, queries: Sequence[Record]) -> None:
    """Print the times of warm searches, one spectrum after the other, and the memory of all."""
    times, memory = _apart(_timed_by_index, library, queries)
    print(f"\nwarm searches of {len(queries)} measured spectra, {PRESELECTED:,} preselected")
    print(f"(peak memory of the process {memory:,.0f} MB)\n")
    print("| score | median, ms | 95 %, ms | processor time: median, ms | 95 %, ms |")
    print("| --- | --- | --- | --- | --- |")
    for score, taken in times.items():
        cells = 1000 * np.percentile(taken, [50, 95], axis=0).T.ravel()
        print(f"| {score} | {' | '.join(f'{cell:.0f}' for cell in cells)} |")


def cold(library: Path) -> None:
    """Print what the command takes for one spectrum, its start included."""
    with tempfile.TemporaryDirectory() as folder:
        query = Path(folder, "unknown.msp")
        query.write_text("Name: ethanol\nNum Peaks: 5\n27 22\n29 30\n31 100\n45 51\n46 22\n")
        _command("\nthe command", "search.py", "--query", query, "--library", library)


def scan(library: Path, queries: Sequence[Record]) -> None:
    """Print what a scan takes for one spectrum and for several, and that it finds the same."""
    for number in sorted({1, len(queries)}):
        (taken, same), memory = _apart(_timed_by_scan, library, queries[:number])
        print(f"scan, spectra searched at once: {number}; {taken:.1f} s, peak memory", end=" ")
        print(f"{memory:,.0f} MB; the hits of the index, all preselected, in {same} of {number}")


def recall(
    library: Path, queries: Sequence[Record], scores: Sequence[str], preselect: Sequence[int]
) -> None:
    """Print how many of the best hits among all entries are found among some."""
    print(f"\nof the {_TOP} best molecules among all entries, found ({len(queries)} spectra)\n")
    print("| score | preselected | found | all of them | the first | all entries, s |")
    print("| --- | --- | --- | --- | --- | --- |")
    for score in scores:
        taken, shares = _apart(_recalled, library, queries, score, preselect)[0]
        for number, (found, complete, first) in zip(preselect, shares, strict=True):
            print(
                f"| {score} | {number:,} | {found:.4f} | {complete:.3f} | {first:.3f} "
                f"| {taken:.2f} |",
                flush=True,
            )


def _command(what: str, script: str, *arguments: str | Path) -> None:
    """Run a script of ours, and print time and peak memory of its largest process."""
    command = [sys.executable, PROJECT_ROOT / "scripts" / script, *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):  # 3: some entries were left out
        raise RuntimeError(f"{script} ended with status {process.returncode}")
    print(
        f"{what}: {time.perf_counter() - started:.1f} s, of the processors "
        f"{usage.ru_utime + usage.ru_stime:.1f} s, peak memory {usage.ru_maxrss / 1024:,.0f} MB",
        flush=True,
    )


def _apart(work: Callable, *arguments: Any) -> tuple[Any, float]:
    """Do some work in a new process; return its result and the process's peak memory in MB."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_with_memory, work, *arguments).result()


def _with_memory(work: Callable, *arguments: Any) -> tuple[Any, float]:
    result = work(*arguments)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return result, int(peak) / 1024


def _timed_by_index(library: Path, queries: Sequence[Record]) -> dict[str, np.ndarray]:
    """Return seconds of each search, and those of the processor, ``(queries, 2)``."""
    index = LibraryIndex(library)
    times = {}
    for score in (score for score, weighting in PRESELECTION.items() if weighting is not None):
        search_index(queries, index, score=score)  # so that what they read is in memory
        taken = []
        for query in queries:
            started = np.array([time.perf_counter(), time.process_time()])
            search_index([query], index, score=score)
            taken.append(np.array([time.perf_counter(), time.process_time()]) - started)
        times[score] = np.array(taken)
    return times


def _timed_by_scan(library: Path, queries: Sequence[Record]) -> tuple[float, int]:
    started = time.perf_counter()
    entries = (item for item in read_library(library) if isinstance(item, Entry))
    scanned = search(queries, entries, top=_TOP)
    taken = time.perf_counter() - started
    index = LibraryIndex(library)
    found = search_index(queries, index, top=_TOP, preselected=len(index))
    return taken, sum(_hits(a) == _hits(b) for a, b in zip(scanned, found, strict=True))


def _recalled(
    library: Path, queries: Sequence[Record], score: str, preselect: Sequence[int]
) -> tuple[float, np.ndarray]:
    """Return seconds for all entries, and the shares, ``(len(preselect), 3)``."""
    index = LibraryIndex(library)
    started = time.perf_counter()
    exact = search_index(queries, index, score=score, top=_TOP, preselected=len(index))
    taken = (time.perf_counter() - started) / len(queries)
    shares = np.zeros((len(preselect), 3))
    for row, number in zip(shares, preselect, strict=True):
        results = search_index(queries, index, score=score, top=_TOP, preselected=number)
        for wanted, result in zip(map(_hits, exact), map(_hits, results), strict=True):
            found = [hit in result for hit in wanted]
            row += np.mean(found), all(found), found[0]
    return taken, shares / len(queries)


def _hits(result: SearchResult) -> list[tuple[float, int]]:
    return [(hit.score, hit.entry.line) for hit in result.hits]


if __name__ == "__main__":
    sys.exit(main())
