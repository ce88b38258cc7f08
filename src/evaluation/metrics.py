"""Similarity of predicted and measured spectra at nominal masses, one value a pair.

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
    p, t = _comparable(predicted, true, lowest_mz)
    return {
        **{name: _cosine(weighted(p), weighted(t)) for name, weighted in _WEIGHTS.items()},
        "entropy_similarity": _entropy_similarity(p, t),
        "top10_recall": _top10_recall(p, t),
    }


def score_all_pairs(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> dict[str, np.ndarray]:
    """Return the similarity of each measured spectrum to each predicted one.

    The values are those of :func:`score`, computed as matrix products where that is possible; the
    work grows with the number of different ``lowest_mz``.

    Args:
        predicted: intensities of the spectra of a library on any scale, shape ``(n, max_mz)``.
        true: measured intensities on any scale, shape ``(q, max_mz)``.
        lowest_mz: lowest recorded nominal m/z of each measured spectrum, shape ``(q,)``, or one
            for all.

    Returns:
        Name of the similarity → values of shape ``(q, n)``, float64, in the order of
        ``SIMILARITIES``.

    Raises:
        ValueError: as in :func:`score`.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import score_all_pairs
        >>> library = np.array([[0.0, 1.0], [1.0, 1.0]])
        >>> score_all_pairs(library, np.array([[0.0, 3.0]]), 1)["cosine"].round(3)
        array([[1.   , 0.707]])
    """
    predicted, true = _checked("predicted", predicted), _checked("true", true)
    if predicted.shape[1] != true.shape[1]:
        raise ValueError(
            "predicted and true must have the same max_mz, found "
            f"{predicted.shape[1]} and {true.shape[1]}"
        )
    lowest_mz = np.broadcast_to(_checked_lowest(lowest_mz, len(true)), len(true))
    values = {name: np.zeros((len(true), len(predicted))) for name in SIMILARITIES}
    # Bins beyond the heaviest peak of the library can be no shared ones.
    peaks = np.flatnonzero(predicted.any(axis=0))
    width = int(peaks[-1]) + 1 if len(peaks) else 0
    for lowest in np.unique(lowest_mz):
        rows = np.flatnonzero(lowest_mz == lowest)
        p = _normal_form(predicted[:, :width], lowest, PREDICTION_FLOOR)
        t = _normal_form(true[rows], lowest)
        for name, weighted in _WEIGHTS.items():
            products = _unit(weighted(t))[:, :width] @ _unit(weighted(p)).T
            values[name][rows] = products.clip(0.0, 1.0)
        p, t = _sum_one(p), _sum_one(t)[:, :width]
        for row, spectrum in zip(rows, t, strict=True):
            bins = np.flatnonzero(spectrum)
            values["entropy_similarity"][row] = _shared_entropy(p[:, bins], spectrum[bins])
    return values


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
    return _cosine(*map(_stein_scott, _comparable(predicted, true, lowest_mz)))


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
    return _cosine(*map(_nist_gc, _comparable(predicted, true, lowest_mz)))


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
    predicted, true = _checked("predicted", predicted), _checked("true", true)
    if predicted.shape != true.shape:
        raise ValueError(
            "predicted and true must both be (spectra, max_mz), found "
            f"{predicted.shape} and {true.shape}"
        )
    lowest_mz = _checked_lowest(lowest_mz, len(true)).reshape(-1, 1)
    return _normal_form(predicted, lowest_mz, PREDICTION_FLOOR), _normal_form(true, lowest_mz)


def _checked(name: str, spectra: np.ndarray) -> np.ndarray:
    spectra = np.asarray(spectra, dtype=np.float64)
    if spectra.ndim != 2:
        raise ValueError(f"{name} must be (spectra, max_mz), found {spectra.shape}")
    # min and max are NaN where any value is, and NaN fails both comparisons.
    if not (spectra.min(initial=0.0) >= 0.0 and spectra.max(initial=0.0) < np.inf):
        raise ValueError(f"{name} intensities must be finite and not negative")
    return spectra


def _checked_lowest(lowest_mz: np.ndarray | int, spectra: int) -> np.ndarray:
    lowest_mz = np.asarray(lowest_mz)
    if lowest_mz.shape not in ((), (spectra,)):
        raise ValueError(f"lowest_mz must be ({spectra},), found {lowest_mz.shape}")
    return lowest_mz


def _normal_form(
    spectra: np.ndarray, lowest_mz: np.ndarray | int, floor: float = 0.0
) -> np.ndarray:
    """Leave out what was not recorded, scale to base peak 1, leave out peaks under the floor."""
    spectra = np.where(_masses(spectra) >= lowest_mz, spectra, 0.0)
    base = spectra.max(axis=1, keepdims=True, initial=0.0)
    spectra /= np.where(base > 0, base, 1.0)
    if floor:
        spectra[spectra < floor] = 0.0
    return spectra


def _masses(spectra: np.ndarray) -> np.ndarray:
    return np.arange(1, spectra.shape[1] + 1, dtype=np.float64)


def _divided(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, 0 where the denominator is 0; rounding is kept from leaving 0…1."""
    quotient = np.zeros_like(numerator)
    np.divide(numerator, denominator, out=quotient, where=denominator > 0)
    return quotient.clip(0.0, 1.0)


def _cosine(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    norms = np.sqrt(np.einsum("bm,bm->b", p, p) * np.einsum("bm,bm->b", t, t))
    return _divided(np.einsum("bm,bm->b", p, t), norms)


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Scale to length 1; a vector of zeros stays one."""
    norms = np.sqrt(np.einsum("bm,bm->b", vectors, vectors))
    return vectors / np.where(norms > 0, norms, 1.0)[:, None]


def _stein_scott(spectra: np.ndarray) -> np.ndarray:
    return _masses(spectra) * np.sqrt(spectra)


def _nist_gc(spectra: np.ndarray) -> np.ndarray:
    # Masses relative to the highest keep the cubes near 1; the cosine does not change.
    mass = _masses(spectra) / max(spectra.shape[1], 1)
    return mass**3 * _power(spectra, 0.6)


def _power(spectra: np.ndarray, exponent: float) -> np.ndarray:
    # Most bins are empty, and a power is dear.
    raised = np.zeros_like(spectra)
    peaks = spectra > 0
    raised[peaks] = spectra[peaks] ** exponent
    return raised


def _entropy_similarity(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    return _shared_entropy(_sum_one(p), _sum_one(t))


def _sum_one(spectra: np.ndarray) -> np.ndarray:
    total = spectra.sum(axis=1, keepdims=True)
    return spectra / np.where(total > 0, total, 1.0)


def _shared_entropy(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    # With all sums 1 the formula is Σ ((p+t)·ln(p+t) − p·ln p − t·ln t) / ln 4, in which a bin that
    # only one of the spectra has adds nothing: so only the shared bins are computed.
    shared = (p > 0) & (t > 0)
    row = np.nonzero(shared)[0]
    p, t = p[shared], np.broadcast_to(t, shared.shape)[shared]
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


# The similarities that are cosines: what each makes of a spectrum before the plain cosine.
_WEIGHTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "cosine": lambda spectra: spectra,
    "weighted_cosine": _stein_scott,
    "nist_gc_cosine": _nist_gc,
}
# The metrics that compare all peaks: a library can be searched by them.
SIMILARITIES = (*_WEIGHTS, "entropy_similarity")
METRICS = (*SIMILARITIES, "top10_recall")
