"""The peer in bond dissociation energies: ALFABET 0.1.0 (St. John et al. 2020), through TensorFlow.

On the same bonds, in the same run: the error against the DFT energies of the test split; how far
the two are apart on molecules of the library, which are larger than those of the DFT table; and the
molecules a second over these, features included. ALFABET is asked in two ways:
by its own function (`alfabet.model.predict`, one molecule after the other), and as this package
does it (many molecules as one graph). Needs: pip install -e ".[alfabet]"

    python benchmarks/bde.py
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rdkit import Chem
from tqdm import tqdm

from nextims.chemistry.molecule import Molecule, read_molecule
from nextims.config import DEFAULT_CONFIG, Config, load_config
from nextims.data.bde.backend import BDEBackend
from nextims.data.bde.cache import distinct_structures
from nextims.data.bde.dft_table import QUANTITIES
from nextims.data.bde_generator import fill_cache
from nextims.data.examples.dft_dataset import BDEDataset
from nextims.data.library.store import SpectrumStore
from nextims.models.bde_backends import open_backend

BACKENDS = ("alfabet", "native")
PARTS = ("accuracy", "agreement", "speed")


def main(argv: list[str] | None = None) -> int:
    """Measure both and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--molecules", type=int, default=1000, help="of the library")
    parser.add_argument("--workers", type=int, default=1, help="processes of the native backend")
    parser.add_argument("--threads", type=int, default=1, help="threads of PyTorch and TensorFlow")
    arguments = parser.parse_args(argv)
    import torch

    torch.set_num_threads(arguments.threads)
    config = load_config(arguments.config)
    backends = {name: open_backend(config.bde, name=name) for name in BACKENDS}
    _limit_tensorflow(arguments.threads)
    if "accuracy" in arguments.parts:
        accuracy(config, backends)
    sample = _sample(config, arguments.molecules)
    if "agreement" in arguments.parts:
        agreement(backends, sample)
    if "speed" in arguments.parts:
        speed(backends, sample, arguments.workers)
    return 0


def accuracy(config: Config, backends: dict[str, BDEBackend]) -> None:
    """Print the errors on the test split, of all bonds and of those with different fragments."""
    dataset = BDEDataset(config.bde.data, "test")
    molecules = [Molecule(Chem.MolFromSmiles(smiles), smiles) for smiles in dataset.smiles]
    tables = [dataset.table(item) for item in range(len(dataset))]
    known = np.concatenate([energies for _, energies in tables])
    # Bonds of a molecule that give the same two fragments have one DFT energy.
    rows = [(i, *pair) for i, (_, energies) in enumerate(tables) for pair in energies.tolist()]
    _, first = np.unique(np.array(rows), axis=0, return_index=True)
    print(f"\n{len(known):,} bonds of {len(molecules):,} test molecules, kcal/mol; {len(first):,}")
    print("of them give different fragments (of a molecule's equivalent bonds the first counts)\n")
    print("| model | quantity | without value | mean abs. error | median | root mean square |"
          " different fragments: mean abs. error |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    for name, backend in backends.items():
        predicted = np.concatenate(
            [
                _look_up(energies, atoms)
                for energies, (atoms, _) in zip(
                    backend.predict(backend.prepare(molecules)), tables, strict=True
                )
            ]
        )
        for column, quantity in enumerate(QUANTITIES):
            error = np.abs(predicted[:, column] - known[:, column])
            missing = int(np.isnan(error).sum())
            print(
                f"| {name} {backend.version} | {quantity.upper()} | {missing} "
                f"| {np.nanmean(error):.3f} | {np.nanmedian(error):.3f} "
                f"| {np.sqrt(np.nanmean(error**2)):.3f} | {np.nanmean(error[first]):.3f} |"
            )


def agreement(backends: dict[str, BDEBackend], sample: Sequence[tuple[str, str]]) -> None:
    """Print how far the models' BDEs are apart, by the size of the molecule."""
    molecules = [read_molecule(smiles) for _, smiles in sample]
    first, second = (backend.predict(backend.prepare(molecules)) for backend in backends.values())
    apart, sizes = [], []
    for molecule, one, other in zip(molecules, first, second, strict=True):
        difference = np.abs(one.bde - _look_up(other, one.atoms)[:, 0])
        difference = difference[np.isfinite(difference)]
        apart.append(difference)
        sizes.append(np.full(len(difference), molecule.mol.GetNumAtoms()))
    apart, sizes = np.concatenate(apart), np.concatenate(sizes)
    print(f"\nBDE of {len(apart):,} bonds of {len(sample):,} molecules of the library that both")
    print("call valid, kcal/mol\n")
    print("| heavy atoms | bonds | mean abs. difference | median | above 5 |")
    print("|---|---|---|---|---|")
    for low, high in ((1, 10), (11, 15), (16, 25), (26, 10_000), (1, 10_000)):
        here = apart[(sizes >= low) & (sizes <= high)]
        label = {(26, 10_000): "26 and more", (1, 10_000): "all"}.get((low, high), f"{low}–{high}")
        print(
            f"| {label} | {len(here):,} | {here.mean():.3f} | {np.median(here):.3f} "
            f"| {(here > 5).mean():.1%} |"
        )


def speed(backends: dict[str, BDEBackend], sample: Sequence[tuple[str, str]], workers: int) -> None:
    """Print the molecules a second of each way, and how long 300,000 would take."""
    atoms = np.mean([read_molecule(smiles).mol.GetNumAtoms() for _, smiles in sample])
    # The first molecules pay for loading: weights, TensorFlow's graph.
    for backend in backends.values():
        backend.predict(backend.prepare([read_molecule("CCO")]))
    rates = {"alfabet, its own predict": _own_predict(sample)}
    rates["alfabet, many molecules as one graph"] = _filling_rate(backends["alfabet"], sample, 0)
    rates["native, one process"] = _filling_rate(backends["native"], sample, 0)
    rates[f"native, {workers} more for features"] = _filling_rate(
        backends["native"], sample, workers
    )
    reference = rates["alfabet, its own predict"]
    print(f"\n{len(sample):,} molecules of the library, {atoms:.1f} heavy atoms in the mean\n")
    print("| way | molecules/s | ratio | 300,000 molecules |")
    print("|---|---|---|---|")
    for way, rate in rates.items():
        minutes = 300_000 / rate / 60
        print(f"| {way} | {rate:,.1f} | {rate / reference:,.0f} | {minutes:,.0f} min |")


def _sample(config: Config, number: int) -> list[tuple[str, str]]:
    """Return InChIKey and SMILES of molecules of the library, drawn at random."""
    with SpectrumStore(config.data.store) as store:
        structures = distinct_structures(
            zip(store.column("inchikey"), store.column("smiles"), strict=True)
        )
    molecules = list(structures.items())
    order = np.random.default_rng(config.training.seed).permutation(len(molecules))
    return [molecules[i] for i in order[:number]]


def _look_up(energies, atoms: np.ndarray) -> np.ndarray:
    """Return BDE and BDFE of the bonds between these atoms, ``(bonds, 2)``."""
    pairs = map(tuple, np.sort(energies.atoms, axis=1).tolist())
    values = dict(zip(pairs, zip(energies.bde, energies.bdfe, strict=True), strict=True))
    return np.array([values[tuple(sorted(pair))] for pair in atoms.tolist()])


def _filling_rate(backend: BDEBackend, sample: Sequence[tuple[str, str]], workers: int) -> float:
    """Return the molecules a second of filling a cache, reading the SMILES and writing included."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        fill_cache(
            Path(folder) / "cache.h5",
            sample,
            backend,
            batch_size=256,
            num_workers=workers,
            progress=False,
        )
        return len(sample) / (time.perf_counter() - start)


def _own_predict(sample: Sequence[tuple[str, str]]) -> float:
    from alfabet.model import predict

    logging.getLogger().setLevel(logging.ERROR)  # it warns of every undefined stereocentre
    done, start = 0, time.perf_counter()
    for _, smiles in tqdm(sample, desc="alfabet, its own predict", unit="molecule"):
        # Keras draws a progress bar of its own for every molecule.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            predict([smiles], verbose=False)
            done += 1
    if done < len(sample):
        print(f"alfabet's own predict fails on {len(sample) - done} of them", file=sys.stderr)
    return len(sample) / (time.perf_counter() - start)


def _limit_tensorflow(threads: int) -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


if __name__ == "__main__":
    sys.exit(main())
