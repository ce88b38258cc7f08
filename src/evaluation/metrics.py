"""Similarity of predicted and measured spectra at nominal masses, one value a pair.

All functions take a whole batch, but for :func:`compare`, which takes one pair of
``Spectrum``. Shapes: ``b`` spectra, ``max_mz`` nominal masses; element ``i`` of a row is m/z
``i + 1``. Before anything is compared, each pair is put into one form:

1. bins below the lowest recorded m/z of the measured spectrum are left out of both;
2. both are scaled to base peak 1;
3. predicted peaks under 0.001 of the base peak are left out.

A pair in which either spectrum has no peak left scores 0. Every score lies between 0 (nothing in
common) and 1, and higher is better. The match factors of NIST MS Search are the exception: they
lie between 0 and 999, and take spectra as that program does (see ``match_factor``).
"""

from __future__ import annotations

import numpy as np

from ..spectra.spectrum import Spectrum
from .comparable import PREDICTION_FLOOR, checked, checked_lowest, comparable, divided, normal_form
from .cosines import WEIGHTS, cosine, cosine_of_rows, nist_gc_cosine, weighted_cosine
from .match_factor import nist_identity_match_factor, nist_similarity_match_factor
from .spectral_entropy import (
    entropy_similarity,
    shared_entropy,
    sum_one,
    weighted_entropy_similarity,
)
from .stein_scott import stein_scott_composite, stein_scott_dot_product

__all__ = [
    "METRICS",
    "PREDICTION_FLOOR",
    "SIMILARITIES",
    "TOP_PEAKS",
    "compare",
    "cosine",
    "entropy_similarity",
    "nist_gc_cosine",
    "nist_identity_match_factor",
    "nist_similarity_match_factor",
    "score",
    "score_all_pairs",
    "stein_scott_composite",
    "stein_scott_dot_product",
    "top10_recall",
    "weighted_cosine",
    "weighted_entropy_similarity",
]

TOP_PEAKS = 10
# The metrics that compare all peaks: a library can be searched by them.
SIMILARITIES = (*WEIGHTS, "entropy_similarity")
# The metrics by which models are judged, in the order of their tables.
METRICS = (*SIMILARITIES, "top10_recall")


def score(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> dict[str, np.ndarray]:
    """Return the metrics by which models are judged, for a batch of spectra.

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
    p, t = comparable(predicted, true, lowest_mz)
    return {
        **{name: cosine_of_rows(weighted(p), weighted(t)) for name, weighted in WEIGHTS.items()},
        "entropy_similarity": shared_entropy(sum_one(p), sum_one(t)),
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
        lowest_mz: lowest recorded nominal m/z of each of these, shape ``(q,)``, or one for all.

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
    predicted, true = checked("predicted", predicted), checked("true", true)
    if predicted.shape[1] != true.shape[1]:
        raise ValueError(
            "predicted and true must have the same max_mz, found "
            f"{predicted.shape[1]} and {true.shape[1]}"
        )
    lowest_mz = np.broadcast_to(checked_lowest(lowest_mz, len(true)), len(true))
    values = {name: np.zeros((len(true), len(predicted))) for name in SIMILARITIES}
    # Bins beyond the heaviest peak of the library can be no shared ones.
    peaks = np.flatnonzero(predicted.any(axis=0))
    width = int(peaks[-1]) + 1 if len(peaks) else 0
    for lowest in np.unique(lowest_mz):
        rows = np.flatnonzero(lowest_mz == lowest)
        p = normal_form(predicted[:, :width], lowest, PREDICTION_FLOOR)
        t = normal_form(true[rows], lowest)
        for name, weighted in WEIGHTS.items():
            products = _unit(weighted(t))[:, :width] @ _unit(weighted(p)).T
            values[name][rows] = products.clip(0.0, 1.0)
        p, t = sum_one(p), sum_one(t)[:, :width]
        for row, spectrum in zip(rows, t, strict=True):
            bins = np.flatnonzero(spectrum)
            values["entropy_similarity"][row] = shared_entropy(p[:, bins], spectrum[bins])
    return values


def compare(
    measured: Spectrum, predicted: Spectrum, *, lowest_mz: int | None = None
) -> dict[str, float]:
    """Return every score of two spectra.

    The spectra are binned to nominal masses as everywhere in this package (``Spectrum.binned``; for
    accurate masses MS Search has another rule, m/z to the nearest whole number). The measured
    one is the unknown and the predicted one stands in the library, which matters for the composite,
    the reverse match factors and the top-10 recall.

    Args:
        measured: the measured spectrum.
        predicted: the predicted spectrum, or another to compare with.
        lowest_mz: lowest recorded nominal m/z; that of the measured spectrum's first peak if not
            given.

    Returns:
        Name → value: the metrics of :func:`score` in their order, then
        ``weighted_entropy_similarity``, ``stein_scott_dot_product`` and ``stein_scott_composite``,
        from 0 to 1; then the match factors of NIST MS Search as whole numbers from 0 to 999,
        ``nist_identity_match_factor``, ``nist_identity_reverse_match_factor``,
        ``nist_similarity_match_factor`` and ``nist_similarity_reverse_match_factor``. The function
        of each name tells its formula and source; ``reverse`` is an argument there.

    Example:
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.evaluation.metrics import compare
        >>> measured = Spectrum([29, 31, 45, 46], [299, 999, 517, 216])
        >>> scores = compare(measured, Spectrum([31, 45, 46], [999, 600, 150]))
        >>> round(scores["cosine"], 3), scores["nist_identity_reverse_match_factor"]
        (0.964, 936)
    """
    if lowest_mz is None:
        lowest_mz = int(measured.nominal[0]) if len(measured) else 1
    max_mz = max((int(s.nominal[-1]) for s in (measured, predicted) if len(s)), default=1)
    pair = (predicted.binned(max_mz)[None], measured.binned(max_mz)[None], lowest_mz)
    scores = {
        **score(*pair),
        "weighted_entropy_similarity": weighted_entropy_similarity(*pair),
        "stein_scott_dot_product": stein_scott_dot_product(*pair),
        "stein_scott_composite": stein_scott_composite(*pair),
        "nist_identity_match_factor": nist_identity_match_factor(*pair),
        "nist_identity_reverse_match_factor": nist_identity_match_factor(*pair, reverse=True),
        "nist_similarity_match_factor": nist_similarity_match_factor(*pair),
        "nist_similarity_reverse_match_factor": nist_similarity_match_factor(*pair, reverse=True),
    }
    return {name: values.item() for name, values in scores.items()}


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
    return _top10_recall(*comparable(predicted, true, lowest_mz))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Scale to length 1; a vector of zeros stays one."""
    norms = np.sqrt(np.einsum("bm,bm->b", vectors, vectors))
    return vectors / np.where(norms > 0, norms, 1.0)[:, None]


def _top10_recall(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    true_top = _top(t)
    found = (true_top & _top(p)).sum(axis=1).astype(np.float64)
    return divided(found, true_top.sum(axis=1).astype(np.float64))


def _top(spectra: np.ndarray) -> np.ndarray:
    """Mark the highest peaks of each row; the stable order puts the lower m/z first in a tie."""
    highest = np.argsort(-spectra, axis=1, kind="stable")[:, :TOP_PEAKS]
    marks = np.zeros(spectra.shape, dtype=bool)
    np.put_along_axis(marks, highest, True, axis=1)
    return marks & (spectra > 0)
