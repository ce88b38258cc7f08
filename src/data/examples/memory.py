"""What a library takes of memory in training, estimated from sizes."""

from __future__ import annotations

import multiprocessing
import sys
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from ...config import Config
from ...spectra.spectrum import STANDARD_ENERGY_RANGE
from .dataset import SpectrumDataset
from .features import Inputs

# Resident memory of the main process with Python, PyTorch and RDKit loaded, and of a worker with
# batches on their way: a forked one shares what its parent has loaded, any other loads its own.
# Measured on Linux with CPython 3.11.
PROCESS_BYTES = 450e6
FORKED_BYTES = 30e6
WORKER_BYTES = 330e6
# By so much grows a forked worker that holds examples, be they few: they fill gaps in the memory
# that it shares, which it has to copy for that.
COPIED_BYTES = 90e6
# What the index of a store and a dataset's list of rows take: offsets 8, energy 4, lowest m/z 4,
# split 1, row 4.
INDEX_BYTES = 21
# Unpacked chunks that a reader keeps: m/z, intensity, texts.
CACHE_BYTES = 10e6
# A mean MassBank record as each phase reads it, for an estimate without a store.
TYPICAL_EXAMPLE_BYTES = {"teacher": 60_000, "student": 7_000}
# Of an array: its header, what the allocator adds, and what lies unused between arrays.
_ARRAY_OVERHEAD = 150


@dataclass(frozen=True)
class Estimate:
    """Memory that training on a library needs, in bytes.

    Attributes:
        memory_efficient: which mode.
        spectra: size of the library.
        library: what all processes hold of the library.
        total: the same with the processes themselves and the model.
    """

    memory_efficient: bool
    spectra: int
    library: float
    total: float


def estimate(
    samples: int,
    *,
    memory_efficient: bool,
    workers: int,
    example_bytes: float,
    model_bytes: float = 0.0,
    used: float = 0.9,
) -> Estimate:
    """Estimate what training on a library takes, over all processes.

    Every worker reads its share of each epoch's batches, which differs from epoch to epoch: without
    the memory-efficient mode each of them comes to hold all that is trained or validated on.

    Args:
        samples: spectra in the library.
        memory_efficient: which mode.
        workers: worker processes of each loader; 0 for none.
        example_bytes: what a mean example takes once its features are computed.
        model_bytes: what the model takes in training.
        used: share of the spectra in the training and the validation split.

    Example:
        >>> from nextims.data.examples.memory import estimate
        >>> held = estimate(300_000, memory_efficient=False, workers=0, example_bytes=7000)
        >>> round(held.library / 1e9, 1)
        1.9
    """
    # The training and the validation loader each have their workers.
    forked = multiprocessing.get_start_method() == "fork"
    held = 0 if memory_efficient else max(1, workers) * used * example_bytes
    indexes = 1 if forked else 1 + 2 * workers
    readers = max(1, 2 * workers)
    library = samples * (indexes * INDEX_BYTES + held) + readers * CACHE_BYTES
    programs = PROCESS_BYTES + 2 * workers * (FORKED_BYTES if forked else WORKER_BYTES)
    if forked and not memory_efficient:
        programs += workers * max(0.0, COPIED_BYTES - samples * used * example_bytes)
    return Estimate(memory_efficient, samples, library, library + programs + model_bytes)


def phase_inputs(config: Config, phase: str) -> Inputs:
    """Return what the model of a phase ("teacher" or "student") reads of a molecule."""
    if phase == "teacher":
        return Inputs(graph=True, fragments=config.fragments.max_per_molecule)
    return Inputs(pieces=config.student.pieces)


def open_split(
    config: Config, split: str, phase: str, *, memory_efficient: bool
) -> SpectrumDataset:
    """Return a split of the configured store as a phase reads it.

    Raises:
        StoreError: there is no usable store.
        EmptySplitError: the split has no spectrum.
    """
    return SpectrumDataset(
        config.data.store,
        split,
        energy_range=STANDARD_ENERGY_RANGE,
        inputs=phase_inputs(config, phase),
        memory_efficient=memory_efficient,
    )


def mean_example_bytes(config: Config, phase: str, examples: int = 200) -> float:
    """Return what a mean training example of the configured store takes in memory.

    So many ``examples`` are looked at, spread over the store; phases are as in ``phase_inputs``.
    """
    dataset = open_split(config, "train", phase, memory_efficient=True)
    items = np.linspace(0, len(dataset) - 1, min(examples, len(dataset))).astype(int)
    return float(np.mean([size_in_memory(dataset[int(item)]) for item in items]))


def size_in_memory(value: Any) -> int:
    """Return the bytes of an object, of its attributes and of theirs.

    Example:
        >>> import numpy as np
        >>> from nextims.data.examples.memory import size_in_memory
        >>> 8000 < size_in_memory(np.zeros(1000)) < 8200
        True
    """
    if isinstance(value, np.ndarray):
        return value.nbytes + _ARRAY_OVERHEAD
    size = sys.getsizeof(value)
    if is_dataclass(value):
        size += sys.getsizeof(value.__dict__)
        size += sum(size_in_memory(getattr(value, field.name)) for field in fields(value))
    return size
