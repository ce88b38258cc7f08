from pathlib import Path

import numpy as np
import pytest

from qcxms2 import SIMULATIONS, score_all

DATA = Path(__file__).parents[3] / "shared" / "peers" / "QCxMS2-data.tar.gz"


@pytest.mark.skipif(not DATA.is_file(), reason="needs ../shared/peers")
def test_simulations_score_as_published():
    scores = score_all(DATA, [])
    means = [np.mean([own[name] for own in scores.values()]) for name in SIMULATIONS]
    assert len(scores) == 16
    assert np.round(means[2:], 3).tolist() == pytest.approx([0.700, 0.730], abs=6e-4)
    lowest = [min(own[name] for own in scores.values()) for name in list(SIMULATIONS)[2:]]
    assert np.round(lowest, 3).tolist() == pytest.approx([0.498, 0.527], abs=3e-3)
