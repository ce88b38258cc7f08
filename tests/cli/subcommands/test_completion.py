"""What a shell offers after some words of a command."""

import shutil
import subprocess

import pytest

from nextims.cli.main import COMMANDS
from nextims.cli.subcommands.completion import main

BASH = shutil.which("bash")


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    import contextlib
    import io

    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        assert main([]) == 0
    path = tmp_path_factory.mktemp("completion") / "nextims"
    path.write_text(text.getvalue())
    return path


@pytest.fixture
def offered(script):
    def complete(*words):
        quoted = " ".join(f"'{word}'" for word in ("nextims", *words))
        code = (
            f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}\n"
            '_nextims; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run([BASH, "-c", code], capture_output=True, text=True, check=True)
        return done.stdout.split()

    return complete


@pytest.mark.skipif(BASH is None, reason="needs bash")
class TestBash:
    def test_commands(self, offered):
        assert set(offered("")) >= {name.split()[0] for name in COMMANDS}
        assert offered("pre") == ["predict", "prepare"]
        assert {"teacher", "student", "--records"} <= set(offered("train", ""))

    def test_options(self, offered):
        assert offered("predict", "--smi") == ["--smiles"]
        assert offered("train", "teacher", "--ph") == ["--phase"]
        assert offered("predict", "--smiles", "CCO", "--pl") == ["--plot"]

    def test_values(self, offered):
        assert offered("train", "teacher", "--phase", "") == ["pretrain", "finetune"]
        assert offered("predict", "--derivatise", "m") == ["meox-tms", "methyl"]

    def test_files_are_left_to_the_shell(self, offered):
        assert offered("compare", "unknown.m") == []
