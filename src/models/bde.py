"""The model of bond dissociation energies: what ALFABET does, on the heavy-atom graph.

Shapes: ``a`` atoms; ``p`` bonds between heavy atoms and ``h`` bonds to hydrogen.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..chemistry.graph import BOND_FEATURES
from ..data.bde.dft_table import QUANTITIES
from ..data.examples.graph_batch import GraphBatch
from .encoder import MoleculeEncoder


class BondEnergyHead(nn.Module):
    """Bond dissociation energies from the vectors of atoms.

    Bonds between heavy atoms are read from both ends, the same whichever end comes first; bonds to
    hydrogen from the heavy atom that bears it.

    Shape:
        atoms ``(a, width)`` of a batch of graphs that names the bonds -> ``(p + h, 2)``: BDE and
        BDFE in kcal/mol at 298 K, in the order of ``BondTargets.energies``
    """

    def __init__(self, width: int):
        super().__init__()
        quantities = len(QUANTITIES)
        self.bond = nn.Sequential(
            nn.Linear(2 * width + BOND_FEATURES, width), nn.ReLU(), nn.Linear(width, quantities)
        )
        self.hydrogen = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, quantities)
        )
        # BDE and BDFE in ALFABET's DFT set: 94 and 84, give or take 12 kcal/mol.
        self.register_buffer("mean", torch.tensor([94.0, 84.0]))
        self.register_buffer("scale", torch.tensor([12.0, 12.0]))

    def forward(self, atoms: Tensor, graph: GraphBatch) -> Tensor:
        """Return the energies of the bonds that ``graph.targets`` names."""
        bond = self._between_heavy_atoms(atoms, graph, 2 * graph.targets.bonds)
        hydrogen = self.hydrogen(atoms[graph.targets.hydrogens])
        # bfloat16 near 90 kcal/mol knows steps of half a kcal/mol only.
        return self.mean + self.scale * torch.cat([bond, hydrogen]).float()

    def of_edges(self, atoms: Tensor, graph: GraphBatch) -> Tensor:
        """Return the BDE of the bond under each directed edge, ``(e,)``, kcal/mol.

        DFT energies of bonds in rings are in no table: for these it is an extrapolation.
        """
        edges = torch.arange(0, graph.edges.shape[1], 2, device=atoms.device)
        bond = self._between_heavy_atoms(atoms, graph, edges)
        energies = self.mean + self.scale * bond.float()
        return energies[:, 0].repeat_interleave(2)

    def _between_heavy_atoms(self, atoms: Tensor, graph: GraphBatch, edges: Tensor) -> Tensor:
        begin, end = atoms[graph.edges[0, edges]], atoms[graph.edges[1, edges]]
        features = graph.bonds[edges].to(atoms.dtype)
        return self.bond(torch.cat([begin + end, (begin - end).abs(), features], dim=1))


class BDEModel(nn.Module):
    """Encoder and bond-energy head.

    Shape:
        a batch of graphs that names the bonds -> ``(p + h, 2)``, kcal/mol, see ``BondEnergyHead``

    Example:
        >>> import torch
        >>> from rdkit import Chem
        >>> from nextims.data.examples.graph_batch import BondTargets, collate_graphs
        >>> from nextims.chemistry.graph import build_graph
        >>> from nextims.models.bde import BDEModel
        >>> batch = collate_graphs([build_graph(Chem.MolFromSmiles("CCO"))])
        >>> batch.targets = BondTargets(bonds=torch.tensor([0, 1]), hydrogens=torch.tensor([2]))
        >>> BDEModel(encoder_width=16, encoder_layers=2)(batch).shape
        torch.Size([3, 2])
    """

    kind = "bde"

    def __init__(self, *, encoder_width: int, encoder_layers: int):
        super().__init__()
        self.encoder = MoleculeEncoder(width=encoder_width, layers=encoder_layers)
        self.bond_energy = BondEnergyHead(encoder_width)

    def forward(self, graph: GraphBatch) -> Tensor:
        """Return the energies of the bonds that the batch names."""
        return self.bond_energy(self.encoder(graph), graph)
