"""Which molecules train, validate and test.

A molecule's split follows from a hash of what it is, so it never moves when a library grows.
"""

from __future__ import annotations

import hashlib

from rdkit.Chem.Scaffolds import MurckoScaffold

from ...chemistry.molecule import Molecule, first_block
from ...config import DataConfig

SPLITS = ("train", "validation", "test")
# In the place of a split: spectra that turned out to be of something else once all had been read.
LEFT_OUT = len(SPLITS)


def assign_split(molecule: Molecule, config: DataConfig) -> int:
    """Return the position in ``SPLITS`` of the split that a molecule belongs to.

    Stereoisomers and replicates share the first block of the InChIKey and stay together. With
    ``split_by: scaffold`` all molecules of one Murcko scaffold do, and validation and test take
    their fractions from the scaffolds of two rings or more: those of one ring, benzene's before
    all, and molecules without rings are so common that one of them would be most of a split.

    Args:
        molecule: a molecule with an InChIKey.
        config: gives ``split_by``, ``test_fraction`` and ``validation_fraction``.

    Example:
        >>> from nextims.config import DataConfig
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.data.library.splits import SPLITS, assign_split
        >>> SPLITS[assign_split(read_molecule("CCO"), DataConfig())]
        'train'
    """
    key = first_block(molecule.inchikey)
    if config.split_by == "scaffold":
        if molecule.mol.GetRingInfo().NumRings() < 2:
            return SPLITS.index("train")
        key = MurckoScaffold.MurckoScaffoldSmiles(mol=molecule.mol)
    share = hash_share(key)
    if share < config.test_fraction:
        return SPLITS.index("test")
    if share < config.test_fraction + config.validation_fraction:
        return SPLITS.index("validation")
    return SPLITS.index("train")


def hash_share(key: str) -> float:
    """Return a number from 0 up to 1 that depends on ``key`` alone, evenly spread over keys.

    Example:
        >>> from nextims.data.library.splits import hash_share
        >>> 0 <= hash_share("LFQSCWFLJHTTHZ") < 1
        True
    """
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
