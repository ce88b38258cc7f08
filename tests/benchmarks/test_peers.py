import numpy as np
import pytest
import torch
from rdkit import DataStructs
from rdkit.Chem import rdFingerprintGenerator

from builders import SMALL_MOLECULES, SMALL_SPLITS, build_config, build_store, plausible_peaks
from nextims.chemistry.molecule import ECFP_BITS, read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.evaluation.metrics import METRICS
from peers import (
    PlainTeacher,
    ecfp_bits,
    mean_of_replicates,
    molecule_numbers,
    nearest_neighbour,
)

FINGERPRINTS = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=ECFP_BITS)


def batch_of(*smiles, graph=False):
    return collate([featurize(read_molecule(text), Inputs(graph=graph)) for text in smiles])


def binned(peaks, max_mz=200):
    spectrum = np.zeros(max_mz)
    spectrum[np.array(list(peaks)) - 1] = list(peaks.values())
    return spectrum / spectrum.max()


def test_ecfp_bits_are_those_of_rdkit():
    for bits, smiles in zip(ecfp_bits(batch_of(*SMALL_MOLECULES)), SMALL_MOLECULES, strict=True):
        expected = FINGERPRINTS.GetFingerprint(read_molecule(smiles).mol).GetOnBits()
        assert bits.nonzero().flatten().tolist() == list(expected)


def test_the_nearest_neighbour_is_that_of_rdkit(tmp_path):
    config = build_config(tmp_path)
    model = nearest_neighbour(config)
    known = [s for s, split in zip(SMALL_MOLECULES, SMALL_SPLITS, strict=True) if split == "train"]
    fingerprints = [FINGERPRINTS.GetFingerprint(read_molecule(smiles).mol) for smiles in known]
    asked = ["CCCCO", "Clc1ccccc1", "CCCC(C)=O", "CCNCC", "CCCCCCC"]
    predicted = model(batch_of(*asked)).intensity.numpy()
    for smiles, spectrum in zip(asked, predicted, strict=True):
        own = FINGERPRINTS.GetFingerprint(read_molecule(smiles).mol)
        similarity = np.array(DataStructs.BulkTanimotoSimilarity(own, fingerprints))
        nearest = np.flatnonzero(similarity == similarity.max())
        spectra = [binned(plausible_peaks(known[i])) for i in nearest]
        assert any(np.allclose(spectrum, other, atol=1e-6) for other in spectra)


def test_a_neighbour_with_replicates_gives_their_mean(tmp_path):
    config = build_config(tmp_path)
    one, other, low_energy = {45: 999, 31: 500}, {45: 100, 29: 10}, {46: 999}
    spectra = [("C[C@H](O)CC", one), ("C[C@@H](O)CC", other), ("CCC(C)O", low_energy), "CCCCCC"]
    splits, energies = ["train"] * 4, [70, 75, 15, 70]
    build_store(config.data.store, spectra, energies=energies, splits=splits, config=config.data)
    model = nearest_neighbour(config)
    assert len(model.spectra) == 2  # stereoisomers are one molecule
    found = model(batch_of("CCC(C)O")).intensity[0].numpy()
    assert found == pytest.approx((binned(one) + binned(other)) / 2, abs=1e-6)


def test_isotope_labels_make_another_molecule_and_stereo_does_not():
    smiles = ["CCO", "[2H]C([2H])([2H])CO", "C[C@H](O)CC", "C[C@@H](O)CC", "CCO"]
    smiles = [read_molecule(text).smiles for text in smiles]
    numbers = molecule_numbers(smiles, range(5))
    assert (numbers[:, None] == numbers).tolist() == [
        [True, False, False, False, True],
        [False, True, False, False, False],
        [False, False, True, True, False],
        [False, False, True, True, False],
        [True, False, False, False, True],
    ]
    assert molecule_numbers(smiles, [4, 0]).tolist() == [0, 0]


def test_replicates_are_compared_where_both_recorded():
    spectra = np.array([[1.0, 0.0, 1.0, 0.5], [0.0, 0.0, 1.0, 0.5], [1.0, 1.0, 0.2, 0.1]])
    rows, scores = mean_of_replicates(spectra, np.array([1, 3, 1]), np.array([7, 7, 8]))
    assert rows.tolist() == [0, 1]  # the third has no replicate
    assert set(scores) == set(METRICS)
    # m/z 1 and 2 are not in the second's range, so it says nothing about the first's peak there.
    assert scores["cosine"] == pytest.approx([1, 1])


def test_a_bin_counts_the_replicates_that_recorded_it():
    spectra = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    rows, scores = mean_of_replicates(spectra, np.array([1, 1, 3]), np.zeros(3))
    assert rows.tolist() == [0, 1, 2]
    # The third is silent on m/z 1 and 2; at m/z 3 the mean is (0 + 1) / 2.
    assert scores["cosine"][0] == pytest.approx(2 / np.sqrt(2 * 2.25))


def test_no_replicates_no_scores():
    rows, scores = mean_of_replicates(np.eye(3), np.ones(3, int), np.arange(3))
    assert len(rows) == 0
    assert all(len(values) == 0 for values in scores.values())


def test_the_plain_teacher_gives_spectra_up_to_the_molecular_ion():
    torch.manual_seed(0)
    model = PlainTeacher(
        max_mz=200, encoder_width=16, encoder_layers=2, fingerprint_width=32, head_blocks=1,
        head_bottleneck=16, dropout=0.3, drop_edge=0.2,
    ).eval()  # fmt: skip
    prediction = model(batch_of("CCO", "CCBr", graph=True))
    assert prediction.intensity.sum(1).tolist() == pytest.approx([1, 1], abs=1e-5)
    highest = [read_molecule(smiles).highest_mz for smiles in ("CCO", "CCBr")]
    for spectrum, mz in zip(prediction.intensity, highest, strict=True):
        assert not spectrum[mz:].any()
        assert spectrum[mz - 1] > 0
    assert prediction.extra is None  # no bonds are named
