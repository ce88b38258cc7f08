import os
import signal
import subprocess
import sys
import time

import pytest
import torch
import yaml

from builders import build_bde_data, build_config, load_script
from nextims.config import PROJECT_ROOT, load_config
from nextims.models.checkpoint import load_model, load_plain

SCRIPT = PROJECT_ROOT / "scripts" / "train_teacher.py"


@pytest.fixture
def config(tmp_path):
    return build_config(tmp_path)


def test_it_trains_and_prints_the_validation_metrics(config, tmp_path, capsys):
    status = load_script("train_teacher").main(["--config", str(tmp_path / "config.yaml")])
    assert status == 0
    printed = capsys.readouterr().out
    assert "teacher, validation" in printed
    assert "entropy_similarity" in printed
    assert load_model(config.teacher.checkpoint)[1].kind == "teacher"


def test_a_missing_store_names_the_command_that_makes_it(config, tmp_path, capsys):
    config.data.store.unlink()
    assert load_script("train_teacher").main(["--config", str(tmp_path / "config.yaml")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "nextims prepare massbank" in error


def test_pretraining_trains_the_bde_model_that_finetuning_starts_from(config, tmp_path, capsys):
    build_bde_data(config.bde.data)
    arguments = ["--config", str(tmp_path / "config.yaml")]
    assert load_script("train_teacher").main([*arguments, "--phase", "pretrain"]) == 0
    printed = capsys.readouterr().out
    assert "BDE model, validation" in printed
    assert "bdfe_error" in printed
    assert load_model(config.bde.checkpoint)[1].kind == "bde"
    assert load_script("train_teacher").main(arguments) == 0


@pytest.mark.parametrize("phase", ["pretrain", "finetune"])
def test_what_is_finished_is_left_skipped_or_trained_anew(config, tmp_path, capsys, phase):
    build_bde_data(config.bde.data)
    result = {"pretrain": config.bde, "finetune": config.teacher}[phase].checkpoint

    def train(*options):
        arguments = ["--config", str(tmp_path / "config.yaml"), "--phase", phase, *options]
        status = load_script("train_teacher").main(arguments)
        return status, *capsys.readouterr()

    status, out, _ = train("--resume")  # nothing to go on with: it begins
    assert status == 0
    assert out.startswith("training\n")
    written = result.stat().st_mtime_ns
    assert not [*config.teacher.checkpoint.parent.glob("last_*")]
    for options in ([], ["--resume"]):
        status, out, _ = train(*options)
        assert status == 0
        skipped = f"skipped, {result} is finished and matches data and config"
        assert out.startswith(f"{skipped}; --restart trains anew\n")
        assert ", validation\n" in out
        assert result.stat().st_mtime_ns == written
    assert train("--restart")[0] == 0
    assert result.stat().st_mtime_ns > written

    text = (tmp_path / "config.yaml").read_text()
    settings = yaml.safe_load(text)
    settings["training"]["seed"] = 8
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    status, out, _ = train()  # a model of other settings needs no option
    assert status == 0
    assert out.startswith(f"training; replaces {result} when it is finished\n")


def test_the_shipped_bde_model_is_where_to_start_if_it_fits(config, tmp_path, capsys):
    path = tmp_path / "config.yaml"
    arguments = ["--config", str(path)]
    assert load_script("train_teacher").main(arguments) == 0
    own, shipped = config.bde.checkpoint, load_config().bde.checkpoint
    out = capsys.readouterr().out
    assert f"{own}: not there; the encoder starts from random weights, as {shipped}" in out
    assert "'encoder_width': 192" in out and "'encoder_width': 16" in out

    settings = yaml.safe_load(path.read_text())
    del settings["encoder"]
    settings["training"]["finetune"] |= {"learning_rate": 1e-12, "epochs": 1}
    path.write_text(yaml.safe_dump(settings))
    before = shipped.read_bytes()
    assert load_script("train_teacher").main(arguments) == 0
    assert f"{own}: not there; read instead is {shipped}" in capsys.readouterr().out
    weights = load_plain(config.teacher.checkpoint)["weights"]
    for name, tensor in load_model(shipped)[0].state_dict().items():
        assert torch.allclose(weights[f"members.0.{name}"].float(), tensor, atol=1e-2), name
    assert shipped.read_bytes() == before
    assert not own.exists()


def test_missing_dft_energies_name_the_command_that_gets_them(config, tmp_path, capsys):
    arguments = ["--config", str(tmp_path / "config.yaml"), "--phase", "pretrain"]
    assert load_script("train_teacher").main(arguments) == 2
    assert "nextims prepare bde" in capsys.readouterr().err


def test_missing_bond_energies_name_the_command_that_makes_them(config, tmp_path, capsys):
    path = tmp_path / "config.yaml"
    path.write_text(path.read_text().replace("bond_energies: false", "bond_energies: true"))
    assert load_script("train_teacher").main(["--config", str(path)]) == 2
    assert "nextims bde" in capsys.readouterr().err


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
    assert "nextims train teacher --config config.yaml" in capsys.readouterr().out


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
    assert f"{folder.parent}: an unfinished run with other settings or data" in refused.stderr
    (tmp_path / "config.yaml").write_text(text)
    without = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert without.returncode == 2
    assert f"{folder.parent}: an unfinished run with these settings and data" in without.stderr
    assert len(metrics.read_text().splitlines()) - 1 == done
