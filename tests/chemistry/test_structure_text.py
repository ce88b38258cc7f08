import time

import pytest
from rdkit import Chem

from nextims.chemistry.molecule import MoleculeError, read_molecule


@pytest.mark.parametrize(
    "text",
    [
        "OCC",
        " OCC\n",
        "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3",
        "InChI=1/C2H6O/c1-2-3/h3H,2H2,1H3",
        "OCC |(0,0,;1,0,;2,0,)|",
        Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")),
        Chem.MolToV3KMolBlock(Chem.AddHs(Chem.MolFromSmiles("CCO"))).replace("\n", "\r\n"),
    ],
    ids=["SMILES", "spaces", "InChI", "InChI of no standard", "CXSMILES", "MOL", "MOL V3000"],
)
def test_each_notation_is_read(text):
    assert read_molecule(text).smiles == "CCO"


def test_a_cxsmiles_that_is_not_understood_is_read_without():
    assert read_molecule("C1CCC=CC1 |c:3|").smiles == "C1=CCCCC1"
    assert read_molecule("CCO |what:is this|").smiles == "CCO"


@pytest.mark.parametrize(
    "text",
    [
        "C" * 1_000_000,
        "c1ccc2" * 12_000,
        "c1ccc2" * 3_000,
        "(" * 20_000,
        "[" * 20_000,
        "C(" * 10_000,
        "[2H]" * 2_001,
        "C1" * 1_900,
        "InChI=1S/C2H6O/c1-2-3" + "/h3H" * 100_000,
        "\n\n\n" + "  1  0  0  0  0  0  0  0  0  0999 V2000\n" * 10_000,
        "\n\n\n999999  0  0  0  0  0  0  0  0999 V2000\nM  END\n",
    ],
    ids=range(11),
)
def test_what_is_too_long_is_refused_in_no_time(text):
    begun = time.perf_counter()
    with pytest.raises(MoleculeError):
        read_molecule(text)
    assert time.perf_counter() - begun < 1


def test_long_but_possible_structures_are_read():
    peptide = "N[C@@H](C)C(=O)" * 100 + "O"
    assert read_molecule(peptide).formula == "C300H502N100O101"
