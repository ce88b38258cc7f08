"""Training the teacher on spectra, from the encoder that the BDE model has trained."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader

from ..config import Config
from ..data.features import Batch
from ..data.nist_dataset import ensure_store
from ..evaluation.assess import assess
from ..models.teacher import Teacher
from .bde import bde_arguments, load_bde_model
from .checkpoint import weights_digest
from .losses import bond_energy_loss, entropy_distance, recorded
from .model_card import write_spectrum_card
from .runs import (
    file_digest,
    library_part,
    library_source,
    mean_scores,
    run_key,
    split_loader,
    test_metrics,
    train_phase,
)
from .trainer import Losses, Phase


class FinetunePhase(Phase):
    """Trains the teacher on spectra, with bond energies as the auxiliary task.

    Args:
        model: the teacher.
        bond_energies: whether to learn bond energies as well.
    """

    name = "finetune_teacher"
    monitor = "entropy_similarity"

    def __init__(self, model: Teacher, *, bond_energies: bool = True):
        super().__init__()
        self.model = model
        self.loss_names = ("spectrum", "bond_energy") if bond_energies else ("spectrum",)

    def forward(self, batch: Batch) -> Losses:
        """Return the losses of a batch."""
        prediction = self.model(batch)
        spectrum = entropy_distance(
            recorded(prediction.intensity, batch.lowest_mz),
            recorded(batch.spectrum, batch.lowest_mz),
        ).mean()
        balanced = {"spectrum": spectrum}
        if "bond_energy" in self.loss_names:
            balanced["bond_energy"] = bond_energy_loss(prediction.extra, batch.graph.targets)
        return Losses(balanced, {})

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the weights of the encoder's last layer."""
        return self.model.encoder.shared_parameters()

    def validate(self, batches: DataLoader) -> dict[str, float]:
        """Return the mean metrics of the validation spectra."""
        return mean_scores(assess(self.model, batches))


def teacher_arguments(config: Config) -> dict:
    """Return the constructor arguments of the configured teacher."""
    not_sizes = {"checkpoint", "pretrained", "mc_samples", "bond_energies"}
    own = config.teacher.model_dump(exclude=not_sizes)
    return {"max_mz": config.data.max_mz, **bde_arguments(config), **own}


def teacher_key(config: Config) -> str:
    """Return the key of the configured teacher's run."""
    settings = {"model": teacher_arguments(config), **library_part(config)}
    if config.teacher.bond_energies:
        settings["bde"] = file_digest(config.bde.cache)
    if config.bde.checkpoint.is_file():
        settings["start"] = weights_digest(config.bde.checkpoint)
    return run_key(config, "finetune", settings)


def train_teacher(config: Config, *, resume: bool = False) -> dict:
    """Train the teacher on spectra, with bond energies as the auxiliary task.

    The encoder and the bond-energy head start from the BDE model, where there is one.

    Args:
        config: the configuration.
        resume: continue a run that was stopped.

    Returns:
        The metadata of the checkpoint left at ``teacher.checkpoint``.

    Raises:
        StoreError: there is no store and nothing to make one from.
        BDECacheError: bond energies are wanted and there is no cache of them.
        CheckpointError: the BDE model does not fit.
        Interrupted: SIGTERM came; the state is saved.
    """
    ensure_store(config)
    arguments = teacher_arguments(config)
    torch.manual_seed(config.training.seed)
    model = Teacher(**arguments)
    if config.bde.checkpoint.is_file():
        model.start_from(load_bde_model(config))
    settings = config.training.finetune
    common = {"graph": True, "batch_size": settings.batch_size}
    loaders = (
        split_loader(
            config,
            "train",
            shuffle=True,
            energy_range=config.data.energy_range,
            bde_cache=config.bde.cache if config.teacher.bond_energies else None,
            **common,
        ),
        split_loader(config, "validation", **common),
    )
    metadata = train_phase(
        config,
        FinetunePhase(model, bond_energies=config.teacher.bond_energies),
        settings,
        loaders,
        model_config=arguments,
        checkpoint=config.teacher.checkpoint,
        key=teacher_key(config),
        resume=resume,
        data=library_source(config),
        trained_on={"training_spectra": len(loaders[0].dataset)},
        final_metrics=lambda trained: test_metrics(config, trained, settings.batch_size),
    )
    write_spectrum_card(config.teacher.checkpoint, config.data.store)
    return metadata
