"""Spectra of a store as a dataset: lazily from the file, or held in memory."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from .bde_cache import BDECache
from .bond_energies import NO_BONDS
from .features import FINGERPRINT_ONLY, Batch, Features, Inputs, collate, featurize
from .graph import KnownBonds, collate_targets, known_bonds
from .molecule import load_canonical
from .shuffling import BLOCK_SHUFFLE_ABOVE, epoch_order
from .spectrum import STANDARD_ENERGY, Spectrum
from .store import SPLITS, SpectrumStore
from .teacher_cache import TeacherCache

# What counts as a spectrum of the usual 70 eV; validation and test are on these alone.
STANDARD_ENERGY_RANGE = (60.0, 80.0)
# More than a training step takes.
_SECONDS_AFTER_SIGTERM = 15


class EmptySplitError(ValueError):
    """A store has no spectrum in the split and the energy range that are wanted."""


@dataclass(frozen=True)
class Example:
    """One measured spectrum and the features of its molecule.

    Attributes:
        features: what a model reads of the molecule.
        spectrum: the measured peaks; ``None`` for a structure without a spectrum.
        energy: ionization energy in eV, NaN where not given.
        lowest_mz: lowest recorded m/z.
        row: position in the store; -1 for a structure without a spectrum.
        smiles: canonical SMILES.
        bonds: the bonds whose dissociation energy is known.
    """

    features: Features
    spectrum: Spectrum | None
    energy: float
    lowest_mz: int
    row: int
    smiles: str
    bonds: KnownBonds | None = None


class SpectrumDataset(Dataset):
    """The spectra of one split of a store.

    In the memory-efficient mode only an index of a few bytes a spectrum is held and every item is
    read from the file by the worker that asks for it; otherwise each worker keeps what it has read
    and computed. Of a store of more than 50,000 spectra the memory-efficient mode asks to be
    shuffled in blocks (``epoch_order``).

    Args:
        store: path of the store.
        split: "train", "validation" or "test".
        energy_range: lowest and highest ionization energy in eV; a spectrum without one counts as
            70 eV.
        inputs: what to compute beside the fingerprint.
        memory_efficient: see above.
        bde_cache: path of a BDE cache whose energies are added to the examples.

    Attributes:
        in_blocks: whether neighbours are quicker to read than any others.

    Raises:
        StoreError: the store cannot be read.
        BDECacheError: the cache of bond energies cannot be read.
        EmptySplitError: no spectrum of the store is in the split and the energy range.
    """

    def __init__(
        self,
        store,
        split: str,
        *,
        energy_range: tuple[float, float],
        inputs: Inputs = FINGERPRINT_ONLY,
        memory_efficient: bool = True,
        bde_cache=None,
    ):
        self.store = SpectrumStore(store)
        self.inputs = inputs
        self.memory_efficient = memory_efficient
        self.bde = None if bde_cache is None else BDECache(bde_cache)
        self.in_blocks = memory_efficient and len(self.store) > BLOCK_SHUFFLE_ABOVE
        self._held: dict[int, Example] = {}
        index = self.store.index
        energy = np.nan_to_num(index.energy, nan=STANDARD_ENERGY)
        low, high = energy_range
        chosen = (index.split == SPLITS.index(split)) & (energy >= low) & (energy <= high)
        self.rows = np.flatnonzero(chosen)
        if not len(self.rows):
            raise EmptySplitError(f"{store}: no {split} spectrum of {low:g} to {high:g} eV")
        # A file that is open when workers are forked would be shared with them.
        self.store.close()

    @property
    def smiles(self) -> list[str]:
        """The canonical SMILES of all spectra."""
        smiles = self.store.column("smiles")
        self.store.close()
        return [smiles[row] for row in self.rows]

    @property
    def energies(self) -> dict[int, int]:
        """Number of spectra by ionization energy in whole eV; without one, it counts as 70."""
        energy = np.nan_to_num(self.store.index.energy[self.rows], nan=STANDARD_ENERGY)
        found = np.unique(np.rint(energy).astype(int), return_counts=True)
        return dict(zip(*(values.tolist() for values in found), strict=True))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, item: int) -> Example:
        row = int(self.rows[item])
        if row in self._held:
            return self._held[row]
        example = self._read(row)
        if not self.memory_efficient:
            self._held[row] = example
        return example

    def _read(self, row: int) -> Example:
        index = self.store.index
        smiles = self.store.text("smiles", row)
        features = featurize(load_canonical(smiles), self.inputs)
        bonds = None
        if self.bde is not None:
            known = self.bde.get(self.store.text("inchikey", row), smiles) or NO_BONDS
            bonds = known_bonds(
                features.graph, known.atoms[known.valid], known.bde[known.valid, None]
            )
        return Example(
            features,
            self.store.spectrum(row),
            float(index.energy[row]),
            int(index.lowest_mz[row]),
            row,
            smiles,
            bonds,
        )


class ExampleCollator:
    """Puts examples into a batch; an object, not a closure, so that workers can be spawned.

    Args:
        max_mz: highest nominal mass of the binned spectra.
        teacher: cache of a teacher's predictions to add.
    """

    def __init__(self, max_mz: int, teacher: TeacherCache | None = None):
        self.max_mz = max_mz
        self.teacher = teacher

    def __call__(self, examples: Sequence[Example]) -> Batch:
        """Return the batch of ``examples``."""
        batch = collate([e.features for e in examples], [e.energy for e in examples])
        spectra = np.zeros((len(examples), self.max_mz), np.float32)
        for spectrum, example in zip(spectra, examples, strict=True):
            if example.spectrum is not None:
                spectrum[:] = example.spectrum.binned(self.max_mz)
        batch = replace(
            batch,
            row=torch.tensor([e.row for e in examples]),
            spectrum=torch.from_numpy(spectra),
            lowest_mz=torch.tensor([e.lowest_mz for e in examples]),
        )
        if self.teacher is not None:
            mean, deviation, features = self.teacher.read([e.smiles for e in examples])
            batch = replace(
                batch,
                teacher_mean=torch.from_numpy(mean),
                teacher_deviation=torch.from_numpy(deviation),
                teacher_features=torch.from_numpy(features),
            )
        if examples[0].bonds is not None:
            graphs = [example.features.graph for example in examples]
            batch.graph.targets = collate_targets(graphs, [example.bonds for example in examples])
        return batch


class ResumableSampler(Sampler[list[int]]):
    """Shuffled batches whose order depends on the seed and the epoch alone.

    A run that stops in the middle of an epoch continues with the batch where it stopped. The last
    batch is left out where it is incomplete, unless that leaves none.

    Args:
        size: number of examples.
        batch_size: examples a batch.
        seed: seed of the order.
        in_blocks: as in ``epoch_order``.

    Attributes:
        epoch: set before each epoch.
        start: first batch of the epoch to give.
        share: which examples of each batch to give, where several processes share it.
    """

    def __init__(self, size: int, batch_size: int, seed: int, *, in_blocks: bool = False):
        self.size = size
        self.in_blocks = in_blocks
        self.batch_size = min(batch_size, size)
        self.seed = seed
        self.epoch = 0
        self.start = 0
        self.share = slice(None)

    def __len__(self) -> int:
        return self.size // self.batch_size

    def __iter__(self) -> Iterator[list[int]]:
        order = epoch_order(self.size, self.seed, self.epoch, in_blocks=self.in_blocks)
        for batch in range(self.start, len(self)):
            whole = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            yield whole[self.share].tolist()


class OrderedSampler(Sampler[int]):
    """The examples in order.

    Args:
        size: number of examples.

    Attributes:
        share: which of them to give, where several processes share them.
    """

    def __init__(self, size: int):
        self.size = size
        self.share = slice(None)

    def __len__(self) -> int:
        return len(range(self.size)[self.share])

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.size)[self.share])


def make_loader(
    dataset: Dataset,
    *,
    max_mz: int,
    batch_size: int,
    num_workers: int,
    shuffle_seed: int | None = None,
    teacher: TeacherCache | None = None,
) -> DataLoader:
    """Return a loader of batches; shuffled for training where a seed is given, else in order.

    Args:
        dataset: gives ``Example``.
        max_mz: highest nominal mass.
        batch_size: spectra a batch.
        num_workers: worker processes that read and compute features; 0 for none.
        shuffle_seed: seed of the order of a training loader.
        teacher: cache of a teacher's predictions to add to the batches.
    """
    return loader_of(
        dataset,
        ExampleCollator(max_mz, teacher),
        batch_size=batch_size,
        num_workers=num_workers,
        shuffle_seed=shuffle_seed,
    )


def loader_of(
    dataset: Dataset,
    collate: Callable,
    *,
    batch_size: int,
    num_workers: int,
    shuffle_seed: int | None = None,
) -> DataLoader:
    """Return a loader that survives a SIGTERM and can be resumed in the middle of an epoch.

    Args:
        dataset: gives examples.
        collate: puts examples into a batch; picklable.
        batch_size: examples a batch.
        num_workers: worker processes; 0 for none.
        shuffle_seed: seed of the order of a training loader; in order where there is none.
    """
    common = {
        "collate_fn": collate,
        "num_workers": num_workers,
        "persistent_workers": num_workers > 0,
        # Each pass draws a seed for its workers: not from the generator that dropout draws from,
        # or a run that was stopped in the middle of an epoch would go on differently.
        "generator": torch.Generator().manual_seed(shuffle_seed or 0),
        "worker_init_fn": _outlive_sigterm,
    }
    if shuffle_seed is None:
        sampler = OrderedSampler(len(dataset))
        return DataLoader(dataset, batch_size=batch_size, sampler=sampler, **common)
    # A concatenation is read in blocks where one of its parts is.
    parts = getattr(dataset, "datasets", [dataset])
    in_blocks = any(getattr(part, "in_blocks", False) for part in parts)
    sampler = ResumableSampler(len(dataset), batch_size, shuffle_seed, in_blocks=in_blocks)
    return DataLoader(dataset, batch_sampler=sampler, **common)


def _outlive_sigterm(worker: int) -> None:
    # A scheduler sends it to all processes of a job: the main one finishes its step, saves, and
    # ends its workers itself. Not for ever, or a main process that fails would wait for them.
    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGTERM, lambda *_: signal.alarm(_SECONDS_AFTER_SIGTERM))
