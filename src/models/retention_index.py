"""Retention indices from structures: a Gaussian process on counts of groups. NumPy alone.

The index is a sum over groups, plus a smooth function of the whole: a process whose covariance is
linear in counted surroundings and in descriptors, and has a Matérn term (of 3/2) in the latter and
the usual ones of the former (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006,
chapters 2 and 4). The linear part goes on beyond the data as homologous series do; what is unlike
the data has a wide interval.

Shapes: ``n`` training molecules, ``b`` others, ``e`` surroundings, ``f`` linear features, ``d``
smooth ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from ..chemistry.molecule import Molecule
from ..chemistry.retention_features import DESCRIPTORS, retention_descriptors
from ..errors import UserError
from ..files.writing import written_whole
from ..spectra.retention import HIGHEST, LOWEST, SEMI_STANDARD_NON_POLAR, RetentionIndex

# The process works on hundreds, a carbon atom's worth.
UNIT = 100.0
_FARTHEST = 6.0  # standard deviations at which a descriptor is cut off in the smooth part
_SHARE = 0.4  # of the deviation of a surrounding's count beside a descriptor's
_BATCH = _BLOCK = 256
_MAKE_ANEW = "nextims train retention-index makes it anew"


class RetentionModelError(UserError):
    """A model of retention indices cannot be used; the message names the file."""


class FeatureTable:
    """Turns molecules into the vectors that the covariance is of.

    Args:
        arrays: ``environments`` that the training molecules have ``(e,)`` uint32, ascending, and
            their ``scales`` ``(e,)``, ``unseen_scale`` of others ``()``; ``descriptor_scale``
            ``()``; ``middle`` and ``spread`` of descriptors and ``usual_middle`` and
            ``usual_spread`` of the surroundings that are ``usual``; ``length`` of the smooth part
            ``()`` and its variance ``smooth`` ``()``; the ``constant``'s ``()``.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        self.arrays = arrays

    def described(
        self, environments: np.ndarray, descriptors: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the linear features that are descriptors, and the smooth ones, ``(b, d)``."""
        a = self.arrays
        deviations = (descriptors - a["middle"]) / a["spread"]
        usual = (environments[:, a["usual"]] - a["usual_middle"]) / a["usual_spread"]
        smooth = np.concatenate([deviations, _SHARE * usual], axis=1)
        smooth = np.clip(smooth, -_FARTHEST, _FARTHEST).astype(np.float32)
        return (deviations * a["descriptor_scale"]).astype(np.float32), smooth


def counts_of(
    molecules: Sequence[Molecule], known: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count what the features are made of.

    Args:
        molecules: the ``b`` molecules.
        known: surroundings to count, ascending, ``(e,)``.

    Returns:
        Surroundings ``(b, e)`` and descriptors of each; and the squared counts of surroundings that
        are not known, ``(b,)``.
    """
    known = known.astype(np.int64)
    counted = np.zeros((len(molecules), len(known)), np.float32)
    unseen = np.zeros(len(molecules))
    for row, molecule in enumerate(molecules):
        found, times = molecule.unlabelled.environments
        place = np.minimum(np.searchsorted(known, found), len(known) - 1)
        seen = known[place] == found
        counted[row, place[seen]] = times[seen]
        unseen[row] = (times[~seen] ** 2).sum()
    return counted, np.stack([retention_descriptors(each) for each in molecules]), unseen


class RetentionModel:
    """Predicts retention indices on 5 % phenyl columns, with intervals.

    Args:
        arrays: those of ``FeatureTable``; what ``counts_of`` counted of the training
            molecules, ``counts`` ``(n, e)`` and ``descriptors``; ``weights`` ``(n,)``, ``inverse``
            of the Cholesky factor ``(n, n)``; the ``mean``, the ``noise`` of an index;
            ``deviations``, and the ``factors`` by which half an interval exceeds them.
        settings: what it was made of.

    Attributes:
        settings: likewise.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], settings: Mapping[str, Any]):
        self.arrays, self.settings = dict(arrays), dict(settings)
        self.table = FeatureTable(self.arrays)
        counts = self.arrays["counts"]
        # Of the thousands that are counted, a molecule has fifty: by feature they lie together.
        self._counted = np.ascontiguousarray(counts.T)
        self._described, self._smooth = self.table.described(counts, self.arrays["descriptors"])
        self._squares = squares_of(self._smooth)
        self._of_constant = self.arrays["inverse"].sum(1, dtype=float) * self.arrays["constant"]
        weights = self.arrays["weights"]
        row, column = counts.nonzero()  # few are not zero
        weighted = np.bincount(column, weights[row] * counts[row, column], counts.shape[1])
        self._weights_of_counts = self.arrays["scales"] ** 2 * weighted
        self._weights_of_described = weights @ self._described

    def predict(self, molecules: Sequence[Molecule]) -> list[RetentionIndex]:
        """Return the index of each molecule, with the interval that holds it in 9 of 10 cases.

        Example:
            >>> from nextims.chemistry.molecule import read_molecule
            >>> from nextims.config import load_config
            >>> from nextims.models.retention_index import RetentionModel
            >>> model = RetentionModel.load(load_config().retention_index.checkpoint)
            >>> round(model.predict([read_molecule("CCCCCCCCCC")])[0].value)
            1000
        """
        value, deviation = self.moments(molecules)
        half = deviation * np.interp(deviation, self.arrays["deviations"], self.arrays["factors"])
        half = half.round()  # no more is known of it, nor computed: sums depend on their order
        low, high = (np.clip(value + sign * half, LOWEST, HIGHEST) for sign in (-1, 1))
        value = np.clip(value, LOWEST, HIGHEST)
        return [
            RetentionIndex(*each, SEMI_STANDARD_NON_POLAR)
            for each in zip(value.tolist(), low.tolist(), high.tolist(), strict=True)
        ]

    def moments(self, molecules: Sequence[Molecule]) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and standard deviation of the process for each molecule, ``(b,)`` each."""
        batches = [molecules[i : i + _BATCH] for i in range(0, len(molecules), _BATCH)]
        found = [np.zeros((2, 0)), *(np.stack(self._moments(batch)) for batch in batches)]
        mean, deviation = np.concatenate(found, axis=1)
        return mean, deviation

    def _moments(self, molecules: Sequence[Molecule]) -> tuple[np.ndarray, np.ndarray]:
        a = self.arrays
        counted, descriptors, unseen = counts_of(molecules, a["environments"])
        described, smooth = self.table.described(counted, descriptors)
        used = np.flatnonzero(counted.any(axis=0))
        linear = counted[:, used] * a["scales"][used]
        shared = (linear * a["scales"][used]) @ self._counted[used].astype(np.float32)
        shared += described @ self._described.T
        alike = smooth_covariance(smooth, self._smooth, self._squares, a)
        own = a["constant"] + a["smooth"] + squares_of(linear) + squares_of(described)
        own = own + unseen * a["unseen_scale"] ** 2
        variance = np.maximum(own - self._explained(shared + alike), 0) + a["noise"] ** 2
        mean = a["mean"] + a["constant"] * a["weights"].sum() + alike @ a["weights"]
        mean += counted[:, used] @ self._weights_of_counts[used]
        mean += described @ self._weights_of_described
        return UNIT * mean, UNIT * np.sqrt(variance)

    def _explained(self, across: np.ndarray) -> np.ndarray:
        """Return the variance that the training molecules explain, ``(b,)``.

        It is nearly all of the variance: the constant's part, the largest, is added in double
        precision, so that what is left does not depend on the order of summation.
        """
        inverse = self.arrays["inverse"]
        explained = np.zeros(len(across))
        for begin in range(0, len(inverse), _BLOCK):  # beyond them it is zero
            end = begin + _BLOCK
            found = across[:, :end] @ inverse[begin:end, :end].T
            explained += squares_of(found + self._of_constant[begin:end])
        return explained

    def save(self, path: Path) -> None:
        """Write the model to a file, the symmetric halves left out."""
        arrays = dict(self.arrays)
        lower = np.tri(len(arrays["weights"]), dtype=bool)
        inverse = arrays.pop("inverse")[lower].astype(np.float32)
        said = np.frombuffer(json.dumps(self.settings).encode(), np.uint8)
        with written_whole(path) as unfinished:
            with unfinished.open("wb") as file:
                np.savez_compressed(file, settings=said, **arrays)
            # These hardly shrink, and to unpack them takes half the time that reading does.
            with ZipFile(unfinished, "a") as archive, archive.open("inverse.npy", "w") as file:
                np.lib.format.write_array(file, inverse)

    @classmethod
    def load(cls, path: Path) -> RetentionModel:
        """Read a model from its file.

        Raises:
            RetentionModelError: it is missing, damaged or none.
        """
        try:
            with np.load(path, allow_pickle=False) as content:
                arrays = dict(content)
            settings = json.loads(arrays.pop("settings").tobytes())
            if arrays["descriptors"].shape[1] != len(DESCRIPTORS):
                raise ValueError("of other descriptors")
            size = len(arrays["weights"])
            inverse = np.zeros((size, size), np.float32)
            inverse[np.tri(size, dtype=bool)] = arrays["inverse"]
            return cls({**arrays, "inverse": inverse}, settings)
        except FileNotFoundError:
            raise RetentionModelError(f"{path}: no such model; {_MAKE_ANEW}") from None
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise RetentionModelError(
                f"{path}: damaged, or no model of retention indices ({error}); {_MAKE_ANEW}"
            ) from error


def smooth_covariance(
    smooth: np.ndarray, others: np.ndarray, squares: np.ndarray, arrays: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return the smooth part of the covariance of molecules with others, ``(b, n)``.

    Args:
        smooth: smooth features of the ones, ``(b, d)``.
        others: those of the others, ``(n, d)``.
        squares: what the squares of these come to, ``(n,)``.
        arrays: of ``FeatureTable``.
    """
    distance = smooth @ (-2 * others.T)
    distance += squares.astype(smooth.dtype)
    distance += squares_of(smooth).astype(smooth.dtype)[:, None]
    distance *= 3 / (smooth.shape[1] * arrays["length"] ** 2)
    distance = np.sqrt(np.maximum(distance, 0, out=distance), out=distance)
    near = np.exp(-distance)
    near *= distance + 1
    near *= arrays["smooth"]
    return near


def squares_of(rows: np.ndarray) -> np.ndarray:
    """Return what the squares of each row come to, in double precision."""
    return np.einsum("ij,ij->i", rows, rows, dtype=float)
