"""ALFABET as a backend of bond dissociation energies, through TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from rdkit import Chem

from ...chemistry.homolysis import breakable, gives_ions
from ...chemistry.molecule import Molecule, without_isotopes
from .backend import BackendMissingError
from .bond_energies import NO_BONDS, BondEnergies


class AlfabetBackend:
    """ALFABET (St. John et al., Nat. Commun. 2020, 11, 2328) through TensorFlow.

    The model of the package ``alfabet`` knows C, H, N, O, S, P, F, Cl and Br. As in
    ``alfabet.model.predict``, no bond of a molecule is valid where one of its atoms or bonds is of
    a kind that the model was not trained with. Nor are bonds between opposite charges (N–O of a
    nitro group), which would break into ions and of which none was in the training data. Isotope
    labels, which it does not know, are left out.

    Raises:
        BackendMissingError: ``alfabet``, ``tensorflow`` or ``tf-keras`` is not installed.
    """

    name = "alfabet"
    # A process of its own would load TensorFlow of its own.
    parallel = False
    _packages = ("alfabet", "tensorflow", "tf-keras")

    def __init__(self):
        missing = [package for package in self._packages if _version(package) is None]
        if missing:
            raise BackendMissingError(
                f"the backend alfabet needs the packages {', '.join(missing)}; install them with: "
                'pip install "nextims[alfabet]"'
            )
        self.version = str(_version("alfabet"))
        # The weights were saved by Keras 2; TensorFlow reads this when it is first imported.
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

    def prepare(self, molecules: Sequence[Molecule]) -> list[_AlfabetGraph]:
        """Compute the model's input for each molecule."""
        return [self._graph(molecule) for molecule in molecules]

    def predict(self, prepared: Sequence[_AlfabetGraph]) -> list[BondEnergies | str]:
        """Return the bond energies of each molecule."""
        values = iter(self._run([graph for graph in prepared if graph.known]))
        return [
            graph.energies(next(values) if graph.known else np.full((graph.size, 2), np.nan))
            for graph in prepared
        ]

    @cached_property
    def _alfabet(self):
        import alfabet.prediction

        for tokenizer in ("atom_tokenizer", "bond_tokenizer"):
            getattr(alfabet.prediction.preprocessor, tokenizer).train = False
        return alfabet.prediction

    @cached_property
    def _model(self):
        import tensorflow as tf

        model = self._alfabet.model
        inputs = {
            name: tf.TensorSpec([1, None, *([2] if name == "connectivity" else [])], tf.int64)
            for name in ("atom", "bond", "connectivity", "bond_indices")
        }
        sizes = {name: tf.TensorSpec([1], tf.int64) for name in ("n_atom", "n_bond")}
        # One trace for all sizes; Keras' own predict would trace again for every new shape.
        return tf.function(
            lambda batch: model(batch, training=False), input_signature=[inputs | sizes]
        )

    def _graph(self, molecule: Molecule) -> _AlfabetGraph:
        preprocessor = self._alfabet.preprocessor
        mol = Chem.AddHs(without_isotopes(molecule.mol))
        atoms = [
            preprocessor.atom_tokenizer(preprocessor.atom_features(atom)) for atom in mol.GetAtoms()
        ]
        ends, kinds = [], []
        for bond in mol.GetBonds():
            begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
            ends += [(begin, end), (end, begin)]
            kinds += [
                preprocessor.bond_tokenizer(preprocessor.bond_features(bond, flipped=flipped))
                for flipped in (False, True)
            ]
        return _AlfabetGraph(
            mol,
            np.array(atoms, dtype=np.int64),
            np.array(kinds, dtype=np.int64),
            np.array(ends, dtype=np.int64).reshape(-1, 2),
        )

    def _run(self, graphs: Sequence[_AlfabetGraph]) -> Iterator[np.ndarray]:
        """Yield BDE and BDFE of all bonds of each graph, ``(bonds, 2)``, in kcal/mol.

        The graphs are given to the model as one graph of unconnected parts: nothing is padded, and
        as its layers look at neighbours only, the values are those of the graphs one by one.
        """
        if not graphs:
            return
        first_atom = np.cumsum([0, *(len(graph.atoms) for graph in graphs[:-1])])
        connectivity = np.concatenate(
            [graph.ends + first for graph, first in zip(graphs, first_atom, strict=True)]
        )
        bonds = len(connectivity) // 2
        atoms = np.concatenate([graph.atoms for graph in graphs])
        batch = {
            "n_atom": np.array([len(atoms)]),
            "n_bond": np.array([bonds]),
            "atom": atoms[None],
            "bond": np.concatenate([graph.kinds for graph in graphs])[None],
            "connectivity": connectivity[None],
            "bond_indices": np.repeat(np.arange(bonds), 2)[None],
        }
        # The model gives a row for every directed bond; those of the bonds come first.
        energies = np.concatenate([e.numpy()[0, :bonds] for e in self._model(batch)], axis=1)
        yield from np.split(energies, np.cumsum([graph.size for graph in graphs[:-1]]))


@dataclass(frozen=True)
class _AlfabetGraph:
    """A molecule as ALFABET's model reads it; columns ``2k`` and ``2k + 1`` are bond ``k``."""

    mol: Chem.Mol
    atoms: np.ndarray
    kinds: np.ndarray
    ends: np.ndarray

    @property
    def size(self) -> int:
        """Number of bonds."""
        return len(self.kinds) // 2

    @property
    def known(self) -> bool:
        """Whether the model was trained with every kind of atom and bond; 1 stands for unknown."""
        return self.size > 0 and not ((self.atoms == 1).any() or (self.kinds == 1).any())

    def energies(self, values: np.ndarray) -> BondEnergies:
        """Return the energies of the listed bonds from those of all, ``(bonds, 2)``."""
        bonds = [bond for bond in self.mol.GetBonds() if breakable(bond) or bond.IsInRing()]
        if not bonds:
            return NO_BONDS
        rows = [bond.GetIdx() for bond in bonds]
        ring = np.array([bond.IsInRing() for bond in bonds])
        radicals = ~ring & ~np.array([gives_ions(bond) for bond in bonds])
        chosen = np.where(radicals[:, None], values[rows], np.nan).astype(np.float32)
        valid = np.isfinite(chosen[:, 0])
        return BondEnergies(self.ends[::2][rows].astype(np.int32), *chosen.T, valid, ring)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
