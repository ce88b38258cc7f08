"""MGF of GNPS, mzmine and others."""

import pytest

from nextims.spectra.record import BadRecord

GNPS = """\
COM=a library
BEGIN IONS
PEPMASS=46.0413
CHARGE=0
MSLEVEL=1
SOURCE_INSTRUMENT=GC-EI-TOF
FILENAME=x.mzML
IONMODE=Positive
NAME=Ethanol M+
SMILES=CCO
INCHI="InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3"
INCHIAUX=N/A
SPECTRUMID=CCMSLIB00000000001
SCANS=7
31.018\t999.0
45.033\t510.5

END IONS
"""


def test_a_library_of_gnps(read, pairs):
    [record] = read("x.mgf", GNPS)
    assert (record.id, record.name, record.line) == ("CCMSLIB00000000001", "Ethanol M+", 2)
    assert record.structures == ("CCO", "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3")
    assert (record.inchikey, record.ionization, record.ms_level) == ("", "EI", 1)
    assert pairs(record) == [(31.018, 999.0), (45.033, 510.5)]


@pytest.mark.parametrize(
    "peaks",
    [
        "31 999\n45 510",
        "31\t999\t1+\n45\t510\t1+",
        "31,999\n45,510",
        "31 999 CH3O\n45 510 C2H5O",
        "# peaks\n  31.0 9.99e2  \n\n4.5e1 510",
    ],
)
@pytest.mark.parametrize("begin", ["BEGIN IONS", "begin ions", " BEGIN  IONS "])
def test_dialects_of_peaks(read, pairs, begin, peaks):
    [record] = read("x.mgf", f"{begin}\r\nTITLE=x = y\r\n{peaks}\r\nEND IONS")
    assert record.name == "x = y"
    assert pairs(record) == [(31, 999), (45, 510)]


def test_a_block_goes_by_its_scan_where_it_has_no_identifier(read):
    assert read("x.mgf", "BEGIN IONS\nSCANS=12\n31 9\nEND IONS")[0].id == "12"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (
            "BEGIN IONS\nNAME=x\n31 999\n4x5 510\nEND IONS\n",
            "line 4: cannot read the peak '4x5 510'",
        ),
        ("BEGIN IONS\nNAME=x\n31\nEND IONS\n", "line 3: cannot read the peak '31'"),
        ("BEGIN IONS\nNAME=x\n31 999\n", "ends without END IONS"),
        (
            "BEGIN IONS\nNAME=x\nPEAKS=31:999;45:510\nEND IONS\n",
            "no peaks, which stand one on each",
        ),
        ("BEGIN IONS\nNAME=x\nMZ=31,45\nINT=999,510\nEND IONS\n", "line; found name, mz, int"),
        ("BEGIN IONS\nNAME=x\nEND IONS\n", "no peaks"),
        ("BEGIN IONS\nNAME=x\n31 nan\nEND IONS\n", "m/z and intensity must be finite"),
    ],
)
def test_damage_spoils_one_block_only(read, text, detail):
    bad, after = read("x.mgf", text + GNPS.replace("COM=a library\n", ""))
    assert (bad.line, bad.name, bad.reason) == (1, "x", "peak list cannot be read")
    assert detail in bad.detail
    assert after.name == "Ethanol M+"


def test_a_damaged_beginning_is_told(read):
    bad, after = read("x.mgf", "BEGIN ION\nNAME=x\n31 999\nEND IONS\n" + GNPS)
    assert isinstance(bad, BadRecord)
    assert (bad.line, bad.detail) == (1, "END IONS without BEGIN IONS")
    assert after.name == "Ethanol M+"


@pytest.mark.parametrize("end", range(1, 30))
def test_a_file_that_is_cut_off_is_never_taken_for_whole(read, end):
    [bad] = read("x.mgf", GNPS.rstrip()[:-end])
    assert isinstance(bad, BadRecord)
    assert (bad.line, bad.name) == (2, "Ethanol M+")
