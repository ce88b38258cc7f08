import csv

import pytest

import ablation
from builders import TEACHER_SIZES, build_config
from nextims.models.checkpoint import load_plain, save_checkpoint
from nextims.models.teacher import Teacher


@pytest.fixture
def config(tmp_path):
    config = build_config(tmp_path)
    teacher = config.teacher.checkpoint
    teacher.parent.mkdir(parents=True, exist_ok=True)
    sizes = {**TEACHER_SIZES, "max_mz": config.data.max_mz, "members": 2}
    save_checkpoint(teacher, Teacher(**sizes), sizes, {})
    return config


def run(config, capsys, *arguments):
    path = config.data.store.parents[2] / "config.yaml"
    folder = path.with_name("ablation")
    status = ablation.main(
        [
            "--config",
            str(path),
            "--folder",
            str(folder),
            "--steps",
            "16",
            "--variants",
            "0",
            *arguments,
        ]
    )
    return status, capsys.readouterr().out, folder


def test_each_row_is_trained_once_as_it_says(config, capsys):
    rows = ["--rows", "hard labels", "+ GradNorm", "dense"]
    status, out, folder = run(config, capsys, *rows)
    assert status == 0
    table = [line.split(" | ")[0] for line in out.splitlines() if line.startswith("|")]
    assert table[2:] == ["| hard labels", "| + GradNorm", "| dense"]
    dense = load_plain(folder / "dense" / "student.pt")
    with (folder / "hard-labels" / "metrics_student.csv").open() as file:
        assert not {"loss_soft", "loss_features"} & set(next(csv.reader(file)))
    with (folder / "GradNorm" / "metrics_student.csv").open() as file:
        *_, last = csv.DictReader(file)
    assert float(last["weight_soft"]) != 1
    assert dense["model_config"]["experts"] == 1
    assert dense["model_config"]["expert_bottleneck"] == 32
    again = run(config, capsys, *rows)[1]  # nothing is trained again
    assert "epoch" not in again and again.splitlines()[-5:] == out.splitlines()[-5:]


def test_without_gradnorm_the_weights_stay_equal(config):
    own = ablation.variant(config, "+ features", config.data.store.parent)
    assert own.training.gradnorm.learning_rate == 0
    assert own.distillation.soft and own.distillation.features
    assert not own.distillation.unlabelled.exists()
