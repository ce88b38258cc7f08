"""The message-passing encoder of molecular graphs."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn import GINEConv
from torch_geometric.nn.aggr import AttentionalAggregation, MaxAggregation, MeanAggregation

from ..data.features import ATOM_FEATURES, BOND_FEATURES, Batch


class MoleculeEncoder(nn.Module):
    """Residual GINE layers over atoms, then three poolings of them.

    GINE: Hu et al., ICLR 2020 (arXiv:1905.12265). DropEdge leaves out bonds at random in training
    (Rong et al., ICLR 2020, arXiv:1907.10903).

    Args:
        width: size of an atom's vector.
        layers: number of message-passing layers.
        dropout: share of units dropped in each layer.
        drop_edge: share of bonds left out in training, both directions together.

    Shape:
        a batch of ``b`` molecules with ``a`` atoms -> atoms ``(a, width)``, molecules
        ``(b, 3 * width)``
    """

    def __init__(self, *, width: int, layers: int, dropout: float, drop_edge: float):
        super().__init__()
        self.drop_edge = drop_edge
        self.embed = nn.Linear(ATOM_FEATURES, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.convolutions = nn.ModuleList(
            GINEConv(
                nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)),
                edge_dim=BOND_FEATURES,
            )
            for _ in range(layers)
        )
        self.dropout = nn.Dropout(dropout)
        self.last_norm = nn.LayerNorm(width)
        attention = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
        self.poolings = nn.ModuleList(
            [MeanAggregation(), MaxAggregation(), AttentionalAggregation(attention)]
        )

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the vectors of atoms and of molecules."""
        atoms = self.embed(batch.atoms.to(self.embed.weight.dtype))
        edges, bonds = self._keep_edges(batch.edges, batch.bonds.to(atoms.dtype))
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            atoms = atoms + self.dropout(convolution(norm(atoms), edges, bonds))
        atoms = self.last_norm(atoms)
        pooled = [
            pooling(atoms, batch.atom_molecule, dim_size=len(batch)) for pooling in self.poolings
        ]
        return atoms, torch.cat(pooled, dim=1)

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the weights of the last layer that every task of the encoder passes through."""
        return list(self.convolutions[-1].nn[-1].parameters())

    def _keep_edges(self, edges: Tensor, bonds: Tensor) -> tuple[Tensor, Tensor]:
        if not self.training or self.drop_edge == 0:
            return edges, bonds
        kept = torch.rand(edges.shape[1] // 2, device=edges.device) >= self.drop_edge
        kept = kept.repeat_interleave(2)  # columns 2k and 2k + 1 are one bond
        return edges[:, kept], bonds[kept]
