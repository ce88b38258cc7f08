"""Training the BDE model: the encoder's pretraining on DFT bond dissociation energies."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ..config import Config
from ..data.bde.dft_table import QUANTITIES
from ..data.examples.dft_dataset import BDEDataset, bde_loader
from ..data.examples.graph_batch import GraphBatch
from ..files.digest import file_digest
from ..models.bde import BDEModel
from ..models.checkpoint import (
    CheckpointError,
    load_model,
    load_plain,
    save_atomically,
)
from .losses import bond_energy_loss
from .model_card import write_bde_card
from .parallel.launch import start
from .parallel.processes import gathered, on_first
from .runs import run_key, sole_writer, train_phase
from .trainer import Losses, Phase


class PretrainPhase(Phase):
    """Trains the BDE model.

    Args:
        model: the model.
    """

    name = "pretrain_teacher"
    loss_names = ("bond_energy",)
    monitor = "negative_bde_error"

    def __init__(self, model: BDEModel):
        super().__init__()
        self.model = model

    def forward(self, batch: GraphBatch) -> Losses:
        """Return the loss of a batch."""
        return Losses({"bond_energy": bond_energy_loss(self.model(batch), batch.targets)}, {})

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the weights of the encoder's last layer."""
        return self.model.encoder.shared_parameters()

    @torch.inference_mode()
    def validate(self, batches: DataLoader) -> dict[str, float]:
        """Return the mean absolute errors in kcal/mol, and that of the BDE negative."""
        self.model.eval()
        errors = _mean_errors(gathered(_errors(self.model, batches)))
        return {**errors, self.monitor: -errors["bde_error"]}


@torch.inference_mode()
def bond_energy_errors(model: BDEModel, batches: DataLoader) -> dict[str, float]:
    """Return the mean absolute errors of BDE and BDFE in kcal/mol over all bonds.

    Bonds to equivalent hydrogens count each, as the DFT table lists them.
    """
    model.eval()
    return _mean_errors([_errors(model, batches)])


def _errors(model: BDEModel, batches: DataLoader) -> Tensor:
    """Return the absolute errors of all bonds, ``(bonds, quantities)``, kcal/mol."""
    return torch.cat([(model(batch) - batch.targets.energies).abs().cpu() for batch in batches])


def _mean_errors(parts: list[Tensor]) -> dict[str, float]:
    means = torch.cat(parts).mean(0).tolist()
    return {f"{name}_error": mean for name, mean in zip(QUANTITIES, means, strict=True)}


def bde_key(config: Config) -> str:
    """Return the key of the configured BDE model's run."""
    data = file_digest(config.bde.data) if config.bde.data.is_file() else None
    return run_key(config, "pretrain", {"model": bde_arguments(config), "bde_data": data})


def bde_arguments(config: Config) -> dict[str, int]:
    """Return the constructor arguments of the configured BDE model."""
    return {f"encoder_{name}": size for name, size in config.encoder.model_dump().items()}


def load_bde_model(config: Config) -> BDEModel:
    """Return the model at ``bde.checkpoint``, of the configured size.

    Raises:
        CheckpointError: it is missing, unfinished, of another size or none of these models.
    """
    path = config.bde.checkpoint
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
            f"{path}: {problem}; train it anew with `python scripts/train_teacher.py --phase "
            "pretrain`, or name another file in bde.checkpoint (one that is not there: a start "
            "from random weights)"
        )
    return model


def train_bde(config: Config, *, resume: bool = False) -> dict:
    """Train the BDE model; leave it at ``bde.checkpoint`` when it is finished.

    Until then the best model so far is at ``teacher.pretrained``.

    Args:
        config: the configuration.
        resume: continue a run that was stopped.

    Returns:
        The metadata of the checkpoint.

    Raises:
        BDEDataError: the DFT energies are missing.
        CheckpointError: another run is writing it; there is nothing to resume.
        DeviceError: there are not so many devices.
        Interrupted: SIGTERM or Ctrl-C came; the state is saved.
    """
    start(config.training)
    with sole_writer(config.teacher.pretrained), sole_writer(config.bde.checkpoint):
        return _train_bde(config, resume)


def _train_bde(config: Config, resume: bool) -> dict:
    settings = config.training.pretrain
    train, validation, test = (
        BDEDataset(config.bde.data, split) for split in ("train", "validation", "test")
    )
    common = {"batch_size": settings.batch_size, "num_workers": config.data.num_workers}
    arguments = bde_arguments(config)
    torch.manual_seed(config.training.seed)
    model = BDEModel(**arguments)

    def final_metrics(trained: BDEModel) -> dict:
        device = next(trained.parameters()).device
        loader = bde_loader(test, **common | {"num_workers": 0})
        errors = bond_energy_errors(trained, (batch.to(device) for batch in loader))
        return {"test": errors, "test_bonds": test.bonds}

    metadata = train_phase(
        config,
        PretrainPhase(model),
        settings,
        (
            bde_loader(train, **common, shuffle_seed=config.training.seed),
            bde_loader(validation, **common | {"num_workers": 0}),
        ),
        model_config=arguments,
        checkpoint=config.teacher.pretrained,
        key=bde_key(config),
        resume=resume,
        data={"source": train.source, "sha256": file_digest(config.bde.data)},
        trained_on={
            "training_molecules": len(train),
            "training_bonds": train.bonds,
            "atom_kinds": sorted(list(kind) for kind in train.atom_kinds()),
        },
        final_metrics=final_metrics,
        half=False,  # rounded weights cost some hundredths of a kcal/mol
    )
    on_first(_publish, config)
    return metadata


def _publish(config: Config) -> None:
    save_atomically(load_plain(config.teacher.pretrained), config.bde.checkpoint)
    write_bde_card(config.bde.checkpoint)
