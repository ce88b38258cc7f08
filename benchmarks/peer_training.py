"""Training what the shipped models are compared with, once: what is there is not trained again.

Each result lies in a folder of its own, named by a digest of the store and the settings. A training
that was stopped continues, but for that of NEIMS, which begins anew.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from neims import Neims
from neims import train as fit_neims
from nextims.config import Config, PhaseConfig
from nextims.data.examples.features import Batch
from nextims.data.library.ingest import ingest
from nextims.data.library.store import SETTINGS, SpectrumStore, StoreError
from nextims.data.massbank import read_massbank
from nextims.data.nist_dataset import ensure_store
from nextims.evaluation.assess import assess
from nextims.files.digest import file_digest
from nextims.models.checkpoint import (
    load_model,
    load_plain,
    save_atomically,
    save_checkpoint,
    weights_digest,
)
from nextims.training.bde import bde_arguments, load_bde_model, starting_model
from nextims.training.earlier import can_resume, is_complete
from nextims.training.losses import bond_energy_loss, entropy_distance, recorded
from nextims.training.runs import (
    library_part,
    library_source,
    mean_scores,
    run_key,
    split_loader,
)
from nextims.training.teacher import is_begun, teacher_key, train_teacher
from nextims.training.trainer import Losses, Phase, Trainer
from peers import PlainTeacher

Trained = tuple[nn.Module, dict[str, Any]]  # the model and what its checkpoint says of it

# Of the plain teacher, whose schedule is PhaseConfig's own: a peer stays as it is while the teacher
# that it is compared with changes.
_PLAIN_SIZES = {
    "fingerprint_width": 768,
    "head_blocks": 4,
    "head_bottleneck": 384,
    "dropout": 0.4,
    "drop_edge": 0.1,
}


def with_epochs(config: Config, epochs: int | None) -> Config:
    """Return the configuration with other epochs of fine-tuning; ``None`` for no others."""
    if epochs is None:
        return config
    finetune = config.training.finetune.model_copy(update={"epochs": epochs})
    training = config.training.model_copy(update={"finetune": finetune})
    return config.model_copy(update={"training": training})


def split_config(config: Config, split_by: str, work: Path, records: Path | None) -> Config:
    """Return the configuration of the same library split in another way, its store made.

    Made from the records, as which derivatives a store takes in depends on the split.

    Args:
        config: names the store of the library.
        split_by: as in ``data.split_by``.
        work: folder of what the benchmark keeps.
        records: MassBank records that the library's store was made from; without them the NIST
            library at ``data.nist_msp``.

    Raises:
        StoreError: there are no records, or they are others than those of the library's store.
    """
    settings = config.data.model_copy(update={"split_by": split_by})
    folder = _folder(work, split_by, _digest(settings.model_dump(include=set(SETTINGS)), config))
    settings = settings.model_copy(update={"store": folder / "spectra.h5"})
    changed = config.model_copy(update={"data": settings})
    if settings.store.is_file():
        return changed
    with SpectrumStore(config.data.store) as store:
        source = store.attributes["source"]
    if source != (records or config.data.nist_msp).name:
        raise StoreError(f"{config.data.store}: made from {source}; name it with --records")
    print(f"{settings.store}: splitting by {split_by}", flush=True)
    if records is None:
        ensure_store(changed)
    else:
        ingest(read_massbank(records), settings.store, config=settings, source=records.name)
    return changed


def trained_neims(config: Config, work: Path, *, epochs: int) -> Trained:
    """Return NEIMS as ``benchmarks/neims.py`` trains it."""
    sizes = {"width": 1000, "blocks": 5}
    shared = {"epochs": epochs, "seed": config.training.seed, "max_mz": config.data.max_mz}
    key = _digest({**sizes, **shared}, config)
    checkpoint = _folder(work, "neims", key) / "neims.pt"

    def train(_: bool) -> None:
        model = fit_neims(config, epochs=epochs, **sizes)
        arguments = {"max_mz": config.data.max_mz, **sizes, "dropout": 0.0}  # not trained further
        metadata = {"key": key, "data": library_source(config)}
        save_checkpoint(checkpoint, model, arguments, metadata, half=False)

    if not is_complete(checkpoint, key):
        _train(checkpoint, False, train)
    return _load(checkpoint, Neims)


class PlainPhase(Phase):
    """Trains the plain teacher on spectra, with bond energies as the auxiliary task.

    Args:
        model: the plain teacher.
        bond_energies: whether to learn bond energies as well.
    """

    name = "plain_teacher"
    monitor = "entropy_similarity"

    def __init__(self, model: PlainTeacher, *, bond_energies: bool):
        super().__init__(model)
        self.loss_names = ("spectrum", "bond_energy") if bond_energies else ("spectrum",)

    def forward(self, batch: Batch) -> Losses:
        """Return the losses of a batch."""
        prediction = self.model(batch)
        predicted = recorded(prediction.intensity, batch.recorded)
        measured = recorded(batch.spectrum, batch.recorded)
        losses = {"spectrum": entropy_distance(predicted, measured).mean()}
        if "bond_energy" in self.loss_names:
            losses["bond_energy"] = bond_energy_loss(prediction.extra, batch.graph.targets)
        return Losses(losses, {})

    def validate(self, batches: DataLoader) -> dict[str, float]:
        """Return the mean metrics of the validation spectra."""
        return mean_scores(assess(self.model, batches))


def trained_plain_teacher(config: Config, work: Path, *, epochs: int) -> Trained:
    """Return the plain teacher, as it was shipped before the teacher knew fragments.

    As the teacher does it starts from the BDE model, where there is one, and learns bond energies
    where ``teacher.bond_energies`` says so.
    """
    # GradNorm as published: its weights move at each step.
    gradnorm = config.training.gradnorm.model_copy(update={"every": 1})
    training = config.training.model_copy(
        update={"finetune": PhaseConfig(epochs=epochs), "gradnorm": gradnorm}
    )
    config = config.model_copy(update={"training": training})
    arguments = {"max_mz": config.data.max_mz, **bde_arguments(config), **_PLAIN_SIZES}
    energies = config.teacher.bond_energies
    start = starting_model(config)
    parts = {
        "model": arguments,
        "bde": file_digest(config.bde.cache) if energies else None,
        "start": weights_digest(start) if start else None,
        **library_part(config),
    }
    key = run_key(config, "finetune", parts)
    checkpoint = _folder(work, "plain-teacher", key) / "plain_teacher.pt"

    def train(resume: bool) -> None:
        torch.manual_seed(config.training.seed)
        model = PlainTeacher(**arguments)
        if start:
            model.start_from(load_bde_model(config))

        def save_best(validation: Mapping[str, float]) -> None:
            metadata = {"key": key, "data": library_source(config), "validation": dict(validation)}
            save_checkpoint(checkpoint, model, arguments, metadata)

        trainer = Trainer(
            PlainPhase(model, bond_energies=energies),
            settings=config.training.finetune,
            shared=config.training,
            checkpoint=checkpoint,
            save_best=save_best,
            key=key,
        )
        common = {"inputs": model.inputs, "batch_size": config.training.finetune.batch_size}
        training = {
            "shuffle": True,
            "bde_cache": config.bde.cache if energies else None,
        }
        loaders = (
            split_loader(config, "train", **training, **common),
            split_loader(config, "validation", **common),
        )
        trainer.fit(*loaders, resume=resume)

    if not is_complete(checkpoint, key):
        _train(checkpoint, can_resume(checkpoint, PlainPhase.name, key), train)
    return _load(checkpoint, PlainTeacher)


def trained_teacher(
    config: Config, work: Path, *, epochs: int | None = None, members: int | None = None
) -> Trained:
    """Return a teacher of the configured architecture trained on the configured store.

    Args:
        config: the configuration.
        work: folder of what the benchmark keeps.
        epochs: largest number of epochs, if not that of the configuration.
        members: number of networks, if not that of the configuration.
    """
    config = with_epochs(config, epochs)
    own = config.teacher.model_copy(update={"members": members or config.teacher.members})
    config = config.model_copy(update={"teacher": own})
    key = teacher_key(config)
    checkpoint = _folder(work, "teacher", key) / "teacher.pt"
    own = own.model_copy(update={"checkpoint": checkpoint})
    config = config.model_copy(update={"teacher": own})
    if not is_complete(checkpoint, key):
        _train(checkpoint, is_begun(config), lambda resume: train_teacher(config, resume=resume))
    model, description = load_model(checkpoint)
    return model, description.metadata


def _train(checkpoint: Path, resume: bool, train: Callable[[bool], object]) -> None:
    """Train, and note in the checkpoint that it is finished and how long it took."""
    print(f"{checkpoint}: {'continued' if resume else 'training'}", flush=True)
    start = time.monotonic()
    train(resume)
    content = load_plain(checkpoint)
    metadata = content["metadata"]
    if not resume:
        metadata["training_seconds"] = time.monotonic() - start
    metadata.setdefault("finished", datetime.now(timezone.utc).isoformat(timespec="seconds"))
    save_atomically(content, checkpoint)


def _load(checkpoint: Path, model_class: type[nn.Module]) -> Trained:
    """Return a model of a kind that ``load_model`` does not know."""
    content = load_plain(checkpoint)
    model = model_class(**content["model_config"])
    weights = content["weights"].items()
    model.load_state_dict({name: w.float() if w.is_floating_point() else w for name, w in weights})
    return model.eval(), content["metadata"]


def _digest(settings: Mapping[str, Any], config: Config) -> str:
    text = json.dumps({**settings, "store": file_digest(config.data.store)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _folder(work: Path, name: str, key: str) -> Path:
    return work / f"{name}-{key[:12]}"
