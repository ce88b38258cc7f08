"""The message-passing encoder of molecular graphs, shared by the BDE model and the teacher.

Shapes: ``a`` atoms and ``e`` directed edges of ``b`` molecules.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch_geometric.nn import GINEConv
from torch_geometric.nn.aggr import AttentionalAggregation, MaxAggregation, MeanAggregation

from ..chemistry.graph import ATOM_FEATURES, BOND_FEATURES
from ..chemistry.molecule import RARE_ELEMENTS
from ..data.examples.graph_batch import GraphBatch
from .layers import accept_fewer_elements

# On a GPU the maximum over atoms would be faster with a package that most users cannot install: it
# is compiled for one version of PyTorch and CUDA.
warnings.filterwarnings("ignore", message=".*torch-scatter.*")


class MoleculeEncoder(nn.Module):
    """Residual GINE layers over atoms.

    GINE: Hu et al., ICLR 2020 (arXiv:1905.12265). DropEdge leaves out bonds at random in training
    (Rong et al., ICLR 2020, arXiv:1907.10903).

    Args:
        width: size of an atom's vector.
        layers: number of message-passing layers.
        dropout: share of units dropped in each layer.
        drop_edge: share of bonds left out in training, both directions together.

    Shape:
        a batch of graphs -> ``(a, width)``
    """

    def __init__(self, *, width: int, layers: int, dropout: float = 0.0, drop_edge: float = 0.0):
        super().__init__()
        self.drop_edge = drop_edge
        self.embed = nn.Linear(ATOM_FEATURES, width)
        accept_fewer_elements(self.embed, "weight", len(RARE_ELEMENTS))
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

    def forward(self, graph: GraphBatch) -> Tensor:
        """Return the vectors of atoms."""
        atoms = self.embed(graph.atoms.to(self.embed.weight.dtype))
        edges, bonds = self._keep_edges(graph.edges, graph.bonds.to(self.embed.weight.dtype))
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            atoms = atoms + self.dropout(convolution(norm(atoms), edges, bonds))
        return self.last_norm(atoms)

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the weights of the last layer that every task of the encoder passes through."""
        return list(self.convolutions[-1].nn[-1].parameters())

    def _keep_edges(self, edges: Tensor, bonds: Tensor) -> tuple[Tensor, Tensor]:
        if not self.training or self.drop_edge == 0:
            return edges, bonds
        kept = torch.rand(edges.shape[1] // 2, device=edges.device) >= self.drop_edge
        kept = kept.repeat_interleave(2)  # columns 2k and 2k + 1 are one bond
        return edges[:, kept], bonds[kept]


class Pooling(nn.Module):
    """Mean, maximum and attention over the atoms of each molecule.

    Shape:
        atoms ``(a, width)`` of a batch of graphs -> ``(b, 3 * width)``
    """

    def __init__(self, width: int):
        super().__init__()
        attention = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
        self.parts = nn.ModuleList(
            [MeanAggregation(), MaxAggregation(), AttentionalAggregation(attention)]
        )

    def forward(self, atoms: Tensor, graph: GraphBatch) -> Tensor:
        """Return the vectors of molecules."""
        size = len(graph)
        return torch.cat(
            [part(atoms, graph.atom_molecule, dim_size=size) for part in self.parts], dim=1
        )
