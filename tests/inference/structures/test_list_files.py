import gzip

import pytest

from nextims.files.digest import file_digest
from nextims.inference.structures.list_files import count_lines, input_digest, list_files
from nextims.inference.structures.lists import (
    InputError,
    InputStructure,
    read_batch,
    read_structures,
)


def test_a_gzipped_list_is_read_as_the_list(tmp_path):
    content = b"smiles;name\nCCO;ethanol\nC;\n"
    (tmp_path / "table.csv").write_bytes(content)
    (tmp_path / "table.csv.gz").write_bytes(gzip.compress(content))
    plain, zipped = (read_batch(tmp_path / f"table.csv{end}") for end in ("", ".gz"))
    assert list(zipped[0]) == list(plain[0])
    assert zipped[1] == plain[1] == 3


@pytest.mark.parametrize(
    "content",
    [b"CCO\n", gzip.compress(b"CCO\nCC\n" * 5000)[:-50], b""],
    ids=["not gzipped", "cut off", "empty"],
)
def test_a_damaged_gzip_is_named(tmp_path, content):
    path = tmp_path / "list.smi.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"list\.smi\.gz: (cannot be read as gzip|holds no struc)"):
        list(read_batch(path)[0])


def test_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow", reason='needs pip install -e ".[formats]"')
    from pyarrow.parquet import write_table

    path = tmp_path / "library.parquet"
    columns = {"id": [7, 8, 9], "Name": ["ethanol", None, "β"], "SMILES": ["CCO ", "C", None]}
    write_table(pa.table(columns), path)
    structures, lines = read_batch(path)
    assert lines == 3
    assert list(structures) == [
        InputStructure(1, "CCO", "ethanol"),
        InputStructure(2, "C", ""),
        InputStructure(3, "", "β"),
    ]
    write_table(pa.table({"formula": ["CH4"]}), path)
    with pytest.raises(InputError, match=r"no column smiles \(or InChI\); its columns are formula"):
        read_structures(path)
    path.write_bytes(b"CCO\n")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read_structures(path)
    with pytest.raises(InputError, match=r"no\.parquet: no such file"):
        read_structures(tmp_path / "no.parquet")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "b.smi").write_text("C methane\n\nCC")
    (folder / "a.csv").write_text("name,smiles\nethanol,CCO\n")
    (folder / "c.txt.gz").write_bytes(gzip.compress(b"CCN\n"))
    (folder / "_SUCCESS").touch()
    (folder / ".hidden").touch()
    return folder


def test_a_folder_is_read_as_one_list(folder):
    structures, lines = read_batch(folder)
    assert lines == 6
    assert list(structures) == [
        InputStructure(2, "CCO", "ethanol", file="a.csv", file_line=2),
        InputStructure(3, "C", "methane", file="b.smi", file_line=1),
        InputStructure(5, "CC", "", file="b.smi", file_line=3),
        InputStructure(6, "CCN", "", file="c.txt.gz", file_line=1),
    ]


def test_nothing_in_a_folder_is_passed_over_in_silence(folder):
    (folder / "notes.docx").touch()
    with pytest.raises(InputError, match=r"library: holds notes\.docx, which is no list"):
        read_structures(folder)
    (folder / "notes.docx").rename(folder / "d.smi")
    (folder / "d.smi").write_bytes(b"PK\0\0")
    with pytest.raises(InputError, match=r"d\.smi: not a text file"):
        read_structures(folder)
    (folder / "d.smi").unlink()
    (folder / "e.smi").mkdir()
    with pytest.raises(InputError, match=r"holds e\.smi"):
        list_files(folder)


def test_the_digest_tells_inputs_apart(folder):
    first = input_digest(folder)
    assert input_digest(folder) == first != input_digest(folder / "b.smi")
    assert input_digest(folder / "b.smi") == file_digest(folder / "b.smi")
    (folder / "b.smi").rename(folder / "d.smi")
    renamed = input_digest(folder)
    (folder / "d.smi").write_text("C methane\n\nCCC")
    assert len({first, renamed, input_digest(folder)}) == 3


def test_counting_leaves_pipes_alone():
    assert count_lines("-") is None
