"""Spectra of a store as a dataset: lazily from the file, or held in memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch.utils.data import ConcatDataset, Dataset

from ...chemistry.formula import count_elements
from ...chemistry.molecule import ELEMENTS, Molecule, each_atom, load_canonical
from ...errors import UserError
from ...spectra.spectrum import STANDARD_ENERGY, Spectrum
from ..bde.bond_energies import NO_BONDS
from ..bde.cache import BDECache
from ..library.store import SPLITS, SpectrumStore
from .features import FINGERPRINT_ONLY, Features, Inputs, featurize_all
from .graph_batch import KnownBonds, known_bonds
from .kept_features import KeptFeatures, keep_features
from .shuffling import BLOCK_SHUFFLE_ABOVE


class EmptySplitError(UserError):
    """A store has no spectrum in the split and the energy range that are wanted."""


@dataclass(frozen=True)
class Example:
    """One measured spectrum and the features of its molecule.

    Attributes:
        features: what a model reads of the molecule.
        spectrum: the measured peaks; ``None`` for a structure without a spectrum.
        energy: ionization energy in eV, NaN where not given.
        lowest_mz: lowest recorded m/z.
        gap: masses that the source took out.
        row: position in the store; -1 for a structure without a spectrum.
        smiles: canonical SMILES.
        bonds: the bonds whose dissociation energy is known.
    """

    features: Features
    spectrum: Spectrum | None
    energy: float
    lowest_mz: int
    gap: Sequence[int]
    row: int
    smiles: str
    bonds: KnownBonds | None = None


class ExampleDataset(Dataset, ABC):
    """Examples that are read when they are asked for, many at a time where many are.

    Args:
        inputs: what to compute beside the fingerprint.
        memory_efficient: whether to read an example each time; else what has been read and computed
            is kept, by each worker for itself.
    """

    def __init__(self, inputs: Inputs, *, memory_efficient: bool):
        self.inputs = inputs
        self.memory_efficient = memory_efficient
        self._held: dict[int, Example] = {}
        self._kept: KeptFeatures | None = None

    @property
    @abstractmethod
    def smiles(self) -> Sequence[str]:
        """The canonical SMILES of all examples."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of examples."""

    @abstractmethod
    def _read(self, items: Sequence[int]) -> list[Example]:
        """Read and compute examples."""

    def keep_features(self, path: str | Path) -> None:
        """Compute the features once, keep them on disk and read them from there.

        Args:
            path: where; what is there of the same molecules is used.

        Raises:
            KeptFeaturesError: they cannot be written.
        """
        self._kept = keep_features(path, self.smiles, self.inputs)

    def _features(self, items: Sequence[int], smiles: Sequence[str]) -> list[Features]:
        if self._kept is not None:
            return self._kept.read(items)
        return featurize_all([load_canonical(each) for each in smiles], self.inputs)

    def __getitem__(self, item: int) -> Example:
        return self.__getitems__([item])[0]

    def __getitems__(self, items: Sequence[int]) -> list[Example]:
        """Return the examples of a batch, as loaders of PyTorch ask for them."""
        missing = [item for item in items if item not in self._held]
        examples = dict(zip(missing, self._read(missing), strict=True)) if missing else {}
        if not self.memory_efficient:
            self._held.update(examples)
        return [examples[i] if i in examples else self._held[i] for i in items]


class Concatenation(ConcatDataset):
    """Several datasets of examples as one.

    Example:
        >>> from nextims.data.examples.dataset import Concatenation
        >>> from nextims.data.examples.unlabelled import UnlabelledDataset
        >>> whole = Concatenation([UnlabelledDataset(["C", "CC"]), UnlabelledDataset(["CCO"])])
        >>> [example.smiles for example in whole.__getitems__([2, 0])]
        ['CCO', 'C']
    """

    def __getitems__(self, items: Sequence[int]) -> list[Example]:
        """Return the examples of a batch, those of each dataset read at a time."""
        ends = np.array(self.cumulative_sizes)
        which = np.searchsorted(ends, items, side="right")
        own = np.asarray(items) - np.concatenate([[0], ends])[which]
        examples: list[Example | None] = [None] * len(items)
        for number in np.unique(which):
            places = np.flatnonzero(which == number)
            read = self.datasets[number].__getitems__(own[places].tolist())
            for place, example in zip(places, read, strict=True):
                examples[place] = example
        return examples


class SpectrumDataset(ExampleDataset):
    """The spectra of one split of a store.

    In the memory-efficient mode only an index of a few bytes a spectrum is held and every item is
    read from the file by the worker that asks for it; otherwise each worker keeps what it has read
    and computed. Of a store of more than 50,000 spectra the memory-efficient mode asks to be
    shuffled in blocks (``epoch_order``).

    Args:
        store: path of the store.
        split: "train", "validation" or "test".
        energy_range: lowest and highest ionization energy in eV; a spectrum without one counts as
            70 eV.
        inputs: what to compute beside the fingerprint.
        memory_efficient: see above.
        bde_cache: path of a BDE cache whose energies are added to the examples.
        rows: positions in the store of the spectra to take, of those that are in the split.

    Attributes:
        in_blocks: whether neighbours are quicker to read than any others.

    Raises:
        StoreError: the store cannot be read.
        BDECacheError: the cache of bond energies cannot be read.
        EmptySplitError: no spectrum of the store is in the split and the energy range.
    """

    def __init__(
        self,
        store,
        split: str,
        *,
        energy_range: tuple[float, float],
        inputs: Inputs = FINGERPRINT_ONLY,
        memory_efficient: bool = True,
        bde_cache=None,
        rows: np.ndarray | None = None,
    ):
        super().__init__(inputs, memory_efficient=memory_efficient)
        self.store = SpectrumStore(store)
        self.bde = None if bde_cache is None else BDECache(bde_cache)
        self.in_blocks = memory_efficient and len(self.store) > BLOCK_SHUFFLE_ABOVE
        index = self.store.index
        energy = np.nan_to_num(index.energy, nan=STANDARD_ENERGY)
        low, high = energy_range
        chosen = (index.split == SPLITS.index(split)) & (energy >= low) & (energy <= high)
        self.rows = np.flatnonzero(chosen).astype(np.int32)
        if rows is not None:
            self.rows = self.rows[np.isin(self.rows, rows)]
        if not len(self.rows):
            raise EmptySplitError(f"{store}: no {split} spectrum of {low:g} to {high:g} eV")
        # A file that is open when workers are forked would be shared with them.
        self.store.close()

    @property
    def smiles(self) -> list[str]:
        """The canonical SMILES of all spectra."""
        smiles = self.store.column("smiles")
        self.store.close()
        return [smiles[row] for row in self.rows]

    @property
    def energies(self) -> dict[int, int]:
        """Number of spectra by ionization energy in whole eV; without one, it counts as 70."""
        energy = np.nan_to_num(self.store.index.energy[self.rows], nan=STANDARD_ENERGY)
        found = np.unique(np.rint(energy).astype(int), return_counts=True)
        return dict(zip(*(values.tolist() for values in found), strict=True))

    @property
    def elements(self) -> dict[str, int]:
        """Number of spectra by element that the molecule has."""
        formulas = self.store.column("formula")
        self.store.close()
        of_each = Counter(formulas[row] for row in self.rows)
        found: Counter[str] = Counter()
        for formula, spectra in of_each.items():
            found.update(dict.fromkeys(count_elements(formula) or (), spectra))
        return {element: found[element] for element in ELEMENTS if found[element]}

    def __len__(self) -> int:
        return len(self.rows)

    def _read(self, items: Sequence[int]) -> list[Example]:
        index, rows = self.store.index, self.rows[list(items)].tolist()
        # Step by step, not example by example: see ``featurize_all``.
        smiles = [self.store.text("smiles", row) for row in rows]
        spectra = [self.store.spectrum(row) for row in rows]
        features = self._features(items, smiles)
        bonds = [None] * len(rows)
        if self.bde is not None:
            bonds = [self._bonds(*each) for each in zip(rows, smiles, features, strict=True)]
        energies, lowest = index.energy[rows].tolist(), index.lowest_mz[rows].tolist()
        gaps = [self.store.gaps[gap] for gap in index.gap[rows]]
        columns = zip(features, spectra, energies, lowest, gaps, rows, smiles, bonds, strict=True)
        return [Example(*each) for each in columns]

    def _bonds(self, row: int, smiles: str, features: Features) -> KnownBonds:
        known = self.bde.get(self.store.text("inchikey", row), smiles) or NO_BONDS
        atoms = _without_labels(load_canonical(smiles), known.atoms[known.valid])
        return known_bonds(features.graph, atoms, known.bde[known.valid, None])


def _without_labels(molecule: Molecule, atoms: np.ndarray) -> np.ndarray:
    """Number a molecule's atoms as its graph does: without labels, hydrogens behind the others."""
    plain = molecule.unlabelled
    if plain is molecule:
        return atoms
    hydrogen = plain.mol.GetNumAtoms()
    numbers = np.append(molecule.places, hydrogen)
    for atom, place in zip(each_atom(molecule.mol), molecule.places.tolist(), strict=True):
        if atom.GetAtomicNum() != plain.mol.GetAtomWithIdx(place).GetAtomicNum():
            numbers[atom.GetIdx()] = hydrogen
    return numbers[np.minimum(atoms, len(molecule.places))]
