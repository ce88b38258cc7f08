"""Predicting from Python, as a user who types ``nextims.predict``."""

import subprocess
import sys
import time
from functools import partial

import pytest
from rdkit import Chem

import nextims
from nextims.api.prediction import PredictionError
from nextims.config import PROJECT_ROOT
from nextims.errors import UserError

TEACHER = PROJECT_ROOT / "checkpoints" / "teacher" / "best_finetune_teacher.pt"
MENTHOL = "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O"


def python(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_takes_next_to_nothing():
    def seconds(code):
        started = time.perf_counter()
        python(code)
        return time.perf_counter() - started

    pairs = [(seconds("pass"), seconds("import nextims")) for _ in range(5)]
    assert min(after - before for before, after in pairs) < 0.05
    assert python("import nextims, sys; print({'numpy', 'rdkit'} & set(sys.modules))") == "set()"


def test_predicting_imports_no_pytorch():
    code = (
        "import nextims, sys; nextims.predict(['CCO', 'CO'])\n"
        "print({'torch', 'numba', 'matplotlib', 'pandas', 'matchms'} & set(sys.modules))"
    )
    assert python(code) == "set()"


@pytest.mark.parametrize(
    "structure",
    [
        MENTHOL,
        "InChI=1S/C10H20O/c1-7(2)9-5-4-8(3)6-10(9)11/h7-11H,4-6H2,1-3H3/t8-,9+,10-/m1/s1",
        Chem.MolFromSmiles(MENTHOL),
        Chem.MolToMolBlock(Chem.MolFromSmiles(MENTHOL)),
    ],
    ids=["SMILES", "InChI", "RDKit", "MOL"],
)
def test_one_structure_of_any_kind(structure):
    spectrum = nextims.predict(structure)
    assert spectrum.molecule.formula == "C10H20O"
    assert nextims.predict((structure, "menthol")).name == "menthol"
    assert (spectrum.mz == nextims.predict(MENTHOL).mz).all()


def test_spectra_and_failures_come_apart():
    benzene = Chem.MolFromSmiles("c1ccccc1")
    benzene.SetProp("_Name", "benzene")
    given = ["CCO ethanol", ("CO", "methanol"), "C1CC", "64-17-5", "caffeine", "", benzene]
    spectra = nextims.predict(given)
    assert [(s.line, s.name, s.molecule.formula) for s in spectra] == [
        (1, "ethanol", "C2H6O"),
        (2, "methanol", "CH4O"),
        (7, "benzene", "C6H6"),
    ]
    assert [(f.line, f.reason) for f in spectra.failures] == [
        (3, "RDKit cannot read the structure (ring 1 is not closed, character 2)"),
        (4, "a CAS number: give a structure, as SMILES or InChI"),
        (5, "a name: give a structure, as SMILES or InChI"),
        (6, "empty structure"),
    ]
    assert repr(spectra) == "<3 spectra, 4 failures>"


def test_names_are_kept_beside_a_list():
    spectra = nextims.predict(["CCO", "CO"], names=["ethanol", "methanol"])
    assert [spectrum.name for spectrum in spectra] == ["ethanol", "methanol"]
    with pytest.raises(ValueError, match=r"zip\(\)"):
        nextims.predict(["CCO", "CO"], names=["ethanol"])


def test_columns_and_tables_of_pandas():
    pandas = pytest.importorskip("pandas", reason='needs pip install -e ".[test]"')
    table = pandas.DataFrame(
        {"CAS": [64175, 0], "Compound Name": ["ethanol", None], "SMILES": ["CCO", None]}
    )
    for spectra in (
        nextims.predict(table),
        nextims.predict(table["SMILES"], names=table["Compound Name"]),
    ):
        assert [(s.name, s.smiles) for s in spectra] == [("ethanol", "CCO")]
        assert [failure.reason for failure in spectra.failures] == ["empty structure"]
    with pytest.raises(UserError, match=r"no column smiles .*; the table's columns are CAS"):
        nextims.predict(table[["CAS"]])


def test_a_file_of_structures(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("smiles,name\nCCO,ethanol\nCO,methanol\n")
    assert [spectrum.name for spectrum in nextims.predict(path)] == ["ethanol", "methanol"]


@pytest.mark.parametrize(
    ("structure", "reason"),
    [
        ("64-17-5", "64-17-5: a CAS number: give a structure, as SMILES or InChI"),
        ("ethanol", "ethanol: a name: give a structure, as SMILES or InChI"),
        ("C2H6O", "C2H6O: a molecular formula: give a structure, as SMILES or InChI"),
        ("", r"\(empty\): empty structure"),
        ("C1CC", r"C1CC: RDKit cannot read .* \(ring 1 is not closed, character 2\)"),
    ],
)
def test_one_that_is_no_structure_raises(structure, reason):
    with pytest.raises(PredictionError, match=f"^{reason}$"):
        nextims.predict(structure)


def test_a_tuple_that_is_no_pair_is_refused():
    with pytest.raises(TypeError, match="a tuple is a structure and its name, found 3 items"):
        nextims.predict(("CCO", "CO", "C"))


def test_python_and_the_shell_agree(capsys):
    from nextims.cli.main import main

    assert main(["predict", "--smiles", "CCO ethanol", "--format", "json"]) == 0
    import json

    shell = json.loads(capsys.readouterr().out)
    own = nextims.predict("CCO ethanol").to_dict()
    assert shell == own | {"peaks": [list(peak) for peak in own["peaks"]]}


def test_a_student_refuses_what_only_a_teacher_gives():
    with pytest.raises(UserError, match=r"annotate, energy: needs a teacher: nextims\.Predictor"):
        nextims.predict("CCO", annotate=True, energy=20)


def test_the_teacher_names_ions():
    toluene = nextims.Predictor(TEACHER, device="cpu").predict("Cc1ccccc1", annotate=True)
    base = max(toluene.annotations, key=lambda peak: peak.intensity)
    assert base.ions[0].formula == "C7H7+"


def test_a_missing_model_is_named():
    with pytest.raises(UserError, match=r"no\.pt: no such checkpoint"):
        nextims.Predictor("no.pt")


def test_what_there_is_is_listed():
    assert {"predict", "search", "compare", "read", "write", "Predictor"} <= set(dir(nextims))
    with pytest.raises(AttributeError, match="no attribute 'predikt'"):
        _ = nextims.predikt


def test_columns_of_a_table_or_a_file_go_with_the_spectra(tmp_path):
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    table = pandas.DataFrame({
        "SMILES": ["CCO", "C1CC", "CO"], "CAS": ["64-17-5", "x", None], "lab": [1, 2, 3]
    })  # fmt: skip
    spectra = nextims.predict(table, keep_columns=["cas", "lab"])
    assert [spectrum.columns for spectrum in spectra] == [
        (("cas", "64-17-5"), ("lab", "1")),
        (("cas", ""), ("lab", "3")),
    ]
    assert spectra.to_pandas()["cas"].tolist() == ["64-17-5", ""]
    written = nextims.write(spectra, tmp_path / "x.msp").read_text()
    assert "CAS#: 64-17-5" in written and '"lab=3"' in written
    table.to_csv(tmp_path / "list.csv", index=False)
    again = nextims.predict(tmp_path / "list.csv", keep_columns=["cas", "lab"])
    assert [spectrum.columns for spectrum in again] == [spectrum.columns for spectrum in spectra]
    # Of lists put together, each has what it has.
    both = [*spectra, nextims.predict("CC")]
    rows = nextims.write(both, tmp_path / "x.csv").read_text().splitlines()
    assert len({row.count(",") for row in rows}) == 1
    for given, words in ((table, "has no column RT to keep"), (["CCO"], "of a table of pandas")):
        with pytest.raises(UserError, match=words):
            nextims.predict(given, keep_columns=["RT"])
    with pytest.raises(TypeError, match=r"expected a list of names: \['CAS'\]"):
        nextims.predict(table, keep_columns="CAS")


def test_derivatives_in_the_place_of_structures():
    names = [each.name for each in nextims.predict("OCC(O)CO glycerol", derivatise="tms")]
    assert names == ["glycerol 3TMS"]
    spectra = nextims.predict(["CO", "C1CC"], derivatise="tms", partial=True)
    assert [spectrum.smiles for spectrum in spectra] == ["CO[Si](C)(C)C"]
    assert len(spectra.failures) == 1
    with pytest.raises(UserError, match=r"expected one of tms \(mstfa\), meox-tms"):
        nextims.predict("CO", derivatise="mtbstfa")
    assert [each.name for each in nextims.predict("CO", derivatise="BSTFA")] == ["CO 1TMS"]


def test_what_holds_of_a_structure_alone_is_not_kept_of_its_derivatives():
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    table = pandas.DataFrame({"SMILES": ["CO"], "CAS": ["67-56-1"], "lab": ["A"]})
    with pytest.warns(UserWarning, match="keep_columns: CAS left out: of the structure in the li"):
        [spectrum] = nextims.predict(table, derivatise="tms", keep_columns=["CAS", "lab"])
    assert spectrum.columns == (("lab", "A"),)


def test_arguments_that_there_are_not_are_answered_with_those_meant():
    with pytest.raises(TypeError, match=r"no argument derivatize \(did you mean derivatise\?\)"):
        nextims.predict("CO", derivatize="tms")
    with pytest.raises(UserError, match="device: expected one of auto, cpu, cuda, found 'gpu'"):
        nextims.predict("CO", device="gpu")


@pytest.mark.parametrize("instrument", [5, ["lab.msp"], b"lab.msp"])
def test_an_instrument_that_is_no_path(instrument):
    for use in (nextims.Predictor, partial(nextims.predict, "CCO")):
        with pytest.raises(TypeError, match="instrument: expected the path of a file of spectra"):
            use(instrument=instrument)


def test_a_predictor_is_like_the_own_instrument():
    plain = nextims.Predictor()
    own = nextims.Predictor(instrument=PROJECT_ROOT / "docs" / "examples" / "standards.msp")
    assert own.name.startswith(f"{plain.name}, intensity^")
    heights = [each.predict("CCCCO").highest_peaks(9) for each in (plain, own)]
    assert heights[0] != heights[1]
    assert plain.predict("CCCCO").model == plain.name
    assert plain.instrument == ""
    assert "standards.msp: 10 molecules: intensity^" in own.instrument


def test_a_library_is_not_searched_as_an_instrument_records():
    peak = ([27, 29, 31, 45, 46], [220, 300, 999, 510, 220])
    with pytest.raises(TypeError, match="instrument= goes with candidates="):
        nextims.search(peak, [peak], instrument="mine.msp")


def test_standards_that_changed_are_read_anew(tmp_path):
    path = tmp_path / "mine.msp"
    text = (PROJECT_ROOT / "docs" / "examples" / "standards.msp").read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    assert "intensity^" in nextims.predict("CCCCO", instrument=path).model
    path.write_text("Name: nothing\n", encoding="utf-8")
    with pytest.raises(UserError, match="at least 5"):
        nextims.predict("CCCCO", instrument=path)
