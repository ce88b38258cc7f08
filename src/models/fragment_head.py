"""The fragment head: a spectrum as the sum of the ions that a molecule can fall into.

Shapes: ``b`` molecules, ``a`` atoms, ``e`` directed edges, ``n`` fragments of all molecules, of up
to ``A`` atoms, ``E`` edges and ``F`` fragments a molecule; ``S`` hydrogen shifts.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch_geometric.utils import softmax

from ..data.fragment_batch import LABELLED_SHIFTS, LOWEST_SHIFT, SHIFTS, FragmentBatch
from ..data.graph import BOND_FEATURES, GraphBatch
from ..data.molecule import ELEMENTS
from ..data.spectrum import BIN_OFFSET
from .isotopes import IsotopeEnvelope

_LARGEST_DEPTH = 3
_MOST_CUTS = 6
# Counts of elements and hydrogens of the ion and of the loss; depth and number of cut bonds, one
# position each; atoms of the ion and of the loss.
_FORMULA_FEATURES = 2 * (len(ELEMENTS) + 1) + (_LARGEST_DEPTH + 1) + (_MOST_CUTS + 1) + 2


class Ions(NamedTuple):
    """What the fragment head gives for ``b`` molecules of ``n`` fragments.

    Attributes:
        intensity: spectra, ``(b, max_mz)``; sum 1, less what lies beyond ``max_mz``.
        share: share of each fragment at each hydrogen shift in its molecule's ions,
            ``(n, S)``; the sum over a molecule is 1.
        features: the fragments' vectors, ``(n, width)``.
    """

    intensity: Tensor
    share: Tensor
    features: Tensor


class MoleculeDropout(nn.Module):
    """Dropout that drops the same units for all fragments of a molecule.

    In MC Dropout each pass is then one network for the whole molecule; and a random number a
    molecule and unit costs a hundredth of one a fragment and unit.

    Args:
        rate: share of units dropped.

    Shape:
        fragments ``(n, width)`` and their molecules ``(n,)`` of ``b`` -> ``(n, width)``
    """

    def __init__(self, rate: float):
        super().__init__()
        self.dropout = nn.Dropout(rate)

    def forward(self, x: Tensor, molecule: Tensor, molecules: int) -> Tensor:
        """Return what is left."""
        if not self.dropout.training or self.dropout.p == 0:
            return x
        return x * self.dropout(x.new_ones(molecules, x.shape[1])).index_select(0, molecule)


class FragmentBlock(nn.Module):
    """A residual block over fragments that also sees the molecule's most intense ones.

    Each fragment gets the mean of all fragments of its molecule, weighted by a softmax: as much as
    attention with one query a molecule, whose cost grows with the fragments and not their square.

    Args:
        width: size of a fragment's vector.
        dropout: share of the inner units dropped.

    Shape:
        ``(n, width)`` -> ``(n, width)``
    """

    HEADS = 4

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = nn.Linear(width, self.HEADS)
        self.context = nn.Linear(width, 2 * width)
        self.inner = nn.Linear(width, 2 * width)
        self.outer = nn.Linear(2 * width, width)
        self.dropout = MoleculeDropout(dropout)

    def forward(self, x: Tensor, molecule: Tensor, molecules: int) -> Tensor:
        """Return the block's output."""
        normed = self.norm(x)
        weights = softmax(self.attention(normed).float(), molecule, num_nodes=molecules)
        parts = normed.unflatten(1, (self.HEADS, -1)) * weights[:, :, None].to(normed.dtype)
        pooled = parts.new_zeros(molecules, normed.shape[1])
        pooled = pooled.index_add(0, molecule, parts.flatten(1))
        inner = F.relu(self.inner(normed) + self.context(pooled).index_select(0, molecule))
        return x + self.outer(self.dropout(inner, molecule, molecules))


class FragmentHead(nn.Module):
    """Scores each fragment at each hydrogen shift and adds its isotope envelope into the bins.

    A fragment is described by its atoms' vectors, by the bonds that were cut and what they hold
    (their predicted dissociation energy), by its formula and that of the neutral loss, and by the
    molecule as a whole. The scores are normalised over the molecule.

    Args:
        max_mz: highest nominal mass.
        atom_width: size of an atom's vector.
        context_width: size of the molecule's vector.
        width: size of a fragment's vector.
        blocks: number of residual blocks.
        dropout: share of units dropped.

    Shape:
        atoms ``(a, atom_width)`` of a batch of graphs, bond energies of its edges ``(e,)`` in
        kcal/mol, context ``(b, context_width)``, fragments -> ``Ions``
    """

    def __init__(
        self,
        *,
        max_mz: int,
        atom_width: int,
        context_width: int,
        width: int,
        blocks: int,
        dropout: float,
    ):
        super().__init__()
        self.max_mz = max_mz
        self.atom = nn.Linear(atom_width, width)
        self.cut_kept = nn.Linear(atom_width, width)
        self.cut_lost = nn.Linear(atom_width, width)
        self.cut_bond = nn.Linear(BOND_FEATURES + 1, width)
        self.held = nn.Linear(width, width)
        self.mean_held = nn.Linear(width, width)
        self.cut = nn.Linear(width, width)
        self.formula = nn.Sequential(
            nn.Linear(_FORMULA_FEATURES, width), nn.ReLU(), nn.Linear(width, width)
        )
        self.context = nn.Linear(context_width, width)
        self.dropout = MoleculeDropout(dropout)
        self.blocks = nn.ModuleList(FragmentBlock(width, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.score = nn.Linear(width, len(SHIFTS))
        self.isotopes = IsotopeEnvelope()

    def forward(
        self,
        atoms: Tensor,
        graph: GraphBatch,
        bond_energies: Tensor,
        context: Tensor,
        fragments: FragmentBatch,
    ) -> Ions:
        """Return the ions of each molecule and their spectrum."""
        molecule, molecules = fragments.molecule, len(fragments)
        x = self._describe(atoms, graph, bond_energies, fragments)
        x = x + self.context(context).index_select(0, molecule)
        x = self.dropout(x, molecule, molecules)
        for block in self.blocks:
            x = block(x, molecule, molecules)
        x = self.norm(x)
        scores = self.score(x).float()
        scores = scores.masked_fill(~possible_shifts(fragments), -torch.inf)
        # Over all fragments and shifts of a molecule at once.
        total = softmax(scores.logsumexp(1, keepdim=True), molecule, num_nodes=molecules)
        share = total * scores.softmax(1)
        return Ions(self.spread(share, fragments), share, x)

    def _describe(
        self, atoms: Tensor, graph: GraphBatch, bond_energies: Tensor, fragments: FragmentBatch
    ) -> Tensor:
        """Return the fragments' vectors before they have seen the molecule, ``(n, width)``."""
        holds = fragments.atoms  # (b, A, F)
        own = F.relu(self.atom(atoms))
        # Standardised as the energies are distributed: 90, give or take 20 kcal/mol.
        bonds = torch.cat(
            [graph.bonds.to(atoms.dtype), (bond_energies[:, None].to(atoms.dtype) - 90) / 20], 1
        )
        begin, end = graph.edges
        edges = F.relu(
            self.cut_kept(atoms)[begin] + self.cut_lost(atoms)[end] + self.cut_bond(bonds)
        )
        flat = holds.flatten(0, 1)  # (b * A, F)
        cut = (flat[fragments.begin] & ~flat[fragments.end]).unflatten(0, (len(holds), -1))
        sums = _sum_over(holds, own, fragments.atom_slot, fragments.slot)
        size = holds.sum(1).flatten()[fragments.slot]
        cuts = cut.sum(1).flatten()[fragments.slot]
        return (
            self.held(sums / 8)
            + self.mean_held(sums / size[:, None].to(sums.dtype))
            + self.cut(_sum_over(cut, edges, fragments.edge_slot, fragments.slot))
            + self.formula(_formula_features(fragments, size, cuts, graph).to(sums.dtype))
        )

    @torch.autocast("cpu", enabled=False)
    @torch.autocast("cuda", enabled=False)
    def spread(self, share: Tensor, fragments: FragmentBatch) -> Tensor:
        """Return spectra from the shares of the ions.

        Args:
            share: intensity of each fragment at each hydrogen shift, ``(n, S)``.
            fragments: the fragments.

        Returns:
            Shape ``(b, max_mz)``.
        """
        envelope = self.isotopes(fragments.elements)  # (n, K)
        nominal = nominal_mass(fragments.mass)
        spectra = share.new_zeros(len(fragments) * self.max_mz)
        for rows, first_shift, weights in _mass_shifts(share, fragments):
            spread = _convolve(weights, envelope[rows])  # (rows, T)
            shift = torch.arange(spread.shape[1], device=share.device)
            mz = nominal[rows, None] + first_shift + IsotopeEnvelope.LOWEST + shift
            outside = (mz < 1) | (mz > self.max_mz)
            bins = fragments.molecule[rows, None] * self.max_mz + mz.clamp(1, self.max_mz) - 1
            spectra = spectra.index_add(
                0, bins.flatten(), spread.masked_fill(outside, 0.0).flatten()
            )
        return spectra.unflatten(0, (-1, self.max_mz))


def nominal_mass(mass: Tensor) -> Tensor:
    """Return the bins of exact masses, floor(m + 0.4), as measured spectra are binned."""
    return (mass + BIN_OFFSET).floor().long()


def possible_shifts(fragments: FragmentBatch) -> Tensor:
    """Return which hydrogen shifts a fragment has the hydrogens for, ``(n, S)`` bool.

    A fragment cannot lose more hydrogens than it has, nor take up more than the neutral loss has:
    the molecular ion takes up none.
    """
    shifts = torch.arange(len(SHIFTS), device=fragments.hydrogens.device) + LOWEST_SHIFT
    return (shifts >= -fragments.hydrogens[:, None]) & (shifts <= fragments.lost_hydrogens[:, None])


def _mass_shifts(share: Tensor, fragments: FragmentBatch):
    """Yield fragments, the first mass shift and the shares by mass shift.

    One part for the fragments without deuterium, whose masses shift as their hydrogens do, and one
    for those of molecules with deuterium.
    """
    if not len(fragments.labelled):
        yield slice(None), SHIFTS[0], share
        return
    plain = torch.ones_like(fragments.molecule, dtype=torch.bool)
    plain[fragments.labelled] = False
    yield plain, SHIFTS[0], share[plain]
    weights = torch.einsum("ns,nst->nt", share[fragments.labelled], fragments.exchange)
    yield fragments.labelled, LABELLED_SHIFTS[0], weights


def _sum_over(holds: Tensor, values: Tensor, value_slot: Tensor, slot: Tensor) -> Tensor:
    """Sum the vectors that each fragment holds.

    Args:
        holds: ``(b, X, F)`` bool.
        values: ``(x, width)``, ragged.
        value_slot: places of the values among the ``b * X``.
        slot: places of the fragments among the ``b * F``.

    Returns:
        Shape ``(n, width)``.
    """
    padded = values.new_zeros(holds.shape[0] * holds.shape[1], values.shape[1])
    padded = padded.index_copy(0, value_slot, values).unflatten(0, holds.shape[:2])
    return torch.bmm(holds.to(values.dtype).transpose(1, 2), padded).flatten(0, 1)[slot]


def _formula_features(
    fragments: FragmentBatch, size: Tensor, cuts: Tensor, graph: GraphBatch
) -> Tensor:
    atoms = torch.bincount(graph.atom_molecule, minlength=len(fragments))[fragments.molecule]
    counts = torch.cat(
        [
            fragments.elements,
            fragments.hydrogens[:, None],
            fragments.lost_elements,
            fragments.lost_hydrogens[:, None],
            size[:, None],
            (atoms - size)[:, None],
        ],
        dim=1,
    )
    depth = F.one_hot(fragments.depth.long().clamp(max=_LARGEST_DEPTH), _LARGEST_DEPTH + 1)
    number = F.one_hot(cuts.clamp(max=_MOST_CUTS), _MOST_CUTS + 1)
    return torch.cat([counts.float().log1p(), depth.float(), number.float()], dim=1)


def _convolve(weights: Tensor, envelope: Tensor) -> Tensor:
    """Convolve ``(n, s)`` with ``(n, k)`` row by row, to ``(n, s + k - 1)``."""
    width = weights.shape[1]
    padded = F.pad(envelope, (width - 1, width - 1))
    # Column t of the result meets weight s at envelope position t - s.
    windows = padded.unfold(1, width, 1)  # (n, s + k - 1, s)
    return torch.bmm(windows, weights.flip(1)[:, :, None]).squeeze(2)
