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


def test_heavy_ions_are_cut_off():
    assert max(masses("CCCCCCCCCCCCCCCCCCCCCC", 100)) == 100
