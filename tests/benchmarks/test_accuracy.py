"""The whole benchmark on a small store: what is trained, kept, refused and printed."""

import csv
import json

import pytest
import yaml

import accuracy
from builders import SMALL_MOLECULES, build_config, build_massbank_record, plausible_peaks
from nextims.chemistry.molecule import load_canonical, read_molecule
from nextims.config import load_config
from nextims.data.library.ingest import ingest
from nextims.data.library.splits import assign_split
from nextims.data.library.store import SpectrumStore
from nextims.data.massbank import read_massbank
from nextims.evaluation.metrics import METRICS
from nextims.training.card_figures import card_path
from nextims.training.teacher import train_teacher

ONE_EPOCH = ("--epochs-neims", "1", "--epochs-plain", "1", "--epochs-teacher", "1")
# Of two rings each, of which a scaffold split takes its validation and test molecules.
POLYCYCLIC = (
    "c1ccc2ccccc2c1", "c1ccc(-c2ccccc2)cc1", "c1ccc2[nH]ccc2c1", "c1ccc2ncccc2c1", "C1CC2CCC1C2",
    "c1ccc(Cc2ccccc2)cc1", "c1ccc(Oc2ccccc2)cc1", "c1ccc2occc2c1", "C1CCC2CCCCC2C1",
    "c1ccc2sccc2c1",
)  # fmt: skip
REPLICATES = ("CCCCO", "CCCCCO", "CCCCCCO", "CCCCCCCO", "CCC(C)=O", "Cc1ccccc1", "CCCCCCCCCO")


def write_records(folder):
    """Write a folder of MassBank records, some molecules twice."""
    folder.mkdir()
    for number, smiles in enumerate((*SMALL_MOLECULES, *POLYCYCLIC, *REPLICATES * 2)):
        accession = f"MSBNK-Test-TS{number:06}"
        record = build_massbank_record(
            accession,
            smiles,
            smiles,
            plausible_peaks(smiles),
            formula=read_molecule(smiles).formula,
        )
        (folder / f"{accession}.txt").write_text(record)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with records, their store, settings and a teacher."""
    folder = tmp_path_factory.mktemp("accuracy")
    build_config(folder, epochs=1)
    path = folder / "config.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["data"] |= {"validation_fraction": 0.3, "test_fraction": 0.3, "min_peaks": 1}
    path.write_text(yaml.safe_dump(settings))
    config = load_config(path)
    records = write_records(folder / "records")
    report = ingest(
        read_massbank(records), config.data.store, config=config.data, source=records.name
    )
    assert report.kept == report.read
    train_teacher(config)
    return folder


@pytest.fixture
def run(folder, capsys):
    def command(*arguments):
        common = ("--config", str(folder / "config.yaml"), "--work", str(folder / "work"))
        status = accuracy.main([*common, *ONE_EPOCH, *map(str, arguments)])
        return status, *capsys.readouterr()

    return command


def test_models_are_scored_alike_and_trained_once(run, folder):
    status, out, err = run("--output", folder / "first.json", "--card", "--rows", folder)
    assert status == 0
    assert "warning" not in err
    card = card_path(load_config(folder / "config.yaml").teacher.checkpoint)
    table = card.read_text().split("## Beside its peers\n")[1].split("\n## ")[0]
    assert table.strip().splitlines()[-1] in out
    assert "| NEIMS |" in table
    result = json.loads((folder / "first.json").read_text())
    assert set(result["accuracy"]) == {
        "teacher", "teacher without fragments", "NEIMS", "nearest training molecule",
    }  # fmt: skip
    assert "validation" in result["checkpoints"]["teacher"]
    assert result["test"]["spectra"] > 3
    for metric in METRICS:
        found = result["accuracy"]["teacher"][metric]
        assert found["low"] <= found["mean"] <= found["high"]
        difference = result["difference_from_neims"]["teacher"][metric]["mean"]
        assert difference == pytest.approx(
            found["mean"] - result["accuracy"]["NEIMS"][metric]["mean"]
        )
        assert f"{found['mean']:.4f} [" in out
    # Each replicate is a copy.
    assert result["with_replicates"]["accuracy"]["mean of replicates"]["cosine"]["low"] == 1
    sizes = result["breakdown"]["heavy atoms"].values()
    assert sum(group["spectra"] for group in sizes) == result["test"]["spectra"]
    shares = result["unexplained"]
    assert 0 <= shares["no_ion"]["mean"] < shares["bin_head"]["mean"] < 1
    assert out.count(".pt: training") == 2
    matching = result["library_matching"]["models"]["teacher"]
    masses, similarities = next(iter(matching.items()))
    found = similarities["cosine"]["recall@5"]["mean"]
    with (folder / "retrieval.csv").open(newline="", encoding="utf-8") as file:
        rows = {(row["model"], row["split"], row["metric"]): row for row in csv.DictReader(file)}
    where = f"test by InChIKey, {masses.replace('_', ' ')}"
    assert float(rows["teacher", where, "recall@5 by cosine"]["value"]) == round(found, 4)

    status, out, _ = run("--output", folder / "second.json")
    assert ".pt: training" not in out
    again = json.loads((folder / "second.json").read_text())
    unchanged = ("accuracy", "breakdown", "library_matching", "unexplained", "checkpoints")
    assert [again[part] for part in unchanged] == [result[part] for part in unchanged]


def test_a_scaffold_split_has_its_own_store_and_teacher(run, folder):
    original = (folder / "data/processed/spectra.h5").read_bytes()
    by_scaffold = ("--split-by", "scaffold")
    status, out, _ = run(
        *by_scaffold, "--records", folder / "records", "--output", folder / "scaffold.json",
        "--epochs-plain", 0,
    )  # fmt: skip
    assert status == 0
    assert "split by scaffold" in out
    assert (folder / "data/processed/spectra.h5").read_bytes() == original
    result = json.loads((folder / "scaffold.json").read_text())
    (path,) = (folder / "work").glob("scaffold-*/spectra.h5")
    config = load_config(folder / "config.yaml")
    settings = config.data.model_copy(update={"split_by": "scaffold"})
    with SpectrumStore(path) as new, SpectrumStore(config.data.store) as old:
        assert new.column("smiles") == old.column("smiles")
        expected = [assign_split(load_canonical(s), settings) for s in new.column("smiles")]
        assert new.index.split.tolist() == expected != old.index.split.tolist()
    assert len({told["data"]["sha256"] for told in result["checkpoints"].values()}) == 1
    assert set(result["accuracy"]) == {"teacher", "NEIMS", "nearest training molecule"}

    status, out, _ = run(*by_scaffold, "--epochs-plain", 0)  # all is there
    assert status == 0
    assert "splitting" not in out
    assert ".pt: training" not in out

    teacher = config.teacher.checkpoint
    status, _, err = run(*by_scaffold, "--teacher", teacher)
    assert status == 2
    assert f"{teacher}: has seen test molecules" in err


def test_another_split_needs_the_records_of_the_store(run, folder):
    empty = folder / "other"
    for records in ((), ("--records", folder / "other.zip")):
        status, _, err = run("--split-by", "scaffold", "--work", empty, *records)
        assert status == 2
        assert "made from records; name it with --records" in err


def test_a_missing_teacher_shows_before_anything_is_trained(run, folder):
    status, out, err = run("--teacher", folder / "none.pt")
    assert status == 2
    assert "none.pt: no such checkpoint" in err
    assert ".pt: training" not in out
