"""What isotope labels make of the fragments or pieces of molecules, in batches.

Shapes: ``l`` parts of labelled molecules, ``S`` hydrogen shifts, ``T`` mass shifts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...chemistry.isotope_labels import LABELLED_SHIFTS, SHIFTS, LabelledParts, label_parts
from ...chemistry.molecule import ELEMENTS
from ...chemistry.pieces import PieceSet
from .graph_batch import moved

_NONE = LabelledParts(
    np.zeros((0, len(ELEMENTS)), np.int64),
    np.zeros(0, np.int64),
    np.zeros((0, len(SHIFTS), len(LABELLED_SHIFTS)), np.float32),
)


@dataclass
class LabelBatch:
    """The parts of the labelled molecules among those of a batch.

    Attributes:
        rows: which parts of the batch these are, ``(l,)`` int64.
        natural, mass, exchange: as in ``LabelledParts``, ``(l, ...)``.
    """

    rows: Tensor
    natural: Tensor
    mass: Tensor
    exchange: Tensor

    def __len__(self) -> int:
        return len(self.rows)

    def to(self, device, **kwargs) -> LabelBatch:
        """Return the batch with every tensor on ``device``."""
        return moved(self, device, **kwargs)


def collate_labels(sets: Sequence[PieceSet], labels: Sequence[np.ndarray]) -> LabelBatch:
    """Put what labels make of the parts of molecules into one batch.

    Args:
        sets: the parts of each molecule: pieces, or fragments (``FragmentSet``).
        labels: of each molecule, as ``Molecule.atoms`` gives them.
    """
    labelled = np.array([len(own) > 0 for own in labels])
    rows = np.flatnonzero(np.repeat(labelled, [len(parts) for parts in sets]))
    found = [
        label_parts(parts.elements, parts.labels, own, parts.acidic)
        for parts, own in zip(sets, labels, strict=True)
        if len(own)
    ]
    columns = (np.concatenate(column) for column in zip(_NONE, *found, strict=True))
    return LabelBatch(*map(torch.from_numpy, (rows, *columns)))
