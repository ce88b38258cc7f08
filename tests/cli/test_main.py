"""The command ``nextims``, which finds the others."""

import re
import subprocess
import sys
from importlib import import_module

import pytest

from nextims.cli.main import COMMANDS, main, module_name
from nextims.config import PROJECT_ROOT
from nextims.version import __version__


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"nextims {__version__}\n"
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in COMMANDS)


def test_an_unknown_command_names_the_nearest(capsys):
    assert main(["pridict", "--smiles", "CCO"]) == 2
    assert "no command 'pridict'; did you mean predict?" in capsys.readouterr().err
    assert main(["zzz"]) == 2
    assert capsys.readouterr().err == "nextims: no command 'zzz'; nextims --help lists them\n"


@pytest.mark.parametrize("words", [["prepare"], ["prepare", "--help"]])
def test_the_beginning_of_several_commands_lists_them(words, capsys):
    assert main(words) == 0
    listed = re.findall("^  (.+?)  ", capsys.readouterr().out, re.MULTILINE)
    assert listed == ["prepare library", "prepare massbank", "prepare bde"]
    assert main(["prepare", "libary"]) == 2
    err = capsys.readouterr().err
    assert "no command 'prepare libary'; did you mean prepare library?" in err


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_and_can_be_quiet(name, capsys):
    with pytest.raises(SystemExit) as exit_:
        main([*name.split(), "--help"])
    assert exit_.value.code == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: nextims {name} ")
    assert "--quiet" in out


def test_each_script_is_one_of_the_commands():
    modules = {f"nextims.cli.subcommands.{module_name(name)}" for name in COMMANDS}
    scripts = sorted((PROJECT_ROOT / "scripts").glob("*.py"))
    assert len(scripts) >= 13
    for script in scripts:
        [module] = re.findall(r"^from (\S+) import main$", script.read_text(), re.MULTILINE)
        assert module in modules
        assert callable(import_module(module).main)


def test_python_runs_it_as_a_module(tmp_path):
    command = [sys.executable, "-m", "nextims", "predict", "--smiles", "CCO", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert '"formula": "C2H6O"' in done.stdout


def test_predicting_imports_no_pytorch(tmp_path):
    code = (
        "import sys; from nextims.cli.main import main\n"
        "assert main(['predict', '--smiles', 'CCO', '--quiet']) == 0\n"
        "heavy = {'torch', 'numba', 'matplotlib', 'scipy', 'pandas', 'matchms'}\n"
        "print(heavy & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "set()\n"
