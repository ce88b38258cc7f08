"""What the shipped models make of masses: mass numbers, isotope labels, nothing impossible."""

import pytest

from nextims.chemistry.isotopes import isotope_pattern
from nextims.chemistry.molecule import NOMINAL_MASSES, read_molecule
from nextims.chemistry.possible_masses import possible_masses
from nextims.config import PROJECT_ROOT
from nextims.formats.writing import FORMATS
from nextims.inference import Predictor

TOLUENE_D8 = "[2H]C([2H])([2H])c1c([2H])c([2H])c([2H])c([2H])c1[2H]"
TOLUENE_D3 = "[2H]C([2H])([2H])c1ccccc1"
BENZENE_D6 = "[2H]c1c([2H])c([2H])c([2H])c([2H])c1[2H]"
NITROBENZENE_D5 = "O=[N+]([O-])c1c([2H])c([2H])c([2H])c([2H])c1[2H]"
ACETANILIDE_D5 = "CC(=O)Nc1c([2H])c([2H])c([2H])c([2H])c1[2H]"
DECABROMODIPHENYL_ETHER = "Brc1c(Br)c(Br)c(Br)c(Br)c1Oc1c(Br)c(Br)c(Br)c(Br)c1Br"


@pytest.fixture(scope="module", params=["teacher/best_finetune_teacher", "student/best_student"])
def predictor(request):
    return Predictor.from_checkpoint(
        PROJECT_ROOT / "checkpoints" / f"{request.param}.pt", device="cpu"
    )


def heights(predictor, smiles):
    """Return intensities by m/z, base peak 1."""
    [result] = predictor.predict([smiles])
    pairs = zip(result.spectrum.mz.tolist(), result.spectrum.intensity.tolist(), strict=True)
    return {int(mz): height for mz, height in pairs}


@pytest.mark.parametrize(
    ("smiles", "base"),
    [
        ("Cc1ccccc1", 91),
        (TOLUENE_D8, 98),
        (BENZENE_D6, 84),
        ("O=[N+]([O-])c1ccccc1", 77),
        (NITROBENZENE_D5, 82),
        ("CCO", 31),
        ("CCO[2H]", 32),
        ("CC([2H])O", 32),
        ("[2H]CCO", 31),
        ("CC([2H])([2H])O", 33),
    ],
)
def test_the_base_peak_moves_with_the_labels_of_its_ion(predictor, smiles, base):
    found = heights(predictor, smiles)
    assert max(found, key=found.get) == base


@pytest.mark.parametrize(
    ("plain", "labelled", "moves"),
    [
        ("CC(O)=O", "[2H]OC(C)=O", {43: 43, 15: 15, 45: 46, 60: 61}),
        ("CC(O)=O", "[2H]C([2H])([2H])C(=O)O", {43: 46, 15: 18, 60: 63}),
        ("O=[N+]([O-])c1ccccc1", NITROBENZENE_D5, {77: 82, 51: 54, 123: 128}),
        ("OC(=O)c1ccccc1O", "[2H]OC(=O)c1ccccc1O[2H]", {120: 120, 92: 92, 138: 140}),
        ("OC(=O)c1ccccc1O", "OC(=O)c1c([2H])c([2H])c([2H])c([2H])c1O", {120: 124, 138: 142}),
        ("CC(=O)Nc1ccccc1", ACETANILIDE_D5, {93: 98, 43: 43, 135: 140}),
        ("CC(=O)Nc1ccccc1", "[2H]C([2H])([2H])C(=O)Nc1ccccc1", {93: 94, 43: 46, 135: 138}),
        ("CC(=O)Nc1ccccc1", "[2H]N(C(C)=O)c1ccccc1", {93: 94, 43: 43, 135: 136}),
        ("CC(=O)c1ccccc1", "[13CH3]C(=O)c1ccccc1", {105: 105, 77: 77, 120: 121, 43: 44}),
        ("CC(=O)c1ccccc1", "C[13C](=O)c1ccccc1", {105: 106, 77: 77, 120: 121, 43: 44}),
    ],
)
def test_each_ion_moves_by_the_labels_that_its_atoms_have(predictor, plain, labelled, moves):
    before, after = heights(predictor, plain), heights(predictor, labelled)
    assert max(after, key=after.get) == moves[max(before, key=before.get)]
    for mz, moved in moves.items():
        # Hydrogens of two kinds may move, and isotopes of what is beside add.
        assert after[moved] == pytest.approx(before[mz], rel=0.3, abs=0.02), mz


def test_a_wholly_deuterated_spectrum_is_the_other_drawn_out(predictor):
    plain, labelled = heights(predictor, "Cc1ccccc1"), heights(predictor, TOLUENE_D8)
    for formula in ((7, 8), (7, 7), (5, 5), (5, 3), (4, 2), (3, 3)):
        carbons, hydrogens = formula
        mz = 12 * carbons + hydrogens
        assert labelled[mz + hydrogens] == pytest.approx(plain[mz], rel=0.15)
    # CH+ is limited by CH2+ and CH3+, and so is CD+ by what these have become.
    assert labelled.get(14, 0) <= 0.3 * max(labelled[16], labelled.get(18, 0))
    benzene = heights(predictor, BENZENE_D6)
    assert benzene[83] < 0.08 * benzene[82]  # C6D5 with a 13C; there is no C6HD5


def test_hydrogen_and_deuterium_leave_alike(predictor):
    plain, labelled = heights(predictor, "Cc1ccccc1"), heights(predictor, TOLUENE_D3)
    # C7H7 is M less H or less D: five of eight are H. A 13C of C7H4D3 adds to the former.
    assert labelled[94] / labelled[93] == pytest.approx(5 / 3, rel=0.15)
    lost = (labelled[94] + labelled[93]) / labelled[95]
    assert lost == pytest.approx((plain[91] + plain[90]) / plain[92], rel=0.15)


@pytest.mark.parametrize(
    ("smiles", "mz"),
    [("Brc1c(Br)c(Br)c(Br)c(Br)c1Br", 552), ("C" * 40, 562), (DECABROMODIPHENYL_ETHER, 960)],
)
def test_the_molecular_ion_stands_at_its_mass_number(predictor, smiles, mz):
    found = heights(predictor, smiles)
    highest = max((m for m in found if m > mz - 8), key=found.get)
    assert highest == mz


@pytest.mark.parametrize(
    "smiles",
    ["Cl", DECABROMODIPHENYL_ETHER, "FC(F)(Cl)C(F)(F)Cl", TOLUENE_D8, BENZENE_D6, "FC(F)(F)I",
     "[2H]C(Cl)(Cl)Cl", "[13C]([2H])([2H])([2H])I", "O=C=O"],
)  # fmt: skip
def test_no_peak_stands_where_no_ion_can(predictor, smiles):
    possible = possible_masses(*read_molecule(smiles).atoms(), 1000)
    assert all(possible[mz - 1] for mz in heights(predictor, smiles))


@pytest.mark.parametrize("symbol", ["Hg", "Se", "Pb", "Sn", "Ge", "Br", "S"])
def test_an_atom_alone_has_the_pattern_of_its_isotopes(predictor, symbol):
    found, pattern = heights(predictor, f"[{symbol}]"), isotope_pattern({symbol: 1})
    highest = max(pattern.values())
    wanted = {NOMINAL_MASSES[symbol] + by: share / highest for by, share in pattern.items()}
    wanted = {mz: height for mz, height in wanted.items() if height >= 0.001}
    assert found == pytest.approx(wanted, abs=0.001)


def test_a_mass_that_rarer_isotopes_alone_have_is_no_ion(predictor):
    # CHCl2 takes up no hydrogen that is not there: m/z 15 would be 13CH2.
    assert heights(predictor, "OC(=O)C(Cl)Cl").get(15, 0) < 0.005


def test_formulas_in_files_tell_deuterium(predictor):
    [result] = predictor.predict([TOLUENE_D3])
    assert (result.molecule.formula, result.molecule.nominal_mass) == ("C7H5D3", 95)
    for ending, format_ in FORMATS.items():
        record = format_(result)
        text = record if isinstance(record, str) else str(record["formula"])
        assert "C7H5D3" in text.replace(" ", ""), ending


@pytest.mark.parametrize(
    ("labelled", "plain", "mz"),
    [("[35Cl]c1ccccc1", "Clc1ccccc1", 112), ("C[80Se]C", "C[Se]C", 110)],
)
def test_a_label_of_the_commonest_isotope_leaves_no_other(predictor, labelled, plain, mz):
    with_label, without = predictor.predict([labelled, plain])
    assert with_label.molecule.nominal_mass == without.molecule.nominal_mass == mz
    found, natural = (
        {peak.mz: peak.intensity for peak in result.peaks} for result in (with_label, without)
    )
    assert natural[mz + 2] > 0.15 * natural[mz]
    assert found.get(mz + 2, 0) < 0.01 * found[mz]  # two 13C


def test_carbons_that_are_all_carbon_12_have_no_carbon_13(predictor):
    [benzene] = predictor.predict(["[12cH]1[12cH][12cH][12cH][12cH][12cH]1"])
    found = {peak.mz: peak.intensity for peak in benzene.peaks}
    assert found.get(79, 0) < 0.002 * found[78]


@pytest.mark.parametrize(
    ("labelled", "mz", "share", "nothing_at"),
    [
        # Half of the ions keep the label; the others have bromine as it is, half of it 81Br.
        ("[81Br]CCBr", (107, 109), 0.34, (111, 113, 115)),
        ("[81Br]CBr", (93, 95), 0.34, (97, 99, 103, 105)),
        ("[37Cl]CCCl", (62, 64), 0.61, (67, 68, 70)),
    ],
)
def test_one_of_two_halogens_is_labelled(predictor, labelled, mz, share, nothing_at):
    [result] = predictor.predict([labelled])
    found = {peak.mz: peak.intensity for peak in result.peaks}
    # Ions of one hydrogen more or less lie between; those of both masses have as many.
    assert found[mz[0]] / found[mz[1]] == pytest.approx(share, abs=0.12)
    assert not any(found.get(mass, 0) > 0.002 for mass in nothing_at)


@pytest.mark.parametrize("label", [112, 120])
def test_a_labelled_metal_has_no_isotope_pattern(predictor, label):
    with_label, without = predictor.predict([f"C[{label}Sn](C)(C)C", "C[Sn](C)(C)C"])
    found, natural = (
        {peak.mz: peak.intensity for peak in result.peaks} for result in (with_label, without)
    )
    assert max(found, key=found.get) == 45 + label  # M - CH3
    assert natural[163] > 0.6
    assert found.get(43 + label, 0) < 0.05
