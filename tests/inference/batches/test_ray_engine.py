"""Parts predicted by the actors of a Ray cluster of this machine."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builders import SMALL_MOLECULES
from nextims.config import PROJECT_ROOT
from nextims.files.writing import OutputError
from nextims.inference.batches import ray_engine
from nextims.inference.batches.manifest import FinishedPart
from nextims.inference.batches.parts import MANIFEST, PartFolder, Parts
from nextims.inference.batches.ray_engine import BatchSource, EngineError, check_ray
from nextims.inference.structures.lists import InputError, InputStructure, read_structures

SCRIPT = PROJECT_ROOT / "scripts" / "predict.py"
SHIPPED = PROJECT_ROOT / "checkpoints" / "student" / "best_student.pt"


@pytest.fixture
def structures(tmp_path):
    path = tmp_path / "list.smi"
    turns = (SMALL_MOLECULES[n % len(SMALL_MOLECULES)] for n in range(1400))
    path.write_text("".join(f"{'C1' if n % 99 == 5 else s} n{n}\n" for n, s in enumerate(turns)))
    return path


def test_a_missing_ray_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(ray_engine.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"ray and pyarrow missing: pip install \"nextims\[distr"):
        check_ray()


def test_a_source_gives_derivatives_in_the_place_of_structures(tmp_path):
    path = tmp_path / "list.smi"
    path.write_text("CCO ethanol\nCC ethane\n")
    assert list(BatchSource(path).read()) == list(read_structures(path))
    derivatised = list(BatchSource(path, "tms").read())
    assert [each.name for each in derivatised] == ["ethanol 1TMS", "ethane"]
    assert [each.number for each in derivatised] == [1, 2]


def test_a_source_gives_the_columns_that_are_kept(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("smiles,CAS\nCCO,64-17-5\n")
    for method, number in ((None, 0), ("tms", 1)):
        [structure] = BatchSource(path, method, keep=("CAS",)).read()
        assert (structure.columns, structure.number) == ((("CAS", "64-17-5"),), number)


# --- what an actor does, without Ray --------------------------------------------------------------


def worker(folder, /, **changed):
    from nextims.files.digest import file_digest
    from nextims.version import __version__

    arguments = {
        "folder": PartFolder(folder, ".msp"),
        "checkpoint": SHIPPED,
        "expected": (__version__, file_digest(SHIPPED)),
        "device": "cpu",
        "options": {},
    }
    return ray_engine._Worker(**{**arguments, **changed})


def test_an_actor_writes_its_part_and_tells_of_it(tmp_path, structures):
    part = list(read_structures(structures))[:20]
    finished = worker(tmp_path)._finish((3, part))
    assert finished == FinishedPart(3, 20, 19, 1)
    assert (tmp_path / "part-00003.msp").read_text().count("Num Peaks:") == 19


def test_what_one_structure_raises_in_an_actor_is_its_own_failure(tmp_path, monkeypatch):
    from rdkit import Chem

    inchikey = Chem.MolToInchiKey

    def fragile(mol):
        if mol.HasSubstructMatch(Chem.MolFromSmarts("N")):
            raise RuntimeError("Invariant Violation")
        return inchikey(mol)

    monkeypatch.setattr(Chem, "MolToInchiKey", fragile)
    smiles = ["CCO", "CN", "C=CC~Oc1nc(OCC=C)nc(OCC=C)n1", "CC"]
    part = [InputStructure(line, text) for line, text in enumerate(smiles, start=1)]
    assert worker(tmp_path)._finish((0, part)) == FinishedPart(0, 4, 2, 2)
    failed = (tmp_path / "_part-00000.errors.csv").read_text().splitlines()[1:]
    assert failed[0] == "2,CN,,RuntimeError: Invariant Violation"
    assert failed[1].endswith(",bond of no order (C~O)")


def test_an_actor_elsewhere_says_what_is_amiss(tmp_path):
    for changed, message in (
        ({"folder": PartFolder(tmp_path / "not mounted", ".msp")}, "not there on .*; the output"),
        ({"checkpoint": tmp_path / "no.pt"}, "no.pt: missing on "),
        ({"expected": ("0.0", "")}, "has NExtIMS .*, the command is of 0.0"),
    ):
        fault = worker(tmp_path, **changed)._finish((0, []))
        assert isinstance(fault, EngineError)
        with pytest.raises(EngineError, match=message):
            raise fault


def test_an_actor_hands_errors_on(tmp_path):
    actor = worker(tmp_path)
    broken = InputError("list.smi.gz: cannot be read as gzip")
    assert actor._finish(broken) is broken
    shutil.rmtree(tmp_path)
    assert isinstance(actor._finish((0, [])), OutputError)


# --- with Ray -------------------------------------------------------------------------------------


def start(folder, *arguments):
    command = [sys.executable, str(SCRIPT), "--checkpoint", str(SHIPPED), *arguments]
    return subprocess.Popen(
        command, cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(folder, *arguments):
    with start(folder, *arguments) as process:
        _, err = process.communicate(timeout=550)
    return process.returncode, err


def actors():
    """Return the processes of this user's actors that predict."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if b"_Worker" in title and title.startswith(b"ray::"):
            found.append(int(folder.name))
    return found


@pytest.fixture
def whole(structures, tmp_path):
    """What one process writes of the list: its CSV, and its list of failures."""
    command = ("--batch", "list.smi", "--output", "one.csv", "--workers", "1")
    assert finish(tmp_path, *command)[0] == 3
    paths = [tmp_path / name for name in ("one.csv", "one.csv.errors.csv")]
    content = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    return content


RAY = ("--batch", "list.smi", "--output", "out.csv", "--engine", "ray", "--workers", "2")


@pytest.mark.slow
def test_ray_writes_what_one_process_writes(tmp_path, whole):
    pytest.importorskip("ray", reason='needs pip install -e ".[distributed]"')
    status, err = finish(tmp_path, *RAY, "--parts", "256")
    assert status == 3, err
    lines = [line for line in err.splitlines() if "logging.cc" not in line]
    assert (
        "line 6: C1: RDKit cannot read the structure (ring 1 is not closed, character 2)" in lines
    )
    assert lines[-1].startswith("1385 of 1400 structures predicted, written to out.csv;")
    assert len(lines) == 16, err  # Ray's own tales stay out
    assert [(tmp_path / name).read_bytes() for name in ("out.csv", "out.csv.errors.csv")] == whole
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"list.smi", "out.csv", "out.csv.errors.csv"}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for actors in /proc")
def test_actors_and_the_command_may_be_killed_in_the_middle(tmp_path, whole):
    pytest.importorskip("ray", reason='needs pip install -e ".[distributed]"')
    parts = tmp_path / "out.csv.parts"

    def recorded():
        manifest = parts / MANIFEST
        return len(manifest.read_bytes().splitlines()) - 1 if manifest.exists() else 0

    def wait_for(number):
        deadline = time.monotonic() + 500
        while recorded() < number and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    with start(tmp_path, *RAY, "--parts", "256") as process:
        wait_for(1)
        process.kill()
    done = recorded()
    assert 1 <= done < 6
    with start(tmp_path, *RAY) as process:
        wait_for(done + 1)
        killed = actors()
        for number in killed[:1]:
            os.kill(number, signal.SIGKILL)
        _, err = process.communicate(timeout=550)
    assert killed, "no actor was found to kill"
    assert process.returncode == 3, err
    assert f"out.csv.parts has {256 * done} structures already; going on" in err
    assert [(tmp_path / name).read_bytes() for name in ("out.csv", "out.csv.errors.csv")] == whole
    assert not parts.exists()


@pytest.mark.slow
def test_a_fault_of_the_input_reaches_the_command(tmp_path, structures):
    pytest.importorskip("ray", reason='needs pip install -e ".[distributed]"')
    import gzip

    path = tmp_path / "cut.smi.gz"
    path.write_bytes(gzip.compress(structures.read_bytes())[:-60])
    folder = PartFolder(tmp_path / "parts", ".msp")
    with pytest.raises(InputError, match=r"cut\.smi\.gz: cannot be read as gzip"):
        list(
            ray_engine.predict_parts_with_ray(
                BatchSource(path), Parts(folder, {}, size=256), checkpoint=SHIPPED, workers=1
            )
        )


@pytest.mark.slow
def test_no_cluster_at_the_address(tmp_path, structures):
    pytest.importorskip("ray", reason='needs pip install -e ".[distributed]"')
    status, err = finish(tmp_path, *RAY, "--address", "127.0.0.1:9")
    assert status == 2
    assert err.splitlines()[-1].startswith("error: Ray at 127.0.0.1:9: ")
    assert "refused" in err
