"""What a library of NIST's size takes: ingest, dataset, loader.

Each figure is measured in a process of its own; memory is the highest resident memory of that
process and all its descendants, sampled every 0.05 s (what processes share counts once).
The library comes from ``make_nist_sized.py``; the store made of it stays in ``--work``.

    python benchmarks/make_nist_sized.py --spectra 300000 --output /tmp/nist_sized
    python benchmarks/scale.py --library /tmp/nist_sized --work /tmp/scale
    python benchmarks/scale.py --library /tmp/nist_sized --work /tmp/scale --part loader
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.data.library.ingest import ingest
from nextims.data.nist_dataset import read_nist
from nextims.files.peak_memory import PeakMemory

_WORKERS = 2
# Spectra of a training whose in-memory mode is measured as well, and of the teacher's.
_TRAINED_ON = 10_000
_WARM = 500


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--library", type=Path, required=True, help="of make_nist_sized.py")
    parser.add_argument("--work", type=Path, required=True, help="folder for the store")
    parser.add_argument(
        "--part", choices=tuple(PARTS), action="append", help="may be repeated (default: all)"
    )
    parser.add_argument("--trained-on", type=int, default=_TRAINED_ON, metavar="N")
    arguments = parser.parse_args(argv)
    arguments.work.mkdir(parents=True, exist_ok=True)
    config = load_config(arguments.config)
    data = config.data.model_copy(
        update={"store": arguments.work / "spectra.h5", "num_workers": _WORKERS}
    )
    config = config.model_copy(update={"data": data})
    for part in arguments.part or PARTS:
        PARTS[part](arguments, config)
    return 0


def measure_ingest(arguments: argparse.Namespace, config: Config) -> None:
    """Print what making the store takes, of a tenth of the library and of all of it."""
    msp, molfiles = arguments.library / "library.msp", arguments.library / "mol_files"
    records = sum(line.startswith(b"Name:") for line in msp.open("rb"))
    rows = []
    for number in (records // 10, records):
        # The last one is the store of the other parts.
        result, peak = _in_a_process(_ingest, msp, molfiles, config, number)
        kept, size, seconds, cpu = result
        rows.append(
            (
                f"{number:,}",
                f"{kept:,}",
                f"{number / seconds:,.0f}",
                f"{number / cpu:,.0f}",
                f"{peak / 1e6:,.0f}",
                f"{size / 1e6:,.1f}",
            )
        )
    _print_table(
        "Ingest of MSP and MOL files",
        ("records", "kept", "spectra/s", "spectra per CPU second", "peak memory, MB", "store, MB"),
        rows,
    )


def _ingest(
    msp: Path, molfiles: Path, config: Config, number: int
) -> tuple[int, int, float, float]:
    started, cpu = time.perf_counter(), time.process_time()
    records = islice(read_nist(msp, molfiles), number)
    report = ingest(records, config.data.store, config=config.data, source=msp.name)
    size = config.data.store.stat().st_size
    return report.kept, size, time.perf_counter() - started, time.process_time() - cpu


def measure_dataset(arguments: argparse.Namespace, config: Config) -> None:
    """Print what the training set itself takes, read once, lazily and held in memory."""
    sizes = {}
    for efficient in (True, False):
        (spectra, resident), _ = _in_a_process(_read_all, config, efficient)
        sizes[efficient] = resident
    rows = [
        (str(mode).lower(), f"{spectra:,}", f"{size / 1e6:,.1f}", f"{size / spectra:,.0f}")
        for mode, size in sizes.items()
    ]
    _print_table(
        "Training split as the student reads it, all examples read once",
        ("memory_efficient_mode", "spectra", "memory, MB", "bytes a spectrum"),
        rows,
    )
    print(f"\nheld / lazy: {sizes[False] / sizes[True]:.0f}")


def _read_all(config: Config, efficient: bool) -> tuple[int, int]:
    """Return the number of examples and by how much the process grew by reading them."""
    import psutil

    from nextims.data.examples.memory import open_split

    # What is loaded with the first examples is no part of the dataset.
    other = open_split(config, "validation", "student", memory_efficient=True)
    for item in range(min(_WARM, len(other))):
        other[item]
    before = psutil.Process().memory_info().rss
    dataset = open_split(config, "train", "student", memory_efficient=efficient)
    for item in range(len(dataset)):
        dataset[item]
    return len(dataset), psutil.Process().memory_info().rss - before


def measure_loader(arguments: argparse.Namespace, config: Config) -> None:
    """Print what loaders take and deliver, alone and in training, and what was estimated."""
    # PyTorch stays out of the processes that ingest.
    from nextims.data.examples.memory import mean_example_bytes
    from nextims.training.memory import expect, measure

    runs = (
        ("student", True, 0),
        ("student", True, arguments.trained_on),
        ("student", False, arguments.trained_on),
        ("teacher", True, arguments.trained_on),
    )
    rows, trained = [], {}
    for phase, efficient, samples in runs:
        found = measure(config, phase, memory_efficient=efficient, samples=samples, steps=20)
        library = samples or round(found.spectra / (1 - config.data.test_fraction))
        expected = expect(
            config,
            phase,
            library,
            memory_efficient=efficient,
            example_bytes=mean_example_bytes(config, phase),
        )
        trained[phase, efficient, samples] = found.trained_per_second
        rows.append(
            (
                phase,
                str(efficient).lower(),
                f"{found.spectra:,}",
                f"{found.peak_loading / 1e9:.2f}",
                f"{found.peak / 1e9:.2f}",
                f"{expected.total / 1e9:.2f}",
                f"{found.loaded_per_second:,.0f}",
                f"{found.trained_per_second:,.0f}",
            )
        )
    _print_table(
        f"Loaders with {_WORKERS} workers each, of training and of validation",
        (
            "phase",
            "memory_efficient_mode",
            "spectra",
            "peak loading, GB",
            "peak with training, GB",
            "estimated, GB",
            "loader alone, spectra/s",
            "training, spectra/s",
        ),
        rows,
    )
    lazy, held = (trained["student", mode, arguments.trained_on] for mode in (True, False))
    print(f"\nstudent's training, lazy / held in memory: {lazy / held:.2f}")


PARTS: dict[str, Callable[[argparse.Namespace, Config], None]] = {
    "ingest": measure_ingest,
    "dataset": measure_dataset,
    "loader": measure_loader,
}


def _in_a_process(run: Callable, *arguments: Any) -> tuple[Any, int]:
    """Return what a function returns in a fresh process, and that process's peak memory."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as executor:
        process = executor.submit(os.getpid).result()
        with PeakMemory(process) as peak:
            result = executor.submit(run, *arguments).result()
    return result, peak.bytes


def _print_table(title: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    head = list(head)
    print(f"\n{title}\n")
    for line in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(line) + " |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
