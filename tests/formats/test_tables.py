"""JSON lines, Parquet and HDF5, read back by pyarrow and h5py."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from nextims import __version__
from nextims.files.writing import OutputError
from nextims.formats import table
from nextims.formats.hdf5 import writing
from nextims.formats.spectrum_writer import SpectrumWriter, check_spectra_output
from nextims.spectra.retention import RetentionIndex

NEEDS_PYARROW = 'needs pip install -e ".[formats]"'
COLUMNS = ("line", "smiles", "formula", "nominal_mass", "inchikey")


def facts(result):
    molecule = result.molecule
    return (
        result.line,
        molecule.smiles,
        molecule.formula,
        molecule.nominal_mass,
        molecule.inchikey,
    )


def check_peaks(result, mz, intensity, peaks_of):
    wanted = peaks_of(result)
    np.testing.assert_array_equal(mz, wanted[0])
    np.testing.assert_array_equal(intensity, wanted[1])


def test_pyarrow_reads_json_lines(results, spectra, write, peaks_of):
    pytest.importorskip("pyarrow", reason=NEEDS_PYARROW)
    from pyarrow import json as pyarrow_json

    rows = pyarrow_json.read_json(write("library.jsonl", results)).to_pylist()
    assert len(rows) == len(spectra)
    for result, row in zip(spectra, rows, strict=True):
        assert tuple(row[name] for name in COLUMNS) == facts(result)
        assert row["name"] == result.name
        check_peaks(result, *zip(*row["peaks"], strict=True), peaks_of)


def test_parquet_is_read_back(results, spectra, write, peaks_of):
    pytest.importorskip("pyarrow", reason=NEEDS_PYARROW)
    from pyarrow import parquet

    read = parquet.read_table(write("library.parquet", results))
    assert read.schema.metadata[b"predicted_by"] == f"NExtIMS {__version__}".encode()
    assert read.schema.metadata[b"base_peak"] == b"999"
    rows = read.to_pylist()
    assert len(rows) == len(spectra)
    for result, row in zip(spectra, rows, strict=True):
        assert tuple(row[name] for name in COLUMNS) == facts(result)
        assert (row["name"], row["left_out"]) == (result.name, result.left_out)
        assert row["exact_mass"] == round(result.molecule.exact_mass, 6)
        assert row["model"] == "student best_student.pt"
        check_peaks(result, row["mz"], row["intensity"], peaks_of)


def test_parquet_holds_what_json_holds(toluene, uncertainty, write):
    pytest.importorskip("pyarrow", reason=NEEDS_PYARROW)
    from pyarrow import parquet

    index = RetentionIndex(764.0, 740.0, 790.0)
    result = toluene(uncertainty=uncertainty, retention_index=index)
    options = {"annotated": True, "uncertain": True}
    [row] = parquet.read_table(write("x.parquet", [result], **options)).to_pylist()
    record = json.loads(write("x.json", [result], **options).read_text())
    assert [list(pair) for pair in zip(row.pop("mz"), row.pop("intensity"), strict=True)] == (
        record.pop("peaks")
    )
    assert row.pop("left_out") is None
    assert row == record
    assert row["peak_deviations"] == [50.0, 0.0, 99.9]


def test_hdf5_is_read_back(results, spectra, write, peaks_of):
    with h5py.File(write("library.h5", results)) as file:
        assert dict(file.attrs) == {"predicted_by": f"NExtIMS {__version__}", "base_peak": 999}
        offsets = file["peaks/offsets"][:]
        assert len(offsets) == len(spectra) + 1
        mz, intensity = file["peaks/mz"][:], file["peaks/intensity"][:]
        assert offsets[-1] == len(mz) == len(intensity)
        metadata = {
            name: (data.asstr()[:] if h5py.check_string_dtype(data.dtype) else data[:])
            for name, data in file["metadata"].items()
        }
    for i, result in enumerate(spectra):
        assert tuple(metadata[name][i] for name in COLUMNS) == facts(result)
        assert metadata["name"][i] == result.name
        assert metadata["exact_mass"][i] == round(result.molecule.exact_mass, 6)
        own = slice(offsets[i], offsets[i + 1])
        check_peaks(result, mz[own], intensity[own], peaks_of)
    np.testing.assert_array_equal(metadata["left_out"], [np.nan] * 4 + [0.0312])


def test_hdf5_holds_what_json_holds(toluene, uncertainty, write):
    result, options = toluene(uncertainty=uncertainty), {"annotated": True, "uncertain": True}
    record = json.loads(write("x.json", [result], **options).read_text())
    with h5py.File(write("x.h5", [result], **options)) as file:
        metadata = file["metadata"]
        assert json.loads(metadata["annotations"].asstr()[0]) == record["annotations"]
        assert metadata["expected_cosine"][0] == record["expected_similarity"]["cosine"]["mean"]
        assert metadata["expected_entropy_similarity_upper"][0] == 0.88
        np.testing.assert_allclose(file["peaks/deviation"][:], [50.0, 0.0, 99.9], rtol=1e-6)


def test_deviations_that_are_not_known_are_nan(toluene, uncertainty, write):
    whole = replace(uncertainty, deviations=None)
    path = write("x.h5", [toluene(uncertainty=whole, annotations=None)], uncertain=True)
    with h5py.File(path) as file:
        assert np.isnan(file["peaks/deviation"][:]).tolist() == [True] * 3


def test_parquet_is_written_in_batches(spectra, write, monkeypatch):
    pytest.importorskip("pyarrow", reason=NEEDS_PYARROW)
    from pyarrow import parquet

    monkeypatch.setattr(table, "ROWS_A_BATCH", 2)
    file = parquet.ParquetFile(write("x.parquet", spectra))
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [2, 2, 1]
    assert file.read()["line"].to_pylist() == [1, 2, 4, 5, 6]


def test_hdf5_is_written_in_batches(spectra, write, monkeypatch, peaks_of):
    monkeypatch.setattr(table, "ROWS_A_BATCH", 2)
    batches, append = [], writing.Hdf5Table._append

    def count(self, rows):
        batches.append(len(rows))
        append(self, rows)

    monkeypatch.setattr(writing.Hdf5Table, "_append", count)
    with h5py.File(write("x.h5", spectra)) as file:
        assert file["metadata/line"][:].tolist() == [1, 2, 4, 5, 6]
        lengths = [len(peaks_of(result)[0]) for result in spectra]
        assert np.diff(file["peaks/offsets"][:]).tolist() == lengths
    assert batches == [2, 2, 1]


@pytest.mark.parametrize("ending", [".parquet", ".h5"])
def test_a_table_can_be_empty_and_a_half_one_is_not_left(results, write, tmp_path, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason=NEEDS_PYARROW)
    path = write(f"x{ending}", [results[2]])
    if ending == ".parquet":
        from pyarrow import parquet

        assert parquet.read_table(path).num_rows == 0
    else:
        with h5py.File(path) as file:
            assert file["peaks/offsets"][:].tolist() == [0]
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(KeyboardInterrupt), SpectrumWriter(path) as writer:
        writer.write(results[0])
        raise KeyboardInterrupt
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("ending", [".parquet", ".h5"])
def test_names_that_are_no_text_are_escaped(spectra, write, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason=NEEDS_PYARROW)
    path = write(f"x{ending}", [replace(spectra[0], name="a\udce9\0b")])
    if ending == ".parquet":
        from pyarrow import parquet

        name = parquet.read_table(path)["name"][0].as_py()
    else:
        with h5py.File(path) as file:
            name = file["metadata/name"].asstr()[0]
    assert name == r"a\udce9 b"


def test_a_missing_pyarrow_is_named_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OutputError, match=r'pyarrow is missing: pip install "nextims\[formats\]"'):
        check_spectra_output(tmp_path / "spectra.parquet")
    assert check_spectra_output(tmp_path / "spectra.h5").name == "spectra.h5"
