import pytest
import torch

from builders import build_bde_cache, build_config
from nextims.data.bde_cache import BDECacheError
from nextims.data.store import StoreError
from nextims.training.checkpoint import load_model, load_plain
from nextims.training.runs import is_complete
from nextims.training.teacher import teacher_key, train_teacher


@pytest.fixture
def config(tmp_path):
    config = build_config(tmp_path)
    build_bde_cache(config.bde.cache)
    teacher = config.teacher.model_copy(update={"bond_energies": True})
    return config.model_copy(update={"teacher": teacher})


def test_finetuning_leaves_a_checkpoint_that_says_where_it_comes_from(config):
    metadata = train_teacher(config, "finetune")
    path = config.teacher.checkpoint
    assert is_complete(path, teacher_key(config, "finetune"))
    assert metadata["data"]["source"] == "test"
    assert metadata["test_spectra"] == 4
    assert 0 <= metadata["test"]["cosine"] <= 1
    card = path.with_name("MODEL_CARD.md").read_text()
    assert f"{metadata['test']['cosine']:.4f}" in card
    model, checkpoint = load_model(path)
    assert checkpoint.kind == "teacher"
    assert model.max_mz == 200


def test_a_changed_setting_makes_the_result_incomplete(config):
    train_teacher(config, "finetune")
    other = config.model_copy(
        update={"teacher": config.teacher.model_copy(update={"dropout": 0.5})}
    )
    path = config.teacher.checkpoint
    assert not is_complete(path, teacher_key(other, "finetune"))
    assert not is_complete(path.with_name("nothing.pt"), teacher_key(config, "finetune"))


def test_pretraining_learns_bond_energies_and_finetuning_starts_from_it(config, tmp_path):
    metadata = train_teacher(config, "pretrain")
    assert metadata["validation"]["bde_error"] > 0
    pretrained = load_plain(config.teacher.pretrained)["weights"]
    training = config.training.model_copy(
        update={"finetune": config.training.finetune.model_copy(update={"learning_rate": 1e-12})}
    )
    train_teacher(config.model_copy(update={"training": training}), "finetune")
    finetuned = load_plain(config.teacher.checkpoint)["weights"]
    name = "encoder.convolutions.0.nn.0.weight"
    assert torch.allclose(pretrained[name], finetuned[name], atol=1e-3)


def test_the_same_seed_gives_the_same_weights(config):
    weights = []
    for _ in range(2):
        train_teacher(config, "finetune")
        weights.append(load_plain(config.teacher.checkpoint)["weights"])
    assert all(torch.equal(weights[0][name], tensor) for name, tensor in weights[1].items())


def test_missing_inputs_name_the_command_that_makes_them(config):
    config.bde.cache.unlink()
    with pytest.raises(BDECacheError, match=r"precompute_bde\.py"):
        train_teacher(config, "finetune")
    config.data.store.unlink()
    with pytest.raises(StoreError, match=r"prepare_massbank\.py"):
        train_teacher(config, "finetune")


def test_a_teacher_learns_a_handful_of_spectra_by_heart(tmp_path):
    # Proof that training can learn at all: 16 molecules, each spectrum distinct.
    config = build_config(tmp_path, epochs=60)
    finetune = config.training.finetune.model_copy(update={"learning_rate": 3e-3})
    teacher = config.teacher.model_copy(update={"dropout": 0.0, "drop_edge": 0.0})
    training = config.training.model_copy(update={"finetune": finetune})
    config = config.model_copy(update={"teacher": teacher, "training": training})
    train_teacher(config, "finetune")
    import csv

    with config.teacher.checkpoint.with_name("metrics_finetune_teacher.csv").open() as file:
        losses = [float(row["loss_spectrum"]) for row in csv.DictReader(file)]
    assert losses[-1] < 0.05 < losses[0]
