import numpy as np
import pytest

from builders import SMALL_MOLECULES
from nextims.chemistry.molecule import read_molecule
from nextims.evaluation.neighbours import TrainingMolecules
from nextims.evaluation.trust import (
    SIMILARITIES,
    Trust,
    TrustError,
    fit_trust,
    quantities,
    recalibrate,
)
from nextims.evaluation.weak_classes import weak_classes
from nextims.spectra.spectrum import Spectrum
from nextims.spectra.uncertainty import Expectation


@pytest.fixture(scope="module")
def molecules():
    return [read_molecule(smiles) for smiles in SMALL_MOLECULES]


@pytest.fixture(scope="module")
def known(molecules):
    return TrainingMolecules.of([(m.smiles, m) for m in molecules[::2]])


def spectra_of(molecules, seed=0):
    random = np.random.default_rng(seed)
    return random.random((len(molecules), 120)) ** 4


@pytest.fixture(scope="module")
def trust(molecules, known):
    """Of predictions that are the better the more they are like the training molecules."""
    intensity = np.concatenate([spectra_of(molecules, seed) for seed in range(20)])
    found = quantities(molecules * 20, intensity, known)
    near = np.array([known.similarities(m).max() for m in molecules] * 20)
    values = fit_trust(found, dict.fromkeys(SIMILARITIES, near), np.ones(len(near)))
    return Trust(known, values, "a")


def test_what_is_near_the_training_molecules_is_trusted_more(trust, molecules, known):
    expected = trust.expect(molecules, spectra_of(molecules, 99))
    means = np.array([each["cosine"].mean for each in expected])
    near = np.array([known.similarities(m).max() for m in molecules])
    assert np.corrcoef(means, near)[0, 1] > 0.8
    for each in expected:
        for lower, mean, upper in ((e.lower, e.mean, e.upper) for e in each.values()):
            assert 0 <= lower <= mean <= upper <= 1


def test_another_level_moves_what_is_expected(trust, molecules, known):
    intensity = spectra_of(molecules, 7)
    found = quantities(molecules, intensity, known)
    before = [each["cosine"].mean for each in trust.expect(molecules, intensity)]
    lower = dict.fromkeys(SIMILARITIES, np.array(before) - 0.2)
    moved = Trust(known, recalibrate(trust.values, found, lower), "a")
    after = [each["cosine"].mean for each in moved.expect(molecules, intensity)]
    assert np.mean(after) == pytest.approx(np.clip(np.array(before) - 0.2, 0, 1).mean(), abs=0.03)


def test_it_is_read_back_as_it_was_written(trust, molecules, tmp_path):
    path = tmp_path / "student.trust.npz"
    trust.save(path)
    again = Trust.load(path)
    assert again.checkpoint_sha256 == "a"
    spectra = [Spectrum([31, 45], [1.0, 0.5])] * 2
    one, other = (each.uncertainties(molecules[:2], spectra, 2) for each in (trust, again))
    assert [u.expected for u in one] == [u.expected for u in other]
    assert [u.neighbours for u in one] == [u.neighbours for u in other]
    assert one[0].neighbours[0].similarity == 1.0
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(TrustError, match=r"student\.trust\.npz: damaged"):
        Trust.load(path)


def test_peaks_too_small_for_a_file_change_nothing(trust, molecules):
    intensity = spectra_of(molecules[:1])
    with_noise = np.where(intensity > 0.001 * intensity.max(), intensity, 0.0009 * intensity.max())
    [one], [other] = (trust.expect(molecules[:1], each) for each in (intensity, with_noise))
    assert one == other


def test_classes_that_came_out_worse_are_told_of(trust, molecules):
    phosphates = [read_molecule(f"CCOP(=O)(OCC)O{'C' * n}") for n in range(1, 21)]
    similarity = np.array([0.5] * 20 + [0.9] * 20)
    weak = weak_classes(phosphates + [read_molecule("C" * n) for n in range(1, 21)], similarity)
    assert list(weak) == ["organophosphorus compounds"]
    assert "20 spectra left out" in weak["organophosphorus compounds"]
    warned = Trust(trust.known, trust.values, "a", weak)
    low, high = ({"entropy_similarity": Expectation(mean, 0, 1)} for mean in (0.0, 1.0))
    said = "organophosphorus compounds are predicted worse than others"  # a line of a terminal
    assert warned.warnings(phosphates[0], low) == (said,)
    assert warned.warnings(phosphates[0], high) == warned.warnings(molecules[0], low) == ()


def test_hydrogen_has_an_expectation(trust):
    hydrogen = read_molecule("[H][H]")
    for spectrum in (Spectrum([2], [1.0]), Spectrum([1, 2], [0.1, 1.0])):
        [found] = trust.uncertainties([hydrogen], [spectrum])
        assert 0 <= found.expected["cosine"].mean <= 1
