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


class Neighbour(NamedTuple):
    """A molecule that the model has learned from, and that is like the one predicted.

    Attributes:
        name: its name, its SMILES where it has none.
        similarity: Tanimoto coefficient of the two ECFP4 fingerprints, 0 to 1.
    """

    name: str
    similarity: float


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """How far a predicted spectrum is to be trusted, as errors on spectra kept back say.

    Attributes:
        expected: similarity to the true spectrum, by name (``cosine``, ``entropy_similarity``).
        deviations: standard deviation of the error of each peak's intensity, base peak 1,
            ``(peaks,)``; ``None`` for a spectrum at accurate masses, and of a student.
        neighbours: the training molecules that are most like its own, where they were asked for.
    """

    expected: dict[str, Expectation]
    deviations: np.ndarray | None
    neighbours: tuple[Neighbour, ...] = ()
