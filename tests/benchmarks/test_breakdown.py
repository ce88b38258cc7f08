import numpy as np
import pytest

from breakdown import BREAKDOWNS, by_class, by_element, by_scaffold, by_size
from builders import SMALL_MOLECULES
from nextims.chemistry.molecule import read_molecule


def groups_of(smiles, group):
    return {name for name, members in group([read_molecule(smiles)]).items() if members[0]}


CLASSES = {
    "CCCCC": {"alkanes"},
    "C1CCCCC1": {"alkanes"},
    "[2H]C([2H])([2H])C": {"alkanes", "isotope-labelled"},
    "C=CCC": {"C=C or C≡C, not aromatic"},
    "Cc1ccccc1": {"benzene rings"},
    "c1ccc(-c2ccccc2)cc1": {"benzene rings"},
    "c1ccc2ccccc2c1": {"benzene rings", "fused aromatic rings"},
    "c1ccc2c(c1)CCCC2": {"benzene rings"},
    "c1ccncc1": {"heteroaromatic rings"},
    "CCO": {"alcohols"},
    "[2H]OCC": {"alcohols", "isotope-labelled"},
    "Oc1ccccc1": {"phenols", "benzene rings"},
    "CCOCC": {"ethers"},
    "CC(=O)C": {"aldehydes and ketones"},
    "CC=O": {"aldehydes and ketones"},
    "C=O": {"aldehydes and ketones"},
    "CC(=O)O": {"carboxylic acids"},
    "O=CO": {"carboxylic acids"},
    "CC(=O)OC": {"esters"},
    "O=COCC": {"esters"},
    "CC(=O)OC(C)=O": set(),
    "COC(=O)OC": set(),
    "CCN(CC)CC": {"amines"},
    "Nc1ccccc1": {"amines", "benzene rings"},
    "CC(=O)NC": {"amides and ureas"},
    "NC(N)=O": {"amides and ureas"},
    "COC(=O)NC": {"carbamates"},
    "CC#N": {"nitriles"},
    "C[N+](=O)[O-]": {"nitro compounds"},
    "CNN=O": set(),
    "CSC": {"thiols and sulfides"},
    "CCS": {"thiols and sulfides"},
    "CS(C)=O": {"S=O"},
    "COP(=O)(OC)OC": {"phosphorus esters"},
    "CCCl": {"alkyl halides"},
    "Brc1ccccc1": {"aryl halides", "benzene rings"},
    "CCO[Si](C)(C)C": {"silylated"},
    "C[Si](C)(C)C": set(),
    "CC1=CCC(C(C)=C)CC1": {"terpenoids", "C=C or C≡C, not aromatic"},  # limonene
    "CC1(C)C2CCC1(C)C(=O)C2": {"terpenoids", "aldehydes and ketones"},  # camphor
    "CC1=CCC2CC1C2(C)C": {"terpenoids", "C=C or C≡C, not aromatic"},  # pinene
    "CC12CCC3C(C1CCC2O)CCC4=CC(=O)CCC34C": {  # testosterone
        "steroids", "alcohols", "aldehydes and ketones", "C=C or C≡C, not aromatic",
    },
}  # fmt: skip


@pytest.mark.parametrize(("smiles", "expected"), CLASSES.items())
def test_a_molecule_is_of_the_classes_that_a_chemist_names(smiles, expected):
    assert groups_of(smiles, by_class) == expected


def test_every_class_is_among_the_examples():
    named = by_class([read_molecule("C")])
    assert set().union(*CLASSES.values()) == set(named)


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("CC", {"only C and H"}),
        ("CCO", {"O", "only C, H and O"}),
        ("[2H]C([2H])([2H])O", {"O", "only C, H and O"}),
        ("NCCO", {"N", "O"}),
        ("C[Si](C)(C)Cl", {"Si", "Cl"}),
    ],
)
def test_elements(smiles, expected):
    assert groups_of(smiles, by_element) == expected


def test_each_molecule_has_one_size_and_one_scaffold():
    molecules = [read_molecule(smiles) for smiles in (*SMALL_MOLECULES, "C" * 31, "C" * 30)]
    for group in (by_size, by_scaffold):
        assert (np.sum(list(group(molecules).values()), axis=0) == 1).all()
    # A deuterium is no heavy atom.
    assert groups_of("[2H]C([2H])([2H])CCCC", by_size) == {"1–5"}
    assert groups_of("CCOc1ccccc1", by_scaffold) == {"benzene"}


def test_all_breakdowns_mark_all_molecules():
    molecules = [read_molecule(smiles) for smiles in SMALL_MOLECULES]
    for group in BREAKDOWNS.values():
        assert all(members.shape == (len(molecules),) for members in group(molecules).values())
