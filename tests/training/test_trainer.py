import csv
import os
import signal

import pytest
import torch

from builders import build_bde_cache, build_config, changed
from nextims.data.examples.features import Inputs
from nextims.models.checkpoint import CheckpointError
from nextims.models.teacher_network import TeacherNetwork
from nextims.training.runs import split_loader
from nextims.training.teacher_network import FinetunePhase, network_arguments
from nextims.training.trainer import Interrupted, Losses, Trainer


def make_trainer(config, folder, *, key="key", phase_class=FinetunePhase, saved=None):
    torch.manual_seed(config.training.seed)
    phase = phase_class(
        TeacherNetwork(**network_arguments(config)),
        config.teacher.model_copy(update={"bond_energies": True}),
    )
    return Trainer(
        phase,
        settings=config.training.finetune,
        shared=config.training,
        checkpoint=folder / "best_teacher.pt",
        save_best=(saved if saved is not None else []).append,
        key=key,
    )


INPUTS = Inputs(graph=True, fragments=60)


def loaders(config):
    common = {"inputs": INPUTS, "batch_size": 4, "bde_cache": config.bde.cache}
    return (
        split_loader(config, "train", shuffle=True, **common),
        split_loader(config, "validation", **common),
    )


@pytest.fixture
def config(tmp_path):
    config = build_config(tmp_path, epochs=4)
    build_bde_cache(config.bde.cache)
    return config


class StopsItself(FinetunePhase):
    """Gets SIGTERM in the middle of the second epoch."""

    steps = 0
    signals = (signal.SIGTERM,)

    def after_step(self):
        self.steps += 1
        if self.steps == 6:
            for number in self.signals:
                signal.raise_signal(number)


class Interrupts(StopsItself):
    """Gets Ctrl-C there."""

    signals = (signal.SIGINT,)


class InterruptsTwice(StopsItself):
    """Gets Ctrl-C twice in one step."""

    signals = (signal.SIGINT, signal.SIGINT)


@pytest.mark.parametrize(
    ("phase_class", "name", "status"),
    [(StopsItself, "SIGTERM", 143), (Interrupts, "Ctrl-C", 130)],
)
def test_a_run_that_was_stopped_continues_to_the_same_result(
    config, tmp_path, phase_class, name, status
):
    whole = make_trainer(config, tmp_path / "whole")
    whole.fit(*loaders(config))

    stopped = make_trainer(config, tmp_path / "parts", phase_class=phase_class)
    with pytest.raises(Interrupted, match=f"stopped by {name}") as interrupted:
        stopped.fit(*loaders(config))
    assert interrupted.value.status == status
    assert (stopped.epoch, stopped.batch) == (1, 2)

    torch.manual_seed(99)  # the state brings its own randomness
    resumed = make_trainer(config, tmp_path / "parts")
    resumed.fit(*loaders(config), resume=True)
    assert resumed.history == whole.history
    for name, tensor in whole.phase.state_dict().items():
        assert torch.equal(resumed.phase.state_dict()[name], tensor), name


def test_a_second_ctrl_c_does_not_wait_for_the_step(config, tmp_path):
    stopped = make_trainer(config, tmp_path, phase_class=InterruptsTwice)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(*loaders(config))
    assert stopped.epoch == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_goes_back_to_what_it_was(config, tmp_path, number):
    before = signal.getsignal(number)
    make_trainer(config, tmp_path).fit(*loaders(config))
    assert signal.getsignal(number) == before


def test_a_state_of_other_settings_is_not_resumed(config, tmp_path):
    make_trainer(config, tmp_path).fit(*loaders(config))
    with pytest.raises(CheckpointError, match="other settings or other data"):
        make_trainer(config, tmp_path, key="other").fit(*loaders(config), resume=True)


def test_nothing_to_resume_is_named(config, tmp_path):
    with pytest.raises(CheckpointError, match=r"last_finetune_teacher\.pt: no such checkpoint"):
        make_trainer(config, tmp_path).fit(*loaders(config), resume=True)


def test_the_metrics_file_has_a_row_an_epoch_with_losses_weights_and_metrics(config, tmp_path):
    trainer = make_trainer(config, tmp_path)
    trainer.fit(*loaders(config))
    with (tmp_path / "metrics_finetune_teacher.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    for row in rows:
        assert float(row["weight_spectrum"]) == 1  # nothing to balance it with
        assert 0 < float(row["loss_spectrum"]) < 2
        assert 0 < float(row["loss_bond_energy"]) < float(row["loss_spectrum"])
        assert 0 <= float(row["entropy_similarity"]) <= 1


class Remembers(FinetunePhase):
    """Notes one weight after each step, and the one that is validated."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.steps, self.validated = [], []

    def _weight(self):
        return self.model.fragment_head.score.bias.detach().clone()

    def after_step(self):
        self.steps.append(self._weight())

    def validate(self, batches):
        self.validated.append(self._weight())
        return super().validate(batches)


def test_what_is_validated_is_the_running_average_of_the_weights(config, tmp_path):
    averaged = changed(config, "training.finetune", weight_average=0.9)
    trainer = make_trainer(averaged, tmp_path, phase_class=Remembers)
    trainer.fit(*loaders(config))
    expected, per_epoch = trainer.phase.steps[0], len(trainer.phase.steps) // 4
    for number, weight in enumerate(trainer.phase.steps[1:], start=2):
        kept = min(0.9, number / (9 + number))  # less at the beginning
        expected = kept * expected + (1 - kept) * weight
        if number % per_epoch == 0:
            validated = trainer.phase.validated[number // per_epoch - 1]
            assert torch.allclose(validated, expected, atol=1e-6)
    # Training itself goes on from the last step.
    assert torch.equal(trainer.phase._weight(), trainer.phase.steps[-1])


def test_the_best_is_saved_whenever_validation_gains(config, tmp_path):
    saved = []
    trainer = make_trainer(config, tmp_path, saved=saved)
    trainer.fit(*loaders(config))
    values = [metrics["entropy_similarity"] for metrics in saved]
    assert values == sorted(values)
    assert values[-1] == trainer.best == max(row["entropy_similarity"] for row in trainer.history)


class Balanced(FinetunePhase):
    """Has GradNorm balance the bond energies with the spectrum."""

    loss_names = ("spectrum", "bond_energy")

    def forward(self, batch):
        losses = super().forward(batch)
        bond_energy = losses.fixed.pop("bond_energy")
        return Losses({**losses.balanced, "bond_energy": bond_energy}, losses.fixed)


def test_bfloat16_trains_past_the_warm_up_of_gradnorm(config, tmp_path):
    half = changed(config, "training.finetune", precision="bf16-mixed")
    trainer = make_trainer(half, tmp_path, phase_class=Balanced)
    trainer.fit(*loaders(config))
    assert trainer.step > config.training.gradnorm.warmup_steps
    assert trainer.history[-1]["loss_spectrum"] < trainer.history[0]["loss_spectrum"]
    assert trainer.history[-1]["weight_spectrum"] != 1


class StopsInValidation(FinetunePhase):
    def validate(self, batches):
        os.kill(os.getpid(), signal.SIGTERM)
        return super().validate(batches)


def test_sigterm_during_validation_is_heeded(config, tmp_path):
    stopped = make_trainer(config, tmp_path, phase_class=StopsInValidation)
    with pytest.raises(Interrupted):
        stopped.fit(*loaders(config))
    assert (stopped.epoch, stopped.batch) == (1, 0)


class OneStep(FinetunePhase):
    """Adds a fixed loss whose gradient on one weight is known."""

    def forward(self, batch):
        losses = super().forward(batch)
        extra = 5.0 * self.model.energy.linear.bias.sum()
        return Losses(losses.balanced, {"extra": extra})


def test_fixed_losses_are_learned_as_well(config, tmp_path):
    trainer = make_trainer(config, tmp_path, phase_class=OneStep)
    before = trainer.phase.model.energy.linear.bias.detach().clone()
    trainer.fit(*loaders(config))
    after = trainer.phase.model.energy.linear.bias.detach()
    assert (after < before).all()
    assert trainer.history[-1]["loss_extra"] < trainer.history[0]["loss_extra"]


class NeverGains(FinetunePhase):
    def validate(self, batches):
        return {"entropy_similarity": 0.5}


def test_training_stops_when_patience_is_out(config, tmp_path):
    settings = config.training.finetune.model_copy(update={"patience": 2})
    trainer = make_trainer(config, tmp_path, phase_class=NeverGains)
    trainer.settings = settings
    trainer.fit(*loaders(config))
    assert trainer.epoch == 3  # the first gains, two do not


def test_the_rate_rises_then_falls_to_nothing(config, tmp_path):
    trainer = make_trainer(config, tmp_path)
    rates = [trainer._learning_rate(step / 100) for step in range(101)]
    peak = rates.index(max(rates))
    assert peak == 10
    assert rates[peak] == pytest.approx(config.training.finetune.learning_rate)
    assert rates[:11] == sorted(rates[:11])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
