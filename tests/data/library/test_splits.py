import hashlib
from collections import Counter

import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.config import DataConfig
from nextims.data.library.splits import SPLITS, assign_split, hash_share

ALKANES = [f"{'C' * n}{end}" for n in range(1, 60) for end in ("", "O", "N", "Cl", "C(=O)O", "C=C")]


def split(smiles, **settings):
    return SPLITS[assign_split(read_molecule(smiles), DataConfig(**settings))]


def test_share_is_the_hash_as_documented():
    block = "LFQSCWFLJHTTHZ"
    digest = hashlib.sha256(block.encode()).hexdigest()
    assert hash_share(block) == int(digest[:16], 16) / 2**64


def test_known_molecules_keep_their_split():
    # These must never change: a model's test molecules would become training molecules.
    known = {"CCO": "train", "c1ccccc1": "validation", "C1CCCCC1": "test"}
    assert {smiles: split(smiles) for smiles in known} == known


@pytest.mark.parametrize(
    ("a", "b"),
    [("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"), ("C/C=C/C", r"C/C=C\C"), ("OCC", "CCO")],
)
def test_stereoisomers_stay_together(a, b):
    fractions = [{"test_fraction": x, "validation_fraction": 0.3} for x in (0.1, 0.3, 0.5)]
    assert all(split(a, **f) == split(b, **f) for f in fractions)


def test_fractions_are_met():
    settings = {"test_fraction": 0.2, "validation_fraction": 0.1}
    counts = Counter(split(smiles, **settings) for smiles in ALKANES)
    assert counts["test"] / len(ALKANES) == pytest.approx(0.2, abs=0.06)
    assert counts["validation"] / len(ALKANES) == pytest.approx(0.1, abs=0.05)


def test_more_test_molecules_leave_the_others_in_test():
    before = {s for s in ALKANES if split(s, test_fraction=0.1) == "test"}
    after = {s for s in ALKANES if split(s, test_fraction=0.2) == "test"}
    assert before
    assert before < after


def test_scaffold_keeps_a_ring_system_together():
    naphthalenes = [f"{'C' * n}c1ccc2ccccc2c1" for n in range(1, 12)]
    settings = {"split_by": "scaffold", "test_fraction": 0.5, "validation_fraction": 0.25}
    assert len({split(s, **settings) for s in naphthalenes}) == 1
    by_molecule = settings | {"split_by": "inchikey"}
    assert len({split(s, **by_molecule) for s in naphthalenes}) > 1


def test_scaffolds_are_spread_over_all_splits():
    rings = ["c1ccc{}cc1", "C1CCC{}CC1", "c1cc{}ncc1", "C1CC{}OCC1", "c1c{}occ1", "c1c{}scc1"]
    linked = [a.format(f"({link}{b.format('')})") for a in rings for b in rings
              for link in ("", "C", "O")]  # fmt: skip
    settings = {"split_by": "scaffold", "test_fraction": 0.3, "validation_fraction": 0.3}
    assert set(Counter(split(s, **settings) for s in linked)) == set(SPLITS)


def test_molecules_of_one_ring_or_none_train_where_scaffolds_are_held_out():
    settings = {"split_by": "scaffold", "test_fraction": 0.5, "validation_fraction": 0.25}
    common = [*ALKANES[:50], "c1ccccc1", "Cc1ccccc1", "C1CCCCC1", "c1ccncc1", "O=C1CCCC1"]
    assert {split(s, **settings) for s in common} == {"train"}
