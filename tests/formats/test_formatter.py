"""Which format a file has, and that a formatter does in another process what a writer does."""

import pickle

import pytest

from nextims.formats.msp.writing import DIALECTS
from nextims.formats.writing import FORMATS, WITH_IONS, Formatter, file_ending
from nextims.spectra.prediction import FailedPrediction

MODEL = "student best_student.pt"


def contents(folder):
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.mark.parametrize(
    "options",
    [
        *({"ending": ending} for ending in FORMATS),
        {"dialect": "msdial"},
        {"mol_folder": True},
    ],
)
def test_spectra_formatted_elsewhere_make_the_same_file(results, write, tmp_path, options):
    ending = options.get("ending", ".msp")
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason='needs pip install -e ".[formats]"')
    variant = {name: value for name, value in options.items() if name != "ending"}
    write(f"x{ending}", results, **variant)
    before = contents(tmp_path)
    formatter = pickle.loads(pickle.dumps(Formatter(**options)))
    formatted = [
        result
        if isinstance(result, FailedPrediction)
        else pickle.loads(pickle.dumps(formatter(result, MODEL)))
        for result in results
    ]
    write(f"x{ending}", formatted, **variant)
    assert contents(tmp_path) == before
    assert len(before) == (7 if "mol_folder" in options else 2)


def test_the_tables_of_formats_agree():
    assert {ending for ending in FORMATS if FORMATS[ending].table} == {".parquet", ".h5"}
    assert set(WITH_IONS) < set(FORMATS)
    assert DIALECTS["nist"] is FORMATS[".msp"].record


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("LIB.MSP", ".msp"),
        ("a.b.h5", ".h5"),
        ("x.mzSpecLib.txt", ".mzspeclib.txt"),
        ("x.txt", ".txt"),
        (".msp", ""),
        ("x", ""),
    ],
)
def test_endings(name, ending):
    assert file_ending(name) == ending
