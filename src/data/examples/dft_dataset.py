"""The DFT bond dissociation energies as a dataset of graphs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from rdkit import Chem
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from ...chemistry.graph import Graph, build_graph
from ...chemistry.surroundings import AtomKind, atom_kinds
from ...files.hdf5 import is_undamaged
from ..bde.dft_table import COMMAND, FORMAT_VERSION, BDEDataError
from ..library.splits import SPLITS
from .graph_batch import GraphBatch, KnownBonds, collate_graphs, collate_targets, known_bonds
from .loader import loader_of


class BDEDataset(Dataset):
    """The molecules of one split of the DFT energies; an item is a graph and its known bonds.

    The table is held in memory (20 MB), and so are graphs once they were asked for.

    Args:
        path: HDF5 file of ``prepare_bde_data``.
        split: "train", "validation" or "test".

    Attributes:
        smiles: the molecules.
        source: where the energies come from.

    Raises:
        BDEDataError: the file is missing or is none of these.
    """

    def __init__(self, path: str | Path, split: str):
        path = Path(path)
        if not path.is_file():
            raise BDEDataError(f"{path}: no DFT energies to train on; get them with: {COMMAND}")
        try:
            if not is_undamaged(path):
                raise KeyError("it is damaged, or other than it was written")
            with h5py.File(path, "r") as file:
                if (version := int(file.attrs["format_version"])) != FORMAT_VERSION:
                    raise KeyError(f"format version {version}, expected {FORMAT_VERSION}")
                self.source = str(file.attrs["source"])
                rows = np.flatnonzero(file["split"][:] == SPLITS.index(split))
                smiles, offsets = file["smiles"].asstr()[:], file["offsets"][:]
                atoms, energies = file["atoms"][:], file["energies"][:]
        except (OSError, KeyError, RuntimeError) as error:
            raise BDEDataError(
                f"{path}: not readable as DFT energies ({error.args[-1]}); make it anew with: "
                f"{COMMAND}"
            ) from error
        if not len(rows):
            raise BDEDataError(f"{path}: no molecule of the {split} split")
        self.smiles = smiles[rows].tolist()
        self._bonds = [
            (atoms[bonds], energies[bonds])
            for bonds in (slice(offsets[row], offsets[row + 1]) for row in rows)
        ]
        self._held: dict[int, tuple[Graph, KnownBonds]] = {}

    def __len__(self) -> int:
        return len(self.smiles)

    def __getitem__(self, item: int) -> tuple[Graph, KnownBonds]:
        if item not in self._held:
            graph = build_graph(Chem.MolFromSmiles(self.smiles[item]))
            self._held[item] = graph, known_bonds(graph, *self._bonds[item])
        return self._held[item]

    def table(self, item: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a molecule's bonds as the table has them.

        These are the two atoms of each bond, ``(bonds, 2)``, in ``Chem.AddHs`` of the molecule, and
        the energies in kcal/mol, ``(bonds, quantities)``.
        """
        return self._bonds[item]

    @property
    def bonds(self) -> int:
        """Number of bonds, those of equivalent hydrogens counted each."""
        return sum(len(energies) for _, energies in self._bonds)

    def atom_kinds(self) -> set[AtomKind]:
        """Return the kinds of atoms that the molecules hold."""
        molecules = tqdm(self.smiles, desc="kinds of atoms", unit=" molecules", leave=False)
        return {kind for smiles in molecules for kind in atom_kinds(Chem.MolFromSmiles(smiles))}


def bde_loader(
    dataset: BDEDataset, *, batch_size: int, num_workers: int, shuffle_seed: int | None = None
) -> DataLoader:
    """Return a loader of ``GraphBatch``, see ``loader_of``."""
    return loader_of(
        dataset, collate, batch_size=batch_size, num_workers=num_workers, shuffle_seed=shuffle_seed
    )


def collate(examples: Sequence[tuple[Graph, KnownBonds]]) -> GraphBatch:
    """Put molecules with known bonds into one batch."""
    graphs, known = zip(*examples, strict=True)
    batch = collate_graphs(graphs)
    batch.targets = collate_targets(graphs, known)
    return batch
