import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from builders import ETHANOL_PEAKS, build_massbank_record
from nextims.config import DataConfig
from nextims.data.library.filters import find_fault
from nextims.data.library.ingest import IngestError
from nextims.data.massbank import read_massbank
from nextims.formats.massbank.reading import parse_massbank
from nextims.spectra.record import BadRecord, Record

SHARED = Path(__file__).parents[3] / "shared" / "data" / "massbank-ei.tar.gz"


def parse(text):
    content = text.encode() if isinstance(text, str) else text
    (record,) = parse_massbank(content, "a.txt")
    return record


def test_record_is_read_field_by_field():
    record = parse(build_massbank_record(inchikey="LFQSCWFLJHTTHZ-UHFFFAOYSA-N"))
    assert record.id == "MSBNK-Test-TS000001"
    assert record.name == "Ethanol"
    assert record.structures == ("CCO",)
    assert record.formula == "C2H6O"
    assert record.inchikey == "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"
    assert record.energy == 70
    assert record.instrument == "HITACHI M-80"
    assert (record.ionization, record.ion_mode, record.ms_level) == ("EI", "positive", 1)
    assert record.licence == "CC BY"
    assert record.spectrum.mz.tolist() == list(ETHANOL_PEAKS)
    assert record.spectrum.intensity.tolist() == list(ETHANOL_PEAKS.values())
    assert find_fault(record, DataConfig()) is None


def test_absolute_intensities_are_taken_not_the_rounded_ones():
    record = parse(build_massbank_record(peaks={30: 2.66, 31: 99.99}))
    assert record.spectrum.intensity.tolist() == pytest.approx([2.66, 99.99])


@pytest.mark.parametrize(
    ("instrument_type", "expected"),
    [
        ("EI-B", "EI"),
        ("GC-EI-TOF", "EI"),
        ("EI-EBEB", "EI"),
        ("LC-ESI-QTOF", "LC-ESI-QTOF"),
        ("CI-B", "CI-B"),
        ("MALDI-TOF", "MALDI-TOF"),
    ],
)
def test_ionization_follows_from_the_instrument(instrument_type, expected):
    record = parse(build_massbank_record(instrument_type=instrument_type))
    assert record.ionization == expected


def test_ionization_may_have_a_line_of_its_own():
    extra = ["AC$MASS_SPECTROMETRY: IONIZATION EI"]
    assert parse(build_massbank_record(instrument_type="GC-TOF", extra=extra)).ionization == "EI"


@pytest.mark.parametrize(("ms_type", "level"), [("MS", 1), ("MS1", 1), ("MS2", 2), ("MS3", 3)])
def test_ms_level(ms_type, level):
    assert parse(build_massbank_record(ms_type=ms_type)).ms_level == level


@pytest.mark.parametrize(
    ("changes", "energy"),
    [
        ({"energy": "13.5 eV"}, 13.5),
        ({"energy": None}, None),
        ({"energy": None, "comment": "EI voltage was 20 V. Resolving power 5000."}, 20),
        ({"energy": None, "title": "Ethanol; GC-EI-TOF; MS; positive; EI; 70 V"}, 70),
        ({"energy": None, "extra": ["AC$MASS_SPECTROMETRY: COLLISION_ENERGY 35 eV"]}, None),
        ({"energy": None, "comment": "[Analytical] Accel Volt 5KV, Chamber Temp 210 C"}, None),
    ],
)
def test_energy(changes, energy):
    assert parse(build_massbank_record(**changes)).energy == energy


def test_unreadable_energy_is_noted_and_not_fatal():
    record = parse(build_massbank_record(energy="20-70 eV"))
    assert record.energy is None
    assert record.notes == ("energy cannot be read, taken as not given",)


@pytest.mark.parametrize(
    ("smiles", "inchi", "structures"),
    [
        ("CCO", "N/A", ("CCO",)),
        ("N/A", "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3", ("InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3",)),
        ("N/A", "N/A", ()),
        ("NA", "", ()),
    ],
)
def test_structures(smiles, inchi, structures):
    record = parse(build_massbank_record(smiles=smiles, inchi=inchi))
    assert record.structures == structures
    fault = find_fault(record, DataConfig())
    assert (fault is None) == bool(structures)
    assert structures or fault.reason == "no structure"


def test_derivative_is_told_by_title_comment_or_derivative_type():
    told = [
        {"title": "Glycine; GC-EI-TOF; MS; 2 TMS; BP:102"},
        {"comment": "The compound was chemically modified with MSTFA before GC-MS analysis."},
        {"extra": ["MS$FOCUSED_ION: DERIVATIVE_TYPE 1 TMS"]},
    ]
    for changes in told:
        fault = find_fault(parse(build_massbank_record(**changes)), DataConfig())
        assert fault.reason == "derivative under its parent's name"


def bad(text):
    record = parse(text)
    assert isinstance(record, BadRecord)
    return record


def test_truncated_record():
    record = bad(build_massbank_record()[:-60])
    assert (record.reason, record.id) == ("truncated record", "MSBNK-Test-TS000001")


@pytest.mark.parametrize("says", [8, 0, "N/A", ""])
def test_number_of_peaks_that_lies(says):
    record = bad(build_massbank_record(num_peaks=says))
    assert record.reason == "peak list cannot be read"
    assert "found 9 peaks" in record.detail


@pytest.mark.parametrize("line", ["  31 999", "  31 999 999 1", "  m 999 999"])
def test_damaged_peak(line):
    text = build_massbank_record().replace("  31 999 999", line)
    assert bad(text).reason == "peak list cannot be read"


def test_peaks_may_be_indented_and_parted_by_tabs():
    text = build_massbank_record()
    begin = text.index("PK$PEAK")
    record = parse(text[:begin] + text[begin:].replace("\n  ", "\n\t").replace(" 999", "\t999"))
    assert record.spectrum.mz.tolist() == list(ETHANOL_PEAKS)


def test_number_of_peaks_that_is_too_large_is_noted():
    record = parse(build_massbank_record(num_peaks=10))
    assert record.spectrum.mz.tolist() == list(ETHANOL_PEAKS)
    assert record.notes == ("fewer peaks than the record says it has",)


def test_a_negative_peak_costs_itself_only():
    record = parse(build_massbank_record().replace("  31 999 999", "  31 -5 -5"))
    assert record.spectrum.mz.tolist() == [mz for mz in ETHANOL_PEAKS if mz != 31]
    assert "peaks that are negative or not finite left out" in record.notes


@pytest.mark.parametrize("content", [b"", b"  \r\n\r\n"])
def test_empty_file(content):
    assert bad(content).reason == "empty file"


def test_file_that_is_no_record():
    assert bad("Contributors\nA, B, C: all of them\n").reason == "not a MassBank record"


def test_windows_line_ends_and_byte_order_mark():
    text = build_massbank_record()
    record = parse(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert (record.id, record.name, record.licence) == ("MSBNK-Test-TS000001", "Ethanol", "CC BY")
    assert record.spectrum.mz.tolist() == list(ETHANOL_PEAKS)


def test_line_separators_inside_a_name():
    content = build_massbank_record(name="Acide X gras").encode("latin-1").replace(b"X", b"\x85")
    assert parse(content).name == "Acide … gras"


def test_windows_1252_is_read_and_noted():
    record = parse(build_massbank_record(name="Éthanol").encode("latin-1"))
    assert record.name == "Éthanol"
    assert record.notes == ("not UTF-8, read as Windows-1252",)
    assert find_fault(record, DataConfig()) is None


def test_several_records_in_one_file():
    text = build_massbank_record("A-1") + build_massbank_record("A-2", num_peaks=3)
    records = list(parse_massbank((text + build_massbank_record("A-3")).encode(), "a.txt"))
    assert [r.id for r in records] == ["A-1", "A-2", "A-3"]
    assert [isinstance(r, Record) for r in records] == [True, False, True]
    assert records[1].line == build_massbank_record("A-1").count("\n") + 1


def library(folder):
    for i in range(4):
        file = folder / f"Contributor{i % 2}" / f"TS{i}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(build_massbank_record(f"TS{i}"), encoding="utf-8")
    (folder / "README.md").write_text("not a record")
    return folder


def as_zip(folder):
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(folder.parent))
    return path


def as_tar(folder):
    path = folder.with_name("records.tar.gz")
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, folder.name)
    return path


@pytest.mark.parametrize("pack", [lambda folder: folder, as_zip, as_tar])
def test_folder_and_archives_hold_the_same(tmp_path, pack):
    path = pack(library(tmp_path / "records"))
    records = list(read_massbank(path))
    assert sorted(record.id for record in records) == ["TS0", "TS1", "TS2", "TS3"]
    assert all(record.file.startswith(str(path)) for record in records)


def test_nothing_is_unpacked_to_disk(tmp_path):
    path = as_tar(library(tmp_path / "records"))
    before = sorted(tmp_path.rglob("*"))
    list(read_massbank(path))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("pack", [as_zip, as_tar])
def test_archive_cut_short_is_an_error(tmp_path, pack):
    path = pack(library(tmp_path / "records"))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(IngestError, match="damaged archive"):
        list(read_massbank(path))


def test_archive_with_a_flipped_bit_is_an_error(tmp_path):
    path = as_tar(library(tmp_path / "records"))
    content = bytearray(path.read_bytes())
    content[-6] ^= 1  # in the checksum
    path.write_bytes(content)
    with pytest.raises(IngestError, match="damaged archive"):
        list(read_massbank(path))


def test_zip_that_is_none(tmp_path):
    path = tmp_path / "records.zip"
    path.write_bytes(b"404: Not Found")
    with pytest.raises(IngestError, match=r"records\.zip: damaged archive"):
        list(read_massbank(path))


def test_archive_without_records(tmp_path):
    path = tmp_path / "empty.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("README.md"), io.BytesIO())
    with pytest.raises(IngestError, match=r"empty\.tar\.gz: no MassBank record"):
        list(read_massbank(path))


@pytest.mark.parametrize(
    ("name", "message"), [("none", "no such file or folder"), ("a.rar", "expected a folder")]
)
def test_path_that_cannot_be_read(tmp_path, name, message):
    (tmp_path / "a.rar").write_bytes(b"Rar!")
    with pytest.raises(IngestError, match=message):
        list(read_massbank(tmp_path / name))


@pytest.mark.skipif(not SHARED.is_file(), reason="the MassBank records are not on this machine")
def test_real_records_are_all_read():
    records = list(read_massbank(SHARED))
    assert len(records) == 12073
    assert not [record for record in records if isinstance(record, BadRecord)]
    assert sum(record.ms_level == 2 for record in records) == 40
    assert sum(not record.structures for record in records) == 608
    assert sum(record.energy == 20 for record in records) == 1273
