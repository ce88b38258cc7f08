"""The one training loop, for every phase."""

from __future__ import annotations

import csv
import math
import signal
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from ..config import PhaseConfig, TrainingConfig
from ..data.examples.features import Batch
from ..data.examples.loader import OrderedSampler, ResumableSampler
from ..files.signals import DeferredStop
from ..files.writing import written_whole
from ..models.checkpoint import CheckpointError, load_plain, save_atomically
from ..models.device import DeviceError
from .averaging import RunningAverage
from .gradnorm import GradNorm
from .parallel import processes
from .parallel.batch_norm import share_batch_norm
from .parallel.launch import start
from .parallel.randomness import draw_apart, random_states, restore


class Losses(NamedTuple):
    """The losses of one batch, each a scalar, that of the whole batch in all of its processes.

    Attributes:
        balanced: those whose weights GradNorm learns.
        fixed: those that are added as they are, their weights in them.
    """

    balanced: dict[str, Tensor]
    fixed: dict[str, Tensor]


class Phase(nn.Module):
    """What a phase trains and how; called with a batch, it gives ``Losses``.

    Attributes:
        model: the model whose weights are kept.
        name: names the phase's files.
        loss_names: the losses that GradNorm balances.
        monitor: the validation metric that decides; the higher the better.
        progress: share of the training that is done, set before each step.
    """

    name: str
    loss_names: tuple[str, ...]
    monitor: str
    progress: float = 0.0

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the weights of the last layer that all balanced losses pass through."""
        return self.model.encoder.shared_parameters()

    def after_step(self) -> None:
        """Change what is not learned by gradient; nothing unless a phase says so."""

    def validate(self, batches: DataLoader) -> dict[str, float]:
        """Return the validation metrics, ``monitor`` among them, over all processes' batches."""
        raise NotImplementedError


class Step(NamedTuple):
    """Learns from a batch: called with a phase, what computes its losses, and the batch."""

    fabric: Fabric
    optimizer: torch.optim.Optimizer
    gradnorm: GradNorm
    gradient_clip: float

    def __call__(self, phase: Phase, compute: Callable[[Batch], Losses], batch: Batch) -> Losses:
        """Return the losses, the weights of the phase changed by them."""
        with self.fabric.autocast():
            losses = compute(batch)
        total = self.gradnorm(losses.balanced, phase.shared_parameters())
        self.fabric.backward(total + sum(losses.fixed.values()))
        self.fabric.clip_gradients(phase, self.optimizer, max_norm=self.gradient_clip)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return losses


def state_path(checkpoint: Path, phase_name: str) -> Path:
    """Return where a phase that leaves ``checkpoint`` keeps the state that resuming needs."""
    return checkpoint.with_name(f"last_{phase_name}.pt")


def metrics_path(checkpoint: Path, phase_name: str) -> Path:
    """Return where a phase that leaves ``checkpoint`` writes the metrics of its epochs."""
    return checkpoint.with_name(f"metrics_{phase_name}.csv")


# What a signal is called, and the exit status that a shell reports of it.
_STOPPED_BY = {signal.SIGTERM: ("SIGTERM", 143), signal.SIGINT: ("Ctrl-C", 130)}


class Interrupted(Exception):  # noqa: N818 - not an error: the run was asked to stop and has saved
    """The run was asked to stop; its state is saved and ``resume`` continues it.

    ``status`` is the exit status of a command that was stopped so.
    """

    def __init__(self, message: str, status: int = 143):
        super().__init__(message)
        self.status = status


class Trainer:
    """Trains a phase: AdamW, warm-up and cosine decay, GradNorm, early stopping.

    Where ``settings.weight_average`` is set, what is validated and kept is the running average of
    the weights. Several processes share each batch of ``settings.batch_size``, and DDP averages
    their gradients; losses and batch norm are those of the whole batch, so that the result is that
    of one process up to rounding and the chance of dropout. The first process alone writes.

    Args:
        phase: what to train.
        settings: schedule of the phase.
        shared: settings of all phases.
        checkpoint: where the best model goes; beside it go ``last_NAME.pt`` (all that resuming
            needs, see ``state_path``) and ``metrics_NAME.csv``.
        save_best: called, in the first process, with the validation metrics whenever ``monitor``
            is better than before.
        key: what the run depends on; a state saved under another key is not resumed.
    """

    def __init__(
        self,
        phase: Phase,
        *,
        settings: PhaseConfig,
        shared: TrainingConfig,
        checkpoint: Path,
        save_best: Callable[[dict[str, float]], None],
        key: str,
    ):
        self.phase, self.settings, self.shared = phase, settings, shared
        self.save_best, self.key = save_best, key
        self.state_path = state_path(checkpoint, phase.name)
        self.metrics_path = metrics_path(checkpoint, phase.name)
        self.fabric = start(shared, settings.precision)
        self.average: RunningAverage | None = None
        self.gradnorm = GradNorm(phase.loss_names, **shared.gradnorm.model_dump())
        self.epoch = self.step = self.epochs_without_gain = 0
        self.batch = 0  # of the current epoch
        self.best = -math.inf
        self.history: list[dict[str, float]] = []
        self.sums: dict[str, float] = {}  # of the losses in the current epoch
        self.stop = DeferredStop()

    def fit(self, train: DataLoader, validation: DataLoader, *, resume: bool = False) -> None:
        """Train until the last epoch or until ``patience`` epochs brought no gain.

        Args:
            train: shuffled by a ``ResumableSampler``.
            validation: in order.
            resume: continue from the saved state, to the same result as without the interruption
                (on a GPU as near as its sums, whose order varies, allow).

        Raises:
            Interrupted: SIGTERM or Ctrl-C came; the state is saved.
            CheckpointError: there is nothing to resume, or it belongs to other settings.
            DeviceError: there are more processes than examples in a batch.
        """
        share_batch_norm(self.phase)
        optimizer = torch.optim.AdamW(
            self.phase.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
        )
        self.fabric.strategy.module_to_device(self.phase)
        # DDP itself, or on one device the phase, but not in Fabric's wrapper, which allows no
        # gradient but the total's. DDP does: GradNorm averages those that it takes by itself.
        shared_phase = self.fabric.strategy.setup_module(self.phase)
        optimizer = self.fabric.setup_optimizers(optimizer)
        self.gradnorm.to(self.fabric.device)
        if self.settings.weight_average:
            self.average = RunningAverage(self.phase.model, self.settings.weight_average)
        sampler = train.batch_sampler
        self._share(sampler, validation.sampler)
        train, validation = self.fabric.setup_dataloaders(
            train, validation, use_distributed_sampler=False
        )
        step = Step(self.fabric, optimizer, self.gradnorm, self.shared.gradient_clip)
        draw_apart(self.shared.seed, self.step)
        if resume:
            self._load_state(optimizer)
        total_steps = self.settings.epochs * len(sampler)
        with self.stop:
            while not self._finished():
                sampler.epoch, sampler.start = self.epoch, self.batch
                self.phase.train()
                with self._progress_bar(len(sampler)) as bar:
                    for batch in train:
                        self.phase.progress = self.step / total_steps
                        for group in optimizer.param_groups:
                            group["lr"] = self._learning_rate(self.phase.progress)
                        losses = step(self.phase, shared_phase, batch)
                        if self.average is not None:
                            self.average.update_parameters(self.phase.model)
                        self.phase.after_step()
                        self._count(losses, bar)
                        self._stop_if_asked(optimizer)
                with self.average.used_by(self.phase.model) if self.average else nullcontext():
                    self._end_epoch(self.phase.validate(validation))
                self._save_state(optimizer)
                self._stop_if_asked(optimizer)

    def _share(self, train: ResumableSampler, validation: OrderedSampler) -> None:
        """Give each process its part of every training batch, and of the validation examples."""
        least = min(train.batch_size, validation.size)
        if least < processes.count():
            raise DeviceError(
                f"{processes.count()} devices cannot share {least} examples; use fewer of them, "
                "or a larger batch_size"
            )
        train.share = validation.share = processes.share()

    def _learning_rate(self, progress: float) -> float:
        """Return the rate: up linearly over the warm-up, then down to 0 by half a cosine."""
        warmup = self.settings.warmup_fraction
        if progress < warmup:
            return self.settings.learning_rate * (progress + 1e-3) / (warmup + 1e-3)
        decayed = (progress - warmup) / (1 - warmup)
        return self.settings.learning_rate * 0.5 * (1 + math.cos(math.pi * decayed))

    def _count(self, losses: Losses, bar: tqdm) -> None:
        self.step += 1
        self.batch += 1
        for name, value in {**losses.balanced, **losses.fixed}.items():
            self.sums[name] = self.sums.get(name, 0.0) + value.item()
        weights = self.gradnorm.current()
        terms = {
            name: f"{total / self.batch:.4f}" + (f"×{weights[name]:.2f}" if name in weights else "")
            for name, total in self.sums.items()
        }
        bar.set_postfix(terms, refresh=False)
        bar.update()

    def _end_epoch(self, validation: dict[str, float]) -> None:
        means = {f"loss_{name}": total / self.batch for name, total in self.sums.items()}
        weights = {f"weight_{name}": w for name, w in self.gradnorm.current().items()}
        self.history.append({"epoch": self.epoch + 1, **means, **weights, **validation})
        processes.on_first(self._report, validation)
        if validation[self.phase.monitor] > self.best:
            self.best = validation[self.phase.monitor]
            self.epochs_without_gain = 0
            processes.on_first(self.save_best, validation)
        else:
            self.epochs_without_gain += 1
        self.epoch, self.batch, self.sums = self.epoch + 1, 0, {}

    def _finished(self) -> bool:
        out_of_patience = self.epochs_without_gain >= self.settings.patience
        return self.epoch >= self.settings.epochs or out_of_patience

    def _progress_bar(self, batches: int) -> tqdm:
        return tqdm(
            desc=f"{self.phase.name} {self.epoch + 1}/{self.settings.epochs}",
            total=batches,
            initial=self.batch,
            unit="batch",
            leave=False,
            mininterval=1.0,
            disable=not processes.is_first(),
        )

    def _report(self, validation: dict[str, float]) -> None:
        with written_whole(self.metrics_path) as path, path.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(self.history[-1]))
            writer.writeheader()
            writer.writerows(self.history)
        shown = "  ".join(f"{name} {value:.4f}" for name, value in validation.items())
        tqdm.write(f"{self.phase.name} epoch {self.epoch + 1}: {shown}")

    def _stop_if_asked(self, optimizer: torch.optim.Optimizer) -> None:
        # It may have come to one process alone; all stop at the same step.
        if processes.any_says(self.stop.asked_by is not None):
            self._save_state(optimizer)
            name, status = _STOPPED_BY[self.stop.asked_by or signal.SIGTERM]
            raise Interrupted(f"stopped by {name}; saved {self.state_path}", status)

    _COUNTERS = ("epoch", "step", "batch", "best", "epochs_without_gain", "history", "sums")

    def _save_state(self, optimizer: torch.optim.Optimizer) -> None:
        first, *others = random_states()
        state = {
            "key": self.key,
            "phase": self.phase.state_dict(),
            "optimizer": optimizer.state_dict(),
            "average": self.average.state_dict() if self.average is not None else None,
            "gradnorm": self.gradnorm.training_state(),
            "random": first,
            "random_of_others": others,
            "counters": {name: getattr(self, name) for name in self._COUNTERS},
        }
        processes.on_first(save_atomically, state, self.state_path)

    def _load_state(self, optimizer: torch.optim.Optimizer) -> None:
        with processes.first_ahead():
            state = load_plain(self.state_path)
            if state.get("key") != self.key:
                raise CheckpointError(
                    f"{self.state_path}: saved under other settings or other data; restore them, "
                    "or --restart begins anew"
                )
        self.phase.load_state_dict(state["phase"])
        optimizer.load_state_dict(state["optimizer"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.gradnorm.load_training_state(state["gradnorm"])
        for name, value in state["counters"].items():
            setattr(self, name, value)
        random = [state["random"], *state.get("random_of_others", [])]
        restore(random, seed=self.shared.seed, step=self.step)
