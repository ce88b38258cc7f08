"""Masses that a source took out of its spectra."""

import numpy as np
import pytest
import torch

from builders import build_config, build_record
from nextims.config import DataConfig
from nextims.data.examples.dataset import SpectrumDataset
from nextims.data.examples.loader import make_loader
from nextims.data.library.gaps import Gaps
from nextims.data.library.ingest import ingest
from nextims.data.library.store import SpectrumStore
from nextims.evaluation.assess import assess
from nextims.models.heads import Prediction
from nextims.training.losses import entropy_distance, recorded

TRIMETHYLSILYL = {43: 90, 45: 100, 58: 30, 59: 80, 73: 999, 74: 90, 75: 400, 89: 300, 104: 50}
WITHOUT = {mz: height for mz, height in TRIMETHYLSILYL.items() if mz not in (73, 74, 75)}


def record(source, peaks, number=0, **fields):
    return build_record("CO[Si](C)(C)C", peaks, id=f"{source}{number}", source=source, **fields)


def gaps_of(records):
    gaps = Gaps()
    for each in records:
        gaps.add(each)
    return gaps.of_spectra()


def test_what_one_source_never_gives_was_taken_out_of_its_spectra_alone():
    found = gaps_of([record("lab", TRIMETHYLSILYL)] * 100 + [record("other", WITHOUT)] * 100)
    assert set(found[:100]) == {()}
    assert set(found[100:]) == {(73, 74, 75)}


def test_one_instrument_of_a_source_may_have_taken_out_more():
    whole = [record("lab", TRIMETHYLSILYL, instrument="A")] * 100
    also = [record("other", TRIMETHYLSILYL, instrument="A")]
    found = gaps_of([*whole, *also, *[record("other", WITHOUT, instrument="B")] * 100])
    assert found[100] == ()
    assert found[-1] == (73, 74, 75)


@pytest.mark.parametrize("spectra, peaks", [(20, WITHOUT), (100, {**WITHOUT, 74: 90})])
def test_few_spectra_and_single_masses_say_nothing(spectra, peaks):
    found = gaps_of([record("lab", TRIMETHYLSILYL)] * 100 + [record("other", peaks)] * spectra)
    assert set(found) == {()}


def test_masses_below_the_first_peak_and_above_the_last_are_no_gap():
    low, high = {45: 100, 59: 80}, {89: 300, 104: 50}
    whole = [record("lab", TRIMETHYLSILYL)] * 100
    far = build_record("CCCCCCCCCCCCCCCCCCCC", {267: 5, 282: 9}, id="far", source="other")
    others = [record("other", low), record("other", high), far]
    assert set(gaps_of([*whole, *others * 100])) == {()}


@pytest.fixture
def store(tmp_path):
    records = [record("lab", TRIMETHYLSILYL, n) for n in range(100)]
    records += [record("other", WITHOUT, n) for n in range(100)]
    config = DataConfig(test_fraction=0, validation_fraction=0, max_mz=200)
    report = ingest(records, tmp_path / "spectra.h5", config=config, source="two")
    assert report.notes["masses taken out by the source"] == 100
    assert report.kept == 200
    return tmp_path / "spectra.h5"


class Silyl(torch.nn.Module):
    """Predicts the whole spectrum."""

    def forward(self, batch):
        spectrum = torch.zeros(len(batch.row), 200)
        for mz, height in TRIMETHYLSILYL.items():
            spectrum[:, mz - 1] = height
        return Prediction(spectrum / spectrum.sum(1, keepdim=True), None, None)


def test_neither_losses_nor_scores_count_what_was_taken_out(store):
    with SpectrumStore(store) as opened:
        assert opened.gaps == [(), (73, 74, 75)]
        assert np.bincount(opened.index.gap).tolist() == [100, 100]
    dataset = SpectrumDataset(store, "train", energy_range=(60, 80))
    loader = make_loader(dataset, max_mz=200, batch_size=64, num_workers=0)
    model = Silyl()
    for batch in loader:
        pair = (model(batch).intensity, batch.spectrum)
        distance = entropy_distance(*(recorded(each, batch.recorded) for each in pair))
        assert distance.max() < 1e-5
    assert assess(model, loader)["cosine"].min() > 0.9999


def test_a_store_without_gaps_records_all_from_the_lowest_peak_on(tmp_path):
    config = build_config(tmp_path)
    dataset = SpectrumDataset(config.data.store, "train", energy_range=(60, 80))
    [batch] = make_loader(dataset, max_mz=200, batch_size=64, num_workers=0)
    assert (batch.recorded.int().argmax(1) + 1 == batch.lowest_mz).all()
    assert (batch.recorded.sum(1) == 201 - batch.lowest_mz).all()
