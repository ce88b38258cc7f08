import gzip

import numpy as np
import pytest
import torch

from builders import build_bde_cache, build_config, changed, save_student, save_teacher
from nextims.config import PROJECT_ROOT, load_config
from nextims.data.examples.features import Inputs
from nextims.models.checkpoint import CheckpointError, load_model, load_plain, weights_digest
from nextims.training.card_figures import card_path
from nextims.training.distillation.self_training import PredictedSpectra, predicted_by_student
from nextims.training.distillation.unlabelled_structures import unlabelled_structures
from nextims.training.earlier import is_complete
from nextims.training.teacher import teacher_key, train_teacher

TEACHER_INPUTS = Inputs(graph=True, fragments=60)
LISTED = ["CCCCCO", "CCCCN", "CCOC(C)=O", "c1ccccc1CC"]


@pytest.fixture
def config(tmp_path):
    config = changed(build_config(tmp_path), "teacher", student=tmp_path / "student.pt")
    save_student(config.teacher.student)
    config.distillation.unlabelled.parent.mkdir(exist_ok=True)
    with gzip.open(config.distillation.unlabelled, "wt") as file:
        file.write("\n".join(LISTED) + "\n")
    return config


def test_examples_carry_the_spectra_of_the_shipped_student():
    model, _ = load_model(PROJECT_ROOT / load_config().student.checkpoint)
    dataset = PredictedSpectra(model, ["c1ccccc1", "CCCCCC"], inputs=TEACHER_INPUTS)
    benzene, hexane = dataset.__getitems__([0, 1])
    assert benzene.spectrum.mz[benzene.spectrum.intensity.argmax()] == 78
    assert {43, 57, 86} <= set(hexane.spectrum.mz)
    for example in (benzene, hexane):
        assert example.energy == 70
        assert example.features.graph is not None
        assert example.spectrum.intensity.min() > 1e-4
        assert example.spectrum.intensity.sum() == pytest.approx(1, abs=0.01)


def test_the_student_is_asked_for_so_many_of_the_structures(config):
    wanted = unlabelled_structures(config)
    assert len(wanted) == 4
    assert list(predicted_by_student(config, TEACHER_INPUTS).smiles) == wanted
    fewer = predicted_by_student(changed(config, "teacher", student_structures=3), TEACHER_INPUTS)
    assert list(fewer.smiles) == wanted[:3]
    assert predicted_by_student(changed(config, "teacher", student=None), TEACHER_INPUTS) is None


def test_without_structures_there_is_nothing_to_learn_from(config):
    config.distillation.unlabelled.unlink()
    assert predicted_by_student(config, TEACHER_INPUTS) is None


def test_only_a_student_is_asked(config):
    save_teacher(config.teacher.student)
    with pytest.raises(CheckpointError, match="holds a teacher, expected a student"):
        predicted_by_student(config, TEACHER_INPUTS)


@pytest.mark.parametrize("bond_energies", [False, True])
def test_a_teacher_learns_from_them_as_well(config, bond_energies):
    config = changed(config, "teacher", bond_energies=bond_energies)
    build_bde_cache(config.bde.cache)
    alone = changed(config, "teacher", student=None)
    train_teacher(alone)
    expected = load_plain(config.teacher.checkpoint)["weights"]
    metadata = train_teacher(config)
    found = load_plain(config.teacher.checkpoint)["weights"]
    assert metadata["training_spectra"] == 16
    assert metadata["predicted_spectra"] == 4
    assert metadata["student"] == weights_digest(config.teacher.student)
    assert any(not torch.equal(found[name], expected[name]) for name in expected)
    card = card_path(config.teacher.checkpoint).read_text()
    assert "and 4 spectra that a student predicted" in card
    assert metadata["student"] in card


def test_the_result_depends_on_the_student_and_the_number_of_structures(config):
    train_teacher(config)
    path = config.teacher.checkpoint
    assert is_complete(path, teacher_key(config))
    assert not is_complete(path, teacher_key(changed(config, "teacher", student=None)))
    assert not is_complete(path, teacher_key(changed(config, "teacher", student_structures=3)))
    save_student(config.teacher.student, seed=2)
    assert not is_complete(path, teacher_key(config))


def test_each_network_learns_from_the_same_structures(config, monkeypatch):
    # Variants are drawn by the seed, in which the networks differ.
    config = changed(changed(config, "teacher", members=2), "distillation", variants=8)
    config = changed(config, "training.finetune", epochs=1)
    seen = []
    train = train_teacher.__globals__["train_network"]

    def noted(member, path, *, predicted, **settings):
        seen.append((member.training.seed, list(predicted.smiles)))
        return train(member, path, predicted=predicted, **settings)

    monkeypatch.setitem(train_teacher.__globals__, "train_network", noted)
    train_teacher(config)
    (first_seed, first), (second_seed, second) = seen
    assert first_seed != second_seed
    assert first == second == unlabelled_structures(config)
    assert len(first) == 12


def test_measured_and_predicted_spectra_share_batches(config):
    from nextims.training.runs import split_loader

    build_bde_cache(config.bde.cache)
    loader = split_loader(
        config,
        "train",
        inputs=TEACHER_INPUTS,
        batch_size=20,
        bde_cache=config.bde.cache,
        beside=predicted_by_student(config, TEACHER_INPUTS),
    )
    [batch] = loader
    assert len(batch) == 20
    assert (batch.row == -1).sum() == 4
    assert np.all(batch.spectrum.sum(1).numpy() > 0)
    # Bond energies are known of the measured molecules alone.
    assert len(batch.graph.targets.energies) > 0
