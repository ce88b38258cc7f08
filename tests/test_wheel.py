"""The wheel: built as a user builds it, put somewhere, and used from another folder."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version

import pytest

from nextims.config import PROJECT_ROOT

ETHANOL = (
    "from nextims.cli.commands import load_predictor\n"
    "from nextims.config import load_config\n"
    "[ethanol] = load_predictor(load_config()).predict(['CCO'])\n"
    "print(ethanol.highest_peaks(1)[0].mz)"
)
WITHOUT_TRAINING = (
    "import sys\n"
    "for name in ('torch', 'torch_geometric', 'lightning_fabric', 'numba'):\n"
    "    sys.modules[name] = None\n"
)
NO_WEIGHTS = {"NEXTIMS_WEIGHTS": ""}


# What a user writes, for a strict check of the types that the package gives.
STRICT = """\
from pathlib import Path

import nextims
from rdkit import Chem

ethanol = nextims.predict("CCO")
name: str = ethanol.name
html: str = ethanol._repr_html_()
facts: dict[str, object] = ethanol.to_dict()
base: float = ethanol.highest_peaks(1)[0].mz
mol = Chem.MolFromSmiles("CO")
assert mol is not None
spectra = nextims.predict(["CCO", ("CO", "methanol"), mol], quiet=True)
for spectrum in spectra:
    print(spectrum.molecule.formula, spectrum.mz.max(), spectrum.intensity.sum())
for failure in spectra.failures:
    print(failure.line, failure.reason)
predictor = nextims.Predictor("student", device="cpu")
again = predictor.predict(["CCO"], names=["ethanol"])
derivative = nextims.predict("CCO", derivatise="tms", quiet=True)[0]
kept = nextims.predict(Path("list.csv"), keep_columns=["CAS"], partial=False)
cas: str = dict(kept[0].columns)["CAS"]
path: Path = nextims.write(again, "out.msp")
measured = nextims.read(path)
scores: dict[str, float] = nextims.compare(measured[0], ethanol)
found = nextims.search(measured[0], candidates=["CCO"])
for hit in found:
    print(hit.rank, hit.score, hit.entry.name)
several = nextims.search("out.msp", "out.msp", top=3)
print(several[0].hits, nextims.__version__)
each = nextims.search(measured, again, score="cosine")
print(each[0].hits, measured[0].retention_time, measured[0].to_pandas().shape)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    if tuple(map(int, version("setuptools").split(".")[:2])) < (70, 1):
        pytest.skip("needs setuptools 70.1 or later")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    # Built from a copy: the build leaves folders beside the code.
    for name in (
        "setup.py",
        "pyproject.toml",
        "MANIFEST.in",
        "README.md",
        "LICENSE",
        "config.yaml",
    ):
        source.mkdir(exist_ok=True)
        shutil.copy(PROJECT_ROOT / name, source)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.pt")
    for name in ("src", "checkpoints/student", "checkpoints/retention_index"):
        shutil.copytree(PROJECT_ROOT / name, source / name, ignore=ignored)
    command = ["wheel", str(source), "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *command], check=True, capture_output=True)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    place = tmp_path_factory.mktemp("installed")
    command = ["install", "--no-deps", "--no-index", "--target", str(place), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *command], check=True, capture_output=True)
    return place


@pytest.fixture
def run(installed, tmp_path):
    """Run Python in an empty folder, with the installed package before all others."""

    path = os.pathsep.join(filter(None, (str(installed), os.environ.get("PYTHONPATH"))))

    def python(*arguments, **environment):
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**os.environ, **NO_WEIGHTS, "PYTHONPATH": path, **environment},
        )

    return python


def test_it_holds_the_student_and_no_other_weights(wheel):
    assert wheel.stat().st_size < 25e6
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {name for name in names if name.startswith("nextims/shipped/")}
    assert {name.rpartition("/")[2] for name in shipped} == {
        "config.yaml",
        "best_student.onnx",
        "best_student.onnx.sha256",
        "best_student.trust.npz",
        "best_student.MODEL_CARD.md",
        "retention_index.npz",
        "retention_index.MODEL_CARD.md",
    }
    assert {"nextims/py.typed", "nextims/web/static/index.html"} <= set(names)
    assert not [name for name in names if name.endswith(".pt")]


def test_it_predicts_from_another_folder(run, installed, tmp_path):
    done = run("-c", f"{ETHANOL}\nimport nextims; print(nextims.__file__)")
    assert done.stderr == ""
    assert done.stdout.split() == ["31", str(installed / "nextims" / "__init__.py")]
    assert list(tmp_path.iterdir()) == []


def test_it_predicts_without_what_training_needs(run):
    done = run("-c", WITHOUT_TRAINING + ETHANOL)
    assert (done.stdout.strip(), done.stderr) == ("31", "")


def test_a_teacher_is_found_where_the_variable_says(run):
    code = "from nextims.config import load_config; print(load_config().checkpoint('teacher'))"
    weights = PROJECT_ROOT / "checkpoints"
    flat = weights / "teacher"
    for folder in (weights, flat):
        done = run("-c", code, NEXTIMS_WEIGHTS=str(folder))
        assert done.stdout.strip() == str(flat / "best_finetune_teacher.pt")


def test_what_needs_pytorch_says_what_installs_it(run):
    code = ETHANOL.replace("load_config())", "load_config(), 'teacher')")
    done = run("-c", WITHOUT_TRAINING + code, NEXTIMS_WEIGHTS=str(PROJECT_ROOT / "checkpoints"))
    assert re.search(r'torch is missing: pip install "nextims\[train\]"$', done.stderr.strip())


def test_a_student_in_the_folder_one_works_in_is_read_and_said_so(run, installed, tmp_path):
    shipped = installed / "nextims/shipped/checkpoints/student/best_student.onnx"
    own = tmp_path / "checkpoints" / "student" / shipped.name
    own.parent.mkdir(parents=True)
    shutil.copy(shipped, own)
    shutil.copy(f"{shipped}.sha256", f"{own}.sha256")
    note = "which lies in this folder: not the model that comes with NExtIMS"
    predict = ("-m", "nextims", "predict", "--smiles", "CCO")
    done = run(*predict)
    assert (done.returncode, done.stderr) == (0, f"note: {own} is read, {note}\n")
    done = run("-W", "error", "-c", "import nextims; nextims.predict('CCO')")
    assert f"UserWarning: {own} is read, {note}" in done.stderr
    # Trained anew since it was exported.
    checkpoint = own.with_suffix(".pt")
    checkpoint.write_bytes(b"other weights")
    code = WITHOUT_TRAINING + f"from nextims.cli.main import main; main({predict[2:]})"
    assert run("-c", code).stderr.splitlines() == [
        f"note: {checkpoint} is read, {note}",
        f"error: {own}: is of other weights than best_student.pt beside it, which needs PyTorch; "
        f"nextims export --checkpoint {checkpoint} makes it anew; torch is missing: "
        'pip install "nextims[train]"',
    ]
    checkpoint.unlink()
    weights = PROJECT_ROOT / "checkpoints" / "student"
    own.rename(tmp_path / "elsewhere.onnx")
    done = run(*predict, NEXTIMS_WEIGHTS=str(weights))
    assert f"note: {weights / 'best_student.pt'} is read, as NEXTIMS_WEIGHTS says" in done.stderr


def test_bond_energies_say_all_that_they_need(run):
    code = "from nextims.cli.main import main; main(['bde', '--smiles', 'CCO'])"
    done = run("-c", WITHOUT_TRAINING + code)
    assert done.stderr.startswith(
        'error: torch is missing: pip install "nextims[train]"; bond ener'
    )
    assert "NEXTIMS_WEIGHTS" in done.stderr


def test_its_data_are_those_of_the_folder_one_works_in(run, tmp_path):
    done = run("-c", "from nextims.config import load_config; print(load_config().data.store)")
    assert done.stdout.strip() == str(tmp_path / "data" / "processed" / "spectra.h5")


def test_its_public_names_pass_a_strict_type_check(run, installed, tmp_path):
    pytest.importorskip("mypy", reason='needs pip install -e ".[test]"')
    (tmp_path / "user.py").write_text(STRICT)
    (tmp_path / "list.csv").write_text("smiles,CAS\nCCO,64-17-5\n")
    command = ("-m", "mypy", "--strict", "--follow-imports=silent", "user.py")
    done = run(*command, MYPYPATH=str(installed))
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("user.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("C2H6O ")


def test_requirements_are_those_of_training():
    setup = (PROJECT_ROOT / "setup.py").read_text(encoding="utf-8")
    train = set(re.findall(r'"([\w-]+)>=', re.search(r"TRAIN = \[(.*?)\]", setup)[1]))
    lines = (PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert {re.match(r"[\w-]+", line)[0] for line in lines if not line.startswith("#")} == train


@pytest.mark.slow
def test_a_fresh_environment_predicts_with_the_wheel_alone(wheel, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "fresh")], check=True)
    programs = tmp_path / "fresh" / "bin"
    subprocess.run([programs / "pip", "install", "--quiet", wheel], check=True)
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", *NO_WEIGHTS)}
    done = subprocess.run(
        [programs / "nextims", "predict", "--smiles", "CCO"],
        capture_output=True,
        text=True,
        check=False,
        cwd=empty,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "C2H6O" in done.stdout
    # What the first page says to type, in an empty folder.
    subprocess.run([programs / "pip", "install", "--quiet", f"{wheel}[plot]"], check=True)
    page = [programs / "python", PROJECT_ROOT / "docs" / "tutorials.py", "first_steps"]
    done = subprocess.run(page, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
