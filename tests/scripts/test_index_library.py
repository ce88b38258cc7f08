"""The command that makes an index, as a user types it."""

import pytest

from builders import build_library, build_msp, load_script
from nextims.searching.library_index import LibraryIndex

pytest.importorskip("ms_entropy")


@pytest.fixture(scope="module")
def script():
    return load_script("index_library")


def test_it_says_what_it_made_and_what_it_left_out(script, tmp_path, capsys):
    library = build_library(tmp_path / "lib.msp")
    assert script.main(["--library", str(library)]) == 3
    out, err = capsys.readouterr()
    assert out.startswith(f"{len(LibraryIndex(library))} entries indexed in {library}.index (0.")
    assert err.splitlines()[0].endswith(": blank: no peak")
    assert err.splitlines()[-1] == "2 of 81 entries could not be used"
    library.write_text(build_msp())
    assert script.main(["--library", str(library)]) == 0
    assert capsys.readouterr().err == ""


def test_many_are_counted(script, tmp_path, capsys):
    library = tmp_path / "lib.msp"
    library.write_text(build_msp() + build_msp("blank", {}) * 30)
    assert script.main(["--library", str(library)]) == 3
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 21
    assert err[-1] == (
        "30 of 31 entries could not be used; the first 20 are named above, "
        "nextims search --output lists all"
    )


def test_what_cannot_be_indexed(script, tmp_path, capsys):
    assert script.main(["--library", str(tmp_path / "no.msp")]) == 2
    assert "no.msp: no such file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
