"""Training the teacher: its networks one after the other, then what their mean is worth."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..config import Config
from ..data.bde.cache import BDECache
from ..data.examples.memory import phase_inputs
from ..data.nist_dataset import ensure_store
from ..evaluation.assess import assess
from ..evaluation.uncertainty import UncertaintyScores, assess_uncertainty, calibrate
from ..models.checkpoint import load_plain, save_checkpoint
from ..models.device import choose_device
from ..models.teacher import Teacher
from .bde import starting_model
from .distillation.self_training import predicted_by_student
from .earlier import Run, can_resume, is_complete
from .model_card import write_card
from .parallel.launch import start
from .parallel.processes import first_ahead, on_first
from .runs import mean_scores, now, run_key, sole_writer, split_batches
from .teacher_network import FinetunePhase, network_arguments, network_key, train_network
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


def train_teacher(config: Config, **earlier: Any) -> dict[str, Any]:
    """Train the networks of the teacher on spectra, with bond energies as the auxiliary task.

    ``earlier`` says what becomes of an earlier run: options of ``Run.carry_out``. One that is gone
    on with keeps its finished networks.

    Returns:
        The metadata of the checkpoint left at ``teacher.checkpoint``.

    Raises:
        StoreError: there is no store and nothing to make one from.
        BDECacheError: bond energies are wanted and there is no cache of them.
        CheckpointError: the BDE model does not fit; another run is writing the teacher, or an
            earlier one stays.
        DeviceError: there are not so many devices.
        Interrupted: SIGTERM or Ctrl-C came; the state is saved.
    """
    start(config.training)
    with sole_writer(config.teacher.checkpoint):
        with first_ahead():
            ensure_store(config)
            if config.teacher.bond_energies:
                BDECache(config.bde.cache)  # that it is there
        checkpoint, key = config.teacher.checkpoint, teacher_key(config)
        run = Run(checkpoint, key, _folder(config), partial(is_begun, config))
        return run.carry_out(partial(_train_teacher, config), **earlier)


def _train_teacher(config: Config, resume: bool) -> dict[str, Any]:
    on_first(starting_model, config, tqdm.write)
    with first_ahead():
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


def _finish(config: Config) -> dict[str, Any]:
    metadata, checkpoint = _assemble(config), config.teacher.checkpoint
    write_card(checkpoint, config.data.store)
    for number, (_, path) in enumerate(_members(config), start=1):
        metrics = metrics_path(path, FinetunePhase.name)
        if metrics.exists():  # not if it was moved, and the process killed before it cleared up
            metrics.replace(checkpoint.with_name(f"{metrics.stem}_{number}.csv"))
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
    """Put the trained networks into one teacher, validate it and save it."""
    batch_size, arguments = config.training.finetune.batch_size, teacher_arguments(config)
    model = Teacher(**arguments)
    networks = [load_plain(path) for _, path in _members(config)]
    for member, network in zip(model.members, networks, strict=True):
        member.load_state_dict(network["weights"])
    model.to(choose_device(config.training.device)).eval()
    batches = split_batches(config, "validation", model, batch_size=batch_size)
    validation = mean_scores(assess(model, batches))
    uncertainty = uncertainty_scores(
        config, model, "validation", passes=config.teacher.mc_samples, batch_size=batch_size
    )
    metadata = {
        **networks[0]["metadata"],  # whose seed and data are the teacher's
        "key": teacher_key(config),
        "validation": validation,
        "members_validation": [network["metadata"]["validation"] for network in networks],
        "calibration": calibrate(uncertainty).to_metadata(),
        "finished": now(),
    }
    save_checkpoint(config.teacher.checkpoint, model, arguments, metadata)
    return load_plain(config.teacher.checkpoint)["metadata"]


def uncertainty_scores(
    config: Config, model: Teacher, split: str, *, passes: int, batch_size: int
) -> UncertaintyScores:
    """Return the uncertainties and the errors of a teacher on the 70 eV spectra of a split.

    ``passes`` are those of MC Dropout.
    """
    batches = split_batches(config, split, model, batch_size=batch_size)
    return assess_uncertainty(model, batches, passes)
