"""What the command line answers where it is wrong."""

import pytest

from nextims.cli.main import main


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("predict --bach list.smi", "no option --bach (did you mean --batch?)"),
        ("predict --outpt=x.msp --smiles C", "no option --outpt (did you mean --output?)"),
        ("predict --xyz --smiles C", "no option --xyz"),
        ("predict CCO", "CCO: goes with no option; a structure goes with --smiles"),
        ("predict --smiles CCO CCC", "CCC: goes with no option; a structure goes with --smiles"),
        ("bde CCO", "CCO: goes with no option; a structure goes with --smiles"),
        ("predict --energy -5 --smiles C", "argument --energy: expected an energy in eV"),
        ("predict --quiet", "one of the arguments --smiles --batch is required"),
        ("search here.msp --query unknown.msp", "here.msp: goes with no option"),
        ("compare a.msp", "the following arguments are required: REFERENCE"),
        ("compare a.msp b.msp c.msp", "c.msp: goes with no option"),
        ("compare a.msp b.msp --plt x.png", "no option --plt (did you mean --plot?)"),
    ],
)
def test_a_mistake_is_told_in_one_line(line, said, capsys):
    with pytest.raises(SystemExit) as stop:
        main(line.split())
    assert stop.value.code == 2
    out, err = capsys.readouterr()
    name = line.split()[0]
    assert out == ""
    assert err.startswith(f"nextims {name}: error: {said}")
    assert err.endswith(f"; see nextims {name} --help\n") and err.count("\n") == 1


def test_an_option_may_be_shortened(tmp_path, capsys):
    assert main(["predict", "--smi", "CCO", "--form", "json", "--qui"]) == 0
    assert '"formula": "C2H6O"' in capsys.readouterr().out
