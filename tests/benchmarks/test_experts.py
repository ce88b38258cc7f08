import numpy as np
import pytest

import experts
from builders import STUDENT_SIZES, TEACHER_SIZES, build_config, build_student
from nextims.models.checkpoint import save_checkpoint
from nextims.models.teacher import Teacher


@pytest.fixture
def config(tmp_path):
    config = build_config(tmp_path)
    config.student.checkpoint.parent.mkdir(parents=True)
    save_checkpoint(config.student.checkpoint, build_student(), STUDENT_SIZES, {})
    return config


def run(config, capsys, *arguments):
    path = config.data.store.parents[2] / "config.yaml"
    status = experts.main(["--config", str(path), *map(str, arguments)])
    return status, *capsys.readouterr()


def test_shares_of_each_group_sum_to_one(config, monkeypatch):
    monkeypatch.setattr(experts, "_FEWEST", 1)
    shares = experts.expert_shares(config, config.student.checkpoint)
    assert shares["all"][0] == 4
    assert shares["alkyl halides"][0] == 2  # chloroethane and fluoroform
    for _, own in shares.values():
        assert own.shape == (3,)
        assert own.sum() == pytest.approx(1)
        assert own.max() <= 0.5  # each molecule goes to two different experts


def test_the_table_and_the_figure(config, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    status, out, _ = run(config, capsys, "--plot", tmp_path / "experts.png")
    assert status == 0
    assert "| all | 4 | " in out
    assert (tmp_path / "experts.png").read_bytes().startswith(b"\x89PNG")


def test_wrong_usage_is_one_line(config, capsys, tmp_path):
    save_checkpoint(tmp_path / "t.pt", Teacher(**TEACHER_SIZES), TEACHER_SIZES, {})
    for arguments, message in (
        (("--checkpoint", tmp_path / "t.pt"), "holds a teacher, expected a student"),
        (("--plot", "plot.gif"), "plot.gif: unknown ending"),
    ):
        status, _, err = run(config, capsys, *arguments)
        assert status == 2
        assert message in err


def test_a_figure_of_many_groups_is_legible(tmp_path):
    pytest.importorskip("matplotlib")
    table = {f"group {i}": (12, np.array([0.1, 0.2, 0.3, 0.4])) for i in range(30)}
    experts.plot(table, tmp_path / "many.svg")
    text = (tmp_path / "many.svg").read_text()
    assert text.count("<svg") == 1
