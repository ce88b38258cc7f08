import pytest

from measures import time_per_molecule
from nextims.chemistry.molecule import read_molecule


def test_timing_is_of_molecules_of_median_size():
    from neims import Neims

    molecules = [read_molecule("C" * n) for n in (1, 2, *[7] * 70, 30, 40)]
    found = time_per_molecule(Neims(200, width=16, blocks=1, dropout=0.0), molecules)
    assert found["heavy_atoms"] == 7
    assert 0 < found["features_ms"] < found["ms"]
    assert found["ms"] == pytest.approx(found["features_ms"] + found["network_ms"])
