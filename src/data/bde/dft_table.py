"""DFT bond dissociation energies, to train on: ALFABET's table as an HDF5 file and as a dataset.

The table is part of the Python package ``alfabet`` 0.1.0 (St. John et al., Nat. Commun. 2020, 11,
2328; BSD-3-Clause): bonds of molecules of up to ten heavy atoms by M06-2X/def2-TZVP. In HDF5:

| dataset | type | shape | |
| --- | --- | --- | --- |
| ``smiles`` | UTF-8 | (molecules,) | as in the table; ``atoms`` refers to its order |
| ``split`` | uint8 | (molecules,) | 0 training, 1 validation, 2 test: the table's own |
| ``offsets`` | int64 | (molecules + 1,) | bonds of molecule ``i``: ``offsets[i]:offsets[i + 1]`` |
| ``atoms`` | int32 | (bonds, 2) | ends in ``Chem.AddHs`` of the molecule: hydrogens last |
| ``energies`` | float32 | (bonds, 2) | BDE and BDFE (its free energy), kcal/mol, 298 K |

Attributes: ``format_version``, ``source`` and ``sha256`` (of the table), ``units``.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from rdkit import Chem
from tqdm import tqdm

from ...errors import UserError
from ...files.hdf5 import written_whole
from ..library.splits import SPLITS

FORMAT_VERSION = 1
COMMAND = "nextims prepare bde"
SOURCE = "alfabet==0.1.0"
QUANTITIES = ("bde", "bdfe")
TABLE = "alfabet/model_files/20201012_bonds_for_neighbors.csv.gz"
TABLE_SHA256 = "782c3d04a50598aeabd3c67733e28f81d9274f2acea285920a87f141cafbb5f2"

_SPLIT_NAMES = {"train": "train", "valid": "validation", "test": "test"}
_ATOM_IN_SMILES = re.compile(r"\[\d*([A-Z][a-z]?|[a-z]+)[^\]]*\]|(Br|Cl|[BCNOPSFI]|[bcnops])")


class BDEDataError(UserError):
    """The table of DFT energies cannot be used; the message names the file and what to do."""


@dataclass(frozen=True)
class BDEDataSummary:
    """What was read.

    Attributes:
        molecules: molecules by split.
        bonds: bonds by split, those of equivalent hydrogens counted each.
        refused: molecules whose bonds are not those that the table describes, by reason.
    """

    molecules: Counter[str]
    bonds: Counter[str]
    refused: Counter[str]

    def __str__(self) -> str:
        lines = [f"{'split':<12}{'molecules':>12}{'bonds':>12}"]
        lines += [
            f"{split:<12}{self.molecules[split]:>12,}{self.bonds[split]:>12,}" for split in SPLITS
        ]
        lines += [f"refused, {reason}: {number:,}" for reason, number in self.refused.items()]
        return "\n".join(lines)


def download_archive(folder: Path) -> Path:
    """Fetch the package from the Python Package Index into a folder, and return its file.

    Raises:
        BDEDataError: pip could not get it.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), SOURCE]
    result = subprocess.run(command, capture_output=True, text=True)
    archives = sorted(folder.glob("alfabet-0.1.0*"))
    if result.returncode or not archives:
        reason = (result.stderr.strip().splitlines() or ["no file"])[-1]
        raise BDEDataError(
            f"pip could not download {SOURCE} ({reason}); download it elsewhere and give it with "
            "--archive"
        )
    return archives[0]


def read_table(archive: str | Path) -> bytes:
    """Return the table (gzipped CSV) that a package file of ALFABET holds.

    Args:
        archive: source package (``.tar.gz``) or wheel (``.whl``) of alfabet 0.1.0, or the table.

    Raises:
        BDEDataError: the file is missing, damaged or another package, or its table is not the one
            that this program knows.
    """
    archive = Path(archive)
    try:
        content = _find_table(archive)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error) as error:
        raise BDEDataError(f"{archive}: cannot be read ({error})") from error
    if content is None:
        raise BDEDataError(f"{archive}: holds no {TABLE}; expected the package {SOURCE}")
    digest = hashlib.sha256(content).hexdigest()
    if digest != TABLE_SHA256:
        raise BDEDataError(
            f"{archive}: the table's SHA-256 is {digest}, expected {TABLE_SHA256}; the file is "
            f"damaged or of another version than {SOURCE}"
        )
    return content


def prepare_bde_data(
    path: str | Path, table: bytes, *, source: str = SOURCE, progress: bool = True
) -> BDEDataSummary:
    """Write the HDF5 file of DFT energies.

    Each bond is checked against the two radicals that the table says it gives: their elements must
    be those on its two sides. A molecule with a bond that fails is refused whole.

    Args:
        path: HDF5 file; written to a temporary name and renamed.
        table: gzipped CSV with the columns molecule, bond_index, fragment1, fragment2, bde, bdfe
            and set, the rows of a molecule together.
        source: what the file says it comes from.
        progress: whether to show a progress bar.

    Raises:
        BDEDataError: the table is damaged, lacks a column, or has a value that is none of its kind.
    """
    smiles, split, offsets, atoms, energies = [], [], [0], [], []
    summary = BDEDataSummary(Counter(), Counter(), Counter())
    with tqdm(desc="DFT energies", unit="molecule", disable=not progress) as bar:
        for molecule, rows in _molecules(table):
            bar.update()
            name = rows[0].split
            try:
                pairs = _bond_atoms(molecule, rows)
            except ValueError as error:
                summary.refused[str(error)] += 1
                continue
            smiles.append(molecule)
            split.append(SPLITS.index(name))
            atoms += pairs
            energies += [row.energies for row in rows]
            offsets.append(len(atoms))
            summary.molecules[name] += 1
            summary.bonds[name] += len(rows)
    if not smiles:
        raise BDEDataError(f"{source}: no molecule of the table can be used")
    with written_whole(path) as file:
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["source"] = source
        file.attrs["sha256"] = hashlib.sha256(table).hexdigest()
        file.attrs["units"] = "kcal/mol"
        file.create_dataset("smiles", data=smiles, dtype=h5py.string_dtype())
        file["split"] = np.array(split, dtype=np.uint8)
        file["offsets"] = np.array(offsets, dtype=np.int64)
        file["atoms"] = np.array(atoms, dtype=np.int32).reshape(-1, 2)
        file["energies"] = np.array(energies, dtype=np.float32).reshape(-1, len(QUANTITIES))
    return summary


def ensure_bde_data(
    path: str | Path, archive: str | Path | None = None, *, progress: bool = True
) -> BDEDataSummary:
    """Write the HDF5 file of DFT energies from the package, downloaded unless it is given.

    Raises:
        BDEDataError: the package cannot be had or is another one.
    """
    with tempfile.TemporaryDirectory() as folder:
        table = read_table(archive or download_archive(Path(folder)))
    return prepare_bde_data(path, table, progress=progress)


def _find_table(archive: Path) -> bytes | None:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(TABLE) if TABLE in wheel.namelist() else None
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as package:
            for member in package:
                if member.isfile() and member.name.endswith(TABLE):
                    return package.extractfile(member).read()
        return None
    return archive.read_bytes()


class _Row(NamedTuple):
    """One bond as the table has it."""

    bond_index: int
    fragments: tuple[str, str]
    energies: tuple[float, ...]
    split: str


def _molecules(table: bytes) -> Iterator[tuple[str, list[_Row]]]:
    try:
        text = io.TextIOWrapper(gzip.GzipFile(fileobj=io.BytesIO(table)), encoding="utf-8")
        rows = csv.DictReader(text)
        wanted = {"molecule", "bond_index", "fragment1", "fragment2", "set", *QUANTITIES}
        if missing := sorted(wanted - set(rows.fieldnames or ())):
            raise BDEDataError(f"the table has no column {', '.join(missing)}")
        for molecule, group in groupby(rows, key=lambda row: row["molecule"]):
            yield molecule, [_read_row(row) for row in group]
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        raise BDEDataError(f"the table cannot be read ({error})") from error


def _read_row(row: dict[str, str]) -> _Row:
    try:
        energies = tuple(float(row[quantity]) for quantity in QUANTITIES)
        if not all(map(math.isfinite, energies)):
            raise ValueError("an energy that is not finite")
        fragments = row["fragment1"], row["fragment2"]
        return _Row(int(row["bond_index"]), fragments, energies, _SPLIT_NAMES[row["set"]])
    except (KeyError, TypeError, ValueError) as error:
        raise BDEDataError(f"the table cannot be read (in the row {row}: {error})") from error


def _bond_atoms(smiles: str, rows: list[_Row]) -> list[tuple[int, int]]:
    """Return the two atoms of each row's bond; refuse bonds that give other radicals."""
    heavy = Chem.MolFromSmiles(smiles)
    if heavy is None:
        raise ValueError("RDKit cannot read the SMILES")
    mol = Chem.AddHs(heavy)
    symbols = [atom.GetSymbol() for atom in heavy.GetAtoms()]
    pairs = []
    for row in rows:
        if not 0 <= row.bond_index < mol.GetNumBonds():
            raise ValueError("no bond of that number")
        bond = mol.GetBondWithIdx(row.bond_index)
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        pairs.append(ends)
        if _sides(mol, ends, symbols) != sorted(map(_elements_of_smiles, row.fragments)):
            raise ValueError("a bond's two sides are not the fragments of the table")
    return pairs


def _sides(mol: Chem.Mol, ends: tuple[int, int], symbols: list[str]) -> list[tuple[str, ...]]:
    """Return the elements on both sides of a bond, no hydrogens; all on both if it is in a ring."""
    broken = Chem.RWMol(mol)
    broken.RemoveBond(*ends)
    sides = [side for side in Chem.GetMolFrags(broken) if not set(ends).isdisjoint(side)]
    return sorted(
        tuple(sorted(symbols[atom] for atom in side if atom < len(symbols)))
        for side in (sides[0], sides[-1])
    )


def _elements_of_smiles(smiles: str) -> tuple[str, ...]:
    symbols = ((a or b).capitalize() for a, b in _ATOM_IN_SMILES.findall(smiles))
    return tuple(sorted(symbol for symbol in symbols if symbol != "H"))
