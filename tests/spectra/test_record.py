from pathlib import Path

import pytest
from rdkit import Chem

from builders import build_record
from nextims.chemistry.formula import count_elements
from nextims.chemistry.molecule import MoleculeError
from nextims.formats.fields import parse_energy
from nextims.formats.reading import read_spectra
from nextims.spectra.record import clean_spectrum

CASES = Path(__file__).parents[3] / "shared" / "cases"


@pytest.mark.parametrize(
    ("text", "energy"),
    [
        ("70 eV", 70),
        ("70eV", 70),
        ("13.5 eV", 13.5),
        ("70 (nominal)", 70),
        ("70 eV (nominal)", 70),
        ("70", 70),
        ("70 V", 70),
        ("EI 70 eV", 70),
        ("13,5 eV", 13.5),
        ("0.07 keV", 70),
        ("N/A", None),
        ("", None),
    ],
)
def test_energy_strings_of_real_libraries(text, energy):
    assert parse_energy(text) == (pytest.approx(energy) if energy else None)


@pytest.mark.parametrize("text", ["20-70 eV", "10 HCD 70", "high", "0 eV", "-70 eV", "70 eV 20"])
def test_energy_that_is_not_one_energy_is_refused(text):
    with pytest.raises(ValueError, match="not an energy"):
        parse_energy(text)


@pytest.mark.parametrize(
    ("formula", "counts"),
    [
        ("C2H6O", {"C": 2, "H": 6, "O": 1}),
        ("C2D6O", {"C": 2, "H": 6, "O": 1}),
        ("C[13C]H3[2H]3O", {"C": 2, "H": 6, "O": 1}),
        ("[C5H5N]+", {"C": 5, "H": 5, "N": 1}),
        ("C5H14NO+", {"C": 5, "H": 14, "N": 1, "O": 1}),
    ],
)
def test_elements_of_a_formula(formula, counts):
    assert count_elements(formula) == counts


@pytest.mark.parametrize("text", ["", "C{5+3*n}H8", "C6H6.HCl", "unknown compound"])
def test_text_that_is_no_formula_is_not_compared(text):
    assert count_elements(text) is None


def test_peaks_that_say_nothing_are_left_out():
    spectrum = clean_spectrum([0, 0.5, 15, 31, 45], [5, 9, 10, 0, 80])
    assert spectrum.mz.tolist() == [15, 45]


@pytest.mark.parametrize("peaks", [([31], [-1]), ([31], [float("nan")]), ([float("nan")], [31])])
def test_impossible_peaks_are_refused(peaks):
    with pytest.raises(ValueError, match="must"):
        clean_spectrum(*peaks)


def test_lowest_recorded_mz_is_that_of_the_lowest_peak():
    assert build_record(peaks={31.6: 5, 40: 9}).lowest_mz == 32


@pytest.mark.parametrize("structure", ["OCC", "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3"])
def test_smiles_and_inchi_are_read(structure):
    assert build_record(structure).molecule.smiles == "CCO"


def test_mol_block_is_read():
    block = Chem.MolToMolBlock(Chem.AddHs(Chem.MolFromSmiles("CCO")))
    assert build_record(block).molecule.smiles == "CCO"


def test_next_structure_serves_where_one_cannot_be_read():
    record = build_record(structures=("C1CC", "CCO"))
    assert record.molecule.smiles == "CCO"


def test_next_structure_serves_where_one_cannot_be_used():
    record = build_record(structures=("[H+].[Cl-]", "InChI=1S/ClH/h1H"), formula="HCl")
    assert record.molecule.smiles == "Cl"
    record = build_record(structures=("C[Zn]C", "C[N+](C)(C)C", "CN"))
    assert record.molecule.smiles == "CN"


def test_of_structures_that_cannot_be_used_the_first_is_told_of():
    record = build_record(structures=("C[NH3+].[Cl-]", "InChI=1S/CH5N.ClH/c1-2;/h2H2,1H3;1H", "C1"))
    with pytest.raises(MoleculeError, match=r"several components .* alone: CN"):
        _ = record.molecule


@pytest.mark.parametrize("formula", ["C2H5NO2", "C2H6NO2+", "[C2H6NO2]+", ""])
def test_a_protonated_structure_is_the_neutral_molecule(formula):
    molecule = build_record("[NH3+]CC(=O)O", formula=formula).molecule
    assert molecule.smiles == "NCC(=O)O"
    assert molecule.notes
    with pytest.raises(MoleculeError, match="disagrees"):
        _ = build_record("[NH3+]CC(=O)O", formula="C3H7NO2").molecule


@pytest.mark.parametrize(
    "structure",
    [
        "InChI=1S/C8H9NO/c1-7(10)9-8-5-3-2-4-6-8/h2-6H,1H3,(H,9,10)",
        "CC(O)=Nc1ccccc1",
        Chem.MolToMolBlock(Chem.MolFromSmiles("CC(O)=Nc1ccccc1")),
    ],
    ids=["InChI", "SMILES", "MOL"],
)
def test_an_imidic_acid_is_read_as_the_amide(structure):
    assert build_record(structure).molecule.smiles == "CC(=O)Nc1ccccc1"


@pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")
def test_cases_27_and_38():
    amides = {
        "acetanilide": "CC(=O)Nc1ccccc1",
        "urea": "NC(N)=O",
        "uracil": "O=c1cc[nH]c(=O)[nH]1",
        "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
        "paracetamol": "CC(=O)Nc1ccc(O)cc1",
    }
    read = read_spectra(CASES / "38" / "inchi_amide.msp")
    assert {each.name: each.molecule.smiles for each in read} == amides
    labelled = {each.name: each for each in read_spectra(CASES / "27" / "inchi.msp")}
    assert labelled["ethanol-d3"].molecule.smiles == "[2H]C([2H])([2H])CO"
    assert labelled["nonstandard"].molecule.smiles == labelled["aux"].molecule.smiles == "CCO"


def test_structure_must_fit_the_formula():
    record = build_record(structures=("CCC", "COC"), formula="C2H6O")
    assert record.molecule.smiles == "COC"
    with pytest.raises(MoleculeError, match="disagrees with the formula"):
        _ = build_record("CCC", formula="C2H6O").molecule


@pytest.mark.parametrize("formula", ["C7D3H5", "C7[2H]3H5", "[13C]C6H8"])
def test_a_structure_without_the_labels_of_the_formula_is_another_molecule(formula):
    with pytest.raises(MoleculeError, match="disagrees with the formula"):
        _ = build_record("Cc1ccccc1", formula=formula).molecule
    labelled = "[2H]C([2H])([2H])c1ccccc1" if "13" not in formula else "[13CH3]c1ccccc1"
    record = build_record(structures=("Cc1ccccc1", labelled), formula=formula)
    assert record.molecule.smiles == labelled


def test_labelled_structure_fits_a_formula_with_d():
    assert build_record("[2H]C([2H])([2H])CO", formula="C2H3D3O").molecule.nominal_mass == 49


@pytest.mark.parametrize(
    ("smiles", "mass"),
    [("Cc1ccccc1", 100), ("Cc1ccccc1", 93), ("CCO", 118), ("[2H]C([2H])([2H])CO", 50)],
    ids=["toluene-d8", "toluene-d1", "trimethylsilyl ether", "one label too few"],
)
def test_structure_must_have_the_mass(smiles, mass):
    with pytest.raises(MoleculeError, match=rf"disagrees with the mass \({mass} Da"):
        _ = build_record(smiles, nominal_mass=mass).molecule


def test_the_structure_that_has_the_mass_is_taken():
    labelled = "[2H]C([2H])([2H])c1ccccc1"
    record = build_record(structures=("Cc1ccccc1", labelled), nominal_mass=95)
    assert record.molecule.smiles == labelled


@pytest.mark.parametrize(
    ("smiles", "mass", "name"),
    [
        ("BrC(Br)(Br)Br", 328, "nominal"),
        ("BrC(Br)(Br)Br", 332, "average"),
        ("BrC(Br)(Br)Br", 331, "average cut off"),
        ("C[Sn](C)(C)C", 178, "average, cut off"),
        ("C[Sn](C)(C)C", 180, "nominal"),
        ("C" * 40, 563, "exact, rounded"),
        ("[2H]C([2H])([2H])CO", 46, "without labels, as MassBank"),
        ("C[NH3+]", 32, "of the ion drawn"),
        ("CNC", 81, "dimethylamine hydrochloride"),
        ("OC(=O)CC(O)(CC(=O)O)C(=O)O", 210, "citric acid monohydrate"),
    ],
)
def test_masses_of_other_kinds_are_no_contradiction(smiles, mass, name):
    _ = build_record(smiles, nominal_mass=mass, remarks=(name,)).molecule


def test_bins_are_those_of_the_molecule():
    record = build_record("Brc1c(Br)c(Br)c(Br)c(Br)c1Br", {466.59: 50, 551.503: 100})
    assert (len(record.bins), record.bins[466]) == (552, 0.5)
    assert record.bins is record.bins
