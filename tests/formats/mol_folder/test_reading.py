import pytest

from nextims.formats.mol_folder.reading import MolFiles


@pytest.mark.parametrize("name", ["ID5.MOL", "id5.mol", "Id5.Mol", "iD5.mOL"])
def test_a_file_is_found_whatever_its_case(tmp_path, name):
    (tmp_path / name).touch()
    files = MolFiles(tmp_path)
    assert files.find("id5.mol").name == name
    assert files.find("id55.mol") is None
    assert files.find("s5.mol") is None


def test_ways_of_writing_may_be_mixed(tmp_path):
    for name in ("ID1.MOL", "id2.mol", "S64175.MOL", "s67641.Mol"):
        (tmp_path / name).touch()
    files = MolFiles(tmp_path)
    found = [files.find(name) for name in ("id1.mol", "id2.mol", "s64175.mol", "s67641.mol")]
    assert [path.name for path in found] == ["ID1.MOL", "id2.mol", "S64175.MOL", "s67641.Mol"]


def test_identifiers_that_are_no_numbers_are_found(tmp_path):
    (tmp_path / "IDHMDB00108.MOL").touch()
    (tmp_path / "notes.txt").touch()
    files = MolFiles(tmp_path)
    assert files.find("idhmdb00108.mol").name == "IDHMDB00108.MOL"
    assert files.find("notes.txt") is None


@pytest.mark.parametrize("folder", [None, "nowhere"])
def test_without_a_folder_there_are_no_files(folder):
    assert MolFiles(folder).find("id5.mol") is None
