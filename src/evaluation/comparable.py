"""The form in which a predicted and a measured spectrum are compared.

Shapes: ``b`` spectra, ``max_mz`` nominal masses; element ``i`` of a row is m/z ``i + 1``.
"""

from __future__ import annotations

import numpy as np

# A prediction below this share of its base peak is not a peak; exported files drop it as well.
PREDICTION_FLOOR = 1e-3


def comparable(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> tuple[np.ndarray, np.ndarray]:
    """Bring each pair of a batch into the form that ``metrics`` tells of.

    Args and Raises as in :func:`.metrics.score`.

    Returns:
        Predicted and measured spectra, float64; a spectrum with nothing left is all 0.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.comparable import comparable
        >>> comparable(np.array([[9.0, 4.0, 2.0]]), np.array([[0.0, 1.0, 3.0]]), 2)[0]
        array([[0. , 1. , 0.5]])
    """
    predicted, true, lowest_mz = checked_pairs(predicted, true, lowest_mz)
    return normal_form(predicted, lowest_mz, PREDICTION_FLOOR), normal_form(true, lowest_mz)


def checked_pairs(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the arguments of :func:`comparable` as float64, ``lowest_mz`` as a column."""
    predicted, true = checked("predicted", predicted), checked("true", true)
    if predicted.shape != true.shape:
        raise ValueError(
            "predicted and true must both be (spectra, max_mz), found "
            f"{predicted.shape} and {true.shape}"
        )
    return predicted, true, checked_lowest(lowest_mz, len(true)).reshape(-1, 1)


def checked(name: str, spectra: np.ndarray) -> np.ndarray:
    """Return spectra as float64; ``name`` is what an error calls them."""
    spectra = np.asarray(spectra, dtype=np.float64)
    if spectra.ndim != 2:
        raise ValueError(f"{name} must be (spectra, max_mz), found {spectra.shape}")
    # min and max are NaN where any value is, and NaN fails both comparisons.
    if not (spectra.min(initial=0.0) >= 0.0 and spectra.max(initial=0.0) < np.inf):
        raise ValueError(f"{name} intensities must be finite and not negative")
    return spectra


def checked_lowest(lowest_mz: np.ndarray | int, spectra: int) -> np.ndarray:
    """Return ``lowest_mz`` as an array, either of one value or of one a spectrum."""
    lowest_mz = np.asarray(lowest_mz)
    if lowest_mz.shape not in ((), (spectra,)):
        raise ValueError(f"lowest_mz must be ({spectra},), found {lowest_mz.shape}")
    return lowest_mz


def normal_form(spectra: np.ndarray, lowest_mz: np.ndarray | int, floor: float = 0.0) -> np.ndarray:
    """Leave out what was not recorded, scale to base peak 1, leave out peaks under the floor."""
    spectra = np.where(masses(spectra) >= lowest_mz, spectra, 0.0)
    base = spectra.max(axis=1, keepdims=True, initial=0.0)
    spectra /= np.where(base > 0, base, 1.0)
    if floor:
        spectra[spectra < floor] = 0.0
    return spectra


def masses(spectra: np.ndarray) -> np.ndarray:
    """Return the nominal mass of each bin, shape ``(max_mz,)``."""
    return np.arange(1, spectra.shape[1] + 1, dtype=np.float64)


def powers(spectra: np.ndarray, exponent: float | np.ndarray) -> np.ndarray:
    """Raise intensities to a power, one for all or one a row, shape ``(b, 1)``; 0 stays 0."""
    # Most bins are empty, and a power is dear.
    raised = np.zeros_like(spectra)
    peaks = spectra > 0
    raised[peaks] = spectra[peaks] ** np.broadcast_to(exponent, spectra.shape)[peaks]
    return raised


def divided(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, 0 where the denominator is 0; rounding is kept from leaving 0…1."""
    quotient = np.zeros(numerator.shape)
    np.divide(numerator, denominator, out=quotient, where=denominator > 0)
    return quotient.clip(0.0, 1.0)
