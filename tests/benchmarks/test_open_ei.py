"""The open benchmark's scorer, on a small store of MassBank's and another library's spectra."""

import csv
import json

import numpy as np
import pytest

import open_ei
from builders import SMALL_MOLECULES, build_msp, build_record, plausible_peaks
from nextims.chemistry.molecule import first_block, read_molecule
from nextims.config import DataConfig
from nextims.data.library.store_writer import StoreWriter
from open_ei_splits import LIBRARIES, SCHEMES

LIBRARY = "recetox-gc-ei-20201028"
# MassBank's three; the fourth is of the other library alone, which has the third as well.
TESTED = ("CCO", "CCCO", "CC(C)=O", "CCC(C)=O")
SHIFTED = {43: 999, 58: 500, 15: 200, 27: 100, 42: 80}


def block_of(smiles):
    return first_block(read_molecule(smiles).inchikey)


@pytest.fixture
def folder(tmp_path):
    """A folder with a store and its split file."""
    spectra = [
        (smiles, None, "massbank.tar.gz") for smiles in SMALL_MOLECULES if smiles != TESTED[3]
    ]
    spectra += [(TESTED[2], SHIFTED, LIBRARY), (TESTED[3], None, LIBRARY)]
    with StoreWriter(tmp_path / "spectra.h5", config=DataConfig(), source="all") as writer:
        for i, (smiles, peaks, source) in enumerate(spectra):
            id_ = f"X{i}" if source == LIBRARY else f"MSBNK-{i}"
            peaks = peaks or plausible_peaks(smiles)
            writer.add(build_record(smiles, peaks, id=id_, source=source))
        writer.finish("{}")
    with (tmp_path / "splits.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("molecule", *SCHEMES))
        for smiles in SMALL_MOLECULES:
            own = dict.fromkeys(SCHEMES, "train")
            own["random"] = "test" if smiles in TESTED else "train"
            if smiles in ("CSC", "CC#N"):
                own["random"] = "validation"
            own[LIBRARY] = "test" if smiles in TESTED[2:] else "train"
            table.writerow((block_of(smiles), *own.values()))
    return tmp_path


@pytest.fixture
def run(folder, capsys):
    def command(action, *arguments, split="random"):
        common = ("--store", folder / "spectra.h5", "--splits", folder / "splits.csv")
        status = open_ei.main([action, "--split", split, *map(str, (*common, *arguments))])
        return status, *capsys.readouterr()

    return command


@pytest.fixture
def predictions(folder):
    """What was measured, as a tool's predictions: by SMILES, by InChIKey and by name."""
    fields = (
        {"SMILES": TESTED[0]},
        {"InChIKey": read_molecule(TESTED[1]).inchikey},
        {"Comment": "a name alone"},
    )
    path = folder / "tool.msp"
    texts = [
        build_msp(block_of(smiles), plausible_peaks(smiles), fields=own)
        for smiles, own in zip(TESTED, fields, strict=False)
    ]
    path.write_text("".join(texts) + build_msp("unasked", fields={"SMILES": "CCCCCCCCO"}))
    return path


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_listed_are_the_molecules_to_predict(run):
    assert sorted(run("list")[1].split()[1::2]) == sorted(map(block_of, TESTED))
    assert run("list", split=LIBRARY)[1].split()[::2] == [
        smiles for _, smiles in sorted((block_of(smiles), smiles) for smiles in TESTED[2:])
    ]
    out = run("list", "--part", "train", "test", "--library", "MassBank")[1]
    assert len(out.splitlines()) == len(SMALL_MOLECULES) - 1 - 2  # two validate


def test_the_sets_are_scored_apart_and_what_is_missing_scores_nothing(run, predictions, folder):
    board = folder / "board.csv"
    status, out, _ = run("score", "--predictions", predictions, "--name", "tool", "--append", board)
    assert status == 0
    assert f"1 molecules have no prediction and score 0: {block_of(TESTED[3])}" in out
    found = {(row["tool"], row["set"]): row for row in rows_of(board)}
    own = found["tool", "MassBank"]
    assert (own["spectra"], own["molecules"], own["molecules_without_prediction"]) == (
        "3",
        "3",
        "0",
    )
    assert own["cosine"] == own["top10_recall"] == "1.0000"
    assert own["cosine_interval"] == "1.000 to 1.000"
    other = found["tool", "other libraries"]
    assert (other["spectra"], other["molecules_without_prediction"]) == ("2", "1")
    assert 0 < float(other["cosine"]) < 0.5
    neighbour = found["nearest training molecule", "MassBank"]
    assert neighbour["molecules_without_prediction"] == "0"
    assert float(neighbour["cosine"]) < 1


def test_peaks_that_a_library_has_taken_out_are_not_scored(run, folder, predictions):
    ethers = {45: 999, 59: 500, 73: 900, 103: 300}
    taken_out = {mz: height for mz, height in ethers.items() if mz != 73}
    with StoreWriter(folder / "spectra.h5", config=DataConfig(), source="all") as writer:
        writer.add(build_record("CCOCCOC", taken_out, id="X1", source="hmdb-cms"))
        writer.add(build_record("CCOCCOC", ethers, id="MSBNK-1", source="massbank.tar.gz"))
        writer.add(build_record("CCCO", id="MSBNK-2", source="massbank.tar.gz"))
        writer.finish("{}")
    with (folder / "splits.csv").open("a") as file:
        file.write(",".join([block_of("CCOCCOC"), *("test" for _ in SCHEMES)]) + "\n")
    predictions.write_text(build_msp("tool", ethers, fields={"SMILES": "CCOCCOC"}))
    board = folder / "board.csv"
    common = ("--predictions", predictions, "--name", "tool", "--append", board)
    assert run("score", *common, split="hmdb-cms")[0] == 0
    for row in rows_of(board):
        if row["tool"] in ("tool", "mean of replicates"):
            assert float(row["cosine"]) == pytest.approx(1, abs=1e-4)


def test_replicates_in_another_library_are_the_ceiling(run, folder):
    board = folder / "board.csv"
    assert run("score", "--append", board, split=LIBRARY)[0] == 0
    # MassBank's spectrum of the molecule says how alike two measurements are, and trains nobody.
    [ceiling] = [row for row in rows_of(board) if row["tool"] == "mean of replicates"]
    assert (ceiling["set"], ceiling["spectra"]) == (f"{LIBRARY}, with replicates", "1")
    assert 0 < float(ceiling["cosine"]) < 1


@pytest.mark.parametrize("name", ["tool.jsonl", "tool.csv"])
def test_other_formats_are_read(run, folder, name):
    path = folder / name
    smiles, peaks = TESTED[0], plausible_peaks(TESTED[0])
    if path.suffix == ".csv":
        lines = [f"{smiles},{mz},{height}" for mz, height in peaks.items()]
        path.write_text("\n".join(["smiles,mz,intensity", *lines]))
    else:
        path.write_text(
            json.dumps({"smiles": smiles, "peaks": [[*peak] for peak in peaks.items()]})
        )
    status, out, _ = run("score", "--predictions", path)
    assert status == 0
    assert "3 molecules have no prediction" in out


def test_molecules_that_a_tool_has_learned_from_are_no_test(run, predictions, folder):
    seen = folder / "seen.smi"
    seen.write_text(f"CCO {block_of('CCO')}\n{read_molecule('CCCO').inchikey}\n")
    status, out, _ = run("score", "--predictions", predictions, "--seen", seen)
    assert status == 0
    assert "2 molecules that the tool has learned from are left out" in out
    assert "MassBank: 1 spectra of 1 molecules" in out


def test_a_row_replaces_that_of_the_same_tool_and_test(run, predictions, folder):
    board = folder / "board.csv"
    common = ("score", "--predictions", predictions, "--append", board)
    run(*common, "--name", "one")
    run(*common, "--name", "two")
    before = rows_of(board)
    run(*common, "--name", "one", "--trained-on", "MassBank")
    after = rows_of(board)
    assert len(after) == len(before)
    assert {row["trained_on"] for row in after if row["tool"] == "one"} == {"MassBank"}
    assert {row["tool"] for row in after} >= {"one", "two", "nearest training molecule"}


def test_neims_is_trained_on_the_split(run, folder):
    status, out, _ = run("score", "--neims", "1", "--work", folder / "work")
    assert status == 0
    assert "| NEIMS | " in out


def test_a_split_store_can_be_written(run, folder):
    assert run("store", "--output", folder / "split.h5", split=LIBRARY)[0] == 0
    with open_ei.SpectrumStore(folder / "split.h5") as store:
        assert np.count_nonzero(store.index.split == 2) == 2


def test_what_cannot_be_scored_is_named(run, folder):
    status, _, err = run("score", "--predictions", folder / "missing.msp")
    assert status == 2
    assert "missing.msp" in err
    status, _, err = run("score", split="hmdb-cms")
    assert status == 2
    assert "no test spectrum of hmdb-cms" in err


def test_the_leaderboard_has_its_columns_and_each_row_once():
    rows = rows_of(open_ei.LEADERBOARD)
    assert rows
    assert tuple(rows[0]) == open_ei.COLUMNS
    keys = [tuple(row[name] for name in open_ei.KEY) for row in rows]
    assert len(set(keys)) == len(keys)
    for row in rows:
        assert row["split"] in SCHEMES
        for metric in open_ei.METRICS:
            low, high = map(float, row[f"{metric}_interval"].split(" to "))
            assert 0 <= low <= round(float(row[metric]), 3) <= high <= 1
    assert {row["split"] for row in rows} >= {"random", *LIBRARIES} - {"gchrmsexplain"}
