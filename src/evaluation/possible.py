"""Which nominal masses a molecule's ions can have at all."""

from __future__ import annotations

import numpy as np

from ..chemistry.possible_masses import possible_masses


def impossible_share(
    intensity: np.ndarray, atoms: np.ndarray, labels: np.ndarray, highest_mz: np.ndarray
) -> np.ndarray:
    """Return the share of predicted intensity at masses that no ion of the molecule can have.

    Args:
        intensity: predicted spectra, ``(b, max_mz)``.
        atoms: atoms of each element, ``(b, len(ELEMENTS))``.
        labels: molecule, element, extra mass and number of each kind of isotope label, ``(l, 4)``.
        highest_mz: highest m/z of each molecular ion's isotope pattern, ``(b,)``.

    Returns:
        Shape ``(b,)``, 0 to 1.
    """
    mz = np.arange(1, intensity.shape[1] + 1)
    shares = np.zeros(len(intensity))
    for i, spectrum in enumerate(intensity):
        own = labels[labels[:, 0] == i, 1:]
        possible = possible_masses(atoms[i], own, len(mz), doubly_charged=True)
        possible &= mz <= highest_mz[i]
        shares[i] = spectrum[~possible].sum() / max(spectrum.sum(), 1e-12)
    return shares
