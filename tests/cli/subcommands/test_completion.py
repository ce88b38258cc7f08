"""What a shell offers after some words of a command."""

import os
import shutil
import subprocess

import pytest

from nextims.cli.main import COMMANDS
from nextims.cli.subcommands.completion import main

# What runs the script in each shell, and prints what is offered behind some words.
SHELLS = {
    "bash": (
        "source {script}; COMP_WORDS=({words}); COMP_CWORD={last}\n"
        '_nextims; printf "%s\\n" "${{COMPREPLY[@]}}"'
    ),
    # As zsh's bashcompinit runs it.
    "zsh": (
        "source {script}; emulate sh; setopt kshglob noshglob braceexpand ksharrays\n"
        "COMP_WORDS=({words}); COMP_CWORD={last}\n"
        '_nextims; printf "%s\\n" "${{COMPREPLY[@]}}"'
    ),
    "fish": 'source {script}; complete -C "{line}"',
}
FLAGS = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}


@pytest.fixture(params=SHELLS)
def offered(request, tmp_path, capsys):
    shell = request.param
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"needs {shell}")
    assert main([shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out)
    (tmp_path / "unknown.msp").touch()

    def complete(*words):
        quoted = " ".join(f"'{word}'" for word in ("nextims", *words))
        line = " ".join(("nextims", *words))
        code = SHELLS[shell].format(script=script, words=quoted, last=len(words), line=line)
        done = subprocess.run(
            [program, *FLAGS[shell], "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path)},
        )
        assert done.stderr == ""
        # zsh itself leaves out what does not begin so, and fish offers its files beside the rest.
        return [
            word
            for word in done.stdout.split()
            if word.startswith(words[-1]) and not (tmp_path / word).is_file()
        ]

    return complete


def test_commands(offered):
    assert set(offered("")) >= {name.split()[0] for name in COMMANDS}
    assert offered("pre") == ["predict", "prepare"]
    assert {"teacher", "student"} <= set(offered("train", ""))
    assert "--records" in offered("train", "--")
    assert set(offered("completion", "z")) == {"zsh"}
    assert set(offered("prepare", "")) == {"library", "massbank", "bde"}


def test_options(offered):
    assert offered("predict", "--smi") == ["--smiles"]
    assert offered("train", "teacher", "--ph") == ["--phase"]
    assert offered("predict", "--smiles", "CCO", "--pl") == ["--plot"]


def test_values(offered):
    assert set(offered("train", "teacher", "--phase", "")) == {"pretrain", "finetune"}
    assert offered("predict", "--derivatise", "m") == ["meox-tms", "methyl"]


def test_files_are_left_to_the_shell(offered):
    assert offered("compare", "unknown.m") == []
    assert offered("predict", "--batch", "") == []


def test_without_a_name_it_is_that_of_bash(capsys):
    assert main([]) == main(["bash"]) == 0
    text = capsys.readouterr().out
    assert text[: len(text) // 2] == text[len(text) // 2 :]
