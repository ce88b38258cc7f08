"""The pieces of molecules in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...chemistry.pieces import PieceSet, join_pieces
from .graph_batch import moved


@dataclass
class PieceBatch:
    """The ``n`` pieces of ``b`` molecules.

    Attributes:
        molecule: the molecule that each piece is of, ``(n,)`` int64.
        number: its place among the pieces of the molecule, from 0, ``(n,)`` int64.
        elements: as in ``PieceSet``, ``(n, len(ELEMENTS))`` int64.
        cuts: the same, ``(n, cuts)`` int64.
    """

    molecule: Tensor
    number: Tensor
    elements: Tensor
    cuts: Tensor

    def to(self, device, **kwargs) -> PieceBatch:
        """Return the batch with every tensor on ``device``."""
        return moved(self, device, **kwargs)


def collate_pieces(sets: Sequence[PieceSet]) -> PieceBatch:
    """Put the pieces of molecules into one batch."""
    return PieceBatch(*map(torch.from_numpy, join_pieces(sets)))
