"""Structures without spectra, for a teacher to label."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset
from tqdm import tqdm

from .dataset import Example
from .features import featurize
from .molecule import MoleculeError, load_canonical, read_molecule
from .store import SpectrumStore


class UnlabelledError(ValueError):
    """A list of structures cannot be used; the message names the file and the reason."""


class UnlabelledDataset(Dataset):
    """Molecules of a SMILES file, those of the store left out.

    Molecules of all of the store's splits are left out, so that nothing of the validation and test
    molecules, not even the structure, takes part in training.

    Args:
        path: one SMILES a line, a name after white space ignored; also gzipped.
        store: path of the store.
        max_mz: heavier molecules are left out.
        graph: whether to compute graphs.
        fragments: largest number of fragments a molecule to compute; 0 for none.

    Attributes:
        rows: -1, -2, …, which no spectrum of a store has, ``(molecules,)``.
        unreadable: the lines that are no usable structure, with the reason.

    Raises:
        UnlabelledError: the file is missing or damaged, or none of its structures can be used.
    """

    def __init__(
        self,
        path: str | Path,
        store: str | Path,
        *,
        max_mz: int,
        graph: bool,
        fragments: int = 0,
    ):
        self.graph, self.fragments = graph, fragments
        self.unreadable: list[tuple[int, str]] = []
        with SpectrumStore(store) as opened:
            seen = {inchikey[:14] for inchikey in opened.column("inchikey")}
        self._smiles: list[str] = []
        for line, text in enumerate(tqdm(_lines(Path(path)), desc=Path(path).name), start=1):
            try:
                molecule = read_molecule((text.split() or [""])[0], max_mz=max_mz)
            except MoleculeError as error:
                self.unreadable.append((line, str(error)))
                continue
            block = molecule.inchikey[:14]
            if block not in seen:
                seen.add(block)
                self._smiles.append(molecule.smiles)
        if not self._smiles:
            raise UnlabelledError(f"{path}: no structure in it that can be used")
        self.rows = -1 - np.arange(len(self._smiles))

    def __len__(self) -> int:
        return len(self._smiles)

    def __getitem__(self, item: int) -> Example:
        features = featurize(
            load_canonical(self._smiles[item]), graph=self.graph, fragments=self.fragments
        )
        return Example(features, None, np.nan, 1, int(self.rows[item]))


def _lines(path: Path) -> Iterator[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", errors="replace") as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:
        raise UnlabelledError(f"{path}: cannot be read ({error})") from error
