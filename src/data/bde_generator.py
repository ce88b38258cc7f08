"""Bond dissociation energies (BDEs) of a library's molecules: backends, and filling the cache."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rdkit import Chem
from tqdm import tqdm

from .bde_cache import BDECache, BDECacheError, BondEnergies, CacheContent, distinct_structures
from .molecule import Molecule, MoleculeError, load_canonical

__all__ = [
    "BDEBackend",
    "BDECache",
    "BDECacheError",
    "BackendMissingError",
    "BondEnergies",
    "FillSummary",
    "breakable_bonds",
    "fill_cache",
    "open_backend",
]


class BackendMissingError(RuntimeError):
    """A backend's packages are not installed; the message says how to install them."""


class BDEBackend(Protocol):
    """Predicts the bond dissociation energies of molecules.

    Attributes:
        name: the name that the cache and ``bde.backend`` in config.yaml know it by.
        version: version of the backend's model.
    """

    name: str
    version: str

    def predict(self, molecules: Sequence[Molecule]) -> list[BondEnergies | str]:
        """Return for each molecule its bond energies, or the reason why there are none."""
        ...


def breakable_bonds(mol: Chem.Mol) -> list[Chem.Bond]:
    """Return the bonds whose homolysis gives two radicals: single bonds outside rings.

    Args:
        mol: molecule with explicit hydrogens.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.data.bde_generator import breakable_bonds
        >>> len(breakable_bonds(Chem.AddHs(Chem.MolFromSmiles("C1CC1C=C"))))
        9
    """
    return [
        bond
        for bond in mol.GetBonds()
        if bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing()
    ]


def open_backend(name: str) -> BDEBackend:
    """Return the backend of that name.

    Raises:
        BackendMissingError: its packages are not installed.
        ValueError: there is none of that name.
    """
    from .bde_alfabet import AlfabetBackend

    if name != AlfabetBackend.name:
        raise ValueError(f"no BDE backend {name!r}; there is: {AlfabetBackend.name}")
    return AlfabetBackend()


@dataclass
class FillSummary:
    """What a BDE cache holds for the molecules asked for.

    Attributes:
        molecules: molecules asked for, each InChIKey once.
        computed: those of them that were predicted in this run.
        seconds: time that the predicting took.
        bonds: bonds listed, of all molecules.
        valid_bonds: bonds with a valid energy.
        valid_molecules: molecules with at least one such bond.
        failures: molecules without an entry, by reason.
    """

    molecules: int = 0
    computed: int = 0
    seconds: float = 0.0
    bonds: int = 0
    valid_bonds: int = 0
    valid_molecules: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        rate = f"  ({self.computed / self.seconds:.0f} a second)" if self.seconds else ""
        share = self.valid_bonds / max(self.bonds, 1)
        lines = [
            f"{'molecules':<42}{self.molecules:>10,}",
            f"{'  predicted in this run':<42}{self.computed:>10,}{rate}",
            f"{'  with a valid bond':<42}{self.valid_molecules:>10,}",
            f"{'  failed':<42}{self.failures.total():>10,}",
            *(f"    {reason:<38}{number:>10,}" for reason, number in self.failures.most_common()),
            f"{'bonds':<42}{self.bonds:>10,}",
            f"{'  valid':<42}{self.valid_bonds:>10,}  ({share:.1%})",
        ]
        return "\n".join(lines)


def fill_cache(
    path: str | Path,
    structures: Iterable[tuple[str, str]],
    backend: BDEBackend,
    *,
    max_molecules: int = 0,
    batch_size: int = 256,
    progress: bool = True,
) -> FillSummary:
    """Predict the bond energies of molecules and write the cache of them.

    Each batch is kept in a file of its own beside the cache, in ``PATH.parts``, until all are
    there; a run that was interrupted at any moment continues after its last batch. What the cache
    holds already stays: only molecules that are new, or whose SMILES has changed, are predicted.

    Args:
        path: HDF5 file.
        structures: InChIKey and canonical SMILES of each molecule; of several with one InChIKey the
            first counts.
        backend: predicts the energies.
        max_molecules: only so many of the molecules, the first ones; 0 for all.
        batch_size: molecules predicted, and made safe, at a time.
        progress: whether to show a progress bar.

    Returns:
        Counts over the molecules asked for.

    Raises:
        BDECacheError: the cache, or what an interrupted run has left, cannot be read or was made by
            another backend or version.
    """
    path = Path(path)
    wanted = distinct_structures(structures, max_molecules)
    parts = path.with_name(path.name + ".parts")
    content, finished = _collect(path, parts, backend)
    known = content.structures()
    todo = [item for item in wanted.items() if known.get(item[0]) != item[1]]
    seconds = 0.0
    if todo:
        start = time.perf_counter()
        with tqdm(
            total=len(wanted),
            initial=len(wanted) - len(todo),
            desc="BDE",
            unit="molecule",
            disable=not progress,
        ) as bar:
            for first in range(0, len(todo), batch_size):
                batch = todo[first : first + batch_size]
                _predict_batch(batch, backend).write(_next_part(parts))
                bar.update(len(batch))
        seconds = time.perf_counter() - start
        content, finished = _collect(path, parts, backend)
    if finished:
        content.write(path)
        for part in finished:
            part.unlink(missing_ok=True)
        if not any(parts.glob("*.h5")):
            shutil.rmtree(parts)
    return _summarize(content, wanted, len(todo), seconds)


def _predict_batch(batch: Sequence[tuple[str, str]], backend: BDEBackend) -> CacheContent:
    content = CacheContent(backend.name, backend.version)
    molecules = []
    for inchikey, smiles in batch:
        try:
            molecules.append((inchikey, load_canonical(smiles)))
        except MoleculeError as error:
            content.failures[inchikey] = smiles, str(error)
    results = backend.predict([molecule for _, molecule in molecules]) if molecules else []
    for (inchikey, molecule), result in zip(molecules, results, strict=True):
        kept = content.failures if isinstance(result, str) else content.entries
        kept[inchikey] = molecule.smiles, result
    return content


def _collect(path: Path, parts: Path, backend: BDEBackend) -> tuple[CacheContent, list[Path]]:
    """Return what the cache and the batches beside it hold, and the batches' files."""
    files = sorted(parts.glob("*.h5"))
    batches = [_read_same_backend(file, backend) for file in files]
    content = CacheContent(backend.name, backend.version)
    if path.exists():
        content = _read_same_backend(path, backend)
    for batch in batches:
        content.update(batch)
    return content, files


def _next_part(parts: Path) -> Path:
    # Numbered, so that a later result for the same molecule is read after an earlier one; and the
    # process's own, so that a second run on the same cache costs time but no molecule.
    last = max((int(file.stem.partition("-")[0]) for file in parts.glob("*.h5")), default=-1)
    return parts / f"{last + 1:06d}-{os.getpid()}.h5"


def _read_same_backend(path: Path, backend: BDEBackend) -> CacheContent:
    content = BDECache(path).read_all()
    found = f"{content.backend} {content.backend_version}"
    if found != f"{backend.name} {backend.version}":
        raise BDECacheError(
            f"{path}: holds results of {found}, which are not mixed with those of {backend.name} "
            f"{backend.version}; move it away or delete it first"
        )
    return content


def _summarize(
    content: CacheContent, wanted: dict[str, str], computed: int, seconds: float
) -> FillSummary:
    summary = FillSummary(len(wanted), computed, seconds)
    for inchikey in wanted:
        if inchikey in content.failures:
            summary.failures[content.failures[inchikey][1]] += 1
            continue
        energies = content.entries[inchikey][1]
        summary.bonds += len(energies)
        summary.valid_bonds += int(energies.valid.sum())
        summary.valid_molecules += bool(energies.valid.any())
    return summary
