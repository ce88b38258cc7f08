"""Bond dissociation energies (BDEs) of a library's molecules, computed into the cache."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from ..chemistry.molecule import MoleculeError, load_canonical
from ..files.signals import DeferredStop, leave_signals_to_parent
from .bde.backend import BDEBackend
from .bde.cache import BDECache, BDECacheError, CacheContent, distinct_structures


@dataclass
class FillSummary:
    """What a BDE cache holds for the molecules asked for.

    Attributes:
        molecules: molecules asked for, each InChIKey once.
        computed: those of them that were predicted in this run.
        seconds: time that the predicting took.
        bonds: breakable bonds (single, outside rings) of all molecules.
        valid_bonds: those of them with a valid energy.
        ring_bonds: ring bonds, which have no energy.
        valid_molecules: molecules with at least one such bond.
        failures: molecules without an entry, by reason.
    """

    molecules: int = 0
    computed: int = 0
    seconds: float = 0.0
    bonds: int = 0
    valid_bonds: int = 0
    ring_bonds: int = 0
    valid_molecules: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        rate = f"  ({self.computed / self.seconds:.0f} a second)" if self.seconds else ""
        share = self.valid_bonds / max(self.bonds, 1)
        lines = [
            f"{'molecules':<42}{self.molecules:>10,}",
            f"{'  predicted in this run':<42}{self.computed:>10,}{rate}",
            f"{'  with a valid bond':<42}{self.valid_molecules:>10,}",
            f"{'  failed':<42}{self.failures.total():>10,}",
            *(f"    {reason:<38}{number:>10,}" for reason, number in self.failures.most_common()),
            f"{'single bonds outside rings':<42}{self.bonds:>10,}",
            f"{'  valid':<42}{self.valid_bonds:>10,}  ({share:.1%})",
            f"{'ring bonds, without energies':<42}{self.ring_bonds:>10,}",
        ]
        return "\n".join(lines)


def fill_cache(
    path: str | Path,
    structures: Iterable[tuple[str, str]],
    backend: BDEBackend,
    *,
    max_molecules: int = 0,
    batch_size: int = 512,
    num_workers: int = 0,
    progress: bool = True,
) -> FillSummary:
    """Predict the bond energies of molecules and write the cache of them.

    Each batch is kept in a file of its own beside the cache, in ``PATH.parts``, until all are
    there; a run that was interrupted at any moment continues after its last batch. What the cache
    holds already stays: only molecules that are new, or whose SMILES has changed, are predicted.

    Args:
        path: HDF5 file.
        structures: InChIKey and canonical SMILES of each molecule; of several with one InChIKey the
            first counts.
        backend: predicts the energies.
        max_molecules: only so many of the molecules, the first ones; 0 for all.
        batch_size: molecules predicted, and made safe, at a time.
        num_workers: processes that read structures and compute features, where the backend allows
            it; 0 for none.
        progress: whether to show a progress bar.

    Returns:
        Counts over the molecules asked for.

    Raises:
        BDECacheError: the cache, or what an interrupted run has left, cannot be read or was made by
            another backend or version.
    """
    path = Path(path)
    wanted = distinct_structures(structures, max_molecules)
    parts = _parts_of(path)
    content, finished = _collect(path, parts, backend)
    known = content.structures()
    todo = [item for item in wanted.items() if known.get(item[0]) != item[1]]
    seconds = 0.0
    if todo:
        start = time.perf_counter()
        done = len(wanted) - len(todo)
        bar = tqdm(
            desc="BDE", total=len(wanted), initial=done, unit=" molecules", disable=not progress
        )
        with bar, DeferredStop() as stop:
            loader = DataLoader(
                _Batches(todo, batch_size, backend),
                batch_size=None,
                num_workers=num_workers if backend.parallel else 0,
                collate_fn=_unchanged,
                worker_init_fn=leave_signals_to_parent,
            )
            for batch in loader:
                _predict_batch(batch, backend).write(_next_part(parts))
                bar.update(len(batch.failures) + len(batch.molecules))
                stop.check()
        seconds = time.perf_counter() - start
        content, finished = _collect(path, parts, backend)
    if finished:
        content.write(path)
        for part in finished:
            part.unlink(missing_ok=True)
        if not any(parts.glob("*.h5")):
            shutil.rmtree(parts)
    return _summarize(content, wanted, len(todo), seconds)


def discard_others(path: str | Path, backend: BDEBackend) -> str | None:
    """Remove a cache, and what an interrupted run left of one, that another backend has made.

    Returns:
        The other backend and its version; ``None`` where there was nothing to remove.

    Raises:
        BDECacheError: a file cannot be read.
    """
    path = Path(path)
    found = None
    for file in [path, *sorted(_parts_of(path).glob("*.h5"))]:
        if file.exists():
            cache = BDECache(file)
            if (cache.backend, cache.backend_version) != (backend.name, backend.version):
                found = f"{cache.backend} {cache.backend_version}"
                file.unlink()
    return found


class _Prepared(NamedTuple):
    """Molecules by InChIKey and canonical SMILES, ready for the backend, or failed by reason."""

    molecules: list[tuple[str, str]]
    prepared: Any
    failures: dict[str, tuple[str, str]]


class _Batches(Dataset):
    """Batches of structures; a worker process that is asked for one prepares it."""

    def __init__(self, todo: Sequence[tuple[str, str]], batch_size: int, backend: BDEBackend):
        self.todo, self.batch_size, self.backend = todo, batch_size, backend

    def __len__(self) -> int:
        return -(-len(self.todo) // self.batch_size)

    def __getitem__(self, number: int) -> _Prepared:
        first = number * self.batch_size
        names, molecules, failures = [], [], {}
        for inchikey, smiles in self.todo[first : first + self.batch_size]:
            try:
                molecules.append(load_canonical(smiles))
                names.append((inchikey, smiles))
            except MoleculeError as error:
                failures[inchikey] = smiles, str(error)
        prepared = self.backend.prepare(molecules) if molecules else None
        return _Prepared(names, prepared, failures)


def _unchanged(batch: _Prepared) -> _Prepared:
    # By default a loader makes tensors of arrays, and lists of tuples.
    return batch


def _predict_batch(batch: _Prepared, backend: BDEBackend) -> CacheContent:
    content = CacheContent(backend.name, backend.version, failures=dict(batch.failures))
    results = backend.predict(batch.prepared) if batch.molecules else []
    for (inchikey, smiles), result in zip(batch.molecules, results, strict=True):
        kept = content.failures if isinstance(result, str) else content.entries
        kept[inchikey] = smiles, result
    return content


def _collect(path: Path, parts: Path, backend: BDEBackend) -> tuple[CacheContent, list[Path]]:
    """Return what the cache and the batches beside it hold, and the batches' files."""
    files = sorted(parts.glob("*.h5"))
    batches = [_read_same_backend(file, backend) for file in files]
    content = CacheContent(backend.name, backend.version)
    if path.exists():
        content = _read_same_backend(path, backend)
    for batch in batches:
        content.update(batch)
    return content, files


def _parts_of(path: Path) -> Path:
    return path.with_name(path.name + ".parts")


def _next_part(parts: Path) -> Path:
    # Numbered, so that a later result for the same molecule is read after an earlier one; and the
    # process's own, so that a second run on the same cache costs time but no molecule.
    last = max((int(file.stem.partition("-")[0]) for file in parts.glob("*.h5")), default=-1)
    return parts / f"{last + 1:06d}-{os.getpid()}.h5"


def _read_same_backend(path: Path, backend: BDEBackend) -> CacheContent:
    content = BDECache(path).read_all()
    found = f"{content.backend} {content.backend_version}"
    if found != f"{backend.name} {backend.version}":
        raise BDECacheError(
            f"{path}: holds results of {found}, which are not mixed with those of {backend.name} "
            f"{backend.version}; move it away or delete it first"
        )
    return content


def _summarize(
    content: CacheContent, wanted: dict[str, str], computed: int, seconds: float
) -> FillSummary:
    summary = FillSummary(len(wanted), computed, seconds)
    for inchikey in wanted:
        if inchikey in content.failures:
            summary.failures[content.failures[inchikey][1]] += 1
            continue
        energies = content.entries[inchikey][1]
        summary.bonds += int((~energies.ring).sum())
        summary.ring_bonds += int(energies.ring.sum())
        summary.valid_bonds += int(energies.valid.sum())
        summary.valid_molecules += bool(energies.valid.any())
    return summary
