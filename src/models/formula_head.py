"""The formula head: shares of ions by their formulas, and the spectra that these make.

Shapes: ``b`` molecules, ``v`` formulas of the vocabulary, up to ``p`` pieces of a molecule at ``S``
hydrogen shifts, ``n`` ions of all molecules together, ``k`` isotopes of an ion.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..chemistry.composition import MASS_NUMBERS, PATTERN_MASSES
from ..chemistry.double_charges import LOSSES as DOUBLE_LOSSES
from ..chemistry.double_charges import can_hold_two_charges
from ..chemistry.formula import count_elements
from ..chemistry.isotope_labels import (
    LABELLED_SHIFTS,
    LabelledParts,
    likely_extra,
    unlabelled_shares,
    with_labels,
)
from ..chemistry.molecule import ELEMENTS, RARE_ELEMENTS
from ..chemistry.pieces import count_cuts
from ..data.examples.features import Batch
from ..spectra.prediction import carbon_scale
from .heads import LIGHTEST_ION
from .isotopes import IsotopeEnvelope
from .layers import accept_fewer_elements
from .piece_head import PieceHead

_HYDROGEN = ELEMENTS.index("H")
# What an ion of a smaller share adds is hardly seen in a spectrum. While learning it counts from a
# tenth of that on, so that it can grow.
SMALLEST_SHARE = 1e-4
# Ions of two charges are rare.
_FIRST_SCORE_OF_TWO_CHARGES = -7.0


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


class _Known(NamedTuple):
    """What follows from the vocabulary of ``v`` formulas alone.

    Attributes:
        formulas: atoms of each element, ``(len(ELEMENTS), v)`` int32.
        seen: whether the ions are heavy enough to be recorded, ``(ions,)`` bool.
        lost: nominal masses of the losses, ``(losses,)``, Da.
        heavy_lost: their atoms other than hydrogen, ``(losses,)``.
        spectra: the ions with their isotopes, ``(ions, max_mz)``.
    """

    formulas: Tensor
    seen: Tensor
    lost: Tensor
    heavy_lost: Tensor
    spectra: Tensor


def _heavy(atoms: Tensor) -> Tensor:
    return atoms.sum(1) - atoms[:, _HYDROGEN]


class FormulaHead(nn.Module):
    """Shares of a molecule's pieces, of the ions of a vocabulary, and of losses of another.

    A formula counts only where the molecule has its atoms. So no peak stands where no piece of the
    molecule can, and each ion brings the isotope pattern of its formula, as a fixed layer. Ions and
    losses by formula: Murphy et al., ICML 2023 (arXiv:2301.11419), there for tandem spectra; two
    directions: Wei et al., ACS Cent. Sci. 2019, 5, 700. What one or two broken bonds leave is
    scored by itself; the vocabulary has the rearrangements.

    Isotope labels only move masses. Which of them a piece holds is known; an ion or a loss of the
    vocabulary holds what pieces of its mass hold.

    Args:
        width: size of the molecule's vector.
        max_mz: highest nominal mass.
        ions: number of ion formulas.
        losses: number of loss formulas; the first is that of losing nothing.
        pieces: largest number of pieces of a molecule.
        piece_width: size of a piece's vector.
        dropout: share of units of the piece head dropped.
        doubly_charged: whether molecules of an arene also give ions of two charges, after the
            losses of ``double_charges``.

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
        doubly_charged: bool = False,
    ):
        super().__init__()
        self.max_mz, self.most_pieces = max_mz, pieces
        self.score = nn.Linear(width, ions + losses)
        self.pieces = PieceHead(width, piece_width, dropout)
        self.isotopes = IsotopeEnvelope()
        self.register_buffer("ions", torch.zeros(ions, len(ELEMENTS), dtype=torch.int16))
        self.register_buffer("losses", torch.zeros(losses, len(ELEMENTS), dtype=torch.int16))
        self.register_buffer("masses", torch.from_numpy(MASS_NUMBERS), persistent=False)
        self.register_buffer("pattern_masses", torch.from_numpy(PATTERN_MASSES), persistent=False)
        accept_fewer_elements(self, "ions", len(RARE_ELEMENTS))
        accept_fewer_elements(self, "losses", len(RARE_ELEMENTS))
        self.double_score = None
        if doubly_charged:
            self.double_score = nn.Linear(width, len(DOUBLE_LOSSES))
            nn.init.constant_(self.double_score.bias, _FIRST_SCORE_OF_TWO_CHARGES)
            self.register_buffer("double_losses", double_losses(), persistent=False)
        self._known: _Known | None = None
        self.register_load_state_dict_post_hook(lambda head, _: head._forget())

    @torch.no_grad()
    def start_from(self, vocabulary: Vocabulary) -> None:
        """Take over formulas, and start from scores that give each its usual share."""
        self.ions.copy_(vocabulary.ions)
        self.losses.copy_(vocabulary.losses)
        self.score.bias.copy_(vocabulary.usual_share.log())
        self._forget()

    @torch.no_grad()
    def take_vocabulary(self, other: FormulaHead) -> None:
        """Take over the formulas of another head, and the scores that give each its usual share."""
        self.ions.copy_(other.ions)
        self.losses.copy_(other.losses)
        self.score.bias.copy_(other.score.bias)
        self._forget()

    def _forget(self) -> None:
        self._known = None

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """Return the spectra."""
        known = self.score(x).float().masked_fill(~self._possible(batch.atoms), -torch.inf)
        if self.double_score is not None:
            possible = doubly_charged(batch.atoms, self.double_losses, self.masses)
            twice = self.double_score(x).float().masked_fill(~possible, -torch.inf)
            known = torch.cat([known, twice], 1)
        pieces = batch.pieces
        scores = self.pieces(x, batch.atoms, pieces)
        place = pieces.molecule * self.most_pieces + pieces.number
        # Each molecule has room for as many pieces as one can have.
        everyones = scores.new_full((len(x) * self.most_pieces, scores.shape[1]), -torch.inf)
        everyones = everyones.index_copy(0, place, scores).view(len(x), -1)
        least = SMALLEST_SHARE / 10 if self.training else SMALLEST_SHARE
        share = F.threshold(torch.cat([known, everyones], 1).softmax(1), least, 0.0)
        with torch.autocast(share.device.type, enabled=False):
            of_pieces = share[:, known.shape[1] :].reshape(-1, scores.shape[1])[place]
            return self._spectra(share[:, : known.shape[1]], of_pieces, batch)

    def _possible(self, atoms: Tensor) -> Tensor:
        """Return which formulas a molecule of these atoms has, ``(b, v)`` bool."""
        known = self._vocabulary()
        counts = atoms.to(known.formulas.dtype).T[:, :, None]  # (elements, b, 1)
        possible = known.formulas[0] <= counts[0]
        for of_element, held in zip(known.formulas[1:], counts[1:], strict=True):
            possible = possible & (of_element <= held)
        # Of the mass and the heavy atoms of the molecule, what is left as an ion.
        left = self._mz(atoms)[:, None] - known.lost
        heavy_left = _heavy(atoms)[:, None] - known.heavy_lost
        recorded = (left >= LIGHTEST_ION) & (heavy_left > 0) | (known.lost == 0)
        return possible & torch.cat([known.seen.expand(len(atoms), -1), recorded], 1)

    def _spectra(self, share: Tensor, of_pieces: Tensor, batch: Batch) -> Tensor:
        """Return the spectra of shares ``(b, v)`` and ``(pieces, S)``.

        Ions of two charges come last in the first, where the head knows them.
        """
        number, pieces = len(self.ions), batch.pieces
        # The ions' patterns are the same for all molecules.
        bins = F.pad(share[:, :number] @ self._vocabulary().spectra, (1, 0)).flatten()
        molecule, loss = (share[:, number : number + len(self.losses)] > 0).nonzero(as_tuple=True)
        weight = share[molecule, number + loss]
        atoms = batch.atoms[molecule] - self.losses[loss].long()
        first = self._pattern_mz(atoms)
        self._add(bins, molecule, first, weight[:, None] * self.isotopes(atoms))
        if self.double_score is not None:
            twice = share[:, number + len(self.losses) :]
            molecule, loss = (twice > 0).nonzero(as_tuple=True)
            atoms = batch.atoms[molecule] - self.double_losses[loss]
            spread = twice[molecule, loss, None] * self.isotopes(atoms)
            self._add(bins, molecule, self._pattern_mz(atoms), spread, charge=2)
        # Deuterium is too rare for a hydrogen more or less to change a piece's pattern.
        spread = _laid_over(of_pieces, self.isotopes(pieces.elements))
        lightest = self._pattern_mz(pieces.elements) + self.pieces.shifts[0]
        self._add(bins, pieces.molecule, lightest, spread)
        spectra = bins.view(len(share), -1)[:, 1:]
        if len(batch.labels):
            rows = batch.labels[:, 0].unique()
            labelled = self._labelled(share, of_pieces, batch, spectra)
            spectra = spectra.index_copy(0, rows, labelled[rows])
        above = torch.arange(1, self.max_mz + 1, device=share.device) > batch.highest_mz[:, None]
        spectra = spectra.masked_fill(above, 0.0)
        return spectra / spectra.sum(1, keepdim=True)

    @torch.inference_mode(False)  # what is kept may take part in training later
    @torch.no_grad()
    def _vocabulary(self) -> _Known:
        """Return what follows from the vocabulary alone, computed once."""
        if self._known is None or self._known.formulas.device != self.ions.device:
            ions, losses = self.ions.long(), self.losses.long()
            each = torch.arange(len(ions), device=ions.device)
            bins = torch.zeros(len(ions) * (self.max_mz + 1), device=ions.device)
            self._add(bins, each, self._pattern_mz(ions), self.isotopes(ions))
            self._known = _Known(
                formulas=torch.cat([ions, losses]).int().T.contiguous(),
                seen=self._mz(ions) >= LIGHTEST_ION,
                lost=self._mz(losses),
                heavy_lost=_heavy(losses),
                spectra=bins.view(len(ions), -1)[:, 1:],
            )
        return self._known

    def _mz(self, atoms: Tensor) -> Tensor:
        return (atoms * self.masses).sum(1)

    def _pattern_mz(self, atoms: Tensor) -> Tensor:
        """Return the mass that the shifts of an ion's isotopes are counted from."""
        return (atoms * self.pattern_masses).sum(1)

    def _labelled(self, share: Tensor, of_pieces: Tensor, batch: Batch, without: Tensor) -> Tensor:
        """Return the spectra of the molecules with isotope labels, ``(b, max_mz)``; others are 0.

        Args:
            share: shares of formulas, ``(b, v)``.
            of_pieces: shares of pieces, ``(pieces, S)``.
            batch: the molecules.
            without: the spectra that they would have without labels, ``(b, max_mz)``.
        """
        bins = share.new_zeros(len(share) * (self.max_mz + 1))
        scale = torch.ones_like(without)
        if batch.limit_carbon:
            scale = torch.from_numpy(carbon_scale(without.cpu().numpy())).to(share.device)
        scale = F.pad(scale, (1, 0), value=1.0)  # of m/z 0 to max_mz
        for i in batch.labels[:, 0].unique().tolist():
            whole, labels = batch.atoms[i], batch.labels[batch.labels[:, 0] == i, 1:]
            atoms = torch.cat([self.ions.long(), whole - self.losses.long()])
            seen = share[i, : len(atoms)] > 0
            weight, atoms = share[i, : len(seen)][seen], atoms[seen]
            extra = self._likely_extra(i, atoms, weight, of_pieces, batch)
            if self.double_score is not None:
                twice = share[i, len(seen) :]
                left = (whole - self.double_losses)[twice > 0]
                pattern = self._labelled_pattern(left, whole, labels, extra)
                first = self._pattern_mz(left) - (pattern.shape[1] - self.isotopes.WIDTH) // 2
                spread = twice[twice > 0, None] * pattern
                self._add(bins, torch.full_like(first, i), first, spread, charge=2)
            weight = weight * scale[i, self._mz(atoms)]
            mz = self._pattern_mz(atoms)
            pattern = self._labelled_pattern(atoms, whole, labels, extra)
            reach = (pattern.shape[1] - self.isotopes.WIDTH) // 2
            self._add(bins, torch.full_like(mz, i), mz - reach, weight[:, None] * pattern)
        parts, pieces = batch.piece_labels, batch.pieces
        molecule = pieces.molecule[parts.rows]
        mz = self._mz(pieces.elements[parts.rows])[:, None] + self.pieces.shifts
        weight = of_pieces[parts.rows] * scale[molecule[:, None], mz.clamp(0, self.max_mz)]
        moved = torch.einsum("ls,lst->lt", weight, parts.exchange)
        spread = _laid_over(moved, self.isotopes(parts.natural))
        centre = self._pattern_mz(parts.natural) - self._mz(parts.natural)
        self._add(bins, molecule, parts.mass + centre + LABELLED_SHIFTS[0], spread)
        return bins.view(len(share), -1)[:, 1:]

    @torch.no_grad()
    def _likely_extra(
        self, molecule: int, atoms: Tensor, weight: Tensor, of_pieces: Tensor, batch: Batch
    ) -> np.ndarray:
        """Return what ``likely_extra`` gives for a molecule and the ions of it that are seen."""
        own = batch.pieces.molecule[batch.piece_labels.rows] == molecule
        rows, parts = batch.piece_labels.rows[own], batch.piece_labels
        mass = self._mz(batch.pieces.elements[rows])
        of_ions = torch.bincount(self._mz(atoms), weight, int(mass[0]) + 1)
        tables = (parts.natural[own], parts.mass[own], parts.exchange[own])
        arrays = (mass, count_cuts(batch.pieces.cuts[rows]), of_pieces[rows], of_ions)
        labels = batch.labels[batch.labels[:, 0] == molecule, 1:]
        return likely_extra(
            LabelledParts(*(each.cpu().numpy() for each in tables)),
            *(each.cpu().numpy() for each in arrays),
            labels.cpu().numpy(),
        )

    def _labelled_pattern(
        self, atoms: Tensor, whole: Tensor, labels: Tensor, extra: np.ndarray
    ) -> Tensor:
        """Return the patterns of ions of one molecule, its isotope labels among them, ``(n, k)``.

        Args:
            atoms: of the ions, ``(n, len(ELEMENTS))``.
            whole: of the molecule, ``(len(ELEMENTS),)``.
            labels: element, extra mass and number of each label, ``(l, 3)``.
            extra: as ``likely_extra`` gives it.
        """
        whole, labels = whole.cpu().numpy(), labels.cpu().numpy()
        unlabelled = torch.from_numpy(unlabelled_shares(whole, labels)).to(atoms.device)
        pattern = self.isotopes(atoms * unlabelled).cpu().numpy()
        pattern = with_labels(pattern, atoms.cpu().numpy(), whole, labels, extra)
        return torch.from_numpy(pattern).to(atoms.device)

    def _add(self, bins: Tensor, row: Tensor, mz: Tensor, spread: Tensor, charge: int = 1) -> None:
        """Add ions with their isotopes into bins, the first of each row takes what lies outside.

        Args:
            bins: those of 0 to ``max_mz``, row by row, flat.
            row: of each ion, ``(n,)``.
            mz: the mass that its shifts are counted from, ``(n,)``.
            spread: what it adds from ``IsotopeEnvelope.LOWEST`` below that on, ``(n, k)``.
            charge: of the ions; at half their mass, odd ones are rounded down.
        """
        shift = torch.arange(spread.shape[1], device=mz.device) + IsotopeEnvelope.LOWEST
        mz = (mz[:, None] + shift) // charge
        inside = (mz >= 1) & (mz <= self.max_mz)
        place = row[:, None] * (self.max_mz + 1) + mz.where(inside, 0)
        bins.index_add_(0, place.flatten(), spread.flatten())


def double_losses() -> Tensor:
    """Return the losses after which two charges are looked for, ``(d, len(ELEMENTS))`` int64."""
    counts = [count_elements(formula) or {} for formula in DOUBLE_LOSSES]
    return torch.tensor([[own.get(element, 0) for element in ELEMENTS] for own in counts])


def doubly_charged(atoms: Tensor, losses: Tensor, masses: Tensor) -> Tensor:
    """Return which losses leave molecules an ion that can hold two charges, ``(b, d)`` bool.

    Args:
        atoms: of the molecules, ``(b, len(ELEMENTS))``.
        losses: as ``double_losses`` gives them.
        masses: of the elements, ``(len(ELEMENTS),)``, Da.
    """
    left = atoms[:, None] - losses
    whole = (atoms * masses).sum(1)[:, None]
    return (left >= 0).all(2) & can_hold_two_charges(left) & (2 * (left * masses).sum(2) >= whole)


def _laid_over(weights: Tensor, pattern: Tensor) -> Tensor:
    """Return patterns ``(n, k)`` at each shift of weights ``(n, s)``, ``(n, s + k - 1)``."""
    last = weights.shape[1] - 1
    return sum(F.pad(weights[:, i : i + 1] * pattern, (i, last - i)) for i in range(last + 1))
