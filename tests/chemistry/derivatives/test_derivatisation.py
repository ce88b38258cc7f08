from collections import Counter
from dataclasses import replace

import pytest

from nextims.chemistry.derivatives.derivatisation import (
    METHODS,
    DerivatisationError,
    list_derivatives,
)
from nextims.chemistry.derivatives.reagents import LABORATORY_REAGENTS, REAGENTS
from nextims.chemistry.molecule import read_molecule

GLUCOSE = "OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O"
GLUCOSE_OPEN = "O=C[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO"
SUCROSE = "OCC1OC(OC2(CO)OC(CO)C(O)C2O)C(O)C(O)C1O"
ALANINE = "C[C@H](N)C(=O)O"
CAFFEINE = "Cn1c(=O)c2c(ncn2C)n(C)c1=O"
CHOLESTEROL = "CC(C)CCCC(C)C1CCC2C3CC=C4CC(O)CCC4(C)C3CCC12C"
CORTISOL = "CC12CCC(=O)C=C1CCC1C2C(O)CC2(C)C1CCC2(O)C(=O)CO"
CORTISONE = "CC12CCC(=O)C=C1CCC1C2C(=O)CC2(C)C1CCC2(O)C(=O)CO"


def derivatives(smiles, method, **options):
    return list_derivatives(read_molecule(smiles), method, **options)


def suffixes(smiles, method, **options):
    return [derivative.suffix for derivative in derivatives(smiles, method, **options)]


def canonical(smiles):
    return read_molecule(smiles).smiles


# Formulas and masses as spectral libraries and textbooks have them.
@pytest.mark.parametrize(
    ("smiles", "method", "expected"),
    [
        (GLUCOSE, "meox-tms", [("5TMS 1MEOX", "C22H55NO6Si5", 569.2876)]),
        (GLUCOSE_OPEN, "meox-tms", [("5TMS 1MEOX", "C22H55NO6Si5", 569.2876)]),
        (GLUCOSE, "tms", [("5TMS", "C21H52O6Si5", 540.2610)]),
        (GLUCOSE, "acetyl", [("5AC", "C16H22O11", 390.1162)]),
        (SUCROSE, "meox-tms", [("8TMS", "C36H86O11Si8", 918.4324)]),
        (
            ALANINE,
            "tms",
            [("2TMS", "C9H23NO2Si2", 233.1267), ("3TMS", "C12H31NO2Si3", 305.1663)],
        ),
        (
            "NCC(=O)O",
            "tms",
            [("2TMS", "C8H21NO2Si2", 219.1111), ("3TMS", "C11H29NO2Si3", 291.1506)],
        ),
        (CHOLESTEROL, "tms", [("1TMS", "C30H54OSi", 458.3944)]),
        ("OC(=O)c1ccccc1O", "tms", [("2TMS", "C13H22O3Si2", 282.1107)]),
        ("OC(=O)CC(O)(CC(=O)O)C(=O)O", "tms", [("4TMS", "C18H40O7Si4", 480.1851)]),
        # Paracetamol, whose amide reacts in part.
        (
            "CC(=O)Nc1ccc(O)cc1",
            "tms",
            [("1TMS", "C11H17NO2Si", 223.1029), ("2TMS", "C14H25NO2Si2", 295.1424)],
        ),
        ("CC(N)Cc1ccccc1", "acetyl", [("1AC", "C11H15NO", 177.1154)]),
        ("CNC(C)Cc1ccccc1", "acetyl", [("1AC", "C12H17NO", 191.1310)]),
        ("CCCCCCCCCCCCCCCC(=O)O", "methyl", [("1ME", "C17H34O2", 270.2559)]),
        ("CC(=O)C(=O)O", "meox-tms", [("1TMS 1MEOX", "C7H15NO3Si", 189.0821)]),
        ("CC(C)=O", "meox-tms", [("1MEOX", "C4H9NO", 87.0684)]),
        ("O=c1cc[nH]c(=O)[nH]1", "tms", [("2TMS", "C10H20N2O2Si2", 256.1063)]),
    ],
)
def test_what_a_laboratory_injects(smiles, method, expected):
    found = derivatives(smiles, method)
    assert [(each.suffix, each.molecule.formula) for each in found] == [
        (suffix, formula) for suffix, formula, _ in expected
    ]
    masses = [each.molecule.exact_mass for each in found]
    assert masses == pytest.approx([mass for _, _, mass in expected], abs=5e-4)


@pytest.mark.parametrize(
    ("smiles", "method", "expected"),
    [
        # Indole and amides of amino acids; each as libraries list them.
        ("NC(Cc1c[nH]c2ccccc12)C(=O)O", "tms", ["2TMS", "3TMS", "4TMS"]),
        ("NC(CC(N)=O)C(=O)O", "tms", ["2TMS", "3TMS", "4TMS"]),
        # The imidazole reacts completely, a tert-butylamine (salbutamol) in part.
        ("NC(Cc1cnc[nH]1)C(=O)O", "tms", ["3TMS", "4TMS"]),
        ("CC(C)(C)NCC(O)c1ccc(O)c(CO)c1", "tms", ["3TMS", "4TMS"]),
        ("CC(C)(C)NCC(O)c1ccc(O)c(CO)c1", "acetyl", ["3AC", "4AC"]),
        # Position 21 reacts completely, 17 and 11 in part; an 11-ketone not at all.
        (CORTISOL, "meox-tms", ["1TMS 2MEOX", "2TMS 2MEOX", "2TMS 2MEOX", "3TMS 2MEOX"]),
        (CORTISONE, "meox-tms", ["1TMS 2MEOX", "2TMS 2MEOX"]),
        # Ketones without a steroid's ring junction do react.
        ("CC1(C)CC(=O)CC(C)(C)C1", "meox-tms", ["1MEOX"]),
        ("CC12CCC(CC1=O)C2(C)C", "meox-tms", ["1MEOX"]),
        ("OC(=O)c1ccccc1O", "methyl", ["1ME", "2ME"]),
        ("Oc1ccccc1", "methyl", ["1ME"]),
        ("CC(O)(CCO)C", "acetyl", ["1AC", "2AC"]),
        ("CC(N)=O", "tms", ["1TMS"]),
    ],
)
def test_positions_that_react_in_part_come_with_and_without(smiles, method, expected):
    assert suffixes(smiles, method) == expected


@pytest.mark.parametrize(
    ("smiles", "method"),
    [
        *((CAFFEINE, method) for method in METHODS),
        ("C[N+](C)(C)CC(=O)[O-]", "tms"),  # betaine has no neutral form
        ("CC(N)Cc1ccccc1", "methyl"),
        ("CCO", "methyl"),
        ("CCCC(=O)O", "acetyl"),
        ("CC(N)=O", "acetyl"),
    ],
)
def test_nothing_to_derivatise(smiles, method):
    assert suffixes(smiles, method) == []
    assert suffixes(smiles, method, partial=True) == []


def test_partial_derivatives_follow():
    assert suffixes(ALANINE, "tms", partial=True) == ["2TMS", "3TMS", "1TMS"]
    (partial,) = derivatives(ALANINE, "tms", partial=True)[2:]
    assert partial.molecule.smiles == canonical("C[C@H](N)C(=O)O[Si](C)(C)C")
    # Acid and phenol are not told apart.
    assert suffixes("OC(=O)c1ccccc1O", "tms", partial=True) == ["2TMS", "1TMS", "1TMS"]
    # Without silylation, without methoximation, and neither complete.
    assert Counter(suffixes("CC(=O)C(=O)O", "meox-tms", partial=True)) == Counter(
        ["1TMS 1MEOX", "1TMS", "1MEOX"]
    )


def test_partial_derivatives_of_a_sugar_are_complete():
    counts = Counter(suffixes(GLUCOSE, "tms", partial=True))
    assert counts == {"5TMS": 1, "4TMS": 5, "3TMS": 10, "2TMS": 10, "1TMS": 5}


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("OCC(O)CO", {"3TMS": 1, "2TMS": 2, "1TMS": 2}),
        ("OCCO", {"2TMS": 1, "1TMS": 1}),
        # Inositol, as substituted benzenes are counted.
        (
            "OC1C(O)C(O)C(O)C(O)C1O",
            {"6TMS": 1, "5TMS": 1, "4TMS": 3, "3TMS": 3, "2TMS": 3, "1TMS": 1},
        ),
    ],
)
def test_symmetric_molecules_give_each_structure_once(smiles, expected):
    found = derivatives(smiles, "tms", partial=True)
    assert Counter(each.suffix for each in found) == expected
    assert len({each.molecule.smiles for each in found}) == len(found)


def test_a_label_tells_symmetric_positions_apart():
    assert Counter(suffixes("O[13CH2]CO", "tms", partial=True)) == {"2TMS": 1, "1TMS": 2}


@pytest.mark.parametrize(
    ("smiles", "expected", "mass"),
    [
        (
            "NC([2H])([2H])C(=O)O",
            "[2H]C([2H])(N[Si](C)(C)C)C(=O)O[Si](C)(C)C",
            221.1237,
        ),
        (
            "[13CH3][13CH](N)[13C](=O)O",
            "[13CH3][13CH](N[Si](C)(C)C)[13C](=O)O[Si](C)(C)C",
            236.1368,
        ),
    ],
)
def test_isotope_labels_are_kept(smiles, expected, mass):
    molecule = derivatives(smiles, "tms")[0].molecule
    assert molecule.smiles == canonical(expected)
    assert molecule.exact_mass == pytest.approx(mass, abs=5e-4)


def test_stereocentres_stay():
    assert derivatives(ALANINE, "tms")[0].molecule.smiles == canonical(
        "C[C@H](N[Si](C)(C)C)C(=O)O[Si](C)(C)C"
    )
    for form in (GLUCOSE, GLUCOSE_OPEN):
        (oxime,) = derivatives(form, "meox-tms")
        assert oxime.molecule.smiles == canonical(
            "CON=C[C@H](O[Si](C)(C)C)[C@@H](O[Si](C)(C)C)[C@H](O[Si](C)(C)C)"
            "[C@H](O[Si](C)(C)C)CO[Si](C)(C)C"
        )


def test_a_zwitterion_is_taken_in_its_neutral_form():
    charged, neutral = (
        [each.molecule.smiles for each in derivatives(smiles, "tms", partial=True)]
        for smiles in ("C[C@H]([NH3+])C(=O)[O-]", ALANINE)
    )
    assert charged == neutral
    assert suffixes("C[N+](C)(C)CC(O)CC(=O)[O-]", "tms") == ["1TMS"]  # carnitine


def test_shift_is_that_of_all_groups():
    parent = read_molecule(GLUCOSE)
    (derivative,) = list_derivatives(parent, "meox-tms")
    assert derivative.shift == pytest.approx(5 * 72.0395 + 29.0265, abs=5e-4)
    assert derivative.molecule.exact_mass == pytest.approx(parent.exact_mass + derivative.shift)


@pytest.mark.parametrize(
    "wrong",
    [{"group": "[Si](C)(C)CC"}, {"adds": {"C": 3, "H": 9, "Si": 1}}, {"adds": {"C": 6}}],
)
def test_a_wrong_mass_raises(monkeypatch, wrong):
    # C6 has the nominal mass of a trimethylsilyl group's shift: 72.0000 for 72.0395 Da.
    for reagents in (REAGENTS, LABORATORY_REAGENTS):
        monkeypatch.setitem(reagents, "tms", replace(reagents["tms"], **wrong))
    with pytest.raises(ArithmeticError, match=r"Da above CCO, expected"):
        derivatives("CCO", "tms")


def test_too_many_are_refused():
    with pytest.raises(DerivatisationError, match="more than 200 partial derivatives"):
        derivatives(SUCROSE, "tms", partial=True)
    with pytest.raises(DerivatisationError, match="more than 1 derivatives"):
        derivatives(ALANINE, "tms", limit=1)
    assert suffixes(ALANINE, "tms", limit=2) == ["2TMS", "3TMS"]


def test_a_dimer_that_falls_apart_is_refused():
    dihydroxyacetone = "OCC1(O)COC(O)(CO)CO1"
    with pytest.raises(DerivatisationError, match="falls apart"):
        derivatives(dihydroxyacetone, "meox-tms")
    assert suffixes(dihydroxyacetone, "tms") == ["4TMS"]


def test_unknown_method():
    with pytest.raises(KeyError, match="tfa"):
        derivatives("CCO", "tfa")
