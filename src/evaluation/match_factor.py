"""Match factors on the scale of NIST MS Search, 0 to 999.

**What is published.** Stein and Scott (J. Am. Soc. Mass Spectrom. 1994, 5, 859) define a dot
product and a composite. NIST's manual says that the program uses them modified, and that a reverse
match leaves out the peaks of the unknown that the spectrum of the library lacks. How exactly its
numbers come about NIST has not published. The definitions here are those that Samokhin found by
searching with made-up spectra (J. Am. Soc. Mass Spectrom. 2024, 35, 3178; R package mssearchr),
with the weights that S. Stein named to the authors of MS-DIAL (comment in GcmsScoring.cs). They
give the 24 numbers that the program printed for an Identity search in
``tests/evaluation/test_match_factor.py``; for the Similarity search there are no such numbers.
NIST has confirmed neither, so take both as approximations of its definitions.

**What the program does with spectra**, and so this module, instead of the form that the other
metrics use:

1. each spectrum is scaled to base peak 999 over all its peaks, in whole numbers; less than half is
   no peak;
2. masses below the first peak of either spectrum are left out, as are those below the lowest
   recorded m/z;
3. a mass at which neither spectrum has more than 1 is left out (a trace), as the program does with
   its smallest abundance of 1.

The measured spectrum is the unknown, U; the predicted one stands in the library, L. The program's
screening of a library before the search, and its probabilities, are not computed here.
"""

from __future__ import annotations

import numpy as np

from .comparable import checked_pairs, divided, masses
from .stein_scott import ratio_agreement

BASE_PEAK = 999
HIGHEST = 999


def nist_identity_match_factor(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int, *, reverse: bool = False
) -> np.ndarray:
    """Return the match factor of the Identity search (EI Normal), NIST's own composite.

    (N_D·F_D + N_R·F_R) / (N_D + N_R), times 1000, cut to a whole number and to 999 at most, where

    - F_D = (Σ m·√(I_L·I_U))² / (Σ m·I_L · Σ m·I_U), the dot product with the weights (m·I)^0.5, and
      N_D is the number of common peaks;
    - F_R = Σ m_i·r_i / Σ m_i over masses i − 1 and i that follow each other in the union of both
      spectra and at which both have peaks, with r_i = √(I_L,i/I_L,i−1 · I_U,i−1/I_U,i)^±1, the sign
      such that it is 1 at most, and N_R is the number of these pairs.

    Other than the composite of 1994, it weights the ratios by mass, takes no pair across a peak
    that one spectrum lacks, and weights both terms by what they count. Neighbours need not be 1 Da
    apart. The head of the module tells the source, and what NIST has not published.

    Args:
        predicted: as in :func:`.metrics.score`, as are the next two and what is raised.
        true: measured intensities.
        lowest_mz: lowest recorded nominal m/z.
        reverse: whether to return the reverse match factor, in whose Σ m·I_U stand only the peaks
            that the predicted spectrum has too. Other peaks of the measured spectrum do not count,
            as if another substance had left them, yet no pair reaches across one.

    Returns:
        Whole numbers from 0 (no common peak) to 999, shape ``(b,)``, int64. Above 900 is called
        excellent, 800 to 900 good, 700 to 800 fair. The match factor is the same if the spectra
        change places, the reverse one is not.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import nist_identity_match_factor
        >>> predicted = np.array([[0.3, 1.0, 0.0, 0.5]])
        >>> true = np.array([[0.3, 1.0, 0.4, 0.5]])
        >>> nist_identity_match_factor(predicted, true, 1)
        array([836])
        >>> nist_identity_match_factor(predicted, true, 1, reverse=True)
        array([999])
    """
    library, unknown = _as_stored(predicted, true, lowest_mz)
    common = (library > 0) & (unknown > 0)
    dot_product = _dot_product(library, unknown, masses(library), reverse=reverse)
    row, column = np.nonzero((library > 0) | (unknown > 0))
    both = common[row, column]
    second = np.flatnonzero(both[1:] & both[:-1] & (row[1:] == row[:-1])) + 1
    ratios = np.sqrt(ratio_agreement(library[row, column], unknown[row, column], second))
    mass = masses(library)[column[second]]
    row = row[second]
    pairs, mass_sum, ratio_sum = (
        np.bincount(row, weights=weights, minlength=len(common))
        for weights in (None, mass, mass * ratios)
    )
    peaks = common.sum(axis=1)
    composite = peaks * dot_product + pairs * divided(ratio_sum, mass_sum)
    return _reported(divided(composite, peaks + pairs))


def nist_similarity_match_factor(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int, *, reverse: bool = False
) -> np.ndarray:
    """Return the match factor of the Similarity search (EI Simple).

    (Σ √(I_L·I_U))² / (Σ I_L · Σ I_U), times 1000, cut to a whole number and to 999 at most: the dot
    product of Stein and Scott (J. Am. Soc. Mass Spectrom. 1994, 5, 859) with the weights I^0.5.
    The Identity search weights by mass and adds the ratios of neighbouring peaks, this one does
    neither. The Hybrid and Neutral Loss searches are others.

    Args, Returns and Raises as in :func:`nist_identity_match_factor`.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.metrics import nist_similarity_match_factor
        >>> predicted, true = np.array([[1.0, 0.0, 1.0]]), np.array([[1.0, 0.5, 1.0]])
        >>> nist_similarity_match_factor(predicted, true, 1)
        array([799])
        >>> nist_similarity_match_factor(predicted, true, 1, reverse=True)
        array([999])
    """
    library, unknown = _as_stored(predicted, true, lowest_mz)
    dot_product = _dot_product(library, unknown, np.ones(library.shape[1]), reverse=reverse)
    return _reported(dot_product)


def _as_stored(
    predicted: np.ndarray, true: np.ndarray, lowest_mz: np.ndarray | int
) -> tuple[np.ndarray, np.ndarray]:
    """Bring library and unknown into the program's form, without the masses that do not count."""
    predicted, true, lowest_mz = checked_pairs(predicted, true, lowest_mz)
    library, unknown = _whole_numbers(predicted), _whole_numbers(true)
    # The highest so far is above 0 from the first peak on.
    begun = np.maximum.accumulate(library, axis=1) * np.maximum.accumulate(unknown, axis=1) > 0
    no_trace = np.maximum(library, unknown) > 1
    counted = (masses(library) >= lowest_mz) & begun & no_trace
    return np.where(counted, library, 0.0), np.where(counted, unknown, 0.0)


def _whole_numbers(spectra: np.ndarray) -> np.ndarray:
    base = spectra.max(axis=1, keepdims=True, initial=0.0)
    return np.floor(BASE_PEAK * (spectra / np.where(base > 0, base, 1.0)) + 0.5)


def _dot_product(
    library: np.ndarray, unknown: np.ndarray, weight: np.ndarray, *, reverse: bool
) -> np.ndarray:
    counted = np.where(library > 0, unknown, 0.0) if reverse else unknown
    product = np.sqrt(library * unknown) @ weight
    return divided(product**2, (library @ weight) * (counted @ weight))


def _reported(match_factor: np.ndarray) -> np.ndarray:
    # The sums' rounding errors must not cost a point where the value is a whole number.
    return np.minimum(np.floor(1000 * match_factor + 1e-9), HIGHEST).astype(np.int64)
