"""What is told of expected similarities."""

import numpy as np
import pytest

import trust
from builders import build_config
from nextims.data.library.store import SpectrumStore
from nextims.evaluation.trust import SIMILARITIES
from nextims.spectra.uncertainty import Expectation
from nextims.training.left_out import LeftOut
from nextims.training.trust import StoredMolecules

SIMILARITY = np.linspace(0.2, 0.9, 24)


class Foretelling:
    """Foretells what it was given, less a constant."""

    def __init__(self, less):
        self.means = iter((SIMILARITY - less).tolist())

    def expect(self, molecules, intensity):
        ends = [
            (mean, mean - 0.05, mean + 0.05) for mean, _ in zip(self.means, molecules, strict=False)
        ]
        return [dict.fromkeys(SIMILARITIES, Expectation(*own)) for own in ends]


@pytest.mark.parametrize(
    ("less", "figures"), [(0.0, ("0.000", "1.00", "1.00")), (0.1, ("0.100", "1.00", "0.00"))]
)
def test_error_order_and_middle_half_of_what_was_foretold(less, figures, tmp_path):
    config = build_config(tmp_path)
    with SpectrumStore(config.data.store) as store:
        rows = np.arange(len(store.column("source")))
    part = LeftOut(rows, np.ones((24, 200)), dict.fromkeys(SIMILARITIES, SIMILARITY), rows)
    found = trust._figures(
        config, Foretelling(less), part, StoredMolecules(config), "test", whole=True
    )
    whole = [row for row in found if row[0] == "test, all"]
    assert [row[1] for row in whole] == list(SIMILARITIES)
    assert all(row[2:] == (24, *figures) for row in whole)
