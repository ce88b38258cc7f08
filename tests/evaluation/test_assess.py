from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from builders import build_student
from nextims.chemistry.molecule import read_molecule
from nextims.data.examples.features import collate, featurize
from nextims.evaluation.assess import assess, predict_structures
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
