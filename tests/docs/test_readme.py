"""What the README says of Python, typed into a fresh interpreter."""

import re
import subprocess
import sys

import pytest

from nextims.config import PROJECT_ROOT


def test_the_python_of_the_readme_runs(tmp_path):
    for package in ("matplotlib", "pandas"):
        pytest.importorskip(package, reason='needs pip install -e ".[test]"')
    text = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
    predicting, energies = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    out = typed(predicting, tmp_path)
    assert "caffeine" in out and "give a structure" in out
    assert {path.name for path in tmp_path.iterdir()} == {
        "ethanol.svg",
        "spectra.msp",
        "spectra.msp.errors.csv",
    }
    assert len(typed(energies, tmp_path).splitlines()) >= 2  # the kinds of bonds of toluene


def typed(code, folder):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
