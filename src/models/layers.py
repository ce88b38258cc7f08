"""Small layers that teacher and student share."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.features import FINGERPRINT_SIZE, Batch


class FingerprintLayer(nn.Module):
    """A linear layer that reads only the set positions of a fingerprint.

    Equal to ``Linear(FINGERPRINT_SIZE, width)`` on log(1 + value): counts of repeated groups grow
    without bound in a polymer or a long alkane, their logarithm does not.

    Args:
        width: size of the output.

    Shape:
        a batch of ``b`` molecules -> ``(b, width)``
    """

    def __init__(self, width: int):
        super().__init__()
        bound = 1 / 8  # about 1 / sqrt(set positions): a drug-like molecule sets some 60
        self.weight = nn.Parameter(torch.empty(FINGERPRINT_SIZE, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, batch: Batch) -> Tensor:
        """Return the layer's output for the fingerprints of a batch."""
        values = torch.log1p(batch.values).to(self.weight.dtype)
        summed = F.embedding_bag(
            batch.positions, self.weight, batch.offsets, mode="sum", per_sample_weights=values
        )
        return summed + self.bias


class ResidualBlock(nn.Module):
    """x + W2 relu(W1 norm(x)), with a bottleneck and dropout.

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
            nn.LayerNorm(width),
            nn.Linear(width, bottleneck),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(bottleneck, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        return x + self.block(x)
