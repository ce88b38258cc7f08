"""All phases one after the other; what is already done for this data and config is skipped."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..config import Config
from ..data.bde_cache import BDECache
from ..data.bde_generator import fill_cache, open_backend
from ..data.ingest import ingest
from ..data.massbank import read_massbank
from ..data.nist_dataset import ensure_store
from ..data.store import SpectrumStore, StoreError, matches_settings
from .checkpoint import CheckpointError, load_plain
from .distillation import DistillationPhase, student_key, train_student
from .runs import is_complete
from .teacher import FinetunePhase, PretrainPhase, teacher_key, train_teacher
from .trainer import state_path


def run_pipeline(
    config: Config, records: Path | None = None, say: Callable[[str], None] = print
) -> dict[str, dict[str, Any]]:
    """Make the store, the bond energies, the teacher and the student, as far as they are missing.

    A phase that was interrupted continues where it stopped.

    Args:
        config: the configuration.
        records: MassBank records to make the store from, if there is none; else the NIST library
            at ``data.nist_msp``.
        say: takes a line on what is done or skipped.

    Returns:
        The metadata of the teacher's and the student's checkpoints.

    Raises:
        StoreError: there is no store and nothing to make one from, or it was made with other
            settings.
        BackendMissingError: bond energies are missing and so is their backend.
    """
    _prepare(config, records, say)
    if config.teacher.bond_energies:
        _bond_energies(config, say)
        _train(
            "phase 1, pretraining",
            config.teacher.pretrained,
            PretrainPhase.name,
            lambda: teacher_key(config, "pretrain"),
            lambda resume: train_teacher(config, "pretrain", resume=resume),
            say,
        )
    teacher = _train(
        "phase 1, fine-tuning",
        config.teacher.checkpoint,
        FinetunePhase.name,
        lambda: teacher_key(config, "finetune"),
        lambda resume: train_teacher(config, "finetune", resume=resume),
        say,
    )
    student = _train(
        "phase 2, student",
        config.student.checkpoint,
        DistillationPhase.name,
        lambda: student_key(config, config.teacher.checkpoint),
        lambda resume: train_student(config, config.teacher.checkpoint, resume=resume),
        say,
    )
    return {"teacher": teacher, "student": student}


def _prepare(config: Config, records: Path | None, say: Callable[[str], None]) -> None:
    path = config.data.store
    if path.exists():
        source = records.name if records else None
        if not matches_settings(path, config.data, source=source):
            raise StoreError(
                f"{path}: made from other records, or with another split or other filters than "
                "the config's; delete it to have it made anew"
            )
        say(f"data: skipped, {path} is there")
    elif records is not None:
        say(f"data: reading {records}")
        report = ingest(read_massbank(records), path, config=config.data, source=records.name)
        say(report.table())
    else:
        ensure_store(config)


def _bond_energies(config: Config, say: Callable[[str], None]) -> None:
    with SpectrumStore(config.data.store) as store:
        structures = list(zip(store.column("inchikey"), store.column("smiles"), strict=True))
    cache = config.bde.cache
    if cache.exists() and BDECache(cache).covers(structures):
        say(f"phase 0: skipped, {cache} holds all molecules")
        return
    say("phase 0: bond dissociation energies")
    backend = open_backend(config.bde.backend)
    say(str(fill_cache(cache, structures, backend, batch_size=config.bde.batch_size)))


def _train(
    title: str,
    checkpoint: Path,
    phase_name: str,
    key: Callable[[], str],
    train: Callable[[bool], dict[str, Any]],
    say: Callable[[str], None],
) -> dict[str, Any]:
    wanted = key()
    if is_complete(checkpoint, wanted):
        say(f"{title}: skipped, {checkpoint} matches data and config")
        return load_plain(checkpoint)["metadata"]
    resume = _can_resume(checkpoint, phase_name, wanted)
    say(f"{title}: {'continued' if resume else 'training'}")
    return train(resume)


def _can_resume(checkpoint: Path, phase_name: str, key: str) -> bool:
    try:
        state = load_plain(state_path(checkpoint, phase_name))
        # The best model must be there, unless the run was stopped before its first validation.
        has_best = checkpoint.exists() or state["counters"]["best"] == -math.inf
        return state.get("key") == key and has_best
    except CheckpointError:
        return False
