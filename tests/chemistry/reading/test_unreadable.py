"""What is wrong with a structure, said where RDKit gives up."""

import pytest
from rdkit import Chem, rdBase

from nextims.chemistry.reading.refusals import MoleculeError
from nextims.chemistry.reading.structure_text import parse_structure
from nextims.chemistry.reading.unreadable import why_unreadable


@pytest.mark.parametrize(
    ("smiles", "said"),
    [
        ("C1CCCC", "ring 1 is not closed, character 2"),
        (
            "[13CH3]C%12CC2",
            "ring 12 is not closed, character 9; ring 2 is not closed, character 14",
        ),
        ("C1(C)CC2C1", "ring 2 is not closed, character 8"),
        ("C1CC1C1CC |c:1|", "ring 1 is not closed, character 7"),
        ("C1C1", "ring 1 is closed between atoms that are bonded, or the same"),
        ("CC(C)(C)(C)C", "too many bonds (5) of an atom of C, character 2"),
        ("c1ccccc1[Si](C)(C)(C)C", "too many bonds (5) of an atom of Si, character 9"),
        ("CCl(C)", "too many bonds (2) of an atom of Cl, character 2"),
        ("c1cccc1", "no double bonds fit the aromatic atoms, characters 1, 3, 4, 5, 6"),
        ("Cc1cccn1", "no double bonds fit the aromatic atoms (is an [nH] meant?), characters"),
        ("c1ccccc1c", "an aromatic atom (lower case) outside of a ring, character 9"),
        ("CC—O", "no SMILES at character 3 ('—')"),
        ("CCé", "no SMILES at character 3 ('é')"),
        ("é" * 300, "no SMILES at character 1 ('é')"),
        ("C" * 237 + "漢字" * 40, "no SMILES at character 238 ('漢')"),
    ],
)
def test_the_reason_and_the_place(smiles, said):
    assert why_unreadable(smiles).startswith(said)
    with pytest.raises(MoleculeError) as refused:
        parse_structure(smiles)
    assert refused.value.reason == "RDKit cannot read the structure"
    assert said in str(refused.value)


@pytest.mark.skipif(not hasattr(rdBase, "CaptureErrorLog"), reason="RDKit does not say where")
@pytest.mark.parametrize(
    ("smiles", "said"),
    [
        ("CC(C", "a parenthesis is not closed, character 3 ('(')"),
        ("CCC)", "a parenthesis is closed that was not opened, character 4 (')')"),
        ("CxC", "no SMILES at character 2 ('x')"),
        ("CC=", "no SMILES at character 3 ('=')"),
        ("[Xx]C", "no SMILES at character 2 ('X')"),
    ],
)
def test_where_the_text_is_no_smiles(smiles, said):
    assert why_unreadable(smiles) == said


def test_in_a_mol_block_the_atom_is_named():
    mol = Chem.MolFromSmiles("CC(C)(C)(C)C", sanitize=False)
    block = Chem.MolToMolBlock(mol, kekulize=False)
    assert why_unreadable(block) == "too many bonds (5) of an atom of C, atom 2"
    assert why_unreadable("nothing\nof a\nMOL\nblock\n") == ""


def test_rdkit_prints_nothing_of_its_own(capfd):
    for smiles in ("C1CC", "CC(C)(C)(C)C", "c1cccc1", "Cx"):
        why_unreadable(smiles)
    assert capfd.readouterr() == ("", "")


def test_what_can_be_read_is_not_looked_at_twice(monkeypatch):
    monkeypatch.setattr("nextims.chemistry.reading.structure_text.why_unreadable", pytest.fail)
    assert parse_structure("CCO").GetNumAtoms() == 3
