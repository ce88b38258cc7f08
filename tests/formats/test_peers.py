"""Files that other programs' own tests are made of, read as those tests expect."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from nextims.formats.reading import read_spectra
from nextims.spectra.record import BadRecord, Record

PEERS = Path(__file__).parents[3] / "shared" / "peers"
pytestmark = pytest.mark.skipif(not PEERS.is_dir(), reason="needs ../shared/peers")


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("peers")
    for archive in PEERS.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    return folder


@pytest.fixture
def read(peers):
    """Reads the one file of this name."""

    def read_(name):
        [path] = peers.rglob(name)
        return list(read_spectra(path))

    return read_


def same(first, second):
    return np.array_equal(first.mz, second.mz) and np.allclose(first.intensity, second.intensity)


@pytest.mark.parametrize(("name", "number"), [("delimiters.msp", 10), ("number_format.msp", 5)])
def test_all_styles_of_nist_are_read_alike(read, name, number):
    records = read(name)
    assert len(records) == number
    # In the styles with white space before the numbers, too.
    assert all(same(record.spectrum, records[0].spectrum) for record in records)
    assert len(records[0].spectrum) == 23


@pytest.mark.parametrize(
    "name",
    [
        "duplicated_fields.msp",
        "intst_field_present.msp",
        "mz_field_present.msp",
        "merge_synon_fields.msp",
        "name_field_missing.msp",
        "numpeaks_field_missing.msp",
        "numpeaks_field_incorrect.msp",
        "read_single_value_fields.msp",
    ],
)
def test_fields_of_mssearchr(read, name):
    [record] = read(name)
    assert len(record.spectrum) == 2
    noted = name == "numpeaks_field_incorrect.msp"
    assert ("fewer peaks than the record says it has" in record.notes) == noted


@pytest.mark.parametrize(
    ("name", "number", "first", "peaks"),
    [
        ("gcms.jdx", 2420, "(scan 1)", 78),
        ("ISAS_MS3.DX", 3, "GC-MS analysis of Phenol, 2-Chlorphenol, and o-Kresol (T= 272)", 18),
        ("mass_ACD.jdx", 1, "", 180),
        ("118-96-7-Mass.jdx", 1, "Trinitrotoluene", 116),
        ("ethanol_ms.jdx", 1, "ethanol", 12),
        ("testdata.mgf", 30, "1,2-Dierucoyl-sn-glycero-3-phosphocholine", 23),
        ("pesticides.mgf", 76, "Pesticide6_Fuberidazole_C11H8N2O", 53),
        ("gnps_spectra.json", 5, "3-Des-Microcystein_LR", 218),
        ("Hydrogen_chloride.mzspeclib", 1, "Hydrogen chloride", 4),
        ("JL_2021_V2.msl", 1, "G3P", 30),
        ("golm.msp", 3, "", 50),
        ("multiline_semicolon.msp", 2, "Compound A", 12),
        ("comments_with_quotes.msp", 1, "S-Carboxymethyl-L-cysteine, 3TMS", 248),
        ("spice.mzSpecLib.txt", 11, "JWH-250-5OH", 51),
        ("riken_style_five_spectra.msp", 5, "ADP", 2),
        ("MSJ00581.txt", 1, "(3R)-3-Methylheptyl pivalate", 77),
    ],
)
def test_every_spectrum_is_read(read, name, number, first, peaks):
    records = read(name)
    assert [type(record) for record in records] == [Record] * number
    assert len(records[0].spectrum) == peaks
    assert records[0].name.startswith(first)


def test_scans_of_a_run_have_their_numbers(read):
    records = read("gcms.jdx")
    assert [record.id for record in records] == [str(i) for i in range(1, 2421)]
    assert records[0].energy == 70
    assert records[1].line == 106  # where its page begins


@pytest.mark.parametrize("kind", ["exp.csv", "gfn2_qcxms.csv", "wb97x3c_wb97x3c_qcxms2.csv"])
def test_tables_of_qcxms(peers, kind):
    files = sorted(peers.rglob(kind))
    assert len(files) == 16
    for path in files:
        [record] = read_spectra(path)
        assert not isinstance(record, BadRecord)
        assert len(record.spectrum) > 3


def test_orbitrap_spectra_with_formulas_at_their_peaks():
    records = list(read_spectra(PEERS / "recetox_gc-ei_peak_formulas.msp"))
    assert len(records) == 93
    assert all(isinstance(record, Record) and record.formula for record in records)
