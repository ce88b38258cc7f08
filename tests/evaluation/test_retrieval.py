"""Library matching: ranks by hand, against the obvious computation, and from a store."""

from functools import partial

import numpy as np
import pytest

from builders import build_store
from nextims.config import Config
from nextims.data.examples.dataset import EmptySplitError
from nextims.evaluation import retrieval
from nextims.evaluation.metrics import SIMILARITIES, score
from nextims.evaluation.retrieval import (
    Library,
    LibraryMatching,
    Queries,
    match_library,
    rank_molecules,
    recall,
)
from nextims.spectra.spectrum import Spectrum

MAX_MZ = 150
ETHANOL = {27: 224, 29: 299, 31: 999, 45: 517, 46: 216}
DIMETHYL_ETHER = {15: 240, 29: 392, 45: 999, 46: 609}
FORMIC_ACID = {28: 172, 29: 999, 44: 100, 45: 476, 46: 609}
BENZENE = {50: 180, 51: 220, 52: 200, 77: 140, 78: 999}
DEUTERATED_BENZENE = {52: 130, 54: 170, 56: 150, 82: 140, 84: 999}


def binned(peaks):
    return Spectrum(list(peaks), list(peaks.values())).binned(MAX_MZ)


def entries(kind, *molecules, **more):
    """Return a ``Library`` or ``Queries`` of (name, nominal mass, peaks)."""
    names, masses, spectra = zip(*molecules, strict=True)
    return kind(np.stack(list(map(binned, spectra))), np.array(names), np.array(masses), **more)


def query(name, mass, peaks):
    return entries(Queries, (name, mass, peaks), lowest_mz=np.array([min(peaks)]))


def mixed(*parts):
    """Return a spectrum of several, each with its share."""
    total = {}
    for peaks, share in parts:
        for mz, intensity in peaks.items():
            total[mz] = total.get(mz, 0) + share * intensity
    return total


# --- ranks -----------------------------------------------------------------------------------


def test_rank_is_the_place_among_all_molecules():
    poor = mixed((ETHANOL, 0.3), (DIMETHYL_ETHER, 0.7))
    predicted = entries(Library, ("ethanol", 46, poor), ("benzene", 78, BENZENE))
    measured = entries(Library, ("ether", 46, DIMETHYL_ETHER), ("acid", 46, FORMIC_ACID))
    ranks = rank_molecules(query("ethanol", 46, ETHANOL), predicted, [measured])
    assert {name: r.tolist() for name, r in ranks["any_mass"].items()} == {
        name: [1] for name in SIMILARITIES
    }
    ranks = rank_molecules(query("ethanol", 46, DIMETHYL_ETHER), predicted, [measured])
    assert ranks["any_mass"]["cosine"].tolist() == [2]


@pytest.mark.parametrize(("mass", "expected"), [(46, 2), (51, 2), (41, 2), (52, 1), (40, 1)])
def test_the_mass_filter_lets_5_da_pass(mass, expected):
    predicted = entries(Library, ("ethanol", 46, mixed((ETHANOL, 1), (BENZENE, 0.5))))
    measured = entries(Library, ("rival", mass, ETHANOL))
    ranks = rank_molecules(query("ethanol", 46, ETHANOL), predicted, [measured])
    for name in SIMILARITIES:
        assert ranks["any_mass"][name].tolist() == [2]
        assert ranks["within_5_Da"][name].tolist() == [expected]


def test_ties_count_against_the_prediction():
    noisy = {mz: intensity * (1 + 1e-7 * mz) for mz, intensity in ETHANOL.items()}
    predicted = entries(
        Library, ("ethanol", 46, ETHANOL), ("twin", 46, ETHANOL), ("near twin", 46, noisy)
    )
    ranks = rank_molecules(query("ethanol", 46, ETHANOL), predicted)
    assert {r.item() for r in ranks["any_mass"].values()} == {3}


def test_a_molecule_of_several_measured_spectra_counts_once_by_the_best():
    predicted = entries(Library, ("ethanol", 46, mixed((ETHANOL, 1), (BENZENE, 0.5))))
    measured = entries(
        Library,
        ("ether", 46, BENZENE),
        ("ether", 46, ETHANOL),
        ("ether", 46, ETHANOL),
        ("acid", 46, BENZENE),
    )
    ranks = rank_molecules(query("ethanol", 46, ETHANOL), predicted, [measured])
    assert {r.item() for r in ranks["any_mass"].values()} == {2}


def test_bins_below_the_lowest_recorded_mz_of_the_query_do_not_matter():
    predicted = entries(Library, ("ethanol", 46, {**ETHANOL, 18: 99999}))
    measured = entries(Library, ("ether", 46, mixed((ETHANOL, 1), (DIMETHYL_ETHER, 0.2))))
    ranks = rank_molecules(query("ethanol", 46, ETHANOL), predicted, [measured])
    assert {r.item() for r in ranks["any_mass"].values()} == {1}


def random_task():
    """Return queries, predictions and measured parts of random spectra, with replicates."""
    rng = np.random.default_rng(2)

    def spectra(number):
        return rng.exponential(size=(number, MAX_MZ)) ** 2 * (rng.random((number, MAX_MZ)) < 0.3)

    mass = rng.integers(100, 140, 60)
    predicted = Library(spectra(20), np.arange(20), mass[:20])
    searched = rng.integers(0, 20, 30)
    # Like their predictions, but not so much that all of them come first.
    queries = Queries(
        0.15 * predicted.spectra[searched] + spectra(30),
        searched,
        mass[searched],
        rng.choice([1, 20, 50], 30),
    )
    replicates = np.sort(rng.integers(20, 60, 100))
    measured = Library(spectra(100), replicates, mass[replicates])
    half = np.searchsorted(replicates, 40)
    parts = [
        Library(measured.spectra[part], measured.molecule[part], measured.nominal_mass[part])
        for part in (slice(None, half), slice(half, None))
    ]
    return queries, predicted, measured, parts


@pytest.mark.parametrize("block", [3, 7, 1024])
def test_ranks_are_those_of_the_obvious_computation(block, monkeypatch):
    monkeypatch.setattr(retrieval, "_BLOCK", block)
    queries, predicted, measured, parts = random_task()
    ranks = rank_molecules(queries, predicted, parts)
    library = np.concatenate([predicted.spectra, measured.spectra])
    molecule = np.concatenate([predicted.molecule, measured.molecule])
    mass = np.concatenate([predicted.nominal_mass, measured.nominal_mass])
    for q in range(len(queries)):
        query_rows = np.broadcast_to(queries.spectra[q], library.shape)
        values = score(library, query_rows, int(queries.lowest_mz[q]))
        near = np.abs(mass - queries.nominal_mass[q]) <= 5
        for kind, allowed in (("any_mass", np.full(len(mass), True)), ("within_5_Da", near)):
            for name in SIMILARITIES:
                right = values[name][queries.molecule[q]]
                better = set(molecule[allowed & (values[name] > right)])
                assert ranks[kind][name][q] == 1 + len(better)
    spread = ranks["any_mass"]["cosine"]
    assert spread.min() == 1 and spread.max() > 10


def test_recall_counts_the_rank_itself():
    ranks = {"any_mass": {"cosine": np.array([1, 1, 5, 6, 10, 11])}}
    found = recall(ranks, np.arange(6))["any_mass"]["cosine"].values()
    assert [row["mean"] for row in found] == pytest.approx([2 / 6, 3 / 6, 5 / 6])
    assert all(0 <= row["low"] < row["mean"] < row["high"] <= 1 for row in found)


def test_a_library_that_cannot_be_searched_is_refused():
    ethanol = entries(Library, ("ethanol", 46, ETHANOL))
    with pytest.raises(ValueError, match="no prediction for the molecule of 1 queries: benzene"):
        rank_molecules(query("benzene", 78, BENZENE), ethanol)
    twice = entries(Library, ("ethanol", 46, ETHANOL), ("ethanol", 46, ETHANOL))
    with pytest.raises(ValueError, match="predicted more than once"):
        rank_molecules(query("ethanol", 46, ETHANOL), twice)
    failed = Library(np.full((1, MAX_MZ), np.nan), np.array(["ethanol"]), np.array([46]))
    with pytest.raises(ValueError, match="predicted intensities must be finite"):
        rank_molecules(query("ethanol", 46, ETHANOL), failed)


# --- from a store ----------------------------------------------------------------------------

BUTANOL = {31: 180, 45: 999, 59: 190}
RECORDS = [  # SMILES, peaks, energy, split
    ("C[C@H](O)CC", BUTANOL, 70.0, "test"),
    ("C[C@@H](O)CC", {**BUTANOL, 59: 300}, None, "test"),
    ("C[C@@H](O)CC", {45: 999, 59: 500}, 20.0, "test"),
    ("c1ccccc1", BENZENE, 70.0, "test"),
    ("[2H]c1c([2H])c([2H])c([2H])c([2H])c1[2H]", DEUTERATED_BENZENE, 70.0, "test"),
    ("COC", DIMETHYL_ETHER, 70.0, "train"),
    ("COC", {**DIMETHYL_ETHER, 29: 500}, 75.0, "train"),
    ("COC", ETHANOL, 30.0, "train"),
    ("OC=O", FORMIC_ACID, None, "train"),
    ("CCO", ETHANOL, 70.0, "validation"),
]


@pytest.fixture
def config(tmp_path):
    data = Config().data.model_copy(update={"store": tmp_path / "spectra.h5", "max_mz": MAX_MZ})
    build_store(
        data.store,
        [(smiles, peaks) for smiles, peaks, _, _ in RECORDS],
        energies=[energy for _, _, energy, _ in RECORDS],
        splits=[split for _, _, _, split in RECORDS],
    )
    return Config().model_copy(update={"data": data})


def predict(known, smiles):
    """Return a made-up prediction for each structure."""
    return np.stack([binned(known[text]) for text in smiles])


def test_the_library_of_a_split(config):
    task = LibraryMatching(config)
    # Stereoisomers are one molecule, labelled benzene is one of its own; low energies stay out.
    assert sorted(task.smiles) == [
        "CC[C@@H](C)O",
        "[2H]c1c([2H])c([2H])c([2H])c([2H])c1[2H]",
        "c1ccccc1",
    ]
    assert task.rows.tolist() == [0, 1, 3, 4]
    assert task.queries.lowest_mz.tolist() == [31, 31, 50, 52]
    assert task.queries.nominal_mass.tolist() == [74, 74, 78, 84]
    assert task.sizes == {
        "queries": 4,
        "predicted_molecules": 3,
        "measured_spectra": 3,
        "measured_molecules": 2,
    }


def test_each_measured_spectrum_is_searched_for(config):
    known = {"CC[C@@H](C)O": BENZENE, "c1ccccc1": BENZENE}
    known["[2H]c1c([2H])c([2H])c([2H])c([2H])c1[2H]"] = DEUTERATED_BENZENE
    ranks = LibraryMatching(config).ranks(predict(known, LibraryMatching(config).smiles))
    # Butan-2-ol, predicted as benzene, has no peak in common with what was measured: ether and
    # acid share m/z 45, the others share nothing either. Benzene ties with it.
    assert ranks["any_mass"]["cosine"].tolist() == [5, 5, 2, 1]
    assert ranks["within_5_Da"]["cosine"].tolist() == [2, 2, 2, 1]


def test_the_validation_split_is_searched_among_the_training_molecules(config):
    result = match_library(partial(predict, {"CCO": DIMETHYL_ETHER}), config, "validation")
    assert (result["queries"], result["predicted_molecules"]) == (1, 1)
    assert result["recall"]["any_mass"]["cosine"] == {
        "recall@1": 0.0,
        "recall@5": 1.0,
        "recall@10": 1.0,
    }
    assert list(result["recall"]) == ["any_mass", "within_5_Da"]
    assert list(result["recall"]["within_5_Da"]) == list(SIMILARITIES)
    # One molecule alone leaves nothing to draw.
    assert result["intervals"]["any_mass"]["cosine"]["recall@5"] == [1.0, 1.0]


def test_wrong_uses_are_named(config):
    with pytest.raises(ValueError, match="must be 'validation' or 'test', found 'train'"):
        LibraryMatching(config, "train")
    with pytest.raises(ValueError, match=r"predictions must be \(3, 150\), found \(2, 150\)"):
        LibraryMatching(config).ranks(np.ones((2, MAX_MZ)))
    build_store(config.data.store, ["CCO"], splits=["test"])
    with pytest.raises(EmptySplitError, match="no train spectrum"):
        LibraryMatching(config)
