"""Training the student: measured spectra, the teacher's spectra, the teacher's features."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from ...config import Config, DistillationConfig, StudentConfig
from ...data.examples.dataset import Concatenation
from ...data.examples.features import Batch
from ...data.examples.loader import make_loader
from ...data.nist_dataset import ensure_store
from ...evaluation.assess import assess
from ...models.device import choose_device
from ...models.heads import Prediction
from ...models.student import Student, counted_experts
from ..earlier import Run, can_resume
from ..losses import (
    confidence,
    cosine_distance,
    entropy_distance,
    gate_information,
    recorded,
    switch_balance,
    tempered,
)
from ..model_card import write_card
from ..parallel.launch import start
from ..parallel.processes import batch_mean, first_ahead, gathered, on_first, whole_mean
from ..runs import (
    all_scores,
    library_part,
    library_source,
    mean_scores,
    run_key,
    sole_writer,
    split_loader,
    train_phase,
)
from ..trainer import Losses, Phase, state_path
from .self_training import first_student_digest
from .teacher_labels import (
    cache_teacher,
    label_passes,
    teacher_digest,
    teachers_vocabulary,
    training_sets,
)
from .unlabelled_structures import structures_key


class MeasuredPhase(Phase):
    """Trains a student on measured spectra alone: the hard labels.

    Args:
        model: the student.
        routing: weights of the gate's losses.
    """

    name = "measured"
    monitor = "entropy_similarity"
    loss_names: tuple[str, ...] = ("hard",)

    def __init__(self, model: Student, *, routing: StudentConfig):
        super().__init__(model)
        self.routing = routing
        self._load: torch.Tensor | None = None

    def forward(self, batch: Batch) -> Losses:
        """Return the losses of a batch."""
        prediction = self.model(batch)
        return Losses({"hard": _hard_loss(prediction, batch)}, self._gate_losses(prediction))

    def _gate_losses(self, prediction: Prediction) -> dict[str, torch.Tensor]:
        routing = prediction.extra
        self._load = whole_mean(routing.load(), routing.chosen.numel())
        balance = switch_balance(routing.probabilities, self._load)
        gate_entropy = gate_information(routing.probabilities)
        return {
            "balance": self.routing.balance_weight * balance,
            "gate_entropy": self.routing.gate_entropy_weight * gate_entropy,
        }

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the weights of the student's layer after the mixture."""
        return self.model.shared_parameters()

    def after_step(self) -> None:
        """Move the gate's bias towards equal shares."""
        self.model.gate.update_bias(self._load, self.routing.gate_bias_step)

    def validate(self, batches: DataLoader) -> dict[str, float]:
        """Return the mean metrics of the validation spectra and each expert's share of them."""
        with counted_experts(self.model) as shares:
            scores = assess(self.model, batches)
        return {**mean_scores(all_scores(scores)), **_mean_shares(shares, len(scores["row"]))}


class DistillationPhase(MeasuredPhase):
    """Trains the student on hard labels, soft labels and features.

    Args:
        model: the student.
        teacher_width: size of the teacher's features.
        settings: which losses, and temperatures.
        routing: weights of the gate's losses.
    """

    name = "student"

    def __init__(
        self,
        model: Student,
        *,
        teacher_width: int,
        settings: DistillationConfig,
        routing: StudentConfig,
    ):
        super().__init__(model, routing=routing)
        self.projection = nn.Linear(model.feature_width, teacher_width)
        # What is in no loss has no gradient, and DDP would wait for one.
        self.projection.requires_grad_(settings.features)
        self.settings = settings
        chosen = {"soft": settings.soft, "features": settings.features}
        self.loss_names = ("hard", *(name for name, wanted in chosen.items() if wanted))

    @property
    def temperature(self) -> float:
        """The temperature of the soft labels at this point of the training."""
        start, end = self.settings.temperature_start, self.settings.temperature_end
        return start + (end - start) * self.progress

    def forward(self, batch: Batch) -> Losses:
        """Return the losses of a batch."""
        prediction = self.model(batch)
        # The teacher speaks for every m/z, also below the lowest recorded one.
        soft = entropy_distance(
            tempered(prediction.intensity, self.temperature),
            tempered(batch.teacher_mean, self.temperature),
        )
        trust = torch.ones_like(soft)
        if self.settings.confidence:
            trust = confidence(batch.teacher_mean, batch.teacher_deviation)
        features = cosine_distance(self.projection(prediction.features), batch.teacher_features)
        losses = {
            "hard": _hard_loss(prediction, batch),
            "soft": whole_mean((trust * soft).sum() / trust.sum(), trust.sum()),
            "features": batch_mean(features),
        }
        balanced = {name: losses[name] for name in self.loss_names}
        return Losses(balanced, self._gate_losses(prediction))


def _hard_loss(prediction: Prediction, batch: Batch) -> torch.Tensor:
    """Return the mean entropy distance to the measured spectra; a batch may hold none."""
    measured = batch.spectrum.amax(1) > 0
    hard = entropy_distance(
        recorded(prediction.intensity[measured], batch.recorded[measured]),
        recorded(batch.spectrum[measured], batch.recorded[measured]),
    )
    return whole_mean(hard.sum() / max(1, len(hard)), len(hard))


def _mean_shares(shares: dict[str, float], molecules: int) -> dict[str, float]:
    """Return each expert's share of the molecules of all processes, from those of each process."""
    parts = gathered((shares, molecules))
    if len(parts) == 1:
        return shares
    everywhere = sum(number for _, number in parts)
    return {name: sum(own[name] * n for own, n in parts) / everywhere for name in shares}


def student_arguments(config: Config) -> dict:
    """Return the constructor arguments of the configured student, checked by ``check_student``."""
    check_student(config)
    not_sizes = {"checkpoint", "balance_weight", "gate_entropy_weight", "gate_bias_step"}
    return {"max_mz": config.data.max_mz, **config.student.model_dump(exclude=not_sizes)}


def check_student(config: Config) -> None:
    """Check what only several of the student's settings together show.

    Raises:
        ConfigError: it has fewer experts than a molecule goes to.
    """
    active, experts = config.student.active_experts, config.student.experts
    if active > experts:
        raise config.mistake(
            "student.active_experts", f"found {active}; allowed: to {experts}, its student.experts"
        )


def student_key(config: Config, teacher_path: Path) -> str:
    """Return the key of the student's run."""
    teacher = teacher_digest(teacher_path)  # first, as it says how to get one that is missing
    not_wanted = {"cache", "unlabelled", "structures"}
    distillation = config.distillation.model_dump(mode="json", exclude=not_wanted)
    settings = {
        "model": config.student.model_dump(mode="json", exclude={"checkpoint"}),
        "distillation": distillation | {"mc_samples": label_passes(config, teacher_path)},
        "structures": structures_key(config),
        "teacher": teacher,
        **library_part(config),
    }
    if first := first_student_digest(config):
        settings["first_student"] = first
    return run_key(config, "student", settings)


def train_student(
    config: Config, teacher_path: Path | None = None, **earlier: Any
) -> dict[str, Any]:
    """Distil the student from a teacher.

    Args:
        config: the configuration.
        teacher_path: the teacher's checkpoint; the configured one if left out, or the one that
            comes with the code, see ``Config.to_read``.
        **earlier: what becomes of an earlier run: options of ``Run.carry_out``.

    Returns:
        The metadata of the checkpoint left at ``student.checkpoint``.

    Raises:
        ConfigError: the student's settings contradict each other.
        StoreError: there is no store and nothing to make one from.
        CheckpointError: the teacher's checkpoint cannot be used; another run is writing the
            student's, or an earlier one stays.
        DeviceError: there are not so many devices.
        Interrupted: SIGTERM or Ctrl-C came; the state is saved.
    """
    check_student(config)
    start(config.training)
    if teacher_path is None:
        teacher_path = on_first(config.to_read, config.teacher.checkpoint, tqdm.write)
    best, name = config.student.checkpoint, DistillationPhase.name
    with sole_writer(best):
        with first_ahead():
            ensure_store(config)
            key = student_key(config, teacher_path)
        can_go_on = partial(can_resume, best, name, key)
        state = state_path(best, name)
        run = Run(best, key, state, can_go_on, replaces="after its first epoch")
        return run.carry_out(partial(_train_student, config, teacher_path, key), **earlier)


def _train_student(config: Config, teacher_path: Path, key: str, resume: bool) -> dict[str, Any]:
    device = choose_device(config.training.device)
    with first_ahead():
        cache = cache_teacher(config, teacher_path, device)
    arguments = student_arguments(config)
    # Before the seed: whether it has been kept from an earlier run must not change the result.
    vocabulary = None if resume else on_first(teachers_vocabulary, config, teacher_path, device)
    torch.manual_seed(config.training.seed)
    model = Student(**arguments)
    if vocabulary is not None:
        model.head.start_from(vocabulary)
    settings = config.training.student
    parts = training_sets(config, model.inputs)
    labelled = [parts[0]] * config.distillation.labelled_repeats
    training = make_loader(
        Concatenation([*labelled, *parts[1:]]),
        max_mz=config.data.max_mz,
        batch_size=settings.batch_size,
        num_workers=config.data.num_workers,
        shuffle_seed=config.training.seed,
        teacher=cache,
    )
    validation = split_loader(
        config, "validation", inputs=model.inputs, batch_size=settings.batch_size
    )
    if config.data.memory_efficient_mode:
        with first_ahead():
            # On disk, for a student learns as fast as they could be computed.
            names = ("validation", "labelled", "unlabelled")
            for name, dataset in zip(names, [validation.dataset, *parts], strict=False):
                dataset.keep_features(config.distillation.cache.with_name(f"{name}_features.bin"))
    phase = DistillationPhase(
        model,
        teacher_width=cache.feature_width,
        settings=config.distillation,
        routing=config.student,
    )
    metadata = train_phase(
        config,
        phase,
        settings,
        (training, validation),
        model_config=arguments,
        checkpoint=config.student.checkpoint,
        key=key,
        resume=resume,
        data=library_source(config),
        trained_on={
            "training_spectra": len(parts[0]),
            "training_elements": parts[0].elements,
            "unlabelled_molecules": sum(map(len, parts[1:])),
            "teacher": teacher_digest(teacher_path),
        },
    )
    on_first(write_card, config.student.checkpoint, config.data.store)
    return metadata
