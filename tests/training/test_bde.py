import csv
import os
import signal

import pytest
import torch

from builders import (
    BDE_SIZES,
    TEACHER_SIZES,
    bde_rows,
    build_bde_data,
    build_bde_table,
    build_config,
    changed,
    save_bde_model,
)
from nextims.data.bde.dft_table import BDEDataError, prepare_bde_data
from nextims.data.examples.dft_dataset import BDEDataset, bde_loader
from nextims.evaluation.bond_energies import bond_errors, mean_errors
from nextims.models.bde import BDEModel
from nextims.models.checkpoint import (
    CheckpointError,
    load_model,
    load_plain,
    save_atomically,
    save_checkpoint,
)
from nextims.models.teacher import Teacher
from nextims.training import bde
from nextims.training.bde import (
    PretrainPhase,
    bde_arguments,
    bde_key,
    load_bde_model,
    train_bde,
)
from nextims.training.card_figures import card_path
from nextims.training.earlier import is_complete
from nextims.training.trainer import Interrupted


@pytest.fixture
def config(tmp_path):
    config = build_config(tmp_path, epochs=3)
    build_bde_data(config.bde.data)
    return config


def weights(path):
    return load_plain(path)["weights"]


def assert_same_weights(one, other):
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def test_a_few_epochs_lower_the_error(tmp_path):
    config = build_config(tmp_path, epochs=25)
    build_bde_data(config.bde.data)
    config = changed(config, "training.pretrain", learning_rate=5e-3)
    metadata = train_bde(config)
    with config.teacher.pretrained.with_name("metrics_pretrain_teacher.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 25
    assert float(rows[-1]["loss_bond_energy"]) < float(rows[0]["loss_bond_energy"]) / 3
    errors = [float(row["bde_error"]) for row in rows]
    # The energies differ by 6 kcal/mol for each neighbour: less means that these are seen.
    assert min(errors) < 3 < errors[0]
    assert metadata["validation"]["bde_error"] == min(errors)


def test_the_finished_model_is_published_with_its_card(config):
    metadata = train_bde(config)
    assert is_complete(config.bde.checkpoint, bde_key(config))
    train, validation = (BDEDataset(config.bde.data, split) for split in ("train", "validation"))
    assert metadata["training_molecules"] == 16
    assert metadata["training_bonds"] == train.bonds
    assert metadata["data"]["source"] == "test"
    assert {tuple(kind) for kind in metadata["atom_kinds"]} == train.atom_kinds()
    assert ["Si", 4, 0, False, 0] in metadata["atom_kinds"]

    model, checkpoint = load_model(config.bde.checkpoint)
    assert isinstance(model, BDEModel)
    assert checkpoint.metadata == metadata
    found = mean_errors(bond_errors(model, bde_loader(validation, batch_size=4, num_workers=0)))
    told = metadata["validation"]
    assert found == pytest.approx({name: told[name] for name in found}, abs=1e-4)
    assert not [name for name in metadata if "test" in name]
    card = card_path(config.bde.checkpoint).read_text()
    assert f"| BDE | {told['bde_error']:.3f} |" in card
    assert "16 molecules" in card


def test_weights_are_kept_in_full_precision(config):
    train_bde(config)
    stored = weights(config.bde.checkpoint)
    assert {tensor.dtype for tensor in stored.values()} == {torch.float32}


class StopsItself(PretrainPhase):
    """Gets SIGTERM in the middle of the second epoch."""

    steps = 0

    def after_step(self):
        self.steps += 1
        if self.steps == 6:
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_run_that_was_stopped_continues_to_the_same_weights(config, tmp_path, monkeypatch):
    whole = build_config(tmp_path / "whole", epochs=3)
    build_bde_data(whole.bde.data)
    train_bde(whole)

    with monkeypatch.context() as patch:
        patch.setattr(bde, "PretrainPhase", StopsItself)
        with pytest.raises(Interrupted):
            train_bde(config)
    # Nothing half-trained takes the place of what was there.
    assert not config.bde.checkpoint.exists()
    assert config.teacher.pretrained.exists()

    torch.manual_seed(99)
    train_bde(config, resume=True)
    assert_same_weights(weights(config.bde.checkpoint), weights(whole.bde.checkpoint))


def test_another_seed_gives_other_weights(config):
    train_bde(config)
    first = weights(config.bde.checkpoint)
    train_bde(changed(config, "training", seed=8))
    name = "encoder.embed.weight"
    assert not torch.equal(first[name], weights(config.bde.checkpoint)[name])


def test_missing_dft_energies_name_the_command_that_gets_them(config):
    config.bde.data.unlink()
    with pytest.raises(BDEDataError, match=r"nextims prepare bde"):
        train_bde(config)


def test_the_key_depends_on_what_the_model_depends_on(config, tmp_path):
    key = bde_key(config)
    assert bde_key(build_config(tmp_path / "elsewhere", epochs=3)) != key  # no data there
    build_bde_data(tmp_path / "elsewhere" / "data.h5")
    same = changed(config, "bde", data=tmp_path / "elsewhere" / "data.h5", batch_size=7)
    assert bde_key(changed(same, "teacher", dropout=0.1)) == key
    for other in (
        changed(config, "encoder", width=24),
        changed(config, "encoder", layers=3),
        changed(config, "training", seed=8),
        changed(config, "training.pretrain", epochs=4),
    ):
        assert bde_key(other) != key
    table = build_bde_table(bde_rows("CCO"))
    prepare_bde_data(config.bde.data, table, source="test", progress=False)
    assert bde_key(config) != key


class TestLoadBDEModel:
    def test_the_published_model_is_given(self, config):
        save_bde_model(config.bde.checkpoint)
        model = load_bde_model(config)
        assert_same_weights(model.state_dict(), weights(config.bde.checkpoint))

    def test_a_missing_one_is_named(self, config):
        config = changed(config, "bde", checkpoint=config.bde.checkpoint.with_name("my_bde.pt"))
        with pytest.raises(CheckpointError, match=r"my_bde\.pt: no such checkpoint"):
            load_bde_model(config)

    @pytest.mark.parametrize("size", [{"encoder_width": 24}, {"encoder_layers": 3}])
    def test_one_of_another_size_is_refused_with_both_sizes(self, config, size):
        save_bde_model(config.bde.checkpoint, **size)
        with pytest.raises(CheckpointError) as error:
            load_bde_model(config)
        message = str(error.value)
        assert str(config.bde.checkpoint) in message
        assert str(BDE_SIZES | size) in message and str(bde_arguments(config)) in message
        assert "nextims train teacher --phase pretrain" in message
        assert "bde.checkpoint" in message

    def test_a_teacher_in_its_place_is_refused(self, config):
        save_checkpoint(config.bde.checkpoint, Teacher(**TEACHER_SIZES), TEACHER_SIZES, {})
        with pytest.raises(CheckpointError, match="holds a teacher, expected a BDE model"):
            load_bde_model(config)

    def test_one_that_has_not_finished_is_refused(self, config):
        content = load_plain(save_bde_model(config.bde.checkpoint))
        del content["metadata"]["finished"]
        save_atomically(content, config.bde.checkpoint)
        with pytest.raises(CheckpointError, match="its training has not finished"):
            load_bde_model(config)
