import time
import tracemalloc

import pytest
from rdkit import Chem

from builders import ETHANOL_PEAKS, build_massbank_record, build_msp, build_store, changed
from nextims.config import Config
from nextims.data.library.derivative_records import recover
from nextims.data.library.filters import find_fault
from nextims.data.library.ingest import IngestError
from nextims.data.library.store import SpectrumStore, StoreError
from nextims.data.nist_dataset import ensure_store, read_nist
from nextims.formats.massbank.reading import parse_massbank
from nextims.formats.msp.reading import MspEntry, read_msp
from nextims.spectra.record import BadRecord, Record

NIST_RECORD = """Name: Ethanol
Synon: Ethyl alcohol
Synon: Alcohol; Spirits
Formula: C2H6O
MW: 46
CAS#: 64-17-5;  NIST#: 291264
DB#: 5
Comments: NIST Mass Spectrometry Data Center, 1998.
Num Peaks: 9
15 60; 26 90; 27 220; 29 300; 30 60;
31 999; 43 80; 45 510; 46 220;

"""


def entries(text):
    return list(read_msp(text.splitlines(keepends=True)))


def entry(text):
    (found,) = entries(text)
    return found


@pytest.fixture
def read(tmp_path):
    """Read records of MSP text, beside the MOL files put into ``mol_files``."""

    def run(text, molfiles=None):
        (tmp_path / "mol_files").mkdir(exist_ok=True)
        for name, content in (molfiles or {}).items():
            (tmp_path / "mol_files" / name).write_text(content)
        path = tmp_path / "library.msp"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return list(read_nist(path, tmp_path / "mol_files"))

    return run


def mol_block(smiles):
    return Chem.MolToMolBlock(Chem.MolFromSmiles(smiles))


@pytest.mark.parametrize(
    "peaks",
    [
        "15 60\n31 999\n45 510\n",
        "15\t60\n31\t999\n45\t510\n",
        "15 60; 31 999; 45 510;\n",
        "15 60; 31 999;\n45 510\n",
        "15,60 31,999 45,510\n",
        "15:60 31:999 45:510\n",
        "(15 60)(31 999)\n(45 510)\n",
        "[15 60] [31 999] [45 510]\n",
        "15 60 31 999 45 510\n",
        '15 60 "CH3/1.2ppm"\n31 999 "CH3O; M-15"\n45 510 ""\n',
        "15 60 CH3\n31 999 CH3O: 12/16\n45 510 ?\n",
        "15 60 1\n31 999 2\n45 510 3\n",
        "15 60 1 7\n31 999 2 8\n45 510 3 9\n",
        "  15   60  \n\n  31.0 999.0\n4.5e1 5.1e2\n",
        "45 510\n15 60\n31 999\n",
    ],
)
def test_dialects_of_peak_lists(peaks):
    found = entry(f"Name: x\nNum Peaks: 3\n{peaks}").peaks()
    assert sorted(found.tolist()) == [[15, 60], [31, 999], [45, 510]]


@pytest.mark.parametrize(
    "line", ["Num Peaks: 2", "Num peaks: 2", "NUM PEAKS:2", "num peaks : 2", "Num Peaks: 2;"]
)
def test_dialects_of_num_peaks(line):
    assert len(entry(f"NAME: x\n{line}\n15 60\n31 999\n").peaks()) == 2


def test_peaks_on_the_line_of_num_peaks():
    assert len(entry("Name: x\nNum Peaks: 3 15 60; 31 999;\n45 510;\n").peaks()) == 3


def test_names_of_fields_are_told_apart_by_letters_alone():
    found = entry("NAME: x\nRETENTION_INDEX: 5\nInChI Key: ABC\nCAS#: 1\nNum Peaks: 0\n")
    assert found.first("retentionindex") == "5"
    assert found.first("inchikey") == "ABC"
    assert found.first("casno", "cas") == "1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"SMILES=CC=O" "author=X"', "CC=O"),
        ('author=X SMILES=CC=O date="2020 5"', "CC=O"),
        ('"computed SMILES=CC=O"', "CC=O"),
        ("no pairs here", ""),
    ],
)
def test_values_in_comments(text, value):
    found = entry(f"Name: x\nComments: {text}\nNum Peaks: 0\n")
    assert found.comment("smiles", "computed smiles") == value


@pytest.mark.parametrize("says", [0, 1, 8, "many"])
def test_num_peaks_that_lies_spoils_one_record_only(says, read):
    text = build_msp("A", fields={"ID": "1", "SMILES": "CCO"}, num_peaks=says) + build_msp(
        "B", fields={"ID": "2", "SMILES": "CCO"}
    )
    first, second = read(text)
    assert (first.name, first.reason) == ("A", "peak list cannot be read")
    assert second.name == "B"
    assert len(second.spectrum) == len(ETHANOL_PEAKS)


@pytest.mark.parametrize("says", [10, 100])
def test_num_peaks_that_is_too_large_is_noted(says, read):
    first, second = read(build_msp("A", num_peaks=says) + build_msp("B"))
    assert len(first.spectrum) == len(second.spectrum) == len(ETHANOL_PEAKS)
    assert first.notes == ("fewer peaks than the record says it has",)
    assert second.notes == ()


def test_num_peaks_that_lies_without_a_blank_line_between(read):
    text = build_msp("A", num_peaks=20).rstrip() + "\n" + build_msp("B")
    assert [record.name for record in read(text)] == ["A", "B"]


def test_missing_num_peaks_is_noted(read):
    first, second = read(build_msp("A", num_peaks=None) + build_msp("B"))
    assert first.notes == ("no Num Peaks, all peaks taken",)
    assert len(first.spectrum) == len(second.spectrum) == len(ETHANOL_PEAKS)


def test_records_without_a_name_stay_apart(read):
    nameless = {"ID": "2", "SMILES": "CC=O"}
    text = build_msp("A", fields={"ID": "1", "SMILES": "CCO"})
    text += build_msp(None, fields=nameless) + build_msp("C", fields={"ID": "3", "SMILES": "CC"})
    records = read(text)
    assert [(r.id, r.name, r.structures) for r in records] == [
        ("1", "A", ("CCO",)),
        ("2", "", ("CC=O",)),
        ("3", "C", ("CC",)),
    ]


def test_blank_lines_inside_a_header(read):
    (record,) = read("Name: A\n\nFormula: C2H6O\n\n\nSMILES: CCO\n\nNum Peaks: 2\n\n31 9\n45 5\n")
    assert record.formula == "C2H6O"
    assert len(record.spectrum) == 2


def test_fields_after_the_peaks_belong_to_the_record(read):
    text = "Name: A\nNum Peaks: 2\n31 9\n45 5\n\nSMILES: CCO\nFormula: C2H6O\n\n"
    first, second = read(text + build_msp("B", fields={"SMILES": "CC"}))
    assert first.structures == ("CCO",)
    assert second.structures == ("CC",)


def test_damaged_peak_list_spoils_one_record_only(read):
    damaged = "Name: A\nNum Peaks: 3\n31 9\n4x5\n46 2\n\n"
    first, second = read(damaged + build_msp("B"))
    assert first.reason == "peak list cannot be read"
    assert "4x5" in first.detail
    assert isinstance(second, Record)


def test_bad_record_is_found_by_its_line(read):
    text = build_msp("A") + build_msp("B", num_peaks=3)
    bad = read(text)[1]
    assert bad.line == build_msp("A").count("\n") + 1
    assert bad.file.endswith("library.msp")


def test_windows_line_ends_byte_order_mark_and_no_last_line_end(read):
    text = (build_msp("A") + build_msp("B")).rstrip().replace("\n", "\r\n")
    records = read(b"\xef\xbb\xbf" + text.encode())
    assert [r.name for r in records] == ["A", "B"]
    assert all(len(r.spectrum) == len(ETHANOL_PEAKS) for r in records)


def test_latin1_name_is_read_and_noted(read):
    first, second = read(build_msp("Éthanol").encode("latin-1") + build_msp("水").encode())
    assert (first.name, first.notes) == ("Éthanol", ("not UTF-8, read as Windows-1252",))
    assert (second.name, second.notes) == ("水", ())


def test_file_cut_in_the_middle_of_a_record(read):
    records = read((build_msp("A") + build_msp("B"))[:-12])
    assert [type(record) for record in records] == [Record, BadRecord]


def test_nist_record_with_its_mol_file(read):
    (record,) = read(NIST_RECORD, {"ID5.MOL": mol_block("CCO")})
    assert record.id == "5"
    assert record.formula == "C2H6O"
    assert record.molecule.smiles == "CCO"
    assert record.energy is None
    assert find_fault(record, Config().data) is None


@pytest.mark.parametrize("name", ["ID5.MOL", "id5.mol", "Id5.Mol", "S64175.MOL", "s64175.mol"])
def test_mol_files_as_lib2nist_names_them(read, name):
    (record,) = read(NIST_RECORD, {name: mol_block("CCO")})
    assert record.molecule.smiles == "CCO"


def test_id_comes_before_cas_number(read):
    record = read(NIST_RECORD, {"ID5.MOL": mol_block("CCO"), "S64175.MOL": mol_block("COC")})[0]
    assert record.molecule.smiles == "CCO"


def test_number_of_another_kind_is_not_tried(read):
    (record,) = read(NIST_RECORD, {"ID291264.MOL": mol_block("CCO")})
    fault = find_fault(record, Config().data)
    assert fault.reason == "no structure"
    assert "id5.mol or s64175.mol not found" in fault.detail


def test_cas_number_of_zeros_is_none(read):
    text = NIST_RECORD.replace("64-17-5", "0-00-0")
    (record,) = read(text, {"S0000.MOL": mol_block("CCO")})
    assert not record.structures


def test_mol_file_that_rdkit_rejects(read):
    broken = mol_block("CCO").replace(" C ", " Xx", 1)
    (record,) = read(NIST_RECORD, {"ID5.MOL": broken})
    fault = find_fault(record, Config().data)
    assert fault.reason == "RDKit cannot read the structure"
    assert fault.detail == "its MOL block"


def test_smiles_serves_where_the_mol_file_is_broken(read):
    text = NIST_RECORD.replace("MW: 46", "SMILES: OCC")
    (record,) = read(text, {"ID5.MOL": "nothing\n"})
    assert record.molecule.smiles == "CCO"


def test_mol_file_of_another_compound_is_not_taken(read):
    (record,) = read(NIST_RECORD, {"ID5.MOL": mol_block("CCCO")})
    assert find_fault(record, Config().data).reason == "structure disagrees with the formula"


@pytest.mark.parametrize(
    "fields",
    [
        {"SMILES": "CCO"},
        {"InChI": "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3"},
        {"InChI": "1S/C2H6O/c1-2-3/h3H,2H2,1H3"},
        {"Comments": '"SMILES=CCO" "instrument=X"'},
        {"Comments": '"InChI=InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3"'},
        {"SMILES": "N/A", "InChI": "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3"},
    ],
)
def test_structure_in_the_record(read, fields):
    (record,) = read(build_msp(fields=fields))
    assert record.molecule.smiles == "CCO"


def test_inchikey_alone_is_no_structure(read):
    (record,) = read(build_msp(fields={"InChIKey": "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"}))
    fault = find_fault(record, Config().data)
    assert fault.reason == "no structure"
    assert "only an InChIKey" in fault.detail


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("EI", "positive", 1)),
        ({"Ion_mode": "P", "Spectrum_type": "MS1"}, ("EI", "positive", 1)),
        ({"IONMODE": "Negative"}, ("EI", "negative", 1)),
        ({"Instrument_type": "GC-EI-TOF"}, ("EI", "positive", 1)),
        ({"Instrument_type": "LC-ESI-QFT"}, ("LC-ESI-QFT", "positive", 1)),
        ({"IONIZATION": "EI"}, ("EI", "positive", 1)),
        ({"IONIZATION": "APCI"}, ("APCI", "positive", 1)),
        ({"PRECURSORTYPE": "[M]+"}, ("EI", "positive", 1)),
        ({"PRECURSORTYPE": "[M]+."}, ("EI", "positive", 1)),
        ({"Precursor_type": "[M+H]+"}, ("[M+H]+", "positive", 1)),
        ({"Spectrum_type": "MS2"}, ("EI", "positive", 2)),
    ],
)
def test_kind_of_spectrum(read, fields, expected):
    (record,) = read(build_msp(fields={"SMILES": "CCO"} | fields))
    assert (record.ionization, record.ion_mode, record.ms_level) == expected


@pytest.mark.parametrize(
    ("fields", "energy", "notes"),
    [
        ({"Ionization_energy": "20 eV"}, 20, ()),
        ({"Comments": '"ionization energy=70 eV"'}, 70, ()),
        ({"Collision_energy": "35"}, None, ()),
        ({"Ionization energy": "ramp"}, None, ("energy cannot be read, taken as not given",)),
    ],
)
def test_energy(read, fields, energy, notes):
    (record,) = read(build_msp(fields={"SMILES": "CCO"} | fields))
    assert (record.energy, record.notes) == (energy, notes)


def test_derivative_named_so_is_dropped(read):
    (record,) = read(build_msp("Ethanol, TMS derivative"))
    assert find_fault(record, Config().data).reason == "derivative under its parent's name"


def test_derivative_under_its_parents_structure_gets_its_own(read):
    peaks = {73: 90, 77: 40, 91: 60, 151: 999, 152: 140, 153: 45, 166: 450, 167: 70, 168: 20}
    text = "".join(
        build_msp("Phenol, TMS derivative", peaks, fields={"SMILES": smiles, "Formula": formula})
        for smiles, formula in (("Oc1ccccc1", "C6H6O"), ("C[Si](C)(C)Oc1ccccc1", "C9H14OSi"))
    )
    parent, own = read(text)
    assert recover(parent, Config().data).molecule.smiles == own.molecule.smiles
    assert find_fault(own, Config().data) is None


def test_records_without_a_number_get_their_position(read):
    assert [r.id for r in read(build_msp("A") + build_msp("B"))] == ["#1", "#2"]


def test_agrees_with_matchms(tmp_path):
    """On well-formed text another reader of the format must see the same."""
    from matchms.importing import load_from_msp

    path = tmp_path / "library.msp"
    records = [
        ("Ethanol", ETHANOL_PEAKS, "\n"),
        ("Acetone", {15: 230, 27: 80, 42: 70, 43: 999, 58: 640}, "\n"),
        ("Methane", {12.0: 26.5, 13.0: 86.25, 14.0: 170, 15.0: 888, 16.0: 999}, "; "),
    ]
    texts = [
        build_msp(name, peaks, separator=separator, fields={"Formula": "X", "SMILES": "C"})
        for name, peaks, separator in records
    ]
    path.write_text("".join(texts))
    theirs = list(load_from_msp(str(path)))
    ours = list(read_nist(path))
    assert len(theirs) == len(ours) == 3
    for their, our in zip(theirs, ours, strict=True):
        assert our.name == their.get("compound_name")
        assert our.spectrum.mz.tolist() == pytest.approx(their.peaks.mz.tolist())
        ratio = our.spectrum.intensity / their.peaks.intensities
        assert ratio.tolist() == pytest.approx([ratio[0]] * len(ratio))


def test_both_formats_give_the_same_record(read):
    (massbank,) = parse_massbank(build_massbank_record().encode(), "a.txt")
    fields = {"ID": massbank.id, "Formula": "C2H6O", "SMILES": "CCO", "Ionization energy": "70 eV"}
    (msp,) = read(build_msp(fields=fields))
    for name in ("id", "name", "structures", "formula", "energy", "ionization", "ion_mode"):
        assert getattr(msp, name) == getattr(massbank, name)
    assert msp.spectrum.mz.tolist() == massbank.spectrum.mz.tolist()


def test_memory_stays_flat(tmp_path):
    path = tmp_path / "library.msp"
    with path.open("w") as file:
        for i in range(600):
            file.write(build_msp(f"Compound {i}", {mz: 1000 + mz for mz in range(100, 200)}))
    tracemalloc.start()
    number = sum(1 for _ in read_nist(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert number == 600
    assert peak < 200_000 < path.stat().st_size / 2


@pytest.fixture
def config(tmp_path):
    return Config().with_root(tmp_path)


def test_a_store_of_these_settings_is_taken_as_it_is(config):
    build_store(config.data.store, ["CCO", "CCC"], config=config.data)
    before = config.data.store.read_bytes()
    assert ensure_store(config) == config.data.store
    assert config.data.store.read_bytes() == before


@pytest.mark.parametrize("settings", [{"test_fraction": 0.2}, {"min_peaks": 3}, {"max_mz": 500}])
def test_a_store_of_other_settings_is_refused(config, settings):
    build_store(config.data.store, ["CCO", "CCC"], config=config.data)
    with pytest.raises(StoreError, match=r"spectra\.h5: made with another split or other filters"):
        ensure_store(changed(config, "data", **settings))


def test_library_becomes_the_store(config, capsys):
    config.data.nist_msp.parent.mkdir(parents=True)
    config.data.nist_msp.write_text(NIST_RECORD + build_msp("B", num_peaks=3))
    config.data.mol_dir.mkdir()
    (config.data.mol_dir / "ID5.MOL").write_text(mol_block("CCO"))
    with SpectrumStore(ensure_store(config)) as store:
        assert store.column("name") == ["Ethanol"]
        assert store.attributes["source"] == "NIST17.msp"
    printed = capsys.readouterr().out
    assert "peak list cannot be read" in printed
    assert "kept" in printed


def test_neither_store_nor_library_says_how_to_get_one(config):
    with pytest.raises(StoreError) as error:
        ensure_store(config)
    message = str(error.value)
    assert "nextims prepare massbank --records PATH" in message
    assert "--download" in message
    assert str(config.data.nist_msp) in message
    assert str(config.data.mol_dir) in message


@pytest.mark.parametrize("text", ["", "\n\n", build_msp(fields={"MW": "46"})])
def test_library_of_nothing_is_an_error(config, text):
    config.data.nist_msp.parent.mkdir(parents=True)
    config.data.nist_msp.write_text(text)
    with pytest.raises(IngestError, match=r"NIST17\.msp: no (records found|usable record)"):
        ensure_store(config)
    assert not config.data.store.exists()


@pytest.mark.parametrize(
    "peaks",
    [
        ["15 60; 31 999;", "45 510; 46 220"],
        ["15 60", "31.02 999.5", "45 510;", "46 220"],
        ["15\t60;31\t999;45\t510;46\t220;"],
    ],
)
def test_plain_peaks_are_read_as_any_others(peaks):
    plain = MspEntry(1, {"numpeaks": ["4"]}, peak_lines=peaks)
    # A quoted remark makes every line one that is looked at peak by peak.
    remarked = MspEntry(1, {"numpeaks": ["4"]}, peak_lines=[f'{line} "M"' for line in peaks])
    assert plain.peaks().tolist() == remarked.peaks().tolist()
    assert len(plain.peaks()) == 4


def test_a_long_list_that_is_no_plain_one_is_read_in_reasonable_time():
    lines = ["; ".join(f"{mz} {mz}" for mz in range(1, 3000)) + " x"]
    started = time.perf_counter()
    with pytest.raises(ValueError, match="cannot read"):
        MspEntry(1, {"numpeaks": ["2999"]}, peak_lines=[*lines, "x y"]).peaks()
    assert time.perf_counter() - started < 5
