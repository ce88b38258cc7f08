"""Annotated spectra and spectra at accurate masses as text, read back by others."""

import csv
import json

import numpy as np
import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.formats.msp.writing import msp_record, peak_comment
from nextims.formats.spectrum_writer import SpectrumWriter
from nextims.inference import PredictedSpectrum, Predictor
from nextims.spectra.ions import AnnotatedPeak, Ion
from nextims.spectra.spectrum import Spectrum

ATOMS = tuple(range(7))
TROPYLIUM = Ion("C7H7+", 91.05423, 0.87, "H", -1, 0, ATOMS, "Cc1ccccc1")
HEAVY = Ion("C6[13C]H7+", 92.0576, 0.12, "H", -1, 1, ATOMS, "Cc1ccccc1")
MOLECULAR_ION = Ion("C7H8+", 92.062052, 0.88, "", 0, 0, ATOMS, "Cc1ccccc1")
PEAKS = (
    AnnotatedPeak(65.0, 0.2, (), 0.0, 1.0),
    AnnotatedPeak(91.0, 1.0, (TROPYLIUM,), 0.0, 0.13),
    AnnotatedPeak(92.0, 0.7, (MOLECULAR_ION, HEAVY), 0.0, 0.0),
)


def toluene(peaks=PEAKS, left_out=None):
    spectrum = Spectrum([peak.mz for peak in peaks], [peak.intensity for peak in peaks])
    return PredictedSpectrum(1, "toluene", read_molecule("Cc1ccccc1"), spectrum, peaks, left_out)


def write(path, *results):
    with SpectrumWriter(path, "teacher", annotated=True) as writer:
        for result in results:
            writer.write(result)
    return path


def test_peak_comments():
    assert msp_record(toluene()).splitlines()[-4:] == [
        '65 200 "? 100%"',
        '91 999 "C7H7+=M-H 87%; ? 13%"',
        '92 699 "C7H8+=M 88%; C6[13C]H7+=M-H 12%"',
        "",
    ]


def test_a_peak_comment_names_three_ions_at_most_and_always_the_first():
    many = tuple(TROPYLIUM._replace(share=share) for share in (0.3, 0.2, 0.2, 0.1))
    assert peak_comment(AnnotatedPeak(91, 1, many, 0.1, 0.1)).count("C7H7+") == 3
    faint = TROPYLIUM._replace(share=0.002), TROPYLIUM._replace(share=0.001)
    assert peak_comment(AnnotatedPeak(91, 1, faint, 0, 0.997)) == "C7H7+=M-H <1%; ? 100%"


def test_accurate_masses_have_four_decimals_in_msp():
    peaks = (PEAKS[1]._replace(mz=91.054227), PEAKS[2]._replace(mz=92.0))
    lines = msp_record(toluene(peaks, left_out=0.0312)).splitlines()
    assert '"intensity left out=3.1%"' in next(x for x in lines if x.startswith("Comments"))
    assert [line.split()[0] for line in lines[-3:-1]] == ["91.0542", "92.0000"]


def test_json_holds_the_whole_annotation(tmp_path):
    path = write(tmp_path / "toluene.json", toluene())
    record = json.loads(path.read_text())
    assert record["peaks"] == [[65, 200], [91, 999], [92, 699]]
    assert "left_out" not in record
    assert [a["mz"] for a in record["annotations"]] == [65, 91, 92]
    assert record["annotations"][1] == {
        "mz": 91,
        "ions": [
            {
                "formula": "C7H7+",
                "mz": 91.0542,
                "share": 0.87,
                "neutral_loss": "H",
                "hydrogen_shift": -1,
                "isotope_shift": 0,
                "atoms": [0, 1, 2, 3, 4, 5, 6],
                "piece": "Cc1ccccc1",
            }
        ],
        "other_ions": 0.0,
        "unexplained": 0.13,
    }


def test_csv_has_the_chief_ion_of_each_peak(tmp_path):
    path = write(tmp_path / "toluene.csv", toluene())
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = [tuple(row.values())[8:16] for row in rows]
    assert found == [
        ("65", "200", "", "", "", "", "", "1.0"),
        ("91", "999", "C7H7+", "91.0542", "H", "0.87", "Cc1ccccc1", "0.13"),
        ("92", "699", "C7H8+", "92.0621", "", "0.88", "Cc1ccccc1", "0.0"),
    ]
    assert list(rows[0])[8:12] == ["mz", "intensity", "ion", "ion_mz"]


@pytest.mark.parametrize("exact_mass", [False, True])
def test_annotated_msp_is_read_back(tmp_path, small_teacher, exact_mass):
    pytest.importorskip("matchms")
    from matchms.importing import load_from_msp

    from nextims.data.nist_dataset import read_nist

    smiles = ["Cc1ccccc1", "ClC(Cl)(Cl)Cl", "CC(=O)C([2H])([2H])[2H]", "C[Si](C)(C)OC(C)=O"]
    results = Predictor(small_teacher).predict(smiles, annotate=True, exact_mass=exact_mass)
    path = write(tmp_path / "annotated.msp", *results)
    spectra, records = list(load_from_msp(str(path))), list(read_nist(path))
    assert len(spectra) == len(records) == len(smiles)
    for result, spectrum, record in zip(results, spectra, records, strict=True):
        mz = [peak.mz for peak in result.peaks]
        np.testing.assert_array_equal(spectrum.peaks.mz, mz)
        np.testing.assert_array_equal(record.spectrum.mz, mz)
        np.testing.assert_allclose(
            spectrum.peaks.intensities, 999 * result.spectrum.intensity, atol=0.5001
        )
        comments = spectrum.get("peak_comments")
        assert comments == {
            m: peak_comment(peak) for m, peak in zip(mz, result.annotations, strict=True)
        }
        assert spectrum.get("smiles") == result.molecule.smiles


def test_json_is_read_back(tmp_path, small_teacher):
    [result] = Predictor(small_teacher).predict(["BrCCBr"], annotate=True, exact_mass=True)
    record = json.loads(write(tmp_path / "x.json", result).read_text())
    assert record["left_out"] == pytest.approx(result.left_out, abs=1e-4)
    assert len(record["annotations"]) == len(record["peaks"]) == len(result.annotations)
    for (mz, _), peak in zip(record["peaks"], record["annotations"], strict=True):
        assert mz == peak["mz"] == pytest.approx(peak["ions"][0]["mz"], abs=1.01e-4)
        shares = sum(ion["share"] for ion in peak["ions"])
        assert shares + peak["other_ions"] + peak["unexplained"] == pytest.approx(1, abs=1e-3)
