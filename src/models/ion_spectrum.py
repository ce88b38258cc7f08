"""From the shares of ions to spectra, and how the bin head's masses are laid over them.

Shapes: ``b`` molecules, ``n`` fragments of all of them, ``S`` hydrogen shifts, ``r`` rows of
fragments, ``W`` mass shifts, ``c`` spectra of one set of ions that differ in the ions' weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..chemistry.composition import MASS_NUMBERS, PATTERN_MASSES
from ..chemistry.double_charges import can_hold_two_charges
from ..chemistry.isotope_labels import LABELLED_SHIFTS, LOWEST_SHIFT, SHIFTS
from ..data.examples.fragment_batch import FragmentBatch
from .isotopes import IsotopeEnvelope


def possible_shifts(fragments: FragmentBatch) -> Tensor:
    """Return which hydrogen shifts a fragment has the hydrogens for, ``(n, S)`` bool.

    A fragment cannot lose more hydrogens than it has, nor take up more than the neutral loss has:
    the molecular ion takes up none.
    """
    shifts = torch.arange(len(SHIFTS), device=fragments.elements.device) + LOWEST_SHIFT
    return (shifts >= -fragments.hydrogens[:, None]) & (shifts <= fragments.lost_hydrogens[:, None])


def doubly_charged(fragments: FragmentBatch) -> Tensor:
    """Return which fragments are looked for with two charges, ``(n,)`` bool.

    Those of half the molecule's mass or more that have the atoms of an arene.
    """
    first = torch.ones_like(fragments.molecule)
    first[1:] = fragments.molecule.diff()  # the whole molecule comes first
    whole = fragments.mass[first > 0][fragments.molecule]
    return can_hold_two_charges(fragments.elements.long()) & (2 * fragments.mass >= whole)


class IonSpectrum(nn.Module):
    """Adds ions into bins: at the masses of their commonest isotopes, or with all isotopes.

    Ions of two charges lie at half their masses, odd ones rounded down (``double_charges``).

    Args:
        max_mz: highest nominal mass.
    """

    def __init__(self, max_mz: int):
        super().__init__()
        self.max_mz = max_mz
        self.isotopes = IsotopeEnvelope()
        centres = torch.from_numpy(PATTERN_MASSES - MASS_NUMBERS)
        self.register_buffer("centres", centres, persistent=False)

    def lightest(self, share: Tensor, fragments: FragmentBatch, charge: int = 1) -> Tensor:
        """Return the spectra without isotopes or labels, ``(b, max_mz)``.

        Args:
            share: share of each fragment at each hydrogen shift, ``(n, S)``.
            fragments: the fragments.
            charge: of the ions, 1 or 2.
        """
        bins = self._bins(len(fragments), share[:, :, None])
        self._add(bins, fragments.molecule, self._masses(fragments) // charge, share[:, :, None])
        return self._spectra(bins, len(fragments))[0]

    def scaled(
        self, share: Tensor, fragments: FragmentBatch, scales: Tensor, charge: int = 1
    ) -> Tensor:
        """Return the shares of ions multiplied by what is given for their masses.

        Args:
            share: share of each fragment at each hydrogen shift, ``(n, S)``.
            fragments: the fragments.
            scales: of each m/z without labels, ``(c, b, max_mz)``.
            charge: of the ions, 1 or 2.

        Returns:
            Shape ``(n, S, c)``; 0 for masses out of range.
        """
        bins = F.pad(scales, (1, 1)).flatten(1).T.contiguous()
        place = self._place(fragments.molecule, self._masses(fragments) // charge)
        return share[:, :, None] * bins.index_select(0, place).unflatten(0, share.shape)

    def spread(self, weights: Tensor, fragments: FragmentBatch, charge: int = 1) -> Tensor:
        """Return the spectra with all isotopes, each ion moved by the labels that it keeps.

        Args:
            weights: of each fragment at each hydrogen shift, ``(n, S, c)``.
            fragments: the fragments.
            charge: of the ions, 1 or 2.

        Returns:
            Shape ``(c, b, max_mz)``.
        """
        bins = self._bins(len(fragments), weights)
        labels, plain = fragments.labels, slice(None)
        if charge > 1:  # few fragments have such ions
            plain = weights.detach().flatten(1).amax(1) > 0
        elif len(labels):
            plain = torch.ones_like(fragments.molecule, dtype=torch.bool)
        if len(labels):
            plain[labels.rows] = False
            moved = torch.einsum("lsc,lst->ltc", weights[labels.rows], labels.exchange)
            lightest = labels.mass + LABELLED_SHIFTS[0]
            rows = fragments.molecule[labels.rows]
            self._add_ions(bins, rows, lightest, labels.natural, moved, charge)
        lightest = fragments.mass[plain] + LOWEST_SHIFT
        elements = fragments.elements[plain]
        rows = fragments.molecule[plain]
        self._add_ions(bins, rows, lightest, elements, weights[plain], charge)
        return self._spectra(bins, len(fragments))

    def _masses(self, fragments: FragmentBatch) -> Tensor:
        """Return the masses of the ions without isotopes or labels, ``(n, S)``."""
        shift = torch.arange(len(SHIFTS), device=fragments.molecule.device) + LOWEST_SHIFT
        return fragments.mass[:, None] + shift

    def _add_ions(
        self,
        bins: Tensor,
        molecule: Tensor,
        lightest: Tensor,
        natural: Tensor,
        weights: Tensor,
        charge: int,
    ) -> None:
        """Add ions with their isotopes.

        Args:
            bins: added to.
            molecule: the molecule of each, ``(r,)``.
            lightest: the mass that the weights begin at, ``(r,)``.
            natural: atoms of each element without label, ``(r, len(ELEMENTS))``.
            weights: of each and the masses that follow, ``(r, W, c)``.
            charge: of the ions, 1 or 2.
        """
        spread = _convolve(weights, self.isotopes(natural))  # (r, T, c)
        shift = torch.arange(spread.shape[1], device=spread.device) + IsotopeEnvelope.LOWEST
        lightest = lightest + (natural * self.centres).sum(1)
        self._add(bins, molecule, (lightest[:, None] + shift) // charge, spread)

    # A molecule has a bin before and one after those of 1 to max_mz, for what lies outside.

    def _place(self, molecule: Tensor, mz: Tensor) -> Tensor:
        bins = self.max_mz + 2
        return (molecule[:, None] * bins + mz.clamp(0, self.max_mz + 1)).flatten()

    def _bins(self, molecules: int, like: Tensor) -> Tensor:
        return like.new_zeros(molecules * (self.max_mz + 2), like.shape[2])

    def _add(self, bins: Tensor, molecule: Tensor, mz: Tensor, intensity: Tensor) -> None:
        bins.index_add_(0, self._place(molecule, mz), intensity.flatten(0, 1))

    def _spectra(self, bins: Tensor, molecules: int) -> Tensor:
        return bins.unflatten(0, (molecules, -1))[:, 1:-1].movedim(2, 0)


def _convolve(weights: Tensor, envelope: Tensor) -> Tensor:
    """Convolve ``(n, s, c)`` with ``(n, k)`` row by row, to ``(n, s + k - 1, c)``."""
    width = weights.shape[1]
    padded = F.pad(envelope, (width - 1, width - 1))
    # Column t of the result meets weight s at envelope position t - s.
    windows = padded.unfold(1, width, 1).contiguous()  # (n, s + k - 1, s)
    return torch.bmm(windows, weights.flip(1).contiguous())
