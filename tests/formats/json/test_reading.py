"""JSON of MoNA, GNPS, matchms and others."""

import json

import pytest

from nextims.spectra.record import BadRecord, Record

INCHIKEY = "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"
MONA = {
    "compound": [
        {
            "inchi": "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3",
            "inchiKey": INCHIKEY,
            "metaData": [
                {"category": "none", "name": "molecular formula", "value": "C2H6O"},
                {"category": "none", "name": "SMILES", "value": "CCO"},
                {"category": "none", "name": "total exact mass", "value": 46.0418648},
            ],
            "names": [{"name": "Ethanol", "score": 0.0}, {"name": "Spirit"}],
        }
    ],
    "id": "JP000001",
    "metaData": [
        {"name": "instrument", "value": "HITACHI M-80"},
        {"name": "instrument type", "value": "EI-B"},
        {"name": "ms level", "value": "MS"},
        {"name": "ionization mode", "value": "positive"},
        {"name": "ionization energy", "value": "70 eV"},
    ],
    "score": {"score": 3.0},
    "spectrum": "31:100.0 45:51.000000 46:22.5",
    "tags": [{"text": "GC-MS"}],
}
GNPS = {
    "spectrum_id": "CCMSLIB00000000001",
    "Compound_Name": "Ethanol",
    "Ion_Source": "EI",
    "Instrument": "GC-EI-TOF",
    "Ion_Mode": "Positive",
    "ms_level": "1",
    "Adduct": "M+",
    "Smiles": "CCO",
    "INCHI": "N/A",
    "InChIKey_smiles": INCHIKEY,
    "Formula_smiles": "C2H6O",
    "peaks_json": "[[31.0,100.0],[45.0,51.0],[46.0,22.5]]",
}
MATCHMS = {
    "compound_name": "Ethanol",
    "smiles": "CCO",
    "inchikey": INCHIKEY,
    "formula": "C2H6O",
    "parent_mass": 46.041865,
    "ionmode": "positive",
    "peak_comments": {"31.0": "CH3O"},
    "peaks_json": [[31.0, 100.0], [45.0, 51.0], [46.0, 22.5]],
}
DIALECTS = {"mona": MONA, "gnps": GNPS, "matchms": MATCHMS}
PEAKS = [(31, 100), (45, 51), (46, 22.5)]


@pytest.mark.parametrize("layout", [None, 2], ids=["one line", "indented"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_exports_of_databases(read, pairs, dialect, layout):
    first, second = read("x.json", json.dumps([DIALECTS[dialect], MATCHMS], indent=layout))
    for record in (first, second):
        assert (record.name, record.formula, record.inchikey) == ("Ethanol", "C2H6O", INCHIKEY)
        assert record.molecule.smiles == "CCO"
        assert (record.ionization, record.ion_mode, record.ms_level) == ("EI", "positive", 1)
        assert pairs(record) == PEAKS
    if dialect == "mona":
        assert (first.id, first.nominal_mass, first.energy) == ("JP000001", 46, 70)


@pytest.mark.parametrize(
    "peaks",
    [
        {"peaks": [[31, 100], [45, 51], [46, 22.5]]},
        {"peaks": [{"mz": 31, "intensity": 100}, {"mz": 45, "intensity": 51},
                   {"mz": 46, "intensity": 22.5}]},
        {"peaks": "31:100 45:51 46:22.5"},
        {"mz": [31, 45, 46], "intensity": [100, 51, 22.5]},
        {"mzs": [31, 45, 46], "intensities": [100, 51, 22.5]},
        {"spectrum": "[[31, 100], [45, 51], [46, 22.5]]"},
    ],
)  # fmt: skip
def test_peaks_in_any_form(read, pairs, peaks):
    text = json.dumps({"name": "x"} | peaks)
    for each in (text, f"[{text}]", f"{text}\n", f"[\n{text}\n]\n"):
        assert pairs(read("x.json", each)[0]) == PEAKS


def test_one_object_over_several_lines(read):
    [record] = read("x.json", json.dumps(MONA, indent=1))
    assert (record.name, record.line) == ("Ethanol", 1)


@pytest.mark.parametrize(
    "damaged",
    [
        '{"name": "x", "peaks": [[31',
        '{"name": "x"}',
        '{"name": "x", "peaks": [[31, "much"]]}',
        '{"name": "x", "mz": [1, 2], "intensity": [3]}',
        '"x"',
        '{"name": "x", "peaks": [31, 999]}',
        '{"name": "x", "peaks": [[31, NaN]]}',
    ],
)
def test_a_damaged_line_spoils_itself_only(read, damaged):
    good = json.dumps(MATCHMS)
    for lines in ([damaged, good, good], [good, damaged, good]):
        records = read("x.jsonl", "\n".join(lines))
        assert [type(r) for r in records].count(Record) == 2
        bad = records[lines.index(damaged)]
        assert (bad.line, bad.reason) == (lines.index(damaged) + 1, "peak list cannot be read")


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        (
            {"peaks": [{"m/z": 31, "i": 999}]},
            'mz and intensity in a peak, found {"m/z": 31, "i": 999',
        ),
        (
            {"peaks": [{"mass": 31, "intensity": 9}]},
            'expected mz and intensity in a peak, found {"ma',
        ),
        ({"peaks": [{"mz": 31, "intensity": None}]}, "expected mz and intensity in a peak, found"),
        ({"mz": [31, 45], "intensity": [999]}, "2 m/z, but 1 intensities"),
        ({"mz": [31, 45], "intensity": [999, None]}, "expected a number, found null"),
        ({"peaks": [[31, None]]}, "expected a number, found null"),
        ({"peaks": [[31, True]]}, "expected a number, found true"),
        ({"peaks": [["31,02", "999"]]}, 'expected a number, found "31,02"'),
        ({"peaks": [["31", "9.990"], ["45", "5.100"], ["46", "216"]]}, "thousands parted"),
        ({"peaks": [["m/z", "int."], [31, 9]]}, 'expected a number, found "m/z"'),
        (
            {"peaks": {"31": 999, "45": 510}},
            "expected a list of peaks, found an object with 31, 45",
        ),
        ({"peaks": [31, 999]}, "cannot read the peak 31, expected [m/z, intensity]"),
        ({"peaks": 31}, "expected a list of peaks, found 31"),
        ({"data": [{"name": "x", "peaks": [[31, 999]]}]}, "no peaks; found name, data; expected"),
        (
            {"spectra": [{"name": "x", "peaks": [[31, 999]]}]},
            "found name, peaks; spectra in another",
        ),
        ({"spectra": [{"mzs": [31], "intensities": []}]}, "spectrum 1: 1 m/z, but 0 intensities"),
        ({"spectra": [31]}, "found nothing"),
    ],
)
def test_what_was_found_and_what_is_wanted_is_told(read, given, detail):
    [bad] = read("x.json", json.dumps({"name": "x"} | given))
    assert detail in bad.detail


def test_a_damaged_object_of_an_array_spoils_itself_only(read):
    text = f'[{json.dumps(MATCHMS)},\n{{"name": "x", "peaks": [[31,, 9]]}},\n{json.dumps(GNPS)}]'
    first, bad, last = read("x.json", text)
    assert (first.name, bad.line, last.id) == ("Ethanol", 2, "CCMSLIB00000000001")
    assert bad.detail.startswith("not JSON: ")


@pytest.mark.parametrize("layout", [None, 2])
def test_an_array_that_is_cut_off(read, layout):
    text = json.dumps([MATCHMS, MONA], indent=layout)
    good, bad = read("x.json", text[:-40])
    assert isinstance(good, Record)
    assert isinstance(bad, BadRecord)


def test_braces_and_quotes_in_names(read):
    names = ['a "quoted" {x', "}{", "back\\slash", 'end\\"']
    records = read("x.json", json.dumps([MATCHMS | {"compound_name": n} for n in names], indent=2))
    assert [record.name for record in records] == names


def test_what_matchms_writes(read, tmp_path):
    matchms = pytest.importorskip("matchms", reason='needs pip install -e ".[test]"')
    import numpy as np
    from matchms.exporting import save_as_json, save_as_mgf, save_as_msp

    spectrum = matchms.Spectrum(
        np.array([31.0, 45.0, 46.0]),
        np.array([100.0, 51.0, 22.5]),
        {"compound_name": "Ethanol", "smiles": "CCO", "precursor_mz": 46.0413},
    )
    for save, ending in ((save_as_json, "json"), (save_as_mgf, "mgf"), (save_as_msp, "msp")):
        save([spectrum, spectrum], str(tmp_path / f"x.{ending}"))
        records = read(f"y.{ending}", (tmp_path / f"x.{ending}").read_bytes())
        assert [(r.name, r.molecule.smiles) for r in records] == [("Ethanol", "CCO")] * 2
        assert records[0].spectrum.intensity.tolist() == [100, 51, 22.5]
