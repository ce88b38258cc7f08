import os
import signal
import subprocess
import sys
import time

import pytest

from builders import build_bde_data, build_config, load_script
from nextims.config import PROJECT_ROOT
from nextims.models.checkpoint import load_model

SCRIPT = PROJECT_ROOT / "scripts" / "train_teacher.py"


@pytest.fixture
def config(tmp_path):
    return build_config(tmp_path)


def test_it_trains_and_prints_the_test_metrics(config, tmp_path, capsys):
    status = load_script("train_teacher").main(["--config", str(tmp_path / "config.yaml")])
    assert status == 0
    printed = capsys.readouterr().out
    assert "teacher, test (4 spectra)" in printed
    assert "entropy_similarity" in printed
    assert load_model(config.teacher.checkpoint)[1].kind == "teacher"


def test_a_missing_store_names_the_command_that_makes_it(config, tmp_path, capsys):
    config.data.store.unlink()
    assert load_script("train_teacher").main(["--config", str(tmp_path / "config.yaml")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "prepare_massbank.py" in error


def test_pretraining_trains_the_bde_model_that_finetuning_starts_from(config, tmp_path, capsys):
    build_bde_data(config.bde.data)
    arguments = ["--config", str(tmp_path / "config.yaml")]
    assert load_script("train_teacher").main([*arguments, "--phase", "pretrain"]) == 0
    printed = capsys.readouterr().out
    assert "BDE model, test (30 bonds)" in printed
    assert "bdfe_error" in printed
    assert load_model(config.bde.checkpoint)[1].kind == "bde"
    assert load_script("train_teacher").main(arguments) == 0


def test_missing_dft_energies_name_the_command_that_gets_them(config, tmp_path, capsys):
    arguments = ["--config", str(tmp_path / "config.yaml"), "--phase", "pretrain"]
    assert load_script("train_teacher").main(arguments) == 2
    assert "prepare_bde_data.py" in capsys.readouterr().err


def test_missing_bond_energies_name_the_command_that_makes_them(config, tmp_path, capsys):
    path = tmp_path / "config.yaml"
    path.write_text(path.read_text().replace("bond_energies: false", "bond_energies: true"))
    assert load_script("train_teacher").main(["--config", str(path)]) == 2
    assert "precompute_bde.py" in capsys.readouterr().err


def test_a_mistake_in_the_settings_is_one_line(tmp_path, capsys):
    (tmp_path / "config.yaml").write_text("teacher: {drop_out: 0.1}")
    assert load_script("train_teacher").main(["--config", str(tmp_path / "config.yaml")]) == 2
    error = capsys.readouterr().err
    assert "teacher.drop_out" in error
    assert "teacher.dropout" in error
    assert len(error.splitlines()) == 1


def test_help_shows_an_example(capsys):
    with pytest.raises(SystemExit) as stop:
        load_script("train_teacher").main(["--help"])
    assert stop.value.code == 0
    assert "python scripts/train_teacher.py --config config.yaml" in capsys.readouterr().out


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_sigterm_saves_and_resume_goes_on(tmp_path):
    config = build_config(tmp_path, epochs=400)
    command = [sys.executable, str(SCRIPT), "--config", str(tmp_path / "config.yaml")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    folder = config.teacher.checkpoint.with_name("members") / "1"
    metrics = folder / "metrics_finetune_teacher.csv"
    deadline = time.monotonic() + 120
    while not metrics.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "--resume continues" in error
    done = len(metrics.read_text().splitlines()) - 1
    assert 0 < done < 400

    text = (tmp_path / "config.yaml").read_text()
    # The same run, but for the number of epochs: its state must be refused, not continued.
    (tmp_path / "config.yaml").write_text(text.replace("400", "401"))
    refused = subprocess.run([*command, "--resume"], stderr=subprocess.PIPE, text=True, check=False)
    assert refused.returncode == 2
    assert "no training with these settings" in refused.stderr
