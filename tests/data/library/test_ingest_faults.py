"""An ingest that is killed, runs out of disk space or is not alone, and stores that are damaged."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from builders import build_msp, build_record, build_store, plausible_peaks
from nextims.config import DataConfig
from nextims.data.examples.dataset import SpectrumDataset
from nextims.data.examples.loader import make_loader
from nextims.data.library.ingest import IngestError, ingest
from nextims.data.library.store import SpectrumStore, StoreError
from nextims.data.library.store_writer import StoreWriter
from nextims.data.nist_dataset import read_nist

RECORDS = 2500

# In a process of its own: reads LIBRARY into STORE, and stops after some records where asked to.
INGEST = """
import resource, sys, time
from pathlib import Path
from nextims.config import DataConfig
from nextims.data.library.ingest import IngestError, ingest
from nextims.data.nist_dataset import read_nist

library, store, limit, stop_after = Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

def records():
    for number, record in enumerate(read_nist(library)):
        if number == stop_after:
            print("waiting", flush=True)
            time.sleep(600)
        yield record

try:
    ingest(records(), store, config=DataConfig(), source="library")
except IngestError as error:
    sys.exit(f"error: {error}")
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """A library of RECORDS records; more than one block of the writer."""
    path = tmp_path_factory.mktemp("library") / "library.msp"
    generator = np.random.default_rng(0)
    molecules = ["CCO", "CC(C)=O", "c1ccccc1", "CCCCCC", "CSC", "CC(C)O"]
    with path.open("w") as file:
        for i in range(RECORDS):
            smiles = molecules[i % len(molecules)]
            heights = generator.uniform(1, 999, 40).round(1)
            peaks = {**dict(enumerate(heights, 2)), **plausible_peaks(smiles)}
            fields = {"SMILES": smiles, "ID": str(i)}
            file.write(build_msp(f"Compound {i}", peaks, fields=fields))
    return path


def start(library, store, *, limit=0, stop_after=-1):
    command = [sys.executable, "-c", INGEST, library, store, limit, stop_after]
    return subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(library, store, **settings):
    process = start(library, store, **settings)
    _, error = process.communicate(timeout=120)
    return process.returncode, error


def make(library, store):
    ingest(read_nist(library), store, config=DataConfig(), source="library")
    return store


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_killed_ingest_leaves_nothing_that_looks_whole(library, tmp_path):
    store = tmp_path / "spectra.h5"
    process = start(library, store, stop_after=2200)
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert any(name.endswith(".tmp") for name in left)
    assert not {"spectra.h5", "spectra.h5.sha256", "spectra.h5.dropped.csv"} & set(left)
    assert run(library, store) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "spectra.h5",
        "spectra.h5.dropped.csv",
        "spectra.h5.sha256",
    ]
    assert len(SpectrumStore(store)) == RECORDS


def test_a_killed_ingest_leaves_the_old_store(library, tmp_path):
    store = build_store(tmp_path / "spectra.h5", ["CCO"])
    before = store.read_bytes()
    process = start(library, store, stop_after=2200)
    assert process.stdout.readline() == "waiting\n"
    process.kill()
    process.communicate()
    assert store.read_bytes() == before
    assert SpectrumStore(store).column("smiles") == ["CCO"]


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="space cannot be claimed here")
@pytest.mark.parametrize("limit", [20_000, 1_300_000])
def test_a_full_disk_is_named_and_leaves_the_old_store(library, tmp_path, limit):
    store = build_store(tmp_path / "spectra.h5", ["CCO"])
    before = contents(tmp_path)
    status, error = run(library, store, limit=limit)
    assert status == 1
    assert error.startswith(f"error: {store}.")
    assert f"cannot be written (File too large); {store} is as it was before" in error
    assert error.count("\n") == 1
    assert contents(tmp_path) == before


def test_a_full_disk_is_named_when_the_list_of_dropped_records_fills_it(tmp_path, monkeypatch):
    store = build_store(tmp_path / "spectra.h5", ["CCO"])
    before = contents(tmp_path)

    def full(writer, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StoreWriter, "finish", full)
    with pytest.raises(IngestError, match=r"dropped\.csv.*cannot be written \(No space left"):
        ingest([build_record()], store, config=DataConfig(), source="library")
    assert contents(tmp_path) == before


def test_a_second_ingest_of_the_same_store_is_refused(library, tmp_path):
    store = tmp_path / "spectra.h5"
    first = start(library, store, stop_after=100)
    assert first.stdout.readline() == "waiting\n"
    with pytest.raises(IngestError, match=r"spectra\.h5: another process is writing it"):
        make(library, store)
    other = make(library, tmp_path / "other.h5")
    assert len(SpectrumStore(other)) == RECORDS
    first.kill()
    first.communicate()
    make(library, store)  # the lock has ended with its process
    assert len(SpectrumStore(store)) == RECORDS


def test_a_store_is_read_while_it_is_made_anew(library, tmp_path):
    store = build_store(tmp_path / "spectra.h5", ["CCO"])
    with SpectrumStore(store) as opened:
        assert opened.text("smiles", 0) == "CCO"
        process = start(library, store, stop_after=2200)
        assert process.stdout.readline() == "waiting\n"
        assert SpectrumStore(store).spectrum(0).mz.tolist() == opened.spectrum(0).mz.tolist()
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def whole(library, tmp_path_factory):
    store = make(library, tmp_path_factory.mktemp("store") / "spectra.h5")
    return store.read_bytes(), store.with_name("spectra.h5.sha256").read_bytes()


@pytest.mark.parametrize("share", [0.001, 0.5, 0.9, 0.9999])
@pytest.mark.parametrize("digest", [True, False])
def test_a_truncated_store_is_named(whole, tmp_path, share, digest):
    content, said = whole
    store = tmp_path / "spectra.h5"
    store.write_bytes(content[: int(share * len(content))])
    if digest:
        store.with_name("spectra.h5.sha256").write_bytes(said)
    with pytest.raises(StoreError, match=r"spectra\.h5: damaged, or not a store"):
        SpectrumStore(store)


def test_a_flipped_bit_is_noticed_wherever_it_is(whole, tmp_path):
    content, said = whole
    store = tmp_path / "spectra.h5"
    store.with_name("spectra.h5.sha256").write_bytes(said)
    generator = np.random.default_rng(1)
    places = generator.choice(len(content), 200, replace=False)
    for place in places.tolist():
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(generator.integers(8))
        store.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"spectra\.h5: damaged.*--records PATH"):
            SpectrumStore(store)
    store.write_bytes(content)
    assert len(SpectrumStore(store)) == RECORDS


def test_peaks_that_rot_under_an_open_store_are_never_wrong(whole, tmp_path):
    """What is read later is checked by the compression's own checksum."""
    content, _ = whole
    store = tmp_path / "spectra.h5"
    store.write_bytes(content)
    right = SpectrumStore(store)
    expected = [right.spectrum(i) for i in range(0, RECORDS, 125)]
    right.close()
    generator = np.random.default_rng(2)
    noticed = 0
    for _ in range(60):
        damaged = bytearray(content)
        damaged[int(generator.integers(len(content)))] ^= 1 << int(generator.integers(8))
        store.write_bytes(damaged)
        try:
            with SpectrumStore(store) as opened:
                for i, spectrum in zip(range(0, RECORDS, 125), expected, strict=True):
                    found = opened.spectrum(i)
                    assert found.mz.tolist() == spectrum.mz.tolist()
                    assert found.intensity.tolist() == spectrum.intensity.tolist()
        except StoreError as error:
            assert "spectra.h5: damaged" in str(error)
            noticed += 1
    assert noticed


def test_damage_that_a_worker_finds_is_told_with_the_file(tmp_path):
    store = build_store(tmp_path / "spectra.h5", ["CCO"] * 40, splits=["train"] * 40)
    dataset = SpectrumDataset(store, "train", energy_range=(60, 80))
    time.sleep(0.01)
    store.write_bytes(store.read_bytes()[:-2000])
    loader = make_loader(dataset, max_mz=200, batch_size=8, num_workers=1)
    with pytest.raises(StoreError, match=r"spectra\.h5: damaged"):
        list(loader)


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="space cannot be claimed here")
@pytest.mark.parametrize("size", ["64k", "1536k", "2500k"])
def test_a_disk_that_is_full_is_named(library, tmp_path, size):
    """On a small file system of its own, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        status, error = run(library, disk / "spectra.h5")
        assert status == 1
        assert "spectra.h5" in error
        assert "cannot be written (No space left on device)" in error
        assert error.count("\n") == 1
        assert not list(disk.iterdir())
    finally:
        subprocess.run(["umount", str(disk)], check=True)
