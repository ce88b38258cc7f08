"""Lists of structures for libraries."""

import gzip
from itertools import islice

import pytest
from rdkit import Chem

import make_structures
from builders import SMALL_MOLECULES, build_config


def made(number, **options):
    options = {"seed": 7, "workers": 1} | options
    return list(islice(make_structures.structures(SMALL_MOLECULES, **options), number))


def test_known_ones_come_first_and_none_twice():
    smiles = made(600)
    assert smiles[: len(SMALL_MOLECULES)] == [Chem.CanonSmiles(known) for known in SMALL_MOLECULES]
    assert len(set(smiles)) == 600
    assert all(Chem.MolFromSmiles(text) for text in smiles)


def test_the_seed_decides_whatever_the_number_of_processes(monkeypatch):
    monkeypatch.setattr(make_structures, "_TRIALS", 50)
    assert made(300) == made(300) == made(300, workers=2)
    assert made(300, seed=8) != made(300)


def test_it_ends_where_nothing_new_can_be_made(monkeypatch):
    monkeypatch.setattr(make_structures, "_TRIALS", 20)
    assert list(make_structures.structures(["C", "CO"], seed=7))[:2] == ["C", "CO"]


@pytest.mark.parametrize("ending", ["smi", "smi.gz"])
def test_the_command_writes_so_many(tmp_path, capsys, ending):
    config = build_config(tmp_path)
    more = tmp_path / "more.smi"
    more.write_text("CCCCCCCC octane\n")
    output = tmp_path / f"many.{ending}"
    settings = str(config.data.store.parents[2] / "config.yaml")
    arguments = ["--config", settings, "--structures", str(more), "--number", "200"]
    assert make_structures.main([*arguments, "--workers", "1", "--output", str(output)]) == 0
    with (gzip.open if ending.endswith("gz") else open)(output, "rt") as file:
        lines = file.read().split()
    assert "CCCCCCCC" in lines
    assert len(set(lines)) == len(lines) == 200
    assert "200 distinct structures written" in capsys.readouterr().out
    assert not list(tmp_path.glob("*.tmp"))
