"""What a few spectra of one's own instrument do, on a small store of two libraries."""

import csv

import numpy as np
import pytest

import own_instrument
from builders import SMALL_MOLECULES, build_config, build_record, plausible_peaks
from nextims.config import DataConfig
from nextims.data.library.store_writer import StoreWriter
from nextims.models.checkpoint import save_checkpoint
from nextims.models.student import Student
from nextims.spectra.instrument import Instrument
from nextims.training.distillation.student import student_arguments


def test_a_library_is_scored_with_and_without_its_instrument(tmp_path, monkeypatch):
    config = build_config(tmp_path)
    with StoreWriter(config.data.store, config=DataConfig(max_mz=200), source="all") as writer:
        for number, smiles in enumerate(SMALL_MOLECULES):
            source = "large" if number < len(SMALL_MOLECULES) - 9 else "small"
            peaks = plausible_peaks(smiles)
            writer.add(build_record(smiles, peaks, id=str(number), source=source))
        writer.finish("{}")
    arguments = student_arguments(config)
    save_checkpoint(tmp_path / "student.pt", Student(**arguments), arguments, {})
    monkeypatch.setattr(own_instrument, "_FEWEST", 3)
    monkeypatch.setattr(own_instrument, "STANDARDS", (3,))
    monkeypatch.setattr(own_instrument, "DRAWS", 2)
    monkeypatch.setattr(own_instrument, "load_config", lambda path: config)
    output = tmp_path / "rows.csv"
    command = ["--student", tmp_path / "student.pt", "--output", output]
    assert own_instrument.main([*map(str, command)]) == 0
    with output.open(newline="", encoding="utf-8") as file:
        rows = {row["metric"]: row for row in csv.DictReader(file)}
    assert {row["split"] for row in rows.values()} == {"small, 3 molecules"}
    scores = ("cosine", "weighted_cosine", "entropy_similarity")
    assert set(rows) == {f"{score}{kind}" for score in scores for kind in ("", ", gain")}


def test_where_only_the_instrument_differs_it_gains_all(monkeypatch):
    monkeypatch.setattr(own_instrument, "DRAWS", 3)
    predicted = np.random.default_rng(0).random((60, 150)) ** 5
    measured = Instrument(0.9, 1.0).scaled(np.arange(1.0, 151.0), predicted)
    blocks = np.array([str(number // 2) for number in range(60)])
    found = own_instrument._gains(predicted, measured, np.ones(60, int), blocks, 10)
    after = found["cosine"]["mean"] + found["cosine, gain"]["mean"]
    assert found["cosine"]["mean"] < 0.97
    assert after == pytest.approx(1, abs=0.01)
