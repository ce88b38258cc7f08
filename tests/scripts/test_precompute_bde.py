"""The command of phase 0 as a user types it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from builders import load_script
from nextims.chemistry.homolysis import breakable
from nextims.chemistry.molecule import read_molecule
from nextims.chemistry.surroundings import atom_kinds
from nextims.config import load_config
from nextims.data import bde_generator
from nextims.data.bde import alfabet as bde_alfabet
from nextims.data.bde.bond_energies import BondEnergies
from nextims.data.bde.cache import BDECache
from nextims.data.library.store_writer import StoreWriter
from nextims.models import bde_backends
from nextims.spectra.record import Record
from nextims.spectra.spectrum import Spectrum

SCRIPT = Path(__file__).parents[2] / "scripts" / "precompute_bde.py"
# Toluene twice, as libraries have it.
LIBRARY = ("Cc1ccccc1", "CCO", "CC(C)=O", "Cc1ccccc1", "CCCCO")


@pytest.fixture(scope="module")
def main():
    return load_script("precompute_bde").main


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(
        "data: {store: spectra.h5, num_workers: 0}\n"
        "bde: {cache: bde/cache.h5, checkpoint: bde.pt, batch_size: 2}\n"
        "training: {device: cpu}\n"
    )
    return path


def write_library(config, structures):
    settings = load_config(config).data
    with StoreWriter(settings.store, config=settings, source="test") as writer:
        for number, smiles in enumerate(structures, 1):
            spectrum = Spectrum([29, 31, 43, 45, 91], [10, 20, 30, 40, 99])
            writer.add(Record("library.msp", number, str(number), smiles, spectrum, (smiles,)))
        writer.finish("{}")


@pytest.fixture
def library(config):
    write_library(config, LIBRARY)


@pytest.fixture
def trained(config):
    """A native model of random weights where the config expects one; it knows no silicon."""
    import torch

    from nextims.models.bde import BDEModel
    from nextims.models.checkpoint import save_checkpoint

    torch.manual_seed(5)
    size = {"encoder_width": 16, "encoder_layers": 1}
    kinds = {kind for smiles in LIBRARY for kind in atom_kinds(read_molecule(smiles).mol)}
    metadata = {"atom_kinds": sorted(map(list, kinds))}
    save_checkpoint(load_config(config).bde.checkpoint, BDEModel(**size), size, metadata)


class Constant:
    """Gives each bond outside rings 100 kcal/mol; refuses bromine."""

    name = "constant"
    version = "1"
    parallel = False

    def prepare(self, molecules):
        return molecules

    def predict(self, prepared):
        return [self._energies(molecule) for molecule in prepared]

    def _energies(self, molecule):
        mol = Chem.AddHs(molecule.mol)
        if any(atom.GetSymbol() == "Br" for atom in mol.GetAtoms()):
            return "no value for bromine"
        bonds = [bond for bond in mol.GetBonds() if breakable(bond)]
        pairs = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in bonds]
        bde = np.full(len(bonds), 100, dtype=np.float32)
        valid = np.ones(len(bonds), bool)
        return BondEnergies(np.array(pairs, np.int32), bde, bde - 10, valid, ~valid)


@pytest.fixture
def opened(monkeypatch):
    """Names and devices of the backends that were asked for; each is ``Constant``."""
    asked = []

    def open_backend(settings, *, name=None, device="cpu"):
        asked.append((name or settings.backend, device))
        return Constant()

    monkeypatch.setattr(bde_backends, "open_backend", open_backend)
    return asked


def error_of(main, capsys, *arguments) -> str:
    assert main(list(arguments)) == 2
    output, error = capsys.readouterr()
    assert output == ""
    assert error.startswith("error: ") and error.count("\n") == 1
    return error


def test_weights_that_are_not_there_are_told_of_with_all_that_is_needed(
    main, config, trained, capsys, tmp_path
):
    weights = load_config(config).bde.checkpoint
    moved = weights.rename(tmp_path / "moved.pt")
    asked = ("--config", str(config), "--smiles", "CCO", "--quiet")
    error = error_of(main, capsys, *asked)
    assert f"{weights}: no BDE model" in error and "; bond energies need PyTorch and w" in error
    assert "NEXTIMS_WEIGHTS" in error and "--checkpoint" in error
    assert main([*asked, "--checkpoint", str(moved), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["smiles"] == "CCO"


# --- filling the cache --------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "molecules"), [(None, 4), (0, 4), (2, 2), (99, 4)])
def test_fills_the_cache_of_the_config(
    main, config, library, opened, capsys, tmp_path, number, molecules
):
    chosen = [] if number is None else ["--max-samples", str(number)]
    assert main(["--config", str(config), *chosen]) == 0
    assert len(BDECache(tmp_path / "bde" / "cache.h5")) == molecules
    output = capsys.readouterr().out
    assert output.splitlines()[0].split() == ["molecules", str(molecules)]
    assert "(100.0%)" in output
    assert output.splitlines()[-1] == f"written: {tmp_path / 'bde' / 'cache.h5'}"


def test_a_second_run_completes_the_first(main, config, library, opened, capsys, tmp_path):
    main(["--config", str(config), "--max-samples", "1"])
    capsys.readouterr()
    assert main(["--config", str(config)]) == 0
    assert "predicted in this run                            3" in capsys.readouterr().out
    assert len(BDECache(tmp_path / "bde" / "cache.h5")) == 4


def test_progress_is_shown_in_molecules_a_second(main, config, library, opened, capsys):
    main(["--config", str(config)])
    bar = capsys.readouterr().err
    assert "4/4" in bar and "molecule" in bar and "/s" in bar


def test_backend_and_device_are_those_of_the_config_or_of_the_arguments(
    main, config, library, opened
):
    main(["--config", str(config)])
    main(["--config", str(config), "--backend", "alfabet", "--device", "auto"])
    main(["--config", str(config), "--smiles", "C"])
    assert opened == [("native", "cpu"), ("alfabet", "auto"), ("native", "cpu")]


def test_workers_do_not_change_the_result(main, config, library, trained, tmp_path):
    caches = []
    for number in ("0", "1"):
        assert main(["--config", str(config), "--workers", number]) == 0
        path = tmp_path / "bde" / "cache.h5"
        caches.append(BDECache(path).read_all())
        path.unlink()
    one, other = caches
    assert one.backend == "native"
    assert one.entries.keys() == other.entries.keys() and len(one.entries) == 4
    for key, (smiles, energies) in one.entries.items():
        assert other.entries[key][0] == smiles
        np.testing.assert_array_equal(other.entries[key][1].bde, energies.bde)


def test_ctrl_c_says_how_to_go_on(main, config, library, opened, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(bde_generator, "fill_cache", interrupted)
    assert main(["--config", str(config)]) == 130
    assert capsys.readouterr() == ("", "interrupted; run again to continue\n")


@pytest.mark.skipif(os.name != "posix", reason="sends a signal to a process group")
def test_ctrl_c_while_workers_run_leaves_no_traceback(config, trained, tmp_path):
    write_library(config, [f"{'C' * a}OC({'C' * b})C" for a in range(1, 41) for b in range(1, 41)])
    command = [sys.executable, str(SCRIPT), "--config", str(config), "--workers", "1"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, start_new_session=True) as process:
        parts = tmp_path / "bde" / "cache.h5.parts"
        deadline = time.monotonic() + 60
        while len(list(parts.glob("*.h5"))) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        output, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert output == b""
    assert error.endswith(b"interrupted; run again to continue\n")
    assert b"Traceback" not in error
    assert len(list(parts.glob("*.h5"))) >= 3


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills a process group")
def test_killed_and_run_again_it_gives_what_an_uninterrupted_run_gives(config, trained, tmp_path):
    write_library(config, [f"{'C' * a}OC({'C' * b})C" for a in range(1, 16) for b in range(1, 16)])
    command = [sys.executable, str(SCRIPT), "--config", str(config), "--workers", "1"]
    cache = tmp_path / "bde" / "cache.h5"
    parts = tmp_path / "bde" / "cache.h5.parts"
    done = 0
    for _ in range(2):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as run:
            deadline = time.monotonic() + 500
            while len(list(parts.glob("*.h5"))) < done + 5 and time.monotonic() < deadline:
                time.sleep(0.01)
            os.killpg(run.pid, signal.SIGKILL)
        assert run.returncode == -signal.SIGKILL
        assert not cache.exists()
        done = len(list(parts.glob("*.h5")))
        assert done >= 5
    resumed = subprocess.run(command, check=True, capture_output=True, text=True)
    predicted = int(re.search(r"predicted in this run +(\d+)", resumed.stdout)[1])
    assert 0 < predicted <= len(BDECache(cache)) - 2 * done + 2  # two molecules a batch
    assert not parts.exists()
    after_kills = cache.read_bytes()
    cache.unlink()
    subprocess.run(command, check=True, capture_output=True)
    assert cache.read_bytes() == after_kills


# --- one structure ------------------------------------------------------------------------------


def test_smiles_shows_a_table_and_fills_no_cache(main, config, trained, capsys, tmp_path):
    assert main(["--config", str(config), "--smiles", "OCC"]) == 0
    output, error = capsys.readouterr()
    lines = output.splitlines()
    assert error == ""
    assert lines[0].startswith("Predicted by   native ")
    assert lines[1:3] == ["SMILES         CCO", "Formula        C2H6O"]
    assert sum("kcal/mol" in line for line in lines) == 1
    assert sum(" + [H]" in line for line in lines) == 3
    assert not (tmp_path / "bde").exists()


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml")])
def test_plot_draws_the_structure_as_well(main, config, trained, capsys, tmp_path, name, start):
    path = tmp_path / name
    assert main(["--config", str(config), "--smiles", "Cc1ccccc1", "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(start)
    lines = capsys.readouterr().out.splitlines()
    assert "SMILES         Cc1ccccc1" in lines
    assert lines[-1] == f"written: {path}"


def test_a_terminal_without_dashes_gets_ascii(main, config, trained, monkeypatch, tmp_path):
    with (tmp_path / "output").open("w", encoding="cp932") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        assert main(["--config", str(config), "--smiles", "CCO"]) == 0
    assert "1 x C-O" in (tmp_path / "output").read_text(encoding="ascii")


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("C1CC", "C1CC: RDKit cannot read the structure (ring 1 is not closed, character 2)"),
        ("C(C)(C)(C)(C)C", "RDKit cannot read the structure"),
        ("CCO.O", "CCO.O: several components"),
        ("C[Zn]C", "unsupported element Zn"),
        ("  ", "(empty): empty structure"),
    ],
)
def test_a_structure_that_cannot_be_used_says_why(main, config, trained, capsys, smiles, reason):
    assert reason in error_of(main, capsys, "--config", str(config), "--smiles", smiles)


def test_a_structure_that_the_backend_refuses_says_why(main, config, opened, capsys):
    error = error_of(main, capsys, "--config", str(config), "--smiles", "CBr")
    assert error == "error: CBr: no value for bromine\n"


def test_a_picture_of_another_kind_is_refused_before_the_work(main, config, opened, capsys):
    picture = ("--smiles", "CCO", "--plot", "picture.pdf")
    assert "picture.pdf" in error_of(main, capsys, "--config", str(config), *picture)
    assert opened == []


def test_where_rdkit_cannot_draw_the_table_is_there_still(
    main, config, trained, monkeypatch, capsys
):
    # As on a server that lacks the library RDKit draws with.
    monkeypatch.setitem(sys.modules, "rdkit.Chem.Draw", None)
    monkeypatch.delitem(sys.modules, "nextims.pictures.bond_drawing", raising=False)
    arguments = ("--config", str(config), "--smiles", "CCO")
    assert main([*arguments]) == 0
    assert "C2H6O" in capsys.readouterr().out
    error = error_of(main, capsys, *arguments, "--plot", "a.svg")
    assert error.startswith("error: a.svg: RDKit cannot draw here: ")
    assert "apt install libxrender1" in error


# --- mistakes -----------------------------------------------------------------------------------


def test_a_missing_store_names_the_command_that_makes_it(main, config, opened, capsys):
    error = error_of(main, capsys, "--config", str(config))
    assert "spectra.h5" in error and "nextims prepare massbank" in error


def test_a_missing_model_names_the_commands_that_make_it(main, config, library, capsys):
    error = error_of(main, capsys, "--config", str(config))
    assert "bde.pt" in error and "nextims train teacher --phase pretrain" in error


def test_a_checkpoint_of_another_kind_is_named(main, config, capsys, tmp_path):
    (tmp_path / "bde.pt").write_bytes(b"junk")
    assert "bde.pt" in error_of(main, capsys, "--config", str(config), "--smiles", "C")


def test_missing_packages_name_the_extra(main, config, library, monkeypatch, capsys):
    monkeypatch.setattr(bde_alfabet, "_version", lambda package: None)
    error = error_of(main, capsys, "--config", str(config), "--backend", "alfabet")
    assert "alfabet, tensorflow, tf-keras" in error and 'pip install "nextims[alfabet]"' in error


def test_a_missing_gpu_is_said(main, config, trained, monkeypatch, capsys):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    arguments = ("--config", str(config), "--smiles", "C", "--device", "cuda")
    assert "finds no GPU" in error_of(main, capsys, *arguments)


def test_a_damaged_cache_is_named(main, config, library, opened, capsys, tmp_path):
    (tmp_path / "bde").mkdir()
    (tmp_path / "bde" / "cache.h5").write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    error = error_of(main, capsys, "--config", str(config))
    assert "cache.h5" in error and "nextims bde" in error


def test_a_cache_of_another_version_is_not_mixed(
    main, config, library, opened, capsys, monkeypatch
):
    assert main(["--config", str(config)]) == 0
    capsys.readouterr()
    monkeypatch.setattr(Constant, "version", "2")
    error = error_of(main, capsys, "--config", str(config))
    assert "constant 1" in error and "constant 2" in error


def test_a_missing_config_is_named(main, capsys, tmp_path):
    assert "none.yaml" in error_of(main, capsys, "--config", str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--max-samples", "-1"],
        ["--max-samples", "few"],
        ["--workers", "-1"],
        ["--plot", "picture.png"],
        ["--backend", "other"],
        ["--device", "gpu"],
    ],
)
def test_arguments_that_make_no_sense_are_a_usage_error(main, capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert arguments[0] in capsys.readouterr().err.splitlines()[-1]


def test_bond_energies_as_json(main, capsys):
    assert main(["--smiles", "OC", "--format", "json", "--device", "cpu"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["smiles"] == "CO" and found["unit"] == "kcal/mol"
    bonds = {bond["bond"]: bond for bond in found["bonds"]}
    assert bonds["C–H"]["count"] == 3 and 90 < bonds["C–O"]["bde"] < 97  # measured: 92


def test_a_name_is_no_structure(main, capsys):
    assert main(["--smiles", "ethanol"]) == 2
    expected = "error: ethanol: a name: give a structure, as SMILES or InChI\n"
    assert capsys.readouterr().err == expected


def test_help_shows_examples_and_is_quick_about_it():
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
    assert "nextims bde --max-samples 0" in result.stdout
    assert '--smiles "CC(=O)Oc1ccccc1C(=O)O" --plot aspirin.png' in result.stdout
