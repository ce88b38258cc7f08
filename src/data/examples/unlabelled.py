"""Structures without spectra, for a teacher to label."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ...chemistry.molecule import MoleculeError, first_block, read_molecule
from ...errors import UserError
from .dataset import Example, ExampleDataset
from .features import FINGERPRINT_ONLY, Inputs


class UnlabelledError(UserError):
    """A list of structures cannot be used; the message names the file and the reason."""


class UnlabelledDataset(ExampleDataset):
    """Molecules without spectra, by their canonical SMILES as ``read_molecule`` gives them.

    Example:
        >>> from nextims.data.examples.unlabelled import UnlabelledDataset
        >>> UnlabelledDataset(["CCO"])[0].features.nominal_mass
        46
    """

    smiles: Sequence[str] = ()

    def __init__(
        self,
        smiles: Sequence[str],
        *,
        inputs: Inputs = FINGERPRINT_ONLY,
        memory_efficient: bool = True,
    ):
        super().__init__(inputs, memory_efficient=memory_efficient)
        self.smiles = smiles

    def __len__(self) -> int:
        return len(self.smiles)

    def _read(self, items: Sequence[int]) -> list[Example]:
        smiles = [self.smiles[item] for item in items]
        pairs = zip(self._features(items, smiles), smiles, strict=True)
        return [Example(each, None, np.nan, 1, (), -1, written) for each, written in pairs]


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
        block = first_block(molecule.inchikey)
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
