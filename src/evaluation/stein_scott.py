"""The scores of Stein and Scott for searching a library of EI mass spectra.

S. E. Stein and D. R. Scott, J. Am. Soc. Mass Spectrom. 1994, 5, 859, Table 1. There an unknown, U,
is compared with a spectrum of the library, L. Here the measured spectrum is the unknown and the
predicted one stands in the library.
"""

from __future__ import annotations

import numpy as np

from .comparable import comparable, divided
from .cosines import cosine_of_rows, weighted_peaks

# The powers that the paper found best for the dot product.
MASS_POWER = 3.0
INTENSITY_POWER = 0.6


def stein_scott_dot_product(
    predicted: np.ndarray,
    true: np.ndarray,
    lowest_mz: np.ndarray | int,
    *,
    mass_power: float = MASS_POWER,
    intensity_power: float = INTENSITY_POWER,
) -> np.ndarray:
    """Return the dot product F_D = (Σ W_L·W_U)² / (Σ W_L² · Σ W_U²), with W = m^a·I^b.

    It is the square of a cosine; later authors often give the cosine itself and call it by the same
    name, so mind which one a number is. By default it is the square of
    :func:`.cosines.nist_gc_cosine`, with ``mass_power=1`` and ``intensity_power=0.5`` that of
    :func:`.cosines.weighted_cosine`.

    Args:
        predicted: as in :func:`.metrics.score`, as are the next two and what is raised.
        true: measured intensities.
        lowest_mz: lowest recorded nominal m/z.
        mass_power: the power a of the mass.
        intensity_power: the power b of the intensity.

    Returns:
        Values from 0 to 1, shape ``(b,)``, float64; the same if the spectra change places.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import stein_scott_dot_product
        >>> predicted, true = np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]])
        >>> stein_scott_dot_product(predicted, true, 1, mass_power=1, intensity_power=0.5)
        array([0.8])
    """
    p, t = comparable(predicted, true, lowest_mz)
    return _dot_product(p, t, mass_power, intensity_power)


def stein_scott_composite(
    predicted: np.ndarray,
    true: np.ndarray,
    lowest_mz: np.ndarray | int,
    *,
    mass_power: float = MASS_POWER,
    intensity_power: float = INTENSITY_POWER,
) -> np.ndarray:
    """Return the composite of the dot product and the ratios of neighbouring peaks.

    (N_U·F_D + N_LU·F_R) / (N_U + N_LU), where N_U is the number of peaks of the measured spectrum,
    N_LU the number of those that the predicted one has too, F_D the dot product and
    F_R = 1/N_LU · Σ (W_L,i/W_L,i−1 · W_U,i−1/W_U,i)^±1 over the neighbours among the common peaks,
    the sign such that no term is above 1.

    N peaks have N − 1 pairs of neighbours but the sum is divided by N, so two equal spectra score
    1 − 1/(2N), not 1. NIST's program computes another composite, see
    :func:`.match_factor.nist_identity_match_factor`.

    Args and Raises as in :func:`stein_scott_dot_product`.

    Returns:
        Values from 0 to 1, shape ``(b,)``, float64; others if the spectra change places and differ
        in their number of peaks.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import stein_scott_composite
        >>> spectrum = np.array([[0.5, 1.0, 0.0, 0.2, 0.7]])
        >>> stein_scott_composite(spectrum, spectrum, 1)
        array([0.875])
    """
    p, t = comparable(predicted, true, lowest_mz)
    common = (p > 0) & (t > 0)
    row = np.nonzero(common)[0]
    second = np.flatnonzero(row[1:] == row[:-1]) + 1
    # The mass cancels in the ratio of two ratios: only the power of the intensity is left.
    agreement = ratio_agreement(p[common], t[common], second) ** intensity_power
    ratios = np.bincount(row[second], weights=agreement, minlength=len(p))
    peaks = (t > 0).sum(axis=1)
    dot_product = _dot_product(p, t, mass_power, intensity_power)
    return divided(peaks * dot_product + ratios, peaks + common.sum(axis=1))


def ratio_agreement(library: np.ndarray, unknown: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Say how alike the ratios of neighbouring peaks are in two spectra, from 0 to 1.

    Args:
        library: intensities of the peaks in the order of their masses, above 0 in each pair.
        unknown: intensities at the same masses.
        second: positions of the second peaks of the pairs; the first stands before it.

    Returns:
        For each pair the smaller ratio divided by the larger one.
    """
    first = second - 1
    ratio = library[second] / library[first] * (unknown[first] / unknown[second])
    return np.minimum(ratio, 1.0 / ratio)


def _dot_product(
    p: np.ndarray, t: np.ndarray, mass_power: float, intensity_power: float
) -> np.ndarray:
    weighted = (weighted_peaks(spectra, mass_power, intensity_power) for spectra in (p, t))
    return cosine_of_rows(*weighted) ** 2
