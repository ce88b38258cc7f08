import math

import numpy as np
import pytest
import torch

from nextims.data.examples.graph_batch import BondTargets
from nextims.training import losses

SPECTRA = torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.1, 0.2, 0.3, 0.4]])


def test_the_entropy_distance_is_zero_for_equal_and_one_for_disjoint_spectra():
    assert losses.entropy_distance(SPECTRA, SPECTRA).tolist() == pytest.approx([0, 0], abs=1e-6)
    disjoint = losses.entropy_distance(torch.tensor([[1.0, 0, 0]]), torch.tensor([[0, 0.5, 0.5]]))
    assert disjoint.item() == pytest.approx(1, abs=1e-6)


def test_the_entropy_distance_agrees_with_the_metric():
    from nextims.evaluation.metrics import entropy_similarity

    rng = np.random.default_rng(0)
    a, b = rng.random((2, 5, 30)) ** 3 + 2e-3
    a, b = (x / x.max(1, keepdims=True) for x in (a, b))
    tensors = [torch.tensor(x / x.sum(1, keepdims=True)) for x in (a, b)]
    distance = losses.entropy_distance(*tensors).numpy()
    assert 1 - distance == pytest.approx(entropy_similarity(a, b, 1), abs=1e-3)


def test_gradients_are_finite_where_bins_are_empty():
    logits = torch.tensor([[0.0, -40.0, -100.0]], requires_grad=True)
    predicted = torch.relu(logits.softmax(1))
    loss = losses.entropy_distance(
        losses.tempered(predicted, 2.0), losses.tempered(torch.tensor([[0.0, 1.0, 0.0]]), 2.0)
    )
    loss.sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_bins_below_the_lowest_recorded_mz_do_not_count():
    kept = losses.recorded(
        SPECTRA, torch.arange(1, SPECTRA.shape[1] + 1) >= torch.tensor([[1], [3]])
    )
    assert kept[0].tolist() == pytest.approx([0.5, 0.5, 0, 0])
    assert kept[1].tolist() == pytest.approx([0, 0, 3 / 7, 4 / 7])


def test_a_temperature_lifts_small_peaks_and_keeps_the_order():
    hot = losses.tempered(SPECTRA, 2.0)
    assert hot[1, 0] > SPECTRA[1, 0]
    assert hot[1, 3] < SPECTRA[1, 3]
    assert hot[1].argsort().tolist() == SPECTRA[1].argsort().tolist()
    assert hot.sum(1).tolist() == pytest.approx([1, 1])
    assert torch.allclose(losses.tempered(SPECTRA, 1.0), SPECTRA)


def test_confidence_falls_with_the_deviation():
    deviation = torch.stack([torch.zeros(4), torch.full((4,), 0.25)])
    sure, unsure = losses.confidence(SPECTRA, deviation).tolist()
    assert sure == 1
    assert unsure == pytest.approx(math.exp(-1), abs=1e-5)


def targets(*energies):
    return BondTargets(torch.arange(len(energies)), torch.empty(0), torch.tensor(energies))


def test_the_bond_energy_loss_is_huber_in_tens_of_kcal():
    predicted = torch.tensor([[100.0, 80.0], [90.0, 81.0]])
    # 20 kcal/mol: linear, 2 - 0.025; 0.25 kcal/mol: quadratic, 0.025**2 / 2 / 0.05; 0; 1: linear
    known = targets([80.0, 80.25], [90.0, 80.0])
    expected = (1.975 + 0.00625 + 0 + 0.075) / 4
    assert losses.bond_energy_loss(predicted, known).item() == pytest.approx(expected)


def test_only_the_quantities_that_are_known_count():
    predicted = torch.tensor([[100.0, 5.0], [90.0, 700.0]])
    loss = losses.bond_energy_loss(predicted, targets([80.0], [90.0]))
    assert loss.item() == pytest.approx(1.975 / 2)


def test_without_bonds_the_loss_is_zero_and_still_has_a_gradient():
    nothing = torch.empty(0, 2, requires_grad=True)
    loss = losses.bond_energy_loss(nothing * 2, BondTargets(None, None, torch.empty(0, 1)))
    loss.backward()
    assert loss.item() == 0


def test_the_cosine_distance_ignores_length():
    a = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    b = torch.tensor([[5.0, 0.0], [0.0, 3.0]])
    assert losses.cosine_distance(a, b).tolist() == pytest.approx([0, 1])


def test_the_switch_loss_is_one_when_balanced_and_grows_when_not():
    even = torch.full((8, 4), 0.25)
    assert losses.switch_balance(even, torch.full((4,), 0.25)).item() == pytest.approx(1)
    one = torch.tensor([[0.97, 0.01, 0.01, 0.01]]).expand(8, 4)
    load = torch.tensor([0.5, 0.5, 0.0, 0.0])
    assert losses.switch_balance(one, load).item() > 1.9


def test_gate_information_rewards_a_sure_gate_that_uses_all_experts():
    sure = torch.eye(4)
    assert losses.gate_information(sure).item() == pytest.approx(-1, abs=1e-5)
    undecided = torch.full((4, 4), 0.25)
    collapsed = torch.tensor([[1.0, 0, 0, 0]]).expand(4, 4)
    for gate in (undecided, collapsed):
        assert losses.gate_information(gate).item() == pytest.approx(0, abs=1e-5)
