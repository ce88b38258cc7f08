import gzip

import pytest

from nextims.data.examples.features import Inputs
from nextims.data.examples.unlabelled import UnlabelledDataset, UnlabelledError, read_unlabelled

ETHANOL, ALANINE = "LFQSCWFLJHTTHZ", "QNAYBMKLOCPYGJ"


def test_known_molecules_and_repetitions_are_left_out(tmp_path):
    # ethanol, alanine written with its stereo centre, and propanol twice
    (tmp_path / "a.smi").write_text("OCC\nC[C@H](N)C(=O)O\nCCCO propanol\nOCCC\nCCN\n")
    known = {ETHANOL, ALANINE}
    structures, unreadable = read_unlabelled(tmp_path / "a.smi", known, max_mz=200)
    assert structures == ["CCCO", "CCN"]
    assert unreadable == []
    assert len(known) == 4


def test_an_example_has_features_and_no_spectrum():
    dataset = UnlabelledDataset(["CCCO", "CCN"], inputs=Inputs(graph=True, fragments=60))
    example = dataset[0]
    assert example.spectrum is None
    assert (example.row, example.smiles) == (-1, "CCCO")
    assert example.features.nominal_mass == 60
    assert len(example.features.graph.atoms) == 4
    assert example.features.fragments.atoms.shape[1] == 4


def test_lines_that_cannot_be_used_are_named_and_the_rest_is_read(tmp_path):
    with gzip.open(tmp_path / "a.smi.gz", "wt") as file:
        file.write("C1CC\nCCCO\n\nC[Zn]C\n" + "C" * 30 + "\n")
    structures, unreadable = read_unlabelled(tmp_path / "a.smi.gz", set(), max_mz=200)
    assert structures == ["CCCO"]
    assert [line for line, _ in unreadable] == [1, 3, 4, 5]
    assert "unsupported element Zn" in unreadable[2][1]


def test_a_damaged_a_missing_and_a_useless_file_are_named(tmp_path):
    (tmp_path / "bad.smi.gz").write_bytes(b"not gzip")
    (tmp_path / "useless.smi").write_text("CCO\n")
    for name in ("bad.smi.gz", "useless.smi", "nothing.smi"):
        with pytest.raises(UnlabelledError, match=name):
            read_unlabelled(tmp_path / name, {ETHANOL}, max_mz=200)
