"""How far a mean over spectra is to be trusted: bootstrap intervals over molecules.

Shapes: ``n`` spectra (or bonds, or whatever was scored).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Scores = dict[str, np.ndarray]  # metric → value of each spectrum, (n,)
Summary = dict[str, dict[str, float]]  # metric → "mean", "low" and "high"

_RESAMPLES = 1000


def summarize(scores: Scores, molecule: Sequence, seed: int = 0) -> Summary:
    """Return means over spectra and their 95 % bootstrap intervals over molecules.

    Of 1,000 samples. Molecules are drawn, each with all its spectra: replicates are no independent
    evidence. Equal molecules and seeds give equal draws, whatever the scores.

    Args:
        scores: values of each spectrum.
        molecule: which molecule each spectrum is of, ``(n,)``; any identifiers.
        seed: of the draws.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.intervals import summarize
        >>> found = summarize({"cosine": np.array([0.5, 0.7, 0.9])}, ["a", "a", "b"])["cosine"]
        >>> {name: round(value, 2) for name, value in found.items()}
        {'mean': 0.7, 'low': 0.6, 'high': 0.9}
    """
    number = np.unique(molecule, return_inverse=True)[1]
    size = number.max() + 1
    values = np.stack(list(scores.values()), axis=1)  # (n, metrics)
    sums = np.zeros((size, values.shape[1]))
    np.add.at(sums, number, values)
    draws = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), _RESAMPLES)
    means = (draws @ sums) / (draws @ np.bincount(number))[:, None]
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    rows = zip(scores, values.mean(0).tolist(), low.tolist(), high.tolist(), strict=True)
    return {name: {"mean": mean, "low": a, "high": b} for name, mean, a, b in rows}


def summarize_difference(
    scores: Scores, reference: Scores, molecule: Sequence, seed: int = 0
) -> Summary:
    """Return what ``summarize`` gives of scores less those of the same spectra in ``reference``."""
    return summarize({name: scores[name] - reference[name] for name in scores}, molecule, seed)


def intervals(summary: Summary) -> dict[str, list[float]]:
    """Return the lower and the upper end of each metric's interval."""
    return {name: [row["low"], row["high"]] for name, row in summary.items()}
