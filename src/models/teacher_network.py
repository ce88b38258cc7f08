"""One network of the teacher: graph and fingerprint, to a spectrum and to bond energies."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.examples.features import Batch, Inputs
from ..spectra.prediction import carbon_scale
from ..spectra.spectrum import STANDARD_ENERGY
from .bde import BDEModel, BondEnergyHead
from .encoder import MoleculeEncoder, Pooling
from .fragment_head import FragmentHead, ScoredFragments
from .heads import BidirectionalHead, Prediction
from .ion_spectrum import IonSpectrum
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


class Ions(NamedTuple):
    """Intensities of the ions of ``n`` fragments, each with all its isotopes and labels.

    Attributes:
        share: of each fragment at each hydrogen shift, ``(n, S)``.
        doubly_charged: the same with two charges; ``None`` where the teacher does not know them.
    """

    share: Tensor
    doubly_charged: Tensor | None = None


class TeacherParts(NamedTuple):
    """What predicted spectra are made of.

    Attributes:
        ions: the intensities of the ions in the spectrum; not in training.
        from_ions: what of the spectrum's intensity is that of ions, ``(b, max_mz)``; the rest the
            bin head gives to masses that no ion has.
        bin_share: share of the intensity that the bin head has decided on, ``(b,)``.
        alone: in training, the spectra that the fragment head and the bin head would give alone,
            ``(2, b, max_mz)``.
        bond_energies: energies in kcal/mol of the bonds that the graphs name, as
            ``BondEnergyHead`` gives them; ``None`` where they name none.
    """

    ions: Ions | None
    from_ions: Tensor
    bin_share: Tensor
    alone: Tensor | None
    bond_energies: Tensor | None = None


class TeacherNetwork(nn.Module):
    """Message-passing encoder and fingerprint, to fragments and to bins.

    The two heads err differently: fragments carry over to chemistry that no example has shown, the
    bin head knows from fingerprints what like molecules give. A gate mixes them at each nominal
    mass of an ion's commonest isotopes; what a mass is given is shared among its ions as the
    fragment head says, and each ion has its isotope pattern. So the bin head, too, speaks through
    ions, but where a mass has none. Isotope labels only move masses: all this is of the molecule
    without them, then each ion moves by those that it keeps, and what has no ion by those that are
    likely at its mass.

    Args:
        max_mz: highest nominal mass.
        encoder_width: size of an atom's vector.
        encoder_layers: number of message-passing layers.
        fingerprint_width: size of the fingerprint's vector and of the fused one.
        head_blocks: residual blocks between fusion and bin head.
        head_bottleneck: bottleneck of these blocks.
        fragments: largest number of fragments a molecule.
        fragment_width: size of a fragment's vector.
        fragment_blocks: residual blocks over fragments.
        fragment_dropout: share of units dropped in the encoder and the fragment head.
        dropout: share of units dropped in the fingerprint's part and the bin head.
        drop_edge: share of bonds left out in training.
        doubly_charged: whether it knows ions of two charges.

    Shape:
        a batch of ``b`` molecules with graphs and fragments -> ``Prediction`` of ``(b, max_mz)``,
        its ``extra`` the ``TeacherParts``
    """

    kind = "teacher_network"

    def __init__(
        self,
        *,
        max_mz: int,
        encoder_width: int,
        encoder_layers: int,
        fingerprint_width: int,
        head_blocks: int,
        head_bottleneck: int,
        fragments: int,
        fragment_width: int,
        fragment_blocks: int,
        fragment_dropout: float,
        dropout: float,
        drop_edge: float,
        doubly_charged: bool = False,
    ):
        super().__init__()
        self.max_mz = max_mz
        self.inputs = Inputs(graph=True, fragments=fragments, doubly_charged=doubly_charged)
        self.feature_width = fingerprint_width
        self.encoder = MoleculeEncoder(
            width=encoder_width,
            layers=encoder_layers,
            dropout=fragment_dropout,
            drop_edge=drop_edge,
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
        self.bin_head = BidirectionalHead(fingerprint_width, max_mz)
        self.spectrum = IonSpectrum(max_mz)
        self.fragment_head = FragmentHead(
            atom_width=encoder_width,
            context_width=fingerprint_width,
            width=fragment_width,
            blocks=fragment_blocks,
            dropout=fragment_dropout,
            doubly_charged=doubly_charged,
        )
        self.gate = nn.Linear(fingerprint_width, max_mz)
        self.bond_energy = BondEnergyHead(encoder_width)

    def forward(self, batch: Batch) -> Prediction:
        """Return the predicted spectra."""
        graph = batch.graph
        atoms = self.encoder(graph)
        fused = (
            self.fingerprint(batch)
            + self.graph(self.pooling(atoms, graph))
            + self.energy(batch.energy)
        )
        features = self.trunk(fused)
        mass = batch.nominal_mass - batch.label_mass
        bins = self.bin_head(features, mass, mass)
        strengths = self.bond_energy.of_edges(atoms, graph).detach()
        scored = self.fragment_head(atoms, graph, strengths, fused, batch.fragments)
        gate = torch.sigmoid(self.gate(features).float())
        with torch.autocast(gate.device.type, enabled=False):
            intensity, parts = self._mix(scored, bins, gate, batch)
        if graph.targets is not None:
            parts = parts._replace(bond_energies=self.bond_energy(atoms, graph))
        return Prediction(intensity, features, parts)

    def _mix(
        self, scored: ScoredFragments, bins: Tensor, gate: Tensor, batch: Batch
    ) -> tuple[Tensor, TeacherParts]:
        """Lay the bin head's masses over the fragment head's ions.

        Args:
            scored: the fragment head's.
            bins: the bin head's, ``(b, max_mz)``.
            gate: share of the bin head at each mass, ``(b, max_mz)``.
            batch: the molecules.

        Returns:
            The spectra, and what they are made of, bond energies not among it.
        """
        fragments, spectrum = batch.fragments, self.spectrum
        shares = {1: scored.share, 2: scored.doubly_charged}  # by charge
        shares = {charge: share for charge, share in shares.items() if share is not None}
        from_fragments = sum(spectrum.lightest(s, fragments, z) for z, s in shares.items())
        has_ion = from_fragments > 0
        from_bins = gate * bins
        wanted = (1 - gate) * from_fragments + from_bins
        # In training also what each head would give alone.
        wanted = torch.stack([wanted, from_fragments, bins] if self.training else [wanted])
        if batch.limit_carbon and len(batch.labels):
            rows = batch.labels[:, 0].unique()
            scale = torch.from_numpy(carbon_scale(wanted[:, rows].cpu().numpy()))
            wanted[:, rows] *= scale.to(wanted.device)
        scales = torch.where(has_ion, wanted / from_fragments.where(has_ion, 1.0), 0.0)
        possible, of_commonest = (
            F.pad(masses, (0, self.max_mz))[:, : self.max_mz]
            for masses in (batch.possible, batch.of_commonest)
        )
        from_ions = sum(
            spectrum.spread(spectrum.scaled(share, fragments, scales, charge), fragments, charge)
            for charge, share in shares.items()
        )
        from_ions = from_ions.where(possible, 0.0)
        # At a mass that only rarer isotopes have, the ions of the commonest have given their share.
        without_ion = wanted.where(of_commonest & ~has_ion, 0.0)
        without_ion = _moved_by_labels(without_ion, batch)
        spectra = from_ions + without_ion.where(possible, 0.0)
        total = spectra.sum(2, keepdim=True)
        spectra = spectra / total
        ions = None
        if not self.training:
            ions = Ions(
                *(
                    spectrum.scaled(share, fragments, scales / total, charge).squeeze(2)
                    for charge, share in shares.items()
                )
            )
        parts = TeacherParts(
            ions=ions,
            from_ions=from_ions[0] / total[0],
            bin_share=from_bins.sum(1) / wanted[0].sum(1),
            alone=spectra[1:] if self.training else None,
        )
        return spectra[0], parts

    def start_from(self, pretrained: BDEModel) -> None:
        """Take over the encoder and the bond-energy head of a model of the same size.

        Raises:
            RuntimeError: the sizes differ.
        """
        self.encoder.load_state_dict(pretrained.encoder.state_dict())
        self.bond_energy.load_state_dict(pretrained.bond_energy.state_dict())


def _moved_by_labels(spectra: Tensor, batch: Batch) -> Tensor:
    """Move what has no ion, ``(c, b, max_mz)``, by the labels that its share of the mass holds."""
    if not len(batch.labels):
        return spectra
    mz = torch.arange(1, spectra.shape[2] + 1, device=spectra.device)
    share = mz / (batch.nominal_mass - batch.label_mass)[:, None]
    place = mz - 1 + (share * batch.label_mass[:, None]).round().long()
    place = place.clamp(0, len(mz) - 1).expand_as(spectra)
    return torch.zeros_like(spectra).scatter_add(2, place, spectra)
