import csv
import json

import pytest

from builders import ETHANOL_PEAKS, build_record
from nextims.config import DataConfig
from nextims.data.library.ingest import IngestError, IngestReport, ingest
from nextims.data.library.splits import SPLITS
from nextims.data.library.store import SpectrumStore
from nextims.spectra.record import BadRecord

# About what phenol 1TMS gives, M 166, to stand under phenol's structure.
SILYLATED = {73: 90, 77: 40, 91: 60, 151: 999, 152: 140, 153: 45, 166: 450, 167: 70, 168: 20}

MIXED = [
    build_record(id="1", energy=70.0, notes=("not UTF-8, read as Latin-1",)),
    build_record(id="2", energy=20.0),
    build_record("CC(C)=O", {15: 300, 43: 999, 58: 300, 27: 80, 42: 70}, id="3", energy=None),
    build_record(id="1", name="Ethanol again"),
    build_record("CC[Te]C", id="4", name="Telluride", file="b.txt", line=9),
    BadRecord("c.txt", 1, "5", "Cut", "truncated record", "ends without //"),
    build_record(id="6", inchikey="XXXXXXXXXXXXXX-UHFFFAOYSA-N"),
]


def test_every_record_is_counted_once(tmp_path):
    report = ingest(MIXED, tmp_path / "s.h5", config=DataConfig(), source="mixed")
    assert report.read == len(MIXED)
    assert report.kept == len(SpectrumStore(tmp_path / "s.h5")) == 4
    assert report.dropped == {"duplicate ID": 1, "unsupported element": 1, "truncated record": 1}
    assert len(report.molecules) == 2
    assert report.notes == {
        "not UTF-8, read as Latin-1": 1,
        "InChIKey given disagrees with the structure": 1,
    }


def test_energies_outside_the_range_are_kept_and_counted(tmp_path):
    narrow = DataConfig(energy_range=(60.0, 80.0))
    report = ingest(MIXED, tmp_path / "s.h5", config=narrow, source="mixed")
    assert (report.kept, report.in_energy_range, report.energy_missing) == (4, 3, 1)


def silylated_phenol(id, remark):
    return build_record("Oc1ccccc1", SILYLATED, id=id, name="Phenol", remarks=(remark,))


def test_derivative_is_kept_under_its_own_structure(tmp_path):
    records = [build_record(id="1"), silylated_phenol("2", "n TMS"), silylated_phenol("3", "2 TMS")]
    report = ingest(records, tmp_path / "s.h5", config=DataConfig(), source="lib")
    assert report.notes == {"structure derivatised (TMS)": 1}
    assert report.dropped == {"derivative under its parent's name": 1}
    with SpectrumStore(tmp_path / "s.h5") as store:
        assert store.column("id") == ["1", "2"]
        assert store.column("name") == ["CCO", "Phenol 1TMS"]
        assert store.column("smiles") == ["CCO", "C[Si](C)(C)Oc1ccccc1"]
        assert [SPLITS[split] for split in store.index.split] == ["train", "train"]


def test_derivatives_are_left_out_on_demand(tmp_path):
    records = [build_record(id="1"), silylated_phenol("2", "1 TMS")]
    config = DataConfig(derivatise=False)
    report = ingest(records, tmp_path / "s.h5", config=config, source="lib")
    assert report.kept == 1
    assert report.dropped == {"derivative under its parent's name": 1}


def test_spectrum_above_its_ion_that_is_no_derivative_keeps_its_reason(tmp_path):
    records = [build_record(id="1"), build_record(id="2", peaks=ETHANOL_PEAKS | {103: 25})]
    report = ingest(records, tmp_path / "s.h5", config=DataConfig(), source="lib")
    assert report.dropped == {"peaks above the molecular ion": 1}


def test_order_of_the_library_is_kept(tmp_path):
    ingest(MIXED, tmp_path / "s.h5", config=DataConfig(), source="mixed")
    assert SpectrumStore(tmp_path / "s.h5").column("id") == ["1", "2", "3", "6"]


def test_table_names_reasons_and_examples(tmp_path):
    table = ingest(MIXED, tmp_path / "s.h5", config=DataConfig(), source="mixed").table()
    assert "unsupported element" in table
    assert "4 Telluride (Te)" in table
    assert "5 Cut (ends without //)" in table
    assert "at 10-80 eV" in table


def test_all_dropped_records_are_listed_with_file_and_line(tmp_path):
    ingest(MIXED, tmp_path / "s.h5", config=DataConfig(), source="mixed")
    with (tmp_path / "s.h5.dropped.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["1", "4", "5"]
    assert rows[1] == {
        "file": "b.txt",
        "line": "9",
        "id": "4",
        "name": "Telluride",
        "reason": "unsupported element",
        "detail": "Te",
    }


def test_counts_are_kept_in_the_store(tmp_path):
    ingest(MIXED, tmp_path / "s.h5", config=DataConfig(), source="mixed")
    counts = json.loads(SpectrumStore(tmp_path / "s.h5").attributes["ingest"])
    assert counts["read"] == 7
    assert counts["dropped"]["duplicate ID"] == 1


@pytest.mark.parametrize(
    ("records", "message"),
    [([], "lib: no records found"), ([build_record("C1CC")], "lib: no usable record")],
)
def test_library_of_nothing_leaves_nothing(tmp_path, records, message):
    with pytest.raises(IngestError, match=message):
        ingest(records, tmp_path / "s.h5", config=DataConfig(), source="lib")
    assert list(tmp_path.iterdir()) == []


def test_failed_ingest_leaves_the_old_store(tmp_path):
    path = tmp_path / "s.h5"
    ingest(MIXED, path, config=DataConfig(), source="mixed")
    before = path.read_bytes(), path.with_name("s.h5.dropped.csv").read_bytes()

    def broken():
        yield build_record()
        raise IngestError("archive cut short")

    with pytest.raises(IngestError, match="cut short"):
        ingest(broken(), path, config=DataConfig(), source="mixed")
    assert (path.read_bytes(), path.with_name("s.h5.dropped.csv").read_bytes()) == before
    assert {found.name for found in tmp_path.iterdir()} == {
        "s.h5",
        "s.h5.sha256",
        "s.h5.dropped.csv",
    }


def test_few_examples_are_kept_of_many():
    report = IngestReport((60, 80))
    for i in range(1000):
        report.drop(BadRecord("a", i, str(i), "x", "no structure"))
    assert report.dropped["no structure"] == 1000
    assert len(report.examples["no structure"]) == 3


def test_ingest_streams(tmp_path):
    """Most of the library is on disk before its last record is read."""
    sizes = []

    def library():
        for i in range(5000):
            yield build_record(id=str(i), peaks=ETHANOL_PEAKS)
        (store,) = tmp_path.glob("s.h5.[0-9]*.tmp")
        sizes.append(store.stat().st_size)

    ingest(library(), tmp_path / "s.h5", config=DataConfig(), source="many")
    assert sizes[0] > 0.5 * (tmp_path / "s.h5").stat().st_size
