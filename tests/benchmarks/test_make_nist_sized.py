from itertools import pairwise

import pytest

from builders import SMALL_MOLECULES, build_store
from make_nist_sized import make_library
from nextims.data.nist_dataset import read_nist
from nextims.spectra.record import BadRecord
from scale import PARTS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nist")
    store = build_store(folder / "spectra.h5", SMALL_MOLECULES)
    make_library(store, folder / "a", spectra=250, seed=3, workers=1)
    return folder


def test_a_library_has_nists_shape(folder):
    records = list(read_nist(folder / "a" / "library.msp", folder / "a" / "mol_files"))
    assert len(records) == 250
    bad = [record for record in records if isinstance(record, BadRecord)]
    assert len(bad) == 2  # a wrong Num Peaks in every 200
    good = [record for record in records if record not in bad]
    without = [record for record in good if not record.structures]
    assert len(without) == 2
    blocks = [record.inchikey[:14] for record in good]
    # 13 % are replicates, which follow each other; all others differ.
    assert len(set(blocks)) == pytest.approx(0.872 * 250, abs=6)
    changes = sum(a != b for a, b in pairwise(blocks))
    assert changes == len(set(blocks)) - 1
    files = sum("\n" in r.structures[0] for r in good if r.structures)
    assert files == pytest.approx(125, abs=25)
    for record in good[::20]:
        if record.structures:
            assert record.molecule.inchikey == record.inchikey
            assert record.nominal_mass == record.molecule.nominal_mass


def test_the_same_seed_gives_the_same_library(folder):
    make_library(folder / "spectra.h5", folder / "b", spectra=250, seed=3, workers=2)
    assert (folder / "a" / "library.msp").read_bytes() == (
        folder / "b" / "library.msp"
    ).read_bytes()


def test_lines_end_as_nists_do(folder):
    content = (folder / "a" / "library.msp").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n")


def test_the_parts_of_the_benchmark_can_be_chosen():
    assert {"ingest", "dataset", "loader"} <= set(PARTS)
