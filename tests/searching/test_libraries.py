"""Libraries of each format, read entry by entry."""

import h5py
import numpy as np
import pytest

from builders import bit_flips, build_msp, build_record, build_store
from nextims.chemistry.molecule import read_molecule
from nextims.files.digest import written_with_digest
from nextims.files.hdf5 import HEAD
from nextims.formats.spectrum_writer import SpectrumWriter
from nextims.formats.writing import FORMATS
from nextims.searching.entries import Entry, SearchError, Skipped
from nextims.searching.libraries import read_library, read_queries
from nextims.searching.ranking import search
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.spectrum import Spectrum

SPECTRA = {"CCO": {31: 1.0, 45: 0.5, 46: 0.2}, "CC(C)=O": {43: 1.0, 58: 0.3}, "CCN": {30: 1.0}}


def write_predictions(path):
    with SpectrumWriter(path, "student") as writer:
        for line, (smiles, peaks) in enumerate(SPECTRA.items(), 1):
            spectrum = Spectrum(list(peaks), list(peaks.values()))
            name = "ethanol" if smiles == "CCO" else ""
            writer.write(PredictedSpectrum(line, name, read_molecule(smiles), spectrum))
    return path


def without_digest(path):
    """Take the digest off an HDF5 file, so that it may be changed."""
    path.write_bytes(path.read_bytes()[HEAD:])
    return path


@pytest.mark.parametrize("file", [f"lib{ending}" for ending in FORMATS])
def test_what_predict_writes_can_be_searched(tmp_path, file):
    if file.endswith("parquet"):
        pytest.importorskip("pyarrow")
    entries = list(read_library(write_predictions(tmp_path / file)))
    assert [entry.smiles for entry in entries] == list(SPECTRA)
    assert [entry.nominal_mass for entry in entries] == [46, 58, 45]
    assert [entry.formula for entry in entries] == ["C2H6O", "C3H6O", "C2H7N"]
    assert entries[0].name == "ethanol"
    assert entries[0].inchikey == "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"
    assert all(entry.predicted for entry in entries)
    for entry, peaks in zip(entries, SPECTRA.values(), strict=True):
        assert dict(
            zip(entry.record.spectrum.mz, entry.record.spectrum.intensity, strict=True)
        ) == (pytest.approx({mz: round(999 * height) for mz, height in peaks.items()}))
    [result] = search([build_record()], entries)
    assert result.hits[0].entry.smiles == "CCO"


def test_a_library_dialect_of_msdial_is_known_as_predicted(tmp_path):
    ethanol = PredictedSpectrum(1, "", read_molecule("CCO"), Spectrum([31, 45], [1, 0.5]))
    with SpectrumWriter(tmp_path / "lib.msp", dialect="msdial") as writer:
        writer.write(ethanol)
    [entry] = read_library(tmp_path / "lib.msp")
    assert (entry.predicted, entry.nominal_mass) == (True, 46)


def test_tables_of_several_batches_keep_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr("nextims.formats.hdf5.reading.BATCH", 2)
    entries = list(read_library(write_predictions(tmp_path / "lib.h5")))
    assert [(entry.line, entry.smiles) for entry in entries] == list(enumerate(SPECTRA, 1))


def test_the_store_of_measured_spectra(tmp_path):
    store = build_store(tmp_path / "spectra.h5", ["CCO", "c1ccccc1"])
    entries = list(read_library(store))
    assert [(entry.smiles, entry.predicted) for entry in entries] == [
        ("CCO", False),
        ("c1ccccc1", False),
    ]


def test_msp_from_elsewhere(tmp_path):
    records = [
        build_msp("whisky", {31: 999, 45: 500}, fields={"MW": "46", "Formula": "C2H6O"}),
        build_msp("average", {79: 1}, fields={"MW": "46.07"}),
        build_msp("exact", {79: 1}, fields={"MW": "552", "ExactMass": "545.5"}),
        build_msp("broken", num_peaks=3),
        build_msp("blank", {}),
        build_msp("predicted by NExtIMS, says only its name"),
        build_msp("soft", fields={"SMILES": "CCO", "PRECURSORTYPE": "[M+H]+"}),
        build_msp("product ions", fields={"SMILES": "CCO", "Spectrum_type": "MS2"}),
    ]
    (tmp_path / "LIB.MSP").write_text("".join(records))
    read = list(read_library(tmp_path / "LIB.MSP"))
    entries = [found for found in read if isinstance(found, Entry)]
    assert [(entry.name, entry.nominal_mass) for entry in entries[:3]] == [
        ("whisky", 46),
        ("average", 46),
        ("exact", 545),
    ]
    assert (entries[0].formula, entries[0].smiles, entries[0].molecule) == ("C2H6O", "", None)
    assert not any(entry.predicted for entry in entries)
    skipped = [found for found in read if isinstance(found, Skipped)]
    assert [(found.text, found.reason.split(" (")[0]) for found in skipped] == [
        ("broken", "peak list cannot be read"),
        ("blank", "no peak"),
        ("soft", "not a full scan of positive electron ionization"),
        ("product ions", "not a full scan of positive electron ionization"),
    ]
    assert (
        skipped[0].line
        == records[0].count("\n") + sum(record.count("\n") for record in records[1:3]) + 1
    )


def test_a_mistake_in_a_table_is_told_with_its_number(tmp_path):
    path = without_digest(write_predictions(tmp_path / "lib.h5"))
    with h5py.File(path, "r+") as file:
        file["peaks/mz"][3] = np.nan
    read = list(read_library(path))
    assert read[1].line == 2
    assert read[1].reason == "peak list cannot be read (m/z and intensity must be finite)"
    assert isinstance(read[2], Entry)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("lib.xyz", b"", r"lib.xyz: unknown ending '.xyz'; can be read: .msp, .mspec, .msl, "),
        ("lib.h5", b"text", r"lib.h5: not an HDF5 file, or damaged"),
        ("lib.msp", None, r"lib.msp: no such file"),
        ("lib.h5", None, r"lib.h5: no such file"),
    ],
)
def test_what_is_no_library(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SearchError, match=message):
        read_library(tmp_path / name)


def test_hdf5_of_something_else(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["values"] = [1, 2]
    with pytest.raises(SearchError, match=r"other\.h5: not a file of spectra as predict\.py"):
        read_library(tmp_path / "other.h5")
    path = without_digest(write_predictions(tmp_path / "short.h5"))
    with h5py.File(path, "r+") as file:
        file["metadata/name"].resize(2, axis=0)
    with pytest.raises(SearchError, match="its arrays differ in length"):
        read_library(path)


def test_parquet_of_something_else(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    (tmp_path / "text.parquet").write_text("text")
    with pytest.raises(SearchError, match=r"text\.parquet: not a Parquet file, or damaged"):
        read_library(tmp_path / "text.parquet")
    write_table(pyarrow.table({"name": ["x"]}), tmp_path / "other.parquet")
    with pytest.raises(SearchError, match=r"no column 'mz'"):
        read_library(tmp_path / "other.parquet")


def test_a_folder_is_no_library(tmp_path):
    (tmp_path / "lib.msp").mkdir()
    with pytest.raises(SearchError, match="is a folder"):
        read_library(tmp_path / "lib.msp")


def test_queries_are_read_with_blanks_and_without_broken_ones(tmp_path):
    text = build_msp("unknown", fields={"MW": "46"}) + build_msp("blank", {})
    (tmp_path / "peaks.msp").write_text(text + build_msp("broken", num_peaks=3))
    queries, unreadable = read_queries(tmp_path / "peaks.msp")
    assert [(query.name, query.nominal_mass, len(query.spectrum)) for query in queries] == [
        ("unknown", 46, 9),
        ("blank", None, 0),
    ]
    assert [found.text for found in unreadable] == ["broken"]


def test_a_query_pasted_from_a_spreadsheet(tmp_path):
    (tmp_path / "peak 7.csv").write_text("m/z\tAbundance\n31\t1203455\n45\t613762\n")
    [query], unreadable = read_queries(tmp_path / "peak 7.csv")
    assert (query.name, len(query.spectrum), unreadable) == ("peak 7", 2, [])
    [result] = search([query], list(read_library(write_predictions(tmp_path / "lib.sdf"))))
    assert result.hits[0].entry.smiles == "CCO"


def test_records_that_cannot_be_read_are_told_with_line_and_reason(tmp_path):
    text = "##TITLE={}\n##PEAK TABLE=(XY..XY)\n31,{} 45,510\n##END=\n"
    (tmp_path / "x.jdx").write_text(text.format("a", "999") + text.format("b", "9x9"))
    entry, skipped = read_library(tmp_path / "x.jdx")
    assert (entry.name, entry.predicted) == ("a", False)
    assert skipped == Skipped(
        5, "b", "", "peak list cannot be read (line 7: cannot read the peaks '31,9x9 45,510')"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file"),
        ("", "holds no spectrum to search for"),
        (build_msp("broken", num_peaks=3), "line 1: peak list cannot be read"),
    ],
)
def test_no_query(tmp_path, text, message):
    if text is not None:
        (tmp_path / "peaks.msp").write_text(text)
    with pytest.raises(SearchError, match=message):
        read_queries(tmp_path / "peaks.msp")


@pytest.mark.parametrize("file", ["lib.parquet", "lib.h5"])
@pytest.mark.parametrize("flips", [50, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_bit_that_turned_over_in_a_table_is_noticed_or_changes_nothing(tmp_path, file, flips):
    if file.endswith("parquet"):
        pytest.importorskip("pyarrow")
    path = write_predictions(tmp_path / file)
    wanted, noticed = described(path), 0
    for damaged in bit_flips(path.read_bytes(), flips):
        path.write_bytes(damaged)
        try:
            assert described(path) == wanted
        except SearchError as error:
            assert str(path) in str(error)
            noticed += 1
    assert noticed > 0.9 * flips


def described(path):
    return [
        (
            entry.record.name,
            entry.record.structures,
            entry.record.inchikey,
            entry.predicted,
            entry.record.spectrum.mz.tolist(),
            entry.record.spectrum.intensity.tolist(),
        )
        for entry in read_library(path)
    ]


def test_a_store_other_than_its_digest_is_refused(tmp_path):
    path = build_store(tmp_path / "spectra.h5", ["CCO", "CCN"])
    assert len(list(read_library(path))) == 2
    for damaged in bit_flips(path.read_bytes()):
        path.write_bytes(damaged)
        for read in (read_library, read_queries):
            with pytest.raises(SearchError, match=rf"^{path}: [^\n]*$"):
                read(path)


def test_any_library_with_a_digest_beside_it_is_checked(tmp_path):
    path = write_predictions(tmp_path / "lib.msp")
    with written_with_digest(path) as temporary:
        temporary.write_bytes(path.read_bytes())
    assert len(list(read_library(path))) == len(SPECTRA)
    path.write_bytes(path.read_bytes().replace(b"ethanol", b"ethanal"))
    with pytest.raises(SearchError, match=r"lib\.msp: damaged, or .*remove lib\.msp\.sha256"):
        read_library(path)
