"""How similar a predicted spectrum will be to the measured one, learned from spectra kept back.

Shapes: ``n`` spectra. A quantity is a number known of each prediction without its true spectrum; a
similarity (0 to 1) is known only where a spectrum was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..errors import UserError
from ..spectra.uncertainty import Expectation
from .reliability import equal_groups

# Quartiles are of this many groups of validation spectra, the least similar expected ones first.
_GROUPS = 8
_TINY = 1e-12


class CalibrationError(UserError):
    """There is no usable calibration."""


@dataclass(frozen=True)
class SimilarityCalibration:
    """A similarity expected from quantities: ``constant + Σ weight · quantity``, within 0 and 1.

    Attributes:
        constant: of the sum.
        weights: of the quantities, by name.
        expected: mean expected similarity of groups of validation spectra, rising.
        lower, upper: quartiles of (measured − expected) in these groups.
    """

    constant: float
    weights: dict[str, float]
    expected: list[float]
    lower: list[float]
    upper: list[float]

    def expect(self, quantities: Mapping[str, np.ndarray]) -> Expectation:
        """Return what to expect of predictions, from quantities by name, ``(n,)`` each.

        Others than those weighted are left aside.
        """
        total = self.constant + sum(w * quantities[name] for name, w in self.weights.items())
        mean = np.clip(total, 0.0, 1.0)
        lower = mean + np.interp(total, self.expected, self.lower)
        upper = mean + np.interp(total, self.expected, self.upper)
        # Where the distribution has a long tail, its mean may lie outside its quartiles.
        return Expectation(mean, np.clip(lower, 0.0, mean), np.clip(upper, mean, 1.0))


def fit_similarity(
    quantities: Mapping[str, np.ndarray], similarity: np.ndarray
) -> SimilarityCalibration:
    """Fit a similarity by least squares, and the quartiles of what is left.

    Args:
        quantities: by name, ``(n,)`` each, finite.
        similarity: measured, ``(n,)``, at least one.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.calibration import fit_similarity
        >>> spread = np.array([0.1, 0.2, 0.3, 0.4])
        >>> calibration = fit_similarity({"spread": spread}, 1 - spread)
        >>> round(float(calibration.expect({"spread": 0.25}).mean), 3)
        0.75
    """
    similarity = np.asarray(similarity, float)
    values = np.stack([np.asarray(values, float) for values in quantities.values()])
    middle = values.mean(1, keepdims=True)
    scale = values.std(1, keepdims=True)
    # A quantity that is the same for all (no dropout, say) gets the weight 0.
    scale[scale <= _TINY] = np.inf
    scaled = (values - middle) / scale
    slopes = np.linalg.lstsq(scaled.T, similarity - similarity.mean(), rcond=None)[0]
    weights = slopes / scale[:, 0]
    constant = float(similarity.mean() - weights @ middle[:, 0])
    expected = constant + weights @ values
    residual = similarity - np.clip(expected, 0.0, 1.0)
    groups = equal_groups(expected, _GROUPS)
    return SimilarityCalibration(
        constant,
        dict(zip(quantities, weights.tolist(), strict=True)),
        [float(expected[group].mean()) for group in groups],
        [float(np.quantile(residual[group], 0.25)) for group in groups],
        [float(np.quantile(residual[group], 0.75)) for group in groups],
    )


def fit_error(deviation: np.ndarray, error: np.ndarray) -> tuple[float, float]:
    """Return a and b, neither below 0, of the variance of peaks' errors, ``a + b · deviation``.

    By the maximum likelihood of normal errors, so that small peaks count as large ones do.

    Args:
        deviation: predicted standard deviations, ``(p,)``.
        error: predicted less measured intensity, ``(p,)``.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.calibration import fit_error
        >>> deviation = np.linspace(0, 1, 50)
        >>> a, b = fit_error(deviation, np.sqrt(0.1 + 0.4 * deviation))
        >>> round(a, 3), round(b, 3)
        (0.1, 0.4)
    """
    design = np.stack([np.ones(len(deviation)), np.asarray(deviation, float)], 1)
    square = np.asarray(error, float) ** 2
    variance = np.full(len(square), max(square.mean(), _TINY))
    for _ in range(50):  # reweighted least squares; it settles within some ten rounds
        weighted = design / variance[:, None]
        found = np.linalg.lstsq(weighted, square / variance, rcond=None)[0]
        if found.min() < 0:  # then the best lies where one of the two is 0
            found = _best_single(weighted, square / variance)
        variance = np.maximum(design @ found, _TINY)
    return float(found[0]), float(found[1])


def _best_single(design: np.ndarray, target: np.ndarray) -> np.ndarray:
    norms = np.maximum((design**2).sum(0), _TINY)
    single = np.diag(np.maximum(design.T @ target / norms, 0.0))
    return min(single, key=lambda found: ((design @ found - target) ** 2).sum())


@dataclass(frozen=True)
class Calibration:
    """What a teacher's MC Dropout says of its errors, on the validation split.

    Attributes:
        passes: of MC Dropout, with which it was made and is to be used.
        spectra: number of validation spectra.
        similarities: by name of the similarity.
        error_variance: ``a`` and ``b`` of ``fit_error``, for intensities of base peak 1.
    """

    passes: int
    spectra: int
    similarities: dict[str, SimilarityCalibration]
    error_variance: tuple[float, float]

    def expect(self, quantities: Mapping[str, np.ndarray]) -> dict[str, Expectation]:
        """Return what to expect of predictions, by name of the similarity."""
        return {name: part.expect(quantities) for name, part in self.similarities.items()}

    def error(self, deviation: np.ndarray) -> np.ndarray:
        """Return the standard deviation of peaks' errors from that of the passes, base peak 1."""
        constant, slope = self.error_variance
        return np.sqrt(constant + slope * deviation)

    def to_metadata(self) -> dict[str, Any]:
        """Return the calibration as plain values, as a checkpoint keeps it."""
        return {**asdict(self), "error_variance": list(self.error_variance)}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, Any]) -> Calibration:
        """Return the calibration that a checkpoint's metadata hold.

        Raises:
            CalibrationError: they hold none.
        """
        try:
            plain = metadata["calibration"]
            parts = plain["similarities"].items()
            similarities = {name: SimilarityCalibration(**part) for name, part in parts}
            variance = tuple(plain["error_variance"])
            return cls(plain["passes"], plain["spectra"], similarities, variance)
        except (KeyError, TypeError, AttributeError):
            raise CalibrationError(
                "holds no calibration of its uncertainty; a teacher trained by this version does: "
                "nextims train teacher --phase finetune"
            ) from None
