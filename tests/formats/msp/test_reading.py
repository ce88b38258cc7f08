"""Which record a line of an MSP belongs to."""

from pathlib import Path

import pytest

from nextims.formats.msp.reading import read_msp
from nextims.formats.reading import read_spectra

CASES = Path(__file__).parents[4] / "shared" / "cases"
PEAKS = {"ethanol": [27, 29, 31, 45, 46], "acetone": [15, 27, 42, 43, 58]}


def said(read, text):
    return [
        (record.name, *record.structures, record.spectrum.mz.tolist())
        for record in read("library.msp", text)
    ]


def test_fields_before_the_name_are_of_the_block_that_they_stand_in(read):
    text = "SMILES: O\nNAME: water\nNUM PEAKS: 1\n18 9\n\nSMILES: CCO\nNAME: ethanol\n31 9\n"
    assert said(read, text) == [("water", "O", [18.0]), ("ethanol", "CCO", [31.0])]


def test_the_number_of_peaks_may_come_before_the_name(read):
    block = "SMILES: {0}\nNUM PEAKS: 1\nNAME: {1}\n{2} 9\n\n"
    text = block.format("O", "water", 18) + block.format("CCO", "7", 31)
    assert said(read, text) == [("water", "O", [18.0]), ("7", "CCO", [31.0])]


def test_a_record_without_peaks_does_not_swallow_its_neighbour(read):
    text = "SMILES: O\nNAME: water\nNUM PEAKS: 0\n\nSMILES: CCO\nNAME: ethanol\n31 9\n"
    assert said(read, text) == [("water", "O", []), ("ethanol", "CCO", [31.0])]


def test_blank_lines_between_all_lines_part_nothing(read):
    text = "NAME: water\n\nSMILES: O\n\nNUM PEAKS: 2\n\n17 2\n\n18 9\n\nNAME: ethanol\n\n31 9\n"
    assert said(read, text) == [("water", "O", [17.0, 18.0]), ("ethanol", [31.0])]


def test_lines_that_say_nothing_are_passed_over(read):
    text = "# mine\nNAME: water\n18 9\n------\nNAME: ethanol\n31 9\n// end\n\x1a"
    assert said(read, text) == [("water", [18.0]), ("ethanol", [31.0])]


@pytest.mark.parametrize("peaks", ["27; 220\n31; 999", "27;220;31;999", "[27; 220]; [31; 999]"])
def test_any_delimiter_of_nist_stands_between_m_z_and_intensity(read, peaks):
    [record] = read("library.msp", f"Name: ethanol\nNum Peaks: 2\n{peaks}\n")
    assert record.spectrum.intensity.tolist() == [220.0, 999.0]


@pytest.mark.parametrize("faulty", ["-1e-13", "-3", "nan", "inf", "1e999"])
def test_a_faulty_intensity_costs_its_peak(read, faulty):
    [record] = read("library.msp", f"Name: a\nNum Peaks: 3\n15 {faulty}\n31 9\n45 5\n")
    assert record.spectrum.mz.tolist() == [31, 45]
    assert record.notes == ("peaks that are negative or not finite left out",)


@pytest.mark.parametrize("number", ["3.0", "3.", "3 (relative)", "3 peaks", "3 Peaks;"])
def test_a_number_of_peaks_with_what_changes_nothing(read, number):
    [record] = read("library.msp", f"Name: a\nNum Peaks: {number}\n15 2\n31 9\n45 5\n")
    assert record.spectrum.mz.tolist() == [15, 31, 45]


@pytest.mark.parametrize("number", ["3.5", "3 (of 20)", "3 or 4", "2 (relative)"])
def test_a_number_of_peaks_that_says_another(read, number):
    [bad] = read("library.msp", f"Name: a\nNum Peaks: {number}\n15 2\n31 9\n45 5\n")
    assert bad.detail.startswith("Num Peaks says")


def test_windows_punctuation_is_kept(read):
    [record] = read("library.msp", "Name: “1–2” €\n31 9\n".encode("cp1252"))
    assert record.name == "“1–2” €"


@pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared/cases")
@pytest.mark.parametrize(
    "case",
    [
        "01/*_*.msp",
        "01/namelater.msp",
        "02/*.msp",
        "11/*.msp",
        "20/*.msp",
        "2[45]/*.msp",
        "56/num*.msp",
    ],
)
def test_public_files_give_each_spectrum_its_own_compound(case):
    visited = 0
    for path in sorted(CASES.glob(case)):
        for record in read_spectra(path):
            assert record.spectrum.mz.tolist() == PEAKS.get(
                record.name, record.spectrum.mz.tolist()
            )
            if record.structures:
                smiles = {"ethanol": "CCO", "acetone": "CC(C)=O", "benzene": "c1ccccc1"}
                assert record.structures[0] == smiles[record.name]
            visited += 1
    assert visited


def structures_of(text):
    entries = read_msp(text.splitlines())
    return [(entry.first("id", "name"), entry.first("smiles")) for entry in entries]


@pytest.mark.parametrize(
    "between",
    ["", "\n"],
    ids=["no blank line", "blank line"],
)
def test_fields_of_another_compound_are_never_given_to_the_record_above(between):
    # The first says no structure of its own, and must not get the next one's.
    text = (
        "ID: 1\nINCHIKEY: LFQSCWFLJHTTHZ-UHFFFAOYSA-N\nNUM PEAKS: 1\n31 999\n"
        f"{between}ID: 2\nSMILES: CC\n{between}NUM PEAKS: 1\n30 999\n"
        f"{between}ID: 3\nSMILES: C\n{between}NUM PEAKS: 1\n16 999\n"
    )
    assert structures_of(text) == [("1", ""), ("2", "CC"), ("3", "C")]


def test_fields_before_the_name_are_the_next_records_where_they_differ():
    text = (
        "INCHIKEY: A\nNAME: ethanol\nNUM PEAKS: 1\n31 999\n"
        "INCHIKEY: B\nSMILES: CC(C)=O\nNAME: acetone\nNUM PEAKS: 0\n"
        "INCHIKEY: C\nSMILES: CC\nNAME: ethane\nNUM PEAKS: 1\n30 999\n"
    )
    named = [("ethanol", ""), ("acetone", "CC(C)=O"), ("ethane", "CC")]
    assert structures_of(text) == named


@pytest.mark.parametrize("between", ["", "\n", "\n\n"])
def test_fields_behind_the_peaks_stay_with_them(between):
    text = (
        "NAME: ethane\nID: 7\nNUM PEAKS: 1\n30 999\nID: 7\nSMILES: CC\n"
        f"{between}NAME: b\nNUM PEAKS: 1\n1 2\n"
    )
    assert structures_of(text) == [("7", "CC"), ("b", "")]


@pytest.mark.parametrize(
    "head",
    [
        "NAME=a\nSMILES=CCO\nNPEAKS: 2",
        "Name : a\nSmiles = CCO\nNum_Peaks = 2",
        "NPEAKS=2\nNAME=a\nSMILES=CCO",
        "Name: a\nSMILES: CCO\nNumber of peaks: 2",
        "Name: a\nSMILES: CCO\nPK$NUM_PEAK: 2",
    ],
)
@pytest.mark.parametrize("name", ["x.msp", "x.txt"])
def test_other_names_of_the_number_of_peaks_and_equals_signs(tmp_path, head, name):
    path = tmp_path / name
    path.write_text(f"{head}\n31 999\n45 510\n\n{head}\n31 999\n45 510\n46 220\n")
    record, bad = read_spectra(path)
    assert (record.name, record.structures) == ("a", ("CCO",))
    assert record.notes == ()
    assert (bad.name, bad.detail) == ("a", "Num Peaks says 2, found 3 peaks")


def test_an_equals_sign_within_a_value_is_none_of_a_field(tmp_path):
    path = tmp_path / "x.msp"
    path.write_text("Name: a=b\nComments: SMILES=CCO\nmode=x: y\nNum Peaks: 1\n31 999\n")
    [record] = read_spectra(path)
    assert (record.name, record.structures) == ("a=b", ("CCO",))


def test_masses_tell_whose_the_fields_after_peaks_are():
    text = (
        "NAME: benzene\nMW: 78\nNUM PEAKS: 1\n78 999\nMW: 58\nNAME: acetone\nNUM PEAKS: 1\n43 999\n"
        "MW: 60\nNAME: propanol\nNUM PEAKS: 1\n31 999\nMW: 60\nNAME: isopropanol\n45 999\n"
    )
    masses = {entry.first("name"): entry.first("mw") for entry in read_msp(text.splitlines())}
    assert masses == {"benzene": "78", "acetone": "58", "propanol": "60", "isopropanol": "60"}


@pytest.mark.parametrize("empty", ["", "Num Peaks: NA\n", "Num Peaks: 3\n", "SMILES: C\n"])
def test_a_record_without_peaks_takes_nothing_of_the_block_below(empty):
    text = (
        f"NAME: empty\nCOMMENT: x\n{empty}\n"
        "SMILES: CCO\nNAME: ethanol\nNum Peaks: 2\n31 999\n45 514\n"
    )
    first, second = read_msp(text.splitlines())
    assert first.first("smiles") in ("", "C")
    assert (second.first("name"), second.first("smiles")) == ("ethanol", "CCO")


def test_blank_lines_between_fields_and_peaks_part_nothing():
    text = "NAME: ethanol\n\nSMILES: CCO\n\nNum Peaks: 1\n\n31 999\n\nNAME: b\n\n45 9\n"
    first, second = read_msp(text.splitlines())
    assert (first.first("smiles"), len(first.peak_lines)) == ("CCO", 1)
    assert (second.first("name"), second.first("smiles")) == ("b", "")
