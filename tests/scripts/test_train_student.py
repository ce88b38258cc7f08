import shutil
import signal

import pytest
import torch
import yaml

from builders import build_config, load_script
from nextims.config import load_config
from nextims.models.checkpoint import load_model, load_plain, save_checkpoint
from nextims.models.teacher import Teacher
from nextims.training.teacher import teacher_arguments
from nextims.training.trainer import Trainer


@pytest.fixture
def config(tmp_path):
    return build_config(tmp_path)


@pytest.fixture
def train(tmp_path):
    """Run the command on the configuration."""

    def command(*arguments):
        path = str(tmp_path / "config.yaml")
        return load_script("train_student").main(["--config", path, *map(str, arguments)])

    return command


GOES_ON = Trainer._stop_if_asked


@pytest.fixture
def stopped(monkeypatch):
    """Have a training stopped after its first epoch, as by Ctrl-C."""

    def stop(trainer, optimizer):
        if trainer.epoch == 1:
            trainer.stop.asked_by = signal.SIGINT
        GOES_ON(trainer, optimizer)

    monkeypatch.setattr(Trainer, "_stop_if_asked", stop)
    return monkeypatch


def save_teacher(config, path):
    torch.manual_seed(0)
    arguments = teacher_arguments(config)
    save_checkpoint(path, Teacher(**arguments), arguments, {})


def test_a_student_is_distilled_from_the_named_teacher(config, tmp_path, capsys):
    save_teacher(config, tmp_path / "my_teacher.pt")
    status = load_script("train_student").main(
        ["--config", str(tmp_path / "config.yaml"), "--teacher", str(tmp_path / "my_teacher.pt")]
    )
    assert status == 0
    assert "student, validation" in capsys.readouterr().out
    assert load_model(config.student.checkpoint)[1].kind == "student"


def test_without_a_teacher_the_command_that_trains_one_is_named(config, train, tmp_path, capsys):
    assert train("--teacher", tmp_path / "none.pt") == 2
    assert "nextims train teacher --phase finetune" in capsys.readouterr().err


def test_without_a_teacher_of_ones_own_the_shipped_one_is_read(config, train, tmp_path, capsys):
    assert train() == 2  # it is of other sizes than the small models of a test
    out, err = capsys.readouterr()
    shipped = load_config().teacher.checkpoint
    assert f"{config.teacher.checkpoint}: not there; read instead is {shipped}" in out
    assert err == (
        f"error: {tmp_path / 'config.yaml'}: data.max_mz: found 200, but {shipped} predicts up to "
        "m/z 1000\n"
    )


class TestEarlierRuns:
    @pytest.fixture(autouse=True)
    def _teacher(self, config):
        save_teacher(config, config.teacher.checkpoint)

    def test_the_same_command_with_resume_starts_goes_on_and_ends(
        self, config, train, capsys, stopped
    ):
        assert train("--resume") == 130
        assert "--resume continues" in capsys.readouterr().err
        stopped.setattr(Trainer, "_stop_if_asked", GOES_ON)
        assert train("--resume") == 0
        out = capsys.readouterr().out
        assert out.startswith("continued\n")
        assert "student, validation" in out
        written = config.student.checkpoint.stat().st_mtime_ns
        assert train("--resume") == 0
        out = capsys.readouterr().out
        assert f"skipped, {config.student.checkpoint} is finished and matches" in out
        assert "student, validation" in out
        assert config.student.checkpoint.stat().st_mtime_ns == written

    def test_an_unfinished_run_is_not_overwritten_in_silence(self, config, train, capsys, stopped):
        assert train() == 130
        stopped.setattr(Trainer, "_stop_if_asked", GOES_ON)
        state = config.student.checkpoint.with_name("last_student.pt")
        before = state.read_bytes()
        capsys.readouterr()
        assert train() == 2
        assert capsys.readouterr().err == (
            f"error: {state}: an unfinished run with these settings and data; --resume goes on "
            "with it, --restart begins anew\n"
        )
        assert state.read_bytes() == before
        assert train("--restart") == 0
        assert f"training; discards the unfinished run at {state}" in capsys.readouterr().out
        assert not state.exists()

    def test_a_finished_student_is_trained_anew_when_it_is_asked_for(self, config, train, capsys):
        assert train() == 0
        finished = load_plain(config.student.checkpoint)
        capsys.readouterr()
        written = config.student.checkpoint.stat().st_mtime_ns
        assert train() == 0
        assert capsys.readouterr().out.startswith(
            f"skipped, {config.student.checkpoint} is finished and matches data and config; "
            "--restart trains anew\nstudent, validation\n"
        )
        assert config.student.checkpoint.stat().st_mtime_ns == written
        assert train("--restart") == 0
        again = load_plain(config.student.checkpoint)
        for name, tensor in finished["weights"].items():
            assert torch.equal(again["weights"][name], tensor), name

    @pytest.mark.parametrize("option", [(), ("--resume",)])
    def test_a_student_of_other_data_as_the_shipped_one_is_replaced(
        self, config, train, capsys, option
    ):
        config.student.checkpoint.parent.mkdir(parents=True)
        shutil.copy(load_config().student.checkpoint, config.student.checkpoint)
        assert train(*option) == 0
        said = f"training; replaces {config.student.checkpoint} after its first epoch"
        assert capsys.readouterr().out.startswith(said)
        assert load_model(config.student.checkpoint)[0].max_mz == 200

    def test_resume_and_restart_exclude_each_other(self, train, capsys):
        with pytest.raises(SystemExit):
            train("--resume", "--restart")
        assert "not allowed with argument --resume" in capsys.readouterr().err


def test_help_says_what_becomes_of_an_earlier_run(train, capsys):
    with pytest.raises(SystemExit):
        train("--help")
    help_text = " ".join(capsys.readouterr().out.split())
    assert "as the one that comes with NExtIMS, is replaced after the first epoch" in help_text
    assert "job scheduler" in help_text


def test_too_few_experts_stop_the_student_alone(config, train, tmp_path, capsys):
    path = tmp_path / "config.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["student"] |= {"experts": 1}
    path.write_text(yaml.safe_dump(settings))
    assert load_script("train_teacher").main(["--config", str(path)]) == 0
    capsys.readouterr()
    assert train() == 2
    assert capsys.readouterr().err == (
        f"error: {path}: student.active_experts: found 2; allowed: to 1, its student.experts\n"
    )


def test_a_single_network_labels_by_dropout_where_nothing_is_said(config, train, tmp_path, capsys):
    path = tmp_path / "config.yaml"
    settings = yaml.safe_load(path.read_text())
    assert settings["teacher"]["members"] == 1
    settings["teacher"] |= {"mc_samples": 3}
    del settings["distillation"]["mc_samples"]
    path.write_text(yaml.safe_dump(settings))
    save_teacher(config, config.teacher.checkpoint)
    assert train() == 0
    said = "a single network, whose labels are means of 3 passes of MC Dropout (teacher.mc_samples)"
    assert f"{config.teacher.checkpoint}: {said}" in capsys.readouterr().out
