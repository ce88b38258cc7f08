"""All phases one after the other; what is already done for this data and config is skipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..config import Config
from ..data.bde.cache import BDECache
from ..data.bde.dft_table import COMMAND as BDE_DATA_COMMAND
from ..data.bde_generator import discard_others, fill_cache
from ..data.library.ingest import ingest
from ..data.library.store import SpectrumStore, StoreError, matches_settings
from ..data.massbank import read_massbank
from ..data.nist_dataset import ensure_store
from ..models.bde_backends import open_backend
from ..models.checkpoint import load_plain
from .bde import PretrainPhase, bde_key, train_bde
from .distillation.student import DistillationPhase, student_key, train_student
from .parallel.launch import start
from .parallel.processes import on_first
from .runs import can_resume, is_complete
from .teacher import is_begun, teacher_key, train_teacher


def run_pipeline(
    config: Config, records: Path | None = None, say: Callable[[str], None] = print
) -> dict[str, dict[str, Any]]:
    """Make the store, the bond energies, the teacher and the student, as far as they are missing.

    A phase that was interrupted continues where it stopped.

    Args:
        config: the configuration.
        records: MassBank records to make the store from, if there is none; else the NIST library
            at ``data.nist_msp``.
        say: takes a line on what is done or skipped; called in the first process.

    Returns:
        The metadata of the teacher's and the student's checkpoints.

    Raises:
        StoreError: there is no store and nothing to make one from, or it was made with other
            settings.
        BackendMissingError: bond energies are missing and so is their backend.
        CheckpointError: the BDE model is missing, and so are the DFT energies to train it on.
    """
    start(config.training)
    on_first(_prepare, config, records, say)
    _pretrain(config, say)
    if config.teacher.bond_energies:
        on_first(_bond_energies, config, say)
    teacher = _train(
        "phase 1, fine-tuning",
        config.teacher.checkpoint,
        teacher_key(config),
        lambda: is_begun(config),
        lambda resume: train_teacher(config, resume=resume),
        say,
    )
    key = student_key(config, config.teacher.checkpoint)
    student = _train(
        "phase 2, student",
        config.student.checkpoint,
        key,
        lambda: can_resume(config.student.checkpoint, DistillationPhase.name, key),
        lambda resume: train_student(config, config.teacher.checkpoint, resume=resume),
        say,
    )
    return {"teacher": teacher, "student": student}


def _prepare(config: Config, records: Path | None, say: Callable[[str], None]) -> None:
    path = config.data.store
    if path.exists():
        if records and not matches_settings(path, config.data, source=records.name):
            raise StoreError(
                f"{path}: made from other records than {records.name}, or with another split or "
                "other filters than the config's; delete it to have it made anew"
            )
        say(f"data: skipped, {ensure_store(config)} is there")
    elif records is not None:
        say(f"data: reading {records}")
        report = ingest(read_massbank(records), path, config=config.data, source=records.name)
        say(report.table())
    else:
        ensure_store(config)


def _pretrain(config: Config, say: Callable[[str], None]) -> None:
    if not config.bde.data.is_file():
        model = config.bde.checkpoint
        weights = f"the model at {model}" if model.is_file() else "random weights"
        on_first(
            say,
            f"phase 1, pretraining: skipped, no DFT energies at {config.bde.data} "
            f"({BDE_DATA_COMMAND} gets them); fine-tuning starts from {weights}",
        )
        return
    _train(
        "phase 1, pretraining",
        config.bde.checkpoint,
        bde_key(config),
        lambda: can_resume(config.teacher.pretrained, PretrainPhase.name, bde_key(config)),
        lambda resume: train_bde(config, resume=resume),
        say,
    )


def _bond_energies(config: Config, say: Callable[[str], None]) -> None:
    with SpectrumStore(config.data.store) as store:
        structures = list(zip(store.column("inchikey"), store.column("smiles"), strict=True))
    path = config.bde.cache
    backend = open_backend(config.bde, device=config.training.device)
    if other := discard_others(path, backend):
        say(f"phase 0: {path} held energies of {other}; made anew")
    if path.exists() and BDECache(path).covers(structures):
        say(f"phase 0: skipped, {path} holds all molecules")
        return
    say(f"phase 0: bond dissociation energies by {backend.name} {backend.version}")
    summary = fill_cache(
        path,
        structures,
        backend,
        batch_size=config.bde.batch_size,
        num_workers=config.data.num_workers,
    )
    say(str(summary))


def _train(
    title: str,
    checkpoint: Path,
    key: str,
    begun: Callable[[], bool],
    train: Callable[[bool], dict[str, Any]],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Train a phase unless ``checkpoint`` is its result; go on with what has begun."""

    def look() -> tuple[dict[str, Any] | None, bool]:
        if is_complete(checkpoint, key):
            say(f"{title}: skipped, {checkpoint} matches data and config")
            return load_plain(checkpoint)["metadata"], False
        resume = begun()
        say(f"{title}: {'continued' if resume else 'training'}")
        return None, resume

    finished, resume = on_first(look)
    return train(resume) if finished is None else finished
