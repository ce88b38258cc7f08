import pytest
from rdkit import Chem

from nextims.chemistry.surroundings import AtomKind, atom_kinds, far_from_unknown

# What the rule is told of: hydrocarbons, alcohols, ethers, acids, nitro compounds.
KNOWN = {
    kind
    for smiles in ("CCC(C)C", "C=CC", "Cc1ccccc1", "CC(C)(C)O", "COC", "CC(=O)O", "C[N+](=O)[O-]")
    for kind in atom_kinds(Chem.MolFromSmiles(smiles))
}


def far(smiles, **settings):
    return far_from_unknown(Chem.MolFromSmiles(smiles), KNOWN, **settings)


def valid_bonds(smiles):
    """Return for each bond of a molecule whether its surroundings are known."""
    mol = Chem.MolFromSmiles(smiles)
    known = far(smiles)
    return [known[b.GetBeginAtomIdx()] and known[b.GetEndAtomIdx()] for b in mol.GetBonds()]


def test_silicon_two_bonds_from_a_bond_makes_it_invalid_and_three_do_not():
    #      0 Si - 1 C - 2 C - 3 C - 4 C - 5 C
    assert far("[SiH3]CCCCC") == [False, False, False, True, True, True]
    # The bond 2–3 has its nearer end two bonds from silicon, the bond 3–4 three.
    assert valid_bonds("[SiH3]CCCCC") == [False, False, False, True, True]


def test_the_distance_can_be_chosen():
    assert far("[SiH3]CCC", bonds=0) == [False, True, True, True]
    assert far("[SiH3]CCC", bonds=1) == [False, False, True, True]
    assert far("[SiH3]CCC", bonds=3) == [False] * 4


def test_molecules_of_known_atoms_are_known_throughout():
    for smiles in ("CCCCCCCCCC", "OCc1ccccc1C(=O)O", "C[N+](=O)[O-]", "C"):
        assert all(far(smiles)), smiles


@pytest.mark.parametrize("smiles", ["CI", "C[Si](C)(C)C", "CB(C)C", "C[SH](C)C"])
def test_next_to_an_unknown_atom_nothing_is_known(smiles):
    assert not any(far(smiles))


@pytest.mark.parametrize(
    ("smiles", "why"),
    [
        ("C[O-]", "an oxygen of one neighbour and negative is known from nitro compounds"),
        ("[CH2]C", None),
        ("C[CH-]C", None),
        ("C[NH3+]", None),
        ("C1=CC=C[CH+]C=C1", None),
        ("c1cc[nH]c1", None),
    ],
)
def test_charge_radicals_aromaticity_and_degree_make_an_atom_another_kind(smiles, why):
    assert all(far(smiles)) == (why is not None), why


def test_a_kind_says_element_neighbours_charge_aromaticity_and_unpaired_electrons():
    assert atom_kinds(Chem.MolFromSmiles("C[O-]")) == [
        AtomKind("C", 4, 0, False, 0),
        AtomKind("O", 1, -1, False, 0),
    ]
    assert atom_kinds(Chem.MolFromSmiles("[CH3]")) == [AtomKind("C", 3, 0, False, 1)]
    assert set(atom_kinds(Chem.MolFromSmiles("c1ccccc1"))) == {AtomKind("C", 3, 0, True, 0)}


def test_isotope_labels_and_stereochemistry_make_no_kind():
    assert atom_kinds(Chem.MolFromSmiles("[13CH3]C")) == atom_kinds(Chem.MolFromSmiles("CC"))
    assert atom_kinds(Chem.MolFromSmiles("C[C@H](O)F")) == atom_kinds(
        Chem.MolFromSmiles("C[C@@H](O)F")
    )


def test_every_atom_that_is_near_is_found_across_rings_and_branches():
    mol = Chem.MolFromSmiles("IC1CCCCC1CCC")
    distances = Chem.GetDistanceMatrix(mol)[0]
    assert far_from_unknown(mol, KNOWN) == (distances > 2).tolist()
