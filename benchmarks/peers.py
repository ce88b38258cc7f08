"""Peers of the teacher beside NEIMS: the same without fragments, a neighbour, a ceiling.

Shapes: ``b`` molecules of a batch, ``n`` spectra or molecules known, ``max_mz`` nominal masses.
"""

from __future__ import annotations

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor, nn

from nextims.chemistry.molecule import ECFP_BITS, load_canonical
from nextims.config import Config
from nextims.data.examples.features import Batch, Inputs
from nextims.evaluation.metrics import score
from nextims.models.bde import BDEModel, BondEnergyHead
from nextims.models.encoder import MoleculeEncoder, Pooling
from nextims.models.heads import BidirectionalHead, Prediction
from nextims.models.layers import FingerprintLayer, ResidualBlock
from nextims.models.teacher_network import EnergyEmbedding
from nextims.training.runs import split_loader


class PlainTeacher(nn.Module):
    """The teacher without fragments: graph and fingerprint straight into mass bins.

    Args:
        max_mz: highest nominal mass.
        encoder_width: size of an atom's vector.
        encoder_layers: number of message-passing layers.
        fingerprint_width: size of the fingerprint's vector and of the fused one.
        head_blocks: residual blocks between fusion and head.
        head_bottleneck: bottleneck of these blocks.
        dropout: share of units dropped between fusion and head.
        drop_edge: share of bonds left out in training.

    Shape:
        a batch of ``b`` molecules with graphs -> ``Prediction`` of ``(b, max_mz)``; its ``extra``
        holds the energies in kcal/mol of the bonds that the graphs name, ``None`` where they name
        none
    """

    kind = "plain_teacher"
    inputs = Inputs(graph=True)

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
        self.encoder = MoleculeEncoder(
            width=encoder_width, layers=encoder_layers, drop_edge=drop_edge
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
        molecules = self.graph(self.pooling(atoms, batch.graph))
        features = self.trunk(self.fingerprint(batch) + molecules + self.energy(batch.energy))
        intensity = self.head(features, batch.nominal_mass, batch.highest_mz)
        named = batch.graph.targets is not None
        return Prediction(
            intensity, features, self.bond_energy(atoms, batch.graph) if named else None
        )

    def start_from(self, pretrained: BDEModel) -> None:
        """Take over the encoder and the bond-energy head of a model of the same size."""
        self.encoder.load_state_dict(pretrained.encoder.state_dict())
        self.bond_energy.load_state_dict(pretrained.bond_energy.state_dict())


class NearestNeighbour(nn.Module):
    """The measured spectrum of the known molecule that is most like the one asked for.

    Most like: the highest Tanimoto similarity of the ECFP4 bits; of equally similar ones the first.

    Args:
        bits: ECFP4 bits of the known molecules, ``(n, ECFP_BITS)``, 0 or 1.
        spectra: their spectra, ``(n, max_mz)``.

    Shape:
        a batch of ``b`` molecules -> ``Prediction`` of ``(b, max_mz)``; its features are the bits
        of the molecules asked for
    """

    inputs = Inputs()

    def __init__(self, bits: Tensor, spectra: Tensor):
        super().__init__()
        self.bits = nn.Parameter(bits.float(), requires_grad=False)
        self.spectra = nn.Parameter(spectra.float(), requires_grad=False)
        self.max_mz = spectra.shape[1]

    def forward(self, batch: Batch) -> Prediction:
        """Return the spectra of the nearest neighbours."""
        asked = ecfp_bits(batch)
        shared = asked @ self.bits.T  # (b, n)
        either = asked.sum(1, keepdim=True) + self.bits.sum(1) - shared
        return Prediction(self.spectra[(shared / either).argmax(1)], asked)


def ecfp_bits(batch: Batch) -> Tensor:
    """Return the ECFP4 bits of a batch, 0 or 1, ``(b, ECFP_BITS)``."""
    ends = torch.cat([batch.offsets[1:], batch.offsets.new_tensor([len(batch.positions)])])
    molecule = torch.repeat_interleave(torch.arange(len(batch)), ends - batch.offsets)
    is_bit = batch.positions < ECFP_BITS
    bits = torch.zeros(len(batch), ECFP_BITS)
    bits[molecule[is_bit], batch.positions[is_bit]] = 1.0
    return bits


def nearest_neighbour(config: Config) -> NearestNeighbour:
    """Return the predictor that knows the 70 eV spectra of the configured store's training split.

    A molecule's spectrum is the mean of its replicates, each scaled to base peak 1.
    """
    loader = split_loader(config, "train", batch_size=256)
    batches = list(loader)
    molecule = torch.from_numpy(
        molecule_numbers(loader.dataset.store.column("smiles"), torch.cat([b.row for b in batches]))
    )
    replicates = torch.bincount(molecule)
    spectra = torch.zeros(len(replicates), config.data.max_mz)
    spectra.index_add_(0, molecule, torch.cat([batch.spectrum for batch in batches]))
    bits = torch.zeros(len(replicates), ECFP_BITS)
    bits[molecule] = torch.cat([ecfp_bits(batch) for batch in batches])
    return NearestNeighbour(bits, spectra / replicates[:, None])


def molecule_numbers(smiles: list[str], rows) -> np.ndarray:
    """Number the molecules of rows of a store; those that differ in stereo alone are one.

    An isotope-labelled molecule is another than the unlabelled one, as its spectrum is.

    Args:
        smiles: SMILES of the whole store.
        rows: positions in the store, ``(n,)``.

    Returns:
        Shape ``(n,)`` int64, from 0.
    """
    flat = []
    for row in rows:
        mol = load_canonical(smiles[row]).mol
        Chem.RemoveStereochemistry(mol)
        flat.append(Chem.MolToSmiles(mol))
    return np.unique(flat, return_inverse=True)[1]


def mean_of_replicates(
    spectra: np.ndarray, lowest_mz: np.ndarray, molecule: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Score each spectrum against the mean of the other spectra of its molecule.

    What a perfect model could be expected to reach: laboratories do not agree better. Each
    replicate counts in the bins that it has recorded; bins that no other replicate has recorded are
    left out, as those are that the spectrum itself has not.

    Args:
        spectra: measured intensities, base peak 1, ``(n, max_mz)``.
        lowest_mz: lowest recorded m/z of each, ``(n,)``.
        molecule: which molecule each is of, ``(n,)``.

    Returns:
        Which spectra have replicates, ``(r,)``, and each metric of ``metrics.score`` of these,
        ``(r,)``.
    """
    recorded = np.arange(1, spectra.shape[1] + 1) >= lowest_mz[:, None]
    scored, means, lowest = [], [], []
    for number in np.unique(molecule):
        own = np.flatnonzero(molecule == number)
        for i in own if len(own) > 1 else ():
            others = own[own != i]
            counts = recorded[others].sum(0)
            scored.append(i)
            means.append((spectra[others] * recorded[others]).sum(0) / np.maximum(counts, 1))
            lowest.append(max(lowest_mz[i], lowest_mz[others].min()))
    rows = np.array(scored, np.int64)
    means = np.array(means).reshape(-1, spectra.shape[1])
    return rows, score(means, spectra[rows], np.array(lowest, np.int64))
