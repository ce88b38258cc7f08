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


@pytest.mark.parametrize("beginning", ["InChI=1S", "inchi=1s", "INCHI=1S", "1S", "InChI=1"])
def test_an_inchi_is_one_whatever_its_beginning(beginning):
    assert read_molecule(f"{beginning}/C2H6O/c1-2-3/h3H,2H2,1H3").smiles == "CCO"


@pytest.mark.parametrize(
    "text", ["InChI=1S/C2H6O/c1-2-3", "1S/C6H6/c1-2-4-6-5-3-1", "InChI=1S/HI", "InChI=1S/ClH.Na"]
)
def test_an_inchi_without_its_hydrogens_is_cut_short(text):
    with pytest.raises(MoleculeError, match=r"^InChI is cut short \([A-Za-z0-9.]+\): its hydro"):
        read_molecule(text)


@pytest.mark.parametrize(
    ("text", "smiles"),
    [
        ("InChI=1S/CCl4/c2-1(3,4)5", "ClC(Cl)(Cl)Cl"),
        ("InChI=1S/C2H6Hg/c1-3-2/h1-2H3", "[CH3][Hg][CH3]"),
    ],
)
def test_an_inchi_that_needs_no_hydrogens_is_whole(text, smiles):
    assert read_molecule(text).smiles == smiles


def test_an_inchi_in_lower_case_is_refused_by_that():
    with pytest.raises(MoleculeError, match=r"^InChI in lower case \(c2h6o\)"):
        read_molecule("inchi=1s/c2h6o/c1-2-3/h3h,2h2,1h3")


@pytest.mark.parametrize(
    "smiles", ["CCCC[Sn](CCCC)(CCCC)CCCC", "C[Hg]C", "CC[Pb](CC)(CC)CC", "Cl[Sn](C)(C)C"]
)
def test_an_inchi_has_the_bonds_of_a_metal_in_its_layer_of_them(smiles):
    mol = Chem.MolFromSmiles(smiles)
    metal = next(atom.GetSymbol() for atom in mol.GetAtoms() if atom.GetDegree() > 1
                 and atom.GetSymbol() != "C")  # fmt: skip
    reconnected = Chem.MolToInchi(mol, options="/RecMet")
    assert read_molecule(reconnected).smiles == read_molecule(smiles).smiles
    with pytest.raises(MoleculeError, match=rf"bonds of a metal \({metal}\): give a SMILES"):
        read_molecule(Chem.MolToInchi(mol))


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
