"""Formulas, exact masses and isotopologues against masses from the literature and brute force."""

from itertools import product

import pytest
from rdkit import Chem
from rdkit.Chem.Descriptors import ExactMolWt
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from nextims.chemistry.formula import (
    ELECTRON_MASS,
    count_elements,
    exact_mass,
    hill_formula,
    isotopologues,
    mass_defect,
    nominal_mass,
    parse_formula,
)
from nextims.chemistry.isotopes import ISOTOPE_RATIOS, isotope_pattern

TABLE = Chem.GetPeriodicTable()


def atoms_of(smiles):
    atoms = {}
    for atom in Chem.AddHs(Chem.MolFromSmiles(smiles)).GetAtoms():
        nuclide = atom.GetSymbol(), atom.GetIsotope()
        atoms[nuclide] = atoms.get(nuclide, 0) + 1
    return atoms


@pytest.mark.parametrize(
    "smiles",
    [
        "Cc1ccccc1", "[2H]C([2H])([2H])C(C)=O", "[13CH3]C([2H])O[18OH]", "[2H]O[2H]", "[3H]C",
        "Cl[37Cl]", "C[Si](C)(C)OP(=O)(S)OB(I)CBr", "FS(F)(F)(F)(F)F", "ClBr", "N",
    ],
)  # fmt: skip
def test_formulas_and_masses_are_those_of_rdkit(smiles):
    mol, atoms = Chem.MolFromSmiles(smiles), atoms_of(smiles)
    assert hill_formula(atoms) == CalcMolFormula(mol, separateIsotopes=True)
    assert exact_mass(atoms) == pytest.approx(ExactMolWt(mol), abs=1e-9)


def test_what_is_not_there_is_not_written():
    assert hill_formula({("C", 0): 0, ("H", 0): 1, ("Cl", 0): 1}) == "ClH"
    assert hill_formula({("H", 2): 0}) == ""


def test_ions_weigh_an_electron_less():
    # m/z of the reference ions of perfluorotributylamine, to which instruments are calibrated.
    for formula, mz in (
        ({("C", 0): 1, ("F", 0): 3}, 68.9947),
        ({("C", 0): 2, ("F", 0): 4, ("N", 0): 1}, 113.9961),
        ({("C", 0): 4, ("F", 0): 9}, 218.9851),
    ):
        assert exact_mass(formula) - ELECTRON_MASS == pytest.approx(mz, abs=6e-5)


def brute_force(counts):
    """Return abundance and mean mass shift by nominal shift, every atom's isotope in turn."""
    single = []
    for element, number in counts.items():
        base = TABLE.GetMostCommonIsotope(element)
        light = TABLE.GetMassForIsotope(element, base)
        total = sum(ISOTOPE_RATIOS[element].values())
        choices = [
            (shift, ratio / total, TABLE.GetMassForIsotope(element, base + shift) - light)
            for shift, ratio in ISOTOPE_RATIOS[element].items()
        ]
        single += [choices] * number
    sums = {}
    for choice in product(*single):
        abundance = 1.0
        for _, share, _ in choice:
            abundance *= share
        shift = sum(shift for shift, _, _ in choice)
        old = sums.get(shift, (0.0, 0.0))
        moment = abundance * sum(mass for _, _, mass in choice)
        sums[shift] = old[0] + abundance, old[1] + moment
    return {shift: (p, m / p) for shift, (p, m) in sums.items() if p > 1e-6}


@pytest.mark.parametrize(
    "counts",
    [
        {"C": 2, "H": 3, "Br": 2, "Cl": 1},
        {"Si": 2, "O": 2, "C": 2, "H": 2},
        {"S": 4, "N": 2},
        {"B": 3, "Cl": 2, "O": 1},
        {"F": 2, "I": 1, "P": 1},
    ],
)
def test_isotopologues_against_brute_force(counts):
    found = isotopologues(counts)
    expected = brute_force(counts)
    for shift, (abundance, mass_shift) in expected.items():
        assert found[shift].abundance == pytest.approx(abundance, abs=1e-8)
        assert found[shift].mass_shift == pytest.approx(mass_shift, abs=1e-5)
    assert sum(heavy.abundance for heavy in found.values()) == pytest.approx(1, abs=1e-6)


def test_abundances_are_those_of_the_isotope_pattern():
    counts = {"C": 40, "H": 80, "O": 6, "Si": 4, "S": 2, "Cl": 2, "B": 1}
    found = isotopologues(counts)
    pattern = isotope_pattern(counts)
    for shift in set(pattern) & set(range(13)):
        assert found[shift].abundance == pytest.approx(pattern[shift], abs=1e-7)


@pytest.mark.parametrize(
    ("counts", "shift", "mass_shift", "isotopes"),
    [
        ({"C": 1, "Cl": 3}, 4, 3.9941, (("Cl", 37, 2),)),
        ({"C": 6, "Br": 6}, 6, 5.9939, (("Br", 81, 3),)),
        ({"C": 7, "H": 7}, 1, 1.00338, (("C", 13, 1),)),  # 13C with a little 2H
        ({"C": 3, "H": 9, "Si": 1}, 2, 1.9972, (("Si", 30, 1),)),
        ({"B": 1}, -1, -0.9964, (("B", 10, 1),)),
        ({"H": 2}, 1, 1.0063, (("H", 2, 1),)),
    ],
)
def test_isotopologues_have_mass_and_isotopes(counts, shift, mass_shift, isotopes):
    heavy = isotopologues(counts)[shift]
    assert heavy.mass_shift == pytest.approx(mass_shift, abs=6e-5)
    assert heavy.isotopes == isotopes


def test_an_unknown_element_is_refused():
    with pytest.raises(KeyError):
        isotopologues({"Fe": 1})


@pytest.mark.parametrize(
    ("text", "hill", "mass"),
    [
        ("C7H5D3", "C7H5D3", 95),
        ("D2O", "D2O", 20),
        ("[2H]3C[13C]H2", "C[13C]H2D3", 33),
        ("C2H5TO", "C2H5TO", 48),
        ("[C7H7]+", "C7H7", 91),
        (" C2H6O. ", "C2H6O", 46),
    ],
)
def test_a_formula_is_read_with_its_isotopes(text, hill, mass):
    atoms = parse_formula(text)
    assert (hill_formula(atoms), nominal_mass(atoms)) == (hill, mass)


def test_formulas_are_compared_by_element():
    assert count_elements("C7H5D3") == count_elements("C7[2H]3H5") == count_elements("C7H8")


@pytest.mark.parametrize("text", ["", "toluene", "Xy2", "C0", "[99C]2", "CH4?"])
def test_what_is_no_formula_has_no_mass_defect(text):
    assert mass_defect(text) is None
