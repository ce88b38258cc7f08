"""Make a list of many distinct structures, variants of known ones, for a library to be predicted.

The known structures come first: those of the configured store and of the lists given. Then come
variants of them (nextims.chemistry.variants), each SMILES once. The same seed gives the same list,
whatever the number of processes.

    python benchmarks/make_structures.py --number 1000000 --output million.smi
"""

from __future__ import annotations

import argparse
import gzip
import multiprocessing
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from nextims.chemistry.molecule import MoleculeError, read_molecule
from nextims.chemistry.variants import VariantMaker
from nextims.config import DEFAULT_CONFIG, load_config
from nextims.data.library.store import SpectrumStore
from nextims.files.writing import written_whole

# Variants tried in one go, by the random numbers of one seed.
_TRIALS = 5000
# Goes without anything new after which no more is expected.
_PATIENCE = 20

_maker: VariantMaker  # of each process


def main(argv: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument(
        "--structures",
        type=Path,
        nargs="*",
        help="lists of SMILES, .gz or not (default: distillation.unlabelled of the settings)",
    )
    parser.add_argument("--number", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path, required=True, help=".smi or .smi.gz")
    arguments = parser.parse_args(argv)
    config = load_config(arguments.config)
    lists = arguments.structures
    if lists is None:
        lists = [path for path in [config.distillation.unlabelled] if path is not None]
    with SpectrumStore(config.data.store) as store:
        known = list(dict.fromkeys(store.column("smiles")))
    for path in lists:
        with _opened(path, "rt") as file:
            known += [line.split()[0] for line in file if line.strip()]
    written = 0
    made = structures(
        known,
        seed=arguments.seed,
        max_mz=config.data.max_mz,
        workers=arguments.workers,
    )
    wanted = tqdm(islice(made, arguments.number), total=arguments.number, disable=None)
    with (
        written_whole(arguments.output) as temporary,
        _opened(temporary, "wt", arguments.output.suffix) as file,
        closing(made),
    ):
        for smiles in wanted:
            file.write(f"{smiles}\n")
            written += 1
    print(f"{written:,} distinct structures written to {arguments.output}")
    return 0


def structures(
    known: Iterable[str], *, seed: int, max_mz: int = 1000, workers: int = 1
) -> Iterator[str]:
    """Yield the known structures, then variants of them, each SMILES once, without end.

    Args:
        known: SMILES; those that the models cannot take are left out.
        seed: of all random choices.
        max_mz: highest mass, Da.
        workers: number of processes.

    Example:
        >>> from itertools import islice
        >>> from make_structures import structures
        >>> list(islice(structures(["OCC", "CCO", "CCCl"], seed=7), 2))
        ['CCO', 'CCCl']
    """
    seen: set[str] = set()
    for text in known:
        try:
            smiles = read_molecule(text, max_mz=max_mz).smiles
        except MoleculeError:
            continue
        if smiles not in seen:
            seen.add(smiles)
            yield smiles
    molecules = sorted(seen)
    idle = 0
    for found in _in_order(molecules, seed, max_mz, workers):
        fresh = [smiles for smiles in dict.fromkeys(found) if smiles not in seen]
        seen.update(fresh)
        yield from fresh
        idle = 0 if fresh else idle + 1
        if idle == _PATIENCE:
            return


def _in_order(molecules: list[str], seed: int, max_mz: int, workers: int) -> Iterator[list[str]]:
    """Yield what each go made, in the order of their seeds."""
    seeds = count(seed * 1_000_000)
    if workers == 1:
        _start(molecules, seed)
        yield from map(partial(_go, max_mz), seeds)
        return
    # Forked processes share the maker, which takes long to make.
    _start(molecules, seed)
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context) as pool:
        waiting = [pool.submit(_go, max_mz, next(seeds)) for _ in range(2 * workers)]
        try:
            while True:
                yield waiting.pop(0).result()
                waiting.append(pool.submit(_go, max_mz, next(seeds)))
        finally:
            pool.shutdown(cancel_futures=True)


def _start(molecules: list[str], seed: int) -> None:
    global _maker
    progress = partial(tqdm, desc="substituents", leave=False, disable=None)
    _maker = VariantMaker(molecules, seed=seed, progress=progress)


def _go(max_mz: int, seed: int) -> list[str]:
    """Return the variants of one seed that the models can take."""
    made = _maker.smiles(_TRIALS, seed=seed, highest_mass=max_mz)
    return [smiles for smiles in made if "." not in smiles]


def _opened(path: Path, mode: str, ending: str | None = None) -> TextIO:
    opened = gzip.open if (ending or path.suffix) == ".gz" else open
    return opened(path, mode, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
