"""The search command as a user types it."""

import csv
import functools
import json
import sys

import pytest

from builders import build_library, build_msp, load_script
from nextims.chemistry.molecule import read_molecule
from nextims.cli.subcommands.search import main
from nextims.config import PROJECT_ROOT
from nextims.formats.spectrum_writer import SpectrumWriter
from nextims.inference import loading
from nextims.searching.index_building import build_index
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.spectrum import Spectrum

CANDIDATES = "CCO ethanol\nCOC ether\nC1CC broken\nCCCO\nOCC alcohol\n"
UNKNOWN = build_msp("peak 7", fields={"MW": "46"})


@pytest.fixture(scope="module")
def script():
    return load_script("search")


@pytest.fixture(scope="module")
def load_once():
    """The function that loads a model, which loads each only once."""
    return functools.cache(loading.open_predictor)


@pytest.fixture
def run(script, load_once, tmp_path, monkeypatch, capfd):
    """Run the command in a folder with a query and candidates: status, output, errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "open_predictor", load_once)
    (tmp_path / "unknown.msp").write_text(UNKNOWN)
    (tmp_path / "list.smi").write_text(CANDIDATES)

    def command(*arguments):
        if "--query" not in arguments:
            arguments += ("--query", "unknown.msp")
        status = script.main(list(arguments))
        sys.stdout.flush()
        return status, *capfd.readouterr()

    return command


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_candidates_are_ranked_and_a_broken_line_is_told(run, tmp_path):
    status, out, err = run("--candidates", "list.smi")
    assert status == 3
    lines = out.splitlines()
    assert lines[0] == "peak 7 (line 1): 9 peaks, 4 entries compared by weighted_cosine"
    assert lines[2].split()[0] == "1"
    assert lines[2].split()[2:] == [
        "ethanol", "C2H6O", "46", "LFQSCWFLJHTTHZ-UHFFFAOYSA-N", "1", "CCO",
    ]  # fmt: skip
    assert lines[3].strip().startswith("also: alcohol (line 5) 0.9")
    assert err.splitlines() == [
        "line 3: C1CC: RDKit cannot read the structure (ring 1 is not closed, character 2)",
        "1 of 5 entries could not be used",
    ]
    assert names(tmp_path) == ["list.smi", "unknown.msp"]


def test_hits_as_csv_with_the_others_listed(run, tmp_path):
    status, _, err = run("--candidates", "list.smi", "--output", "hits.csv")
    assert status == 3
    rows = read_csv(tmp_path / "hits.csv")
    assert [(row["rank"], row["smiles"], row["others"]) for row in rows] == [
        ("1", "CCO", "alcohol (line 5)"),
        ("2", "COC", ""),
        ("3", "CCCO", ""),
    ]
    assert rows[0]["inchikey"] == "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"
    assert 0.9 < float(rows[0]["score"]) <= 1
    assert [row["line"] for row in read_csv(tmp_path / "hits.csv.errors.csv")] == ["3"]
    assert "written to hits.csv" in err
    (tmp_path / "list.smi").write_text("CCO")
    assert run("--candidates", "list.smi", "--output", "hits.csv")[0] == 0
    assert names(tmp_path) == ["hits.csv", "list.smi", "unknown.msp"]


def test_hits_as_json(run, tmp_path):
    run("--candidates", "list.smi", "--output", "hits.json", "--top", "1", "--metric", "cosine")
    content = json.loads((tmp_path / "hits.json").read_text())
    [query] = content["queries"]
    assert content["searched"] == "list.smi"
    assert (query["name"], query["score_name"], query["compared"]) == ("peak 7", "cosine", 4)
    [hit] = query["hits"]
    assert (hit["rank"], hit["source"], hit["line"]) == (1, "predicted", 1)
    assert [other["name"] for other in hit["others"]] == ["alcohol"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--formula", "H6C2O"), {"CCO", "COC"}),
        (("--mass", "60", "--mass-window", "0"), {"CCCO"}),
        (("--mass-window", "0"), {"CCO", "COC"}),
        (("--mass-window",), {"CCO", "COC"}),
        (("--mass", "55"), {"CCCO"}),
        (("--mass", "100"), set()),
    ],
)
def test_filters(run, tmp_path, options, found):
    status, out, _ = run("--candidates", "list.smi", "--output", "hits.csv", *options)
    rows = read_csv(tmp_path / "hits.csv")
    assert {row["smiles"] for row in rows if row["rank"]} == found
    assert ("no hit" in out) == (not found)
    assert status == 3


def write_library(path):
    spectra = {"CCO": {31: 1.0, 45: 0.5, 46: 0.2}, "CC(C)=O": {43: 1.0, 58: 0.3}}
    with SpectrumWriter(path) as writer:
        for line, (smiles, peaks) in enumerate(spectra.items(), 1):
            spectrum = Spectrum(list(peaks), list(peaks.values()))
            writer.write(PredictedSpectrum(line, "", read_molecule(smiles), spectrum))


@pytest.mark.parametrize("ending", ["msp", "h5", "parquet"])
def test_a_library_of_each_format(run, tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    write_library(tmp_path / f"lib.{ending}")
    status, _, err = run("--library", f"lib.{ending}", "--output", "hits.csv")
    rows = read_csv(tmp_path / "hits.csv")
    assert (status, err) == (0, "written to hits.csv\n")
    assert (rows[0]["smiles"], rows[0]["source"]) == ("CCO", "predicted")


@pytest.fixture
def indexed(tmp_path):
    """A library that has an index."""
    pytest.importorskip("ms_entropy")
    library = build_library(tmp_path / "lib.msp")
    build_index(library)
    return library


def test_an_index_is_used_and_finds_what_a_scan_finds(run, tmp_path, indexed):
    for options in ((), ("--mass-window", "4"), ("--formula", "C2H6O", "--metric", "cosine")):
        (tmp_path / "hits.csv").touch()  # which is told to be overwritten
        scanned = run("--library", "lib.msp", "--scan", "--output", "hits.csv", *options)
        rows = read_csv(tmp_path / "hits.csv")
        left_out = read_csv(tmp_path / "hits.csv.errors.csv")
        found = run("--library", "lib.msp", "--output", "hits.csv", *options)
        assert found == scanned
        assert found[0] == 3
        assert len(rows) > 1
        assert read_csv(tmp_path / "hits.csv") == rows
        assert read_csv(tmp_path / "hits.csv.errors.csv") == left_out
        assert [row["text"] for row in left_out] == ["blank", "broken"]


def test_how_many_are_compared_is_said_in_all_outputs(run, tmp_path, indexed):
    _, out, _ = run("--library", "lib.msp", "--preselect", "20", "--output", "hits.csv")
    said = "compared are the 20 of 79 entries most similar by entropy"
    assert f"  note: {said}" in out.splitlines()
    notes = {row["notes"] for row in read_csv(tmp_path / "hits.csv")}
    because = "contradiction (line 1380): taken without its structure: structure disagrees"
    assert notes == {f"{said}; {because} with the formula"}


def test_a_report_of_an_indexed_search(run, tmp_path, indexed):
    pytest.importorskip("matplotlib")
    run("--library", "lib.msp", "--report", "found.html", "--top", "2")
    run("--library", "lib.msp", "--report", "scanned.html", "--top", "2", "--scan")
    found, scanned = (
        (tmp_path / f"{name}.html").read_text(encoding="utf-8") for name in ("found", "scanned")
    )
    assert "mirror" in found or found.count("<svg") >= 2
    tables = [page[page.index("<table>") : page.index("</table>")] for page in (found, scanned)]
    assert tables[0] == tables[1]


def test_an_index_that_is_stale_is_refused(run, indexed):
    with indexed.open("a") as file:
        file.write(build_msp("one more"))
    status, out, err = run("--library", "lib.msp")
    assert (status, out) == (2, "")
    assert "lib.msp.index: lib.msp has changed since; this makes the index anew" in err
    assert run("--library", "lib.msp", "--scan")[0] == 3


def test_hits_are_printed_as_json_and_csv(run, tmp_path):
    status, out, _ = run("--candidates", "list.smi", "--format", "json")
    assert status == 3
    [query] = json.loads(out)["queries"]
    assert (query["hits"][0]["name"], query["hits"][0]["rank"]) == ("ethanol", 1)
    status, out, _ = run("--candidates", "list.smi", "--format", "csv", "--output", "hits.csv")
    assert out == (tmp_path / "hits.csv").read_text()


def test_of_a_large_library_an_index_is_proposed(run, tmp_path, monkeypatch):
    write_library(tmp_path / "lib.h5")
    assert run("--library", "lib.h5")[2] == ""
    monkeypatch.setattr("nextims.cli.subcommands.search._MANY", 1)
    said = "with an index this takes a moment: nextims index --library lib.h5\n"
    assert run("--library", "lib.h5")[2] == said
    assert run("--library", "lib.h5", "--scan")[2] == ""


def test_preselecting_takes_an_index(run, tmp_path):
    write_library(tmp_path / "lib.h5")
    status, _, err = run("--library", "lib.h5", "--preselect", "5")
    assert status == 2
    assert "has no index; this makes it: nextims index --library lib.h5" in err


def test_blanks_and_broken_queries_are_said(run, tmp_path):
    text = build_msp("blank", {}) + build_msp("one", {43: 9}) + build_msp("bad", num_peaks=3)
    (tmp_path / "peaks.msp").write_text(text)
    status, out, err = run(
        "--candidates", "list.smi", "--query", "peaks.msp", "--output", "hits.csv"
    )
    assert status == 3
    assert "no peak: a blank" in out
    assert "only 1 peak:" in out
    assert "peaks.msp: line 11: peak list cannot be read" in err
    rows = read_csv(tmp_path / "hits.csv")
    assert (rows[0]["query"], rows[0]["rank"]) == ("blank", "")
    assert {row["query"] for row in rows[1:]} == {"one"}


def test_many_broken_lines_are_counted(run, tmp_path):
    (tmp_path / "list.smi").write_text("CCO\n" + "C1CC\n" * 30)
    status, _, err = run("--candidates", "list.smi")
    assert status == 3
    assert len(err.splitlines()) == 21
    assert err.splitlines()[-1] == (
        "30 of 31 entries could not be used; the first 20 are named above, --output lists all"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--library", "no.msp"), "no.msp: no such file"),
        (("--library", "list.smi"), "list.smi: unknown ending '.smi'; can be read: .msp"),
        (("--candidates", "no.smi"), "no.smi: no such file"),
        (("--candidates", "empty.smi"), "empty.smi: holds no structures"),
        (("--candidates", "bad.smi"), "bad.smi: holds no spectrum that can be searched"),
        (("--candidates", "list.smi", "--query", "no.msp"), "no.msp: no such file"),
        (("--candidates", "list.smi", "--query", "list.smi"), "list.smi: unknown ending '.smi'"),
        (("--candidates", "list.smi", "--query", "none.msp"), "holds no spectrum to search for"),
        (("--candidates", "list.smi", "--formula", "x"), "'x': not a molecular formula"),
        (("--candidates", "list.smi", "--output", "hits.txt"), "hits can be written as .csv"),
        (("--candidates", "list.smi", "--report", "hits.pdf"), "reports can be written as .html"),
        (("--candidates", "list.smi", "--checkpoint", "no.pt"), "no.pt: no such checkpoint"),
        (("--candidates", "list.smi", "--mass", "0"), "mass: must be at least 1 Da"),
        (("--candidates", "c.csv", "--output", "c.csv"), "c.csv: is an input as well"),
    ],
)
def test_what_cannot_be_searched(run, tmp_path, arguments, message):
    (tmp_path / "empty.smi").write_text("")
    (tmp_path / "bad.smi").write_text("C1CC")
    (tmp_path / "none.msp").write_text("CCO\n")
    (tmp_path / "c.csv").write_text("smiles\nCCO\n")
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].startswith("error: ")
    assert message in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--candidates", "list.smi", "--top", "0"),
        ("--candidates", "list.smi", "--scan"),
        ("--library", "lib.h5", "--preselect", "0"),
        ("--library", "lib.h5", "--instrument", "lab.msp"),
        ("--library", "lib.h5", "--preselect", "5", "--scan"),
    ],
)
def test_wrong_usage_is_refused(run, arguments):
    with pytest.raises(SystemExit) as error:
        run(*arguments)
    assert error.value.code == 2


def test_a_report_with_plots(run, tmp_path):
    pytest.importorskip("matplotlib")
    status, _, err = run("--candidates", "list.smi", "--report", "hits.html", "--top", "1")
    assert status == 3
    assert err.splitlines()[-1] == "report: hits.html"
    page = (tmp_path / "hits.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    assert "ethanol (line 1)" in page


@pytest.fixture
def two_isomers(tmp_path):
    """A query and a library of two isomers with the same spectrum, 100 units apart."""
    peaks = "Num Peaks: 5\n43 99\n57 80\n71 40\n85 30\n99 10\n"
    (tmp_path / "gc.msp").write_text(f"Name: peak 7\n{peaks}")
    library = [
        f"Name: {name}\nRetention_index: SemiStdNP={index}/5/9\n{peaks}"
        for name, index in (("far", 1300), ("near", 1210))
    ]
    (tmp_path / "lib.msp").write_text("\n".join(library))
    (tmp_path / "ladder.csv").write_text("C12,8.0\nC13,9.0\n")
    return ["--query", str(tmp_path / "gc.msp"), "--library", str(tmp_path / "lib.msp")]


def test_a_retention_index_or_time_parts_isomers_that_the_spectrum_leaves_tied(
    two_isomers, tmp_path, capsys
):
    assert main([*two_isomers, "--format", "csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["rank"] for row in rows] == ["1", "1"]
    ladder = ["--alkanes", str(tmp_path / "ladder.csv"), "--retention-time", "8.05"]
    for given in (["--retention-index", "1205"], ladder):
        assert main([*two_isomers, *given, "--format", "csv", "--column", "DB-5"]) == 0
        rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
        assert [(row["name"], row["retention_difference"]) for row in rows] == [
            ("near", "5.0"),
            ("far", "95.0"),
        ]
    assert main([*two_isomers, "--retention-index", "1205", "--window"]) == 0
    out = capsys.readouterr().out
    assert "near" in out and "far" not in out and "ΔRI" in out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--retention-index", "-5"], "a retention index of -5 cannot be"),
        (["--retention-time", "12", "--alkanes", "ladder.csv"], "12 lies outside of"),
        (["--retention-time", "12"], "--retention-time and --alkanes go together"),
        (["--retention-index", "1200", "--isothermal", "1"], "--isothermal goes with --alkanes"),
        (["--retention-index", "1200", "--ri-weight", "-1"], "weight: must be at least 0"),
    ],
)
def test_a_retention_index_that_cannot_be_is_refused(
    two_isomers, tmp_path, capsys, monkeypatch, options, reason
):
    monkeypatch.chdir(tmp_path)
    try:
        assert main([*two_isomers, *options]) == 2
    except SystemExit as stop:
        assert stop.code == 2
    assert reason in capsys.readouterr().err


def test_a_column_of_no_index_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--query", "a.msp", "--library", "b.msp", "--column", "DB-5"])
    assert "--column goes with --retention-index" in capsys.readouterr().err


def test_candidates_are_predicted_as_the_own_instrument_records(tmp_path, capfd):
    (tmp_path / "list.smi").write_text(CANDIDATES)
    (tmp_path / "unknown.msp").write_text(UNKNOWN)
    lab = PROJECT_ROOT / "docs" / "examples" / "standards.msp"
    command = ["--query", "unknown.msp", "--candidates", "list.smi"]
    command = [str(tmp_path / word) if "." in word else word for word in command]
    assert main(command) == 3
    plain = capfd.readouterr()
    assert main([*command, "--instrument", str(lab)]) == 3
    own = capfd.readouterr()
    assert "standards.msp: 10 molecules: intensity^" in own.err
    assert own.out.splitlines()[0] == plain.out.splitlines()[0]
    assert own.out != plain.out
