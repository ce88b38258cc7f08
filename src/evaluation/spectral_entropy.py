"""Similarity by spectral entropy (Li et al., Nat. Methods 2021, 18, 1524)."""

from __future__ import annotations

import numpy as np

from .comparable import comparable, powers

# Spectra of less entropy than this, in nats, are weighted.
FULL_ENTROPY = 3.0


def entropy_similarity(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> np.ndarray:
    """Return the unweighted spectral-entropy similarity.

    1 − (2·H((p+t)/2) − H(p) − H(t)) / ln 4, where p and t are the spectra scaled to sum 1 and H is
    the Shannon entropy in nats. Arguments as in :func:`.metrics.score`.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import entropy_similarity
        >>> entropy_similarity(np.array([[1.0, 1.0]]), np.array([[1.0, 0.0]]), 1).round(3)
        array([0.689])
    """
    p, t = comparable(predicted, true, lowest_mz)
    return shared_entropy(sum_one(p), sum_one(t))


def weighted_entropy_similarity(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> np.ndarray:
    """Return the spectral-entropy similarity of weighted spectra.

    :func:`entropy_similarity` after each spectrum of entropy S < 3 nats, scaled to sum 1, was
    raised to the power 0.25 + 0.25·S, which makes more of the small peaks where one peak rules;
    the entropy similarity that Li et al. recommend in their Methods. They first take out the peaks
    under 1 % of the base peak as noise; here the peaks are those that every other metric sees.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import weighted_entropy_similarity
        >>> predicted, true = np.array([[1.0, 0.05]]), np.array([[1.0, 0.2]])
        >>> weighted_entropy_similarity(predicted, true, 1).round(3)
        array([0.996])
    """
    p, t = comparable(predicted, true, lowest_mz)
    return shared_entropy(_weighted(sum_one(p)), _weighted(sum_one(t)))


def sum_one(spectra: np.ndarray) -> np.ndarray:
    """Scale each row to sum 1; a row of zeros stays one."""
    total = spectra.sum(axis=1, keepdims=True)
    return spectra / np.where(total > 0, total, 1.0)


def shared_entropy(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Return the entropy similarity of rows that sum to 1, or of each row with one spectrum."""
    # With all sums 1 the formula is Σ ((p+t)·ln(p+t) − p·ln p − t·ln t) / ln 4, in which a bin that
    # only one of the spectra has adds nothing: so only the shared bins are computed.
    shared = (p > 0) & (t > 0)
    row = np.nonzero(shared)[0]
    p, t = p[shared], np.broadcast_to(t, shared.shape)[shared]
    both = p + t
    terms = both * np.log(both) - p * np.log(p) - t * np.log(t)
    sums = np.bincount(row, weights=terms, minlength=len(shared))
    return (sums / np.log(4)).clip(0.0, 1.0)


def _weighted(spectra: np.ndarray) -> np.ndarray:
    entropy = -(spectra * np.log(np.where(spectra > 0, spectra, 1.0))).sum(axis=1, keepdims=True)
    exponent = np.where(entropy < FULL_ENTROPY, 0.25 + 0.25 * entropy, 1.0)
    return sum_one(powers(spectra, exponent))
