"""How far to trust a prediction: the same for a molecule in every batch, and nothing else moves."""

import numpy as np
import pytest
import torch

from builders import build_calibration
from nextims.evaluation.calibration import CalibrationError
from nextims.inference import FailedPrediction, Predictor
from nextims.models.checkpoint import Checkpoint

SMILES = ["CCO", "Cc1ccccc1", "BrCCBr", "[2H]C([2H])([2H])O"]


@pytest.fixture(scope="module")
def predictor(small_teacher):
    metadata = {"calibration": build_calibration().to_metadata()}
    return Predictor(small_teacher, "teacher", Checkpoint("teacher", {}, metadata))


def assert_same(first, second):
    """Equal but for rounding, which may move a peak over the floor of 0.001."""
    one, other = (
        dict(zip(r.spectrum.mz, r.uncertainty.deviations, strict=True)) for r in (first, second)
    )
    shared = one.keys() & other.keys()
    assert len(shared) >= len(one) - 1
    assert [one[mz] for mz in shared] == pytest.approx([other[mz] for mz in shared], rel=1e-4)
    for name, expected in first.uncertainty.expected.items():
        assert tuple(expected) == pytest.approx(second.uncertainty.expected[name], abs=1e-3)


def test_a_molecule_is_judged_alike_alone_in_a_batch_and_twice(predictor):
    together = predictor.predict(SMILES * 2, uncertainty=True)
    for i, smiles in enumerate(SMILES):
        [alone] = predictor.predict([smiles], uncertainty=True)
        assert_same(alone, together[i])
        assert_same(alone, together[i + len(SMILES)])


def test_the_spectrum_and_the_random_numbers_are_as_without(predictor):
    plain = predictor.predict(SMILES)
    torch.manual_seed(3)
    undisturbed = torch.rand(2)
    torch.manual_seed(3)
    judged = predictor.predict(SMILES, uncertainty=True)
    assert torch.equal(torch.rand(2), undisturbed)
    assert not any(module.training for module in predictor.model.modules())
    for one, other in zip(plain, judged, strict=True):
        assert one.uncertainty is None
        np.testing.assert_array_equal(one.spectrum.intensity, other.spectrum.intensity)


def test_expectations_lie_within_their_bounds(predictor):
    calibration = predictor.calibration
    for result in predictor.predict(SMILES, uncertainty=True):
        peaks = len(result.spectrum)
        for expected in result.uncertainty.expected.values():
            assert 0 <= expected.lower <= expected.mean <= expected.upper <= 1
            assert expected.mean == pytest.approx(0.95 - 0.1 * np.log(peaks), abs=1e-3)
        deviations = result.uncertainty.deviations
        assert deviations.shape == (peaks,)
        assert (deviations > calibration.error(0.0)).any()
        assert (deviations >= calibration.error(0.0)).all()


def test_at_accurate_masses_the_spectrum_is_judged_and_not_its_peaks(predictor):
    nominal, accurate = (
        predictor.predict(["Cc1ccccc1"], uncertainty=True, exact_mass=exact)[0]
        for exact in (False, True)
    )
    assert accurate.uncertainty.expected == nominal.uncertainty.expected
    assert accurate.uncertainty.deviations is None


def test_failures_keep_their_place(predictor):
    results = predictor.predict(["CCO", "C1CC", "CO"], uncertainty=True)
    assert [isinstance(result, FailedPrediction) for result in results] == [False, True, False]


def test_who_cannot_tell_says_so_at_once(small_model, small_teacher):
    with pytest.raises(CalibrationError, match="only a teacher knows its uncertainty, this is a s"):
        Predictor(small_model).predict_stream(["CCO"], uncertainty=True)
    with pytest.raises(CalibrationError, match=r"holds no calibration.*nextims train teacher"):
        Predictor(small_teacher).predict_stream(["CCO"], uncertainty=True)
