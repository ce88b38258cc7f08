"""How well predicted similarities and deviations agree with what was measured.

Shapes: ``n`` predictions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_TINY = 1e-12


class ReliabilityBin(NamedTuple):
    """Predictions of about equal expected similarity: their number, and what their mean is.

    ``lower`` and ``upper`` are the quartiles of the measured similarity.
    """

    number: int
    expected: float
    measured: float
    lower: float
    upper: float


def reliability_table(
    expected: np.ndarray, measured: np.ndarray, bins: int = 10
) -> list[ReliabilityBin]:
    """Return expected and measured similarity in bins of (nearly) equal numbers of predictions.

    Both are ``(n,)``; there are fewer ``bins`` where there are fewer predictions.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.reliability import reliability_table
        >>> table = reliability_table(np.array([0.2, 0.9, 0.4, 0.7]), np.array([0, 1, 0.6, 0.8]), 2)
        >>> [(row.number, round(row.expected, 2), round(row.measured, 2)) for row in table]
        [(2, 0.3, 0.3), (2, 0.8, 0.9)]
    """
    expected, measured = np.asarray(expected, float), np.asarray(measured, float)
    return [
        ReliabilityBin(
            len(group),
            float(expected[group].mean()),
            float(measured[group].mean()),
            *map(float, np.quantile(measured[group], [0.25, 0.75])),
        )
        for group in equal_groups(expected, bins)
    ]


def calibration_error(expected: np.ndarray, measured: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error: mean distance of expected and measured in the bins.

    As Naeini et al. (AAAI 2015) define it, each prediction counting alike, in bins of equal
    numbers; 0 is perfect.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.reliability import calibration_error
        >>> round(calibration_error(np.array([0.5, 0.5]), np.array([0.2, 0.4]), 1), 3)
        0.2
    """
    table = reliability_table(expected, measured, bins)
    distances = [abs(row.expected - row.measured) for row in table]
    return float(np.average(distances, weights=[row.number for row in table]))


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Return the linear correlation; 0 where one of the two does not vary."""
    x, y = x - np.mean(x), y - np.mean(y)
    norm = np.sqrt((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / norm) if norm > _TINY else 0.0


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Return the rank correlation; equal values share their mean rank.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.reliability import spearman
        >>> spearman(np.array([1.0, 2.0, 30.0]), np.array([-1.0, 0.0, 0.1]))
        1.0
    """
    return pearson(_ranks(x), _ranks(y))


def _ranks(values: np.ndarray) -> np.ndarray:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[place]


def equal_groups(values: np.ndarray, number: int) -> list[np.ndarray]:
    """Return the positions of values in groups of (nearly) equal size, the lowest values first.

    Where there are fewer values than groups are wanted, each is one.
    """
    return np.array_split(np.argsort(values, kind="stable"), min(number, len(values)))
