from itertools import product

from nextims.chemistry.molecule import read_molecule
from nextims.chemistry.possible_masses import possible_masses


def masses(smiles, max_mz=200):
    return set((possible_masses(*read_molecule(smiles).atoms(), max_mz).nonzero()[0] + 1).tolist())


def test_the_masses_of_methanol_by_hand():
    # Each atom present or not, of each isotope: 12C or 13C, 16 to 18O, H or D.
    carbon, oxygen, hydrogen = (0, 12, 13), (0, 16, 17, 18), (0, 1, 2)
    sums = {sum(choice) for choice in product(carbon, oxygen, *[hydrogen] * 4)} - {0}
    assert masses("CO") == sums


def test_nothing_lies_between_few_hydrogens_and_carbon():
    assert masses("C") == {1, 2, 3, 4, 5, 6, 7, 8, *range(12, 22)}
    assert 10 not in masses("CCl")


def test_a_label_has_its_own_mass_alone():
    assert masses("[2H][2H]") == {2, 4}
    assert masses("[13CH4]") & set(range(9, 22)) == set(range(13, 22))


def test_boron_is_lighter_too():
    assert {10, 11} <= masses("B")


def doubly_charged(smiles, max_mz=300):
    """Return the masses that only ions of two charges have, and all."""
    molecule = read_molecule(smiles)
    every = possible_masses(*molecule.atoms(), max_mz, doubly_charged=True)
    every = set((every.nonzero()[0] + 1).tolist())
    return every - masses(smiles, max_mz), every


def test_arenes_are_seen_with_two_charges():
    assert 126 in doubly_charged("c1ccc2c(c1)cc1ccc3cccc4ccc2c1c34")[1]  # benzo[a]pyrene
    assert 142 in doubly_charged("Clc1c(Cl)c(Cl)c(Cl)c(Cl)c1Cl")[1]
    # Nothing of iodobenzene but iodine is heavier than 88, and iodine alone is 127.
    only, _ = doubly_charged("Ic1ccccc1")
    assert {102, 101, 99} <= only  # M, those that lost H and H2 (101.5, rounded down), H6
    assert 103 in only  # two 13C
    assert min(only) > 88
    assert not doubly_charged("CCCCCCI")[0]
    assert not doubly_charged("CI")[0]


def test_a_label_counts_at_half_its_mass():
    only, _ = doubly_charged("[2H]c1c([2H])c([2H])c(I)c([2H])c1[2H]")
    assert 104 in only  # 209 / 2


def test_heavy_ions_are_cut_off():
    assert max(masses("CCCCCCCCCCCCCCCCCCCCCC", 100)) == 100
