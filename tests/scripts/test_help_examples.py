"""What the help of the commands shows can be typed as it is."""

import contextlib
import io
import itertools
import shlex
import subprocess
import sys

import pytest

from builders import load_script
from nextims.config import PROJECT_ROOT


def examples(name):
    """Return the commands that a script's help shows, those of the user's own files left out."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), pytest.raises(SystemExit):
        load_script(name).main(["--help"])
    block = shown.getvalue().split("\nexamples:\n", 1)[1]
    lines = block.split("\n\n", 1)[0].replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.startswith("  ") and "YOURS" not in line]


@pytest.mark.parametrize("name", ["predict", "search", "index_library"])
def test_files_of_the_examples_are_there_or_made_by_the_ones_above(name):
    made = set()
    for line in examples(name):
        words = shlex.split(line)
        for option, value in itertools.pairwise(words):
            if option in ("--batch", "--query", "--library", "--candidates", "--compare"):
                assert value in made | {"-"} or (PROJECT_ROOT / value).is_file(), line
            elif option == "--output":
                made.add(value)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["predict", "search", "index_library"])
def test_the_examples_run(name, tmp_path):
    pytest.importorskip("matplotlib", reason='needs pip install -e ".[test]"')
    for shared in ("docs", "scripts", "checkpoints", "config.yaml"):
        (tmp_path / shared).symlink_to(PROJECT_ROOT / shared)
    for line in examples(name):
        command = line.replace("nextims ", f"{sys.executable} -m nextims ")
        done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
        # One of the metabolites is misspelt.
        assert done.returncode in ((0, 3) if "metabolites" in line else (0,)), done.stderr
