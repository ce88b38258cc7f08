import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from builders import load_script
from nextims.config import load_config
from nextims.data import bde_alfabet, bde_generator
from nextims.data.bde_cache import BDECache, BondEnergies
from nextims.data.record import Record
from nextims.data.spectrum import Spectrum
from nextims.data.store import StoreWriter

SCRIPT = Path(__file__).parents[2] / "scripts" / "precompute_bde.py"
# Toluene twice, as libraries have it.
LIBRARY = ("Cc1ccccc1", "CCO", "CC(C)=O", "Cc1ccccc1", "CCCCO")


@pytest.fixture(scope="module")
def main():
    return load_script("precompute_bde").main


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("data: {store: spectra.h5}\nbde: {cache: bde/cache.h5, batch_size: 2}\n")
    return path


@pytest.fixture
def library(config):
    settings = load_config(config).data
    with StoreWriter(settings.store, config=settings, source="test") as writer:
        for number, smiles in enumerate(LIBRARY, 1):
            spectrum = Spectrum([29, 31, 43, 45, 91], [10, 20, 30, 40, 99])
            writer.add(Record("library.msp", number, str(number), smiles, spectrum, (smiles,)))
        writer.finish("{}")


class Constant:
    """Gives each breakable bond 100 kcal/mol."""

    name = "constant"
    version = "1"

    def predict(self, molecules):
        results = []
        for molecule in molecules:
            bonds = bde_generator.breakable_bonds(Chem.AddHs(molecule.mol))
            pairs = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in bonds]
            bde = np.full(len(bonds), 100, dtype=np.float32)
            results.append(BondEnergies(np.array(pairs, np.int32), bde, np.isfinite(bde)))
        return results


@pytest.fixture
def backend(monkeypatch):
    monkeypatch.setattr(bde_generator, "open_backend", lambda name: Constant())


@pytest.mark.parametrize(("number", "molecules"), [(None, 4), (0, 4), (2, 2), (99, 4)])
def test_fills_the_cache_of_the_config(
    main, config, library, backend, capsys, tmp_path, number, molecules
):
    chosen = [] if number is None else ["--max-samples", str(number)]
    assert main(["--config", str(config), *chosen]) == 0
    assert len(BDECache(tmp_path / "bde" / "cache.h5")) == molecules
    output = capsys.readouterr().out
    assert output.splitlines()[0].split() == ["molecules", str(molecules)]
    assert "(100.0%)" in output
    assert output.splitlines()[-1] == f"written: {tmp_path / 'bde' / 'cache.h5'}"


def test_a_second_run_completes_the_first(main, config, library, backend, capsys, tmp_path):
    main(["--config", str(config), "--max-samples", "1"])
    capsys.readouterr()
    assert main(["--config", str(config)]) == 0
    assert "predicted in this run                            3" in capsys.readouterr().out
    assert len(BDECache(tmp_path / "bde" / "cache.h5")) == 4


def error_of(main, capsys, *arguments) -> str:
    assert main(list(arguments)) == 2
    output, error = capsys.readouterr()
    assert output == ""
    assert error.startswith("error: ")
    return error


def test_a_missing_store_names_the_command_that_makes_it(main, config, backend, capsys):
    error = error_of(main, capsys, "--config", str(config))
    assert "spectra.h5" in error and "scripts/prepare_massbank.py" in error


def test_missing_packages_name_the_extra(main, config, library, monkeypatch, capsys):
    monkeypatch.setattr(bde_alfabet, "_version", lambda package: None)
    error = error_of(main, capsys, "--config", str(config))
    assert "alfabet, tensorflow, tf-keras" in error and 'pip install -e ".[alfabet]"' in error


def test_a_damaged_cache_is_named(main, config, library, backend, capsys, tmp_path):
    (tmp_path / "bde").mkdir()
    (tmp_path / "bde" / "cache.h5").write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    error = error_of(main, capsys, "--config", str(config))
    assert "cache.h5" in error and "precompute_bde.py" in error


def test_a_missing_config_is_named(main, capsys, tmp_path):
    assert "none.yaml" in error_of(main, capsys, "--config", str(tmp_path / "none.yaml"))


@pytest.mark.parametrize("number", ["-1", "few"])
def test_a_number_that_makes_no_sense_is_a_usage_error(main, capsys, number):
    with pytest.raises(SystemExit) as stop:
        main(["--max-samples", number])
    assert stop.value.code == 2
    assert "--max-samples" in capsys.readouterr().err


def test_help_shows_an_example_and_is_quick_about_it():
    program = (
        "import runpy, sys\n"
        "sys.argv = ['precompute_bde.py', '--help']\n"
        "try:\n"
        f"    runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
        "finally:\n"
        "    assert not {'torch', 'h5py', 'tensorflow', 'rdkit'} & set(sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "python scripts/precompute_bde.py --max-samples 0" in result.stdout
