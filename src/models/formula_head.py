"""The formula head: shares of ions by their formulas, and the spectra that these make.

Shapes: ``b`` molecules, ``v`` formulas of the vocabulary, up to ``p`` pieces of a molecule at ``S``
hydrogen shifts, ``n`` ions of all molecules together, ``k`` isotopes of an ion.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.features import Batch
from ..data.molecule import ELEMENTS, NOMINAL_MASSES
from .heads import LIGHTEST_ION
from .isotopes import IsotopeEnvelope
from .piece_head import PieceHead

_HYDROGEN = ELEMENTS.index("H")
# What an ion of a smaller share adds cannot be seen in a spectrum.
_SMALLEST_SHARE = 1e-5


class Vocabulary(NamedTuple):
    """The formulas that a head knows.

    Attributes:
        ions: atoms of each element of the ions, ``(ions, len(ELEMENTS))``.
        losses: the same of the losses; losing nothing comes first.
        usual_share: mean share of each where a molecule has its atoms, ``(ions + losses,)``, above
            0.
    """

    ions: Tensor
    losses: Tensor
    usual_share: Tensor


class FormulaHead(nn.Module):
    """Shares of a molecule's pieces, of the ions of a vocabulary, and of losses of another.

    A formula counts only where the molecule has its atoms. So no peak stands where no piece of the
    molecule can, and each ion brings the isotope pattern of its formula, as a fixed layer. Ions and
    losses by formula: Murphy et al., ICML 2023 (arXiv:2301.11419), there for tandem spectra; two
    directions: Wei et al., ACS Cent. Sci. 2019, 5, 700. What one or two broken bonds leave is
    scored by itself; the vocabulary has the rearrangements.

    Isotope labels are taken to lie anywhere: how many of them an ion holds follows the
    hypergeometric distribution.

    Args:
        width: size of the molecule's vector.
        max_mz: highest nominal mass.
        ions: number of ion formulas.
        losses: number of loss formulas; the first is that of losing nothing.
        pieces: largest number of pieces of a molecule.
        piece_width: size of a piece's vector.
        dropout: share of units of the piece head dropped.

    Shape:
        ``(b, width)`` and the batch it is of -> ``(b, max_mz)``, sum 1
    """

    def __init__(
        self,
        width: int,
        max_mz: int,
        *,
        ions: int,
        losses: int,
        pieces: int,
        piece_width: int,
        dropout: float,
    ):
        super().__init__()
        self.max_mz, self.most_pieces = max_mz, pieces
        self.score = nn.Linear(width, ions + losses)
        self.pieces = PieceHead(width, piece_width, dropout)
        self.isotopes = IsotopeEnvelope()
        self.register_buffer("ions", torch.zeros(ions, len(ELEMENTS), dtype=torch.int16))
        self.register_buffer("losses", torch.zeros(losses, len(ELEMENTS), dtype=torch.int16))
        masses = torch.tensor([NOMINAL_MASSES[element] for element in ELEMENTS])
        self.register_buffer("masses", masses, persistent=False)

    @torch.no_grad()
    def start_from(self, vocabulary: Vocabulary) -> None:
        """Take over formulas, and start from scores that give each its usual share."""
        self.ions.copy_(vocabulary.ions)
        self.losses.copy_(vocabulary.losses)
        self.score.bias.copy_(vocabulary.usual_share.log())

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Return the spectra."""
        known = self.score(x).float().masked_fill(~self._possible(batch.atoms), -torch.inf)
        pieces = batch.pieces
        scores = self.pieces(x, batch.atoms, pieces)
        place = pieces.molecule * self.most_pieces + pieces.number
        # Each molecule has room for as many pieces as one can have.
        everyones = scores.new_full((len(x) * self.most_pieces, scores.shape[1]), -torch.inf)
        everyones = everyones.index_copy(0, place, scores).view(len(x), -1)
        share = torch.cat([known, everyones], 1).softmax(1)
        with torch.autocast(share.device.type, enabled=False):
            of_pieces = share[:, known.shape[1] :].reshape(-1, scores.shape[1])[place]
            return self._spectra(share[:, : known.shape[1]], of_pieces, batch)

    def _possible(self, atoms: Tensor) -> Tensor:
        """Return which formulas a molecule of these atoms has, ``(b, v)`` bool."""
        formulas = torch.cat([self.ions, self.losses]).int().T.contiguous()  # (elements, v)
        counts = atoms.to(formulas.dtype).T[:, :, None]  # (elements, b, 1)
        possible = formulas[0] <= counts[0]
        for of_element, held in zip(formulas[1:], counts[1:], strict=True):
            possible = possible & (of_element <= held)
        # Of the mass and the heavy atoms of the molecule, what is left as an ion.
        number = len(self.ions)
        mass = (formulas.T.long() * self.masses).sum(1)
        heavy = formulas.sum(0) - formulas[_HYDROGEN]
        left = (atoms * self.masses).sum(1)[:, None] - mass[number:]
        heavy_left = (atoms.sum(1) - atoms[:, _HYDROGEN])[:, None] - heavy[number:]
        recorded = torch.cat(
            [
                (mass[:number] >= LIGHTEST_ION).expand(len(atoms), -1),
                (left >= LIGHTEST_ION) & (heavy_left > 0) | (mass[number:] == 0),
            ],
            1,
        )
        return possible & recorded

    def _spectra(self, share: Tensor, of_pieces: Tensor, batch: Batch) -> Tensor:
        """Return the spectra of shares ``(b, v)`` and ``(pieces, S)``."""
        molecule, formula = (share > _SMALLEST_SHARE).nonzero(as_tuple=True)
        known = torch.cat([self.ions, self.losses]).long()[formula]
        whole = batch.atoms[molecule]
        is_loss = formula >= len(self.ions)
        piece, shift = (of_pieces > _SMALLEST_SHARE).nonzero(as_tuple=True)
        weight = torch.cat([share[molecule, formula], of_pieces[piece, shift]])
        molecule = torch.cat([molecule, batch.pieces.molecule[piece]])
        atoms = torch.where(is_loss[:, None], whole - known, known)
        atoms = torch.cat([atoms, self.pieces.ions(batch.pieces, piece, shift)])
        mz = (atoms * self.masses).sum(1)
        bins = share.new_zeros(len(share) * (self.max_mz + 1))
        if len(batch.labels):
            labelled = batch.labels[:, 0].unique()
            for i in labelled.tolist():
                own = molecule == i
                labels = batch.labels[batch.labels[:, 0] == i, 1:]
                pattern = self._labelled_pattern(atoms[own], batch.atoms[i], labels)
                self._add(bins, molecule[own], mz[own], weight[own], pattern)
            plain = ~torch.isin(molecule, labelled)
            molecule, atoms, mz, weight = molecule[plain], atoms[plain], mz[plain], weight[plain]
        self._add(bins, molecule, mz, weight, self.isotopes(atoms.float()))
        spectra = bins.view(len(share), -1)[:, 1:]
        above = torch.arange(1, self.max_mz + 1, device=share.device) > batch.highest_mz[:, None]
        spectra = spectra.masked_fill(above, 0.0)
        return spectra / spectra.sum(1, keepdim=True)

    def _labelled_pattern(self, atoms: Tensor, whole: Tensor, labels: Tensor) -> Tensor:
        """Return the patterns of ions of one molecule, its isotope labels among them, ``(n, k)``.

        Args:
            atoms: of the ions, ``(n, len(ELEMENTS))``.
            whole: of the molecule, ``(len(ELEMENTS),)``.
            labels: element, extra mass and number of each label, ``(l, 3)``.
        """
        natural = atoms.float()
        for element, _, number in labels.tolist():
            natural[:, element] -= atoms[:, element] * (number / int(whole[element]))
        pattern = self.isotopes(natural.clamp_min(0))
        reach = sum(abs(extra) * number for _, extra, number in labels.tolist())
        pattern = F.pad(pattern, (reach, reach))  # room to shift in, both ways: 10B is lighter
        for element, extra, number in labels.tolist():
            table = _share_of_labels(int(whole[element]), number).to(pattern.device)
            held = table[atoms[:, element].long()]  # (n, number + 1)
            pattern = sum(pattern.roll(extra * k, 1) * held[:, k, None] for k in range(number + 1))
        return pattern

    def _add(
        self, bins: Tensor, molecule: Tensor, mz: Tensor, weight: Tensor, pattern: Tensor
    ) -> None:
        """Add ions with their isotopes into bins, the first of which takes what lies outside."""
        reach = (pattern.shape[1] - self.isotopes.WIDTH) // 2
        shift = torch.arange(pattern.shape[1], device=mz.device) + IsotopeEnvelope.LOWEST - reach
        mz = mz[:, None] + shift
        inside = (mz >= 1) & (mz <= self.max_mz)
        place = molecule[:, None] * (self.max_mz + 1) + mz.where(inside, 0)
        bins.index_add_(0, place.flatten(), (weight[:, None] * pattern).flatten())


@lru_cache(maxsize=256)
def _share_of_labels(atoms: int, labelled: int) -> Tensor:
    """Return how probably an ion of so many atoms of an element holds so many labelled ones.

    Args:
        atoms: atoms of the element in the molecule.
        labelled: how many of them are labelled.

    Returns:
        Shape ``(atoms + 1, labelled + 1)``, by atoms of the ion and labels among them.
    """
    table = torch.zeros(atoms + 1, labelled + 1)
    for own in range(atoms + 1):
        for held in range(min(own, labelled) + 1):
            ways = comb(labelled, held) * comb(atoms - labelled, own - held)
            table[own, held] = ways / comb(atoms, own)
    return table
