import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from builders import load_script, small_bde_table
from nextims.data.bde import dft_table
from nextims.data.examples.dft_dataset import BDEDataset

SCRIPT = Path(__file__).parents[2] / "scripts" / "prepare_bde_data.py"


@pytest.fixture
def main(tmp_path):
    """The script's main with a configuration whose paths are in a temporary folder."""
    config = tmp_path / "config.yaml"
    config.write_text("bde: {data: data/dft_table.h5}\n")
    module = load_script("prepare_bde_data")
    return lambda *arguments: module.main(["--config", str(config), *map(str, arguments)])


@pytest.fixture
def archive(tmp_path, monkeypatch):
    table = small_bde_table()
    monkeypatch.setattr(dft_table, "TABLE_SHA256", hashlib.sha256(table).hexdigest())
    with zipfile.ZipFile(tmp_path / "alfabet-0.1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(dft_table.TABLE, table)
    return tmp_path / "alfabet-0.1.0-py3-none-any.whl"


def test_the_package_becomes_what_training_reads(main, archive, tmp_path, capsys):
    assert main("--archive", archive) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["split", "molecules", "bonds"]
    assert printed[1].split()[:2] == ["train", "16"]
    assert printed[-1] == f"written: {tmp_path / 'data' / 'dft_table.h5'}"
    assert len(BDEDataset(tmp_path / "data" / "dft_table.h5", "train")) == 16


def test_a_package_that_is_not_there_or_another_is_one_line(main, archive, tmp_path, capsys):
    (tmp_path / "other.tar.gz").write_bytes(b"something else")
    for name, reason in (("none.whl", "cannot be read"), ("other.tar.gz", "SHA-256")):
        assert main("--archive", tmp_path / name) == 2
        printed, error = capsys.readouterr()
        assert printed == ""
        assert error.startswith(f"error: {tmp_path / name}: ") and reason in error
        assert error.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_help_shows_an_example_and_is_quick_about_it():
    program = (
        "import runpy, sys\n"
        "sys.argv = ['prepare_bde_data.py', '--help']\n"
        "try:\n"
        f"    runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
        "finally:\n"
        "    assert not {'torch', 'h5py', 'rdkit'} & set(sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "nextims prepare bde --archive alfabet-0.1.0.tar.gz" in result.stdout
