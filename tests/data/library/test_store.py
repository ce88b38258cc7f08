import hashlib
import multiprocessing
import pickle

import h5py
import numpy as np
import pytest

from builders import ETHANOL_PEAKS, build_record, build_store
from nextims.chemistry.molecule import read_molecule
from nextims.config import DataConfig
from nextims.data.libraries import is_up_to_date
from nextims.data.library.ingest import IngestError
from nextims.data.library.splits import assign_split
from nextims.data.library.store import (
    OtherFormatError,
    SpectrumStore,
    StoreError,
    matches_settings,
)
from nextims.data.library.store_writer import StoreWriter

MOLECULES = ["CCO", "CC(C)=O", "c1ccccc1", "CCCCCC", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C"]


@pytest.fixture
def path(tmp_path):
    molecules = [("CCO", ETHANOL_PEAKS), *MOLECULES[1:]]
    return build_store(tmp_path / "spectra.h5", molecules, energies=[70, None, 20, 75, 70])


def test_what_is_written_is_read(path):
    with SpectrumStore(path) as store:
        assert len(store) == 5
        assert store.spectrum(0).mz.tolist() == list(ETHANOL_PEAKS)
        assert store.spectrum(0).intensity.tolist() == list(ETHANOL_PEAKS.values())
        assert store.column("smiles") == [read_molecule(s).smiles for s in MOLECULES]
        assert store.text("formula", 2) == "C6H6"
        assert store.text("inchikey", 0) == "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"
        assert store.column("id") == ["1", "2", "3", "4", "5"]


def test_index_holds_the_small_numbers(path):
    index = SpectrumStore(path).index
    assert index.offsets[0] == 0
    assert index.offsets[1] == len(ETHANOL_PEAKS)
    assert index.lowest_mz.tolist() == [15] * 5
    np.testing.assert_array_equal(index.energy, np.float32([70, np.nan, 20, 75, 70]))
    expected = [assign_split(read_molecule(s), DataConfig()) for s in MOLECULES]
    assert index.split.tolist() == expected


def test_accurate_masses_are_binned_by_the_molecules_mass_defect(tmp_path):
    hexabromobenzene = "Brc1c(Br)c(Br)c(Br)c(Br)c1Br", {545.5095: 50, 551.5034: 999}
    at_nominal_masses = "C" * 40, {562: 999, 563: 400}
    path = build_store(tmp_path / "s.h5", [hexabromobenzene, at_nominal_masses])
    store = SpectrumStore(path)
    np.testing.assert_allclose(store.index.mass_defect, [-0.0009, 0.00114], atol=1e-5)
    assert store.index.lowest_mz.tolist() == [546, 562]
    assert store.spectrum(0).nominal.tolist() == [546, 552]
    assert store.spectrum(1).nominal.tolist() == [562, 563]


def test_names_in_any_script_survive(tmp_path):
    with StoreWriter(tmp_path / "s.h5", config=DataConfig(), source="x") as writer:
        writer.add(build_record(name="β-ピネン", licence="CC BY", instrument="日立 M-80"))
        writer.finish("{}")
    store = SpectrumStore(tmp_path / "s.h5")
    assert store.text("name", 0) == "β-ピネン"
    assert store.text("instrument", 0) == "日立 M-80"


def test_blocks_join_without_seams(tmp_path, monkeypatch):
    monkeypatch.setattr("nextims.data.library.store_writer._BLOCK", 7)
    heights = {i: {15: 1, 20 + i: 5, 31: 9} for i in range(23)}
    path = build_store(tmp_path / "s.h5", [("CCO", heights[i]) for i in range(23)])
    store = SpectrumStore(path)
    for i in (0, 6, 7, 13, 14, 22):
        assert store.spectrum(i).mz.tolist() == sorted(heights[i])


def test_store_appears_complete_or_not_at_all(tmp_path):
    path = tmp_path / "s.h5"
    with pytest.raises(RuntimeError), StoreWriter(path, config=DataConfig(), source="x") as writer:
        writer.add(build_record())
        raise RuntimeError("interrupted")
    assert list(tmp_path.iterdir()) == []


def test_attributes_tell_how_it_was_made(path):
    attributes = SpectrumStore(path).attributes
    assert attributes["format_version"] == 3
    assert attributes["created_by"].startswith("nextims ")
    assert attributes["split_by"] == "inchikey"
    assert attributes["test_fraction"] == DataConfig().test_fraction


def test_settings_are_compared(path):
    assert matches_settings(path, DataConfig(), source="test")
    assert matches_settings(path, DataConfig(energy_range=(10, 80), num_workers=3))
    assert not matches_settings(path, DataConfig(), source="other")
    for change in (
        {"split_by": "scaffold"},
        {"min_peaks": 6},
        {"test_fraction": 0.2},
        {"derivatise": False},
    ):
        assert not matches_settings(path, DataConfig(**change))


def test_peaks_are_compressed(path):
    with h5py.File(path) as file:
        for name in ("mz", "intensity", "offsets"):
            assert file["peaks"][name].compression == "gzip"
            assert file["peaks"][name].shuffle


def test_missing_store_names_the_command(tmp_path):
    with pytest.raises(StoreError, match=r"none\.h5: no such store.*nextims prepare massbank"):
        SpectrumStore(tmp_path / "none.h5")


def damage_by_cutting(path):
    path.write_bytes(path.read_bytes()[:3000])


def damage_by_overwriting(path):
    path.write_bytes(b"Name: Ethanol\n" * 100)


def damage_by_emptying(path):
    path.write_bytes(b"")


def damage_by_other_content(path):
    with h5py.File(path, "w") as file:
        file["bde"] = [1.0]


def damage_by_missing_peaks(path):
    with h5py.File(path, "r+") as file:
        file["peaks/mz"].resize(3, axis=0)


@pytest.mark.parametrize(
    "damage",
    [
        damage_by_cutting,
        damage_by_overwriting,
        damage_by_emptying,
        damage_by_other_content,
        damage_by_missing_peaks,
    ],
)
def test_damaged_store_is_named(path, damage):
    damage(path)
    with pytest.raises(StoreError, match=r"spectra\.h5: damaged, or not a store.*--records PATH"):
        SpectrumStore(path)


@pytest.mark.parametrize(("version", "age"), [(1, "an older"), (99, "a later")])
def test_a_store_of_another_format_says_so(path, version, age):
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = version
    path.with_name("spectra.h5.sha256").unlink()
    told = rf"spectra\.h5: a store of {age} format \({version}, .*; make it anew with: .*--records"
    with pytest.raises(OtherFormatError, match=told):
        SpectrumStore(path)
    with pytest.raises(IngestError, match=f"is of {age} format; --force overwrites it"):
        is_up_to_date(path, DataConfig(), None)


def test_store_travels_to_other_processes(path):
    store = SpectrumStore(path)
    store.spectrum(0)
    copy = pickle.loads(pickle.dumps(store))
    assert copy.spectrum(4).mz.tolist() == store.spectrum(4).mz.tolist()


def _sum_spectra(store, queue):
    queue.put(sum(float(store.spectrum(i).mz.sum()) for i in range(len(store))))


def test_store_opened_before_a_fork_is_read_after_it(path):
    store = SpectrumStore(path)
    expected = sum(float(store.spectrum(i).mz.sum()) for i in range(len(store)))
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    workers = [context.Process(target=_sum_spectra, args=(store, queue)) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert [queue.get(timeout=60) for _ in workers] == [expected, expected]
    for worker in workers:
        worker.join()


def test_closed_store_opens_again(path):
    store = SpectrumStore(path)
    store.close()
    assert store.spectrum(0).mz[0] == 15


def test_a_store_comes_with_its_digest(path):
    said = path.with_name("spectra.h5.sha256").read_text()
    assert said == f"{hashlib.sha256(path.read_bytes()).hexdigest()}  spectra.h5\n"


def test_a_store_without_digest_is_read(path):
    path.with_name("spectra.h5.sha256").unlink()
    assert len(SpectrumStore(path)) == 5


def test_a_store_of_other_content_than_its_digest_says_is_refused(path):
    path.with_name("spectra.h5.sha256").write_text("0" * 64 + "  spectra.h5\n")
    with pytest.raises(StoreError, match=r"spectra\.h5: damaged.*SHA-256"):
        SpectrumStore(path)
