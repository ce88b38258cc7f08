from itertools import combinations

import numpy as np
import pytest

from nextims.chemistry.composition import compose
from nextims.chemistry.isotope_labels import (
    LABELLED_SHIFTS,
    SHIFTS,
    label_parts,
    labels_held,
    unlabelled_shares,
    with_labels,
)
from nextims.chemistry.molecule import ELEMENTS, NOMINAL_MASSES, read_molecule

HYDROGEN, CARBON, BORON = (ELEMENTS.index(element) for element in ("H", "C", "B"))
ACETONE_D3 = "[2H]C([2H])([2H])C([13CH3])=O"


def atoms(**numbers):
    return np.array([[numbers.get(element, 0) for element in ELEMENTS]])


def test_shares_count_the_atoms_without_labels():
    shares = unlabelled_shares(*read_molecule(ACETONE_D3).atoms())
    assert shares[HYDROGEN] == np.float32(3 / 6)
    assert shares[CARBON] == np.float32(2 / 3)
    assert (unlabelled_shares(*read_molecule("[13CH3][13CH3]").atoms())[[CARBON]] == 0).all()
    assert unlabelled_shares(*read_molecule("[2H]C([3H])O").atoms())[HYDROGEN] == 0.5


@pytest.mark.parametrize(("carbons", "hydrogens"), [(1, 3), (2, 5), (3, 6), (0, 1)])
def test_every_choice_of_atoms_is_equally_probable(carbons, hydrogens):
    whole, labels = read_molecule(ACETONE_D3).atoms()
    found = with_labels(np.ones((1, 1), np.float32), atoms(C=carbons, H=hydrogens), whole, labels)[
        0
    ]
    extra = [
        sum(c < 1 for c in of_carbon) + sum(h < 3 for h in of_hydrogen)
        for of_carbon in combinations(range(3), carbons)
        for of_hydrogen in combinations(range(6), hydrogens)
    ]
    reach = 4  # labels in all
    assert len(found) == 2 * reach + 1
    wanted = np.bincount(np.array(extra) + reach, minlength=2 * reach + 1) / len(extra)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_the_isotopes_of_the_other_atoms_stay():
    whole, labels = read_molecule("[2H]C([2H])([2H])Cl").atoms()
    [pattern] = with_labels(np.array([[0.75, 0.0, 0.25]], np.float32), whole[None], whole, labels)
    assert pattern[3 + 3 :].tolist() == [0.75, 0, 0.25]  # three room, then three labels
    assert pattern[:6].max() == 0


def test_a_lighter_label_shifts_down():
    whole, labels = read_molecule("[10BH3]").atoms()
    assert labels[0].tolist() == [BORON, 10 - NOMINAL_MASSES["B"], 1]
    assert with_labels(np.ones((1, 1), np.float32), whole[None], whole, labels).tolist() == [
        [1, 0, 0]
    ]


def hydrogen_masses(molecule):
    """Return the masses of the hydrogens of each atom of the molecule without labels."""
    plain = molecule.unlabelled.mol
    masses = [[] for _ in range(plain.GetNumAtoms())]
    for atom, place in zip(molecule.mol.GetAtoms(), molecule.places, strict=True):
        if atom.GetAtomicNum() == 1:
            masses[place].append(atom.GetIsotope() or 1)
    for own, atom in zip(masses, plain.GetAtoms(), strict=True):
        missing = atom.GetTotalNumHs() + (atom.GetAtomicNum() == 1) - len(own)
        own += [1] * missing
    return masses


@pytest.mark.parametrize(
    "smiles",
    ["[2H]CCO", "C[13CH2]O[2H]", "[3H]C([2H])([13CH3])O[2H]", "[2H]C([2H])([2H])[10BH2]",
     "[37Cl]CC([3H])([3H])[3H]", "[2H][2H]"],
)  # fmt: skip
def test_parts_keep_and_exchange_what_each_choice_of_hydrogens_leaves(smiles):
    molecule = read_molecule(smiles)
    elements, masses = compose(molecule.unlabelled.mol), hydrogen_masses(molecule)
    size = len(elements)
    # Every set of atoms, the whole first; more than any breaking of bonds gives.
    parts = np.array(
        [[atom in held for atom in range(size)] for n in range(size, 0, -1)
         for held in combinations(range(size), n)]
    )  # fmt: skip
    held = labels_held(parts, molecule.labels_by_atom)
    found = label_parts((parts @ elements).astype(int), held, molecule.atoms()[1])
    assert found.mass[0] == molecule.nominal_mass
    for part, exchange in zip(parts, found.exchange, strict=True):
        own = [mass for atom in np.flatnonzero(part) for mass in masses[atom]]
        lost = [mass for atom in np.flatnonzero(~part) for mass in masses[atom]]
        for row, shift in zip(exchange, SHIFTS, strict=True):
            ways = list(combinations(own if shift < 0 else lost, abs(shift)))
            wanted = np.zeros(len(LABELLED_SHIFTS))
            for moved in ways:
                by = sum(moved) if shift > 0 else -sum(moved)
                wanted[LABELLED_SHIFTS.index(by)] += 1 / len(ways)
            np.testing.assert_allclose(row, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("labelled", "plain"),
    [
        ("[2H]/C=C/[2H]", "C=C"),
        ("C[C@H]([2H])O", "CCO"),  # chiral by its label alone
        ("[13CH3]/C(C)=C/C", "CC=C(C)C"),
        ("[2H]/C(C)=C(/[2H])C", "C/C=C/C"),
        ("[2H]n1cccc1", "c1cc[nH]c1"),
        ("[2H][2H]", "[H][H]"),
        ("[1H]C", "C"),
        ("[2H]OC(=O)[C@@H](C)N([2H])[2H]", "C[C@@H](N)C(=O)O"),
    ],
)
def test_a_molecule_without_its_labels_is_the_one_that_is_read(labelled, plain):
    molecule, wanted = read_molecule(labelled), read_molecule(plain)
    assert molecule.unlabelled.smiles == wanted.smiles
    assert wanted.unlabelled is wanted
    for atom, place in zip(molecule.mol.GetAtoms(), molecule.places, strict=True):
        bare = wanted.mol.GetAtomWithIdx(int(place))
        assert atom.GetAtomicNum() in (1, bare.GetAtomicNum())


def test_each_atom_has_its_own_labels():
    acetone = read_molecule(ACETONE_D3)
    _, kinds = acetone.atoms()
    assert kinds.tolist() == [[HYDROGEN, 1, 3], [CARBON, 1, 1]]
    assert sorted(acetone.labels_by_atom.tolist()) == [[0, 0], [0, 0], [0, 1], [3, 0]]
    assert read_molecule("CC(C)=O").labels_by_atom.shape == (4, 0)
