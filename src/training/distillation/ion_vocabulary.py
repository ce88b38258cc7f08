"""The ions and losses that a teacher finds most of: the vocabulary of a student's formula head."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from ...chemistry.isotope_labels import LOWEST_SHIFT
from ...chemistry.molecule import ELEMENTS
from ...data.examples.features import Batch
from ...models.formula_head import Vocabulary
from ...models.teacher import Teacher

_HYDROGEN = ELEMENTS.index("H")
# Ions of a smaller share are many and say little.
_SMALLEST_SHARE = 1e-4
# What an entry is worth that explains ions which the other half of the vocabulary explains too:
# better two ways to learn of a common ion than none of a rare one, but not by much.
_WORTH_TWICE = 0.3
_ROUNDS = 3


class _Formulas:
    """Numbers formulas in the order in which they come."""

    def __init__(self):
        self._numbers: dict[bytes, int] = {}
        self._rows: list[np.ndarray] = []

    def number(self, atoms: np.ndarray) -> np.ndarray:
        """Return the number of each formula of ``(n, len(ELEMENTS))``."""
        rows, place = np.unique(atoms, axis=0, return_inverse=True)
        numbers = np.empty(len(rows), np.int64)
        for i, row in enumerate(rows):
            numbers[i] = self._numbers.setdefault(row.tobytes(), len(self._rows))
            if numbers[i] == len(self._rows):
                self._rows.append(row)
        return numbers[place.ravel()]

    def rows(self, numbers: np.ndarray) -> torch.Tensor:
        """Return the formulas of these numbers, ``(n, len(ELEMENTS))``."""
        return torch.from_numpy(np.stack([self._rows[i] for i in numbers]))


@torch.inference_mode()
def collect_vocabulary(
    teacher: Teacher, batches: Iterable[Batch], *, ions: int, losses: int
) -> Vocabulary:
    """Return the formulas that explain most of a teacher's predictions.

    Args:
        teacher: in evaluation mode.
        batches: molecules with graphs and fragments, on the teacher's device.
        ions: number of ions wanted.
        losses: number of losses wanted, that of nothing among them.

    Returns:
        The vocabulary. Where the molecules have fewer formulas than are wanted, the last are of
        atoms that no molecule has.
    """
    of_ions, of_losses = _Formulas(), _Formulas()
    nothing = of_losses.number(np.zeros((1, len(ELEMENTS)), np.int16))
    found = []
    for batch in batches:
        kept, lost, share = _ions(teacher, batch)
        found.append((of_ions.number(kept), of_losses.number(lost), share))
    ion, loss, share = (np.concatenate(column) for column in zip(*found, strict=True))
    chosen_losses = _most(loss, share, losses)
    for _ in range(_ROUNDS):
        explained = np.isin(loss, chosen_losses)
        chosen_ions = _most(ion, share * np.where(explained, _WORTH_TWICE, 1), ions)
        explained = np.isin(ion, chosen_ions)
        chosen_losses = _most(loss, share * np.where(explained, _WORTH_TWICE, 1), losses)
    chosen_losses = np.concatenate([nothing, chosen_losses[chosen_losses != nothing]])[:losses]
    usual = [
        np.bincount(which, share)[chosen] / np.bincount(which)[chosen].clip(1)
        for which, chosen in ((ion, chosen_ions), (loss, chosen_losses))
    ]
    return Vocabulary(
        _filled(of_ions.rows(chosen_ions), ions),
        _filled(of_losses.rows(chosen_losses), losses),
        torch.cat([_padded(values, n) for values, n in zip(usual, (ions, losses), strict=True)]),
    )


def _ions(teacher: Teacher, batch: Batch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return atoms of ions and of their losses, ``(n, len(ELEMENTS))``, and shares, ``(n,)``.

    Molecules with isotope labels are left out.
    """
    fragments = batch.fragments
    share = teacher(batch).extra.ions.share
    row, shift = (share > _SMALLEST_SHARE).nonzero(as_tuple=True)
    share = share[row, shift]
    unlabelled = ~torch.isin(fragments.molecule[row], batch.labels[:, 0])
    row, shift, share = row[unlabelled], shift[unlabelled] + LOWEST_SHIFT, share[unlabelled]
    kept, lost = fragments.elements[row].clone(), fragments.lost_elements[row].clone()
    kept[:, _HYDROGEN] += shift.to(kept.dtype)
    lost[:, _HYDROGEN] -= shift.to(lost.dtype)
    return kept.cpu().numpy(), lost.cpu().numpy(), share.double().cpu().numpy()


def _most(which: np.ndarray, share: np.ndarray, number: int) -> np.ndarray:
    """Return the numbers of the formulas of the largest summed shares."""
    order = np.argsort(-np.bincount(which, share), kind="stable")
    return order[:number]


def _filled(formulas: torch.Tensor, number: int) -> torch.Tensor:
    """Return formulas, filled up with one that no molecule has."""
    missing = formulas.new_full((number - len(formulas), formulas.shape[1]), 30_000)
    return torch.cat([formulas, missing])


def _padded(values: np.ndarray, number: int) -> torch.Tensor:
    values = torch.from_numpy(values).float()
    return torch.cat([values, values.new_full((number - len(values),), _SMALLEST_SHARE)])
