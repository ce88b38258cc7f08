"""Library matching: does a measured spectrum find its molecule, known to the library by prediction?

The task of NEIMS (Wei et al., ACS Cent. Sci. 2019, 5, 700). Each measured spectrum of a split is
searched in a library that holds the training molecules as measured and the split's own molecules
as predicted. A query's rank is the place of its molecule among those of the library, the most
similar first; recall@k is the share of the queries of rank k or better.

- **Replicates.** In NEIMS each molecule stands in the library once, by NIST's main spectrum or by
  its prediction, and every replicate is a query. Here, too, each measured spectrum of the split is
  a query and each of the split's molecules is predicted once. Which of several measured spectra is
  the main one our records do not say: a training molecule keeps them all and counts once, by the
  most similar.
- **Molecules.** Stereoisomers are one (the first block of the InChIKey); an isotope-labelled
  molecule is another than the unlabelled one, for its masses are others.
- **Ties** count against the prediction: all molecules as similar as the right one go before it.
- **Mass filter.** Only molecules within ±5 Da of the query's nominal mass are ranked.
- Spectra of 60 to 80 eV, or of energy not given, are used; predictions are at 70 eV. Molecules that
  are neither of the training split nor of the one searched are not in the library. Its spectra,
  measured or not, are compared as ``metrics`` compares predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
from tqdm import tqdm

from ..chemistry.molecule import identity, load_canonical
from ..config import Config
from ..data.examples.dataset import SpectrumDataset
from ..spectra.spectrum import STANDARD_ENERGY_RANGE
from .intervals import Summary, intervals, summarize
from .metrics import SIMILARITIES, score, score_all_pairs

RECALL_AT = (1, 5, 10)
# Largest difference of nominal mass, in Da, that each filter lets pass; None for any.
MASS_FILTERS: dict[str, int | None] = {"any_mass": None, "within_5_Da": 5}

# Similarities that differ by less are ties: rounding of a network's output must decide no rank.
_TIE = 1e-6
# Spectra of the library, and queries, compared at a time: keeps memory bounded.
_BLOCK = 1024

# Filter → similarity → rank of each query's molecule, ``(queries,)`` int64, from 1.
Ranks = dict[str, dict[str, np.ndarray]]


@dataclass(frozen=True)
class Library:
    """Spectra of known molecules, those of one molecule one after the other.

    Attributes:
        spectra: intensities on any scale, ``(n, max_mz)``; element ``i`` of a row is m/z ``i + 1``.
        molecule: which molecule each is of, ``(n,)``; any identifiers.
        nominal_mass: the molecules' nominal masses, ``(n,)``, Da.
    """

    spectra: np.ndarray
    molecule: np.ndarray
    nominal_mass: np.ndarray

    def __len__(self) -> int:
        return len(self.spectra)


@dataclass(frozen=True)
class Queries(Library):
    """Measured spectra to search for, in any order.

    Attributes:
        lowest_mz: lowest recorded nominal m/z of each, ``(n,)``.
    """

    lowest_mz: np.ndarray


def rank_molecules(queries: Queries, predicted: Library, measured: Iterable[Library] = ()) -> Ranks:
    """Return the rank of each query's molecule in a library of predicted and measured spectra.

    Args:
        queries: measured spectra, each of a molecule that is predicted.
        predicted: one spectrum of each molecule that is searched for.
        measured: the library's other molecules, in parts of a thousand spectra or so, which are
            held in memory one at a time; all spectra of a molecule in one part.

    Returns:
        The ranks by each filter of ``MASS_FILTERS`` and each of ``metrics.SIMILARITIES``.

    Raises:
        ValueError: a query's molecule is not among the predicted ones, one of these is there twice,
            or an intensity is impossible.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.retrieval import Library, Queries, rank_molecules
        >>> names, masses = np.array(["ethanol", "dimethyl ether"]), np.array([46, 46])
        >>> predicted = Library(np.array([[1.0, 0.5, 0.2], [0.1, 1.0, 0.6]]), names, masses)
        >>> seen = Queries(np.array([[0.2, 1.0, 0.5]]), names[1:], masses[1:], np.array([1]))
        >>> rank_molecules(seen, predicted)["any_mass"]["cosine"]
        array([1])
    """
    place = {molecule: i for i, molecule in enumerate(predicted.molecule.tolist())}
    if len(place) < len(predicted):
        raise ValueError("a molecule is predicted more than once")
    missing = [name for name in queries.molecule.tolist() if name not in place]
    if missing:
        raise ValueError(f"no prediction for the molecule of {len(missing)} queries: {missing[0]}")
    right = np.array([place[name] for name in queries.molecule.tolist()], dtype=np.int64)
    # Queries of one lowest m/z stay together: preparing the library for each is what takes time.
    order = np.argsort(queries.lowest_mz, kind="stable")
    parts = [order[start : start + _BLOCK] for start in range(0, len(order), _BLOCK)]
    own = {name: np.zeros(len(queries)) for name in SIMILARITIES}
    for rows in parts:
        likely = predicted.spectra[right[rows]]
        scores = score(likely, queries.spectra[rows], queries.lowest_mz[rows])
        for name in SIMILARITIES:
            own[name][rows] = scores[name]
    ranks: Ranks = {
        kind: {name: np.ones(len(queries), np.int64) for name in SIMILARITIES}
        for kind in MASS_FILTERS
    }
    blocks = (
        Library(predicted.spectra[part], predicted.molecule[part], predicted.nominal_mass[part])
        for part in _cut(predicted.molecule)
    )
    for block in chain(blocks, measured):
        for rows in parts:
            _count_rivals(ranks, queries, rows, own, block)
    return ranks


def _cut(molecule: np.ndarray) -> list[slice]:
    """Cut a library into blocks of about ``_BLOCK`` spectra, none through a molecule."""
    starts = np.append(_starts(molecule), len(molecule))
    edges = starts[np.searchsorted(starts, np.arange(0, len(molecule), _BLOCK))]
    edges = np.unique(np.append(edges, len(molecule)))
    return [slice(start, end) for start, end in pairwise(edges)]


def _starts(molecule: np.ndarray) -> np.ndarray:
    """Return where another molecule begins."""
    return np.flatnonzero(np.append(True, molecule[1:] != molecule[:-1])[: len(molecule)])


def _count_rivals(
    ranks: Ranks, queries: Queries, rows: np.ndarray, own: dict[str, np.ndarray], block: Library
) -> None:
    """Add to the ranks of some queries the molecules of a block that are as similar or more."""
    starts = _starts(block.molecule)
    others = queries.molecule[rows, None] != block.molecule[starts]
    distance = np.abs(queries.nominal_mass[rows, None] - block.nominal_mass[starts])
    eligible = {
        kind: others if window is None else others & (distance <= window)
        for kind, window in MASS_FILTERS.items()
    }
    similarities = score_all_pairs(block.spectra, queries.spectra[rows], queries.lowest_mz[rows])
    for name, values in similarities.items():
        best = np.maximum.reduceat(values, starts, axis=1)  # (queries, molecules)
        rivals = best >= own[name][rows, None] - _TIE
        for kind, allowed in eligible.items():
            ranks[kind][name][rows] += (rivals & allowed).sum(axis=1)


def recall(ranks: Ranks, molecule: np.ndarray, seed: int = 0) -> dict[str, dict[str, Summary]]:
    """Return the shares of ranks that are 1, up to 5 and up to 10.

    Args:
        ranks: of the queries, by filter and similarity.
        molecule: the molecule of each query, ``(queries,)``; any identifiers.
        seed: of the bootstrap.

    Returns:
        Filter → similarity → "recall@1", "recall@5" and "recall@10", as ``summarize`` gives them.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.retrieval import recall
        >>> ranks = {"any_mass": {"cosine": np.array([1, 3, 12, 7])}}
        >>> recall(ranks, np.arange(4))["any_mass"]["cosine"]["recall@5"]["mean"]
        0.5
    """
    return {
        kind: {
            name: summarize({f"recall@{k}": own <= k for k in RECALL_AT}, molecule, seed)
            for name, own in row.items()
        }
        for kind, row in ranks.items()
    }


class LibraryMatching:
    """The library and the queries of one split, ready for the predictions of any model.

    Args:
        config: names the store and ``max_mz``.
        split: "test" or "validation": whose molecules are searched for.

    Attributes:
        smiles: the structures to predict, one of each molecule (of stereoisomers the first in
            alphabetical order).
        queries: the measured spectra of the split.
        rows: their positions in the store, ``(queries,)``.

    Raises:
        ValueError: the split is another.
        StoreError: the store cannot be read.
        EmptySplitError: there is nothing to search for, or no training spectrum.
    """

    def __init__(self, config: Config, split: str = "test"):
        if split not in ("validation", "test"):
            raise ValueError(f"split must be 'validation' or 'test', found {split!r}")
        self.max_mz = config.data.max_mz
        searched, training = (
            SpectrumDataset(config.data.store, name, energy_range=STANDARD_ENERGY_RANGE)
            for name in (split, "train")
        )
        self._store = searched.store
        smiles, inchikeys = self._store.column("smiles"), self._store.column("inchikey")
        numbers: dict[str, int] = {}
        self._molecule = np.zeros(len(smiles), np.int64)
        self._mass = np.zeros(len(smiles), np.int64)
        for row in chain(searched.rows, training.rows):
            molecule = load_canonical(smiles[row])
            name = identity(inchikeys[row], molecule)
            self._molecule[row] = numbers.setdefault(name, len(numbers))
            self._mass[row] = molecule.nominal_mass
        self.rows = searched.rows
        lowest_mz = self._store.index.lowest_mz[self.rows]
        self.queries = Queries(*self._read(self.rows), lowest_mz)
        # By mass: a block of light molecules has few bins to compare.
        self._measured = self._by_mass(training.rows)
        by_name = self.rows[np.argsort([smiles[row] for row in self.rows], kind="stable")]
        _, first = np.unique(self._molecule[by_name], return_index=True)
        self._predicted = self._by_mass(by_name[first])
        self.smiles = [smiles[row] for row in self._predicted]

    @property
    def sizes(self) -> dict[str, int]:
        """Number of queries, of predicted molecules, and of measured spectra and molecules."""
        return {
            "queries": len(self.queries),
            "predicted_molecules": len(self.smiles),
            "measured_spectra": len(self._measured),
            "measured_molecules": len(np.unique(self._molecule[self._measured])),
        }

    def ranks(self, predictions: np.ndarray) -> Ranks:
        """Return the rank of each query's molecule.

        Args:
            predictions: the spectrum of each of ``smiles``, any scale, ``(molecules, max_mz)``.

        Raises:
            ValueError: the shape is another, or an intensity is impossible.
        """
        expected = (len(self.smiles), self.max_mz)
        if predictions.shape != expected:
            raise ValueError(f"predictions must be {expected}, found {predictions.shape}")
        rows = self._predicted
        predicted = Library(predictions, self._molecule[rows], self._mass[rows])
        parts = _cut(self._molecule[self._measured])
        bar = tqdm(parts, desc="library matching", unit="block", disable=None, leave=False)
        measured = (Library(*self._read(self._measured[part])) for part in bar)
        return rank_molecules(self.queries, predicted, measured)

    def _by_mass(self, rows: np.ndarray) -> np.ndarray:
        return rows[np.lexsort((self._molecule[rows], self._mass[rows]))]

    def _read(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        spectra = np.zeros((len(rows), self.max_mz), np.float32)
        for spectrum, row in zip(spectra, rows, strict=True):
            spectrum[:] = self._store.spectrum(int(row)).binned(self.max_mz)
        return spectra, self._molecule[rows], self._mass[rows]


def match_library(
    predict: Callable[[Sequence[str]], np.ndarray],
    config: Config,
    split: str = "test",
    seed: int = 0,
) -> dict[str, Any]:
    """Return how often a measured spectrum finds its molecule.

    Args:
        predict: gives the spectra of SMILES, ``(molecules, max_mz)``; of a network,
            ``partial(predict_structures, model)``.
        config: names the store and ``max_mz``.
        split: "test" or "validation".
        seed: of the bootstrap.

    Returns:
        ``LibraryMatching.sizes``, and "recall": filter → similarity → "recall@1", "recall@5" and
        "recall@10"; "intervals" likewise, the two ends of the 95 % interval.

    Raises:
        ValueError, StoreError, EmptySplitError: as in :class:`LibraryMatching`.
    """
    task = LibraryMatching(config, split)
    found = recall(task.ranks(predict(task.smiles)), task.queries.molecule, seed)

    return {
        **task.sizes,
        "recall": {
            kind: {name: {k: own["mean"] for k, own in part.items()} for name, part in row.items()}
            for kind, row in found.items()
        },
        "intervals": {
            kind: {name: intervals(part) for name, part in row.items()}
            for kind, row in found.items()
        },
    }
