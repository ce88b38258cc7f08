"""Which spectra are of something else than their replicates are."""

import csv
from dataclasses import replace

from builders import build_record
from nextims.config import DataConfig
from nextims.data.library.ingest import ingest
from nextims.data.library.replicates import Replicates
from nextims.data.library.splits import LEFT_OUT
from nextims.data.library.store import SpectrumStore

ETHANOL = {15: 60, 27: 220, 29: 300, 31: 999, 45: 510, 46: 220}
OTHER = {14: 999, 26: 400, 28: 800, 30: 20, 43: 700}


def far(*records):
    replicates = Replicates()
    for row, record in enumerate(records):
        replicates.add(row, record)
    return [row for row, _, _ in replicates.far()]


def test_one_of_several_that_is_unlike_all_others_is_found():
    alike = [build_record(peaks={**ETHANOL, 29: height}) for height in (250, 300, 400)]
    assert far(*alike) == []
    assert far(alike[0], build_record(peaks=OTHER), *alike[1:]) == [1]


def test_of_two_nobody_can_tell_which_is_wrong():
    assert far(build_record(peaks=ETHANOL), build_record(peaks=OTHER)) == []


def test_where_all_differ_none_is_left_out():
    third = {17: 999, 32: 500, 44: 300}
    assert far(*(build_record(peaks=peaks) for peaks in (ETHANOL, OTHER, third))) == []


def test_labels_energies_and_other_molecules_make_no_replicates():
    alike = [build_record(peaks=ETHANOL)] * 3
    strange = [
        build_record("[2H]OCC", peaks=OTHER),
        build_record(peaks=OTHER, energy=20.0),
        build_record("CC=O", peaks=OTHER),
    ]
    assert far(*alike, *strange) == []


def test_the_store_keeps_it_out_of_all_splits_and_the_list_names_it(tmp_path):
    peaks = [ETHANOL, ETHANOL, OTHER, ETHANOL]
    records = [build_record(peaks=each, id=str(i)) for i, each in enumerate(peaks)]
    path = tmp_path / "spectra.h5"
    report = ingest(records, path, config=DataConfig(), source="lab.msp")
    assert (report.read, report.kept, report.in_energy_range) == (4, 3, 3)
    low = DataConfig(energy_range=(10.0, 50.0))
    report = ingest(records, tmp_path / "low.h5", config=low, source="lab.msp")
    assert (report.kept, report.in_energy_range) == (3, 0)
    unsaid = [replace(record, energy=None) for record in records]
    report = ingest(unsaid, tmp_path / "unsaid.h5", config=low, source="lab.msp")
    assert (report.kept, report.in_energy_range, report.energy_missing) == (3, 3, 3)
    with SpectrumStore(path) as store:
        assert (store.index.split == LEFT_OUT).tolist() == [False, False, True, False]
    with path.with_name("spectra.h5.dropped.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["id"], row["reason"]) == ("2", "unlike all its replicates")
