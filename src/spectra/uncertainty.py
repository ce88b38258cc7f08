"""How far a predicted spectrum is to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Expectation(NamedTuple):
    """What similarity to the true spectrum to expect.

    Attributes:
        mean: expected similarity.
        lower, upper: of predictions like this, the middle half lay between these.
    """

    mean: float | np.ndarray
    lower: float | np.ndarray
    upper: float | np.ndarray


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """How far a predicted spectrum is to be trusted, as errors on spectra kept back say.

    Attributes:
        expected: similarity to the true spectrum, by name (``cosine``, ``entropy_similarity``).
        deviations: standard deviation of the error of each peak's intensity, base peak 1,
            ``(peaks,)``; ``None`` for a spectrum at accurate masses.
    """

    expected: dict[str, Expectation]
    deviations: np.ndarray | None
