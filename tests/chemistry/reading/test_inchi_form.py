"""What an InChI is read as, and how its form goes back to the structure that was drawn."""

import pytest
from rdkit import Chem

from nextims.chemistry.reading.inchi_form import read_back, take_form


@pytest.mark.parametrize(
    "smiles", ["CC(=O)Nc1ccccc1", "C[C@H](N)C(=O)NCC", "[2H]C([2H])([2H])C(=O)N[13CH3]"]
)
def test_the_form_of_an_inchi_keeps_labels_and_stereochemistry(smiles):
    mol = Chem.MolFromSmiles(smiles)
    form = read_back(mol)
    assert form.is_same
    taken = take_form(mol, form.mol, form.atoms)
    assert Chem.MolToInchi(taken) == Chem.MolToInchi(mol)
    assert Chem.MolToSmiles(taken) != Chem.MolToSmiles(mol)


def test_a_form_that_is_no_other_changes_nothing():
    mol = Chem.MolFromSmiles("OC/C=C/c1ccccc1")
    form = read_back(mol)
    assert take_form(mol, form.mol, form.atoms) is mol


def test_metals_whose_bonds_an_inchi_takes_apart_have_no_form():
    assert read_back(Chem.MolFromSmiles("C[Sn](C)(C)C")) is None
