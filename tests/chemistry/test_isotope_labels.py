from itertools import combinations

import numpy as np
import pytest

from nextims.chemistry.composition import MASS_NUMBERS, compose
from nextims.chemistry.isotope_labels import (
    LABELLED_SHIFTS,
    SHIFTS,
    acidic_hydrogens,
    label_parts,
    labels_held,
    likely_extra,
    unlabelled_shares,
    with_labels,
)
from nextims.chemistry.isotopes import CENTRES, HIGHEST_ISOTOPE, LOWEST_ISOTOPE
from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.chemistry.pieces import describe_pieces

HYDROGEN, CARBON = ELEMENTS.index("H"), ELEMENTS.index("C")
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
    labels, none = molecule.atoms()[1], np.zeros((len(parts), 1 + held.shape[1]), np.int16)
    found = label_parts((parts @ elements).astype(int), held, labels, none)
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


def parts_of(smiles, most=200):
    molecule = read_molecule(smiles)
    labels = molecule.atoms()[1]
    pieces = describe_pieces(molecule.unlabelled.mol, most, molecule.labels_by_atom)
    parts = label_parts(pieces.elements, pieces.labels, labels, pieces.acidic)
    return pieces, parts, parts.mass - pieces.labels @ labels[:, 1], labels


@pytest.mark.parametrize(
    ("smiles", "acidic"),
    [
        ("[2H]OC(=O)c1ccccc1O", [2, 1]),
        ("[2H]Oc1ccccc1", [1, 1]),
        ("[2H]SC(C)=O", [1, 1]),
        ("[2H]OCC", [0, 0]),  # an alcohol
        ("[2H]C([2H])([2H])C(=O)O", [1, 0]),
        ("[2H]C([13CH3])=O", [0, 0, 0]),
    ],
)
def test_the_hydrogens_of_acids_and_phenols_are_acidic(smiles, acidic):
    molecule = read_molecule(smiles)
    plain = molecule.unlabelled.mol
    whole = np.ones((1, plain.GetNumAtoms()), bool)
    found = acidic_hydrogens(whole, plain, molecule.labels_by_atom)
    assert found.tolist() == [acidic]
    assert acidic_hydrogens(whole, plain, None).shape == (1, 0)


def test_acidic_hydrogens_leave_first_where_a_bond_breaks():
    _, parts, mass, _ = parts_of("[2H]OC(=O)c1ccccc1O[2H]")
    loses_one = parts.exchange[:, SHIFTS.index(-1)]
    [acylium, *_] = np.flatnonzero(mass == 121)  # HO-C6H4-CO
    assert loses_one[acylium, LABELLED_SHIFTS.index(-2)] == pytest.approx(20 / 24)
    assert loses_one[0, LABELLED_SHIFTS.index(-2)] == pytest.approx(2 / 6)
    _, parts, mass, _ = parts_of("[2H]OCCCl")
    [alcohol, *_] = np.flatnonzero(mass == 45)
    assert parts.exchange[alcohol, SHIFTS.index(-1), LABELLED_SHIFTS.index(-2)] == 1 / 5


def extra_at(smiles, of_others=1.0, seen=()):
    """Return by mass what labels most likely add to ions that are known by their formulas."""
    pieces, parts, mass, labels = parts_of(smiles)
    share = np.zeros((len(pieces), len(SHIFTS)), np.float32)
    for own, shift, height in seen:
        share[np.flatnonzero(mass == own)[0], SHIFTS.index(shift)] = height
    others = np.full(mass[0] + 1, of_others)
    table = likely_extra(parts, mass, pieces.broken_bonds, share, others, labels)
    assert table.shape[0] == mass[0] + 1
    sums = table.sum(1)
    np.testing.assert_allclose(sums[sums > 0], 1.0, rtol=1e-5)
    reach = table.shape[1] // 2
    return {mz: int(row.argmax()) - reach for mz, row in enumerate(table) if row.any()}


@pytest.mark.parametrize(
    ("smiles", "extra"),
    [
        ("[2H]OC(C)=O", {43: 0, 45: 1, 15: 0, 60: 1}),
        ("[2H]C([2H])([2H])C(=O)O", {43: 3, 45: 0, 15: 3}),
        ("O=[N+]([O-])c1c([2H])c([2H])c([2H])c([2H])c1[2H]", {77: 5, 93: 5, 30: 0, 46: 0}),
        ("[2H]OC(=O)c1ccccc1O[2H]", {121: 1, 120: 0, 138: 2, 93: 1}),
        ("CC(=O)Nc1c([2H])c([2H])c([2H])c([2H])c1[2H]", {43: 0, 93: 5, 77: 5}),
        ("[2H]C([2H])([2H])C(=O)Nc1ccccc1", {43: 3, 93: 1, 77: 0}),
        ("C[13C](=O)c1ccccc1", {105: 1, 77: 0, 43: 1}),
        ("CC[37Cl]", {29: 0, 64: 2, 35: 2}),
    ],
)
def test_an_ion_holds_the_labels_of_the_parts_of_its_mass(smiles, extra):
    assert {mz: extra_at(smiles)[mz] for mz in extra} == extra


def test_what_is_seen_of_the_parts_counts_before_what_is_likely():
    ethyl = "[2H]C([2H])([2H])COC(=O)CC"  # C2H5 of either end
    assert extra_at(ethyl, seen=[(29, 0, 5.0)])[29] in (0, 3)
    assert extra_at("[2H]C([2H])([2H])C(C)=O", seen=[(15, 0, 1.0)])[15] in (0, 3)
    # Where nothing is seen of any ion, nothing is said.
    assert extra_at("[2H]OC(C)=O", of_others=0.0) == {}


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


@pytest.mark.parametrize(
    ("smiles", "ion", "heights"),
    [
        # C2H4Br of which half has the label: 81Br alone, or bromine as it is.
        ("[81Br]CCBr", {"C": 2, "H": 4, "Br": 1}, {0: 0.2535, 2: 0.7465}),
        ("[79Br]CCBr", {"C": 2, "H": 4, "Br": 1}, {0: 0.7535, 2: 0.2465}),
        ("[37Cl]CCCl", {"C": 2, "H": 4, "Cl": 2}, {2: 0.7576, 4: 0.2424}),
        ("C[120Sn](C)(C)C", {"C": 3, "H": 9, "Sn": 1}, {0: 1.0}),
        ("C[118Sn](C)(C)C", {"C": 3, "H": 9, "Sn": 1}, {-2: 1.0}),
        ("C[80Se]C", {"C": 2, "H": 6, "Se": 1}, {0: 1.0}),
        ("[11B](O)(O)O", {"B": 1, "O": 3, "H": 3}, {0: 1.0}),
        ("[10B](O)(O)O", {"B": 1, "O": 3, "H": 3}, {-1: 1.0}),
        ("[2H]C([2H])([37Cl])CCl", {"C": 2, "H": 4, "Cl": 2}, {4: 0.7576, 6: 0.2424}),
    ],
)
def test_a_label_takes_the_place_of_an_isotope_pattern(smiles, ion, heights):
    whole, labels = read_molecule(smiles).atoms()
    width = HIGHEST_ISOTOPE - LOWEST_ISOTOPE + 1
    middle = sum(CENTRES.get(element, 0) * number for element, number in ion.items())
    patterns = np.full((1, width), 1 / width, np.float32)  # only its sum is of use here
    [found] = with_labels(patterns, atoms(**ion), whole, labels)
    lowest = middle + LOWEST_ISOTOPE - (len(found) - width) // 2
    read = {i + lowest: share for i, share in enumerate(found.tolist()) if share > 0.05}
    assert read == pytest.approx(heights, abs=0.04)


def test_where_it_is_known_what_labels_add_it_is_known_which_are_held():
    whole, labels = read_molecule("[81Br]CCBr").atoms()
    ion = atoms(C=2, H=4, Br=1)
    extra = np.zeros((whole @ MASS_NUMBERS + 1, 5), np.float32)
    extra[107, 4] = 1.0  # always with the label
    patterns = np.ones((1, HIGHEST_ISOTOPE - LOWEST_ISOTOPE + 1), np.float32)
    [found] = with_labels(patterns / patterns.sum(), ion, whole, labels, extra)
    assert found.argmax() + LOWEST_ISOTOPE - 2 == 2
    assert found.max() > 0.97
