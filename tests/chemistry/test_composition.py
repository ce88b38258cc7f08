import pytest

from nextims.chemistry.composition import MASS_NUMBERS, compose
from nextims.chemistry.molecule import ELEMENTS, read_molecule


@pytest.mark.parametrize(
    "smiles", ["CCO", "C[Si](C)(C)Cl", "BrC(Br)Br", "C", "[H][H]", "CC(=O)Oc1ccccc1C(=O)O"]
)
def test_the_atoms_make_up_the_molecule(smiles):
    molecule = read_molecule(smiles)
    total = compose(molecule.mol).sum(0)
    assert dict(zip(ELEMENTS, total.tolist(), strict=True)) == {
        **dict.fromkeys(ELEMENTS, 0),
        **molecule.element_counts,
    }
    assert total @ MASS_NUMBERS == molecule.nominal_mass


def test_hydrogens_go_with_their_atom():
    carbon, oxygen = compose(read_molecule("CO").mol)[:, ELEMENTS.index("H")]
    assert (carbon, oxygen) == (3, 1)
