"""The fragment head: what share each ion that a molecule can fall into has in its spectrum.

Shapes: ``b`` molecules, ``a`` atoms, ``e`` directed edges, ``n`` fragments of all molecules, of up
to ``A`` atoms, ``E`` edges and ``F`` fragments a molecule; ``S`` hydrogen shifts.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch_geometric.utils import softmax

from ..chemistry.graph import BOND_FEATURES
from ..chemistry.isotope_labels import SHIFTS
from ..chemistry.molecule import RARE_ELEMENTS
from ..data.examples.fragment_batch import FragmentBatch
from ..data.examples.graph_batch import GraphBatch
from .formula_features import FORMULA_FEATURES, formula_features
from .ion_spectrum import doubly_charged as is_doubly_charged
from .ion_spectrum import possible_shifts
from .layers import accept_fewer_elements

# No possible ion is quite without a share, so that the bin head can lend it one.
_SMALLEST_SHARE = 1e-9
# Ions of two charges are rare.
_FIRST_SCORE_OF_TWO_CHARGES = -4.0


class ScoredFragments(NamedTuple):
    """What the fragment head gives for ``n`` fragments.

    Attributes:
        share: share of each fragment at each hydrogen shift in its molecule's ions,
            ``(n, S)``; the sum over a molecule is 1, those of two charges among it.
        doubly_charged: the same with two charges; ``None`` where the head does not know them.
        features: the fragments' vectors, ``(n, width)``.
    """

    share: Tensor
    doubly_charged: Tensor | None
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
    """Scores each fragment at each hydrogen shift.

    A fragment is described by its atoms' vectors, by the bonds that were cut and what they hold
    (their predicted dissociation energy), by its formula and that of the neutral loss, and by the
    molecule as a whole. The scores are normalised over the molecule.

    Args:
        atom_width: size of an atom's vector.
        context_width: size of the molecule's vector.
        width: size of a fragment's vector.
        blocks: number of residual blocks.
        dropout: share of units dropped.
        doubly_charged: whether it scores ions of two charges, by themselves.

    Shape:
        atoms ``(a, atom_width)`` of a batch of graphs, bond energies of its edges ``(e,)`` in
        kcal/mol, context ``(b, context_width)``, fragments ->
        ``ScoredFragments``
    """

    def __init__(
        self,
        *,
        atom_width: int,
        context_width: int,
        width: int,
        blocks: int,
        dropout: float,
        doubly_charged: bool = False,
    ):
        super().__init__()
        self.atom = nn.Linear(atom_width, width)
        self.cut_kept = nn.Linear(atom_width, width)
        self.cut_lost = nn.Linear(atom_width, width)
        self.cut_bond = nn.Linear(BOND_FEATURES + 1, width)
        # Linear, so that they may come before the sums over atoms, which are fewer than fragments.
        self.held = nn.Linear(width, width, bias=False)
        self.mean_held = nn.Linear(width, width, bias=False)
        self.cut = nn.Linear(width, width, bias=False)
        self.formula = nn.Sequential(
            nn.Linear(FORMULA_FEATURES, width), nn.ReLU(), nn.Linear(width, width)
        )
        accept_fewer_elements(self.formula[0], "weight", 2 * len(RARE_ELEMENTS))
        self.context = nn.Linear(context_width, width)
        self.dropout = MoleculeDropout(dropout)
        self.blocks = nn.ModuleList(FragmentBlock(width, dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.score = nn.Linear(width, len(SHIFTS))
        self.double_score = None
        if doubly_charged:
            self.double_score = nn.Linear(width, len(SHIFTS))
            nn.init.constant_(self.double_score.bias, _FIRST_SCORE_OF_TWO_CHARGES)

    def forward(
        self,
        atoms: Tensor,
        graph: GraphBatch,
        bond_energies: Tensor,
        context: Tensor,
        fragments: FragmentBatch,
    ) -> ScoredFragments:
        """Return the shares of the ions of each molecule."""
        molecule, molecules = fragments.molecule, len(fragments)
        x = self._describe(atoms, graph, bond_energies, fragments)
        x = x + self.context(context).index_select(0, molecule)
        x = self.dropout(x, molecule, molecules)
        for block in self.blocks:
            x = block(x, molecule, molecules)
        x = self.norm(x)
        possible = possible_shifts(fragments)
        scores = self.score(x).float()
        if self.double_score is not None:
            scores = torch.cat([scores, self.double_score(x).float()], 1)
            twice = possible & is_doubly_charged(fragments)[:, None]
            possible = torch.cat([possible, twice], 1)
        scores = scores.masked_fill(~possible, -torch.inf)
        # Over all fragments, shifts and charges of a molecule at once.
        total = softmax(scores.logsumexp(1, keepdim=True), molecule, num_nodes=molecules)
        share = total * scores.softmax(1) + _SMALLEST_SHARE * possible
        if self.double_score is None:
            return ScoredFragments(share, None, x)
        return ScoredFragments(*share.chunk(2, 1), x)

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
        held = torch.cat([self.held(own) / 8, self.mean_held(own)], 1)
        sums, means = _sum_over(holds, held, fragments.atom_slot, fragments.slot).chunk(2, 1)
        size = holds.sum(1).flatten()[fragments.slot]
        cuts = cut.sum(1).flatten()[fragments.slot]
        return (
            sums
            + means / size[:, None].to(means.dtype)
            + _sum_over(cut, self.cut(edges), fragments.edge_slot, fragments.slot)
            + self.formula(formula_features(fragments, size, cuts, graph).to(sums.dtype))
        )


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
