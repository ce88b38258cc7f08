"""How fast the student predicts: cold, one molecule at a time, and over many.

Measured, in one run: the command `predict.py --smiles` from a cold start (CPU time, peak memory and
the share of imports); one molecule when all is loaded, on one thread; and, SMILES in and MSP text
out, the rate over many distinct molecules with all cores, beside reading structures and computing
fingerprints and pieces alone and a NEIMS of the published size (Wei et al. 2019: seven blocks of
2,000 units; its weights random, which changes nothing in its speed) fed in the same way.

    python benchmarks/speed.py --molecules 20000 --workers 2
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

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

PREDICT = PROJECT_ROOT / "scripts" / "predict.py"
_BATCH = 256
_ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
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
    arguments = parser.parse_args(argv)
    config = load_config(arguments.config)
    checkpoint = arguments.checkpoint or config.student.checkpoint
    cold_start(checkpoint)
    one_molecule(checkpoint, config)
    with SpectrumStore(config.data.store) as store:
        smiles, split = store.column("smiles"), store.index.split
    training = sorted({s for s, i in zip(smiles, split, strict=True) if i == SPLITS.index("train")})
    maker = VariantMaker(training, seed=config.training.seed)
    molecules = [v.smiles for v in maker.variants(arguments.molecules, max_mz=config.data.max_mz)]
    throughput(checkpoint, molecules, arguments.workers, config)
    return 0


def cold_start(checkpoint: Path) -> None:
    """Print what the command takes for one molecule, and what of it its imports take."""
    command = [PREDICT, "--checkpoint", checkpoint, "--smiles", "CCO"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"cold start: {cpu:.2f} s of CPU time, peak memory {after.ru_maxrss / 1024:.0f} MB")
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


def one_molecule(checkpoint: Path, config: Config) -> None:
    """Print the time from SMILES to spectrum when all is loaded, on one thread."""
    predictor = _student(checkpoint, config)
    times = []
    for _ in range(60):
        started = time.perf_counter()
        predictor.predict([_ASPIRIN])
        times.append(1000 * (time.perf_counter() - started))
    print(f"one molecule, warm, one thread ({type(predictor).__name__}): {np.median(times):.2f} ms")


def _student(checkpoint: Path, config: Config) -> StreamingPredictor:
    """Return the student as commands open it, with its retention indices."""
    path = config.to_read(config.retention_index.checkpoint)
    retention = path if path.is_file() else None
    return open_predictor(checkpoint, device="cpu", threads=1, retention=retention)


def throughput(checkpoint: Path, molecules: list[str], workers: int, config: Config) -> None:
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
