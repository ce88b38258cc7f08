import pytest
from rdkit import Chem
from rdkit.Chem import Descriptors

from nextims.chemistry.composition import compose
from nextims.chemistry.molecule import ELEMENTS, read_molecule


@pytest.mark.parametrize(
    "smiles",
    ["CCO", "[2H]C([2H])([2H])C(C)=O", "O=[13C]([O-])c1ccccc1", "C[Si](C)(C)Cl", "BrC(Br)Br", "C"],
)
def test_the_atoms_masses_add_up_to_the_molecules(smiles):
    molecule = read_molecule(smiles)
    # RDKit takes the electrons of charged molecules off.
    charge = sum(atom.GetFormalCharge() for atom in molecule.mol.GetAtoms())
    electrons = -charge * 0.000548579909
    assert compose(molecule.mol).mass.sum() == pytest.approx(
        Descriptors.ExactMolWt(molecule.mol) - electrons, abs=1e-6
    )


def test_elements_are_counted_with_their_hydrogens():
    molecule = read_molecule("CC(=O)Oc1ccccc1C(=O)O")
    counts = compose(molecule.mol).elements.sum(0)
    assert dict(zip(ELEMENTS, counts.tolist(), strict=True)) == {
        **dict.fromkeys(ELEMENTS, 0),
        **molecule.element_counts,
    }


def test_labels_weigh_but_have_no_natural_isotopes():
    acetone = compose(read_molecule("[2H]C([2H])([2H])[13C](C)=O").mol)
    total = dict(zip(ELEMENTS, acetone.elements.sum(0).tolist(), strict=True))
    assert (total["C"], total["H"], total["O"]) == (2, 3, 1)
    assert acetone.hydrogens.sum() == 6
    assert acetone.deuteriums.sum() == 3


def test_tritium_stays_where_it_is():
    ethanol = compose(read_molecule("[3H]OCC").mol)
    assert ethanol.hydrogens.sum() == 5
    assert ethanol.deuteriums.sum() == 0
    assert ethanol.mass.sum() == pytest.approx(
        Descriptors.ExactMolWt(Chem.MolFromSmiles("[3H]OCC"))
    )
