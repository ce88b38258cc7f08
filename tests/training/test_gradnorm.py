import pytest
import torch
from torch import nn

from nextims.training.gradnorm import GradNorm

SETTINGS = {"alpha": 1.5, "learning_rate": 0.02, "warmup_steps": 0}


def run(scales, steps, **settings):
    """Two regressions that differ only in the scale of their loss, on a shared layer."""
    torch.manual_seed(0)
    shared = nn.Linear(4, 8)
    heads = [nn.Linear(8, 1) for _ in scales]
    balance = GradNorm(["a", "b"], **{**SETTINGS, **settings})
    parameters = [*shared.parameters(), *(p for head in heads for p in head.parameters())]
    optimizer = torch.optim.SGD(parameters, lr=1e-3)
    weights = []
    for _ in range(steps):
        x = torch.randn(32, 4)
        hidden = torch.tanh(shared(x))
        losses = {
            name: scale * (head(hidden).squeeze(1) - x.sum(1)).pow(2).mean()
            for name, scale, head in zip("ab", scales, heads, strict=True)
        }
        total = balance(losses, list(shared.parameters()))
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        weights.append(balance.current())
    return balance, weights


def test_the_larger_loss_gets_the_smaller_weight():
    _, weights = run((1.0, 10.0), 200)
    assert weights[-1]["a"] > 3 * weights[-1]["b"]


def test_weights_sum_to_the_number_of_losses_after_each_step():
    _, weights = run((1.0, 10.0), 50)
    for step in weights:
        assert sum(step.values()) == pytest.approx(2, abs=1e-5)


def test_weights_stay_one_during_the_warm_up():
    _, weights = run((1.0, 10.0), 12, warmup_steps=10)
    assert all(step == {"a": 1.0, "b": 1.0} for step in weights[:10])
    assert weights[-1]["a"] > 1


def test_the_total_is_the_weighted_sum_and_backpropagates_once():
    parameter = nn.Parameter(torch.tensor([2.0]))
    balance = GradNorm(["a", "b"], **{**SETTINGS, "warmup_steps": 5})
    total = balance({"a": parameter.sum(), "b": (3 * parameter).sum()}, [parameter])
    total.backward()
    assert total.item() == pytest.approx(8)
    assert parameter.grad.item() == pytest.approx(4)


def test_a_first_step_moves_as_the_paper_says():
    # Gradient norms 1 and 3, equal training rates: the target is their mean, 2, so weight a must
    # rise and weight b fall, by Adam's first step of the learning rate, then sum to 2.
    parameter = nn.Parameter(torch.tensor([2.0]))
    balance = GradNorm(["a", "b"], **SETTINGS)
    balance({"a": parameter.sum(), "b": (3 * parameter).sum()}, [parameter])
    assert balance.current() == pytest.approx({"a": 1.02, "b": 0.98}, abs=1e-4)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.5])
def test_weights_go_where_gradients_follow_the_training_rates(alpha):
    # Loss a has fallen to a quarter of its start, loss b not at all, so r = (0.25, 1) / 0.625
    # = (0.4, 1.6); both gradients have norm 1: the mean of w·G is 1, the targets are r ** alpha.
    # The weights sum to 2, the targets do not: a comes to rest on its target, b has what is left.
    parameter = nn.Parameter(torch.tensor([2.0]))
    balance = GradNorm(["a", "b"], alpha=alpha, learning_rate=0.005, warmup_steps=1)
    losses = {"a": parameter.sum(), "b": (1.0 * parameter).sum()}
    balance(losses, [parameter])
    balance.initial = torch.tensor([8.0, 2.0])
    for _ in range(1500):
        balance(losses, [parameter])
    ratio = balance.current()["b"] / balance.current()["a"]
    assert ratio == pytest.approx((2 - 0.4**alpha) / 0.4**alpha, rel=0.03)


def test_a_batch_without_one_of_the_tasks_leaves_the_weights():
    parameter = nn.Parameter(torch.tensor([2.0]))
    balance = GradNorm(["a", "b"], **SETTINGS)
    balance({"a": parameter.sum(), "b": 0 * parameter.sum()}, [parameter])
    assert balance.current() == {"a": 1.0, "b": 1.0}


def test_a_single_loss_is_left_as_it_is():
    parameter = nn.Parameter(torch.tensor([2.0]))
    balance = GradNorm(["a"], **SETTINGS)
    assert balance({"a": parameter.sum()}, [parameter]).item() == 2


def test_the_state_carries_over():
    first, _ = run((1.0, 10.0), 20)
    second = GradNorm(["a", "b"], **SETTINGS)
    second.load_training_state(first.training_state())
    assert second.current() == first.current()
    assert torch.equal(second.initial, first.initial)


def test_weights_move_every_so_many_steps():
    _, weights = run((1.0, 10.0), 30, every=10)
    moved = [i + 1 for i in range(1, 30) if weights[i] != weights[i - 1]]
    assert moved == [10, 20, 30]
