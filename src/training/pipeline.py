"""All phases one after the other; what is already done for this data and config is skipped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..config import Config
from ..data.bde.cache import BDECache
from ..data.bde.dft_table import COMMAND as BDE_DATA_COMMAND
from ..data.bde_generator import discard_others, fill_cache
from ..data.libraries import ingest_libraries, source_name
from ..data.library.store import SpectrumStore, StoreError, matches_settings
from ..data.nist_dataset import ensure_store
from ..models.bde_backends import open_configured_backend
from ..models.retention_index import RetentionModelError
from .bde import starting_model, train_bde
from .distillation.student import check_student, train_student
from .earlier import Say
from .parallel.launch import start
from .parallel.processes import on_first
from .retention_index import train_retention_index
from .teacher import train_teacher
from .trust import train_trust


def run_pipeline(
    config: Config, records: Sequence[Path] = (), say: Say = print, *, rounds: int = 1
) -> dict[str, dict[str, Any]]:
    """Make store, bond energies, teacher, student, trust and retention indices, as far as missing.

    A phase that was interrupted continues where it stopped; one that was interrupted under other
    settings begins anew.

    Args:
        config: the configuration.
        records: libraries to make the store from, if there is none, see ``read_libraries``; without
            any the NIST library at ``data.nist_msp``.
        say: takes a line on what is done or skipped; called in the first process.
        rounds: 2: a teacher of one network and its student are trained first, in the folder
            ``first_round`` beside the student, and teacher and student learn from that student's
            predictions as well.

    Returns:
        The metadata of the teacher's and the student's checkpoints.

    Raises:
        StoreError: there is no store and nothing to make one from, or it was made with other
            settings.
        BackendMissingError: bond energies are missing and so is their backend.
        CheckpointError: the BDE model is missing, and so are the DFT energies to train it on.
    """
    check_student(config)  # before the hours that the teacher takes
    start(config.training)
    on_first(_prepare, config, records, say)
    _pretrain(config, say)
    if config.teacher.bond_energies:
        on_first(_bond_energies, config, say)
    if rounds > 1:
        first = _first_round(config)
        _teach(first, say, "first round, ")
        taught_by = {"student": first.student.checkpoint}
        teacher = config.teacher.model_copy(update=taught_by)
        config = config.model_copy(update={"teacher": teacher})
    trained = _teach(config, say)
    train_trust(config, say=_titled(say, "phase 3, trust"))
    on_first(_retention_index, config, _titled(say, "phase 4, retention index"))
    return trained


def _retention_index(config: Config, say: Say) -> None:
    try:
        train_retention_index(config, say=say)
    except RetentionModelError as error:  # most libraries give few indices, or none
        say(f"skipped, {error}")


def _teach(config: Config, say: Say, which: str = "") -> dict[str, dict[str, Any]]:
    teacher = train_teacher(config, resume=True, say=_titled(say, f"{which}phase 1, fine-tuning"))
    path, title = config.teacher.checkpoint, f"{which}phase 2, student"
    student = train_student(config, path, resume=True, say=_titled(say, title))
    return {"teacher": teacher, "student": student}


def _first_round(config: Config) -> Config:
    """Return the configuration of a first teacher, of one network, and its student."""
    folder = config.student.checkpoint.with_name("first_round")
    cache = {"cache": folder / config.distillation.cache.name}
    teacher = {"checkpoint": folder / "teacher.pt", "members": 1, "student": None}
    changes = {
        "teacher": config.teacher.model_copy(update=teacher),
        "student": config.student.model_copy(update={"checkpoint": folder / "student.pt"}),
        "distillation": config.distillation.model_copy(update=cache),
    }
    return config.model_copy(update=changes)


def _titled(say: Say, title: str) -> Say:
    return lambda line: say(f"{title}: {line}")


def _prepare(config: Config, records: Sequence[Path], say: Say) -> None:
    path = config.data.store
    if path.exists():
        source = source_name(records)
        if records and not matches_settings(path, config.data, source=source):
            raise StoreError(
                f"{path}: made from other records than {source}, or with another split or "
                "other filters than the config's; delete it to have it made anew"
            )
        say(f"data: skipped, {ensure_store(config)} is there")
    elif records:
        say(f"data: reading {', '.join(map(str, records))}")
        say(ingest_libraries(records, path, config.data).table())
    else:
        ensure_store(config)


def _pretrain(config: Config, say: Say) -> None:
    say = _titled(say, "phase 1, pretraining")
    if config.bde.data.is_file():
        train_bde(config, resume=True, say=say)
        return
    model = starting_model(config)
    weights = f"the model at {model}" if model else "random weights"
    on_first(
        say,
        f"skipped, no DFT energies at {config.bde.data} ({BDE_DATA_COMMAND} gets them); "
        f"fine-tuning starts from {weights}",
    )


def _bond_energies(config: Config, say: Say) -> None:
    with SpectrumStore(config.data.store) as store:
        structures = list(zip(store.column("inchikey"), store.column("smiles"), strict=True))
    path = config.bde.cache
    backend = open_configured_backend(config)
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
