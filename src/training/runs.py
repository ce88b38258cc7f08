"""What every training run shares: its data, its key, and the checkpoint that it leaves."""

from __future__ import annotations

import hashlib
import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from ..config import Config, PhaseConfig
from ..data.examples.dataset import (
    Concatenation,
    ExampleDataset,
    SpectrumDataset,
)
from ..data.examples.features import FINGERPRINT_ONLY, Batch, Inputs
from ..data.examples.loader import make_loader
from ..data.library.store import SpectrumStore
from ..files.digest import file_digest
from ..files.writing import BeingWrittenError, only_writer
from ..models.checkpoint import CheckpointError, load_plain, save_atomically, save_checkpoint
from ..spectra.spectrum import STANDARD_ENERGY_RANGE
from .parallel.processes import first_ahead, gathered, is_first, on_first
from .trainer import Phase, Trainer

# A process that reads data for a run that was killed holds its lock for some seconds longer.
_SECONDS_TO_END = 10

# Fabric announces each seed and suggests more workers than a laptop has cores.
logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
warnings.filterwarnings("ignore", message=".*does not have many workers.*")
# PyTorch's advice for what its older versions, which we support, do not have.
warnings.filterwarnings("ignore", message=".*`broadcast_buffers` is deprecated.*")


def run_key(config: Config, phase: str, settings: Mapping[str, Any]) -> str:
    """Return a digest of all that the result of a phase of ``config.training`` depends on.

    ``settings`` are what else it depends on, as plain values.
    """
    training = config.training
    shared = training.model_dump(
        mode="json", include={"seed", "precision", "gradient_clip", "gradnorm"}
    )
    if phase != "student":  # the others balance no losses
        del shared["gradnorm"]["every"]
    parts = {
        "phase": phase,
        "schedule": getattr(training, phase).model_dump(mode="json", exclude_none=True),
        "shared": shared,
        **settings,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def library_part(config: Config) -> dict[str, Any]:
    """Return what the result of a run on spectra depends on, for ``run_key``."""
    return {
        "data": config.data.model_dump(mode="json", include={"max_mz", "energy_range"}),
        "store": file_digest(config.data.store),
    }


def library_source(config: Config) -> dict[str, str]:
    """Return what a checkpoint says of the library that it was trained on."""
    with SpectrumStore(config.data.store) as store:
        source = str(store.attributes["source"])
    return {"source": source, "sha256": file_digest(config.data.store)}


def split_loader(
    config: Config,
    split: str,
    *,
    inputs: Inputs = FINGERPRINT_ONLY,
    batch_size: int,
    energy_range: tuple[float, float] = STANDARD_ENERGY_RANGE,
    shuffle: bool = False,
    bde_cache: Path | None = None,
    beside: ExampleDataset | None = None,
    rows: np.ndarray | None = None,
) -> DataLoader:
    """Return a loader of one split of the configured store.

    Args:
        config: the configuration.
        split: "train", "validation" or "test".
        inputs: what the model reads.
        batch_size: spectra a batch.
        energy_range: lowest and highest ionization energy, eV.
        shuffle: in random order, by the configured seed.
        bde_cache: cache of bond energies to add.
        beside: further examples.
        rows: positions in the store of the spectra to take, of those that are in the split.
    """
    dataset = SpectrumDataset(
        config.data.store,
        split,
        energy_range=energy_range,
        inputs=inputs,
        memory_efficient=config.data.memory_efficient_mode,
        bde_cache=bde_cache,
        rows=rows,
    )
    return make_loader(
        dataset if beside is None else Concatenation([dataset, beside]),
        max_mz=config.data.max_mz,
        batch_size=batch_size,
        num_workers=config.data.num_workers,
        shuffle_seed=config.training.seed if shuffle else None,
    )


def train_phase(
    config: Config,
    phase: Phase,
    settings: PhaseConfig,
    loaders: tuple[DataLoader, DataLoader],
    *,
    model_config: Mapping[str, Any],
    checkpoint: Path,
    key: str,
    resume: bool,
    data: Mapping[str, str],
    trained_on: Mapping[str, Any],
    half: bool = True,
) -> dict[str, Any]:
    """Train a phase and leave its best model.

    Args:
        config: the configuration.
        phase: what to train.
        settings: its schedule.
        loaders: of training and validation batches.
        model_config: arguments that the phase's model was made with.
        checkpoint: where the best model goes.
        key: what the run depends on.
        resume: continue a run that was stopped.
        data: source and SHA-256 of what it was trained on, for the metadata.
        trained_on: what else the metadata say of the training, as the number of examples.
        half: whether the weights are kept in half precision.

    Returns:
        The metadata of the checkpoint.

    Raises:
        CheckpointError: the checkpoint cannot be written, or is not this run's at the end.
        Interrupted: SIGTERM or Ctrl-C came; the state is saved.
    """

    def save_best(validation: Mapping[str, float]) -> None:
        metadata = {
            "key": key,
            "seed": config.training.seed,
            "data": dict(data),
            **trained_on,
            "validation": dict(validation),
        }
        save_checkpoint(checkpoint, phase.model, model_config, metadata, half=half)

    trainer = Trainer(
        phase,
        settings=settings,
        shared=config.training,
        checkpoint=checkpoint,
        save_best=save_best,
        key=key,
    )
    trainer.fit(*loaders, resume=resume)

    def finish() -> dict[str, Any]:
        content = load_plain(checkpoint)
        if content["metadata"].get("key") != key:
            raise CheckpointError(
                f"{checkpoint}: not the best model of this run, whose file was replaced or "
                "removed; --restart begins anew"
            )
        content["metadata"]["finished"] = now()
        save_atomically(content, checkpoint)
        return content["metadata"]

    return on_first(finish)


def now() -> str:
    """Return the time, as metadata have it."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def split_batches(
    config: Config, split: str, model: torch.nn.Module, **options: Any
) -> Iterator[Batch]:
    """Yield the batches of a split that a model reads, on its device, and show how far it is.

    The options are those of ``split_loader``.
    """
    loader = split_loader(config, split, inputs=model.inputs, **options)
    device = next((weight.device for weight in model.parameters()), torch.device("cpu"))
    for batch in tqdm(loader, desc=f"{split} split", unit="batch", disable=None, leave=False):
        yield batch.to(device)


def mean_scores(scores: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the mean of each metric that ``assess`` gave."""
    return {name: float(values.mean()) for name, values in scores.items() if name != "row"}


def all_scores(scores: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what ``assess`` gave in all processes, in the order of the store."""
    parts = gathered(dict(scores))
    together = {name: np.concatenate([part[name] for part in parts]) for name in scores}
    order = together["row"].argsort(kind="stable")
    return {name: values[order] for name, values in together.items()}


@contextmanager
def sole_writer(path: str | Path) -> Iterator[None]:
    """Keep every other run from writing a checkpoint while the context lasts.

    Raises:
        CheckpointError: another run is writing it, or it cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise CheckpointError(f"{path}: is a folder, expected a file to write")
    with ExitStack() as held:
        with first_ahead():
            if is_first():
                try:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    held.enter_context(only_writer(path, wait=_SECONDS_TO_END))
                except BeingWrittenError as error:
                    raise CheckpointError(str(error)) from error
                except OSError as error:
                    raise CheckpointError(f"{path}: cannot be written ({error})") from error
        yield
