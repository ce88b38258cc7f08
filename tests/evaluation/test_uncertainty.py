from dataclasses import replace

import numpy as np
import pytest
import torch

from builders import TEACHER_SIZES
from nextims.chemistry.molecule import read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.evaluation.metrics import score
from nextims.evaluation.uncertainty import (
    FORETOLD,
    assess_uncertainty,
    calibrate,
    seeded,
    spectrum_quantities,
)
from nextims.models.teacher import Teacher
from nextims.training.losses import confidence

SMILES = ("CCO", "c1ccccc1", "CC(C)=O", "CCCl", "CCCCN", "CC#N")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def teacher():
    torch.manual_seed(0)
    return Teacher(**TEACHER_SIZES, members=2).eval()


@pytest.fixture(scope="module")
def batches(teacher):
    """Three batches, the measured spectra the predicted ones and something else."""
    found = []
    for i in range(0, len(SMILES), 2):
        features = [
            featurize(read_molecule(s), Inputs(graph=True, fragments=60)) for s in SMILES[i : i + 2]
        ]
        batch = collate(features)
        batch.row = torch.arange(i, i + 2)
        batch.lowest_mz = torch.tensor([1, 20])
        batch.recorded = torch.arange(1, 201) >= batch.lowest_mz[:, None]
        generator = torch.Generator().manual_seed(i)
        noise = torch.rand(2, 200, generator=generator) * torch.tensor([[0.001], [0.01]])
        with torch.inference_mode():
            batch.spectrum = teacher(batch).intensity + noise
        found.append(batch)
    return found


def test_the_deviation_is_what_weighs_soft_labels():
    mean = torch.rand(4, 30).softmax(1)
    deviation = 0.1 * torch.rand(4, 30)
    found = spectrum_quantities(mean.numpy(), deviation.numpy())
    np.testing.assert_allclose(np.exp(-found["deviation"]), confidence(mean, deviation), rtol=1e-5)


def test_quantities_of_known_spectra():
    even, single = np.full((1, 8), 1 / 8), np.eye(8)[:1]
    nothing = np.zeros((1, 8))
    assert spectrum_quantities(even, nothing)["entropy"] == pytest.approx(np.log(8))
    assert spectrum_quantities(even, nothing)["log_peaks"] == pytest.approx(np.log(8))
    for name in ("entropy", "log_peaks", "deviation"):
        assert spectrum_quantities(single, nothing)[name] == pytest.approx(0)
    faint = np.array([[0.9999, 0.0001]])  # is below what counts as a peak
    assert spectrum_quantities(faint, np.zeros((1, 2)))["log_peaks"] == 0


def test_predictions_are_compared_without_dropout(teacher, batches):
    scores = assess_uncertainty(teacher, batches, passes=4)
    assert scores.row.tolist() == list(range(len(SMILES)))
    for number, batch in enumerate(batches):
        with torch.inference_mode():
            predicted = teacher(batch).intensity.numpy()
        true = score(predicted, batch.spectrum.numpy(), batch.lowest_mz.numpy())
        for name in FORETOLD:
            found = scores.similarity[name][2 * number : 2 * number + 2]
            np.testing.assert_allclose(found, true[name], atol=1e-5)
    assert (scores.quantities["deviation"] > 0).all()


def test_only_recorded_peaks_count(teacher, batches):
    [scores] = [assess_uncertainty(teacher, batches[:1], passes=2)]
    with torch.inference_mode():
        predicted = teacher(batches[0]).intensity.numpy()
    recorded = np.arange(1, 201) >= batches[0].lowest_mz.numpy()[:, None]
    kept = np.where(recorded, predicted, 0)
    peaks = kept >= 0.001 * kept.max(1, keepdims=True)
    assert len(scores.peak_error) == len(scores.peak_deviation) == peaks.sum()
    true = batches[0].spectrum.numpy() * recorded
    error = kept / kept.max(1, keepdims=True) - true / true.max(1, keepdims=True)
    np.testing.assert_allclose(scores.peak_error, error[peaks], atol=1e-5)


def test_the_model_and_the_random_numbers_are_left_as_they_were(teacher, batches):
    torch.manual_seed(5)
    undisturbed = torch.rand(3)
    torch.manual_seed(5)
    first = assess_uncertainty(teacher, batches, passes=3)
    assert torch.equal(torch.rand(3), undisturbed)
    assert not any(module.training for module in teacher.modules())
    torch.manual_seed(99)
    second = assess_uncertainty(teacher, batches, passes=3)
    np.testing.assert_array_equal(first.peak_deviation, second.peak_deviation)
    other = assess_uncertainty(teacher, batches, passes=3, seed=1)
    assert (first.peak_deviation != other.peak_deviation).any()


def test_a_seed_holds_for_its_block_only():
    torch.manual_seed(1)
    expected = torch.rand(4)
    torch.manual_seed(1)
    first = torch.rand(2)
    with seeded(7, CPU):
        inner = torch.rand(2)
    with seeded(7, CPU):
        assert torch.equal(torch.rand(2), inner)
    assert torch.equal(torch.cat([first, torch.rand(2)]), expected)


def test_a_calibration_of_many_spectra_agrees_with_them(teacher, batches):
    scores = assess_uncertainty(teacher, batches, passes=4)
    # A law to find: what is alike in all, less the more the passes deviate.
    lawful = 0.9 - 0.1 * scores.quantities["deviation"]
    scores = scores._replace(similarity=dict.fromkeys(FORETOLD, lawful))
    calibration = calibrate(scores)
    assert (calibration.passes, calibration.spectra) == (4, len(SMILES))
    for expected in calibration.expect(scores.quantities).values():
        np.testing.assert_allclose(expected.mean, lawful, atol=1e-3)
    expected_square = np.mean(calibration.error(scores.peak_deviation) ** 2)
    assert expected_square == pytest.approx(np.mean(scores.peak_error**2), rel=0.5)


def test_spectra_without_a_recorded_peak_add_no_peaks(teacher, batches):
    nothing_there = replace(batches[0], spectrum=torch.zeros(2, 200))
    scores = assess_uncertainty(teacher, [nothing_there, batches[1]], passes=2)
    alone = assess_uncertainty(teacher, [batches[1]], passes=2)
    assert len(scores.peak_error) == len(alone.peak_error)
    assert np.isfinite(scores.peak_error).all()
    assert scores.similarity["cosine"][:2].tolist() == [0, 0]
