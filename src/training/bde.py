"""Training the BDE model: the encoder's pretraining on DFT bond dissociation energies."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from ..config import Config
from ..data.examples.dft_dataset import BDEDataset, bde_loader
from ..data.examples.graph_batch import GraphBatch
from ..evaluation.bond_energies import bond_errors, mean_errors
from ..files.digest import file_digest
from ..models.bde import BDEModel
from ..models.checkpoint import (
    CheckpointError,
    load_content,
    load_model,
    load_plain,
    save_atomically,
)
from .earlier import Run, Say, can_resume
from .losses import bond_energy_loss
from .model_card import write_card
from .parallel.launch import start
from .parallel.processes import gathered, on_first
from .runs import run_key, sole_writer, train_phase
from .trainer import Losses, Phase, state_path


class PretrainPhase(Phase):
    """Trains the BDE model."""

    name = "pretrain_teacher"
    loss_names = ("bond_energy",)
    monitor = "negative_bde_error"

    def forward(self, batch: GraphBatch) -> Losses:
        """Return the loss of a batch."""
        return Losses({"bond_energy": bond_energy_loss(self.model(batch), batch.targets)}, {})

    def validate(self, batches: DataLoader) -> dict[str, float]:
        """Return the mean absolute errors in kcal/mol, and that of the BDE negative."""
        errors = mean_errors(torch.cat(gathered(bond_errors(self.model, batches))))
        return {**errors, self.monitor: -errors["bde_error"]}


def bde_key(config: Config) -> str:
    """Return the key of the configured BDE model's run."""
    data = file_digest(config.bde.data) if config.bde.data.is_file() else None
    return run_key(config, "pretrain", {"model": bde_arguments(config), "bde_data": data})


def bde_arguments(config: Config) -> dict[str, int]:
    """Return the constructor arguments of the configured BDE model."""
    return {f"encoder_{name}": size for name, size in config.encoder.model_dump().items()}


def starting_model(config: Config, say: Say = lambda line: None) -> Path | None:
    """Return the BDE model that the teacher's encoder starts from; ``None``: random weights.

    That is the one at ``bde.checkpoint``; where nothing is at that default, the one that comes with
    the code, if it is of the configured size. ``say`` takes a line where it is not the first.
    """
    own = config.bde.checkpoint
    path = config.to_read(own)
    if path == own:
        return path if path.is_file() else None
    size = load_content(path)["model_config"]
    if size != bde_arguments(config):
        say(
            f"{own}: not there; the encoder starts from random weights, as {path}, which comes "
            f"with NExtIMS, is of the size {size}, the config's is {bde_arguments(config)}"
        )
        return None
    return config.to_read(own, say)


def load_bde_model(config: Config) -> BDEModel:
    """Return the model that ``starting_model`` names, of the configured size.

    Raises:
        CheckpointError: it is missing, unfinished, of another size or none of these models.
    """
    path = starting_model(config) or config.bde.checkpoint
    model, description = load_model(path)
    problem = None
    if not isinstance(model, BDEModel):
        problem = f"holds a {model.kind}, expected a BDE model"
    elif "finished" not in description.metadata:
        problem = "its training has not finished"
    elif description.model_config != bde_arguments(config):
        problem = f"its size is {description.model_config}, the config's {bde_arguments(config)}"
    if problem:
        raise CheckpointError(
            f"{path}: {problem}; train it anew with `nextims train teacher --phase "
            "pretrain`, or name another file in bde.checkpoint (one that is not there: a start "
            "from random weights)"
        )
    return model


def train_bde(config: Config, **earlier: Any) -> dict[str, Any]:
    """Train the BDE model; leave it at ``bde.checkpoint`` when it is finished.

    Until then the best model so far is at ``teacher.pretrained``. ``earlier`` says what becomes of
    an earlier run: options of ``Run.carry_out``.

    Returns:
        The metadata of the checkpoint.

    Raises:
        BDEDataError: the DFT energies are missing.
        CheckpointError: another run is writing it, or an earlier one stays.
        DeviceError: there are not so many devices.
        Interrupted: SIGTERM or Ctrl-C came; the state is saved.
    """
    start(config.training)
    best, name = config.teacher.pretrained, PretrainPhase.name
    with sole_writer(best), sole_writer(config.bde.checkpoint):
        splits = [BDEDataset(config.bde.data, split) for split in ("train", "validation")]
        key = bde_key(config)
        can_go_on = partial(can_resume, best, name, key)
        run = Run(config.bde.checkpoint, key, state_path(best, name), can_go_on)
        return run.carry_out(partial(_train_bde, config, key, *splits), **earlier)


def _train_bde(
    config: Config, key: str, train: BDEDataset, validation: BDEDataset, resume: bool
) -> dict[str, Any]:
    settings = config.training.pretrain
    arguments = bde_arguments(config)
    loaders = (
        bde_loader(
            train,
            batch_size=settings.batch_size,
            num_workers=config.data.num_workers,
            shuffle_seed=config.training.seed,
        ),
        bde_loader(validation, batch_size=settings.batch_size, num_workers=0),
    )
    torch.manual_seed(config.training.seed)
    metadata = train_phase(
        config,
        PretrainPhase(BDEModel(**arguments)),
        settings,
        loaders,
        model_config=arguments,
        checkpoint=config.teacher.pretrained,
        key=key,
        resume=resume,
        data={"source": train.source, "sha256": file_digest(config.bde.data)},
        trained_on={
            "training_molecules": len(train),
            "training_bonds": train.bonds,
            "atom_kinds": sorted(list(kind) for kind in train.atom_kinds()),
        },
        half=False,  # rounded weights cost some hundredths of a kcal/mol
    )
    on_first(_publish, config)
    return metadata


def _publish(config: Config) -> None:
    save_atomically(load_plain(config.teacher.pretrained), config.bde.checkpoint)
    write_card(config.bde.checkpoint)
