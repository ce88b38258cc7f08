import pytest
import torch

from nextims.models.heads import BidirectionalHead


@pytest.fixture
def head():
    torch.manual_seed(0)
    return BidirectionalHead(8, 100)


def test_intensities_are_a_distribution_below_the_isotope_pattern(head):
    x = torch.randn(3, 8)
    highest = torch.tensor([48, 80, 100])
    out = head(x, torch.tensor([46, 78, 99]), highest)
    assert out.shape == (3, 100)
    assert (out >= 0).all()
    assert out.sum(1).tolist() == pytest.approx([1, 1, 1])
    for row, top in zip(out, highest.tolist(), strict=True):
        assert row[top:].sum() == 0  # column i is m/z i + 1
        assert row[top - 1] > 0


def test_nothing_lighter_than_carbon_but_from_hydrogen_itself(head):
    out = head(torch.randn(2, 8), torch.tensor([78, 2]), torch.tensor([79, 4]))
    assert out[0, :11].sum() == 0
    assert out[0, 11] > 0
    assert torch.nonzero(out[1]).flatten().tolist() == [1, 2, 3]  # hydrogen, m/z 2 to 4
    assert out[1].sum().item() == pytest.approx(1)


def test_the_reverse_part_writes_at_the_mass_lost(head):
    with torch.no_grad():
        for part in (head.forward_part, head.reverse_part, head.gate):
            part.weight.zero_()
            part.bias.zero_()
        head.forward_part.bias.fill_(-30.0)
        head.reverse_part.bias.fill_(-30.0)
        head.gate.bias.fill_(-30.0)  # reverse only
        head.reverse_part.bias[head.ABOVE_MOLECULAR_ION + 15] = 30.0  # loss of a methyl
    out = head(torch.zeros(2, 8), torch.tensor([46, 78]), torch.tensor([48, 80]))
    assert out.argmax(1).add(1).tolist() == [31, 63]


def test_masses_that_no_loss_bin_reaches_come_from_the_forward_part(head):
    with torch.no_grad():
        head.gate.weight.zero_()
        head.gate.bias.fill_(-30.0)  # reverse only, where it reaches
        head.forward_part.weight.zero_()
        head.forward_part.bias.fill_(-30.0)
        head.forward_part.bias[11] = 30.0  # m/z 12
    # The reverse part has 100 bins, from M + 24 = 124 down to 25.
    out = head(torch.zeros(1, 8), torch.tensor([100]), torch.tensor([100]))
    assert out.argmax(1).item() == 11
