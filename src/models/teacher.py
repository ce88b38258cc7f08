"""The teacher: graph network and fingerprint, to a spectrum and to bond energies."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..data.features import STANDARD_ENERGY, Batch
from .bde import BDEModel, BondEnergyHead
from .encoder import MoleculeEncoder, Pooling
from .heads import BidirectionalHead, Prediction
from .layers import FingerprintLayer, ResidualBlock


class EnergyEmbedding(nn.Module):
    """A vector for the ionization energy.

    Below some 30 eV fragmentation falls off steeply, above 70 eV it hardly changes, so the
    logarithm and the energy itself are both given.

    Shape:
        ``(b,)`` in eV -> ``(b, width)``
    """

    def __init__(self, width: int):
        super().__init__()
        self.linear = nn.Linear(2, width)

    def forward(self, energy: Tensor) -> Tensor:
        """Return the embedding."""
        relative = (energy / STANDARD_ENERGY).to(self.linear.weight.dtype)
        return self.linear(torch.stack([relative.log(), relative], dim=1))


class Teacher(nn.Module):
    """Message-passing encoder and fingerprint, fused into a bidirectional spectrum head.

    Args:
        max_mz: highest nominal mass.
        encoder_width: size of an atom's vector.
        encoder_layers: number of message-passing layers.
        fingerprint_width: size of the fingerprint's vector and of the fused one.
        head_blocks: residual blocks between fusion and head.
        head_bottleneck: bottleneck of these blocks.
        dropout: share of units dropped, in training and in ``predict_with_uncertainty``.
        drop_edge: share of bonds left out in training.

    Shape:
        a batch of ``b`` molecules with graphs -> ``Prediction`` of ``(b, max_mz)``; its ``extra``
        holds the energies in kcal/mol of the bonds that the graphs name, as ``BondEnergyHead``
        gives them, or ``None`` where they name none.
    """

    kind = "teacher"
    needs_graph = True

    def __init__(
        self,
        *,
        max_mz: int,
        encoder_width: int,
        encoder_layers: int,
        fingerprint_width: int,
        head_blocks: int,
        head_bottleneck: int,
        dropout: float,
        drop_edge: float,
    ):
        super().__init__()
        self.max_mz = max_mz
        self.feature_width = fingerprint_width
        self.encoder = MoleculeEncoder(
            width=encoder_width, layers=encoder_layers, dropout=dropout, drop_edge=drop_edge
        )
        self.fingerprint = FingerprintLayer(fingerprint_width)
        self.pooling = Pooling(encoder_width)
        self.graph = nn.Linear(3 * encoder_width, fingerprint_width)
        self.energy = EnergyEmbedding(fingerprint_width)
        self.trunk = nn.Sequential(
            *(
                ResidualBlock(fingerprint_width, head_bottleneck, dropout)
                for _ in range(head_blocks)
            ),
            nn.BatchNorm1d(fingerprint_width),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.head = BidirectionalHead(fingerprint_width, max_mz)
        self.bond_energy = BondEnergyHead(encoder_width)

    def forward(self, batch: Batch) -> Prediction:
        """Return the predicted spectra."""
        atoms = self.encoder(batch.graph)
        molecules = self.pooling(atoms, batch.graph)
        fused = self.fingerprint(batch) + self.graph(molecules) + self.energy(batch.energy)
        features = self.trunk(fused)
        intensity = self.head(features, batch.nominal_mass, batch.highest_mz)
        named = batch.graph.targets is not None
        return Prediction(
            intensity, features, self.bond_energy(atoms, batch.graph) if named else None
        )

    def start_from(self, pretrained: BDEModel) -> None:
        """Take over the encoder and the bond-energy head of a model of the same size.

        Raises:
            RuntimeError: the sizes differ.
        """
        self.encoder.load_state_dict(pretrained.encoder.state_dict())
        self.bond_energy.load_state_dict(pretrained.bond_energy.state_dict())

    @torch.no_grad()
    def predict_with_uncertainty(self, batch: Batch, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """Predict with dropout left on (MC Dropout; Gal and Ghahramani, ICML 2016).

        Args:
            batch: ``b`` molecules.
            n: number of passes, 2 or more.

        Returns:
            Mean and standard deviation of the intensities, ``(b, max_mz)`` each, and the mean of
            the features, ``(b, feature_width)``. The mean sums to 1.

        Raises:
            ValueError: fewer than two passes.
        """
        if n < 2:
            raise ValueError(f"a standard deviation needs 2 passes or more, found {n}")
        was_training = self.training
        self.eval()
        for module in self.modules():
            if isinstance(module, nn.Dropout):
                module.train()
        try:
            passes = [self(batch) for _ in range(n)]
        finally:
            self.train(was_training)
        deviation, mean = torch.std_mean(torch.stack([p.intensity for p in passes]), dim=0)
        return mean, deviation, torch.stack([p.features for p in passes]).mean(0)
