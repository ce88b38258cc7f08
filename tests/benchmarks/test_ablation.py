import pytest

import ablation
from builders import TEACHER_SIZES, build_config
from nextims.models.teacher import Teacher
from nextims.training.checkpoint import load_plain, save_checkpoint


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
        ["--config", str(path), "--folder", str(folder), "--steps", "4", *arguments]
    )
    return status, capsys.readouterr().out, folder


def test_each_row_is_trained_once_as_it_says(config, capsys):
    rows = ["--rows", "hard labels", "+ GradNorm", "dense"]
    status, out, folder = run(config, capsys, *rows)
    assert status == 0
    assert [line.split(" | ")[0] for line in out.splitlines()[2:]] == [
        "| hard labels",
        "| + GradNorm",
        "| dense",
    ]
    [hard, balanced, dense] = [
        load_plain(folder / name / "student.pt") for name in ("hard-labels", "GradNorm", "dense")
    ]
    last = [content["metadata"]["history"][-1] for content in (hard, balanced)]
    assert "weight_soft" not in last[0] and last[1]["weight_soft"] != 1
    assert dense["config"]["experts"] == 1
    assert dense["config"]["expert_bottleneck"] == 32
    assert run(config, capsys, *rows)[1] == out  # nothing is trained again


def test_without_gradnorm_the_weights_stay_equal(config):
    own = ablation.variant(config, "+ features", config.data.store.parent)
    assert own.training.gradnorm.learning_rate == 0
    assert own.distillation.soft and own.distillation.features
    assert not own.distillation.unlabelled.exists()
