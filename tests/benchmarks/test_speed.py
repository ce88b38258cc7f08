import pytest
import torch

import speed
from builders import STUDENT_SIZES, build_config, build_student
from nextims.models.checkpoint import save_checkpoint


def test_it_measures_a_small_student(tmp_path, capsys):
    torch.manual_seed(0)
    config = build_config(tmp_path)
    config.student.checkpoint.parent.mkdir(parents=True)
    save_checkpoint(config.student.checkpoint, build_student(), STUDENT_SIZES, {})
    path = str(config.data.store.parents[2] / "config.yaml")
    assert speed.main(["--config", path, "--molecules", "40", "--workers", "1"]) == 0
    out = capsys.readouterr().out
    assert "one molecule, warm, one thread (Predictor)" in out
    assert "| student, SMILES to MSP | " in out
    rates = [float(line.split("|")[2]) for line in out.splitlines() if "SMILES to MSP" in line]
    assert min(rates) > 0
    assert "torch" in out  # among the imports of a cold start without an export


def test_a_molecule_that_fails_stops_it():
    with pytest.raises(RuntimeError, match="1 of 2 molecules failed"):
        speed._rate(lambda structures: len(structures) - 1, [None, None])
