"""Training the teacher: bond energies first, then spectra with bond energies beside them."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader

from ..config import Config
from ..data.bde_cache import BDECacheError
from ..data.features import Batch
from ..data.nist_dataset import ensure_store
from ..evaluation.assess import assess
from ..models.teacher import Teacher
from .checkpoint import CheckpointError, load_model, load_plain
from .losses import bond_energy_loss, entropy_distance, recorded
from .runs import file_digest, mean_scores, run_key, split_loader, test_metrics, train_phase
from .trainer import Losses, Phase


class PretrainPhase(Phase):
    """Trains the teacher's encoder on bond dissociation energies alone.

    Args:
        model: the teacher.
    """

    name = "pretrain_teacher"
    loss_names = ("bond_energy",)
    monitor = "negative_bde_error"

    def __init__(self, model: Teacher):
        super().__init__()
        self.model = model

    def forward(self, batch: Batch) -> Losses:
        """Return the loss of a batch."""
        return Losses({"bond_energy": _bond_loss(self.model.bond_energies(batch), batch)}, {})

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the weights of the encoder's last layer."""
        return self.model.encoder.shared_parameters()

    @torch.inference_mode()
    def validate(self, batches: DataLoader) -> dict[str, float]:
        """Return the mean absolute error of the bond energies in kcal/mol, and its negative."""
        self.eval()
        total, bonds = 0.0, 0
        for batch in batches:
            predicted = torch.cat(self.model.bond_energies(batch))
            known = torch.cat([batch.bond_energy, batch.hydrogen_energy])
            total += (predicted - known).abs().sum().item()
            bonds += len(known)
        if not bonds:
            raise BDECacheError("no bond of a validation molecule has a valid energy in the cache")
        error = total / bonds
        return {"bde_error": error, "negative_bde_error": -error}


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
            balanced["bond_energy"] = _bond_loss(prediction.extra, batch)
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
    return {"max_mz": config.data.max_mz, **config.teacher.model_dump(exclude=not_sizes)}


def teacher_key(config: Config, phase: str) -> str:
    """Return the key of a teacher's run; ``phase`` is "pretrain" or "finetune"."""
    settings = {"model": teacher_arguments(config)}
    if phase == "pretrain" or config.teacher.bond_energies:
        settings["bde"] = file_digest(config.bde.cache)
    if phase == "finetune" and config.teacher.pretrained.is_file():
        settings["start"] = load_plain(config.teacher.pretrained)["metadata"].get("key")
    return run_key(config, phase, settings)


def train_teacher(config: Config, phase: str, *, resume: bool = False) -> dict:
    """Run one phase of the teacher's training.

    Args:
        config: the configuration.
        phase: "pretrain" (bond energies alone) or "finetune" (spectra; starts from the pretrained
            weights where there are any).
        resume: continue a run that was stopped.

    Returns:
        The metadata of the checkpoint left at ``teacher.pretrained`` or ``teacher.checkpoint``.

    Raises:
        StoreError: there is no store and nothing to make one from.
        BDECacheError: bond energies are wanted and there is no cache of them.
        CheckpointError: the pretrained weights do not fit.
        Interrupted: SIGTERM came; the state is saved.
    """
    ensure_store(config)
    pretraining = phase == "pretrain"
    with_bonds = pretraining or config.teacher.bond_energies
    arguments = teacher_arguments(config)
    torch.manual_seed(config.training.seed)
    model = Teacher(**arguments)
    if not pretraining and config.teacher.pretrained.is_file():
        pretrained, description = load_model(config.teacher.pretrained)
        if description.model_config != arguments or "finished" not in description.metadata:
            raise CheckpointError(
                f"{config.teacher.pretrained}: of another size than the configured teacher, or not "
                "finished; make it anew with `python scripts/train_teacher.py --phase pretrain`, "
                "or delete it"
            )
        model.load_state_dict(pretrained.state_dict())
    settings = getattr(config.training, phase)
    common = {
        "graph": True,
        "batch_size": settings.batch_size,
        "bde_cache": config.bde.cache if with_bonds else None,
    }
    loaders = (
        split_loader(
            config, "train", shuffle=True, energy_range=config.data.energy_range, **common
        ),
        split_loader(config, "validation", **common),
    )
    return train_phase(
        config,
        PretrainPhase(model) if pretraining else FinetunePhase(model, bond_energies=with_bonds),
        settings,
        loaders,
        model_config=arguments,
        checkpoint=config.teacher.pretrained if pretraining else config.teacher.checkpoint,
        key=teacher_key(config, phase),
        resume=resume,
        trained_on={"training_spectra": len(loaders[0].dataset)},
        final_metrics=lambda trained: (
            {} if pretraining else test_metrics(config, trained, settings.batch_size)
        ),
    )


def _bond_loss(predicted: tuple[torch.Tensor, torch.Tensor], batch: Batch) -> torch.Tensor:
    known = torch.cat([batch.bond_energy, batch.hydrogen_energy])
    return bond_energy_loss(torch.cat(predicted), known)
