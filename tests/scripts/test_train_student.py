import pytest
import torch

from builders import build_config, load_script
from nextims.models.checkpoint import load_model, save_checkpoint
from nextims.models.teacher import Teacher
from nextims.training.teacher import teacher_arguments


@pytest.fixture
def config(tmp_path):
    return build_config(tmp_path)


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
    assert "student, test (4 spectra)" in capsys.readouterr().out
    assert load_model(config.student.checkpoint)[1].kind == "student"


def test_without_a_teacher_the_command_that_trains_one_is_named(config, tmp_path, capsys):
    assert load_script("train_student").main(["--config", str(tmp_path / "config.yaml")]) == 2
    assert "train_teacher.py --phase finetune" in capsys.readouterr().err
