import hashlib

import numpy as np
import pytest
import torch

from builders import (
    STUDENT_SIZES,
    build_bde_cache,
    build_bde_data,
    build_config,
    build_student,
    changed,
)
from nextims.data.examples.features import Inputs
from nextims.files.digest import file_digest
from nextims.models.checkpoint import CheckpointError, load_plain, save_checkpoint
from nextims.training import runs
from nextims.training.bde import bde_key, train_bde
from nextims.training.runs import (
    library_part,
    library_source,
    mean_scores,
    run_key,
    split_loader,
)


@pytest.fixture
def config(tmp_path):
    return build_config(tmp_path)


def test_the_digest_of_a_file_is_its_sha256(tmp_path):
    content = b"spectra" * 500_000  # more than is read at a time
    (tmp_path / "file").write_bytes(content)
    assert file_digest(tmp_path / "file") == hashlib.sha256(content).hexdigest()


class TestRunKey:
    def test_it_depends_on_what_the_phase_depends_on(self, config):
        key = run_key(config, "finetune", {"store": "a"})
        assert run_key(config, "finetune", {"store": "a"}) == key
        others = [
            run_key(config, "pretrain", {"store": "a"}),
            run_key(config, "finetune", {"store": "b"}),
            run_key(changed(config, "training", seed=8), "finetune", {"store": "a"}),
            run_key(changed(config, "training", gradient_clip=2.0), "finetune", {"store": "a"}),
            run_key(changed(config, "training.gradnorm", alpha=1.0), "finetune", {"store": "a"}),
            run_key(changed(config, "training.finetune", patience=5), "finetune", {"store": "a"}),
        ]
        assert len({key, *others}) == 7

    def test_it_does_not_depend_on_other_phases_the_device_or_the_order(self, config):
        key = run_key(config, "finetune", {"a": 1, "b": 2})
        other = changed(changed(config, "training.student", epochs=9), "training", device="auto")
        assert run_key(other, "finetune", {"b": 2, "a": 1}) == key


def test_the_library_counts_by_its_content_not_by_its_place(config, tmp_path):
    part = library_part(config)
    moved = tmp_path / "elsewhere.h5"
    moved.write_bytes(config.data.store.read_bytes())
    assert library_part(changed(config, "data", store=moved, num_workers=3)) == part
    assert library_part(changed(config, "data", energy_range=(60.0, 80.0))) != part
    assert library_source(config) == {"source": "test", "sha256": part["store"]}


class TestSplitLoader:
    def test_training_is_shuffled_and_the_rest_in_order(self, config):
        training = split_loader(config, "train", shuffle=True, batch_size=4)
        rows = torch.cat([batch.row for batch in training]).tolist()
        assert sorted(rows) == list(range(16)) != rows
        validation = split_loader(config, "validation", batch_size=4)
        assert torch.cat([batch.row for batch in validation]).tolist() == list(range(16, 20))

    def test_graphs_and_bond_energies_come_where_they_are_asked_for(self, config):
        cache = build_bde_cache(config.bde.cache)
        [plain] = split_loader(config, "test", batch_size=4)
        [graphs] = split_loader(config, "test", inputs=Inputs(graph=True), batch_size=4)
        [known] = split_loader(
            config, "test", inputs=Inputs(graph=True), batch_size=4, bde_cache=cache
        )
        assert plain.graph is None
        assert graphs.graph.targets is None
        assert len(known.graph.targets.energies) > 10


class TestTrainPhase:
    """By the example of the BDE model, the quickest to train."""

    @pytest.fixture
    def config(self, config):
        build_bde_data(config.bde.data)
        return config

    def test_the_best_model_of_the_run_is_left_with_what_it_came_from(self, config):
        metadata = train_bde(config)
        content = load_plain(config.teacher.pretrained)
        assert content["metadata"] == metadata
        assert metadata["key"] == bde_key(config)
        assert metadata["seed"] == config.training.seed
        assert metadata["data"]["sha256"] == file_digest(config.bde.data)
        assert {"version", "commit", "finished", "validation"} <= set(metadata)

    def test_a_folder_in_the_place_of_the_checkpoint_is_found_before_training(self, config):
        config.teacher.pretrained.mkdir(parents=True)
        with pytest.raises(CheckpointError, match=r"best_pretrain_teacher\.pt: is a folder"):
            train_bde(config)

    def test_another_runs_model_in_the_place_of_the_best_is_not_passed_off(
        self, config, monkeypatch
    ):
        class Saboteur(runs.Trainer):
            def fit(self, *arguments, **settings):
                super().fit(*arguments, **settings)
                save_checkpoint(
                    config.teacher.pretrained, build_student(), STUDENT_SIZES, {"key": "?"}
                )

        monkeypatch.setattr(runs, "Trainer", Saboteur)
        with pytest.raises(CheckpointError, match="not the best model of this run"):
            train_bde(config)
        assert not config.bde.checkpoint.exists()


def test_mean_scores_leave_out_the_row():
    scores = {"row": np.array([3, 4]), "cosine": np.array([0.5, 1.0])}
    assert mean_scores(scores) == {"cosine": 0.75}


def test_how_often_gradnorm_moves_its_weights_matters_to_the_student_alone(config):
    other = changed(config, "training.gradnorm", every=3)
    for phase in ("pretrain", "finetune"):
        assert run_key(config, phase, {}) == run_key(other, phase, {})
    assert run_key(config, "student", {}) != run_key(other, "student", {})
