"""What a library takes of memory: estimated from sizes, and measured with the real loader."""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from torch.utils.data import DataLoader

from ..config import Config
from .dataset import STANDARD_ENERGY_RANGE, Example, SpectrumDataset, make_loader
from .features import Inputs
from .store import SpectrumStore

# Python, PyTorch and RDKit once imported, and batches on their way; measured on Linux with CPython
# 3.11. What a model in training takes comes on top.
PROCESS_BYTES = 310e6
# What the index of a store and a dataset's list of rows take: offsets 8, energy 4, lowest m/z 4,
# split 1, row 8.
INDEX_BYTES = 25
# Python objects around the arrays of one example held in memory: 9 arrays of some 110 bytes of
# header, 4 objects with their dictionaries, an entry of the dictionary of examples.
OBJECT_BYTES = 2200
# Arrays of a median MassBank record, for an estimate without a store.
TYPICAL_ARRAY_BYTES = 5000


@dataclass(frozen=True)
class Estimate:
    """Memory that a library needs, in bytes.

    Attributes:
        memory_efficient: which mode.
        spectra: size of the library.
        library: what all processes hold of the library.
        total: the same with the processes themselves.
    """

    memory_efficient: bool
    spectra: int
    library: float
    total: float


@dataclass(frozen=True)
class Measurement:
    """What the loader took.

    Attributes:
        memory_efficient: which mode.
        spectra: spectra of the training split that were loaded, in each of two epochs.
        peak: peak resident memory of the process and the workers of both loaders, in bytes.
        spectra_per_second: in the second epoch, when all that is held is held.
    """

    memory_efficient: bool
    spectra: int
    peak: float
    spectra_per_second: float


def estimate(
    samples: int, *, memory_efficient: bool, workers: int, array_bytes: float = TYPICAL_ARRAY_BYTES
) -> Estimate:
    """Estimate what training on a library takes.

    Every worker reads its share of each epoch's batches, which differs from epoch to epoch: without
    the memory-efficient mode each of them comes to hold the whole library.

    Args:
        samples: spectra in the library.
        memory_efficient: which mode.
        workers: worker processes of the loader; 0 for none.
        array_bytes: peaks, fingerprint and graph of a mean spectrum, in bytes.

    Example:
        >>> from nextims.data.memory import estimate
        >>> estimate(300_000, memory_efficient=True, workers=2).total < 2e9
        True
    """
    # The training and the validation loader each have their workers.
    processes = 1 + 2 * workers
    holders = max(1, workers)
    held = 0 if memory_efficient else holders * (array_bytes + OBJECT_BYTES)
    library = samples * (processes * INDEX_BYTES + held)
    return Estimate(memory_efficient, samples, library, library + processes * PROCESS_BYTES)


def array_bytes(config: Config, examples: int = 200) -> float:
    """Return the mean size in bytes of a training example's arrays in the configured store.

    Args:
        config: names the store.
        examples: how many to look at, spread over the store.
    """
    dataset = _dataset(config, "train", memory_efficient=True)
    items = np.linspace(0, len(dataset) - 1, min(examples, len(dataset))).astype(int)
    return float(np.mean([_example_bytes(dataset[int(item)]) for item in items]))


def measure(config: Config, *, memory_efficient: bool, samples: int = 0) -> Measurement:
    """Run the real loaders of training over two epochs in a fresh process and measure them.

    Args:
        config: names the store and the number of workers.
        memory_efficient: which mode.
        samples: at most so many spectra of the training split; 0 for all.

    Raises:
        StoreError: there is no usable store.
    """
    SpectrumStore(config.data.store).close()  # a missing store is reported from here
    # A spawned process starts without what this one has in memory.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as executor:
        return executor.submit(_measure_here, config, memory_efficient, samples).result()


def _measure_here(config: Config, memory_efficient: bool, samples: int) -> Measurement:
    dataset = _dataset(config, "train", memory_efficient=memory_efficient)
    validation = _dataset(config, "validation", memory_efficient=memory_efficient)
    if samples:
        dataset.rows = dataset.rows[:samples]
    common = {
        "max_mz": config.data.max_mz,
        "batch_size": config.training.finetune.batch_size,
        "num_workers": config.data.num_workers,
    }
    loader = make_loader(dataset, **common, shuffle_seed=config.training.seed)
    validation_loader = make_loader(validation, **common)
    seconds = 0.0
    for epoch in range(2):
        loader.batch_sampler.epoch = epoch
        started = time.perf_counter()
        _exhaust(loader)
        seconds = time.perf_counter() - started
        _exhaust(validation_loader)
    del loader, validation_loader  # ends the workers, whose peak counts only then
    workers = 2 * config.data.num_workers
    peak = _peak(resource.RUSAGE_SELF) + workers * _peak(resource.RUSAGE_CHILDREN)
    return Measurement(memory_efficient, len(dataset), peak, len(dataset) / seconds)


def _exhaust(loader: DataLoader) -> None:
    for _ in loader:
        pass


def _peak(who: int) -> float:
    # Linux counts in kilobytes, macOS in bytes.
    return resource.getrusage(who).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _dataset(config: Config, split: str, *, memory_efficient: bool) -> SpectrumDataset:
    return SpectrumDataset(
        config.data.store,
        split,
        energy_range=STANDARD_ENERGY_RANGE,
        inputs=Inputs(graph=True),
        memory_efficient=memory_efficient,
    )


def _example_bytes(example: Example) -> int:
    features, graph = example.features, example.features.graph
    arrays = (
        features.positions,
        features.values,
        graph.atoms,
        graph.edges,
        graph.bonds,
        example.spectrum.mz,
        example.spectrum.intensity,
    )
    return sum(array.nbytes for array in arrays)
