"""Training and predicting on a GPU, and on several through NCCL, give what the CPU gives."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from builders import SMALL_MOLECULES, build_bde_cache, build_bde_data, build_config, changed
from nextims.chemistry.molecule import read_molecule
from nextims.config import PROJECT_ROOT, Config
from nextims.data.bde.cache import BDECache
from nextims.data.bde_generator import fill_cache
from nextims.inference.predictor import Predictor
from nextims.models.bde_backends import open_backend
from nextims.models.checkpoint import load_plain
from nextims.training.bde import train_bde
from nextims.training.distillation.student import train_student
from nextims.training.teacher import train_teacher

GPUS = torch.cuda.device_count()

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not GPUS, reason="PyTorch finds no GPU"),
]


@pytest.fixture
def config(tmp_path):
    """Without chance and in single precision, so that devices differ by rounding alone."""
    config = build_config(tmp_path, epochs=2)
    build_bde_cache(config.bde.cache)
    config = changed(
        config, "teacher", bond_energies=True, dropout=0.0, drop_edge=0.0, fragment_dropout=0.0
    )
    config = changed(config, "student", dropout=0.0)
    return changed(config, "training.student", precision="32-true", weight_average=None)


def on(device, config, folder):
    """Return the configuration for a device, with checkpoints of its own."""
    config = changed(config, "training", device=device)
    config = changed(config, "teacher", checkpoint=folder / device / "teacher.pt")
    config = changed(config, "student", checkpoint=folder / device / "student.pt")
    return changed(config, "distillation", cache=folder / device / "predictions.h5")


def test_a_teacher_and_its_student_learn_what_they_learn_on_the_cpu(config, tmp_path):
    found = {}
    for device in ("cpu", "cuda"):
        own = on(device, config, tmp_path)
        found["teacher", device] = train_teacher(own)["validation"]
        found["student", device] = train_student(own, own.teacher.checkpoint)["validation"]
    for model in ("teacher", "student"):
        assert found[model, "cuda"] == pytest.approx(found[model, "cpu"], abs=5e-3), model


def test_bond_energies_are_those_of_the_cpu(config, tmp_path):
    build_bde_data(config.bde.data)
    train_bde(changed(config, "training", device="cuda"))
    molecules = [read_molecule(smiles) for smiles in SMALL_MOLECULES]
    structures = [(molecule.inchikey, molecule.smiles) for molecule in molecules]
    energies = {}
    for device in ("cpu", "cuda"):
        path = tmp_path / f"{device}.h5"
        fill_cache(path, structures, open_backend(config.bde, device=device), batch_size=8)
        entries = BDECache(path).read_all().entries.values()
        energies[device] = np.concatenate([bonds.bde for _, bonds in entries])
    assert np.isfinite(energies["cpu"]).any()
    np.testing.assert_allclose(energies["cuda"], energies["cpu"], rtol=1e-3)


@pytest.mark.parametrize("model", ["teacher", "student"])
def test_the_shipped_models_predict_what_they_predict_on_the_cpu(model):
    config = Config().with_root(PROJECT_ROOT)
    checkpoint = getattr(config, model).checkpoint
    if not checkpoint.is_file():
        pytest.skip(f"the trained {model} is not in this checkout")
    smiles = ["CCO", "c1ccccc1Br", "C[Si](C)(C)OCC", "CC(=O)Oc1ccccc1C(=O)O"]
    there, here = (
        Predictor.from_checkpoint(checkpoint, device=device).predict(smiles)
        for device in ("cuda", "cpu")
    )
    for one, other in zip(there, here, strict=True):
        ours, theirs = (_binned(it.spectrum) for it in (one, other))
        np.testing.assert_allclose(ours, theirs, atol=5e-3)


def _binned(spectrum):
    return np.bincount(spectrum.mz.astype(int), spectrum.intensity, minlength=400)


@pytest.mark.skipif(GPUS < 2, reason="PyTorch finds one GPU alone")
def test_two_gpus_learn_through_nccl_what_one_learns(config, tmp_path):
    build_bde_data(config.bde.data)
    alone = train_bde(changed(config, "training", device="cuda"))["validation"]
    settings = (tmp_path / "config.yaml").read_text().replace("device: cpu", "device: cuda")
    (tmp_path / "config.yaml").write_text(settings)
    config.bde.checkpoint.unlink()
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2")
    script = PROJECT_ROOT / "scripts" / "train_teacher.py"
    arguments = ("--config", tmp_path / "config.yaml", "--phase", "pretrain")
    subprocess.run([*torchrun, script, *arguments], check=True, timeout=300)
    together = load_plain(config.bde.checkpoint)["metadata"]["validation"]
    assert together == pytest.approx(alone, rel=1e-2)
