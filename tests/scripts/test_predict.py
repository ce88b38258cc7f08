"""The prediction command as a user types it."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from rdkit import Chem

from builders import build_calibration, load_script, save_student, save_teacher
from nextims.config import PROJECT_ROOT

SCRIPT = PROJECT_ROOT / "scripts" / "predict.py"
SHIPPED = PROJECT_ROOT / "checkpoints" / "student" / "best_student.pt"


@pytest.fixture(scope="module")
def predict():
    return load_script("predict")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_student(tmp_path_factory.mktemp("weights") / "small.pt")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "teacher.pt"
    return save_teacher(path, calibration=build_calibration().to_metadata())


@pytest.fixture
def run(predict, checkpoint, tmp_path, monkeypatch, capfd):
    """Run the command in an empty folder: exit status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments, stdin=None):
        if stdin is not None:
            stream = io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin)))
            monkeypatch.setattr("sys.stdin", stream)
        if "--checkpoint" not in arguments:
            arguments += ("--checkpoint", str(checkpoint))
        status = predict.main(list(arguments))
        sys.stdout.flush()
        return status, *capfd.readouterr()

    return command


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_one_structure_is_shown(run, tmp_path):
    status, out, err = run("--smiles", "OCC")
    assert status == 0
    assert out.splitlines()[0].split() == ["SMILES", "CCO"]
    assert "C2H6O" in out
    assert "neutral loss" in out
    assert err == ""
    assert names(tmp_path) == []


def test_one_structure_can_be_written_as_well(run, tmp_path):
    status, out, _ = run("--smiles", "CCO ethanol", "--output", "ethanol.msp")
    assert status == 0
    assert "C2H6O" in out
    assert (
        (tmp_path / "ethanol.msp").read_bytes().startswith(b"Name: ethanol\r\nFormula: C2H6O\r\n")
    )


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("C1CC", "C1CC: RDKit cannot read the structure (ring 1 is not closed, character 2)"),
        ("", "(empty): empty structure"),
        ("[Na+].[Cl-]", "several components"),
        ("C[Zn]C", "unsupported element Zn"),
        ("C" * 30, "nominal mass 422 Da above max_mz 300"),
    ],
)
def test_one_structure_that_cannot_be_predicted(run, smiles, reason):
    status, out, err = run("--smiles", smiles)
    assert (status, out) == (3, "")
    assert err.startswith("error: ")
    assert err.strip().endswith(reason)


BATCH = b"CCO ethanol\r\n\r\nC1CC broken\r\nCCO\r\nc1ccccc1\tbenzene"


def test_a_batch_keeps_order_and_reports_failures(run, tmp_path):
    (tmp_path / "list.txt").write_bytes(BATCH)
    status, out, err = run("--batch", "list.txt", "--output", "spectra.json")
    assert (status, out) == (3, "")
    records = [json.loads(line) for line in (tmp_path / "spectra.json").read_text().splitlines()]
    assert [(r["line"], r["name"], r["smiles"]) for r in records] == [
        (1, "ethanol", "CCO"),
        (4, "", "CCO"),
        (5, "benzene", "c1ccccc1"),
    ]
    with (tmp_path / "spectra.json.errors.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "text", "name", "reason"],
            [
                "3",
                "C1CC",
                "broken",
                "RDKit cannot read the structure (ring 1 is not closed, character 2)",
            ],
        ]
    assert err.splitlines() == [
        "line 3: C1CC: RDKit cannot read the structure (ring 1 is not closed, character 2)",
        "3 of 4 structures predicted, written to spectra.json; the others are listed in "
        "spectra.json.errors.csv",
    ]


@pytest.mark.parametrize("options", [(), ("--parts", "256"), ("--workers", "2")], ids=str)
def test_what_is_drawn_with_charges_is_told_and_predicted_neutral(run, tmp_path, options):
    (tmp_path / "list.smi").write_text(
        "CCO\n[NH3+]CC(=O)[O-] glycine\nC[N+](C)(C)C\nC[N+](=O)[O-]\nCN.Cl\n"
    )
    status, _, err = run("--batch", "list.smi", "--output", "spectra.json", *options)
    assert status == 3
    records = [json.loads(line) for line in (tmp_path / "spectra.json").read_text().splitlines()]
    assert [each["smiles"] for each in records] == ["CCO", "NCC(=O)O", "C[N+](=O)[O-]"]
    assert err.splitlines()[:3] == [
        "line 2: predicted as the neutral molecule NCC(=O)O",
        "line 3: C[N+](C)(C)C: permanent cation (quaternary ammonium)",
        "line 5: CN.Cl: several components (give the free base or acid alone: CN)",
    ]


def test_a_batch_of_mol_blocks(run, tmp_path):
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
    (tmp_path / "list.sdf").write_text(f"ethanol{block}$$$$\nbroken\n\n\nM  END\n$$$$\n")
    status, _, err = run("--batch", "list.sdf", "--output", "spectra.msp")
    assert status == 3
    assert (tmp_path / "spectra.msp").read_bytes().startswith(b"Name: ethanol\r\n")
    assert err.splitlines()[0] == "line 12: MOL block: RDKit cannot read the structure"


def test_a_list_of_something_else_is_refused_once(run, tmp_path):
    (tmp_path / "list.smi").write_text("ethanol\nacetone\n")
    status, _, err = run("--batch", "list.smi", "--output", "spectra.msp")
    assert (status, len(err.splitlines())) == (2, 1)
    assert "list.smi: holds names or other words ('ethanol' in line 1); expected a SMILES" in err
    assert names(tmp_path) == ["list.smi"]


@pytest.mark.parametrize("ending", ["msp", "csv", "json"])
def test_a_batch_without_failures(run, tmp_path, ending):
    (tmp_path / "list.smi").write_text("CCO\nCCN")
    status, _, err = run("--batch", "list.smi", "--output", f"spectra.{ending}")
    assert status == 0
    assert "2 of 2 structures predicted" in err
    assert names(tmp_path) == ["list.smi", f"spectra.{ending}"]


def test_a_batch_as_a_table(run, tmp_path):
    (tmp_path / "table.csv").write_text('name;smiles\n"1,2-diol";OCCO\n')
    assert run("--batch", "table.csv", "--output", "spectra.msp")[0] == 0
    assert (tmp_path / "spectra.msp").read_bytes().startswith(b"Name: 1,2-diol\r\n")


def test_standard_input(run, tmp_path):
    assert run("--batch", "-", "--output", "spectra.csv", stdin=b"CCO\nCCN\n")[0] == 0
    lines = {row["line"] for row in csv.DictReader((tmp_path / "spectra.csv").open())}
    assert lines == {"1", "2"}


def test_a_batch_without_output_goes_to_standard_output(run, tmp_path, capfd):
    status, out, err = run("--batch", "-", stdin=BATCH)
    assert status == 3
    run("--batch", "-", "--output", "spectra.msp", stdin=BATCH)
    assert out == (tmp_path / "spectra.msp").read_bytes().decode()
    assert out.count("Num Peaks: ") == 3
    assert "3 of 4 structures predicted" in err


def test_a_batch_of_failures_only(run, tmp_path):
    status, _, err = run("--batch", "-", "--output", "spectra.csv", stdin=b"C1\n")
    assert status == 3
    assert "0 of 1 structures predicted" in err
    assert len((tmp_path / "spectra.csv").read_text().splitlines()) == 1  # the columns' names
    assert names(tmp_path) == ["spectra.csv", "spectra.csv.errors.csv"]


def test_files_are_the_same_each_time(run, tmp_path):
    (tmp_path / "list.txt").write_text("CCO\nCCN\nBrCCBr\n" * 100)
    for output in ("first.msp", "second.msp"):
        run("--batch", "list.txt", "--output", output)
    assert (tmp_path / "first.msp").read_bytes() == (tmp_path / "second.msp").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--batch", "missing.txt"), "missing.txt: no such file"),
        (("--batch", "empty.txt"), "empty.txt: holds no structures"),
        (("--batch", "header.csv"), "header.csv: holds no structures"),
        (("--batch", "list.txt", "--output", "x.xls"), "written as .msp, .json, .jsonl, .csv"),
        (("--batch", "list.txt", "--mol-folder"), "--mol-folder: needs --output LIB.msp"),
        (("--smiles", "C", "--output", "x.mgf", "--annotate"), ".mgf has no place for ions"),
        (("--smiles", "C", "--output", "x.csv", "--dialect", "msdial"), "msdial is one of .msp"),
        (("--batch", "list.txt", "--output", "no/x.msp"), "the folder no does not exist"),
        (("--batch", "list.csv", "--output", "./list.csv"), "is an input as well"),
        (("--batch", "x.msp.errors.csv", "--output", "x.msp"), "x.msp.errors.csv: is an input"),
        (("--smiles", "C", "--checkpoint", "no.pt"), "no.pt: no such checkpoint; this makes one"),
        (("--smiles", "C", "--checkpoint", "list.txt"), "list.txt: "),
        (("--smiles", "C", "--config", "no.yaml"), "no.yaml: no such configuration file"),
    ],
)
def test_wrong_usage_is_one_line(run, tmp_path, arguments, message):
    for name, content in (
        ("empty.txt", ""),
        ("header.csv", "smiles,name\n"),
        ("list.txt", "C\n"),
        ("list.csv", "C\n"),
        ("x.msp.errors.csv", "smiles\nC\n"),
    ):
        (tmp_path / name).write_text(content)
    before = names(tmp_path)
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert names(tmp_path) == before


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--smiles", "C", "--batch", "x"],
        ["--smiles", "C", "--foo"],
        ["--smiles", "CCO", "--derivatise", "tfa"],
        ["--smiles", "CCO", "--partial"],
    ],
)
def test_arguments_that_do_not_fit(predict, arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        predict.main(arguments)
    assert exit_.value.code == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.endswith("--help\n")


def test_ctrl_c_leaves_no_half_file(run, tmp_path, monkeypatch):
    from nextims.inference import Predictor

    real = Predictor.predict_stream

    def interrupted(self, structures, **options):
        yield from real(self, structures, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(Predictor, "predict_stream", interrupted)
    (tmp_path / "spectra.msp").write_text("an earlier run's")
    status, _, err = run("--batch", "-", "--output", "spectra.msp", stdin=b"CCO\nC1\n")
    assert status == 130
    assert err.splitlines()[-1] == "interrupted"
    assert names(tmp_path) == ["spectra.msp"]
    assert (tmp_path / "spectra.msp").read_text() == "an earlier run's"


def test_the_ions_are_shown_and_written(run, teacher, tmp_path):
    status, out, _ = run(
        "--checkpoint", str(teacher), "--smiles", "Cc1ccccc1", "--annotate", "--output", "x.msp"
    )
    assert status == 0
    assert "exact m/z" in out
    assert re.search(r"C4H5\+ +53\.0386", out)
    assert '"C7H8+=M ' in (tmp_path / "x.msp").read_text()


def test_a_batch_with_ions(run, teacher, tmp_path):
    (tmp_path / "list.txt").write_text("CCO\nC1CC\nClC(Cl)(Cl)Cl\n")
    arguments = ("--checkpoint", str(teacher), "--batch", "list.txt", "--annotate")
    assert run(*arguments, "--output", "x.json")[0] == 3
    ethanol, _ = map(json.loads, (tmp_path / "x.json").read_text().splitlines())
    assert [a["mz"] for a in ethanol["annotations"]] == [mz for mz, _ in ethanol["peaks"]]
    run(*arguments, "--output", "x.csv")
    rows = list(csv.DictReader((tmp_path / "x.csv").open()))
    assert {row["ion_mz"] for row in rows if row["ion"] == "CCl3+"} == {"116.9060"}
    _, out, err = run(*arguments, "--exact-mass")
    assert "\n116.9060 " in out.replace("\r", "")
    assert re.search(r"2 of 3 structures predicted; on average \d+\.\d % of the intensity", err)


def test_accurate_masses(run, teacher):
    _, out, _ = run("--checkpoint", str(teacher), "--smiles", "ClC(Cl)(Cl)Cl", "--exact-mass")
    assert "116.9060" in out
    assert "Left out, for want of an ion" in out


def test_the_expected_similarity_is_shown_and_written(run, teacher, tmp_path):
    arguments = ("--checkpoint", str(teacher), "--smiles", "CCO", "--uncertainty")
    status, out, _ = run(*arguments, "--output", "x.json")
    assert status == 0
    text = r"cosine 0\.\d\d \(middle half of such predictions: 0\.\d\d-0\.\d\d\)"
    assert re.search(rf"^Expected       {text}$", out, re.MULTILINE)
    record = json.loads((tmp_path / "x.json").read_text())
    assert len(record["peak_deviations"]) == len(record["peaks"])
    expected = record["expected_similarity"]["cosine"]
    assert f"cosine {expected['mean']:.2f} " in out
    assert run(*arguments)[1] == out
    run(*arguments, "--output", "x.msp")
    assert re.search(rf'Comments: .*"expected {text}"', (tmp_path / "x.msp").read_text())
    run(*arguments, "--annotate", "--exact-mass", "--output", "x.csv")
    row = next(csv.DictReader((tmp_path / "x.csv").open()))
    assert float(row["expected_cosine"]) == expected["mean"]
    assert row["deviation"] == ""  # is of the peaks at nominal masses
    assert row["unexplained"] != ""


def test_a_teacher_without_calibration_is_refused(run, tmp_path):
    save_teacher(tmp_path / "old.pt")
    status, out, err = run("--checkpoint", "old.pt", "--smiles", "CCO", "--uncertainty")
    assert (status, out) == (2, "")
    assert err.startswith("error: old.pt: holds no calibration")
    assert "nextims train teacher --phase finetune" in err
    assert run("--checkpoint", "old.pt", "--smiles", "CCO")[0] == 0


@pytest.mark.parametrize("option", ["--annotate", "--exact-mass", "--uncertainty"])
def test_only_a_teacher_knows_the_ions(run, option):
    status, out, err = run("--smiles", "CCO", option)
    assert (status, out) == (2, "")
    assert re.fullmatch(
        rf"error: {option}: needs a teacher; --checkpoint .*best_finetune_teacher\.pt\n", err
    )


@pytest.fixture
def matplotlib():
    return pytest.importorskip("matplotlib", reason='needs pip install -e ".[plot]"')


MEASURED = """Name: alcohol
SMILES: CCO
Num Peaks: 3
27 200; 31 999; 45 500

Name: amine
SMILES: CCN
Num Peaks: 2
30 999; 45 200
"""


def test_a_spectrum_is_drawn(run, tmp_path, matplotlib):
    status, out, err = run("--smiles", "CCO ethanol", "--plot", "x.svg")
    assert (status, err) == (0, "")
    assert out.endswith("\ndrawn: x.svg\n")
    assert ">ethanol</text>" in (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert names(tmp_path) == ["x.svg"]
    assert run("--smiles", "C1CC", "--plot", "y.svg")[0] == 3
    assert names(tmp_path) == ["x.svg"]


def test_ions_and_uncertainty_are_drawn(run, teacher, tmp_path, matplotlib):
    arguments = ("--checkpoint", str(teacher), "--smiles", "ClC(Cl)(Cl)Cl", "--plot", "x.svg")
    assert run(*arguments, "--annotate", "--uncertainty")[0] == 0
    text = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert ">CCl₃⁺</text>" in text or ">117 CCl₃⁺</text>" in text
    assert "±1 standard deviation" in text
    assert 'id="whiskers"' in text


def test_a_spectrum_is_compared_with_a_measured_one(run, tmp_path, matplotlib):
    (tmp_path / "lab.msp").write_text(MEASURED)
    assert run("--smiles", "OCC", "--plot", "x.svg", "--compare", "lab.msp")[0] == 0
    text = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert ">measured: alcohol</text>" in text
    assert re.search(r">cosine \d\.\d\d · m·√I cosine \d\.\d\d · entropy similarity \d", text)
    status, out, err = run("--smiles", "CCCC", "--plot", "y.svg", "--compare", "lab.msp")
    assert (status, out) == (2, "")
    assert err.startswith("error: lab.msp: none of 2 records has the InChIKey IJDNQMDRQITEOD")
    assert names(tmp_path) == ["lab.msp", "x.svg"]


def test_all_scores_are_printed(run, tmp_path):
    (tmp_path / "lab.msp").write_text(MEASURED)
    status, out, err = run("--smiles", "OCC", "--compare", "lab.msp")
    assert (status, err) == (0, "")
    title, *scores = out.split("Compared with ")[1].splitlines()
    assert title == "alcohol, lab.msp"
    assert len(scores) == 12
    assert scores[0].split()[0] == "cosine"
    assert float(scores[0].split()[1]) <= 1
    assert scores[-1].split()[0] == "nist_similarity_reverse_match_factor"
    assert names(tmp_path) == ["lab.msp"]


def test_scores_of_a_batch_are_a_table(run, tmp_path):
    (tmp_path / "lab.msp").write_text(MEASURED)
    (tmp_path / "list.txt").write_text("CCO ethanol\nCCC\nCCN\n")
    status, out, err = run("--batch", "list.txt", "--output", "x.msp", "--compare", "lab.msp")
    assert status == 0
    heads, *rows = [line.split("\t") for line in out.splitlines()]
    assert heads[:4] == ["line", "name", "measured", "cosine"]
    assert [row[:3] for row in rows] == [["1", "ethanol", "alcohol"], ["3", "", "amine"]]
    assert {len(row) for row in rows} == {len(heads)} == {15}
    assert "line 2: lab.msp: none of 2 records has the InChIKey ATUOYWHBWRKTHZ" in err


def test_other_formats_go_to_standard_output(run, tmp_path):
    status, out, err = run("--smiles", "CCO ethanol", "--format", "json")
    assert (status, err) == (0, "")
    assert json.loads(out)["name"] == "ethanol"
    status, out, err = run("--batch", "-", "--format", "csv", stdin=b"CCO\nC1CC\nCO\n")
    assert status == 3
    rows = list(csv.DictReader(io.StringIO(out)))
    assert {row["smiles"] for row in rows} == {"CCO", "CO"}
    assert err.splitlines()[-1] == "2 of 3 structures predicted"
    assert names(tmp_path) == []


COLUMNS = (
    "SMILES,Name,CAS No.,Retention Index,lab\n"
    'CCO,ethanol,64-17-5,427,"A, 1"\nC1CC,broken,1,2,3\nCO,methanol,67-56-1,,B\n'
)


def test_columns_go_through_on_demand(run, tmp_path):
    (tmp_path / "list.csv").write_text(COLUMNS)
    keep = ("--batch", "list.csv", "--keep-columns", "CAS,ri,lab", "--output")
    assert run(*keep, "x.msp")[0] == 3
    ethanol, methanol = (tmp_path / "x.msp").read_text().strip().split("\n\n")
    assert "CAS#: 64-17-5\nRetention_index: 427\n" in ethanol and '"lab=A, 1"' in ethanol
    assert "CAS#: 67-56-1\n" in methanol and "Retention_index: SemiStdNP=" in methanol
    assert run(*keep, "x.json")[0] == 3
    said = [json.loads(line)["columns"] for line in (tmp_path / "x.json").read_text().splitlines()]
    assert said[0] == {"CAS": "64-17-5", "ri": "427", "lab": "A, 1"}
    assert run(*keep, "x.csv")[0] == 3
    with (tmp_path / "x.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["name"], row["CAS"], row["lab"]) for row in rows} == {
        ("ethanol", "64-17-5", "A, 1"),
        ("methanol", "67-56-1", "B"),
    }
    assert run(*keep, "x.sdf")[0] == 3
    # What was written is a list with fields in its turn, and a library with retention indices.
    keep = ("--batch", "x.sdf", "--keep-columns", "CAS,RI", "--format", "msp", "--quiet")
    status, out, _ = run(*keep)
    assert status == 0 and "CAS#: 64-17-5\nRetention_index: 427\n" in out.replace("\r", "")
    from nextims.formats.reading import read_spectra

    measured, predicted = (record for record in read_spectra(tmp_path / "x.msp"))
    assert (measured.retention_index, measured.retention_deviation) == (427, None)
    assert predicted.column == "semi-standard non-polar" and predicted.retention_deviation


def test_what_is_said_of_a_derivative_names_it_and_its_line(run, tmp_path):
    (tmp_path / "list.csv").write_text("smiles,name\nCCO,ethanol\nC[Se]CCO,selenide\n")
    for options in ((), ("--parts", "256")):
        status, _, err = run(
            *("--batch", "list.csv", "--derivatise", "tms", "--output", f"x{len(options)}.msp"),
            *options,
        )
        assert status == 0
        assert "line 3: selenide 1TMS: no training data for Se" in err


def test_the_file_of_one_structure_is_named(run):
    status, out, err = run("--smiles", "CCO", "--output", "e.jdx")
    assert (status, err) == (0, "written to e.jdx\n") and "C2H6O" in out
    assert run("--smiles", "CCO", "--output", "f.jdx", "--quiet")[2] == ""


def test_a_list_of_metabolites_keeps_the_retention_of_its_derivatives(run, tmp_path):
    (tmp_path / "list.csv").write_text(
        'smiles,name,CAS,RT,RI\nOCCO,glycol,107-21-1,"5,23",990\n'
        "CC(O)C(=O)O,lactic acid,50-21-5,6.1,1066\n"
    )
    keep = ("--derivatise", "BSTFA", "--keep-columns", "CAS,RT,RI")
    status, _, err = run("--batch", "list.csv", *keep, "--output", "x.msp")
    assert status == 0
    assert "note: --keep-columns: CAS left out: of the structure in the list, of no deriv" in err
    assert "note: --keep-columns: RT, RI kept with each derivative: right where" in err
    text = (tmp_path / "x.msp").read_text()
    assert text.count("CAS") == 0 and "RT: 5.23\nRetention_index: 990\n" in text
    from nextims.formats.reading import read_spectra

    assert [each.retention_time for each in read_spectra(tmp_path / "x.msp")] == [5.23, 6.1]


def test_columns_of_a_sample_go_with_its_derivatives(run, tmp_path):
    (tmp_path / "list.csv").write_text("smiles,name,lab\nOCCO,glycol,A\nCC,ethane,B\n")
    keep = ("--batch", "list.csv", "--derivatise", "tms", "--keep-columns", "lab")
    assert run(*keep, "--output", "x.json")[0] == 0
    said = [json.loads(line) for line in (tmp_path / "x.json").read_text().splitlines()]
    assert [(each["name"], each["columns"]["lab"]) for each in said] == [
        ("glycol 2TMS", "A"),
        ("ethane", "B"),
    ]


def test_an_output_that_no_format_has_is_named_as_such(run, tmp_path):
    (tmp_path / "list.csv").write_text(COLUMNS)
    keep = ("--batch", "list.csv", "--keep-columns", "CAS", "--output", "x.xlsx")
    status, _, err = run(*keep)
    assert status == 2 and err.startswith("error: x.xlsx: unknown ending '.xlsx'; spectra can be")


def test_without_them_the_output_is_as_ever(run, tmp_path):
    (tmp_path / "list.csv").write_text(COLUMNS)
    assert run("--batch", "list.csv", "--output", "x.msp")[0] == 3
    assert "CAS" not in (tmp_path / "x.msp").read_text()


@pytest.mark.parametrize(
    ("name", "text", "there"),
    [
        ("list.csv", COLUMNS, "its columns are SMILES, Name, CAS No., Retention Index, lab"),
        ("list.smi", "CCO ethanol\n", "of its first line, no column is known as smiles (or InChI)"),
    ],
)
def test_a_column_that_is_not_there_is_named(run, tmp_path, name, text, there):
    (tmp_path / name).write_text(text)
    status, out, err = run("--batch", name, "--keep-columns", "CAS,boiling point")
    assert (status, out) == (2, "")
    missing = "boiling point" if name.endswith("csv") else "CAS"
    assert err == f"error: {name}: has no column {missing} to keep; {there}\n"


def test_quiet_says_only_what_went_wrong(run, tmp_path):
    (tmp_path / "list.txt").write_bytes(b"CCO\nC1CC\n[NH3+]CC(=O)[O-]\n")
    status, out, err = run("--batch", "list.txt", "--output", "x.msp", "--quiet")
    assert (status, out) == (3, "")
    assert (
        err == "line 2: C1CC: RDKit cannot read the structure (ring 1 is not closed, character 2)\n"
    )


def test_a_batch_is_drawn_on_pages(run, tmp_path, matplotlib):
    (tmp_path / "lab.msp").write_text(MEASURED)
    (tmp_path / "list.txt").write_text("CCO\nC1CC\nCCN\nCCC\n")
    arguments = ("--batch", "list.txt", "--output", "x.msp", "--plot")
    status, _, err = run(*arguments, "x.svg", "--grid", "--compare", "lab.msp")
    assert status == 3
    assert "line 4: lab.msp: none of 2 records has the InChIKey ATUOYWHBWRKTHZ" in err
    assert err.rstrip().endswith("; drawn in x.svg")
    text = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert [f">{name}</text>" in text for name in ("CCO", "CCN", "CCC", "C1CC")] == [
        True,
        True,
        True,
        False,
    ]
    assert (text.count('id="measured'), text.count('id="predicted')) == (2, 3)
    _, _, err = run(*arguments, "y.svg")
    assert err.rstrip().endswith("; drawn in y-1.svg to y-3.svg")
    assert {"y-1.svg", "y-2.svg", "y-3.svg"} < set(names(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--plot", "x.jpg"), "pictures of spectra can be written as .png, .svg, .pdf"),
        (("--plot", "no/x.png"), "the folder no does not exist"),
        (("--plot", "x.png", "--compare", "no.msp"), "no.msp: no such file"),
        (("--plot", "x.png", "--compare", "empty.msp"), "empty.msp: holds no spectrum"),
        (
            ("--plot", "x.png", "--compare", "lab.msp", "--output", "lab.msp"),
            "lab.msp: is an input as well",
        ),
    ],
)
def test_a_picture_that_cannot_be_is_refused_before_the_model_is_loaded(
    run, tmp_path, monkeypatch, matplotlib, arguments, message
):
    load = "nextims.cli.subcommands.predict._load"
    monkeypatch.setattr(load, lambda arguments: pytest.fail("the model was loaded"))
    (tmp_path / "lab.msp").write_text(MEASURED)
    (tmp_path / "empty.msp").write_text("")
    status, out, err = run("--smiles", "CCO", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert names(tmp_path) == ["empty.msp", "lab.msp"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch", "x", "--compare", "x.msp"], "--compare: spectra go to standard output"),
        (["--batch", "x", "--grid"], "--grid: needs --plot"),
        (["--smiles", "C", "--grid", "--plot", "x.pdf"], "--grid: needs --batch"),
        (["--batch", "x", "--plot", "x.pdf", "--workers", "2"], "is the work of one process"),
    ],
)
def test_picture_options_that_do_not_fit(predict, arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        predict.main(arguments)
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


def test_derivatives_of_one_structure_are_shown_and_written(run, tmp_path):
    glycine = ("--smiles", "NCC(=O)O glycine", "--derivatise", "tms", "--partial")
    status, out, err = run(*glycine, "--output", "glycine.msp")
    assert (status, err) == (0, "written to glycine.msp\n")
    shown = [line.split(maxsplit=1)[1] for line in out.splitlines() if line.startswith("Name ")]
    assert shown == ["glycine 2TMS", "glycine 3TMS", "glycine 1TMS"]
    written = (tmp_path / "glycine.msp").read_text().splitlines()
    assert [line for line in written if line.startswith("Name:")] == [
        f"Name: {name}" for name in shown
    ]


def test_one_structure_without_derivatives_says_so(run):
    status, out, err = run("--smiles", "CCCC butane", "--derivatise", "acetyl")
    assert status == 0
    assert out.splitlines()[0].split() == ["Name", "butane"]
    assert err == "line 1: CCCC: nothing to derivatise, predicted as it is\n"


@pytest.mark.parametrize("ending", ["msp", "csv", "json"])
def test_derivatives_of_a_batch(run, tmp_path, ending):
    (tmp_path / "list.smi").write_text(
        "CCO ethanol\nC1CC broken\nCCCC butane\n\nCC(=O)C(=O)O\nOCC1(O)COC(O)(CO)CO1 dimer\n"
    )
    output = f"spectra.{ending}"
    status, out, err = run("--batch", "list.smi", "--derivatise", "meox-tms", "--output", output)
    assert (status, out) == (3, "")
    text = (tmp_path / output).read_text()
    expected = [(1, "ethanol 1TMS"), (3, "butane"), (5, "CC(=O)C(=O)O 1TMS 1MEOX")]
    if ending == "msp":
        assert re.findall(r"^Name: (.*)$", text, re.MULTILINE) == [name for _, name in expected]
    elif ending == "json":
        records = map(json.loads, text.splitlines())
        assert [(record["line"], record["name"]) for record in records] == expected
    else:
        rows = csv.DictReader(io.StringIO(text))
        assert list(dict.fromkeys((int(row["line"]), row["name"]) for row in rows)) == expected
    with (tmp_path / f"{output}.errors.csv").open(newline="") as file:
        assert [row["line"] for row in csv.DictReader(file)] == ["2", "6"]
    assert "line 3: CCCC: nothing to derivatise, predicted as it is" in err.splitlines()
    assert "line 6: OCC1(O)COC(O)(CO)CO1: falls apart" in err
    assert "3 of 5 structures predicted" in err


def test_help_and_errors_come_without_pytorch(tmp_path):
    code = (
        "import runpy, sys\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as end: status = end.code\n"
        "sys.exit(10 + (status or 0) if 'torch' not in sys.modules else 1)"
    )
    for arguments, expected in ((["--help"], 10), (["--batch", str(tmp_path / "no.txt")], 12)):
        wrapped = f"import sys; sys.argv = {[str(SCRIPT), *arguments]!r}\n{code}"
        done = subprocess.run([sys.executable, "-c", wrapped], capture_output=True, check=False)
        assert done.returncode == expected


@pytest.mark.skipif(os.name == "nt", reason="there is no such pipe on Windows")
def test_a_reader_that_stops_early_is_no_error(checkpoint, tmp_path):
    (tmp_path / "long.txt").write_text("CCO\n" * 2000)
    command = (
        f"{sys.executable} {SCRIPT} --checkpoint {checkpoint} --batch long.txt | head -n 1;"
        " exit ${PIPESTATUS[0]}"
    )
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "Name: CCO\n", "")


def test_several_processes_write_the_same_file(predict, checkpoint, tmp_path):
    smiles = tmp_path / "in.smi"
    smiles.write_text("CCO ethanol\nbroken\nc1ccccc1\nCC(=O)OCC\n")
    files = [tmp_path / "one.msp", tmp_path / "two.msp"]
    for file, workers in zip(files, ("1", "2"), strict=True):
        arguments = ["--checkpoint", str(checkpoint), "--batch", str(smiles), "--output", str(file)]
        assert predict.main([*arguments, "--workers", workers]) == 3
    assert files[0].read_bytes() == files[1].read_bytes()
    errors = [tmp_path / f"{file.name}.errors.csv" for file in files]
    assert errors[0].read_bytes() == errors[1].read_bytes()


def test_an_export_beside_the_checkpoint_is_used_if_it_is_of_the_same_weights(
    predict, checkpoint, capsys, tmp_path, monkeypatch
):
    pytest.importorskip("onnxscript", reason='needs pip install -e ".[onnx]"')
    from nextims.inference.onnx.export import export_onnx
    from nextims.inference.onnx.predictor import OnnxPredictor

    own = tmp_path / "own.pt"
    shutil.copy(checkpoint, own)
    exported = export_onnx(own)
    runs = []
    run = OnnxPredictor._run

    def counted(*arguments):
        runs.append(1)
        return run(*arguments)

    monkeypatch.setattr(OnnxPredictor, "_run", counted)

    def predicted(path):
        assert predict.main(["--checkpoint", str(path), "--smiles", "CCO"]) == 0
        return capsys.readouterr().out

    text = predicted(own)
    assert predicted(exported) == text
    assert len(runs) == 2
    assert predicted(checkpoint).splitlines()[1:] == text.splitlines()[1:]
    save_student(own, seed=2)
    assert predicted(own) != text
    assert len(runs) == 2  # other weights than the export's


@pytest.mark.skipif(not SHIPPED.exists(), reason="the trained student is not in this checkout")
def test_the_command_of_the_readme():
    done = subprocess.run(
        [sys.executable, SCRIPT, "--smiles", "CCO"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Formula        C2H6O" in done.stdout


def test_derivatives_have_numbers_of_their_own(run, tmp_path):
    (tmp_path / "list.smi").write_text("OCCO glycol\nCCCC butane\n")
    arguments = ("--batch", "list.smi", "--derivatise", "tms", "--partial")
    assert run(*arguments, "--output", "library.msp", "--mol-folder")[0] == 0
    text = (tmp_path / "library.msp").read_text()
    assert re.findall(r"^ID: (.*)$", text, re.MULTILINE) == ["1", "2", "3"]
    assert names(tmp_path / "library.MOL") == ["ID1.mol", "ID2.mol", "ID3.mol"]
    assert run(*arguments, "--output", "library.mzspeclib.txt")[0] == 0
    text = (tmp_path / "library.mzspeclib.txt").read_text()
    assert re.findall(r"^<Spectrum=(.*)>$", text, re.MULTILINE) == ["1", "2", "3"]


def test_little_data_of_an_element_is_said_once(run, tmp_path):
    (tmp_path / "list.txt").write_text("CCO\nC[Se]C\nCC[Se]CC\n")
    status, _, err = run("--batch", "list.txt", "--output", "x.msp")
    assert status == 0
    assert err.count("no training data for Se") == 1
    assert "line 2: no training data for Se" in err
    _, out, _ = run("--smiles", "C[Se]C")
    assert "Note           no training data for Se" in out


def test_predictions_are_as_the_own_instrument_records_them(run, tmp_path):
    # Nothing but heavy ions: no instrument of the training spectra has such a tilt.
    smiles = ["CCCCCCO", "CC(=O)OCCCC", "c1ccccc1CCO", "CCCCCCCC(=O)OC", "CC1=CCC(CC1)C(C)=C"]
    record = "SMILES: {}\nNum Peaks: 5\n27 1\n29 1\n31 1\n43 30\n{} 999\n\n"
    masses = (102, 116, 122, 158, 136)
    text = "".join(map(record.format, smiles, masses))
    (tmp_path / "lab.msp").write_text(text, encoding="utf-8")
    (tmp_path / "list.smi").write_text("CCO\nCCCCO\nCCCCCC\n", encoding="utf-8")
    command = ("--batch", "list.smi", "--checkpoint", str(SHIPPED), "--output")
    assert run(*command, "plain.msp")[0] == 0
    own = ("--instrument", "lab.msp")
    status, _, err = run(*command, "own.msp", *own)
    assert status == 0
    assert "lab.msp: 5 molecules: intensity^" in err
    seen = (tmp_path / "own.msp").read_bytes()
    assert seen != (tmp_path / "plain.msp").read_bytes()
    for options in (("--workers", "2"), ("--parts", "256")):
        assert run(*command, "again.msp", *own, *options)[0] == 0
        assert (tmp_path / "again.msp").read_bytes() == seen
    (tmp_path / "lab.msp").write_text(record.format("CCO", 46), encoding="utf-8")
    status, _, err = run(*command, "few.msp", *own)
    assert status == 2
    assert "lab.msp: different molecules" in err and "70 eV: 1; at least 5" in err
    assert not (tmp_path / "few.msp").exists()
