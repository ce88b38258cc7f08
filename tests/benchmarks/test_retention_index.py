import numpy as np
import pytest

import retention_index
from nextims.chemistry.molecule import load_canonical
from nextims.data.library.retention import RetentionData


def some(*smiles):
    number = len(smiles)
    return RetentionData(
        [load_canonical(each) for each in smiles],
        list(smiles),
        np.arange(1000.0, 1000 + 100 * number, 100),
        [frozenset({"lab"})] * number,
        np.zeros(number, bool),
        [],
        np.zeros(number, int),
    )


def test_errors_and_what_the_intervals_hold():
    data = some("CCO", "CCCO", "CCCCO", "CCCCCO")
    mean = data.index + np.array([10, -20, 30, 200])
    half = np.array([15.0, 10.0, 40.0, 100.0])
    here = np.array([True, True, True, False])
    name, number, median, average, percent, held = retention_index._figures(
        "all", data, mean, half, here
    )
    assert (name, number, median, average) == ("all", 3, 20, 20)
    assert percent == pytest.approx(100 * np.mean([0.01, 20 / 1100, 0.025]), abs=0.01)
    assert held == pytest.approx(66.7)


def test_classes_and_scaffolds():
    data = some("CCCCCCCC(=O)OC", "c1ccc2cc3ccccc3cc2c1", "c1ccc2ncccc2c1", "C[Si](C)(C)OCCCl")
    found = {
        name: np.flatnonzero(here).tolist() for name, here in retention_index.classes(data).items()
    }
    assert found == {
        "trimethylsilyl": [3],
        "polycyclic aromatic hydrocarbons": [1],
        "fatty acid methyl esters": [0],
        "halogenated": [3],
    }
    assert retention_index.scaffold(data.molecules[2]) == "c1ccc2ncccc2c1"
    assert retention_index.scaffold(data.molecules[0]) == "CCCCCCCC(=O)OC"
