"""Training one network of the teacher on spectra, from the BDE model's encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ..config import Config, TeacherConfig
from ..data.examples.features import Batch
from ..evaluation.assess import assess
from ..files.digest import file_digest
from ..models.checkpoint import weights_digest
from ..models.teacher_network import TeacherNetwork
from .bde import bde_arguments, load_bde_model, starting_model
from .distillation.self_training import PredictedSpectra, first_student_digest, predictions_part
from .losses import bond_energy_loss, cosine_distance, entropy_distance, recorded
from .parallel.processes import batch_mean
from .runs import (
    all_scores,
    library_part,
    library_source,
    mean_scores,
    run_key,
    split_loader,
    train_phase,
)
from .trainer import Losses, Phase

LOSS_WEIGHTS = {"cosine_weight", "head_loss_weight", "bond_energy_weight"}


class FinetunePhase(Phase):
    """Trains a network on spectra, with bond energies as the auxiliary task.

    The weights of the losses beside that of the spectrum, which ``settings`` has, are fixed:
    GradNorm needs the gradient of each loss by itself, a second pass backwards through the
    fragments in every step.
    """

    name = "finetune_teacher"
    monitor = "entropy_similarity"
    loss_names = ("spectrum",)

    def __init__(self, model: TeacherNetwork, settings: TeacherConfig):
        super().__init__(model)
        self.settings = settings
        # What is in no loss has no gradient, and DDP would wait for one.
        model.bond_energy.requires_grad_(settings.bond_energies)

    def forward(self, batch: Batch) -> Losses:
        """Return the losses of a batch."""
        prediction = self.model(batch)
        parts = prediction.extra
        measured = recorded(batch.spectrum, batch.recorded)

        def distance(intensity: Tensor) -> Tensor:
            predicted = recorded(intensity, batch.recorded)
            cosine = self.settings.cosine_weight * cosine_distance(predicted, measured)
            return batch_mean(entropy_distance(predicted, measured) + cosine)

        # Each head also learns as if it were alone: two that err differently are worth mixing.
        fragments, bins = (self.settings.head_loss_weight * distance(own) for own in parts.alone)
        fixed = {"fragments": fragments, "bins": bins}
        if self.settings.bond_energies:
            loss = bond_energy_loss(parts.bond_energies, batch.graph.targets)
            fixed["bond_energy"] = self.settings.bond_energy_weight * loss
        return Losses({"spectrum": distance(prediction.intensity)}, fixed)

    def validate(self, batches: DataLoader) -> dict[str, float]:
        """Return the mean metrics of the validation spectra."""
        return mean_scores(all_scores(assess(self.model, batches)))


def network_arguments(config: Config) -> dict[str, Any]:
    """Return the constructor arguments of the configured networks."""
    not_sizes = {"checkpoint", "pretrained", "members", "mc_samples", "bond_energies"}
    not_sizes |= {"student", "student_structures"}
    own = config.teacher.model_dump(exclude=not_sizes | LOSS_WEIGHTS)
    return {
        "max_mz": config.data.max_mz,
        "fragments": config.fragments.max_per_molecule,
        **bde_arguments(config),
        **own,
    }


def network_key(config: Config) -> str:
    """Return the key of the training of one network from the configured seed."""
    settings = {
        "model": network_arguments(config),
        "losses": config.teacher.model_dump(include=LOSS_WEIGHTS),
        **library_part(config),
    }
    if config.teacher.bond_energies:
        settings["bde"] = file_digest(config.bde.cache)
    if start := starting_model(config):
        settings["start"] = weights_digest(start)
    if config.teacher.student is not None:
        settings["predicted"] = predictions_part(config)
    return run_key(config, "finetune", settings)


def train_network(
    config: Config,
    checkpoint: Path,
    *,
    predicted: PredictedSpectra | None = None,
    resume: bool = False,
) -> dict[str, Any]:
    """Train one network from the configured seed.

    The encoder and the bond-energy head start from the BDE model, where there is one.
    ``predicted`` is what ``predicted_by_student`` gives, learned from beside the measured spectra;
    ``resume`` continues a run that was stopped.

    Returns:
        The metadata of the checkpoint.

    Raises:
        BDECacheError: bond energies are wanted and there is no cache of them.
        CheckpointError: the BDE model does not fit.
        Interrupted: SIGTERM or Ctrl-C came; the state is saved.
    """
    arguments = network_arguments(config)
    torch.manual_seed(config.training.seed)
    model = TeacherNetwork(**arguments)
    if starting_model(config):
        model.start_from(load_bde_model(config))
    settings = config.training.finetune
    common = {"inputs": model.inputs, "batch_size": settings.batch_size}
    loaders = (
        split_loader(
            config,
            "train",
            shuffle=True,
            energy_range=config.data.energy_range,
            bde_cache=config.bde.cache if config.teacher.bond_energies else None,
            beside=predicted,
            **common,
        ),
        split_loader(config, "validation", **common),
    )
    measured = loaders[0].dataset if predicted is None else loaders[0].dataset.datasets[0]
    trained_on = {
        "training_spectra": len(measured),
        "training_energies": measured.energies,
        "training_elements": measured.elements,
    }
    if predicted is not None:
        digest = first_student_digest(config)
        trained_on |= {"predicted_spectra": len(predicted), "student": digest}
    return train_phase(
        config,
        FinetunePhase(model, config.teacher),
        settings,
        loaders,
        model_config=arguments,
        checkpoint=checkpoint,
        key=network_key(config),
        resume=resume,
        data=library_source(config),
        trained_on=trained_on,
    )
