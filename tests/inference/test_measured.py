"""Finding the measured spectrum of a prediction."""

import numpy as np
import pytest

from builders import build_record
from nextims.chemistry.molecule import read_molecule
from nextims.evaluation.metrics import score
from nextims.inference.measured import MeasuredError, MeasuredSpectra, similarities
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.spectrum import Spectrum


def predicted(smiles, name=""):
    return PredictedSpectrum(1, name, read_molecule(smiles), Spectrum([31, 45], [1.0, 0.5]))


def record(name, *fields, peaks="2\n31 999\n45 500"):
    return "\n".join([f"Name: {name}", *fields, f"Num Peaks: {peaks}", "", ""])


@pytest.fixture
def library(tmp_path):
    def write(*records):
        path = tmp_path / "lab.msp"
        path.write_text("".join(records))
        return MeasuredSpectra(path)

    return write


def test_by_structure_before_name(library):
    measured = library(
        record("ethanol", "SMILES: COC"),
        record("spirit", "InChIKey: LFQSCWFLJHTTHZ-UHFFFAOYSA-N"),
        record("ether", 'Comments: "SMILES=CCOCC"'),
    )
    assert measured.find(predicted("CCO", "ethanol")).name == "spirit"
    assert measured.find(predicted("CCOCC", "ethanol")).name == "ether"
    assert measured.find(predicted("CCN", "Ethanol ")).name == "ethanol"


def test_stereochemistry_is_left_aside(library):
    measured = library(record("other", "SMILES: CCC"), record("D", "SMILES: C[C@@H](O)CC"))
    assert measured.find(predicted("C[C@H](O)CC")).name == "D"


def test_the_first_of_several_counts(library):
    measured = library(*(record(n, "SMILES: CCO") for n in ("first", "second")))
    assert measured.find(predicted("CCO")).name == "first"
    assert measured.records == 2


def test_the_only_record_will_do_if_it_may(library):
    measured = library(record("unknown"))
    assert measured.find(predicted("CCO")).name == "unknown"
    with pytest.raises(MeasuredError, match=r"none of 1 records has the InChIKey LFQSCWFLJHTTHZ"):
        measured.find(predicted("CCO"), any_single=False)


def test_no_record_is_an_error_that_says_what_was_sought(library):
    broken = record("ethanol", peaks="1\n31 999\n45 510")
    measured = library(record("a", "SMILES: CC"), record("b", "SMILES: CCC"), broken)
    message = "lab.msp: none of 2 records has the InChIKey LFQSCWFLJHTTHZ… or the name 'ethanol'"
    with pytest.raises(MeasuredError, match=message) as error:
        measured.find(predicted("CCO", "ethanol"))
    assert str(error.value).endswith("1 more cannot be read")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "lab.msp: no such file"),
        ("", "holds no spectrum to compare with, found none"),
        ("hello", "holds no spectrum"),
        (record("a", peaks="1\n31 0"), "found 1 unreadable: line 1: no peak"),
    ],
)
def test_a_file_without_spectra_is_refused(tmp_path, content, message):
    path = tmp_path / "lab.msp"
    if content is not None:
        path.write_text(content)
    with pytest.raises(MeasuredError, match=message):
        MeasuredSpectra(path)


WEBBOOK = """##TITLE=Ethanol
##DATA TYPE=MASS SPECTRUM
##PEAK TABLE=(XY..XY)
31,9999 45,5105
##END=
"""


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        ("64-17-5-Mass.jdx", WEBBOOK, "Ethanol"),
        ("peak 7.csv", "m/z;Abundance\n31;999\n45;510\n", "peak 7"),
        ("export.mgf", "BEGIN IONS\nSMILES=OCC\n31 100\n45 51\nEND IONS", ""),
        (
            "mona.json",
            '[{"name": "EtOH", "smiles": "CCO", "peaks": [[31, 100], [45, 51]]}]',
            "EtOH",
        ),
    ],
)
def test_files_of_other_formats_and_base_peaks(tmp_path, file, text, name):
    (tmp_path / file).write_text(text)
    found = MeasuredSpectra(tmp_path / file).find(predicted("CCO", "ethanol"))
    assert found.name == name
    scores = similarities(predicted("CCO"), found)
    assert scores["cosine"] == pytest.approx(1, abs=1e-3)


def test_an_unknown_ending_is_refused(tmp_path):
    (tmp_path / "lab.xyz").write_text(WEBBOOK)
    with pytest.raises(MeasuredError, match=r"lab\.xyz: unknown ending '\.xyz'; can be read: "):
        MeasuredSpectra(tmp_path / "lab.xyz")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(MeasuredError, match="cannot be read"):
        MeasuredSpectra(tmp_path)


def test_similarities_are_those_of_the_metrics():
    result = PredictedSpectrum(
        1, "", read_molecule("CCO"), Spectrum([15, 31, 45, 46], [0.4, 1, 0.5, 0.1])
    )
    measured = build_record("CCO", peaks={27: 200, 31: 999, 45: 300})
    rows = np.zeros((2, 60))
    rows[0, [14, 30, 44, 45]] = 0.4, 1, 0.5, 0.1
    rows[1, [26, 30, 44]] = 200, 999, 300
    expected = score(rows[:1], rows[1:], 27)
    for name, value in similarities(result, measured).items():
        assert value == pytest.approx(expected[name][0])
    assert list(similarities(result, measured)) == [
        "cosine",
        "weighted_cosine",
        "entropy_similarity",
    ]


def test_a_record_without_peaks_cannot_be_compared():
    with pytest.raises(ValueError, match="no peak to compare"):
        similarities(predicted("CCO"), build_record("CCO", peaks={}))
