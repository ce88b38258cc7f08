"""The options of the prediction command."""

import pytest

from nextims.cli.prediction_options import parse_options


def test_one_structure_needs_nothing_else():
    options = parse_options(["--smiles", "CCO"])
    assert (options.output, options.workers, options.device) == (None, None, "auto")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "--smiles --batch is required"),
        ("--smiles C --batch x.smi", "not allowed with"),
        ("--smiles C --keep-columns CAS", "--keep-columns: needs --batch"),
        ("--smiles C --format json --output x.json", "--format: of standard output; with --out"),
        (
            "--batch x.smi --format json --output x.msp",
            "--output: x.msp ends in .msp, and --format says .json: leave --format out, or name a",
        ),
        ("--smiles C --derivatise mtbstfa", "expected one of tms (mstfa), meox-tms (mox-tms), ac"),
        ("--smiles C --teacher", "no option --teacher (did you mean --checkpoint teacher?)"),
        ("--batch x.csv --keep-columns , ", "expected names with commas between"),
        ("--smiles C --format parquet", "--format: .parquet is no text"),
        ("--smiles C --format sdf --annotate", "--format: .sdf has no place for ions"),
        ("--smiles C --format csv --dialect msdial", "--dialect: msdial is one of .msp"),
        ("--batch x.smi --compare lab.msp", "--compare: spectra go to standard output"),
        ("--smiles C --plot x.png --grid", "--grid: needs --batch"),
        ("--smiles C --workers 2", "--workers: needs --batch"),
        ("--smiles C --dialect msdial", "--dialect: needs --output FILE.msp"),
        ("--smiles C --partial", "--partial: needs --derivatise"),
        ("--batch x.smi --plot x.png --workers 2", "--plot: is the work of one process"),
        ("--batch x.smi --workers 0", "expected a whole number from 1, found '0'"),
    ],
)
def test_what_does_not_go_together_is_refused(line, said, capsys):
    with pytest.raises(SystemExit) as stop:
        parse_options(line.split())
    assert stop.value.code == 2
    assert said in capsys.readouterr().err


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        parse_options(["--help"])
    assert stop.value.code == 0
    assert 'nextims predict --smiles "CCO"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "method"),
    [("TMS", "tms"), ("bstfa", "tms"), ("MeOX_TMS", "meox-tms"), ("Diazomethane", "methyl")],
)
def test_a_reagent_stands_for_its_method(given, method):
    assert parse_options(["--smiles", "C", "--derivatise", given]).derivatise == method
