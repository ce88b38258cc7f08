"""Training the teacher: its networks one after the other, then what their mean is worth."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..config import Config
from ..data.bde.cache import BDECache
from ..data.examples.memory import phase_inputs
from ..data.nist_dataset import ensure_store
from ..evaluation.assess import assess
from ..evaluation.uncertainty import UncertaintyScores, agreement, assess_uncertainty, calibrate
from ..models.checkpoint import CheckpointError, load_plain, save_checkpoint
from ..models.device import choose_device
from ..models.teacher import Teacher
from .model_card import write_spectrum_card
from .parallel.launch import start
from .parallel.processes import first_ahead, on_first
from .runs import (
    can_resume,
    is_complete,
    mean_scores,
    run_key,
    sole_writer,
    split_loader,
    test_metrics,
)
from .self_training import predicted_by_student
from .teacher_network import (
    TRAINED_ON,
    FinetunePhase,
    network_arguments,
    network_key,
    train_network,
)
from .trainer import metrics_path


def teacher_arguments(config: Config) -> dict[str, Any]:
    """Return the constructor arguments of the configured teacher."""
    return {"members": config.teacher.members, **network_arguments(config)}


def teacher_key(config: Config) -> str:
    """Return the key of the configured teacher's run."""
    keys = [network_key(member) for member, _ in _members(config)]
    return run_key(config, "finetune", {"members": keys})


def is_begun(config: Config) -> bool:
    """Return whether there is a training of the configured teacher to go on with."""
    return any(
        is_complete(path, key) or can_resume(path, FinetunePhase.name, key)
        for path, key in ((path, network_key(member)) for member, path in _members(config))
    )


def train_teacher(config: Config, *, resume: bool = False) -> dict[str, Any]:
    """Train the networks of the teacher on spectra, with bond energies as the auxiliary task.

    Args:
        config: the configuration.
        resume: continue a run that was stopped: its finished networks are kept.

    Returns:
        The metadata of the checkpoint left at ``teacher.checkpoint``.

    Raises:
        StoreError: there is no store and nothing to make one from.
        BDECacheError: bond energies are wanted and there is no cache of them.
        CheckpointError: the BDE model does not fit; another run is writing the teacher; there is
            nothing to resume.
        DeviceError: there are not so many devices.
        Interrupted: SIGTERM or Ctrl-C came; the state is saved.
    """
    start(config.training)
    with sole_writer(config.teacher.checkpoint):
        with first_ahead():
            _check_inputs(config, resume)
            # Once, as the structures depend on the seed, in which the networks differ.
            predicted = predicted_by_student(config, phase_inputs(config, "teacher"))
        for number, (member, path) in enumerate(_members(config), start=1):
            key = network_key(member)
            if resume and on_first(is_complete, path, key):
                continue
            on_first(tqdm.write, f"network {number} of {config.teacher.members}")
            begun = resume and on_first(can_resume, path, FinetunePhase.name, key)
            train_network(member, path, predicted=predicted, resume=begun)
        return on_first(_finish, config)


def _check_inputs(config: Config, resume: bool) -> None:
    ensure_store(config)
    if config.teacher.bond_energies:
        BDECache(config.bde.cache)
    checkpoint = config.teacher.checkpoint
    if checkpoint.is_dir():
        raise CheckpointError(f"{checkpoint}: is a folder, expected a file to write")
    if resume and not is_begun(config):
        raise CheckpointError(
            f"{_folder(config)}: no training with these settings and data to resume; run again "
            "without --resume, or restore the settings"
        )


def _finish(config: Config) -> dict[str, Any]:
    metadata, checkpoint = _assemble(config), config.teacher.checkpoint
    write_spectrum_card(checkpoint, config.data.store)
    for number, (_, path) in enumerate(_members(config), start=1):
        metrics = metrics_path(path, FinetunePhase.name)
        metrics.replace(checkpoint.with_name(f"{metrics.stem}_{number}.csv"))
    shutil.rmtree(_folder(config))
    return metadata


def _folder(config: Config) -> Path:
    return config.teacher.checkpoint.with_name("members")


def _members(config: Config) -> Iterator[tuple[Config, Path]]:
    """Yield the configuration of each network, which differ in the seed, and its checkpoint."""
    for number in range(config.teacher.members):
        training = config.training.model_copy(update={"seed": config.training.seed + number})
        path = _folder(config) / str(number + 1) / "network.pt"
        yield config.model_copy(update={"training": training}), path


def _assemble(config: Config) -> dict[str, Any]:
    """Put the trained networks into one teacher, measure it and save it."""
    settings, arguments = config.training.finetune, teacher_arguments(config)
    model = Teacher(**arguments)
    networks = [load_plain(path) for _, path in _members(config)]
    for member, network in zip(model.members, networks, strict=True):
        member.load_state_dict(network["weights"])
    model.to(choose_device(config.training.device)).eval()
    first = networks[0]["metadata"]
    loader = split_loader(
        config,
        "validation",
        inputs=model.inputs,
        batch_size=settings.batch_size,
    )
    device = next(model.parameters()).device
    batches = tqdm(loader, desc="validation split", unit="batch", leave=False)
    metadata = {
        "key": teacher_key(config),
        "seed": config.training.seed,
        "data": first["data"],
        **{name: first[name] for name in TRAINED_ON if name in first},
        "validation": mean_scores(assess(model, (batch.to(device) for batch in batches))),
        "members_validation": [network["metadata"]["validation"] for network in networks],
        **test_metrics(config, model, settings.batch_size),
        **uncertainty_metrics(config, model, settings.batch_size),
        "commit": first["commit"],
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }
    save_checkpoint(config.teacher.checkpoint, model, arguments, metadata)
    return load_plain(config.teacher.checkpoint)["metadata"]


def uncertainty_metrics(config: Config, model: Teacher, batch_size: int) -> dict[str, Any]:
    """Return the calibration of a teacher's uncertainty, and how it holds on the test split.

    Args:
        config: the configuration.
        model: the trained teacher.
        batch_size: spectra a batch.

    Returns:
        ``calibration``, fitted to the validation split, and ``test_uncertainty``, what
        ``agreement`` gives for the test split.
    """
    validation, test = (
        uncertainty_scores(
            config, model, split, passes=config.teacher.mc_samples, batch_size=batch_size
        )
        for split in ("validation", "test")
    )
    calibration = calibrate(validation)
    return {
        "calibration": calibration.to_metadata(),
        "test_uncertainty": agreement(calibration, test),
    }


def uncertainty_scores(
    config: Config, model: Teacher, split: str, *, passes: int, batch_size: int
) -> UncertaintyScores:
    """Return the uncertainties and the errors of a teacher on the 70 eV spectra of a split.

    Args:
        config: the configuration.
        model: the teacher.
        split: "train", "validation" or "test".
        passes: of MC Dropout.
        batch_size: spectra a batch.
    """
    loader = split_loader(config, split, inputs=model.inputs, batch_size=batch_size)
    device = next(model.parameters()).device
    batches = tqdm(loader, desc=f"uncertainty, {split} split", unit="batch", leave=False)
    return assess_uncertainty(model, (batch.to(device) for batch in batches), passes)
