"""Retention times of measured spectra: in minutes or seconds, in a field or a comment."""

import json

import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.formats.exported import kept_fields
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.spectrum import Spectrum

MSP = "Name: peak\n{}\nNum Peaks: 2\n31 999; 45 510;\n"
MGF = "BEGIN IONS\nTITLE=peak\n{}\n31 999\n45 510\nEND IONS\n"
JCAMP = "##TITLE=peak\n##XUNITS=M/Z\n{}\n##PEAK TABLE=(XY..XY)\n31,999 45,510\n##END=\n"
MZSPECLIB = "<mzSpecLib>\n<Spectrum=1>\n{}\n<Peaks>\n31\t999\n45\t510\n"
MASSBANK = (
    "ACCESSION: X1\nRECORD_TITLE: peak\nAC$CHROMATOGRAPHY: RETENTION_TIME 5.23 min\n"
    "PK$NUM_PEAK: 1\nPK$PEAK: m/z int. rel.int.\n  31 999 999\n//\n"
)
MONA = {
    "compound": [{"names": [{"name": "peak"}]}],
    "metaData": [{"name": "retention time", "value": "313.8 sec"}],
    "spectrum": "31:999 45:510",
}
OF_LIBRARY = {
    "attributes": [
        {"accession": "MS:1000894", "value": 313.8, "cv_param_group": "1"},
        {
            "accession": "UO:0000000",
            "value": "second",
            "value_accession": "UO:0000010",
            "cv_param_group": "1",
        },
    ],
    "mzs": [31, 45],
    "intensities": [999, 510],
}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("x.msp", MSP.format("RETENTIONTIME: 5.23")),
        ("x.msp", MSP.format("RT: 5,23 min")),
        ("x.msp", MSP.format("RetTime (sec): 313.8")),
        ("x.msp", MSP.format('Comments: "retention time=5.23 min" "lab=A"')),
        ("x.msp", MSP.format("Comment: RT=5.23; RI=600")),
        ("x.mgf", MGF.format("RTINSECONDS=313.8")),
        ("x.mgf", MGF.format("RTINSECONDS=313.8-316")),
        ("x.mgf", MGF.format("RT=5.23")),
        ("x.jdx", JCAMP.format("##$RETENTION TIME=5.23")),
        # As OpenChrom writes it: in seconds.
        ("x.jdx", JCAMP.format("##RETENTION_TIME= 313.8")),
        ("x.jdx", JCAMP.format("##RETENTION_TIME= 5.23 min")),
        ("x.json", json.dumps({"name": "peak", "rt": 5.23, "peaks": [[31, 999], [45, 510]]})),
        ("x.json", json.dumps([MONA])),
        ("x.mzspeclib.json", json.dumps({"spectra": [OF_LIBRARY]})),
        (
            "x.mzspeclib.txt",
            MZSPECLIB.format(
                "[1]MS:1000894|retention time=313.8\n[1]UO:0000000|unit=UO:0000010|second"
            ),
        ),
        (
            "x.mzspeclib.txt",
            MZSPECLIB.format(
                "[1]MS:1000894|retention time=5.23\n[1]UO:0000000|unit=UO:0000031|minute"
            ),
        ),
        ("x.mzspeclib.txt", MZSPECLIB.format("MS:1000894|retention time=5.23")),
        ("x.csv", "name,RT (min),mz,intensity\npeak,5.23,31,999\npeak,5.23,45,510\n"),
        ("x.csv", "name,RT (s),mz,intensity\npeak,313.8,31,999\npeak,313.8,45,510\n"),
        ("x.txt", MASSBANK),
    ],
)
def test_they_are_read_in_minutes(read, file, text):
    [record] = read(file, text)
    assert record.retention_time == pytest.approx(5.23)


@pytest.mark.parametrize("said", ["RT: -1", "RT: n/a", "RT: 0", "RT: early", "RI: 600"])
def test_what_is_none_is_not_taken_for_one(read, said):
    [record] = read("x.msp", MSP.format(said))
    assert record.retention_time is None


@pytest.mark.parametrize(
    ("name", "text", "written"),
    [("RT", "5,23", "5.23"), ("RT (s)", "313.8", "5.23"), ("rt", "5.23 min", "5.23")],
)
def test_a_field_of_a_format_has_minutes_with_a_point(name, text, written):
    spectrum = Spectrum([31, 45], [1.0, 0.5])
    kept = PredictedSpectrum(1, "x", read_molecule("CCO"), spectrum, columns=((name, text),))
    assert kept_fields(kept, {"retentiontime": "RT"}) == ({"RT": written}, {})
    assert kept_fields(kept, {}) == ({}, {name: text})


def test_what_is_no_time_stays_what_it_is():
    spectrum = Spectrum([31, 45], [1.0, 0.5])
    kept = PredictedSpectrum(1, "x", read_molecule("CCO"), spectrum, columns=(("RT", "early"),))
    assert kept_fields(kept, {"retentiontime": "RT"}) == ({}, {"RT": "early"})
