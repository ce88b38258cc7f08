import pytest
import torch

from builders import build_student
from nextims.chemistry.molecule import read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.models.student import Gate

SIZES = {"max_mz": 200, "width": 32, "experts": 4}


@pytest.fixture
def student():
    torch.manual_seed(0)
    return build_student(**SIZES)


def batch_of(*smiles):
    return collate([featurize(read_molecule(s), Inputs(pieces=20)) for s in smiles])


def test_no_peak_lies_above_the_molecular_ions_isotopes(student):
    batch = batch_of("CCO", "c1ccccc1", "CCCCCCCCBr")
    intensity = student(batch).intensity
    for row, highest in zip(intensity, batch.highest_mz.tolist(), strict=True):
        assert row[highest:].sum() == 0
        assert row.sum().item() == pytest.approx(1, abs=1e-5)


def test_a_molecules_spectrum_does_not_depend_on_its_batch(student):
    alone = student(batch_of("c1ccccc1C")).intensity
    among = student(batch_of("CCO", "c1ccccc1C", "C")).intensity[1]
    assert torch.allclose(alone[0], among, atol=1e-6)


def test_each_molecule_goes_to_two_different_experts(student):
    routing = student(batch_of("CCO", "c1ccccc1", "CC(=O)O")).extra
    assert routing.chosen.shape == (3, 2)
    assert (routing.chosen[:, 0] != routing.chosen[:, 1]).all()
    assert routing.load().sum().item() == pytest.approx(1)


def test_the_mixture_is_the_weighted_sum_of_the_chosen_experts(student):
    x = torch.randn(5, 32)
    weights, routing = student.gate(x)
    everyone = torch.stack([expert(x) for expert in student.experts], 1)  # (b, experts, width)
    chosen = everyone.gather(1, routing.chosen[..., None].expand(-1, -1, 32))
    expected = (weights[..., None] * chosen).sum(1)
    assert torch.allclose(student._mix(x, weights, routing.chosen), expected, atol=1e-5)


def test_training_mixes_the_chosen_experts_too():
    torch.manual_seed(0)
    student = build_student(**SIZES, dropout=0.0).train()
    x = torch.randn(6, 32)
    weights, routing = student.gate(x)
    everyone = torch.stack([expert(x) for expert in student.experts], 1)
    chosen = everyone.gather(1, routing.chosen[..., None].expand(-1, -1, 32))
    expected = (weights[..., None] * chosen).sum(1)
    assert torch.allclose(student._mix(x, weights, routing.chosen), expected, atol=1e-5)


def test_the_gates_bias_moves_the_choice_but_not_the_weights():
    torch.manual_seed(0)
    gate = Gate(8, experts=4, active=2)
    x = torch.randn(64, 8)
    _, before = gate(x)
    starved = before.load().argmin().item()
    for _ in range(300):
        gate.update_bias(gate(x)[1].load(), 0.01)
    weights, after = gate(x)
    assert after.load()[starved] > before.load()[starved]
    assert torch.equal(after.probabilities, before.probabilities)
    assert weights.sum(1).tolist() == pytest.approx([1] * 64)
    assert after.load().min() > 0.2  # nearly a fair share of 0.25


def test_more_active_experts_than_there_are_is_refused():
    with pytest.raises(ValueError, match="5 of 4"):
        Gate(8, experts=4, active=5)
