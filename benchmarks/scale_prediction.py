"""How fast long batches are predicted: in one process, in parts, and by Ray.

Each way is the command as users type it, in a process of its own, with actors or processes of one
thread: one process that writes one file; one process that keeps parts and joins them; one process,
and Ray's actors, that leave a folder of parts. They take turns, so that a machine that others use
too treats them alike. Told are the rates with all that the command does (start, input, output), and
those between the first part and the last, which is what counts for millions of structures. It is
checked that all ways give the same bytes.

    python benchmarks/scale_prediction.py --structures list.smi --actors 2 --repeats 3
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nextims.config import PROJECT_ROOT
from nextims.files.digest import file_digest
from nextims.inference.structures.lists import read_batch

PREDICT = PROJECT_ROOT / "scripts" / "predict.py"
_LIBRARY = 100_000_000
_STATUS = {0, 3}  # all predicted, or some not


@dataclass(frozen=True)
class Rate:
    """What one run has reached.

    Attributes:
        overall: structures a second of the whole command.
        steady: those between the first part and the last; ``None`` where no parts are left.
        digest: of all spectra, the same for equal ones.
    """

    overall: float
    steady: float | None
    digest: str


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--structures", type=Path, required=True, help="a file of SMILES")
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--parts", type=int, default=1024, help="structures a part")
    parser.add_argument(
        "--folders", action="store_true", help="only the two ways that leave a folder of parts"
    )
    arguments = parser.parse_args(argv)
    print_rates(
        arguments.structures,
        actors=arguments.actors,
        repeats=arguments.repeats,
        size=arguments.parts,
        folders=arguments.folders,
    )
    return 0


def print_rates(
    structures: Path,
    *,
    actors: int = 2,
    repeats: int = 3,
    size: int = 1024,
    folders: bool = False,
) -> None:
    """Measure the ways of predicting a list, and print a table of their rates.

    Args:
        structures: file of SMILES.
        actors: number of Ray's actors.
        repeats: number of rounds.
        size: structures a part.
        folders: only those that leave a folder of parts.
    """
    number = sum(1 for _ in read_batch(structures)[0])
    one, parts = ["--workers", "1"], ["--parts", str(size)]
    folder = [*parts, "--format", "parquet"]
    ways = {
        "one process, one file": ("spectra.parquet", one),
        "one process, parts, joined": ("spectra.parquet", [*one, *parts]),
        "one process, a folder of parts": ("spectra", [*one, *folder]),
        f"Ray, {actors} actors, a folder of parts": (
            "spectra",
            ["--engine", "ray", "--workers", str(actors), *folder],
        ),
    }
    if folders:
        ways = {name: way for name, way in ways.items() if way[0] == "spectra"}
    rates: dict[str, list[Rate]] = defaultdict(list)
    for round_ in range(1, repeats + 1):
        for name, (output, options) in ways.items():
            rates[name].append(measure(structures, number, output, options))
            print(f"round {round_}: {name}: {rates[name][-1]}", file=sys.stderr, flush=True)
    for output in {output for output, _ in ways.values()}:
        digests = {r.digest for name in ways if ways[name][0] == output for r in rates[name]}
        if len(digests) != 1:
            raise RuntimeError(f"the ways of writing {output} do not give the same bytes")
    print(f"\n{number:,} structures, median of {repeats}, each process or actor of one thread\n")
    print("| | structures/s | between first and last part | per 100 million, one core |")
    print("| --- | --- | --- | --- |")
    for name, of_way in rates.items():
        overall = float(np.median([rate.overall for rate in of_way]))
        steady = [rate.steady for rate in of_way if rate.steady is not None]
        shown = f"{np.median(steady):,.0f}" if steady else ""
        cores = actors if name.startswith("Ray") else 1
        hours = _LIBRARY * cores / (np.median(steady) if steady else overall) / 3600
        print(f"| {name} | {overall:,.0f} | {shown} | {hours:,.0f} h |")
    single, ray = list(rates.values())[-2:]
    pairs = list(zip(ray, single, strict=True))
    overall = np.median([a.overall / b.overall for a, b in pairs])
    steady = np.median([a.steady / b.steady for a, b in pairs])
    print(
        f"\nRay with {actors} actors / one process: {overall:.2f}; without the start {steady:.2f}"
    )


def measure(structures: Path, number: int, output: str, options: list[str]) -> Rate:
    """Run the command once.

    Args:
        structures: file of SMILES.
        number: how many they are.
        output: name of the output.
        options: further ones of ``predict.py``.

    Raises:
        RuntimeError: the command failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, output)
        command = [sys.executable, PREDICT, "--batch", structures, "--output", path, *options]
        started = time.perf_counter()
        # By itself, Ray lets its actors give way to all other programs of the machine.
        environment = {**os.environ, "RAY_worker_niceness": "0"}
        run = subprocess.run(command, stderr=subprocess.PIPE, text=True, env=environment)
        seconds = time.perf_counter() - started
        if run.returncode not in _STATUS:
            raise RuntimeError(run.stderr)
        if path.is_file():
            return Rate(number / seconds, None, file_digest(path))
        parts = sorted(path.glob("part-*"))
        digest = hashlib.sha256("".join(map(file_digest, parts)).encode()).hexdigest()
        times = sorted(part.stat().st_mtime for part in parts)
        steady = None
        if len(times) > 2:
            steady = number * (len(times) - 1) / len(times) / (times[-1] - times[0])
        return Rate(number / seconds, steady, digest)


if __name__ == "__main__":
    sys.exit(main())
