"""The piece head: how likely each piece of a molecule is seen, with more or fewer hydrogens.

Shapes: ``b`` molecules, ``n`` pieces of all of them, ``S`` hydrogen shifts.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..chemistry.isotope_labels import SHIFTS
from ..chemistry.molecule import ELEMENTS
from ..chemistry.pieces import CUT_POSITIONS
from ..data.examples.piece_batch import PieceBatch
from .formula_features import FormulaLayer

_HYDROGEN = ELEMENTS.index("H")
# What the scores start from: a piece is one of some hundred ions, and rarely moves many hydrogens.
_FIRST_SCORE = -4.0
_FIRST_SCORE_OF_A_HYDROGEN = -0.7


class PieceHead(nn.Module):
    """Scores pieces from their formula, their loss's, their broken bonds and the molecule's vector.

    Args:
        molecule_width: size of the molecule's vector.
        width: size of a piece's vector.
        dropout: share of units dropped.

    Shape:
        molecules' vectors ``(b, molecule_width)``, their atoms of each element
        ``(b, len(ELEMENTS))`` and ``n`` pieces -> scores ``(n, S)``, -inf where the piece or its
        loss has not the hydrogens
    """

    def __init__(self, molecule_width: int, width: int, dropout: float):
        super().__init__()
        self.ion, self.loss = FormulaLayer(width), FormulaLayer(width)
        self.cuts = nn.Embedding(CUT_POSITIONS, width, padding_idx=CUT_POSITIONS - 1)
        self.cuts.weight.data.mul_(0.2)
        self.molecule = nn.Linear(molecule_width, width)
        self.norm = nn.LayerNorm(width)
        self.wider, self.narrower = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.gate = nn.Linear(molecule_width, width)
        self.score = nn.Linear(width, len(SHIFTS))
        self.register_buffer("shifts", torch.tensor(SHIFTS), persistent=False)
        with torch.no_grad():
            self.score.bias.copy_(_FIRST_SCORE + _FIRST_SCORE_OF_A_HYDROGEN * self.shifts.abs())

    def forward(self, x: Tensor, atoms: Tensor, pieces: PieceBatch) -> Tensor:
        """Return the scores."""
        lost = atoms[pieces.molecule] - pieces.elements
        piece = self.ion(pieces.elements) + self.loss(lost) + self.molecule(x)[pieces.molecule]
        weight, none = self.cuts.weight, self.cuts.padding_idx
        cuts = F.embedding_bag(pieces.cuts, weight, mode="sum", padding_idx=none)
        piece = F.relu(piece + cuts)
        inner = self.dropout(F.relu(self.wider(self.norm(piece))))
        piece = (piece + self.narrower(inner)) * (1 + self.gate(x))[pieces.molecule]
        own, others = pieces.elements[:, _HYDROGEN, None], lost[:, _HYDROGEN, None]
        possible = (own + self.shifts >= 0) & (self.shifts <= others)
        return self.score(piece).float().masked_fill(~possible, -torch.inf)
