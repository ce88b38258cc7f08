"""Training the student: measured spectra, the teacher's spectra, the teacher's features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader
from tqdm import tqdm

from ..config import Config, DistillationConfig, StudentConfig
from ..data.dataset import (
    STANDARD_ENERGY_RANGE,
    ExampleCollator,
    SpectrumDataset,
    make_loader,
)
from ..data.features import Batch
from ..data.nist_dataset import ensure_store
from ..data.teacher_cache import TeacherCache, TeacherCacheError, fill
from ..data.unlabelled import UnlabelledDataset
from ..evaluation.assess import assess
from ..models.device import choose_device
from ..models.student import Student, counted_experts
from ..models.teacher import Teacher
from .checkpoint import CheckpointError, load_model, weights_digest
from .losses import (
    confidence,
    entropy_distance,
    feature_distance,
    gate_information,
    recorded,
    switch_balance,
    tempered,
)
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


class DistillationPhase(Phase):
    """Trains the student on hard labels, soft labels and features.

    Args:
        model: the student.
        teacher_width: size of the teacher's features.
        settings: temperatures.
        routing: weights of the gate's losses.
    """

    name = "student"
    loss_names = ("hard", "soft", "features")
    monitor = "entropy_similarity"

    def __init__(
        self,
        model: Student,
        *,
        teacher_width: int,
        settings: DistillationConfig,
        routing: StudentConfig,
    ):
        super().__init__()
        self.model = model
        self.projection = nn.Linear(model.feature_width, teacher_width)
        self.settings, self.routing = settings, routing
        self._load: torch.Tensor | None = None

    @property
    def temperature(self) -> float:
        """The temperature of the soft labels at this point of the training."""
        start, end = self.settings.temperature_start, self.settings.temperature_end
        return start + (end - start) * self.progress

    def forward(self, batch: Batch) -> Losses:
        """Return the losses of a batch."""
        prediction = self.model(batch)
        measured = batch.spectrum.amax(1) > 0
        hard = entropy_distance(
            recorded(prediction.intensity[measured], batch.lowest_mz[measured]),
            recorded(batch.spectrum[measured], batch.lowest_mz[measured]),
        )
        # The teacher speaks for every m/z, also below the lowest recorded one.
        soft = entropy_distance(
            tempered(prediction.intensity, self.temperature),
            tempered(batch.teacher_mean, self.temperature),
        )
        trust = confidence(batch.teacher_mean, batch.teacher_deviation)
        features = feature_distance(self.projection(prediction.features), batch.teacher_features)
        routing = prediction.extra
        self._load = routing.load()
        return Losses(
            {
                "hard": hard.sum() / max(1, len(hard)),  # a batch may hold no measured spectrum
                "soft": (trust * soft).sum() / trust.sum(),
                "features": features.mean(),
            },
            {
                "balance": self.routing.balance_weight
                * switch_balance(routing.probabilities, self._load),
                "gate_entropy": self.routing.gate_entropy_weight
                * gate_information(routing.probabilities),
            },
        )

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the weights of the student's layer after the mixture."""
        return self.model.shared_parameters()

    def after_step(self) -> None:
        """Move the gate's bias towards equal shares."""
        self.model.gate.update_bias(self._load, self.routing.gate_bias_step)

    def validate(self, batches: DataLoader) -> dict[str, float]:
        """Return the mean metrics of the validation spectra and each expert's share of them."""
        with counted_experts(self.model) as shares:
            scores = mean_scores(assess(self.model, batches))
        return {**scores, **shares}


def cache_teacher(config: Config, teacher_path: Path, device: str = "cpu") -> TeacherCache:
    """Compute the teacher's MC-Dropout predictions for the training molecules, once.

    Args:
        config: the configuration.
        teacher_path: the teacher's checkpoint.
        device: where the teacher runs.

    Returns:
        The cache at ``distillation.cache``; the one that is there if it was made by this teacher
        from this store and these unlabelled structures.

    Raises:
        CheckpointError: the checkpoint cannot be used, or holds no teacher.
    """
    depends_on = (
        _teacher_part(teacher_path)["teacher"],
        file_digest(config.data.store),
        str(config.teacher.mc_samples),
        str(config.training.seed),
        *_unlabelled_part(config).values(),
    )
    key = " ".join(depends_on)
    path = config.distillation.cache
    try:
        cache = TeacherCache(path)
        if cache.key == key:
            return cache
    except TeacherCacheError:
        pass  # none yet, or damaged: made again
    teacher, _ = load_model(teacher_path, device)
    if not isinstance(teacher, Teacher):
        raise CheckpointError(f"{teacher_path}: holds a {teacher.kind}, expected a teacher")
    if teacher.max_mz != config.data.max_mz:
        raise CheckpointError(
            f"{teacher_path}: predicts up to m/z {teacher.max_mz}, data.max_mz is "
            f"{config.data.max_mz}"
        )
    parts = _training_sets(config, graph=True, fragments=teacher.fragments)
    dataset, rows = ConcatDataset(parts), np.concatenate([part.rows for part in parts])
    positions = {int(row): item for item, row in enumerate(rows)}
    collator = ExampleCollator(config.data.max_mz)

    def compute(rows: np.ndarray) -> tuple[np.ndarray, ...]:
        # Seeded by the block, so that a run that was interrupted gives the same predictions.
        torch.manual_seed(config.training.seed + positions[int(rows[0])])
        batch = collator([dataset[positions[int(row)]] for row in rows]).to(device)
        outputs = teacher.predict_with_uncertainty(batch, config.teacher.mc_samples)
        return tuple(output.float().cpu().numpy() for output in outputs)

    widths = (config.data.max_mz, teacher.feature_width)
    with tqdm(total=len(dataset), desc="teacher's predictions", unit="molecule") as bar:
        for written in fill(path, rows, compute, key=key, widths=widths):
            bar.update(written)
    return TeacherCache(path)


def student_arguments(config: Config) -> dict:
    """Return the constructor arguments of the configured student."""
    not_sizes = {"checkpoint", "balance_weight", "gate_entropy_weight", "gate_bias_step"}
    return {"max_mz": config.data.max_mz, **config.student.model_dump(exclude=not_sizes)}


def student_key(config: Config, teacher_path: Path) -> str:
    """Return the key of the student's run."""
    settings = {
        "model": config.student.model_dump(mode="json", exclude={"checkpoint"}),
        "distillation": config.distillation.model_dump(
            mode="json", exclude={"cache", "unlabelled"}
        ),
        "mc": config.teacher.mc_samples,
        **_unlabelled_part(config),
        **library_part(config),
    }
    return run_key(config, "student", settings | _teacher_part(teacher_path))


def train_student(config: Config, teacher_path: Path, *, resume: bool = False) -> dict:
    """Distil the student from a teacher.

    Args:
        config: the configuration.
        teacher_path: the teacher's checkpoint.
        resume: continue a run that was stopped.

    Returns:
        The metadata of the checkpoint left at ``student.checkpoint``.

    Raises:
        StoreError: there is no store and nothing to make one from.
        CheckpointError: the teacher's checkpoint cannot be used.
        Interrupted: SIGTERM came; the state is saved.
    """
    ensure_store(config)
    key = student_key(config, teacher_path)
    cache = cache_teacher(config, teacher_path, choose_device(config.training.device))
    arguments = student_arguments(config)
    torch.manual_seed(config.training.seed)
    model = Student(**arguments)
    settings = config.training.student
    common = {"graph": False, "batch_size": settings.batch_size}
    parts = _training_sets(config, graph=False)
    training = make_loader(
        ConcatDataset(parts),
        max_mz=config.data.max_mz,
        batch_size=settings.batch_size,
        num_workers=config.data.num_workers,
        shuffle_seed=config.training.seed,
        teacher=cache,
    )
    loaders = (training, split_loader(config, "validation", **common))
    phase = DistillationPhase(
        model,
        teacher_width=cache.feature_width,
        settings=config.distillation,
        routing=config.student,
    )

    def final_metrics(trained: Student) -> dict:
        with counted_experts(trained) as shares:
            metrics = test_metrics(config, trained, settings.batch_size)
        return {
            **metrics,
            "test_expert_shares": shares,
            "teacher": _teacher_part(teacher_path)["teacher"],
        }

    metadata = train_phase(
        config,
        phase,
        settings,
        loaders,
        model_config=arguments,
        checkpoint=config.student.checkpoint,
        key=key,
        resume=resume,
        data=library_source(config),
        trained_on={
            "training_spectra": len(parts[0]),
            "unlabelled_molecules": sum(map(len, parts[1:])),
        },
        final_metrics=final_metrics,
    )
    write_spectrum_card(config.student.checkpoint, config.data.store)
    return metadata


def _teacher_part(teacher_path: Path) -> dict[str, str]:
    if not teacher_path.is_file():
        raise CheckpointError(
            f"{teacher_path}: no such teacher; train one with "
            "`python scripts/train_teacher.py --phase finetune`"
        )
    return {"teacher": weights_digest(teacher_path)}


def _unlabelled_part(config: Config) -> dict[str, str]:
    path = config.distillation.unlabelled
    return {"unlabelled": file_digest(path)} if path.is_file() else {}


def _training_sets(
    config: Config, *, graph: bool, fragments: int = 0
) -> list[SpectrumDataset | UnlabelledDataset]:
    """Return the training spectra and, where there are any, the structures without spectra."""
    labelled = SpectrumDataset(
        config.data.store,
        "train",
        energy_range=STANDARD_ENERGY_RANGE,
        graph=graph,
        fragments=fragments,
        memory_efficient=config.data.memory_efficient_mode,
    )
    path = config.distillation.unlabelled
    if not path.is_file():
        tqdm.write(f"{path}: not there; the student learns from the store's molecules alone")
        return [labelled]
    unlabelled = UnlabelledDataset(
        path, config.data.store, max_mz=config.data.max_mz, graph=graph, fragments=fragments
    )
    for line, reason in unlabelled.unreadable[:5]:
        tqdm.write(f"{path}, line {line}: {reason}")
    tqdm.write(
        f"{path}: {len(unlabelled):,} structures that the store does not hold, "
        f"{len(unlabelled.unreadable):,} that cannot be used"
    )
    return [labelled, unlabelled]
