"""What the models read of formulas: of molecules, and of fragments and their losses.

Shapes: ``b`` molecules, ``n`` fragments of all of them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..chemistry.molecule import ELEMENTS
from ..data.examples.fragment_batch import FragmentBatch
from ..data.examples.graph_batch import GraphBatch

_LARGEST_DEPTH = 3
_MOST_CUTS = 6
_MOST_UNSATURATION = 24  # twice the rings and double bonds, and 2
_VALENCE = {"H": 1, "B": 3, "C": 4, "N": 3, "O": 2, "F": 1, "Si": 4, "P": 3, "S": 2, "Cl": 1,
            "Br": 1, "I": 1}  # fmt: skip
# Atoms of which each number up to this has a position of its own: CO and H2O are no sums.
_COUNTED_EXACTLY = {"C": 8, "H": 12, "N": 3, "O": 4}
# Of the ion and of the loss: counts of elements, hydrogens and atoms, the exact counts, rings and
# double bonds and their parity. Depth and number of cut bonds.
FORMULA_FEATURES = (
    2 * (len(ELEMENTS) + 2 + sum(most + 1 for most in _COUNTED_EXACTLY.values()))
    + 2 * (_MOST_UNSATURATION + 2)
    + (_LARGEST_DEPTH + 1)
    + (_MOST_CUTS + 1)
)


class FormulaLayer(nn.Module):
    """A linear layer on the formula of molecules: atoms of each element, rings and double bonds.

    Numbers up to 15 have a position each, so that one atom more or less can mean anything.

    Shape:
        atoms of each element ``(b, len(ELEMENTS))`` -> ``(b, width)``
    """

    _MOST = 15
    _MOST_UNSATURATION = 38

    def __init__(self, width: int):
        super().__init__()
        inputs = len(ELEMENTS) * (self._MOST + 2) + self._MOST_UNSATURATION + 2
        self.linear = nn.Linear(inputs, width)

    def forward(self, atoms: Tensor) -> Tensor:
        """Return the layer's output."""
        hydrogens = atoms[:, ELEMENTS.index("H")]
        parts = [
            atoms.float().log1p(),
            _one_hot(atoms, self._MOST).flatten(1),
            *unsaturation(atoms, hydrogens, self._MOST_UNSATURATION),
        ]
        return self.linear(torch.cat(parts, 1).to(self.linear.weight.dtype))


def formula_features(
    fragments: FragmentBatch, size: Tensor, cuts: Tensor, graph: GraphBatch
) -> Tensor:
    """Return what the head reads of fragments and their losses, ``(n, FORMULA_FEATURES)``.

    ``size`` are the atoms of each fragment and ``cuts`` its cut bonds, ``(n,)``.
    """
    atoms = torch.bincount(graph.atom_molecule, minlength=len(fragments))[fragments.molecule]
    ion = torch.cat([fragments.elements, fragments.hydrogens[:, None], size[:, None]], 1)
    loss = [fragments.lost_elements, fragments.lost_hydrogens[:, None], (atoms - size)[:, None]]
    parts = [_one_hot(fragments.depth, _LARGEST_DEPTH), _one_hot(cuts, _MOST_CUTS)]
    for counts in (ion, torch.cat(loss, 1)):
        elements, hydrogens = counts[:, : len(ELEMENTS)], counts[:, len(ELEMENTS)]
        parts += [counts.float().log1p(), *unsaturation(elements, hydrogens)]
        for element, most in _COUNTED_EXACTLY.items():
            number = hydrogens if element == "H" else elements[:, ELEMENTS.index(element)]
            parts.append(_one_hot(number, most))
    return torch.cat(parts, dim=1)


def _one_hot(number: Tensor, most: int) -> Tensor:
    # ``F.one_hot`` goes by way of 64-bit numbers, which takes several times as long.
    return (
        number.clamp(0, most)[..., None] == torch.arange(most + 1, device=number.device)
    ).float()


def unsaturation(
    elements: Tensor, hydrogens: Tensor, most: int = _MOST_UNSATURATION
) -> list[Tensor]:
    """Return rings and double bonds, one position for each half, and the parity of the halves.

    Twice the number of rings and double bonds is 2 + Σ n (valence - 2) over the atoms; where it is
    odd, the electrons of the ion are paired (McLafferty and Turecek, Interpretation of Mass
    Spectra, 4th ed. 1993, sections 2.8 and 3.1).

    Args:
        elements: atoms of each element, ``(n, len(ELEMENTS))``; hydrogens are not read.
        hydrogens: hydrogens of any mass, ``(n,)``.
        most: largest number of halves that has a position of its own, less 2.

    Returns:
        Shapes ``(n, positions)`` and ``(n, 1)``.
    """
    excess = elements.new_tensor([0 if e == "H" else _VALENCE[e] - 2 for e in ELEMENTS])
    twice = 2 + (elements * excess).sum(1) - hydrogens
    return [_one_hot(twice + 2, most), (twice % 2)[:, None].float()]
