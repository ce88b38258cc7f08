from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from builders import build_student
from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.data.examples.features import collate, featurize
from nextims.evaluation.assess import assess, impossible_share, predict_structures
from nextims.evaluation.metrics import score


class Recites(nn.Module):
    """Predicts for each molecule one peak at its nominal mass."""

    def forward(self, batch):
        intensity = torch.zeros(len(batch), 100)
        intensity[torch.arange(len(batch)), batch.nominal_mass - 1] = 1.0
        return SimpleNamespace(intensity=intensity)


def batch_of(smiles, row, spectrum):
    batch = collate([featurize(read_molecule(smiles))])
    batch.row = torch.tensor([row])
    batch.spectrum = torch.tensor(np.array([spectrum]), dtype=torch.float32)
    batch.lowest_mz = torch.tensor([10])
    batch.recorded = torch.arange(1, len(spectrum) + 1) >= batch.lowest_mz[:, None]
    return batch


def test_each_spectrum_is_scored_and_named_by_its_row():
    only_m, no_m = np.zeros(100), np.zeros(100)
    only_m[77] = no_m[30] = 1.0
    batches = [batch_of("c1ccccc1", 5, only_m), batch_of("CCO", 9, no_m)]
    scores = assess(Recites(), batches)
    assert scores["row"].tolist() == [5, 9]
    assert scores["cosine"].tolist() == [1, 0]
    metrics = score(np.ones((1, 3)), np.ones((1, 3)), 1)
    assert set(scores) == {*metrics, "impossible_share", "row"}


def test_a_model_in_training_goes_back_to_training():
    model = Recites().train()
    spectrum = np.zeros(100)
    spectrum[45] = 1
    scores = assess(model, [batch_of("CCO", 0, spectrum)])
    assert model.training
    assert scores["entropy_similarity"] == pytest.approx([1])


def test_structures_are_predicted_in_their_order_as_a_batch_would_be():
    torch.manual_seed(0)
    model = build_student().train()
    smiles = ["CCO", "c1ccccc1", "CC(C)=O", "CO", "CCCl"]
    spectra = predict_structures(model, smiles, batch_size=2)
    assert (model.training, spectra.dtype) == (True, np.float32)
    features = [featurize(read_molecule(text), model.inputs) for text in smiles]
    with torch.inference_mode():
        expected = model.eval()(collate(features)).intensity.numpy()
    np.testing.assert_allclose(spectra, expected, rtol=1e-4, atol=1e-6)
    assert len(np.unique(spectra.argmax(axis=1))) > 1


def test_the_share_of_what_cannot_be():
    methane, labelled = read_molecule("C"), read_molecule("[2H][2H]")
    intensity = np.zeros((2, 30))
    intensity[0, [15, 9]] = 3.0, 1.0  # 16 and 10
    intensity[1, [3, 2]] = 1.0, 1.0  # 4 and 3
    share = impossible_share(
        intensity,
        np.stack([methane.atoms()[0], labelled.atoms()[0]]),
        np.array([[1, ELEMENTS.index("H"), 1, 2]]),
        np.array([17, 4]),
    )
    assert share.tolist() == pytest.approx([0.25, 0.5])
    above = np.zeros((1, 30))
    above[0, 19] = 1.0  # three 13C and D too many
    labels = np.zeros((0, 4), np.int64)
    assert impossible_share(above, methane.atoms()[0][None], labels, np.array([17]))[0] == 1


def test_what_is_measured_of_two_charges_is_not_impossible():
    iodobenzene = read_molecule("Ic1ccccc1")
    intensity = np.zeros((1, 210))
    intensity[0, [101, 124]] = 1.0
    atoms, labels = iodobenzene.atoms()[0][None], np.zeros((0, 4), np.int64)
    assert impossible_share(intensity, atoms, labels, np.array([206])).tolist() == [0.5]
