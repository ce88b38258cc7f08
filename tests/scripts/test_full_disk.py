"""Each command on a disk that is full: one line that names the file, and nothing left of it."""

import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

from builders import (
    build_bde_data,
    build_config,
    build_library,
    build_msp,
    load_script,
    save_student,
)
from nextims.data.examples.teacher_cache import TeacherCache, fill
from nextims.files.writing import OutputError
from nextims.training.teacher import teacher_arguments

NO_SPACE = "cannot be written (No space left on device)"


@pytest.fixture
def disk(tmp_path):
    """Give a function that makes a folder a disk of its own, of some kilobytes."""
    mounted = []

    def mount(folder, kilobytes):
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
        if sys.platform != "linux" or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("no file system can be mounted here")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def complaint(capsys, *names):
    """Return what a command said, which is one line that names the file and the reason."""
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(lines) == 1, lines
    assert NO_SPACE in lines[0]
    assert any(name in lines[0] for name in names), lines[0]
    return lines[0]


def left(folder):
    return [str(path.relative_to(folder)) for path in folder.rglob("*.tmp")]


@pytest.mark.parametrize("kilobytes", [4, 32, 100])
def test_training_the_student(disk, tmp_path, capsys, kilobytes):
    import torch

    from nextims.models.checkpoint import save_checkpoint
    from nextims.models.teacher import Teacher

    config = build_config(tmp_path)
    arguments = teacher_arguments(config)
    torch.manual_seed(0)
    save_checkpoint(tmp_path / "teacher.pt", Teacher(**arguments), arguments, {})
    folder = disk(config.student.checkpoint.parent, kilobytes)
    status = load_script("train_student").main(
        ["--config", str(tmp_path / "config.yaml"), "--teacher", str(tmp_path / "teacher.pt")]
    )
    assert status == 2
    complaint(capsys, "student.pt", "student_metrics.csv", "student.csv")
    assert not left(tmp_path)
    assert not (folder / "best_student.pt").exists()


@pytest.mark.parametrize("phase", ["pretrain", "finetune"])
def test_training_the_teacher(disk, tmp_path, capsys, phase):
    config = build_config(tmp_path)
    build_bde_data(config.bde.data)
    disk(config.teacher.checkpoint.parent, 8)
    status = load_script("train_teacher").main(
        ["--config", str(tmp_path / "config.yaml"), "--phase", phase]
    )
    assert status == 2
    complaint(capsys, "teacher.pt", f"{phase}_teacher", "members/1/")
    assert not left(tmp_path)


def test_bond_energies(disk, tmp_path, capsys):
    config = build_config(tmp_path)
    folder = disk(config.bde.cache.parent, 8)
    main = load_script("precompute_bde").main
    assert main(["--config", str(tmp_path / "config.yaml"), "--max-samples", "0"]) == 2
    complaint(capsys, "bde_cache.h5")
    assert not left(folder)


@pytest.mark.parametrize("kilobytes", [4, 40, 120])
def test_an_index(disk, tmp_path, capsys, kilobytes):
    pytest.importorskip("ms_entropy")
    library = build_library(tmp_path / "lib.msp")
    size = library.stat().st_size // 1024 + 8
    folder = disk(tmp_path / "disk", size + kilobytes)
    shutil.copy(library, folder)
    path = folder / "lib.msp"
    assert load_script("index_library").main(["--library", str(path)]) == 2
    complaint(capsys, "lib.msp.index")
    assert [found.name for found in folder.iterdir()] == ["lib.msp"]


@pytest.mark.slow
def test_an_export(disk, tmp_path, capsys):
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason='needs pip install -e ".[onnx]"')
    checkpoint = save_student(tmp_path / "student.pt")
    folder = disk(tmp_path / "disk", 16)
    output = folder / "student.onnx"
    main = load_script("export_onnx").main
    assert main(["--checkpoint", str(checkpoint), "--output", str(output)]) == 2
    complaint(capsys, "student.onnx")
    assert not list(folder.iterdir())


@pytest.mark.parametrize("ending", [".png", ".pdf", ".svg"])
def test_a_picture(disk, tmp_path, capsys, ending):
    pytest.importorskip("matplotlib")
    folder = disk(tmp_path / "disk", 4)
    checkpoint = str(save_student(tmp_path / "student.pt"))
    main = load_script("predict").main
    plot = folder / f"ethanol{ending}"
    assert main(["--checkpoint", checkpoint, "--smiles", "CCO", "--plot", str(plot)]) == 2
    complaint(capsys, f"ethanol{ending}")
    assert not list(folder.iterdir())


@pytest.mark.parametrize("option", ["--report", "--output"])
def test_a_search(disk, tmp_path, capsys, option):
    library = tmp_path / "lib.msp"
    library.write_text("".join(build_msp(f"ethanol {i}") for i in range(20)))
    folder = disk(tmp_path / "disk", 4)
    target = folder / {"--report": "hits.html", "--output": "hits.csv"}[option]
    main = load_script("search").main
    arguments = ["--query", str(library), "--library", str(library), "--scan", option, str(target)]
    assert main(arguments) == 2
    complaint(capsys, target.name)
    assert not list(folder.iterdir())


def test_what_the_teacher_predicted_is_kept(disk, tmp_path):
    def compute(smiles):
        rows = np.random.default_rng(1).random((len(smiles), 4000), np.float32)
        return rows, rows, rows

    folder = disk(tmp_path / "disk", 3000)
    path = folder / "predictions.h5"
    smiles = ["C" * number for number in range(1, 200)]
    begun = fill(path, smiles, compute, key="a", widths=(4000, 4000), block=20)
    with pytest.raises(OutputError, match=r"predictions\.h5: cannot be written \(No space left"):
        list(begun)
    with h5py.File(folder / "predictions.h5.part") as file:
        done = len(file["smiles"])
    assert 20 <= done < len(smiles)
    subprocess.run(["mount", "-o", "remount,size=40m", str(folder)], check=True)
    assert next(fill(path, smiles, compute, key="a", widths=(4000, 4000), block=20)) == done
    assert sum(fill(path, smiles, compute, key="a", widths=(4000, 4000), block=20)) == len(smiles)
    assert len(TeacherCache(path)) == len(smiles)
    assert path.stat().st_size < 10_000 * len(smiles) * 3
