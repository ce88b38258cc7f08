"""Similarity of predicted and measured spectra at nominal masses, one value a spectrum.

All functions take a whole batch. Shapes: ``b`` spectra, ``max_mz`` nominal masses; element ``i`` of
a row is m/z ``i + 1``. Before anything is compared, each pair is put into one form:

1. bins below the lowest recorded m/z of the measured spectrum are left out of both;
2. both are scaled to base peak 1;
3. predicted peaks under 0.001 of the base peak are left out.

A pair in which either spectrum has no peak left scores 0. Every score lies between 0 (nothing in
common) and 1, and higher is better.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# A prediction below this share of its base peak is not a peak; exported files drop it as well.
PREDICTION_FLOOR = 1e-3
TOP_PEAKS = 10


def score(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> dict[str, np.ndarray]:
    """Return every metric for a batch of spectra.

    Args:
        predicted: predicted intensities on any scale, shape ``(b, max_mz)``.
        true: measured intensities on any scale, shape ``(b, max_mz)``.
        lowest_mz: lowest recorded nominal m/z of each measured spectrum, shape ``(b,)``, or one
            for all.

    Returns:
        Metric name → values of shape ``(b,)``, float64, in the order cosine, weighted_cosine,
        nist_gc_cosine, entropy_similarity, top10_recall.

    Raises:
        ValueError: the shapes do not fit, or an intensity is negative or not finite.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import score
        >>> spectrum = np.array([[0.0, 0.2, 1.0]])
        >>> score(spectrum, spectrum, 1)["cosine"]
        array([1.])
    """
    pair = _comparable(predicted, true, lowest_mz)
    return {name: metric(*pair) for name, metric in _METRICS.items()}


def cosine(predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int) -> np.ndarray:
    """Return the plain cosine, Σ P·T / √(Σ P² · Σ T²).

    Args, Returns and Raises as in :func:`score`; the value is one array of shape ``(b,)``.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import cosine
        >>> cosine(np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]]), 1).round(3)
        array([0.707])
    """
    return _cosine(*_comparable(predicted, true, lowest_mz))


def weighted_cosine(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> np.ndarray:
    """Return the cosine of m·P^0.5 and m·T^0.5, with m the mass.

    The dot product of Stein and Scott (J. Am. Soc. Mass Spectrom. 1994, 5, 859), weighted as in
    NEIMS (Wei et al., ACS Cent. Sci. 2019, 5, 700). Arguments as in :func:`score`.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import weighted_cosine
        >>> weighted_cosine(np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]]), 1).round(3)
        array([0.894])
    """
    return _weighted_cosine(*_comparable(predicted, true, lowest_mz))


def nist_gc_cosine(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> np.ndarray:
    """Return the cosine of m³·P^0.6 and m³·T^0.6, with m the mass.

    The weights that Stein and Scott (J. Am. Soc. Mass Spectrom. 1994, 5, 859) found best for the
    dot product in GC-MS libraries. Arguments as in :func:`score`.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import nist_gc_cosine
        >>> nist_gc_cosine(np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]]), 1).round(3)
        array([0.992])
    """
    return _nist_gc_cosine(*_comparable(predicted, true, lowest_mz))


def entropy_similarity(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> np.ndarray:
    """Return the unweighted spectral-entropy similarity.

    1 − (2·H((p+t)/2) − H(p) − H(t)) / ln 4, where p and t are the spectra scaled to sum 1 and H is
    the Shannon entropy in nats (Li et al., Nat. Methods 2021, 18, 1524). Arguments as in
    :func:`score`.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import entropy_similarity
        >>> entropy_similarity(np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]]), 1).round(3)
        array([0.689])
    """
    return _entropy_similarity(*_comparable(predicted, true, lowest_mz))


def top10_recall(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> np.ndarray:
    """Return the share of the 10 highest true peaks that are among the 10 highest predicted.

    A measured spectrum of fewer than 10 peaks is judged by those it has. Among peaks of equal
    intensity, the one of lower m/z counts as the higher. Arguments as in :func:`score`.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import top10_recall
        >>> top10_recall(np.array([[1.0, 0.5, 0.0]]), np.array([[1.0, 0.0, 0.5]]), 1)
        array([0.5])
    """
    return _top10_recall(*_comparable(predicted, true, lowest_mz))


def _comparable(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> tuple[np.ndarray, np.ndarray]:
    """Check a batch and bring both spectra into the form that the module's docstring describes."""
    predicted, true = (np.asarray(spectra, dtype=np.float64) for spectra in (predicted, true))
    lowest_mz = np.asarray(lowest_mz)
    if predicted.ndim != 2 or predicted.shape != true.shape:
        raise ValueError(
            "predicted and true must both be (spectra, max_mz), found "
            f"{predicted.shape} and {true.shape}"
        )
    if lowest_mz.shape not in ((), (len(true),)):
        raise ValueError(f"lowest_mz must be ({len(true)},), found {lowest_mz.shape}")
    for name, spectra in (("predicted", predicted), ("true", true)):
        # min and max are NaN where any value is, and NaN fails both comparisons.
        if not (spectra.min(initial=0.0) >= 0.0 and spectra.max(initial=0.0) < np.inf):
            raise ValueError(f"{name} intensities must be finite and not negative")
    recorded = _masses(true) >= lowest_mz.reshape(-1, 1)
    predicted, true = (_base_peak_one(np.where(recorded, x, 0.0)) for x in (predicted, true))
    predicted[predicted < PREDICTION_FLOOR] = 0.0
    return predicted, true


def _masses(spectra: np.ndarray) -> np.ndarray:
    return np.arange(1, spectra.shape[1] + 1, dtype=np.float64)


def _base_peak_one(spectra: np.ndarray) -> np.ndarray:
    base = spectra.max(axis=1, keepdims=True, initial=0.0)
    return spectra / np.where(base > 0, base, 1.0)


def _divided(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, 0 where the denominator is 0; rounding is kept from leaving 0…1."""
    quotient = np.zeros_like(numerator)
    np.divide(numerator, denominator, out=quotient, where=denominator > 0)
    return quotient.clip(0.0, 1.0)


def _cosine(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    norms = np.sqrt(np.einsum("bm,bm->b", p, p) * np.einsum("bm,bm->b", t, t))
    return _divided(np.einsum("bm,bm->b", p, t), norms)


def _weighted_cosine(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    mass = _masses(t)
    return _cosine(mass * np.sqrt(p), mass * np.sqrt(t))


def _nist_gc_cosine(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    # Masses relative to the highest keep the cubes near 1; the cosine does not change.
    mass = _masses(t) / max(t.shape[1], 1)
    return _cosine(mass**3 * _power(p, 0.6), mass**3 * _power(t, 0.6))


def _power(spectra: np.ndarray, exponent: float) -> np.ndarray:
    # Most bins are empty, and a power is dear.
    raised = np.zeros_like(spectra)
    peaks = spectra > 0
    raised[peaks] = spectra[peaks] ** exponent
    return raised


def _entropy_similarity(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    # With all sums 1 the formula is Σ ((p+t)·ln(p+t) − p·ln p − t·ln t) / ln 4, in which a bin that
    # only one of the spectra has adds nothing: so only the shared bins are computed.
    shared = (p > 0) & (t > 0)
    row = np.nonzero(shared)[0]
    p = p[shared] / p.sum(axis=1)[row]
    t = t[shared] / t.sum(axis=1)[row]
    both = p + t
    terms = both * np.log(both) - p * np.log(p) - t * np.log(t)
    sums = np.bincount(row, weights=terms, minlength=len(shared))
    return (sums / np.log(4)).clip(0.0, 1.0)


def _top10_recall(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    true_top = _top(t)
    found = (true_top & _top(p)).sum(axis=1).astype(np.float64)
    return _divided(found, true_top.sum(axis=1).astype(np.float64))


def _top(spectra: np.ndarray) -> np.ndarray:
    """Mark the highest peaks of each row; the stable order puts the lower m/z first in a tie."""
    highest = np.argsort(-spectra, axis=1, kind="stable")[:, :TOP_PEAKS]
    marks = np.zeros(spectra.shape, dtype=bool)
    np.put_along_axis(marks, highest, True, axis=1)
    return marks & (spectra > 0)


_METRICS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "cosine": _cosine,
    "weighted_cosine": _weighted_cosine,
    "nist_gc_cosine": _nist_gc_cosine,
    "entropy_similarity": _entropy_similarity,
    "top10_recall": _top10_recall,
}
METRICS = tuple(_METRICS)
