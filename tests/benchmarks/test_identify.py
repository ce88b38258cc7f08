"""The candidates of a formula, the ranks among them, and the whole benchmark on a small store."""

import csv
import gzip
import json
from types import SimpleNamespace

import numpy as np
import pytest

import identify
import kept_predictions
from builders import (
    STUDENT_SIZES,
    bde_rows,
    binned_rows,
    build_bde_table,
    build_config,
    build_store,
    build_student,
)
from isomers import (
    SIMILARITIES,
    Candidates,
    gather_candidates,
    labelled_formula,
    rank_among_isomers,
)
from nextims.chemistry.molecule import identity, read_molecule
from nextims.data.bde.dft_table import prepare_bde_data
from nextims.models.checkpoint import save_checkpoint
from nextims.training.teacher import train_teacher

# C4H8O; butanal is of the test split, butanone of the training split.
LISTED = ("C1CCOC1", "CCC(C)=O butanone again", "C=CCCO", "CCCCO another formula", "no molecule")
COMPUTED = (("C=CCOC", "train"), ("O=CCCC", "valid"), ("CC(C)C=O", "test"))


def write_lists(config):
    """Write the structures without spectra and the molecules of the bond energies."""
    path = config.distillation.unlabelled
    path.write_bytes(gzip.compress("\n".join(LISTED).encode()))
    table = build_bde_table(row for smiles, split in COMPUTED for row in bde_rows(smiles, split))
    prepare_bde_data(config.bde.data, table, source="test", progress=False)


def molecules(*smiles):
    return [read_molecule(text) for text in smiles]


def build_candidates(*smiles):
    """Return candidates in the order of their formulas, then of ``smiles``."""
    ordered = sorted(molecules(*smiles), key=labelled_formula)
    return Candidates(
        [molecule.smiles for molecule in ordered],
        np.array([identity(molecule.inchikey, molecule) for molecule in ordered]),
        np.array([labelled_formula(molecule) for molecule in ordered]),
        {},
    )


def test_candidates_are_all_molecules_of_the_formula_once(tmp_path):
    config = build_config(tmp_path)
    write_lists(config)
    found = gather_candidates(config, molecules("CCCC=O", "CCCl"))
    assert dict(zip(found.smiles, found.formula, strict=True)) == {
        "CCCC=O": "C4H8O", "CCC(C)=O": "C4H8O", "C1CCOC1": "C4H8O", "C=CCCO": "C4H8O",
        "C=CCOC": "C4H8O", "CC(C)C=O": "C4H8O", "CCCl": "C2H5Cl",
    }  # fmt: skip
    assert found.sources == {
        "records": {"structures": 24, "unusable": 0, "candidates": 3},
        "unlabelled-gc.smi.gz": {"structures": 5, "unusable": 1, "candidates": 2},
        "bde_data.h5": {"structures": 3, "unusable": 0, "candidates": 2},
    }
    assert found.number(["C4H8O", "C2H5Cl", "C9H20"]).tolist() == [6, 1, 0]
    assert (np.diff(np.unique(found.formula, return_inverse=True)[1]) >= 0).all()


def test_stereoisomers_are_one_candidate_and_labelled_molecules_are_none(tmp_path):
    config = build_config(tmp_path)
    write_lists(config)
    smiles = ["C[C@H](O)CC", "C[C@@H](O)CC", "CCCCO", "[2H]OCCCC"]
    build_store(config.data.store, smiles, splits=["train"] * 4, config=config.data)
    found = gather_candidates(config, molecules("CCCCO"))
    assert sorted(found.smiles) == ["CCCCO", "CC[C@@H](C)O"]
    (labelled,) = gather_candidates(config, molecules("[2H]OCCCC")).smiles
    assert read_molecule(labelled).nominal_mass == 75


def test_ranks_of_a_case_made_by_hand():
    candidates = build_candidates("CCO", "COC", "CCCO", "COCC", "CC(C)O")
    peaks = {
        "CCO": {31: 1.0, 45: 0.5, 46: 0.2},
        "COC": {45: 1.0, 46: 0.6, 29: 0.4},
        # Isopropanol is foretold the spectrum of ethyl methyl ether: a tie.
        "CCCO": {31: 1.0, 59: 0.1, 60: 0.1},
        "CCOC": {45: 1.0, 60: 0.3},
        "CC(C)O": {45: 1.0, 60: 0.3},
    }
    predictions = binned_rows(*(peaks[text] for text in candidates.smiles))
    asked = molecules("CCO", "COC", "CCCO", "CC(C)O", "CCO")
    measured = binned_rows(
        {31: 999, 45: 400, 46: 200},  # as predicted
        {31: 999, 45: 400, 46: 200},  # as the other one is predicted
        {45: 999, 60: 300},  # both others are nearer
        {45: 999, 60: 300},  # ties count against the prediction
        {20: 999, 45: 500, 46: 300, 31: 1},  # the peak at 20 is not recorded
    )
    lowest = np.array([15, 15, 15, 15, 31])
    ranks = rank_among_isomers(measured, lowest, asked, candidates, predictions)
    for similarity in SIMILARITIES:
        assert ranks[similarity].tolist() == [1, 2, 3, 2, 2]
    # Candidates of other formulas go before nobody, whatever they are predicted.
    predictions[candidates.formula == "C3H8O"] = measured[0]
    again = rank_among_isomers(measured, lowest, asked, candidates, predictions)
    assert again["weighted_cosine"][[0, 1, 4]].tolist() == [1, 2, 2]


def test_a_query_must_be_among_the_candidates():
    candidates = build_candidates("COC")
    with pytest.raises(ValueError, match="no prediction for the molecule of 1 queries"):
        rank_among_isomers(
            np.ones((1, 50)), np.ones(1, int), molecules("CCO"), candidates, np.ones((1, 50))
        )


def test_chance_is_the_mean_over_all_orders():
    number = np.array([1, 4, 10, 25])
    expected = identify.place_by_chance(number)
    assert "relative_rank" not in expected  # of one candidate there is none
    expected = identify.place_by_chance(number[1:])
    for i, n in enumerate(number[1:]):
        orders = identify.place(np.arange(1, n + 1), np.full(n, n))
        for name, values in orders.items():
            assert expected[name][i] == pytest.approx(values.mean())
    assert expected["recall@10"].tolist() == [1, 1, 0.4]


def test_groups_hold_the_queries_of_so_many_candidates():
    # Of C4H10O all seven, of C5H12O eleven of fourteen, of CH4 the one.
    fours = ("CCCCO", "CCC(C)O", "CC(C)CO", "CC(C)(C)O", "CCOCC", "CCCOC", "CC(C)OC")
    fives = ("CC(C)(C)CO", "CC(C)C(C)O", "CCC(CC)O", "CC(C)CCO", *(f"C{text}" for text in fours))
    candidates = build_candidates(*fours, *fives, "C")
    assert len(set(candidates.name)) == len(candidates) == 19
    measured = SimpleNamespace(molecules=molecules("CCCCO", "CCCCO", "CCCCCO", "C"))
    first, last = np.array([1, 2, 1, 1]), np.array([7, 7, 11, 1])
    ranks = {
        "teacher": dict.fromkeys(SIMILARITIES, first),
        "NEIMS": dict.fromkeys(SIMILARITIES, last),
    }
    groups = identify.compare(ranks, measured, candidates)
    assert {fewest: (own["queries"], own["molecules"]) for fewest, own in groups.items()} == {
        "1": (4, 3), "2": (3, 2), "10": (1, 1),
    }  # fmt: skip
    everyone, rivals, many = (groups[fewest] for fewest in ("1", "2", "10"))
    assert (everyone["median"], everyone["mean"]) == (7, 26 / 4)
    teacher, neims = (everyone["models"][name]["weighted_cosine"] for name in ("teacher", "NEIMS"))
    assert (teacher["recall@1"]["mean"], neims["recall@1"]["mean"]) == (0.75, 0.25)
    assert neims["recall@10"]["mean"] == 0.75
    assert "relative_rank" not in teacher
    found = rivals["models"]["teacher"]["entropy_similarity"]["relative_rank"]
    assert found["mean"] == pytest.approx((0 + 1 / 6 + 0) / 3)
    assert rivals["models"]["NEIMS"]["entropy_similarity"]["relative_rank"]["mean"] == 1
    assert many["models"]["random"]["–"]["recall@10"]["mean"] == pytest.approx(10 / 11)
    assert many["difference"]["teacher"]["entropy_similarity"]["recall@10"]["mean"] == 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a store, lists of structures, and a teacher and a student of it."""
    folder = tmp_path_factory.mktemp("identify")
    config = build_config(folder, epochs=1)
    write_lists(config)
    train_teacher(config)
    config.student.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    sizes = {**STUDENT_SIZES, "max_mz": config.data.max_mz}
    save_checkpoint(config.student.checkpoint, build_student(**sizes), sizes, {})
    return folder


@pytest.fixture
def run(folder, capsys):
    def command(*arguments):
        common = ("--config", str(folder / "config.yaml"), "--work", str(folder / "work"))
        status = identify.main([*common, "--epochs-neims", "1", *map(str, arguments)])
        return status, *capsys.readouterr()

    return command


def test_the_tables_and_what_is_kept(run, folder, monkeypatch):
    status, out, _ = run("--output", folder / "first.json", "--rows", folder / "rows.csv")
    assert status == 0
    with (folder / "rows.csv").open(newline="", encoding="utf-8") as file:
        rows = [tuple(row)[:4] for row in csv.reader(file)]
    assert len(set(rows)) == len(rows)
    where = "test by InChIKey, 2 or more candidates"
    assert ("random", "open libraries", where, "recall@1") in rows
    result = json.loads((folder / "first.json").read_text())
    assert result["candidates"]["molecules"] == 9  # six of C4H8O, three alone with their formulas
    assert result["candidates"]["formulas"] == 4
    rivals = result["groups"]["2"]
    assert (rivals["queries"], rivals["median"]) == (1, 6)
    assert set(rivals["models"]) == {
        "student", "teacher", "NEIMS", identify.CONTROL, "random"
    }  # fmt: skip
    assert set(rivals["difference"]) == {"student", "teacher"}
    assert rivals["models"]["random"]["–"]["recall@1"]["mean"] == pytest.approx(1 / 6)
    chance = result["groups"]["1"]["models"]["random"]["–"]["recall@1"]["mean"]
    assert chance == pytest.approx((3 + 1 / 6) / 4)
    assert "Queries of 2 or more candidates: 1 spectra of 1 molecules" in out
    assert f"| random | – | {chance:.4f} [" in out
    assert "neims.pt: training" in out

    # What the models have said is not asked again, unless the list is another.
    asked = []
    predict = kept_predictions.predict_structures
    monkeypatch.setattr(
        kept_predictions,
        "predict_structures",
        lambda model, smiles: asked.append(model.kind) or predict(model, smiles),
    )
    status, again, _ = run("--output", folder / "second.json")
    assert (folder / "second.json").read_text() == (folder / "first.json").read_text()
    assert "training" not in again
    assert out.endswith(again)
    assert asked == []
    listed = folder / "data" / "unlabelled-gc.smi.gz"
    before = listed.read_bytes()
    listed.write_bytes(gzip.compress(b"C1CC1CO\n"))
    assert run()[0] == 0
    listed.write_bytes(before)
    assert asked == ["student", "teacher", "neims"]


def test_what_is_missing_is_named(run, folder):
    for path, message in (
        (folder / "data/processed/bde_data.h5", "get them with: nextims prepare bde"),
        (folder / "data/unlabelled-gc.smi.gz", "cannot be read"),
        (folder / "checkpoints/student/best_student.pt", "no such checkpoint"),
    ):
        away = path.with_name("away")
        path.rename(away)
        status, out, err = run("--work", folder / "empty")
        away.rename(path)
        assert status == 2
        last = err.strip().splitlines()[-1]
        assert last.startswith(f"error: {path}: ")
        assert message in last
        assert "training" not in out
