r"""How fast the student predicts: cold, one molecule at a time, and over many.

Measured, in one run: the command `predict.py --smiles` from a cold start (CPU time, peak memory and
the share of imports); one molecule when all is loaded, on one thread; and, SMILES in and MSP text
out, the rate over many distinct molecules with all cores, beside reading structures and computing
fingerprints and pieces alone and a NEIMS of the published size (Wei et al. 2019: seven blocks of
2,000 units; its weights random, which changes nothing in its speed) fed in the same way.

With ``--before``, a checkout of another commit: the command of both by turns, cold and over the
many molecules, as their rates differ by less than those of one machine from hour to hour.

    python benchmarks/speed.py --molecules 20000 --workers 2 \
        --before ../before --rows benchmarks/results/speed.csv
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nextims.chemistry.molecule import MoleculeError, read_molecule
from nextims.chemistry.pieces import describe_pieces
from nextims.chemistry.variants import VariantMaker
from nextims.config import DEFAULT_CONFIG, PROJECT_ROOT, Config, load_config
from nextims.data.library.store import SPLITS, SpectrumStore
from nextims.inference.batches.parallel import predict_formatted
from nextims.inference.loading import open_predictor
from nextims.inference.streaming import StreamingPredictor
from nextims.inference.structures.lists import InputStructure
from tables import Row, write_rows

PREDICT = Path("scripts", "predict.py")
_BATCH = 256
_ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
_TURNS, _COLD_TURNS = 5, 15
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
_COLD, _MEMORY = "cold start, s of CPU time", "cold start, peak memory, MB"
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| (.*)")


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--checkpoint", type=Path, help="default: the configured student")
    parser.add_argument("--molecules", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="of another commit")
    parser.add_argument("--rows", type=Path, metavar="CSV", help="where the figures are written")
    arguments = parser.parse_args(argv)
    config = load_config(arguments.config)
    checkpoint = arguments.checkpoint or config.student.checkpoint
    with SpectrumStore(config.data.store) as store:
        smiles, split = store.column("smiles"), store.index.split
    training = sorted({s for s, i in zip(smiles, split, strict=True) if i == SPLITS.index("train")})
    maker = VariantMaker(training, seed=config.training.seed)
    molecules = [v.smiles for v in maker.variants(arguments.molecules, max_mz=config.data.max_mz)]
    rows = [
        *cold_start(checkpoint),
        *one_molecule(checkpoint, config),
        *throughput(checkpoint, molecules, arguments.workers, config),
    ]
    if arguments.before:
        rows += against(arguments.before.resolve(), molecules, arguments.workers)
    if arguments.rows:
        write_rows(arguments.rows, rows)
    return 0


def cold_start(checkpoint: Path) -> Iterator[Row]:
    """Print what the command takes for one molecule, and what of it its imports take."""
    command = [PROJECT_ROOT / PREDICT, "--checkpoint", checkpoint, "--smiles", "CCO"]
    _cpu_and_memory(command)
    seconds, memory = _cpu_and_memory(command)
    print(f"cold start: {seconds:.2f} s of CPU time, peak memory {memory:.0f} MB")
    timed = subprocess.run(
        [sys.executable, "-X", "importtime", *command], check=True, capture_output=True, text=True
    )
    own: dict[str, int] = defaultdict(int)
    for line in timed.stderr.splitlines():
        if match := _IMPORT.match(line):
            own[match[3].strip().split(".")[0]] += int(match[1])
    print(f"imports: {sum(own.values()) / 1e6:.2f} s, of which")
    for package, microseconds in sorted(own.items(), key=lambda item: -item[1])[:8]:
        print(f"  {package:<14} {microseconds / 1e6:.2f} s")
    yield "student", "ethanol", "", _COLD, seconds
    yield "student", "ethanol", "", _MEMORY, memory


def _cpu_and_memory(command: list, path: Path | None = None, **options: Any) -> tuple[float, float]:
    """Run a command; return the CPU time in s and the peak memory in MB, its children's with it.

    Modules are compiled and kept, as they are where a package is installed.
    """
    env = {name: value for name, value in os.environ.items() if name != _NO_BYTECODE}
    options["env"] = env | ({"PYTHONPATH": str(path)} if path else {})
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "stdout=subprocess.DEVNULL); u = resource.getrusage(resource.RUSAGE_CHILDREN); "
        "print(u.ru_utime + u.ru_stime, u.ru_maxrss / 1024)"
    )
    measured = [sys.executable, "-c", code, sys.executable, *command]
    done = subprocess.run(measured, check=True, stdout=subprocess.PIPE, text=True, **options)
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def against(before: Path, molecules: list[str], workers: int) -> Iterator[Row]:
    """Print what the command takes in another checkout and in this one, by turns."""
    cold: dict[Path, list] = {before: [], PROJECT_ROOT: []}
    rates: dict[Path, list] = {before: [], PROJECT_ROOT: []}
    with tempfile.TemporaryDirectory() as folder:
        smiles = Path(folder, "molecules.smi")
        smiles.write_text("\n".join(molecules))
        options: dict[Path, dict[str, Any]] = {}
        for number, checkout in enumerate(cold):
            package = Path(folder, str(number))
            package.mkdir()
            (package / "nextims").symlink_to(checkout / "src")
            options[checkout] = {"cwd": checkout, "path": package}
            _cpu_and_memory([PREDICT, "--smiles", "CCO"], **options[checkout])
        for _ in range(_COLD_TURNS):
            for checkout, own in cold.items():
                own.append(_cpu_and_memory([PREDICT, "--smiles", "CCO"], **options[checkout]))
        many = ["--batch", smiles, "--output", Path(folder, "out.msp"), "--quiet"]
        for _ in range(_TURNS):
            for checkout, own in rates.items():
                started = time.perf_counter()
                _cpu_and_memory([PREDICT, *many, "--workers", str(workers)], **options[checkout])
                own.append((len(molecules) / (time.perf_counter() - started),))
    whole = f"molecules/s, the whole command, {workers} processes"
    print("\n| by turns, the median | before | now | now / before |")
    print("| --- | --- | --- | --- |")
    for what, data, measured, place in (
        (_COLD, "ethanol", cold, 0),
        (_MEMORY, "ethanol", cold, 1),
        (whole, f"{len(molecules):,} molecules", rates, 0),
    ):
        old, new = (statistics.median(turn[place] for turn in own) for own in measured.values())
        print(f"| {what} | {old:,.2f} | {new:,.2f} | {new / old:.3f} |")
        yield "student, by turns", data, "before", what, old
        yield "student, by turns", data, "now", what, new


def one_molecule(checkpoint: Path, config: Config) -> Iterator[Row]:
    """Print the time from SMILES to spectrum when all is loaded, on one thread."""
    predictor = _student(checkpoint, config)
    times = []
    for _ in range(60):
        started = time.perf_counter()
        predictor.predict([_ASPIRIN])
        times.append(1000 * (time.perf_counter() - started))
    median = float(np.median(times))
    print(f"one molecule, warm, one thread ({type(predictor).__name__}): {median:.2f} ms")
    yield "student", "aspirin", "", "one molecule, warm, one thread, ms", median


def _student(checkpoint: Path, config: Config) -> StreamingPredictor:
    """Return the student as commands open it, with its retention indices."""
    path = config.to_read(config.retention_index.checkpoint)
    retention = path if path.is_file() else None
    return open_predictor(checkpoint, device="cpu", threads=1, retention=retention)


def throughput(
    checkpoint: Path, molecules: list[str], workers: int, config: Config
) -> Iterator[Row]:
    """Print the rates over many molecules."""
    structures = [InputStructure(i, smiles) for i, smiles in enumerate(molecules, start=1)]
    student = partial(open_predictor, checkpoint, device="cpu", threads=1)
    with_index = partial(_student, checkpoint, config)
    neims = partial(_published_neims, config.data.max_mz)
    read = partial(_read, pieces=config.student.pieces)
    rates = {
        "reading, fingerprints and pieces alone": _rate(
            lambda part: _in_processes(read, [s.smiles for s in part], workers), structures
        ),
        "student, SMILES to MSP": _rate(partial(_predict, with_index, workers), structures),
        "the same without retention index": _rate(partial(_predict, student, workers), structures),
        "NEIMS of the published size, SMILES to MSP": _rate(
            partial(_predict, neims, workers), structures
        ),
    }
    print(f"\n{len(molecules):,} distinct molecules, {workers} processes, start included\n")
    print("| | molecules/s | of reading alone |\n| --- | --- | --- |")
    alone = next(iter(rates.values()))
    for name, rate in rates.items():
        print(f"| {name} | {rate:,.0f} | {rate / alone:.0%} |")
    _, student_rate, _, neims_rate = rates.values()
    print(f"\nstudent / NEIMS: {student_rate / neims_rate:.1f}")
    for name, rate in rates.items():
        data = f"{len(molecules):,} molecules"
        yield name, data, "", f"molecules/s, {workers} processes", rate


def _rate(run: Callable[[list[InputStructure]], int], structures: list[InputStructure]) -> float:
    started = time.perf_counter()
    done = run(structures)
    if done != len(structures):
        raise RuntimeError(f"{len(structures) - done} of {len(structures)} molecules failed")
    return done / (time.perf_counter() - started)


def _predict(load: Callable, workers: int, structures: list[InputStructure]) -> int:
    results = predict_formatted(structures, load, workers=workers, ending=".msp", batch_size=_BATCH)
    return sum(hasattr(result, "record") and len(result.record) > 100 for result in results)


def _in_processes(read: Callable, smiles: list[str], workers: int) -> int:
    parts = [smiles[i : i + _BATCH] for i in range(0, len(smiles), _BATCH)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        return sum(pool.map(read, parts))


def _read(smiles: list[str], pieces: int) -> int:
    done = 0
    for text in smiles:
        try:
            molecule = read_molecule(text)
        except MoleculeError:
            continue
        molecule.fingerprint()
        molecule.atoms()
        describe_pieces(molecule.mol, pieces)
        done += 1
    return done


def _published_neims(max_mz: int):
    import torch

    sys.path.insert(0, str(Path(__file__).parent))
    from neims import Neims
    from nextims.inference import Predictor

    torch.set_num_threads(1)
    return Predictor(Neims(max_mz, width=2000, blocks=7, dropout=0.25), "NEIMS")


if __name__ == "__main__":
    sys.exit(main())
