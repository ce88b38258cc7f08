"""Small layers that teacher and student share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.examples.features import FINGERPRINT_SIZE, Batch


def accept_fewer_elements(module: nn.Module, name: str, missing: int) -> None:
    """Let weights be loaded that were trained before the rare elements were read.

    What a layer reads of these stands in its last columns; such weights have none, and get zeros.

    Args:
        module: the module.
        name: its parameter or buffer of one column for each input.
        missing: columns of the rare elements.

    Example:
        >>> import torch
        >>> from nextims.models.layers import accept_fewer_elements
        >>> layer = torch.nn.Linear(4, 1, bias=False)
        >>> accept_fewer_elements(layer, "weight", missing=2)
        >>> layer.load_state_dict({"weight": torch.ones(1, 2)})
        <All keys matched successfully>
        >>> layer.weight.tolist()
        [[1.0, 1.0, 0.0, 0.0]]
    """

    def fill(module: nn.Module, state: dict[str, Tensor], prefix: str, *_) -> None:
        columns, found = getattr(module, name).shape[-1], state.get(prefix + name)
        if found is not None and found.shape[-1] == columns - missing:
            state[prefix + name] = F.pad(found, (0, missing))

    module.register_load_state_dict_pre_hook(fill)


class FingerprintLayer(nn.Module):
    """A linear layer that reads only the set positions of a fingerprint.

    Equal to ``Linear(FINGERPRINT_SIZE, width)`` on log(1 + value): counts of repeated groups grow
    without bound in a polymer or a long alkane, their logarithm does not.

    Shape:
        a batch of ``b`` molecules -> ``(b, width)``
    """

    def __init__(self, width: int):
        super().__init__()
        # About 1 / sqrt(set positions): a drug-like molecule sets some 60 to 100.
        self.weight = nn.Parameter(torch.randn(FINGERPRINT_SIZE, width) * 0.1)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, batch: Batch) -> Tensor:
        """Return the layer's output for the fingerprints of a batch."""
        values = torch.log1p(batch.values).to(self.weight.dtype)
        summed = F.embedding_bag(
            batch.positions, self.weight, batch.offsets, mode="sum", per_sample_weights=values
        )
        return summed + self.bias


class ResidualBlock(nn.Module):
    """A pre-norm residual block: x + W2 drop(relu(norm(W1 relu(norm(x))))).

    Batch norm, as in NEIMS: with some thousand molecules to learn from, layer norm in its place did
    worse (``benchmarks/HISTORY.md``).

    Args:
        width: size of input and output.
        bottleneck: size between the two linear layers.
        dropout: share of the bottleneck's units dropped.

    Shape:
        ``(b, width)`` -> ``(b, width)``
    """

    def __init__(self, width: int, bottleneck: int, dropout: float):
        super().__init__()
        self.block = nn.Sequential(
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, bottleneck),
            nn.BatchNorm1d(bottleneck),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(bottleneck, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        return x + self.block(x)
