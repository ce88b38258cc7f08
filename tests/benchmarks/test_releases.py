"""Models side by side on a small test split."""

import csv

import pytest

import releases
from builders import build_store, save_student

MOLECULES = [f"{'C' * n}{end}" for n in range(2, 13) for end in ("", "O")]


@pytest.fixture
def table(tmp_path, monkeypatch):
    store = build_store(tmp_path / "spectra.h5", MOLECULES, splits=["test"] * len(MOLECULES))
    models = [
        f"student{name}={save_student(tmp_path / f'{seed}.pt', seed)}"
        for seed, name in enumerate((" before", ""), start=1)
    ]
    settings, output = tmp_path / "config.yaml", tmp_path / "rows.csv"
    settings.write_text("data:\n  max_mz: 300\n")  # that of the small students
    options = {"--config": settings, "--store": store, "--output": output}
    assert releases.main([*models, *(str(part) for pair in options.items() for part in pair)]) == 0
    with output.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {(row["model"], row["split"], row["metric"]): float(row["value"]) for row in rows}


def test_a_model_stands_beside_the_first_of_its_kind(table):
    gain = table["student", "test, all", "cosine less that of student before"]
    found = [table[name, "test, all", "cosine"] for name in ("student", "student before")]
    assert gain == pytest.approx(found[0] - found[1], abs=2e-4)
    assert gain != 0
    assert not any("less" in metric for model, _, metric in table if model == "student before")


def test_a_model_without_a_name_is_refused(tmp_path, capsys):
    store = build_store(tmp_path / "spectra.h5", ["CCO"], splits=["test"])
    assert releases.main([str(tmp_path / "x.pt"), "--store", str(store)]) == 2
    assert "expected NAME=CHECKPOINT" in capsys.readouterr().err
