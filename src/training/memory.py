"""What a library takes of memory in training, measured with the real loaders and models."""

from __future__ import annotations

import math
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import cycle, islice, product
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch.utils.data import DataLoader

from ..chemistry.molecule import ELEMENTS
from ..config import Config, PhaseConfig
from ..data.examples.features import Batch
from ..data.examples.loader import make_loader
from ..data.examples.memory import Estimate, estimate, open_split
from ..data.library.store import SpectrumStore
from ..files.peak_memory import PeakMemory
from ..models.device import bound_caches, choose_device
from ..models.formula_head import Vocabulary
from ..models.student import Student
from ..models.teacher_network import TeacherNetwork
from .distillation.student import DistillationPhase, student_arguments
from .gradnorm import GradNorm
from .teacher_network import FinetunePhase, network_arguments
from .trainer import Phase, Step

# Beside weights, gradients and the two moments of AdamW: what the steps themselves need, measured
# with the default sizes. (The teacher's fragments differ much from batch to batch.)
STEP_BYTES = {"student": 200e6, "teacher": 400e6}
_BYTES_PER_WEIGHT = 16
_WARM_UP_STEPS = 3
# A worker that has seen so much of a library counts as holding all of it.
_NEARLY_ALL = 0.97


@dataclass(frozen=True)
class Measurement:
    """What loading a library and training on it took.

    Attributes:
        memory_efficient: which mode.
        spectra: spectra of the training and the validation split that were loaded.
        peak_loading: peak resident memory of all processes while loading, in bytes, as
            ``PeakMemory`` counts it.
        peak: the same with training steps.
        loaded_per_second: spectra/s of the loader alone, when all that is held is held.
        trained_per_second: spectra/s of training steps fed by the loader.
        disk: size of the store and of the features kept beside it, in bytes.
    """

    memory_efficient: bool
    spectra: int
    peak_loading: float
    peak: float
    loaded_per_second: float
    trained_per_second: float
    disk: int


def measure(
    config: Config, phase: str, *, memory_efficient: bool, samples: int = 0, steps: int = 12
) -> Measurement:
    """Run the real loaders and some training steps in a fresh process and measure them.

    Args:
        config: names the store and the number of workers.
        phase: "teacher" or "student"; the student's labels are made up.
        memory_efficient: which mode.
        samples: as many spectra as a library of this size has for training and validation; 0 for
            all there are.
        steps: training steps to measure.

    Raises:
        StoreError: there is no usable store.
        EmptySplitError: the store has no spectrum to train or to validate on.
    """
    SpectrumStore(config.data.store).close()  # a missing store is reported from here
    # A spawned process starts without what this one has in memory.
    context = multiprocessing.get_context("spawn")
    store = config.data.store
    with (
        tempfile.TemporaryDirectory(dir=store.parent) as folder,
        ProcessPoolExecutor(max_workers=1, mp_context=context) as executor,
    ):
        process = executor.submit(os.getpid).result()
        # Of itself, a spawned process would spawn its workers too.
        start_method = multiprocessing.get_start_method()
        run = _Run(config, phase, memory_efficient, samples, steps, start_method, Path(folder))
        with PeakMemory(process) as loading:
            spectra, loaded = executor.submit(_load, run).result()
        with PeakMemory(process) as training:
            trained = executor.submit(_train).result()
        disk = sum(path.stat().st_size for path in (store, *Path(folder).iterdir()))
    peak = max(loading.bytes, training.bytes)
    return Measurement(memory_efficient, spectra, loading.bytes, peak, loaded, trained, disk)


def expect(
    config: Config, phase: str, samples: int, *, memory_efficient: bool, example_bytes: float
) -> Estimate:
    """Estimate what training a phase on a library takes, over all processes.

    Args as in ``measure``, but for ``samples``, the spectra in the library, and ``example_bytes``,
    what a mean example takes once its features are computed.

    Example:
        >>> from nextims.config import Config
        >>> from nextims.training.memory import expect
        >>> expect(
        ...     Config(), "student", 300_000, memory_efficient=True, example_bytes=7000
        ... ).total < 32e9
        True
    """
    weights = sum(weight.numel() for weight in _phase(config, phase).parameters())
    return estimate(
        samples,
        memory_efficient=memory_efficient,
        workers=config.data.num_workers,
        example_bytes=example_bytes,
        model_bytes=_BYTES_PER_WEIGHT * weights + STEP_BYTES[phase],
        used=1 - config.data.test_fraction,
    )


@dataclass(frozen=True)
class _Run:
    config: Config
    phase: str
    memory_efficient: bool
    samples: int
    steps: int
    start_method: str
    folder: Path

    @property
    def settings(self) -> PhaseConfig:
        training = self.config.training
        return training.finetune if self.phase == "teacher" else training.student


# Of the process that is measured: what it loads from and how.
_open: tuple[_Run, DataLoader, DataLoader] | None = None


def _load(run: _Run) -> tuple[int, float]:
    """Open the loaders, come to hold all that the mode holds; return spectra and spectra/s."""
    global _open
    multiprocessing.set_start_method(run.start_method, force=True)
    bound_caches()
    train, validation = _loaders(run)
    workers = run.config.data.num_workers
    epochs = 1
    if not run.memory_efficient and workers > 1:
        epochs = math.ceil(math.log(1 - _NEARLY_ALL) / math.log(1 - 1 / workers))
    for epoch in range(epochs):
        train.batch_sampler.epoch = epoch
        _exhaust(train)
        _exhaust(validation)
    train.batch_sampler.epoch = epochs
    started = time.perf_counter()
    loaded = _exhaust(train)
    rate = loaded / (time.perf_counter() - started)
    _open = run, train, validation
    return len(train.dataset) + len(validation.dataset), rate


def _loaders(run: _Run) -> tuple[DataLoader, DataLoader]:
    data = run.config.data
    shares = {
        "train": 1 - data.test_fraction - data.validation_fraction,
        "validation": data.validation_fraction,
    }
    loaders = []
    for split, share in shares.items():
        dataset = open_split(run.config, split, run.phase, memory_efficient=run.memory_efficient)
        if run.samples:
            dataset.rows = dataset.rows[: max(1, round(share * run.samples))]
        if run.phase == "student" and run.memory_efficient:
            dataset.keep_features(run.folder / f"{split}_features.bin")
        loaders.append(
            make_loader(
                dataset,
                max_mz=data.max_mz,
                batch_size=run.settings.batch_size,
                num_workers=data.num_workers,
                shuffle_seed=run.config.training.seed if split == "train" else None,
            )
        )
    return loaders[0], loaders[1]


def _exhaust(loader: DataLoader) -> int:
    return sum(len(batch) for batch in loader)


def _train() -> float:
    """Train on batches of the loader; return spectra/s."""
    global _open
    # The workers of validation wait meanwhile; all of them end with this function.
    (run, loader, _validation), _open = _open, None
    training = run.config.training
    phase = _phase(run.config, run.phase)
    fabric = Fabric(
        accelerator=choose_device(training.device),
        devices=1,
        precision=run.settings.precision or training.precision,
    )
    _, optimizer = fabric.setup(phase, torch.optim.AdamW(phase.parameters()))
    gradnorm = GradNorm(phase.loss_names, **training.gradnorm.model_dump()).to(fabric.device)
    learn = Step(fabric, optimizer, gradnorm, training.gradient_clip)
    phase.train()
    spectra, started = 0, 0.0
    for step, batch in enumerate(islice(_repeated(loader), _WARM_UP_STEPS + run.steps)):
        if step == _WARM_UP_STEPS:
            started = time.perf_counter()
        batch = _labelled(batch, phase).to(fabric.device)
        learn(phase, phase, batch)
        phase.after_step()
        if step >= _WARM_UP_STEPS:
            spectra += len(batch)
    return spectra / (time.perf_counter() - started)


def _repeated(loader: DataLoader) -> Iterator[Batch]:
    """Yield batches, epoch after epoch."""
    while True:
        loader.batch_sampler.epoch += 1
        yield from loader


def _phase(config: Config, phase: str) -> Phase:
    torch.manual_seed(config.training.seed)
    if phase == "teacher":
        settings = config.teacher.model_copy(update={"bond_energies": False})
        return FinetunePhase(TeacherNetwork(**network_arguments(config)), settings)
    model = Student(**student_arguments(config))
    model.head.start_from(_vocabulary(config.student.ions, config.student.losses))
    return DistillationPhase(
        model,
        teacher_width=model.feature_width,
        settings=config.distillation,
        routing=config.student,
    )


def _vocabulary(ions: int, losses: int) -> Vocabulary:
    """Return formulas of C, H, O and N as a vocabulary, each as usual as the others."""
    places = [ELEMENTS.index(element) for element in ("C", "N", "O", "H")]
    formulas = torch.zeros(ions + losses, len(ELEMENTS), dtype=torch.int16)
    numbers = cycle(product(range(1, 20), range(3), range(4), range(1, 42)))
    for formula, counts in zip(formulas, numbers, strict=False):
        formula[places] = torch.tensor(counts, dtype=torch.int16)
    usual = torch.full((ions + losses,), 1 / (ions + losses))
    return Vocabulary(formulas[:ions], formulas[ions:], usual)


def _labelled(batch: Batch, phase: Phase) -> Batch:
    """Return the batch with labels of a teacher made up, where the phase needs them."""
    if not isinstance(phase, DistillationPhase):
        return batch
    mean = batch.spectrum / batch.spectrum.sum(1, keepdim=True)
    features = torch.zeros(len(batch), phase.projection.out_features)
    deviation = torch.zeros_like(mean)
    return replace(batch, teacher_mean=mean, teacher_deviation=deviation, teacher_features=features)
