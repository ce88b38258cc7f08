"""From the shares of ions to spectra, and how the bin head's masses are laid over them.

Shapes: ``b`` molecules, ``n`` fragments of all of them, ``S`` hydrogen shifts, ``r`` rows of
fragments, ``W`` mass shifts, ``c`` spectra of one set of ions that differ in the ions' weights.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.examples.fragment_batch import LABELLED_SHIFTS, LOWEST_SHIFT, SHIFTS, FragmentBatch
from ..spectra.spectrum import BIN_OFFSET
from .isotopes import IsotopeEnvelope


def nominal_mass(mass: Tensor) -> Tensor:
    """Return the bins of exact masses, floor(m + 0.4), as measured spectra are binned."""
    return (mass + BIN_OFFSET).floor().long()


def possible_shifts(fragments: FragmentBatch) -> Tensor:
    """Return which hydrogen shifts a fragment has the hydrogens for, ``(n, S)`` bool.

    A fragment cannot lose more hydrogens than it has, nor take up more than the neutral loss has:
    the molecular ion takes up none.
    """
    shifts = torch.arange(len(SHIFTS), device=fragments.hydrogens.device) + LOWEST_SHIFT
    return (shifts >= -fragments.hydrogens[:, None]) & (shifts <= fragments.lost_hydrogens[:, None])


class Ions(NamedTuple):
    """Intensities of the ions of ``n`` fragments, each with all its isotopes.

    Attributes:
        share: of each fragment at each hydrogen shift, ``(n, S)``.
        exchanged: of the ``l`` fragments of molecules that hold deuterium, the same by mass shift,
            ``(l, S, len(LABELLED_SHIFTS))``.
    """

    share: Tensor
    exchanged: Tensor


class PlacedIons(NamedTuple):
    """Ions of some fragments at the masses of their commonest isotopes.

    Attributes:
        rows: the fragments, anything that selects ``r`` of ``n``.
        molecule: the molecule of each fragment, ``(r,)``.
        mz: nominal mass of each ion, ``(r, W)``.
        weight: share of each ion, ``(r, W)``.
    """

    rows: slice | Tensor
    molecule: Tensor
    mz: Tensor
    weight: Tensor


class IonSpectrum(nn.Module):
    """Adds ions into bins: at the masses of their commonest isotopes, or with all isotopes.

    Args:
        max_mz: highest nominal mass.
    """

    def __init__(self, max_mz: int):
        super().__init__()
        self.max_mz = max_mz
        self.isotopes = IsotopeEnvelope()

    def place(self, share: Tensor, fragments: FragmentBatch) -> list[PlacedIons]:
        """Return the ions at their masses.

        One part for the fragments without deuterium, whose masses shift as their hydrogens do, and
        one for those of molecules with deuterium.

        Args:
            share: share of each fragment at each hydrogen shift, ``(n, S)``.
            fragments: the fragments.
        """
        labelled = fragments.labelled
        if not len(labelled):
            return [self._placed(fragments, slice(None), SHIFTS, share)]
        plain = torch.ones_like(fragments.molecule, dtype=torch.bool)
        plain[labelled] = False
        exchanged = torch.einsum("ns,nst->nt", share[labelled], fragments.exchange)
        return [
            self._placed(fragments, plain, SHIFTS, share[plain]),
            self._placed(fragments, labelled, LABELLED_SHIFTS, exchanged),
        ]

    def _placed(
        self, fragments: FragmentBatch, rows: slice | Tensor, shifts: range, weight: Tensor
    ) -> PlacedIons:
        shift = torch.arange(shifts[0], shifts[-1] + 1, device=weight.device)
        mz = nominal_mass(fragments.mass[rows])[:, None] + shift
        return PlacedIons(rows, fragments.molecule[rows], mz, weight)

    def lightest(self, ions: list[PlacedIons], molecules: int) -> Tensor:
        """Return the spectra without isotopes, ``(molecules, max_mz)``."""
        bins = self._bins(molecules, ions[0].weight[:, :, None])
        for part in ions:
            self._add(bins, part.molecule, part.mz, part.weight[:, :, None])
        return self._spectra(bins, molecules)[0]

    def spread(
        self, ions: list[PlacedIons], fragments: FragmentBatch, scales: Tensor | None = None
    ) -> Tensor:
        """Return the spectra with all isotopes.

        Args:
            ions: the ions at their masses.
            fragments: their fragments.
            scales: what the ions of each mass are multiplied by, ``(c, b, max_mz)``; one spectrum
                of the ions as they are where there are none.

        Returns:
            Shape ``(c, b, max_mz)``.
        """
        bins = None
        for part in ions:
            weights = part.weight[:, :, None]  # (r, W, c)
            if scales is not None:
                weights = weights * self._scaled_at(scales, part)
            spread = _convolve(weights, self.isotopes(fragments.elements[part.rows]))  # (r, T, c)
            shift = torch.arange(spread.shape[1], device=spread.device) + IsotopeEnvelope.LOWEST
            if bins is None:
                bins = self._bins(len(fragments), spread)
            self._add(bins, part.molecule, part.mz[:, :1] + shift, spread)
        return self._spectra(bins, len(fragments))

    def intensities(
        self, ions: list[PlacedIons], share: Tensor, fragments: FragmentBatch, scale: Tensor
    ) -> Ions:
        """Return the intensities of the ions, each with all its isotopes.

        Args:
            ions: the ions at their masses, as ``place`` gives them for ``share``.
            share: share of each fragment at each hydrogen shift, ``(n, S)``.
            fragments: the fragments.
            scale: what the ions of each mass are multiplied by, ``(b, max_mz)``.
        """
        plain, *with_labels = ions
        scaled = share.clone()
        scaled[plain.rows] = plain.weight * self._scaled_at(scale[None], plain).squeeze(2)
        exchanged = share.new_zeros(fragments.exchange.shape)
        for part in with_labels:
            at = self._scaled_at(scale[None], part).squeeze(2)
            exchanged = share[part.rows][:, :, None] * fragments.exchange * at[:, None]
            scaled[part.rows] = exchanged.sum(2)
        return Ions(scaled, exchanged)

    def _scaled_at(self, scales: Tensor, ions: PlacedIons) -> Tensor:
        """Return the scales ``(c, b, max_mz)`` of each ion, ``(r, W, c)``; 0 outside the range."""
        bins = F.pad(scales, (1, 1)).flatten(1).T.contiguous()
        place = self._place(ions.molecule, ions.mz)
        return bins.index_select(0, place).unflatten(0, ions.mz.shape)

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
