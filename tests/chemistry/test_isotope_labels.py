from itertools import combinations

import numpy as np
import pytest

from nextims.chemistry.isotope_labels import unlabelled_shares, with_labels
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
