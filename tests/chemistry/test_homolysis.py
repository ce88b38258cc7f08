import pytest
from rdkit import Chem

from nextims.chemistry.homolysis import breakable, gives_ions
from nextims.chemistry.molecule import read_molecule


@pytest.mark.parametrize(
    ("smiles", "number", "why"),
    [
        ("C", 4, "C-H"),
        ("CC", 7, "C-C and C-H"),
        ("C=C", 4, "not the double bond"),
        ("CC#N", 4, "not the triple bond"),
        ("C1CCCCC1", 12, "not the ring"),
        ("Cc1ccccc1", 9, "not the aromatic ring"),
        ("c1ccc(-c2ccccc2)cc1", 11, "the bond between two rings"),
    ],
)
def test_number_of_breakable_bonds(smiles, number, why):
    bonds = Chem.AddHs(Chem.MolFromSmiles(smiles)).GetBonds()
    assert sum(map(breakable, bonds)) == number, why


@pytest.mark.parametrize(
    "smiles", ["CCO", "Cc1ccccc1", "COOC", "CC#N", "C1CCOC1", "C[N+](=O)[O-]", "[2H]C([2H])([2H])O"]
)
def test_each_splits_the_molecule_in_two(smiles):
    mol = Chem.AddHs(read_molecule(smiles).mol)
    for bond in filter(breakable, mol.GetBonds()):
        pieces = Chem.FragmentOnBonds(mol, [bond.GetIdx()], addDummies=False)
        assert len(Chem.GetMolFrags(pieces)) == 2


@pytest.mark.parametrize(
    ("smiles", "number"),
    [
        ("C[N+](=O)[O-]", 1),  # not the double bond's other end, which bears no charge
        ("C[N+](C)(C)[O-]", 1),
        ("CS(C)=O", 0),
        ("C[N+](C)(C)CC(=O)[O-]", 0),  # the charges are not neighbours
        ("[N-]=[N+]=NC", 1),
    ],
)
def test_bonds_between_opposite_charges_give_ions(smiles, number):
    assert sum(map(gives_ions, Chem.MolFromSmiles(smiles).GetBonds())) == number
