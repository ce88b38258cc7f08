"""Isotope patterns against RDKit's abundances and published clusters."""

import pytest
from rdkit import Chem

from nextims.chemistry.isotopes import ISOTOPE_RATIOS, highest_isotope, isotope_pattern
from nextims.chemistry.molecule import ELEMENTS, NOMINAL_MASSES, read_molecule

TABLE = Chem.GetPeriodicTable()


@pytest.mark.parametrize("element", ELEMENTS)
def test_each_element_has_the_isotopes_that_rdkit_knows(element):
    ratios, base = ISOTOPE_RATIOS[element], NOMINAL_MASSES[element]
    assert max(ratios, key=ratios.get) == 0
    total = sum(ratios.values())
    for mass in range(max(base - 13, 1), base + 13):
        per_cent = TABLE.GetAbundanceForIsotope(element, mass)
        # Commissions have revised selenium's and lead's by half a per cent since.
        assert 100 * ratios.get(mass - base, 0) / total == pytest.approx(per_cent, abs=0.7)


@pytest.mark.parametrize(
    ("smiles", "base", "expected"),
    [
        ("CC[Sn](CC)(CC)CC", 236, {228: 0.030, 232: 0.446, 234: 0.748, 238: 0.142, 240: 0.178}),
        ("CC[Hg]CC", 260, {256: 0.337, 257: 0.570, 258: 0.778, 262: 0.229}),
        ("CC[Pb](CC)(CC)CC", 324, {320: 0.027, 322: 0.460, 323: 0.422}),
        ("CC[As](CC)CC", 162, {163: 0.066}),
        ("C[Se]C", 110, {106: 0.185, 107: 0.153, 108: 0.476, 112: 0.177}),
        ("C[Ge](C)(C)C", 134, {130: 0.562, 132: 0.752, 136: 0.212}),
    ],
)
def test_the_molecular_ions_of_organometallics_have_the_metals_cluster(smiles, base, expected):
    molecule = read_molecule(smiles)
    assert molecule.nominal_mass == base
    pattern = isotope_pattern(molecule.element_counts)
    for mz, ratio in expected.items():
        # The tails of the carbons below add a little.
        assert pattern[mz - base] / pattern[0] == pytest.approx(ratio, abs=0.04)


def test_two_atoms_of_selenium_reach_from_twelve_below_to_four_above():
    diselenide = read_molecule("C[Se][Se]C")
    pattern = isotope_pattern(diselenide.element_counts)
    # 2 x 80Se78Se beside 80Se2
    assert pattern[-2] / pattern[0] == pytest.approx(0.88, abs=0.01)
    assert min(pattern) == -12
    assert diselenide.highest_mz == 190 + 4
    assert highest_isotope({"Sn": 2}, 0.001) == 8
