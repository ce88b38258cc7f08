"""Several processes that train one model; here two on the CPU, which talk through gloo."""

import csv
import gzip
import io
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from contextlib import redirect_stderr
from pathlib import Path

import numpy as np
import pytest
import torch

from builders import build_bde_cache, build_bde_data, build_config, changed
from nextims.cli.training import run_training
from nextims.config import PROJECT_ROOT, TrainingConfig
from nextims.data.examples.features import Inputs
from nextims.models.checkpoint import CheckpointError, load_plain, save_checkpoint
from nextims.models.device import DeviceError
from nextims.models.teacher import Teacher
from nextims.models.teacher_network import TeacherNetwork
from nextims.training import runs
from nextims.training.bde import bde_key, train_bde
from nextims.training.card_figures import card_path
from nextims.training.distillation.student import student_key, train_student
from nextims.training.earlier import is_complete
from nextims.training.parallel import processes
from nextims.training.parallel.batch_norm import share_batch_norm
from nextims.training.parallel.launch import _places, start
from nextims.training.runs import sole_writer, split_loader
from nextims.training.teacher import teacher_arguments
from nextims.training.teacher_network import FinetunePhase, network_arguments
from nextims.training.trainer import Interrupted, Losses, Trainer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are forked")

KILLED = -signal.SIGKILL
NO_DROPOUT = {"dropout": 0.0, "drop_edge": 0.0, "fragment_dropout": 0.0}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def in_processes(number, function, *arguments, killed=False):
    """Call a function in processes that torchrun might have started; return what each gives.

    Args:
        number: of processes.
        function: called with ``arguments``.
        arguments: its arguments.
        killed: whether the processes are to be killed, and so to give nothing.
    """
    port, context = free_port(), multiprocessing.get_context("fork")
    pipes = [context.Pipe(duplex=False) for _ in range(number)]
    members = []
    for rank, (_, answer) in enumerate(pipes):
        environment = {
            "TORCHELASTIC_RUN_ID": "test",
            "RANK": rank,
            "LOCAL_RANK": rank,
            "WORLD_SIZE": number,
            "LOCAL_WORLD_SIZE": number,
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port,
        }
        target = (environment, answer, function, arguments)
        members.append(context.Process(target=_answer, args=target))
        members[-1].start()
    if killed:
        for member in members:
            member.join(120)
        assert [member.exitcode for member in members] == [KILLED] * number
        return []
    answers = []
    for receiver, _ in pipes:
        assert receiver.poll(120), "no answer"
        answers.append(receiver.recv())
    for member in members:
        member.join(60)
    for error, _ in answers:
        assert not error, error
    return [value for _, value in answers]


def _answer(environment, answer, function, arguments):
    os.environ.update({name: str(value) for name, value in environment.items()})
    try:
        answer.send((None, function(*arguments)))
    except BaseException:
        answer.send((traceback.format_exc(), None))


class Balanced(FinetunePhase):
    """Has GradNorm balance the bond energies with the spectrum."""

    loss_names = ("spectrum", "bond_energy")

    def forward(self, batch):
        losses = super().forward(batch)
        bond_energy = losses.fixed.pop("bond_energy")
        return Losses({**losses.balanced, "bond_energy": bond_energy}, losses.fixed)


class NoBondEnergies(FinetunePhase):
    """Leaves the bond energies out."""

    def __init__(self, model, settings):
        super().__init__(model, settings.model_copy(update={"bond_energies": False}))


class KilledInTheSecondEpoch(Balanced):
    steps = 0

    def after_step(self):
        self.steps += 1
        if self.steps == 6:
            os.kill(os.getpid(), signal.SIGKILL)


class StopsTheLastProcess(Balanced):
    """Gets SIGTERM in the middle of the second epoch, in one process alone."""

    steps = 0

    def after_step(self):
        self.steps += 1
        if self.steps == 6 and processes.rank() == processes.count() - 1:
            os.kill(os.getpid(), signal.SIGTERM)


def train(config, folder, phase_class=Balanced, resume=False):
    """Train a network of the teacher; return the losses, the weights and what was saved."""
    start(config.training)
    torch.manual_seed(config.training.seed)
    settings = config.teacher.model_copy(update={"bond_energies": True})
    phase = phase_class(TeacherNetwork(**network_arguments(config)), settings)
    saved = []
    trainer = Trainer(
        phase,
        settings=config.training.finetune,
        shared=config.training,
        checkpoint=folder / "best_teacher.pt",
        save_best=saved.append,
        key="key",
    )
    common = {
        "inputs": Inputs(graph=True, fragments=60),
        "batch_size": 4,
        "bde_cache": config.bde.cache,
    }
    loaders = (
        split_loader(config, "train", shuffle=True, **common),
        split_loader(config, "validation", **common),
    )
    stopped = None
    try:
        trainer.fit(*loaders, resume=resume)
    except Interrupted:
        stopped = (trainer.epoch, trainer.batch)
    weights = {name: value.numpy() for name, value in phase.state_dict().items()}
    return {
        "history": trainer.history,
        "weights": weights,
        "balance": trainer.gradnorm.weights.detach().numpy(),
        "saved": len(saved),
        "stopped": stopped,
    }


@pytest.fixture
def config(tmp_path):
    config = build_config(tmp_path, epochs=3)
    build_bde_cache(config.bde.cache)
    return config


@pytest.fixture
def without_chance(config):
    """Without dropout, which differs between processes."""
    return changed(config, "teacher", **NO_DROPOUT)


def assert_equal(one, other, *, tolerance=0.0):
    assert one["history"][-1]["epoch"] == other["history"][-1]["epoch"]
    for row, again in zip(one["history"], other["history"], strict=True):
        assert again == pytest.approx(row, rel=tolerance, abs=tolerance)
    for name, value in one["weights"].items():
        # Batch norm and softmax take up the biases before them, whose gradient is nothing but
        # rounding, which Adam makes as large as any other.
        if tolerance and not name.endswith("weight"):
            continue
        np.testing.assert_allclose(
            other["weights"][name], value, rtol=tolerance, atol=tolerance, err_msg=name
        )


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one process gives, without dropout."""
    folder = tmp_path_factory.mktemp("alone")
    config = build_config(folder, epochs=3)
    build_bde_cache(config.bde.cache)
    return train(changed(config, "teacher", **NO_DROPOUT), folder)


@pytest.mark.parametrize("number", [2, 3])
def test_processes_that_share_the_batches_give_what_one_gives(
    without_chance, tmp_path, number, alone
):
    # Three share batches of four unevenly.
    together = in_processes(number, train, without_chance, tmp_path / "together")
    assert alone["balance"][0] != 1  # GradNorm has moved its weights
    for member in together:
        assert_equal(alone, member, tolerance=2e-4)
        assert_equal(together[0], member)
        assert (member["balance"] == together[0]["balance"]).all()
    assert [member["saved"] > 0 for member in together] == [True] + [False] * (number - 1)


def test_what_no_loss_uses_keeps_no_process_waiting(without_chance, tmp_path):
    config = changed(without_chance, "training.finetune", epochs=1)
    alone = train(config, tmp_path / "alone", NoBondEnergies)
    together = in_processes(2, train, config, tmp_path / "together", NoBondEnergies)
    assert_equal(alone, together[1], tolerance=2e-4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What two processes give that nothing interrupts, dropout and all."""
    folder = tmp_path_factory.mktemp("whole")
    config = build_config(folder, epochs=3)
    build_bde_cache(config.bde.cache)
    members = in_processes(2, train, config, folder)
    assert_equal(members[0], members[1])
    return members


def test_a_run_that_was_killed_goes_on_to_the_same_result(config, tmp_path, whole):
    killed = tmp_path / "killed"
    in_processes(2, train, config, killed, KilledInTheSecondEpoch, killed=True)
    resumed = in_processes(2, train, config, killed, Balanced, True)
    for member in resumed:
        assert_equal(whole[0], member)
    assert resumed[0]["history"][-1]["epoch"] == 3


def test_sigterm_to_one_process_stops_all_at_the_same_step(config, tmp_path, whole):
    parts = tmp_path / "parts"
    stopped = in_processes(2, train, config, parts, StopsTheLastProcess)
    assert [member["stopped"] for member in stopped] == [(1, 2), (1, 2)]
    resumed = in_processes(2, train, config, parts, Balanced, True)
    for member in resumed:
        assert_equal(whole[0], member)


def test_a_run_goes_on_with_another_number_of_processes(without_chance, tmp_path, alone):
    parts = tmp_path / "parts"
    in_processes(2, train, without_chance, parts, StopsTheLastProcess)
    assert_equal(alone, train(without_chance, parts, resume=True), tolerance=2e-4)
    in_processes(1, train, without_chance, tmp_path / "one", StopsTheLastProcess)
    resumed = in_processes(2, train, without_chance, tmp_path / "one", Balanced, True)
    assert_equal(alone, resumed[1], tolerance=2e-4)


def test_each_process_drops_other_units(config, tmp_path):
    draws = in_processes(2, _draw_after_training, config, tmp_path)
    assert draws[0] != draws[1]


def _draw_after_training(config, folder):
    train(changed(config, "training.finetune", epochs=1), folder)
    return torch.rand(4).tolist()


def test_more_processes_than_examples_are_refused(config, tmp_path):
    errors = in_processes(5, _error_of, config, tmp_path)
    assert (
        errors
        == ["5 devices cannot share 4 examples; use fewer of them, or a larger batch_size"] * 5
    )


def _error_of(config, folder):
    with pytest.raises(DeviceError) as error:
        train(config, folder)
    return str(error.value)


def distil(config, teacher):
    train_student(config, teacher)
    content = load_plain(config.student.checkpoint)
    return {
        "weights": {name: value.numpy() for name, value in content["weights"].items()},
        **content["metadata"],
    }


def test_a_student_learns_the_same_from_two_processes(config, tmp_path):
    # Structures without spectra: of measured ones each process has another number.
    config = changed(config, "student", dropout=0.0, gate_bias_step=0.02)
    config = changed(config, "training.student", precision="32-true", weight_average=None)
    config.distillation.unlabelled.parent.mkdir(exist_ok=True)
    with gzip.open(config.distillation.unlabelled, "wt") as file:
        file.write("CCCCO\nCCCCN\nCCCCCC=O\nCCCCCl\nCCCCBr\n")
    torch.manual_seed(0)
    arguments = teacher_arguments(config)
    save_checkpoint(config.teacher.checkpoint, Teacher(**arguments), arguments, {})
    checkpoint = config.student.checkpoint
    alone = distil(config, config.teacher.checkpoint)
    metrics = _metrics(checkpoint)
    checkpoint.unlink()
    config.distillation.cache.unlink()
    one, other = in_processes(2, distil, config, config.teacher.checkpoint)
    assert one["finished"] == other["finished"]
    for row, again in zip(metrics, _metrics(checkpoint), strict=True):
        assert again == pytest.approx(row, rel=1e-3, abs=1e-3)
    assert one["weights"]["gate.bias"] == pytest.approx(alone["weights"]["gate.bias"], abs=1e-3)
    assert one["validation"] == pytest.approx(alone["validation"], abs=1e-3)


def _metrics(checkpoint):
    with checkpoint.with_name("metrics_student.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_the_bde_model_learns_the_same_from_two_processes(config):
    build_bde_data(config.bde.data)
    alone = train_bde(config)
    one, other = in_processes(2, train_bde, config)
    assert one == other
    assert one["validation"] == pytest.approx(alone["validation"], rel=1e-3)
    assert card_path(config.bde.checkpoint).is_file()


def _talk():
    """What the processes say to each other."""
    start(TrainingConfig(device="cpu"))
    rank = processes.rank()
    failed = None
    try:
        processes.on_first(_fail)
    except (ValueError, processes.FirstFailedError) as error:
        failed = type(error).__name__
    return {
        "first": processes.on_first(processes.rank),
        "gathered": processes.gathered(rank),
        "any": [processes.any_says(rank == 1), processes.any_says(False)],
        "failed": failed,
        "mean": processes.whole_mean(torch.tensor([1.0, 2.0]) * (rank + 1), 1 + 2 * rank).tolist(),
        "nothing": processes.whole_mean(torch.tensor(0.0), 0).item(),
    }


def _fail():
    raise ValueError("no")


def test_what_the_processes_say_to_each_other():
    first, second = in_processes(2, _talk)
    assert (first.pop("failed"), second.pop("failed")) == ("ValueError", "FirstFailedError")
    assert first == second
    assert first == {
        "first": 0,
        "gathered": [0, 1],
        "any": [True, False],
        "mean": [1.75, 3.5],  # (1·1 + 3·2) / 4
        "nothing": 0.0,
    }


def _normalise(x, upstream):
    start(TrainingConfig(device="cpu"))
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(x.shape[1]))
    share_batch_norm(model)
    own = x[processes.share()].clone().requires_grad_()
    for _ in range(2):
        y = model(own)
    (y * upstream[processes.share()]).sum().backward()
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    weight = processes.average(model[0].weight.grad) * processes.count()
    return y.detach().numpy(), own.grad.numpy(), weight.numpy(), state


def test_batch_norm_sees_all_examples():
    torch.manual_seed(1)
    x, upstream = 3 * torch.randn(7, 5) + 10, torch.randn(7, 5)
    y, gradient, weight, state = _normalise(x, upstream)
    parts = in_processes(2, _normalise, x, upstream)
    for rank, (own, own_gradient, summed, own_state) in enumerate(parts):
        assert own == pytest.approx(y[rank::2], abs=1e-4)
        assert own_gradient == pytest.approx(gradient[rank::2], abs=1e-4)
        assert summed == pytest.approx(weight, abs=1e-4)
        for name, value in state.items():
            assert own_state[name] == pytest.approx(value, rel=1e-4), name


def hold(checkpoint, ready):
    with sole_writer(checkpoint):
        ready.set()
        signal.pause()


def test_a_second_run_that_would_write_the_same_checkpoint_is_refused(tmp_path, monkeypatch):
    checkpoint = tmp_path / "new" / "best.pt"
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    other = context.Process(target=hold, args=(checkpoint, ready), daemon=True)
    other.start()
    assert ready.wait(60)
    monkeypatch.setattr(runs, "_SECONDS_TO_END", 0.2)
    refused = pytest.raises(CheckpointError, match=r"best\.pt: another process is writing it")
    with refused, sole_writer(checkpoint):
        pass
    with sole_writer(checkpoint.with_name("another.pt")):
        pass
    other.kill()  # the lock goes with the process
    other.join(60)
    with sole_writer(checkpoint):
        assert checkpoint.with_name("best.pt.lock").exists()
    with sole_writer(checkpoint):  # what is left of an earlier run keeps nobody out
        pass


def test_a_checkpoint_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("no folder")
    refused = pytest.raises(CheckpointError, match=r"best\.pt: cannot be written")
    with refused, sole_writer(tmp_path / "file" / "best.pt"):
        pass


def test_of_several_processes_one_is_refused_and_the_others_say_nothing(config, tmp_path):
    build_bde_data(config.bde.data)
    with sole_writer(config.bde.checkpoint):
        first, second = in_processes(2, _status_of_training, config)
    assert first == (
        2,
        f"error: {config.bde.checkpoint}: another process is writing it; wait for "
        "that, or write to another file\n",
    )
    assert second == (0, "")


def _status_of_training(config):
    runs._SECONDS_TO_END = 0.2
    with redirect_stderr(io.StringIO()) as error:
        status = run_training(lambda: {"BDE model": train_bde(config)})
    lines = error.getvalue().splitlines(keepends=True)
    return status, "".join(line for line in lines if line.startswith("error"))


def run_script(name, *arguments, launcher=(), **settings):
    script = str(PROJECT_ROOT / "scripts" / f"{name}.py")
    command = [sys.executable, *launcher, script, *arguments]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **settings,
    )


TORCHRUN = ("-m", "torch.distributed.run")


def nodes(number):
    """Return the arguments of torchrun on so many machines, all of them this one."""
    port = free_port()
    return [
        (*TORCHRUN, f"--nnodes={number}", f"--node-rank={node}", "--nproc-per-node=1",
         "--master-addr=127.0.0.1", f"--master-port={port}")
        for node in range(number)
    ]  # fmt: skip


def test_devices_starts_the_processes_of_a_script(config, tmp_path):
    build_bde_data(config.bde.data)
    arguments = ("--config", str(tmp_path / "config.yaml"), "--phase", "pretrain")
    process = run_script("train_teacher", *arguments, "--devices", "2")
    printed, error = process.communicate(timeout=240)
    assert process.returncode == 0, error
    assert printed.count("BDE model, validation") == 1
    assert printed.count("pretrain_teacher epoch 2") == 1
    assert is_complete(config.bde.checkpoint, bde_key(config))


@pytest.mark.slow
@pytest.mark.parametrize("machines", [1, 2])
def test_torchrun_starts_the_pipeline_on_one_machine_and_on_two(config, tmp_path, machines):
    launchers = [(*TORCHRUN, "--nproc-per-node=2")] if machines == 1 else nodes(2)
    arguments = ("--config", str(tmp_path / "config.yaml"))
    started = [run_script("train_pipeline", *arguments, launcher=it) for it in launchers]
    outputs = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0] * machines, outputs
    printed = "".join(text for text, _ in outputs)
    assert printed.count("phase 2, student: training") == 1
    assert printed.count("student, validation") == 1
    assert is_complete(config.student.checkpoint, student_key(config, config.teacher.checkpoint))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    config = build_config(folder, epochs=30)
    whole = run_script("train_teacher", "--config", str(folder / "config.yaml"), "--devices", "2")
    _, error = whole.communicate(timeout=400)
    assert whole.returncode == 0, error
    return load_plain(config.teacher.checkpoint)


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["all", "first", "other"])
def test_a_script_of_two_processes_that_is_killed_resumes(uninterrupted, tmp_path, whom):
    config = build_config(tmp_path, epochs=30)
    arguments = ("--config", str(tmp_path / "config.yaml"), "--devices", "2")
    process = run_script("train_teacher", *arguments, start_new_session=True)
    metrics = config.teacher.checkpoint.with_name("members") / "1/metrics_finetune_teacher.csv"
    wait_until(lambda: metrics.exists() and len(metrics.read_text().splitlines()) > 4)
    [child] = (int(text) for text in children(process.pid))
    if whom == "all":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        os.kill(process.pid if whom == "first" else child, signal.SIGKILL)
    _, error = process.communicate(timeout=120)
    assert process.returncode != 0
    assert ("another process of the training has ended" in error) == (whom == "other")
    wait_until(lambda: not Path(f"/proc/{child}").exists())  # none is left behind
    resumed = run_script("train_teacher", *arguments, "--resume")
    _, error = resumed.communicate(timeout=400)
    assert resumed.returncode == 0, error
    found = load_plain(config.teacher.checkpoint)
    for name, tensor in uninterrupted["weights"].items():
        assert torch.equal(found["weights"][name], tensor), name
    assert found["metadata"]["validation"] == uninterrupted["metadata"]["validation"]


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [(), (*TORCHRUN, "--nproc-per-node=2")])
def test_sigterm_to_a_script_of_two_processes_is_heeded(tmp_path, launcher):
    config = build_config(tmp_path, epochs=400)
    arguments = ["--config", str(tmp_path / "config.yaml")]
    arguments += [] if launcher else ["--devices", "2"]
    process = run_script("train_teacher", *arguments, launcher=launcher)
    folder = config.teacher.checkpoint.with_name("members") / "1"
    wait_until((folder / "metrics_finetune_teacher.csv").exists)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=120)
    assert process.returncode == (1 if launcher else 143)  # torchrun has its own status
    assert error.count("--resume continues") == 1
    assert load_plain(folder / "last_finetune_teacher.pt")["counters"]["epoch"] > 0


def children(pid):
    """Return the scripts that a process has started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [it for it in listed if b"train_teacher" in Path(f"/proc/{it}/cmdline").read_bytes()]


def wait_until(true, seconds=120):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


class TestStart:
    """How many devices and machines there are, as torchrun's variables say."""

    @pytest.fixture
    def torchrun(self, monkeypatch):
        def started(here, everywhere):
            monkeypatch.setenv("TORCHELASTIC_RUN_ID", "test")
            monkeypatch.setenv("LOCAL_WORLD_SIZE", str(here))
            monkeypatch.setenv("WORLD_SIZE", str(everywhere))

        return started

    def test_the_settings_say_it_without_torchrun_and_torchrun_with_it(self, torchrun):
        assert _places(3) == (3, 1)
        torchrun(4, 8)
        assert _places(1) == _places(4) == (4, 2)

    def test_two_different_numbers_are_refused(self, torchrun):
        torchrun(4, 8)
        with pytest.raises(DeviceError, match="3 devices: torchrun has started 4 processes here"):
            start(TrainingConfig(device="cpu", devices=3))

    def test_machines_that_differ_are_refused(self, torchrun):
        torchrun(3, 8)
        with pytest.raises(DeviceError, match="3 of 8 processes are here"):
            start(TrainingConfig(device="cpu"))

    def test_one_device_starts_nothing(self):
        fabric = start(TrainingConfig(device="cpu"), "bf16-mixed")
        assert fabric.world_size == processes.count() == 1
        assert not torch.distributed.is_initialized()

    def test_gpus_that_are_not_there_are_refused(self, monkeypatch):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
        with pytest.raises(DeviceError, match="4 devices: PyTorch finds 2 GPUs here"):
            start(TrainingConfig(device="cuda", devices=4))
