import gzip

import pytest

from builders import build_store
from nextims.data.unlabelled import UnlabelledDataset, UnlabelledError


@pytest.fixture
def store(tmp_path):
    return build_store(tmp_path / "spectra.h5", ["CCO", "CC(N)C(=O)O"], splits=["train", "test"])


def read(path, store, **settings):
    return UnlabelledDataset(path, store, **{"max_mz": 200, "graph": False, **settings})


def test_molecules_of_the_store_and_repetitions_are_left_out(tmp_path, store):
    # ethanol, alanine written with its stereo centre, and propanol twice
    (tmp_path / "a.smi").write_text("OCC\nC[C@H](N)C(=O)O\nCCCO propanol\nOCCC\nCCN\n")
    dataset = read(tmp_path / "a.smi", store)
    assert dataset._smiles == ["CCCO", "CCN"]
    assert dataset.rows.tolist() == [-1, -2]


def test_an_example_has_features_and_no_spectrum(tmp_path, store):
    (tmp_path / "a.smi").write_text("CCCO\n")
    example = read(tmp_path / "a.smi", store, graph=True, fragments=60)[0]
    assert example.spectrum is None
    assert example.row == -1
    assert example.features.nominal_mass == 60
    assert len(example.features.graph.atoms) == 4
    assert example.features.fragments.atoms.shape[1] == 4


def test_lines_that_cannot_be_used_are_named_and_the_rest_is_read(tmp_path, store):
    with gzip.open(tmp_path / "a.smi.gz", "wt") as file:
        file.write("C1CC\nCCCO\n\nC[Hg]C\n" + "C" * 30 + "\n")
    dataset = read(tmp_path / "a.smi.gz", store)
    assert len(dataset) == 1
    assert [line for line, _ in dataset.unreadable] == [1, 3, 4, 5]
    assert "unsupported element Hg" in dataset.unreadable[2][1]


def test_a_damaged_a_missing_and_a_useless_file_are_named(tmp_path, store):
    (tmp_path / "bad.smi.gz").write_bytes(b"not gzip")
    (tmp_path / "useless.smi").write_text("CCO\n")
    for name in ("bad.smi.gz", "useless.smi", "nothing.smi"):
        with pytest.raises(UnlabelledError, match=name):
            read(tmp_path / name, store)
