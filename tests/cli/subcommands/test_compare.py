"""Two spectra compared in the shell."""

import json

import pytest

import nextims
from builders import build_msp
from nextims.cli.subcommands.compare import main
from nextims.evaluation.metrics import compare
from nextims.spectra.spectrum import Spectrum

ETHANOL = {29: 299, 31: 999, 45: 517, 46: 216}
OTHER = {31: 999, 45: 600, 46: 150}
JCAMP = (
    "##TITLE=Ethanol\n##JCAMP-DX=4.24\n##DATA TYPE=MASS SPECTRUM\n##NPOINTS=3\n"
    "##PEAK TABLE=(XY..XY)\n31,999 45,600 46,150\n##END=\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.msp").write_text(build_msp("peak 7", ETHANOL))
    (tmp_path / "b.jdx").write_text(JCAMP)
    return tmp_path


def test_all_scores_of_two_files_of_different_formats(capsys):
    assert main(["a.msp", "b.jdx"]) == 0
    title, *rows = capsys.readouterr().out.splitlines()
    assert title == "peak 7 | Ethanol"
    first, second = (Spectrum(list(peaks), list(peaks.values())) for peaks in (ETHANOL, OTHER))
    expected = compare(first, second)
    assert [row.split()[0] for row in rows] == list(expected)
    assert float(rows[0].split()[1]) == round(expected["cosine"], 4)
    assert int(rows[-1].split()[1]) == expected["nist_similarity_reverse_match_factor"]


def test_as_json(capsys):
    assert main(["a.msp", "b.jdx", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["unknown"], found["reference"]) == ("peak 7", "Ethanol")
    assert found["scores"]["nist_identity_reverse_match_factor"] == 936


def test_the_first_file_is_the_measured_one(capsys):
    recalls = []
    for files in (("a.msp", "b.jdx"), ("b.jdx", "a.msp")):
        assert main([*files, "--format", "json"]) == 0
        recalls.append(json.loads(capsys.readouterr().out)["scores"]["top10_recall"])
    assert recalls == [0.75, 1.0]


def test_each_of_several_is_compared_and_the_unreadable_named(folder, capsys):
    several = build_msp("one", ETHANOL) + build_msp("blank", {}) + build_msp("two", OTHER)
    (folder / "several.msp").write_text(several)
    assert main(["several.msp", "b.jdx"]) == 3
    out, err = capsys.readouterr()
    assert [line for line in out.splitlines() if "|" in line] == ["one | Ethanol", "two | Ethanol"]
    assert err.startswith("several.msp: line ")


def test_a_mirror_is_drawn(folder, capsys):
    pytest.importorskip("matplotlib", reason='needs pip install -e ".[plot]"')
    assert main(["a.msp", "b.jdx", "--plot", "m.svg"]) == 0
    assert capsys.readouterr().err == "drawn: m.svg\n"
    text = (folder / "m.svg").read_text(encoding="utf-8")
    assert ">Ethanol</text>" in text and ">measured: peak 7</text>" in text


def test_a_predicted_spectrum_is_labelled_so(folder, capsys):
    pytest.importorskip("matplotlib", reason='needs pip install -e ".[plot]"')
    nextims.write(nextims.predict("CCO ethanol"), folder / "mine.msp")
    for files, labels in (
        (["a.msp", "mine.msp"], ("predicted: mine.msp", "measured (%)      predicted (%)")),
        (["mine.msp", "a.msp"], ("library: a.msp", "predicted: ethanol")),
    ):
        assert main([*files, "--plot", "m.svg"]) == 0
        text = (folder / "m.svg").read_text(encoding="utf-8")
        assert all(label.replace("  ", "") in text.replace("  ", "") for label in labels)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.msp", "b.jdx"], "no.msp: no such file"),
        (["a.msp", "empty.msp"], "empty.msp: holds no spectrum to compare"),
        (["a.msp", "b.jdx", "--plot", "x.txt"], "pictures of spectra can be written as .png"),
    ],
)
def test_what_cannot_be_compared(folder, capsys, arguments, message):
    (folder / "empty.msp").write_text("")
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
