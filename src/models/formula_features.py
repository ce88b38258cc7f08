"""What the models read of formulas: of molecules, and of fragments and their losses.

Shapes: ``b`` molecules, ``n`` fragments of all of them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..chemistry.double_charges import VALENCES
from ..chemistry.molecule import ELEMENTS, RARE_ELEMENTS
from ..data.examples.fragment_batch import FragmentBatch
from ..data.examples.graph_batch import GraphBatch
from .layers import accept_fewer_elements

_LARGEST_DEPTH = 3
_MOST_CUTS = 6
_MOST_UNSATURATION = 24  # twice the rings and double bonds, and 2
_COMMON = len(ELEMENTS) - len(RARE_ELEMENTS)
# Atoms of which each number up to this has a position of its own: CO and H2O are no sums.
_COUNTED_EXACTLY = {"C": 8, "H": 12, "N": 3, "O": 4}
# Of the ion and of the loss: counts of elements, hydrogens and atoms, the exact counts, rings and
# double bonds and their parity. Depth and number of cut bonds. The counts of rare elements, last.
FORMULA_FEATURES = (
    2 * (_COMMON + 2 + sum(most + 1 for most in _COUNTED_EXACTLY.values()))
    + 2 * (_MOST_UNSATURATION + 2)
    + (_LARGEST_DEPTH + 1)
    + (_MOST_CUTS + 1)
    + 2 * len(RARE_ELEMENTS)
)


class FormulaLayer(nn.Module):
    """A linear layer on the formula of molecules: atoms of each element, rings and double bonds.

    Numbers up to 15 have a position each, so that one atom more or less can mean anything; of rare
    elements, those up to 2.

    Shape:
        atoms of each element ``(b, len(ELEMENTS))`` -> ``(b, width)``
    """

    _MOST = 15
    _MOST_UNSATURATION = 38
    _MOST_OF_RARE = 2

    def __init__(self, width: int):
        super().__init__()
        of_common = _COMMON * (self._MOST + 2) + self._MOST_UNSATURATION + 2
        of_rare = len(RARE_ELEMENTS) * (self._MOST_OF_RARE + 2)
        self.linear = nn.Linear(of_common + of_rare, width)
        accept_fewer_elements(self.linear, "weight", of_rare)

    def forward(self, atoms: Tensor) -> Tensor:
        """Return the layer's output."""
        hydrogens = atoms[:, ELEMENTS.index("H")]
        common, rare = atoms[:, :_COMMON], atoms[:, _COMMON:]
        parts = [
            common.float().log1p(),
            _one_hot(common, self._MOST).flatten(1),
            *unsaturation(atoms, hydrogens, self._MOST_UNSATURATION),
            rare.float().log1p(),
            _one_hot(rare, self._MOST_OF_RARE).flatten(1),
        ]
        return self.linear(torch.cat(parts, 1).to(self.linear.weight.dtype))


def formula_features(
    fragments: FragmentBatch, size: Tensor, cuts: Tensor, graph: GraphBatch
) -> Tensor:
    """Return what the head reads of fragments and their losses, ``(n, FORMULA_FEATURES)``.

    ``size`` are the atoms of each fragment and ``cuts`` its cut bonds, ``(n,)``.
    """
    atoms = torch.bincount(graph.atom_molecule, minlength=len(fragments))[fragments.molecule]
    parts = [_one_hot(fragments.depth, _LARGEST_DEPTH), _one_hot(cuts, _MOST_CUTS)]
    rare = []
    for elements, hydrogens, heavy in (
        (fragments.elements, fragments.hydrogens, size),
        (fragments.lost_elements, fragments.lost_hydrogens, atoms - size),
    ):
        counts = torch.cat([elements[:, :_COMMON], hydrogens[:, None], heavy[:, None]], 1)
        parts += [counts.float().log1p(), *unsaturation(elements, hydrogens)]
        for element, most in _COUNTED_EXACTLY.items():
            number = hydrogens if element == "H" else elements[:, ELEMENTS.index(element)]
            parts.append(_one_hot(number, most))
        rare.append(elements[:, _COMMON:].float().log1p())
    return torch.cat(parts + rare, dim=1)


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
    excess = elements.new_tensor([0 if e == "H" else VALENCES[e] - 2 for e in ELEMENTS])
    twice = 2 + (elements * excess).sum(1) - hydrogens
    return [_one_hot(twice + 2, most), (twice % 2)[:, None].float()]
