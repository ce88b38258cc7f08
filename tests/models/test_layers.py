import pytest
import torch

from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.data.examples.features import FINGERPRINT_SIZE, collate, featurize
from nextims.models.formula_features import FormulaLayer
from nextims.models.layers import FingerprintLayer, ResidualBlock


def test_the_sparse_layer_equals_a_dense_one():
    torch.manual_seed(0)
    layer = FingerprintLayer(5)
    batch = collate([featurize(read_molecule(s)) for s in ("CCO", "c1ccccc1C")])
    dense = torch.zeros(2, FINGERPRINT_SIZE)
    ends = [*batch.offsets.tolist()[1:], len(batch.positions)]
    for row, (start, end) in enumerate(zip(batch.offsets.tolist(), ends, strict=True)):
        dense[row, batch.positions[start:end]] = torch.log1p(batch.values[start:end])
    expected = dense @ layer.weight + layer.bias
    assert torch.allclose(layer(batch), expected, atol=1e-5)


def test_a_residual_block_starts_near_the_identity_and_keeps_the_shape():
    torch.manual_seed(0)
    block = ResidualBlock(16, 8, dropout=0.0)
    x = torch.randn(4, 16) * 100
    out = block(x)
    assert out.shape == x.shape
    assert (out - x).abs().max() < 5  # the branch sees normalised input, whatever its size


def test_weights_from_before_the_rare_elements_give_what_they_gave():
    torch.manual_seed(0)
    layer = FormulaLayer(8)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    before["linear.weight"] = before["linear.weight"][:, :244]  # as of twelve elements
    later = FormulaLayer(8)
    later.load_state_dict(before)
    assert later.linear.weight[:, 244:].abs().sum() == 0
    toluene = torch.tensor([{"C": 7, "H": 8}.get(element, 0) for element in ELEMENTS])[None]
    selenide = torch.tensor([{"C": 2, "H": 6, "Se": 1}.get(e, 0) for e in ELEMENTS])[None]
    assert later(toluene).isfinite().all()
    assert not torch.equal(layer(selenide), layer(selenide - (selenide == 1).long()))
    with pytest.raises(RuntimeError, match="size mismatch"):
        later.load_state_dict({**before, "linear.weight": before["linear.weight"][:, :200]})
