import pytest
from rdkit import Chem

from builders import SMALL_MOLECULES
from nextims.chemistry.derivatives.reactions import check_mass_shift, count_sites, derivatise
from nextims.chemistry.derivatives.reagents import LABORATORY_REAGENTS, REAGENTS
from nextims.chemistry.formula import count_elements
from nextims.chemistry.molecule import read_molecule

GLUCOSE = "OC[C@H]1OC(O)[C@H](O)[C@@H](O)[C@@H]1O"
GLUCOSE_OPEN = "O=C[C@H](O)[C@@H](O)[C@H](O)[C@H](O)CO"
ALANINE = "C[C@H](N)C(=O)O"
LYSINE = "NCCCCC(N)C(=O)O"


def put_on(smiles, **options):
    return derivatise(read_molecule(smiles), **options)


def canonical(smiles):
    return read_molecule(smiles).smiles


@pytest.mark.parametrize(
    ("smiles", "groups", "formula", "mass"),
    [
        ("OCC(O)CO", {"tms": 3}, "C12H32O3Si3", 308),
        (ALANINE, {"tms": 2}, "C9H23NO2Si2", 233),
        (GLUCOSE, {"tms": 5}, "C21H52O6Si5", 540),
        (GLUCOSE, {"tms": 5, "meox": 1}, "C22H55NO6Si5", 569),
        ("OCC1(O)OCC(O)C(O)C1O", {"tms": 5, "meox": 1}, "C22H55NO6Si5", 569),  # fructose
        ("CC(=O)C(=O)O", {"tms": 1, "meox": 1}, "C7H15NO3Si", 189),  # pyruvic acid
        ("NCC(=O)O", {"tbdms": 2}, "C14H33NO2Si2", 303),
        ("CC(=O)Nc1ccc(O)cc1", {"acetyl": 1}, "C10H11NO3", 193),  # paracetamol
        ("CC(=O)Oc1ccccc1C(=O)O", {"methyl": 1}, "C10H10O4", 194),  # aspirin
        ("[13CH2]([13CH](O)[13C](=O)O)[13C](=O)O", {"tbdms": 3}, "C22H48O5Si3", 480),
    ],
)
def test_known_derivatives(smiles, groups, formula, mass):
    (derivative,) = put_on(smiles, **groups)
    assert (derivative.formula, derivative.nominal_mass) == (formula, mass)


@pytest.mark.parametrize(
    ("smiles", "groups", "expected"),
    [
        (ALANINE, {"tms": 1}, "C[C@H](N)C(=O)O[Si](C)(C)C"),
        ("NC(CS)C(=O)O", {"tms": 2}, "NC(CS[Si](C)(C)C)C(=O)O[Si](C)(C)C"),
        ("NC(CO)C(=O)O", {"tms": 2}, "NC(CO[Si](C)(C)C)C(=O)O[Si](C)(C)C"),
        # Each nitrogen once, then the less hindered one again.
        (LYSINE, {"tms": 3}, "C[Si](C)(C)NCCCCC(N[Si](C)(C)C)C(=O)O[Si](C)(C)C"),
        (
            LYSINE,
            {"tms": 4},
            "C[Si](C)(C)N([Si](C)(C)C)CCCCC(N[Si](C)(C)C)C(=O)O[Si](C)(C)C",
        ),
        # Amine before amide and indole.
        ("NC(CC(N)=O)C(=O)O", {"tms": 2}, "C[Si](C)(C)NC(CC(N)=O)C(=O)O[Si](C)(C)C"),
        (
            "NC(Cc1c[nH]c2ccccc12)C(=O)O",
            {"tms": 2},
            "C[Si](C)(C)NC(Cc1c[nH]c2ccccc12)C(=O)O[Si](C)(C)C",
        ),
        # Lactams of nucleobases on oxygen, imidazole on nitrogen.
        ("O=c1cc[nH]c(=O)[nH]1", {"tms": 2}, "C[Si](C)(C)Oc1ccnc(O[Si](C)(C)C)n1"),
        ("O=c1[nH]cnc2[nH]cnc12", {"tms": 2}, "C[Si](C)(C)Oc1ncnc2c1ncn2[Si](C)(C)C"),
        ("O=c1cc[nH]c(=S)[nH]1", {"tms": 2}, "C[Si](C)(C)Oc1ccnc(S[Si](C)(C)C)n1"),
        # An acid is methylated, an amine acetylated first.
        ("OCCC(=O)O", {"methyl": 1}, "COC(=O)CCO"),
        ("NCCO", {"acetyl": 1}, "CC(=O)NCCO"),
    ],
)
def test_most_reactive_position_is_taken(smiles, groups, expected):
    assert [derivative.smiles for derivative in put_on(smiles, **groups)] == [canonical(expected)]


@pytest.mark.parametrize(
    ("smiles", "groups", "coarse", "fine"),
    [
        # Imidazole and the amine's second hydrogen.
        (
            "NCCc1cnc[nH]1",
            {"tms": 2},
            ["C[Si](C)(C)NCCc1cn([Si](C)(C)C)cn1", "C[Si](C)(C)N(CCc1c[nH]cn1)[Si](C)(C)C"],
            ["C[Si](C)(C)NCCc1cn([Si](C)(C)C)cn1"],
        ),
        # Positions 17 and 21 of a steroid.
        (
            "CC12CCCCC1CCC1C2CCC2(C)C1CCC2(O)C(=O)CO",
            {"tms": 1},
            [
                "CC12CCCCC1CCC1C2CCC2(C)C1CCC2(O[Si](C)(C)C)C(=O)CO",
                "CC12CCCCC1CCC1C2CCC2(C)C1CCC2(O)C(=O)CO[Si](C)(C)C",
            ],
            ["CC12CCCCC1CCC1C2CCC2(C)C1CCC2(O)C(=O)CO[Si](C)(C)C"],
        ),
        # An 11-oxosteroid.
        (
            "CC12CCCCC1CCC1C2C(=O)CC2(C)C1CCC2",
            {"meox": 1},
            ["CON=C1CC2(C)CCCC2C2CCC3CCCCC3(C)C12"],
            [],
        ),
    ],
)
def test_what_hinders_a_reaction_is_left_to_the_laboratory(smiles, groups, coarse, fine):
    # The store of spectra, and so the weights trained on it, rest on the coarse order.
    assert {m.smiles for m in put_on(smiles, **groups)} == set(map(canonical, coarse))
    found = put_on(smiles, reagents=LABORATORY_REAGENTS, **groups)
    assert [m.smiles for m in found] == list(map(canonical, fine))


@pytest.mark.parametrize(
    ("smiles", "groups"),
    [
        ("Cn1c(=O)c2c(ncn2C)n(C)c1=O", {"tms": 1}),  # caffeine
        ("CC(=O)CC(C)=O", {"tms": 1}),  # an enol that is not drawn
        ("CC(=O)OC", {"meox": 1}),
        ("CC(N)=O", {"meox": 1}),
        ("CC(=O)O", {"acetyl": 1}),
        (ALANINE, {"tms": 4}),
        ("OCC1(O)COC(O)(CO)CO1", {"meox": 2}),  # the dimer of dihydroxyacetone falls apart
        ("[2H]OC", {"tms": 1}),  # a labelled hydrogen stays
    ],
)
def test_what_cannot_react_gives_nothing(smiles, groups):
    assert put_on(smiles, **groups) == []


def test_open_and_ring_form_give_one_oxime():
    (ring,), (chain,) = (put_on(smiles, tms=5, meox=1) for smiles in (GLUCOSE, GLUCOSE_OPEN))
    assert ring.smiles == chain.smiles


def test_positions_that_are_not_told_apart_are_all_given():
    assert len(put_on("OCC(O)CO", tms=1)) == 2
    assert len(put_on(GLUCOSE, tms=4)) == 5
    assert len(put_on(GLUCOSE, limit=2, tms=4)) == 2
    assert len(put_on("OC1C(O)C(O)C(O)C(O)C1O", tms=1)) == 1
    # Enantiomers give one spectrum.
    assert len(put_on("C[C@H](O)[C@@H](C)O", tms=1)) == 1


def test_stereocentres_stay():
    assert [m.smiles for m in put_on(ALANINE, tms=2)] == [
        canonical("C[C@H](N[Si](C)(C)C)C(=O)O[Si](C)(C)C")
    ]


@pytest.mark.parametrize(
    ("reagent", "shift"),
    [("tms", 72), ("meox", 29), ("tbdms", 114), ("acetyl", 42), ("methyl", 14)],
)
def test_group_has_its_mass_and_formula(reagent, shift):
    group = REAGENTS[reagent]
    assert group.shift == shift
    reacted = 0
    for smiles in SMALL_MOLECULES:
        parent = read_molecule(smiles)
        most = count_sites(parent, reagent)
        assert derivatise(parent, **{reagent: most + 1}) == []
        if most == 0:
            continue
        reacted += 1
        for derivative in derivatise(parent, **{reagent: most}):
            assert derivative.nominal_mass == parent.nominal_mass + most * shift
            gained = count_elements(derivative.formula)
            gained.subtract(count_elements(parent.formula))
            assert {k: n for k, n in gained.items() if n} == {
                k: n * most for k, n in group.adds.items()
            }
    assert reacted >= 2


def test_all_structures_are_distinct_and_valid():
    structures = put_on("OCC(O)C(N)CC(=O)O", tms=2)
    assert len({m.smiles for m in structures}) == len(structures) == 3
    assert all(Chem.MolFromSmiles(m.smiles) for m in structures)


def test_the_mass_is_checked_to_its_defect():
    # Acetyl and propyl in the place of hydrogen both add 42 Da, 42.0106 and 42.0470.
    methanol = read_molecule("CO")
    check_mass_shift(methanol, read_molecule("COC(C)=O"), acetyl=1)
    with pytest.raises(ArithmeticError, match=r"CCCOC: 42\.0470 Da above CO, expected 42\.0106"):
        check_mass_shift(methanol, read_molecule("COCCC"), acetyl=1)


def test_unknown_reagent_is_named():
    with pytest.raises(KeyError, match="no such reagent: tfa"):
        put_on("CCO", tfa=1)
