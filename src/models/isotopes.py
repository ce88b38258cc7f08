"""The isotope pattern of an ion as a fixed layer."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..chemistry.isotopes import CENTRES, HIGHEST_ISOTOPE, ISOTOPE_RATIOS, LOWEST_ISOTOPE
from ..chemistry.molecule import ELEMENTS


class IsotopeEnvelope(nn.Module):
    """Isotope patterns of formulas at nominal masses, by Fourier transform.

    A convolution is a product of Fourier transforms, so the transform of a formula's pattern is
    Π φ(element)^count = exp(Σ count · ln φ(element)): one matrix product for all formulas at once
    (Rockwood, Van Orden and Smith, Anal. Chem. 1995, 67, 2699).

    The patterns reach from ``LOWEST`` to ``HIGHEST``, counted from the sum of ``PATTERN_MASSES``;
    what lies beyond is left out.

    Shape:
        atoms of each element ``(n, len(ELEMENTS))`` -> ``(n, WIDTH)``: abundance at
        each mass shift, sum 1 (less what is left out)

    Example:
        >>> import torch
        >>> from nextims.chemistry.molecule import ELEMENTS
        >>> from nextims.models.isotopes import IsotopeEnvelope
        >>> chlorine = torch.tensor([[float(element == "Cl") for element in ELEMENTS]])
        >>> pattern = IsotopeEnvelope()(2 * chlorine)[0, -IsotopeEnvelope.LOWEST :]
        >>> (pattern[:5] / pattern[0]).round(decimals=2)
        tensor([1.0000, 0.0000, 0.6400, 0.0000, 0.1000])
    """

    LOWEST = LOWEST_ISOTOPE
    HIGHEST = HIGHEST_ISOTOPE
    WIDTH = HIGHEST - LOWEST + 1
    # Wide enough that nothing worth counting wraps around.
    _LENGTH = 32

    def __init__(self):
        super().__init__()
        length, half = self._LENGTH, self._LENGTH // 2 + 1
        angle = -2 * math.pi * torch.arange(half, dtype=torch.float64) / length
        transforms = []
        for element in ELEMENTS:
            ratios = ISOTOPE_RATIOS[element]
            one, middle = torch.ones_like(angle), CENTRES.get(element, 0)
            terms = [ratio * torch.polar(one, angle * (s - middle)) for s, ratio in ratios.items()]
            transforms.append((sum(terms) / sum(ratios.values())).log())
        logs = torch.stack(transforms)
        self.register_buffer("logs", torch.cat([logs.real, logs.imag], 1), persistent=False)
        # The inverse transform of a real signal counts all frequencies but the first and the
        # last twice.
        shifts = torch.arange(self.LOWEST, self.HIGHEST + 1, dtype=torch.float64)
        weight = torch.full((half, 1), 2.0, dtype=torch.float64)
        weight[0] = weight[-1] = 1.0
        phase = -angle[:, None] * shifts
        inverse = torch.cat([weight * phase.cos(), -weight * phase.sin()]) / length
        self.register_buffer("inverse", inverse.float(), persistent=False)

    @torch.no_grad()
    @torch.autocast("cpu", enabled=False)
    @torch.autocast("cuda", enabled=False)
    def forward(self, elements: Tensor, shifts: Tensor | None = None) -> Tensor:
        """Return the patterns, float32, at these mass shifts, ``(shifts,)``; at all if left out."""
        inverse = self.inverse
        if shifts is not None:
            inverse = inverse.index_select(1, shifts - self.LOWEST)
        real, imaginary = (elements.double() @ logs for logs in self.logs.chunk(2, dim=1))
        # The angles grow with the formula; below a full turn single precision is enough.
        angle = imaginary.remainder(2 * math.pi).float()
        size = real.float().exp()
        transform = torch.cat([size * angle.cos(), size * angle.sin()], 1)
        return (transform @ inverse).clamp_min(0.0)
