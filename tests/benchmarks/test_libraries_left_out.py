"""A student that learns from all libraries but one, on a small store of two."""

import csv

import numpy as np
import pytest

import libraries_left_out
from builders import SMALL_MOLECULES, build_config, build_record, plausible_peaks
from nextims.config import DataConfig
from nextims.data.library.store_writer import StoreWriter
from nextims.models.checkpoint import save_checkpoint
from nextims.models.student import Student
from nextims.training.distillation.student import student_arguments

OTHER = SMALL_MOLECULES[-9:]  # of these the larger library has the first three, too


@pytest.fixture
def config(tmp_path):
    config = build_config(tmp_path, epochs=1)
    with StoreWriter(config.data.store, config=DataConfig(max_mz=200), source="all") as writer:
        spectra = [(smiles, "large") for smiles in SMALL_MOLECULES[:-6]]
        spectra += [(smiles, "small") for smiles in OTHER]
        for number, (smiles, source) in enumerate(spectra):
            peaks = plausible_peaks(smiles)
            writer.add(build_record(smiles, peaks, id=str(number), source=source))
        writer.finish("{}")
    return config


def test_a_library_is_scored_by_a_student_that_has_not_seen_it(config, tmp_path, monkeypatch):
    monkeypatch.setattr(libraries_left_out, "_FEWEST", 3)
    monkeypatch.setattr(libraries_left_out, "load_config", lambda path: config)
    learned = []
    trained = libraries_left_out.trained
    monkeypatch.setattr(
        libraries_left_out,
        "trained",
        lambda config, rows, *rest, **named: (
            learned.append(rows) or trained(config, rows, *rest, **named)
        ),
    )
    arguments = student_arguments(config)
    save_checkpoint(tmp_path / "start.pt", Student(**arguments), arguments, {})
    command = ["--start", tmp_path / "start.pt", "--work", tmp_path / "work", "--epochs", 1]
    output = tmp_path / "rows.csv"
    assert libraries_left_out.main([*map(str, command), "--output", str(output)]) == 0
    assert np.concatenate(learned).max() < len(SMALL_MOLECULES) - 6
    with output.open(newline="", encoding="utf-8") as file:
        rows = {(row["model"], row["metric"]): row for row in csv.DictReader(file)}
    assert {row["split"] for row in rows.values()} == {"left out, small"}
    values = {
        model: float(row["value"]) for (model, metric), row in rows.items() if metric == "cosine"
    }
    less = rows[libraries_left_out.AFTER, f"cosine less that of {libraries_left_out.BEFORE}"]
    difference = values[libraries_left_out.AFTER] - values[libraries_left_out.BEFORE]
    assert float(less["value"]) == pytest.approx(difference, abs=2e-4)
