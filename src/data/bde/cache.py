"""The HDF5 file of bond dissociation energies (BDEs): one entry for each molecule.

| dataset | type | shape | |
| --- | --- | --- | --- |
| ``inchikey`` | S27 | (molecules,) | sorted, none twice |
| ``smiles`` | UTF-8 | (molecules,) | canonical SMILES that ``atoms`` refers to |
| ``offsets`` | int64 | (molecules + 1,) | bonds of molecule ``i``: ``offsets[i]:offsets[i + 1]`` |
| ``atoms`` | int32 | (bonds, 2) | ends in ``Chem.AddHs`` of the SMILES' molecule: hydrogens last |
| ``bde``, ``bdfe`` | float32 | (bonds,) | kcal/mol, NaN where not valid |
| ``valid`` | bool | (bonds,) | whether the backend's model covers the bond |
| ``ring`` | bool | (bonds,) | a ring bond, never valid: breaking it does not split the molecule |
| ``failed/…`` | S27, UTF-8 | (failed,) | inchikey, smiles, reason of molecules without entry |

Attributes: ``format_version``, ``backend``, ``backend_version`` and ``units``. Listed are single
bonds outside rings, those to hydrogen included, and ring bonds; no multiple bonds outside rings.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from ...errors import UserError
from ...files.hdf5 import is_undamaged, written_whole
from .bond_energies import NO_BONDS, BondEnergies

FORMAT_VERSION = 2
COMMAND = "nextims bde --max-samples 0"

_KEY = np.dtype("S27")
_BOND_COLUMNS = ("atoms", "bde", "bdfe", "valid", "ring")
_REQUIRED = ("inchikey", "smiles", "offsets", *_BOND_COLUMNS, "failed/inchikey")


class BDECacheError(UserError):
    """A BDE cache that cannot be used; the message names the file and the command that makes it."""


class BDECache:
    """Reads a BDE cache by InChIKey.

    Only the InChIKeys and offsets are held in memory. The file is opened by the process that first
    reads from it, so that an object may be pickled or carried into forked workers.

    Args:
        path: HDF5 file.

    Attributes:
        backend: name of the backend that made it.
        backend_version: the backend's version.

    Raises:
        BDECacheError: the file is missing, damaged or something else.

    Example:
        >>> import tempfile
        >>> from nextims.data.bde.cache import BDECache, CacheContent
        >>> from nextims.data.bde.bond_energies import BondEnergies
        >>> methane = BondEnergies(
        ...     np.array([[0, h] for h in (1, 2, 3, 4)], np.int32),
        ...     np.full(4, 103.8, np.float32),
        ...     np.full(4, 95.4, np.float32),
        ...     np.ones(4, bool),
        ...     np.zeros(4, bool),
        ... )
        >>> content = CacheContent("DFT", "M06-2X/def2-TZVP")
        >>> content.entries["VNWKTOKETHGBQD-UHFFFAOYSA-N"] = "C", methane
        >>> path = tempfile.mktemp(suffix=".h5")
        >>> content.write(path)
        >>> BDECache(path).get("VNWKTOKETHGBQD-UHFFFAOYSA-N").bde
        array([103.8, 103.8, 103.8, 103.8], dtype=float32)
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not self.path.is_file():
            raise BDECacheError(f"{self.path}: no BDE cache; make it with: {COMMAND}")
        self._file: h5py.File | None = None
        self._columns: dict[str, h5py.Dataset] = {}
        self._process = -1
        try:
            if not is_undamaged(self.path):
                raise KeyError("it is damaged, or other than it was written")
            with h5py.File(self.path, "r") as file:
                self._check(file)
                self.backend = str(file.attrs["backend"])
                self.backend_version = str(file.attrs["backend_version"])
                self._inchikey = file["inchikey"][:]
                self._offsets = file["offsets"][:]
        except (OSError, KeyError, RuntimeError) as error:
            raise self._unreadable(error) from error

    def __len__(self) -> int:
        return len(self._inchikey)

    def __contains__(self, inchikey: str) -> bool:
        return self._row(inchikey) is not None

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_file": None, "_columns": {}, "_process": -1}

    def __enter__(self) -> BDECache:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; reading opens it again."""
        if self._file is not None and self._process == os.getpid():
            self._file.close()
        self._file = None
        self._columns = {}

    def get(self, inchikey: str, smiles: str | None = None) -> BondEnergies | None:
        """Return the bond energies of a molecule, ``None`` where the cache has none.

        Args:
            inchikey: InChIKey of the molecule.
            smiles: its canonical SMILES. InChI draws no line between some tautomers and charge
                forms, whose atoms SMILES orders differently: given, ``None`` is returned where the
                cache's entry refers to the atoms of another SMILES.

        Raises:
            BDECacheError: the file has been damaged since it was opened.
        """
        row = self._row(inchikey)
        if row is None:
            return None
        try:
            columns = self._opened()
            if smiles is not None and columns["smiles"][row].decode() != smiles:
                return None
            bonds = slice(self._offsets[row], self._offsets[row + 1])
            return BondEnergies(*(columns[name][bonds] for name in _BOND_COLUMNS))
        except (OSError, KeyError, RuntimeError) as error:
            raise self._unreadable(error) from error

    def covers(self, structures: Iterable[tuple[str, str]]) -> bool:
        """Say whether molecules are all here, or known to have no energies.

        Args:
            structures: InChIKey and canonical SMILES of each molecule, as in
                ``distinct_structures``.
        """
        known = self.read_all().structures()
        wanted = distinct_structures(structures)
        return all(known.get(inchikey) == smiles for inchikey, smiles in wanted.items())

    def read_all(self) -> CacheContent:
        """Return the whole content, in memory.

        Raises:
            BDECacheError: the file has been damaged since it was opened.
        """
        try:
            with h5py.File(self.path, "r") as file:
                return CacheContent.read(file)
        except (OSError, KeyError, RuntimeError) as error:
            raise self._unreadable(error) from error

    def _row(self, inchikey: str) -> int | None:
        key = np.array(inchikey.encode(), dtype=_KEY)
        row = int(np.searchsorted(self._inchikey, key))
        # NumPy cuts longer texts to the length of its type.
        found = (
            len(inchikey) == _KEY.itemsize
            and row < len(self._inchikey)
            and self._inchikey[row] == key
        )
        return row if found else None

    def _opened(self) -> dict[str, h5py.Dataset]:
        # A file opened before a fork shares its state with the parent: each process opens its own.
        if self._file is None or self._process != os.getpid():
            self._file = h5py.File(self.path, "r")
            self._process = os.getpid()
            # Looking a dataset up takes as long as reading from it.
            self._columns = {name: self._file[name] for name in ("smiles", *_BOND_COLUMNS)}
        return self._columns

    def _check(self, file: h5py.File) -> None:
        if "backend" not in file.attrs or not all(name in file for name in _REQUIRED):
            raise KeyError("it is some other HDF5 file")
        version = int(file.attrs["format_version"])
        if version != FORMAT_VERSION:
            raise KeyError(f"its format version is {version}, this program reads {FORMAT_VERSION}")

    def _unreadable(self, error: Exception) -> BDECacheError:
        return BDECacheError(
            f"{self.path}: not readable as a BDE cache ({error.args[-1]}); delete it, then make it "
            f"with: {COMMAND}"
        )


@dataclass
class CacheContent:
    """What a BDE cache holds, in memory.

    Attributes:
        backend: name of the backend.
        backend_version: its version.
        entries: canonical SMILES and bond energies by InChIKey.
        failures: canonical SMILES and reason by InChIKey, for molecules without an entry.
    """

    backend: str
    backend_version: str
    entries: dict[str, tuple[str, BondEnergies]] = field(default_factory=dict)
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)

    def structures(self) -> dict[str, str]:
        """Return the canonical SMILES of every molecule by InChIKey, failed ones included."""
        return {key: value[0] for key, value in (self.failures | self.entries).items()}

    def update(self, newer: CacheContent) -> None:
        """Take over what ``newer`` holds, in place of older results for the same molecules."""
        for key in newer.structures():
            self.entries.pop(key, None)
            self.failures.pop(key, None)
        self.entries.update(newer.entries)
        self.failures.update(newer.failures)

    @classmethod
    def read(cls, file: h5py.File) -> CacheContent:
        """Return the content of an open cache."""
        columns = [file[name][:] for name in _BOND_COLUMNS]
        offsets = file["offsets"][:]
        content = cls(str(file.attrs["backend"]), str(file.attrs["backend_version"]))
        rows = zip(file["inchikey"][:], file["smiles"].asstr()[:], strict=True)
        for row, (key, smiles) in enumerate(rows):
            bonds = slice(offsets[row], offsets[row + 1])
            energies = BondEnergies(*(column[bonds] for column in columns))
            content.entries[key.decode()] = smiles, energies
        keys = file["failed/inchikey"][:]
        texts = (file[f"failed/{name}"].asstr()[:] for name in ("smiles", "reason"))
        for key, smiles, reason in zip(keys, *texts, strict=True):
            content.failures[key.decode()] = smiles, reason
        return content

    def write(self, path: str | Path) -> None:
        """Write the cache; ``path`` holds the old content or the new, never something between."""
        with written_whole(path) as file:
            self._write(file)

    def _write(self, file: h5py.File) -> None:
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["backend"] = self.backend
        file.attrs["backend_version"] = self.backend_version
        file.attrs["units"] = "kcal/mol"
        entries = dict(sorted(self.entries.items()))
        energies = [NO_BONDS, *(energies for _, energies in entries.values())]
        _write_texts(file, entries, smiles=[smiles for smiles, _ in entries.values()])
        file["offsets"] = np.cumsum([len(bonds) for bonds in energies], dtype=np.int64)
        # Not compressed, as a read of one molecule's bonds would have to unpack a whole chunk.
        for name in _BOND_COLUMNS:
            file[name] = np.concatenate([getattr(bonds, name) for bonds in energies])
        failures = dict(sorted(self.failures.items()))
        _write_texts(
            file.create_group("failed"),
            failures,
            smiles=[smiles for smiles, _ in failures.values()],
            reason=[reason for _, reason in failures.values()],
        )


def distinct_structures(
    structures: Iterable[tuple[str, str]], max_molecules: int = 0
) -> dict[str, str]:
    """Return the SMILES of each molecule by InChIKey.

    Args:
        structures: InChIKey and canonical SMILES; those without InChIKey are left out, and of
            several with one InChIKey the first counts.
        max_molecules: only so many, the first ones; 0 for all.

    Example:
        >>> from nextims.data.bde.cache import distinct_structures
        >>> methane = "VNWKTOKETHGBQD-UHFFFAOYSA-N"
        >>> distinct_structures([(methane, "C"), (methane, "C")])
        {'VNWKTOKETHGBQD-UHFFFAOYSA-N': 'C'}
    """
    distinct: dict[str, str] = {}
    for inchikey, smiles in structures:
        if inchikey and inchikey not in distinct:
            distinct[inchikey] = smiles
            if len(distinct) == max_molecules:
                break
    return distinct


def _write_texts(group: h5py.Group, keys: Mapping[str, object], **columns: list[str]) -> None:
    for key in keys:
        if len(key.encode()) != _KEY.itemsize:
            raise ValueError(f"{key!r} is no InChIKey of {_KEY.itemsize} characters")
    group["inchikey"] = np.array([key.encode() for key in keys], dtype=_KEY)
    for name, texts in columns.items():
        group.create_dataset(name, data=texts, dtype=h5py.string_dtype(), shape=(len(texts),))
