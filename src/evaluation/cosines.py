"""Cosines of predicted and measured spectra, plain and with weighted peaks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .comparable import comparable, divided, masses, powers


def cosine(predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int) -> np.ndarray:
    """Return the plain cosine, Σ P·T / √(Σ P² · Σ T²).

    Args and Raises as in :func:`.metrics.score`; the values are of shape ``(b,)``.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import cosine
        >>> cosine(np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]]), 1).round(3)
        array([0.707])
    """
    return cosine_of_rows(*comparable(predicted, true, lowest_mz))


def weighted_cosine(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> np.ndarray:
    """Return the cosine of m·P^0.5 and m·T^0.5, with m the mass.

    The root of the dot product of Stein and Scott (J. Am. Soc. Mass Spectrom. 1994, 5, 859),
    weighted as in NEIMS (Wei et al., ACS Cent. Sci. 2019, 5, 700). Arguments as in
    :func:`.metrics.score`.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import weighted_cosine
        >>> weighted_cosine(np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]]), 1).round(3)
        array([0.894])
    """
    return cosine_of_rows(*map(WEIGHTS["weighted_cosine"], comparable(predicted, true, lowest_mz)))


def nist_gc_cosine(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> np.ndarray:
    """Return the cosine of m³·P^0.6 and m³·T^0.6, with m the mass.

    The weights that Stein and Scott (J. Am. Soc. Mass Spectrom. 1994, 5, 859) found best for the
    dot product in GC-MS libraries. Arguments as in :func:`.metrics.score`.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import nist_gc_cosine
        >>> nist_gc_cosine(np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]]), 1).round(3)
        array([0.992])
    """
    return cosine_of_rows(*map(WEIGHTS["nist_gc_cosine"], comparable(predicted, true, lowest_mz)))


def cosine_of_rows(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return the cosine of the vectors in each row of two arrays, 0 where one has no length."""
    norms = np.sqrt(np.einsum("bm,bm->b", p, p) * np.einsum("bm,bm->b", t, t))
    return divided(np.einsum("bm,bm->b", p, t), norms)


def weighted_peaks(spectra: np.ndarray, mass_power: float, intensity_power: float) -> np.ndarray:
    """Return m^a·I^b of each bin, but for a factor that no cosine sees."""
    # Masses relative to the highest keep high powers near 1.
    mass = masses(spectra) / max(spectra.shape[1], 1)
    return mass**mass_power * powers(spectra, intensity_power)


# What each of the cosines makes of a spectrum first.
WEIGHTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "cosine": lambda spectra: spectra,
    "weighted_cosine": lambda spectra: masses(spectra) * np.sqrt(spectra),
    "nist_gc_cosine": lambda spectra: weighted_peaks(spectra, 3, 0.6),
}
