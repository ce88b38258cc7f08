"""Structures without spectra, for a teacher to label."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset
from tqdm import tqdm

from .dataset import Example
from .features import FINGERPRINT_ONLY, Inputs, featurize
from .molecule import CONNECTIVITY, MoleculeError, load_canonical, read_molecule


class UnlabelledError(ValueError):
    """A list of structures cannot be used; the message names the file and the reason."""


class UnlabelledDataset(Dataset):
    """Molecules without spectra.

    Args:
        smiles: canonical SMILES, as ``read_molecule`` gives them.
        inputs: what to compute beside the fingerprint.
        memory_efficient: compute each item when it is asked for; else keep what was computed.

    Example:
        >>> from nextims.data.unlabelled import UnlabelledDataset
        >>> UnlabelledDataset(["CCO"])[0].features.nominal_mass
        46
    """

    def __init__(
        self,
        smiles: Sequence[str],
        *,
        inputs: Inputs = FINGERPRINT_ONLY,
        memory_efficient: bool = True,
    ):
        self.inputs = inputs
        self.memory_efficient = memory_efficient
        self._held: dict[int, Example] = {}
        self.smiles = smiles

    def __len__(self) -> int:
        return len(self.smiles)

    def __getitem__(self, item: int) -> Example:
        if item in self._held:
            return self._held[item]
        smiles = self.smiles[item]
        features = featurize(load_canonical(smiles), self.inputs)
        example = Example(features, None, np.nan, 1, -1, smiles)
        if not self.memory_efficient:
            self._held[item] = example
        return example


def read_unlabelled(
    path: str | Path, known: set[str], *, max_mz: int
) -> tuple[list[str], list[tuple[int, str]]]:
    """Read the molecules of a SMILES file that are not known yet.

    Args:
        path: one SMILES a line, a name after white space ignored; also gzipped.
        known: first blocks of the InChIKeys of molecules to leave out; those read are added.
        max_mz: heavier molecules are left out.

    Returns:
        Canonical SMILES; and the lines that are no usable structure, with the reason.

    Raises:
        UnlabelledError: the file is missing or damaged, or none of its structures can be used.
    """
    smiles: list[str] = []
    unreadable: list[tuple[int, str]] = []
    for line, text in enumerate(tqdm(_lines(Path(path)), desc=Path(path).name), start=1):
        try:
            molecule = read_molecule((text.split() or [""])[0], max_mz=max_mz)
        except MoleculeError as error:
            unreadable.append((line, str(error)))
            continue
        block = molecule.inchikey[:CONNECTIVITY]
        if block not in known:
            known.add(block)
            smiles.append(molecule.smiles)
    if not smiles:
        raise UnlabelledError(f"{path}: no structure in it that can be used")
    return smiles, unreadable


def _lines(path: Path) -> Iterator[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", errors="replace") as file:
            yield from file
    except (OSError, EOFError, zlib.error) as error:
        raise UnlabelledError(f"{path}: cannot be read ({error})") from error
