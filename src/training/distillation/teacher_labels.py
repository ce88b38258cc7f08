"""What a teacher says of the molecules that a student learns from.

``teacher_path`` is the teacher's checkpoint, ``device`` where the teacher runs.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ...chemistry.molecule import load_canonical
from ...config import Config
from ...data.examples.dataset import SpectrumDataset
from ...data.examples.features import FINGERPRINT_ONLY, Inputs, collate, featurize_all
from ...data.examples.loader import make_loader
from ...data.examples.teacher_cache import TeacherCache, TeacherCacheError, fill
from ...data.examples.unlabelled import UnlabelledDataset
from ...evaluation.assess import predict_structures
from ...models.checkpoint import (
    CheckpointError,
    load_content,
    load_model,
    load_plain,
    save_atomically,
    weights_digest,
)
from ...models.formula_head import Vocabulary
from ...models.teacher import Teacher
from ...spectra.spectrum import STANDARD_ENERGY_RANGE
from .ion_vocabulary import collect_vocabulary
from .self_training import first_student, first_student_digest
from .unlabelled_structures import unlabelled_structures

# More show hardly any common ion that these do not.
_MOLECULES_FOR_VOCABULARY = 10_000


def teacher_digest(teacher_path: Path) -> str:
    """Return the SHA-256 of a teacher's weights.

    Raises:
        CheckpointError: there is none.
    """
    if not teacher_path.is_file():
        raise CheckpointError(
            f"{teacher_path}: no such teacher; train one with "
            "`nextims train teacher --phase finetune`"
        )
    return weights_digest(teacher_path)


def label_passes(config: Config, teacher_path: Path) -> int:
    """Return the passes of MC Dropout that labels are the mean of; 0: one of each network.

    One network without dropout has nobody to disagree with: where 0 passes are configured, it makes
    as many as ``teacher.mc_samples`` says.
    """
    members = load_content(teacher_path)["model_config"].get("members", 1)
    passes = config.distillation.mc_samples
    return passes if passes or members > 1 else config.teacher.mc_samples


def training_sets(
    config: Config, inputs: Inputs = FINGERPRINT_ONLY
) -> list[SpectrumDataset | UnlabelledDataset]:
    """Return the training spectra and, where there are any, the structures without spectra.

    ``inputs`` is what the student reads.
    """
    common = {"inputs": inputs, "memory_efficient": config.data.memory_efficient_mode}
    labelled = SpectrumDataset(
        config.data.store, "train", energy_range=STANDARD_ENERGY_RANGE, **common
    )
    structures = unlabelled_structures(config)
    return [labelled, UnlabelledDataset(structures, **common)] if structures else [labelled]


def cache_teacher(config: Config, teacher_path: Path, device: str = "cpu") -> TeacherCache:
    """Compute the teacher's predictions for the training molecules and their uncertainty, once.

    Where the teacher has learned from a student, that one's predictions are mixed in, by
    ``distillation.student_share``. The cache is at ``distillation.cache``; what these models have
    predicted before is kept.

    Raises:
        CheckpointError: the checkpoint cannot be used, or holds no teacher.
    """
    digest, passes = teacher_digest(teacher_path), label_passes(config, teacher_path)
    key = f"{digest} {passes} {config.training.seed} {_precision(config)}"
    share = config.distillation.student_share
    if mixed_in := first_student_digest(config):
        key += f" {share} {mixed_in}"
    wanted = [text for part in training_sets(config) for text in part.smiles]
    # Molecules of one size make batches without much empty room.
    wanted = sorted(dict.fromkeys(wanted), key=lambda text: (len(text), text))
    try:
        cache = _open_cache(config)
        if cache.key == key and all(text in cache for text in wanted):
            return cache
    except TeacherCacheError:
        pass  # none yet, or damaged: made again
    teacher, student = _load_teacher(config, teacher_path, device), first_student(config)
    if passes != config.distillation.mc_samples:
        tqdm.write(
            f"{teacher_path}: a single network, whose labels are means of {passes} passes of MC "
            "Dropout (teacher.mc_samples)"
        )

    def compute(smiles: list[str]) -> tuple[np.ndarray, ...]:
        # Seeded by the block, so that a run that was interrupted gives the same predictions.
        torch.manual_seed(config.training.seed + zlib.crc32(smiles[0].encode()))
        features = featurize_all([load_canonical(each) for each in smiles], teacher.inputs)
        with _autocast(config, device):
            outputs = teacher.predict_with_uncertainty(collate(features).to(device), passes)
        mean, deviation, fused = (output.float().cpu().numpy() for output in outputs)
        if student is not None:
            predicted = predict_structures(student, smiles)[:, : mean.shape[1]]
            mean += share * (predicted / predicted.sum(1, keepdims=True) - mean)
        return mean, deviation, fused

    widths = (config.data.max_mz, teacher.feature_width)
    with tqdm(total=len(wanted), desc="teacher's predictions", unit="molecule") as bar:
        for written in fill(config.distillation.cache, wanted, compute, key=key, widths=widths):
            bar.update(written)
    return _open_cache(config)


def _open_cache(config: Config) -> TeacherCache:
    efficient = config.data.memory_efficient_mode
    return TeacherCache(config.distillation.cache, memory_efficient=efficient)


def _autocast(config: Config, device: str) -> torch.autocast:
    return torch.autocast(device, torch.bfloat16, enabled=_precision(config) == "bf16-mixed")


def _precision(config: Config) -> str:
    """Return the precision of predictions, that in which the teacher was trained."""
    return config.training.finetune.precision or config.training.precision


def teachers_vocabulary(config: Config, teacher_path: Path, device: str = "cpu") -> Vocabulary:
    """Return the ions and losses that the teacher finds most of in molecules that may train.

    Computed once and kept beside ``distillation.cache``.

    Raises:
        CheckpointError: the checkpoint cannot be used, or holds no teacher.
    """
    # Measured molecules before the others, and variants last.
    wanted = [text for part in training_sets(config) for text in part.smiles]
    wanted = list(dict.fromkeys(wanted))[:_MOLECULES_FOR_VOCABULARY]
    sizes = {"ions": config.student.ions, "losses": config.student.losses}
    depends_on = [teacher_digest(teacher_path), _precision(config), sizes, wanted]
    key = hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()
    path = config.distillation.cache.with_name("ion_vocabulary.pt")
    try:
        kept = load_plain(path)
        if kept["key"] == key:
            return Vocabulary(kept["ions"], kept["losses"], kept["usual_share"])
    except (CheckpointError, KeyError, TypeError):
        pass  # none yet, or damaged: made again
    teacher = _load_teacher(config, teacher_path, device)
    loader = make_loader(
        UnlabelledDataset(sorted(wanted, key=len), inputs=teacher.inputs),
        max_mz=config.data.max_mz,
        batch_size=config.training.student.batch_size,
        num_workers=config.data.num_workers,
    )
    batches = tqdm(loader, desc="vocabulary of ions", unit="batch", leave=False)
    with _autocast(config, device):
        vocabulary = collect_vocabulary(teacher, (batch.to(device) for batch in batches), **sizes)
    save_atomically({"key": key, **vocabulary._asdict()}, path)
    return vocabulary


def _load_teacher(config: Config, teacher_path: Path, device: str) -> Teacher:
    teacher, _ = load_model(teacher_path, device)
    if not isinstance(teacher, Teacher):
        raise CheckpointError(f"{teacher_path}: holds a {teacher.kind}, expected a teacher")
    if teacher.max_mz != config.data.max_mz:
        raise config.mistake(
            "data.max_mz",
            f"found {config.data.max_mz}, but {teacher_path} predicts up to m/z {teacher.max_mz}",
        )
    return teacher
