"""HDF5 and Parquet of others, and what damage does to them."""

import h5py
import numpy as np
import pytest

from builders import build_store
from nextims.formats.opening import SpectraFileError
from nextims.formats.reading import read_spectra
from nextims.spectra.record import BadRecord, Record


def arrow_table(**columns):
    pyarrow = pytest.importorskip("pyarrow", reason='needs pip install -e ".[formats]"')
    return pyarrow.table(columns)


def write_parquet(path, table, **options):
    from pyarrow.parquet import write_table

    write_table(table, path, **options)
    return path


def test_the_store_keeps_what_it_knows(tmp_path):
    store = build_store(tmp_path / "spectra.h5", ["CCO", "c1ccccc1"], energies=[70, None])
    first, second = read_spectra(store)
    assert (first.id, first.molecule.smiles, first.energy) == ("1", "CCO", 70)
    assert (second.id, second.line, second.energy) == ("2", 2, None)
    assert first.remarks == (first.name,)  # nothing that tells of a prediction


def test_least_that_a_file_must_have(tmp_path):
    with h5py.File(tmp_path / "x.hdf5", "w") as file:
        file["peaks/offsets"] = [0, 2, 2]
        file["peaks/mz"], file["peaks/intensity"] = [31.0, 45.0], [9, 5]
        file.create_group("metadata")
    first, second = read_spectra(tmp_path / "x.hdf5")
    assert (first.name, first.id, len(first.spectrum), len(second.spectrum)) == ("", "#1", 2, 0)
    path = write_parquet(
        tmp_path / "x.parquet", arrow_table(mz=[[31.0, 45.0], None], intensity=[[9, 5], None])
    )
    first, second = read_spectra(path)
    assert (first.name, first.id, len(first.spectrum), len(second.spectrum)) == ("", "#1", 2, 0)


def test_lists_that_do_not_fit_spoil_one_row(tmp_path):
    table = arrow_table(mz=[[31.0], [31.0, 45.0], [-1e9]], intensity=[[9.0], [9.0], [9.0]])
    first, second, third = read_spectra(write_parquet(tmp_path / "x.parquet", table))
    assert isinstance(first, Record)
    assert (second.line, second.detail) == (2, "2 m/z, but 1 intensities")
    assert isinstance(third, Record)
    assert len(third.spectrum) == 0


def test_a_column_of_another_kind(tmp_path):
    table = arrow_table(mz=["31", "x"], intensity=["9", "9"])
    records = list(read_spectra(write_parquet(tmp_path / "x.parquet", table)))
    assert [type(record) for record in records] == [BadRecord, BadRecord]


@pytest.mark.parametrize("ending", [".h5", ".parquet"])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.6, 0.99])
def test_files_that_are_cut_off_are_refused(tmp_path, ending, share):
    if ending == ".h5":
        path = build_store(tmp_path / "x.h5", ["CCO", "CCN"])
    else:
        path = write_parquet(tmp_path / "x.parquet", arrow_table(mz=[[31.0]], intensity=[[9.0]]))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(SpectraFileError, match=r"x\.\w+: not an? \w+ file, or damaged"):
        list(read_spectra(path))


def test_a_damaged_part_is_counted_spectrum_by_spectrum(tmp_path):
    table = arrow_table(mz=[[float(i)] for i in range(1, 31)], intensity=[[9.0]] * 30)
    path = write_parquet(tmp_path / "x.parquet", table, row_group_size=10, compression="gzip")
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        column = file.metadata.row_group(1).column(0)
    content = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(content)
    records = list(read_spectra(path))
    assert [record.line for record in records] == list(range(1, 31))
    bad = [record.line for record in records if isinstance(record, BadRecord)]
    assert bad == list(range(11, 21))
    assert "this part of the file is damaged" in records[10].detail


def test_offsets_that_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.setattr("nextims.formats.hdf5.reading.BATCH", 2)
    path = build_store(tmp_path / "x.h5", ["CCO", "CCN", "CCC", "CCCC"])
    with h5py.File(path, "r+") as file:
        file["peaks/offsets"][1] = 10**6
    records = list(read_spectra(path))
    assert [type(record) for record in records] == [BadRecord, BadRecord, Record, Record]
    assert "peaks/offsets do not fit the peaks" in records[0].detail


def test_a_damaged_chunk_of_hdf5(tmp_path, monkeypatch):
    monkeypatch.setattr("nextims.formats.hdf5.reading.BATCH", 2)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["peaks/offsets"] = np.arange(5)
        for name in ("mz", "intensity"):
            file.create_dataset(
                f"peaks/{name}", data=np.arange(1.0, 5.0), chunks=(2,), compression="gzip"
            )
        file["metadata/name"] = ["a", "b", "c", "d"]
        chunk = file["peaks/mz"].id.get_chunk_info(0)
    content = bytearray((tmp_path / "x.h5").read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    (tmp_path / "x.h5").write_bytes(content)
    records = list(read_spectra(tmp_path / "x.h5"))
    assert [type(record) for record in records] == [BadRecord, BadRecord, Record, Record]
    assert [record.line for record in records] == [1, 2, 3, 4]
