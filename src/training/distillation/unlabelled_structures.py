"""Which structures without spectra the student learns from, gathered once."""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import partial
from pathlib import Path

from tqdm import tqdm

from ...chemistry.molecule import first_block
from ...chemistry.variants import VariantMaker
from ...config import Config
from ...data.examples.unlabelled import read_unlabelled
from ...data.library.store import SPLITS, SpectrumStore
from ...files.digest import file_digest
from ...files.writing import written_whole


def structures_key(config: Config) -> str:
    """Return a digest of all that the structures depend on."""
    settings, path = config.distillation, config.distillation.unlabelled
    depends_on = [
        file_digest(config.data.store),
        file_digest(path) if path.is_file() else None,
        config.data.max_mz,
        settings.variants,
        config.training.seed,
    ]
    return hashlib.sha256(json.dumps(depends_on).encode()).hexdigest()


def unlabelled_structures(config: Config) -> list[str]:
    """Return the structures without spectra: those of the list, and variants of what may train.

    Molecules of all of the store's splits are left out, so that nothing of the validation and test
    molecules, not even the structure, takes part in training; nor are variants made from them.
    ``distillation.unlabelled`` and ``distillation.variants`` say what is wanted; the result is kept
    at ``distillation.structures``.

    Returns:
        Canonical SMILES, none of them twice.

    Raises:
        UnlabelledError: the list cannot be used.
    """
    kept, key = config.distillation.structures, structures_key(config)
    if (found := _read(kept, key)) is not None:
        return found
    with SpectrumStore(config.data.store) as store:
        known = {first_block(inchikey) for inchikey in store.column("inchikey")}
        in_training = store.index.split == SPLITS.index("train")
        smiles = store.column("smiles")
    training = sorted({smiles[i] for i in in_training.nonzero()[0]})
    structures = _listed(config.distillation.unlabelled, known, config.data.max_mz)
    structures += _variants(config, training + structures, known)
    _write(kept, key, structures)
    return structures


def _listed(path: Path, known: set[str], max_mz: int) -> list[str]:
    if not path.is_file():
        tqdm.write(f"{path}: not there; the student learns from the store's molecules")
        return []
    structures, unreadable = read_unlabelled(path, known, max_mz=max_mz)
    for line, reason in unreadable[:5]:
        tqdm.write(f"{path}, line {line}: {reason}")
    tqdm.write(
        f"{path}: {len(structures):,} structures that the store does not hold, "
        f"{len(unreadable):,} that cannot be used"
    )
    return structures


def _variants(config: Config, molecules: list[str], known: set[str]) -> list[str]:
    number = config.distillation.variants
    if not number:
        return []
    progress = partial(tqdm, desc="substituents", unit="molecule", leave=False)
    maker = VariantMaker(molecules, seed=config.training.seed, progress=progress)
    variants = maker.variants(number, known=known, max_mz=config.data.max_mz)
    bar = tqdm(variants, desc="variants", total=number, unit="molecule", leave=False)
    return [variant.smiles for variant in bar]


def _read(path: Path, key: str) -> list[str] | None:
    """Return the structures at ``path`` if they are those of this key."""
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            first, *structures = file.read().splitlines()
    except (OSError, EOFError, ValueError):
        return None  # none yet, or damaged: gathered again
    return structures if first == f"# {key}" else None


def _write(path: Path, key: str, structures: list[str]) -> None:
    with written_whole(path) as temporary, gzip.open(temporary, "wt", encoding="ascii") as file:
        file.write("\n".join([f"# {key}", *structures]) + "\n")
