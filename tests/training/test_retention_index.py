import csv

import numpy as np
import pytest
from rdkit import Chem

from builders import build_config, changed
from nextims.chemistry.molecule import load_canonical
from nextims.data.library.retention import RetentionData
from nextims.models.retention_index import RetentionModel, RetentionModelError
from nextims.training import retention_index as training
from nextims.training.retention_index import (
    calibration,
    cross_validated,
    fit,
    fit_variances,
    folds_of,
    is_outlying,
    train_retention_index,
)

# Alcohols, acids' esters and ketones: index a sum over groups, as Kováts found.
GROUPS = {"O": 180, "OC(C)=O": 410, "C(C)=O": 290, "OC": 110, "c1ccccc1": 640, "C#N": 320}


def series(longest=24):
    chains = [
        ("C" * n + group, 100.0 * n + gain)
        for group, gain in GROUPS.items()
        for n in range(4, longest)
    ]
    molecules = [load_canonical(Chem.CanonSmiles(smiles)) for smiles, _ in chains]
    number = len(molecules)
    return RetentionData(
        molecules,
        [molecule.smiles for molecule in molecules],
        np.array([index for _, index in chains]),
        [frozenset({"made"})] * number,
        np.zeros(number, bool),
        [],
        np.zeros(number, int),
    )


@pytest.fixture(scope="module")
def found():
    data = series()
    wrong = data.keys.index("CCCCCCCCO")
    data.index[wrong] += 900
    variances = fit_variances(data)
    return data, variances, cross_validated(data, variances, folds_of(data.keys, 7)), wrong


def test_held_out_homologues_are_predicted_and_a_wrong_record_stands_out(found):
    data, _, (mean, deviation), wrong = found
    outlying = is_outlying(data, mean, deviation)
    assert np.flatnonzero(outlying).tolist() == [wrong]
    assert np.median(abs(mean - data.index)) < 10


def test_a_wrong_record_pulls_at_nothing(found):
    data, variances, _, _ = found
    with_it = fit(data, variances)
    mean, _ = with_it.moments([load_canonical("CCCCCCCCO"), load_canonical("CCCCCCCCCO")])
    assert mean == pytest.approx([980, 1080], abs=30)


def test_intervals_hold_nine_of_ten(found):
    data, _, (mean, deviation), _ = found
    by = calibration(data.index, mean, deviation)
    half = deviation * np.interp(deviation, by["deviations"], by["factors"])
    assert 0.85 <= (abs(data.index - mean) <= half).mean() <= 0.97


def test_folds_follow_the_seed_and_hold_a_fifth_each():
    keys = [f"KEY{number}" for number in range(2000)]
    folds = folds_of(keys, 7)
    assert (folds == folds_of(keys, 7)).all() and (folds != folds_of(keys, 8)).any()
    assert np.bincount(folds).min() > 300


def test_it_is_trained_once_and_says_what_is_left_out(tmp_path, monkeypatch, found):
    data = series()
    data.index[data.keys.index("CCCCCCCCO")] += 900
    config = changed(build_config(tmp_path), "retention_index", least_molecules=100)
    monkeypatch.setattr(training, "retention_data", lambda store: data)
    said = []
    path = train_retention_index(config, say=said.append)
    model = RetentionModel.load(path)
    assert model.settings["metrics"]["median"] < 10
    with path.with_suffix(".left_out.csv").open() as file:
        [row] = csv.DictReader(file)
    assert row["name"] == "CCCCCCCCO" and "let expect 9" in row["reason"]
    card = path.with_name(f"{path.stem}.MODEL_CARD.md").read_text()
    assert f"{model.settings['metrics']['median']:.1f}" in card
    assert "PNNL" not in card and "RECETOX" not in card  # of which these data hold nothing
    train_retention_index(config, say=said.append)
    assert said[-1].startswith("skipped")


def test_a_store_with_few_indices_is_refused(tmp_path):
    with pytest.raises(
        RetentionModelError, match=r"0 molecules with a retention index|35 molecules"
    ):
        train_retention_index(build_config(tmp_path))
