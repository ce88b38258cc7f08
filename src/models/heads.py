"""Heads: from a molecule's vector to a spectrum."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Hardly an instrument records ions lighter than a carbon atom (of 10,000 MassBank spectra, 14 do,
# the carrier gas among them), so nothing would teach a model that they are rare.
LIGHTEST_ION = 12


class Prediction(NamedTuple):
    """What a model gives for ``b`` molecules.

    Attributes:
        intensity: predicted spectra, ``(b, max_mz)``; column ``i`` is m/z ``i + 1``; never
            negative, sum 1, zero below m/z 12 (but for hydrogen) and above the molecular ion's
            isotope pattern.
        features: the vector that the spectrum was made from, ``(b, width)``.
        extra: what only this kind of model gives (bond energies; routing).
    """

    intensity: Tensor
    features: Tensor
    extra: object = None


class BidirectionalHead(nn.Module):
    """Intensities by m/z and by neutral loss, mixed by a learned gate.

    The forward part writes at an ion's m/z, the reverse part at the mass lost from the molecular
    ion, so that "loses a methyl" is learned once for molecules of every mass; the gate chooses at
    each m/z (Wei et al., ACS Cent. Sci. 2019, 5, 700).

    Shape:
        ``(b, width)``, nominal mass ``(b,)``, highest m/z ``(b,)`` -> ``(b, max_mz)``
    """

    # The reverse part reaches as far above the molecular ion as an isotope pattern does:
    # hexabromobenzene's ends at M + 12.
    ABOVE_MOLECULAR_ION = 24

    def __init__(self, width: int, max_mz: int):
        super().__init__()
        self.max_mz = max_mz
        self.forward_part = nn.Linear(width, max_mz)
        self.reverse_part = nn.Linear(width, max_mz)
        self.gate = nn.Linear(width, max_mz)

    def forward(self, x: Tensor, nominal_mass: Tensor, highest_mz: Tensor) -> Tensor:
        """Return intensities of sum 1."""
        mz = torch.arange(1, self.max_mz + 1, device=x.device)
        loss = nominal_mass[:, None] + self.ABOVE_MOLECULAR_ION - mz  # (b, max_mz)
        reachable = (loss >= 0) & (loss < self.max_mz)
        # In full precision, whatever the layers run in: the sums are over a thousand bins.
        by_loss = self.reverse_part(x).float().gather(1, loss.clamp(0, self.max_mz - 1))
        by_mz = self.forward_part(x).float()
        gate = torch.where(reachable, torch.sigmoid(self.gate(x).float()), 1.0)
        intensity = F.softplus(gate * by_mz + (1 - gate) * by_loss)
        lightest = nominal_mass.clamp(max=LIGHTEST_ION)  # hydrogen itself is lighter
        impossible = (mz > highest_mz[:, None]) | (mz < lightest[:, None])
        intensity = intensity.masked_fill(impossible, 0.0)
        return intensity / intensity.sum(1, keepdim=True)
