"""Inputs of public bug reports that went wrong once: the files of ../shared/cases."""

from pathlib import Path

import pytest

from nextims.formats.opening import SpectraFileError
from nextims.formats.reading import read_spectra
from nextims.spectra.record import Record

CASES = Path(__file__).parents[3] / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared/cases")

ACETONE = [(15, 200), (27, 80), (42, 70), (43, 999), (58, 300)]
ETHANOL = [(27, 220), (29, 300), (31, 999), (45, 510), (46, 220)]
ACETONE_MZ = [15.0229, 27.0229, 42.0106, 43.0178, 58.0413]
SHORT = [(15, 20), (43, 100), (58, 30)]


def read(name):
    return list(read_spectra(CASES / name))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("04/result.jdx", [[*ACETONE[:3], (43, 1000), ACETONE[4]]]),
        (
            "05/masshunter.csv",
            [[(15.1, 2000), (27.1, 800), (42.1, 700), (43.1, 9990), (58.1, 3000)]],
        ),
        ("06/shimadzu.txt", [[(15, 2000), (27, 800), (42, 700), (43, 9990), (58, 3000)]]),
        (
            "06/shimadzu2.txt",
            [
                [(15, 2000), (27, 800), (42, 700), (43, 9990), (58, 3000)],
                [(31, 9990), (45, 5100), (46, 2200)],
            ],
        ),
        ("07/amdis.msl", [ETHANOL, ACETONE]),
        ("07/amdis_as.msp", [ETHANOL, ACETONE]),
        ("07/amdis_as.txt", [ETHANOL, ACETONE]),
        ("09/annotated.sdf", [ACETONE]),
        ("10/lib.mzSpecLib.json", [ACETONE]),
        ("11/mbtags.msp", [ACETONE]),
        ("11/mbtags2.msp", [ACETONE, ETHANOL]),
        ("12/chromatof.csv", [ACETONE, ETHANOL]),
        ("12/chromatof.txt", [ACETONE, ETHANOL]),
        ("12/msdial_align.txt", [ACETONE]),
        ("14/quote.msp", [ETHANOL]),
        ("24/eof.csv", [ETHANOL[2:4]]),
        ("24/eof.jdx", [ETHANOL[2:]]),
        ("24/eof.mgf", [ETHANOL[2:4]]),
        ("24/eof.msp", [ETHANOL]),
        ("24/eof2.msp", [ETHANOL]),
        ("25/sep.msp", [ETHANOL, ACETONE]),
        ("28/lib.msp.gz", [ETHANOL, ACETONE]),
        ("49/a.txt", [SHORT]),
        ("49/ion.csv", [SHORT]),
        ("49/relint.csv", [SHORT]),
        ("49/bruker.csv", [[(15, 200), (43, 999), (58, 300)]]),
        ("49/mms.csv", [[(15.02, 20), (43.02, 100), (58.04, 30)]]),
        (
            "49/chemstation.txt",
            [[(15.1, 200), (27.1, 80), (42.1, 70), (43.1, 999), (58.1, 300)]],
        ),
        (
            "49/xcalibur.txt",
            [[(15.02, 200), (27.02, 80), (42.01, 70), (43.02, 999), (58.04, 300)]],
        ),
    ],
)
def test_the_peaks_are_those_that_stand_there(name, expected, pairs):
    assert [pairs(record) for record in read(name)] == expected


@pytest.mark.parametrize("case", ["47/pr68.mzLib", "47/pr68.mzSpecLib.txt", "47/pr68.mzlib.txt"])
def test_mzspeclib_by_any_of_its_endings(case):
    [record] = read(case)
    assert record.spectrum.mz.tolist() == ACETONE_MZ
    assert (record.name, record.structures) == ("acetone", ("CC(C)=O",))


@pytest.mark.parametrize("case", sorted((CASES / "03").glob("*")), ids=lambda path: path.name)
def test_a_comma_is_never_read_as_standing_between_m_z_and_intensity(case):
    [record] = read_spectra(case)
    if case.name == "comma.csv":  # parts cells there
        assert "cannot read the peak '15,0235,200,5'" in record.detail
    else:
        assert record.spectrum.mz[[0, -1]].tolist() in ([15.0235, 58.0413], [15.0235, 43.0178])


def test_facts_of_openchrom_amdis_and_tables():
    scan, *others = [read("08/scan.msp")[0], *read("08/ms1.msp")]
    assert len(scan.spectrum) == 15
    assert [record.name for record in others[:3]] == ["Argon", "Nitrogen", "Oxygen"]
    assert [record.formula for record in read("07/amdis.msl")] == ["C2H6O", "C3H6O"]
    [aligned] = read("12/msdial_align.txt")
    assert (aligned.name, aligned.structures) == ("acetone", ("CC(C)=O",))
    assert aligned.inchikey == "CSCPPACGZOOCGX-UHFFFAOYSA-N"
    assert [record.name for record in read("12/chromatof.csv")] == ["Acetone", "Ethanol"]
    assert [record.id for record in read("06/shimadzu2.txt")] == ["425", "500"]


@pytest.mark.parametrize("name", ["08/scan.msp", "08/ms1.msp"])
def test_openchroms_own_ending(name, tmp_path):
    (tmp_path / "x.cms").write_bytes((CASES / name).read_bytes())
    assert [len(r.spectrum) for r in read_spectra(tmp_path / "x.cms")] == [
        len(r.spectrum) for r in read(name)
    ]


@pytest.mark.parametrize(
    ("name", "compound", "notes"),
    [
        ("16/bom.msp", "α-pinene", ()),
        ("16/latin.msp", "2-méthylpropane", ("not UTF-8, read as Windows-1252",)),
        ("16/latin.jdx", "2-méthylpropane", ("not UTF-8, read as Windows-1252",)),
        ("50/cp1252.msp", "“trans” – test €", ("not UTF-8, read as Windows-1252",)),
        ("50/x.mgf", "“trans” – test €", ("not UTF-8, read as Windows-1252",)),
    ],
)
def test_names_in_any_encoding(name, compound, notes):
    [record] = read(name)
    assert (record.name.strip("\xa0 "), record.notes) == (compound, notes)


def test_records_that_say_that_they_have_no_structure():
    assert [read(f"18/{n}.txt")[0].structures for n in ("inprogress", "nosmiles")] == [(), ()]
    [fewer] = read("18/num.txt")
    assert (len(fewer.spectrum), fewer.notes) == (5, ("fewer peaks than the record says it has",))


def test_a_nist_number_of_0_is_no_identifier():
    assert [record.id for record in read("21/id0.msp")] == ["#1", "#2", "#3"]


def test_no_case_ends_in_anything_but_records_or_a_message():
    visited = 0
    for path in sorted(CASES.rglob("*")):
        if not path.is_file() or path.name == "README.md":
            continue
        try:
            for record in read_spectra(path):
                assert record.line >= 1
        except SpectraFileError as error:
            assert path.name in str(error)
        visited += 1
    assert visited > 80
    assert all(isinstance(record, Record) for record in read("01/query.msp"))
