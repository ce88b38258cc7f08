"""Files of predicted spectra: byte for byte where NIST asks for it, read back by others."""

import csv
import io
import json

import numpy as np
import pytest

from nextims import __version__
from nextims.chemistry.molecule import read_molecule
from nextims.files.writing import OutputError, check_output
from nextims.formats.msp.writing import msp_record
from nextims.formats.spectrum_writer import SpectrumStream, SpectrumWriter, errors_path
from nextims.formats.writing import FORMATS
from nextims.inference import FailedPrediction, PredictedSpectrum
from nextims.spectra.spectrum import Spectrum

BAD = FailedPrediction(2, "C1,C", 'the "broken" one', "RDKit cannot read the structure")


def predicted(smiles="CCO", name="ethanol", line=1, peaks=((31, 1.0), (45, 0.5), (46, 0.001))):
    mz, intensity = zip(*peaks, strict=True)
    return PredictedSpectrum(line, name, read_molecule(smiles), Spectrum(mz, intensity))


def write(path, *results):
    with SpectrumWriter(path, "student best_student.pt") as writer:
        for result in results:
            writer.write(result)
    return path


def skip_without_library(ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason='needs pip install -e ".[formats]"')


def fields(record):
    return dict(line.split(": ", 1) for line in record.split("\r\n") if ": " in line)


# --- MSP ------------------------------------------------------------------------------------


def test_an_msp_record_byte_for_byte(tmp_path):
    path = write(tmp_path / "ethanol.msp", predicted())
    assert path.read_bytes().decode("ascii") == (
        "Name: ethanol\r\n"
        "Formula: C2H6O\r\n"
        "MW: 46\r\n"
        "ExactMass: 46.041865\r\n"
        "InChIKey: LFQSCWFLJHTTHZ-UHFFFAOYSA-N\r\n"
        f'Comments: "SMILES=CCO" "predicted by NExtIMS {__version__}, student best_student.pt"\r\n'
        "Num Peaks: 3\r\n"
        "31 999\r\n"
        "45 500\r\n"
        "46 1\r\n"
        "\r\n"
    )


def test_masses_are_of_the_most_abundant_isotopes():
    record = fields(msp_record(predicted("Clc1c(Cl)c(Cl)c(Cl)c(Cl)c1Cl", "hexachlorobenzene")))
    assert (record["MW"], record["ExactMass"]) == ("282", "281.813116")  # 6 ¹²C, 6 ³⁵Cl


def test_msp_never_holds_an_empty_peak_or_mz_zero():
    record = msp_record(predicted(peaks=((31, 1.0), (45, 0.0004), (46, 0.0006))))
    assert record.split("\r\n")[-5:] == ["Num Peaks: 2", "31 999", "46 1", "", ""]


def test_a_structure_without_a_name_goes_by_its_smiles():
    assert msp_record(predicted("OCC", name="")).startswith("Name: CCO\r\n")
    assert msp_record(predicted("OCC", name=" \t")).startswith("Name: CCO\r\n")


def test_names_cannot_break_a_record():
    record = msp_record(predicted(name=" eth\r\nanol\tNum Peaks: 9\u2028x\0 "))
    assert record.startswith("Name: eth anol Num Peaks: 9 x\r\n")
    assert fields(record)["Num Peaks"] == "3"


def test_fields_keep_to_the_lengths_that_nist_can_hold():
    long = predicted(
        "C(F)(Cl)(Br)C([Si](C)(C)C)C(N)P(=O)(OC)SCC(I)B(O)OCCSCCNCOC(Cl)(Br)" + "C" * 20, "é" * 400
    )
    record = msp_record(long)
    name = fields(record)["Name"].encode()
    assert len(name) == 510  # 255 characters of two bytes
    assert len(long.molecule.formula) > 23, long.molecule.formula
    assert "Formula" not in fields(record)
    polymer = predicted("C(=O)(O)" + "[C@H](C(=O)OC)[13CH2]" * 60, name="")
    comments = fields(msp_record(polymer, "student"))["Comments"]
    assert len(polymer.molecule.smiles) > 1023
    assert comments == f'"predicted by NExtIMS {__version__}, student"'
    assert fields(msp_record(polymer))["Name"] == polymer.molecule.inchikey


def test_msp_is_read_back_by_matchms(tmp_path):
    pytest.importorskip("matchms")
    from matchms.importing import load_from_msp

    results = [
        predicted(),
        predicted("C=CC(=O)O[Si](C)(C)C", "", 2, [(m, m / 150) for m in range(40, 151)]),
        predicted("CC1=CCC2CC1C2(C)C", "β-pinene; (1,2) \"=\" 5: '6'", 4, [(93, 1.0), (136, 0.06)]),
    ]
    path = write(tmp_path / "three.msp", results[0], results[1], BAD, results[2])
    spectra = list(load_from_msp(str(path), metadata_harmonization=True))
    assert len(spectra) == 3
    for result, spectrum in zip(results, spectra, strict=True):
        molecule = result.molecule
        assert spectrum.get("compound_name") == (result.name or molecule.smiles)
        assert spectrum.get("formula") == molecule.formula
        assert spectrum.get("inchikey") == molecule.inchikey
        assert spectrum.get("smiles") == molecule.smiles
        np.testing.assert_array_equal(spectrum.peaks.mz, result.spectrum.mz)
        np.testing.assert_allclose(
            spectrum.peaks.intensities, 999 * result.spectrum.intensity, atol=0.5001
        )


def test_msp_is_read_back_by_our_own_reader(tmp_path):
    from nextims.data.nist_dataset import read_nist
    from nextims.spectra.record import Record

    results = [predicted(), predicted("BrCCBr", "1,2-dibromoethane", 2, [(27, 0.8), (107, 1.0)])]
    path = write(tmp_path / "two.msp", *results)
    records = list(read_nist(path))
    assert len(records) == 2
    for result, record in zip(results, records, strict=True):
        assert isinstance(record, Record)
        assert record.name == result.name
        assert record.molecule.smiles == result.molecule.smiles
        np.testing.assert_array_equal(record.spectrum.mz, result.spectrum.mz)


def test_an_msp_stream_is_the_file_without_the_errors(tmp_path):
    stream = io.BytesIO()
    with SpectrumStream(stream, "student best_student.pt") as writer:
        for result in (predicted(), BAD):
            writer.write(result)
    assert (writer.predicted, writer.failed) == (1, 1)
    assert stream.getvalue() == write(tmp_path / "one.msp", predicted()).read_bytes()
    assert not stream.closed


# --- JSON and CSV ---------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".json", ".jsonl"])
def test_json_lines(tmp_path, ending):
    path = write(tmp_path / f"spectra{ending}", predicted(), BAD, predicted("C", "β", 3, [(16, 1)]))
    first, second = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert first == {
        "line": 1,
        "name": "ethanol",
        "smiles": "CCO",
        "formula": "C2H6O",
        "nominal_mass": 46,
        "exact_mass": 46.041865,
        "inchikey": "LFQSCWFLJHTTHZ-UHFFFAOYSA-N",
        "ionization_energy": 70.0,
        "predicted_by": f"NExtIMS {__version__}",
        "model": "student best_student.pt",
        "peaks": [[31, 999], [45, 500], [46, 1]],
    }
    assert (second["line"], second["name"], second["peaks"]) == (3, "β", [[16, 999]])


def test_csv_has_one_row_a_peak(tmp_path):
    name = 'ethanol, "absolute"\n96 %'
    path = write(tmp_path / "spectra.csv", predicted(name=name), predicted(line=5))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["line"], r["mz"], r["intensity"]) for r in rows] == [
        (line, mz, intensity)
        for line in ("1", "5")
        for mz, intensity in (("31", "999"), ("45", "500"), ("46", "1"))
    ]
    assert rows[0]["name"] == name
    assert {r["exact_mass"] for r in rows} == {"46.041865"}


# --- files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", FORMATS)
def test_failures_are_listed_beside_the_output(tmp_path, ending):
    skip_without_library(ending)
    path = write(tmp_path / f"spectra{ending}", predicted(), BAD)
    with errors_path(path).open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [
            {"line": "2", "text": "C1,C", "name": BAD.name, "reason": BAD.reason}
        ]
    assert errors_path(path).name == f"spectra{ending}.errors.csv"
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, errors_path(path).name]


def test_the_error_list_of_an_earlier_run_is_removed(tmp_path):
    path = write(tmp_path / "spectra.msp", BAD)
    assert errors_path(path).exists()
    assert path.read_bytes() == b""
    write(path, predicted())
    assert not errors_path(path).exists()


def test_an_interrupted_run_leaves_the_earlier_files(tmp_path):
    path = write(tmp_path / "spectra.csv", predicted(), BAD)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(KeyboardInterrupt), SpectrumWriter(path) as writer:
        writer.write(predicted("CC", "ethane"))
        writer.write(FailedPrediction(9, "?", "", "no"))
        raise KeyboardInterrupt
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    assert len(before) == 2


def test_text_that_is_no_unicode_can_be_reported(tmp_path):
    path = write(tmp_path / "x.msp", FailedPrediction(1, "C\udce9", "", "not readable as text"))
    assert "C\\udce9" in errors_path(path).read_text(encoding="utf-8")


def test_unusable_outputs_are_named(tmp_path):
    with pytest.raises(OutputError, match=r"'\.mzml'; .* \.msp, \.json, \.jsonl, \.csv"):
        check_output(tmp_path / "spectra.mzml", FORMATS)
    with pytest.raises(OutputError, match="unknown ending ''"):
        SpectrumWriter(tmp_path / "spectra")
    with pytest.raises(OutputError, match=r"folder .*nowhere does not exist"):
        check_output(tmp_path / "nowhere" / "spectra.msp", FORMATS)
    (tmp_path / "folder.msp").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        check_output(tmp_path / "folder.msp", FORMATS)
    assert check_output(tmp_path / "SPECTRA.MSP", FORMATS) == tmp_path / "SPECTRA.MSP"


@pytest.mark.parametrize("ending", FORMATS)
def test_a_link_in_the_place_of_the_unfinished_file_is_not_followed(tmp_path, ending):
    skip_without_library(ending)
    precious = tmp_path / "precious"
    precious.write_text("data")
    path = tmp_path / f"spectra{ending}"
    for name in (path, errors_path(path)):
        name.with_name(f"{name.name}.tmp").symlink_to(precious)
    write(path, predicted(), BAD)
    assert precious.read_text() == "data"
    assert not path.is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["precious", path.name, errors_path(path).name]
    )


def test_a_link_in_the_place_of_the_unfinished_folder_is_not_followed(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("data")
    (tmp_path / "spectra.MOL.tmp").symlink_to(elsewhere)
    with SpectrumWriter(tmp_path / "spectra.msp", mol_folder=True) as writer:
        writer.write(predicted())
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
    assert [path.name for path in (tmp_path / "spectra.MOL").iterdir()] == ["ID1.mol"]
