"""The whole benchmark on a small store."""

import pytest

import calibration
from builders import STUDENT_SIZES, build_config, build_student
from nextims.evaluation.calibration import Calibration
from nextims.models.checkpoint import load_model, save_checkpoint
from nextims.training.teacher import train_teacher, uncertainty_scores


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    config = build_config(tmp_path_factory.mktemp("calibration"), epochs=1)
    train_teacher(config)
    return config


@pytest.fixture
def run(config, capsys):
    def command(*arguments):
        path = config.data.store.parents[2] / "config.yaml"
        status = calibration.main(["--config", str(path), *map(str, arguments)])
        return status, *capsys.readouterr()

    return command


def test_the_tables_repeat_what_the_checkpoint_says(run, config, tmp_path):
    status, out, _ = run("--rows", tmp_path / "rows.csv")
    assert status == 0
    model, checkpoint = load_model(config.teacher.checkpoint)
    scores = uncertainty_scores(config, model, "test", passes=2, batch_size=64)
    told = calibration.agreement(Calibration.from_metadata(checkpoint.metadata), scores)
    assert "4 test spectra, 2 passes; calibrated on 4 validation spectra" in out
    assert f"| expected and measured cosine | {told['cosine']['spearman']:.3f} |" in out
    assert f"| cosine | {told['cosine']['calibration_error']:.4f} |" in out
    assert run("--refit")[1] == out
    correlation = f"expected and measured cosine,{told['cosine']['spearman']:.4f}"
    assert correlation in (tmp_path / "rows.csv").read_text()


def test_choices_and_plot(run, tmp_path):
    pytest.importorskip("matplotlib")
    status, out, _ = run("--choices", "--plot", tmp_path / "plot.png")
    assert status == 0
    assert "| deviation + entropy + log_peaks | 0." in out
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_wrong_usage_is_one_line(run, config, tmp_path):
    model, checkpoint = load_model(config.teacher.checkpoint)
    save_checkpoint(tmp_path / "old.pt", model, checkpoint.model_config, {})
    save_checkpoint(tmp_path / "student.pt", build_student(), STUDENT_SIZES, {})
    for arguments, message in (
        (("--checkpoint", tmp_path / "old.pt"), "old.pt: holds no calibration"),
        (("--checkpoint", tmp_path / "student.pt"), "student.pt: holds a student, expected a"),
        (("--checkpoint", tmp_path / "none.pt"), "none.pt: no such checkpoint"),
        (("--plot", "plot.gif"), "plot.gif: a plot is written as .png"),
    ):
        status, out, err = run(*arguments)
        assert (status, out) == (2, "")
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        assert message in err
    assert run("--checkpoint", tmp_path / "old.pt", "--refit")[0] == 0
