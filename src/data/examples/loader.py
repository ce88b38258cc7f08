"""Batches of examples: put together, in an order that can be gone on with, read by workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from ...chemistry.molecule import load_canonical
from ...files.signals import leave_signals_to_parent
from ..bde.bond_energies import NO_BONDS
from .dataset import Concatenation, Example, ExampleDataset
from .features import Batch, collate, featurize
from .graph_batch import collate_targets, known_bonds
from .shuffling import epoch_order
from .teacher_cache import TeacherCache


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
        batch.row = torch.tensor([e.row for e in examples])
        batch.spectrum = torch.from_numpy(spectra)
        batch.lowest_mz = torch.tensor([e.lowest_mz for e in examples])
        batch.recorded = torch.arange(1, self.max_mz + 1) >= batch.lowest_mz[:, None]
        for recorded, example in zip(batch.recorded, examples, strict=True):
            if example.gap:
                recorded[[mz - 1 for mz in example.gap if mz <= self.max_mz]] = False
        if self.teacher is not None:
            predictions = map(torch.from_numpy, self.teacher.read([e.smiles for e in examples]))
            batch.teacher_mean, batch.teacher_deviation, batch.teacher_features = predictions
        if any(example.bonds is not None for example in examples):
            graphs = [example.features.graph for example in examples]
            none = known_bonds(graphs[0], NO_BONDS.atoms, NO_BONDS.bde[:, None])
            known = [example.bonds or none for example in examples]
            batch.graph.targets = collate_targets(graphs, known)
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
    dataset: ExampleDataset | Concatenation,
    *,
    max_mz: int,
    batch_size: int,
    num_workers: int,
    shuffle_seed: int | None = None,
    teacher: TeacherCache | None = None,
) -> DataLoader:
    """Return a loader of batches, see ``loader_of``; ``ExampleCollator`` says what they hold."""
    if num_workers:
        # Forked workers share what is loaded for a first molecule, such as numba's code.
        for part in getattr(dataset, "datasets", [dataset]):
            featurize(load_canonical("CCO"), part.inputs)
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
        "worker_init_fn": leave_signals_to_parent,
    }
    if shuffle_seed is None:
        sampler = OrderedSampler(len(dataset))
        return DataLoader(dataset, batch_size=batch_size, sampler=sampler, **common)
    # A concatenation is read in blocks where one of its parts is.
    parts = getattr(dataset, "datasets", [dataset])
    in_blocks = any(getattr(part, "in_blocks", False) for part in parts)
    sampler = ResumableSampler(len(dataset), batch_size, shuffle_seed, in_blocks=in_blocks)
    return DataLoader(dataset, batch_sampler=sampler, **common)
