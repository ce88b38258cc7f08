"""Which instrument measured spectra whose predictions are known."""

from __future__ import annotations

import numpy as np

from ..spectra.instrument import Instrument
from .metrics import score

# By these together: each alone is raised at the expense of the others.
_ALIKE = ("cosine", "weighted_cosine", "entropy_similarity")
# The logarithm of the power and the tilt are looked for at so many places each, around the best
# places so far, ever nearer by.
_PLACES, _NEARER = 5, 0.5
_WIDTHS = (0.5, 1.0)
_ROUNDS = 4
# What a step of 1 away from the expected costs, of the sum of all similarities: with few spectra,
# chance alone would find some instrument.
_RESERVE = 0.75


def fit_instrument(
    predicted: np.ndarray, measured: np.ndarray, lowest_mz: np.ndarray
) -> Instrument:
    """Return the instrument with which predictions are most like measured spectra.

    That is the one of the highest sum of cosine, weighted cosine and entropy similarity.

    Args:
        predicted: intensities on any scale, ``(b, max_mz)``.
        measured: of the same molecules, ``(b, max_mz)``.
        lowest_mz: lowest recorded nominal m/z of each measured spectrum, ``(b,)``.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.own_instrument import fit_instrument
        >>> from nextims.spectra.instrument import Instrument
        >>> predicted = np.random.default_rng(0).random((30, 200)) ** 4
        >>> measured = Instrument(0.8, 0.5).scaled(np.arange(1.0, 201.0), predicted)
        >>> found = fit_instrument(predicted, measured, np.ones(30, int))
        >>> 0.7 < found.power < 0.9, 0.4 < found.tilt < 0.6
        (True, True)
    """
    mz = np.arange(1.0, predicted.shape[1] + 1)

    def similarity(place: np.ndarray) -> float:
        scores = score(_at(place).scaled(mz, predicted), measured, lowest_mz)
        return sum(scores[name].sum() for name in _ALIKE) - _RESERVE * (place @ place)

    best, widths = np.zeros(2), np.array(_WIDTHS)
    for _ in range(_ROUNDS):
        steps = np.linspace(-1, 1, _PLACES)
        places = [best + widths * (power, tilt) for power in steps for tilt in steps]
        best = max(places, key=similarity)
        widths = widths * _NEARER
    return _at(best)


def _at(place: np.ndarray) -> Instrument:
    return Instrument(float(np.exp(place[0])), float(place[1]))
