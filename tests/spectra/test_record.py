import pytest
from rdkit import Chem

from builders import build_record
from nextims.chemistry.formula import count_elements
from nextims.chemistry.molecule import MoleculeError
from nextims.formats.fields import parse_energy
from nextims.spectra.record import clean_spectrum


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


def test_next_structure_does_not_hide_a_salt():
    record = build_record(structures=("C[NH3+].[Cl-]", "CN"))
    with pytest.raises(MoleculeError, match="several components"):
        _ = record.molecule


def test_structure_must_fit_the_formula():
    record = build_record(structures=("CCC", "COC"), formula="C2H6O")
    assert record.molecule.smiles == "COC"
    with pytest.raises(MoleculeError, match="disagrees with the formula"):
        _ = build_record("CCC", formula="C2H6O").molecule


def test_labelled_structure_fits_a_formula_with_d():
    assert build_record("[2H]C([2H])([2H])CO", formula="C2H3D3O").molecule.nominal_mass == 49
