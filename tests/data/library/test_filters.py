import re

import pytest

from builders import ETHANOL_PEAKS, build_massbank_record, build_record
from nextims.chemistry.molecule import read_molecule
from nextims.config import DataConfig
from nextims.data.library.filters import find_fault, require_peaks_below_ion
from nextims.formats.massbank.reading import parse_massbank

CAFFEINE = "Cn1c(=O)c2c(ncn2C)n(C)c1=O"
CAFFEINE_PEAKS = {55: 300, 67: 400, 82: 250, 109: 600, 194: 999}


def reason(record, **settings):
    fault = find_fault(record, DataConfig(**settings))
    return fault and fault.reason


def test_good_record_passes_every_filter():
    assert reason(build_record()) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ionization": "ESI-QTOF"}, "not electron ionization"),
        ({"ion_mode": "negative"}, "not positive ions"),
        ({"ms_level": 2}, "product-ion spectrum"),
        ({"peaks": {31: 9, 45: 5, 46: 2, 29: 1}}, "too few peaks"),
        ({"structures": ()}, "no structure"),
        ({"smiles": "C1CC"}, "RDKit cannot read the structure"),
        ({"smiles": "CC[NH3+].[Cl-]"}, "several components"),
        ({"smiles": "CC[Te]C"}, "unsupported element"),
        ({"formula": "C2H4O"}, "structure disagrees with the formula"),
        ({"nominal_mass": 51}, "structure disagrees with the mass"),
        ({"remarks": ("Ethanol; GC-EI-TOF; MS; 1 TMS",)}, "derivative under its parent's name"),
        ({"peaks": ETHANOL_PEAKS | {103: 25}}, "peaks above the molecular ion"),
    ],
)
def test_each_fault_is_named(fields, expected):
    assert reason(build_record(**fields)) == expected


@pytest.mark.parametrize("energy", [None, 8.0, 20.0, 70.0, 500.0])
def test_energy_is_no_fault(energy):
    assert reason(build_record(energy=energy)) is None


def test_first_fault_counts():
    assert reason(build_record("C1CC", ms_level=2)) == "product-ion spectrum"


def test_limits_come_from_the_configuration():
    assert reason(build_record(), min_peaks=10) == "too few peaks"
    assert reason(build_record("CCCCCC"), max_mz=85) == "mass above max_mz"
    assert reason(build_record("CCCCCC"), max_mz=86) is None


@pytest.mark.parametrize(
    "remark",
    [
        "Glycine; GC-EI-TOF; MS; 2 TMS; BP:102",
        "Glycine; GC-EI-TOF; MS; n TMS; RT:1186.1 sec",
        "Glycine; GC-EI-Q; MS; positive; MEOX,2TBDMS-derivative",
        "was chemically modified with N-methyl-N-trimethylsilyl-trifluoroacetamide (MSTFA)",
        "DERIVATIVE_TYPE MEOX, 2TMS",
        "Glycine, 2TMS derivative",
        "The sample was derivatised before injection",
    ],
)
def test_talk_of_derivatisation_drops_what_could_react(remark):
    glycine = build_record("NCC(=O)O", {28: 170, 29: 70, 30: 999, 42: 30, 75: 90})
    assert reason(glycine) is None
    said = build_record("NCC(=O)O", {28: 170, 29: 70, 30: 999, 42: 30, 75: 90}, remarks=(remark,))
    assert reason(said) == "derivative under its parent's name"


@pytest.mark.parametrize(
    ("smiles", "remark"),
    [
        ("C[Si](C)(C)OC(=O)CN", "GLYCINE TRIMETHYLSILYL ESTER; EI-B; MS"),
        ("CCC(C)=NOC", "2-Butanone methoxime"),
        ("CCO", "Ethanol; GC-EI-TOF; MS; 0 TMS; BP:31"),
        ("CCO", "ETHANOL ISOPROPYLIDENE DERIVATIVE"),
        ("CCO", "Items from the TMSR collection, 10 systems"),
    ],
)
def test_talk_that_fits_the_structure_drops_nothing(smiles, remark):
    assert reason(build_record(smiles, remarks=(remark,))) is None


def test_ten_tms_is_not_no_tms():
    record = build_record(remarks=("Ethanol; GC-EI-TOF; MS; 10 TMS",))
    assert reason(record) == "derivative under its parent's name"


def test_what_cannot_be_silylated_is_kept_if_it_shows_its_molecular_ion():
    remark = ("Caffeine; GC-EI-TOF; MS; n TMS; RT:724.344 sec",)
    assert reason(build_record(CAFFEINE, CAFFEINE_PEAKS, remarks=remark)) is None
    without = {mz: height for mz, height in CAFFEINE_PEAKS.items() if mz != 194} | {73: 999}
    assert reason(build_record(CAFFEINE, without, remarks=remark)) is not None


@pytest.mark.parametrize(
    ("mz", "height", "fault"),
    [(54, 500, None), (55, 19, None), (55, 20.5, "peaks above the molecular ion")],
)
def test_margin_above_the_molecular_ion(mz, height, fault):
    assert reason(build_record(peaks=ETHANOL_PEAKS | {mz: height})) == fault


def test_own_isotope_pattern_is_no_fault():
    decabromodiphenyl_ether = "Brc1c(Br)c(Br)c(Br)c(Br)c1Oc1c(Br)c(Br)c(Br)c(Br)c1Br"
    mass = read_molecule(decabromodiphenyl_ether).nominal_mass
    pattern = {mass + shift: 800 for shift in range(6, 16, 2)}
    assert reason(build_record(decabromodiphenyl_ether, pattern)) is None
    assert reason(build_record(decabromodiphenyl_ether, pattern | {990: 100})) is not None


def test_labels_count_towards_the_molecular_ion():
    peaks = {33: 999, 47: 500, 49: 300, 50: 100, 51: 300, 52: 200}
    labelled = build_record("[2H]C([2H])([2H])C([2H])([2H])O", peaks)
    assert labelled.molecule.nominal_mass == 51
    assert reason(labelled) is None


def test_fault_says_where_the_record_stands():
    fault = find_fault(build_record("CC[Te]C", file="a/b.txt", line=7, id="X1"), DataConfig())
    assert (fault.file, fault.line, fault.id, fault.detail) == ("a/b.txt", 7, "X1", "Te")


def test_spectra_that_end_below_the_margin_are_not_looked_at_further(monkeypatch):
    """Of nearly all records: their isotope pattern is not computed."""
    ethanol = build_record(peaks=ETHANOL_PEAKS | {54: 999})
    monkeypatch.setattr("nextims.chemistry.molecule.highest_isotope", None)
    assert require_peaks_below_ion(ethanol, DataConfig()) is None
    monkeypatch.undo()
    beyond = build_record(peaks=ETHANOL_PEAKS | {55: 999})
    assert require_peaks_below_ion(beyond, DataConfig()).reason == "peaks above the molecular ion"


def test_a_record_without_its_base_peak_is_dropped():
    text = build_massbank_record("X1", "ethanol", "CCO", peaks=ETHANOL_PEAKS)
    [whole] = parse_massbank(text.encode(), "X1.txt")
    assert find_fault(whole, DataConfig()) is None
    lower = re.sub(r"^(  \S+ \S+) (\d+)$", lambda m: f"{m[1]} {int(m[2]) // 2}", text, flags=re.M)
    [without] = parse_massbank(lower.encode(), "X1.txt")
    assert find_fault(without, DataConfig()).reason == "the base peak is missing"


def test_a_high_peak_that_no_part_of_the_molecule_explains_is_told():
    # Chlorine beside bromochloromethane.
    peaks = {47: 20, 49: 999, 51: 320, 70: 250, 93: 140, 128: 400, 130: 500, 132: 120}
    fault = find_fault(build_record("ClCBr", peaks), DataConfig())
    assert (fault.reason, fault.detail) == ("a high peak is impossible", "m/z 70, CH2BrCl")
    assert find_fault(build_record("ClCBr", {**peaks, 70: 50}), DataConfig()) is None


def test_ions_of_two_charges_are_possible():
    # Chrysene's M2+ at 114, and 113 of M - 2.
    peaks = {113: 200, 114: 150, 202: 20, 226: 250, 228: 999, 229: 190}
    assert find_fault(build_record("c1ccc2c(c1)ccc1c3ccccc3ccc21", peaks), DataConfig()) is None
