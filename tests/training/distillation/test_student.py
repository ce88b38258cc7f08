import csv
import gzip
from dataclasses import replace

import pytest
import torch

from builders import SMALL_MOLECULES, build_config, build_store, changed
from nextims.config import ConfigError
from nextims.data.examples.loader import make_loader
from nextims.data.examples.piece_batch import PieceBatch
from nextims.data.examples.teacher_cache import TeacherCache
from nextims.evaluation.assess import predict_structures
from nextims.models.checkpoint import CheckpointError, load_model, load_plain, save_checkpoint
from nextims.models.student import Student, counted_experts
from nextims.models.teacher import Teacher
from nextims.training.distillation.student import (
    DistillationPhase,
    cache_teacher,
    student_arguments,
    student_key,
    teachers_vocabulary,
    train_student,
    training_sets,
)
from nextims.training.earlier import is_complete
from nextims.training.runs import split_loader
from nextims.training.teacher import teacher_arguments


@pytest.fixture
def config(tmp_path):
    return build_config(tmp_path, epochs=12)


@pytest.fixture
def teacher(config):
    torch.manual_seed(0)
    arguments = teacher_arguments(config)
    save_checkpoint(config.teacher.checkpoint, Teacher(**arguments), arguments, {})
    return config.teacher.checkpoint


def test_the_student_is_trained_and_every_expert_gets_its_share(config, teacher):
    # Some fifty steps, where a real run has thousands: the gate's bias takes larger ones.
    config = changed(config, "student", gate_bias_step=0.02)
    metadata = train_student(config, teacher)
    assert is_complete(config.student.checkpoint, student_key(config, teacher))
    model, checkpoint = load_model(config.student.checkpoint)
    assert checkpoint.kind == "student"
    with counted_experts(model) as shares:
        for batch in split_loader(config, "train", inputs=model.inputs, batch_size=4):
            model(batch)
    assert len(shares) == 4
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) >= 0.1
    shares = [v for name, v in metadata["validation"].items() if name.startswith("expert_")]
    assert sum(shares) == pytest.approx(1)
    assert not [name for name in metadata if "test" in name]
    with config.student.checkpoint.with_name("metrics_student.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]["loss_hard"]) < float(rows[0]["loss_hard"])
    assert {"expert_1", "expert_4", "weight_soft", "loss_balance"} <= set(rows[0])


def test_the_teachers_predictions_are_computed_once(config, teacher):
    first = cache_teacher(config, teacher)
    written = config.distillation.cache.stat().st_mtime_ns
    again = cache_teacher(config, teacher)
    assert config.distillation.cache.stat().st_mtime_ns == written
    assert first.key == again.key
    mean, deviation, features = TeacherCache(config.distillation.cache).read(["CO", "CCO"])
    assert mean.shape == deviation.shape == (2, 200)
    assert mean.sum(1) == pytest.approx([1, 1], abs=5e-3)  # float16 on disk
    assert deviation.max() > 0
    assert features.shape == (2, 32)


def test_the_first_student_has_its_share_in_the_labels(config, teacher, tmp_path):
    alone = cache_teacher(config, teacher).read(["CO"])[0]
    arguments = student_arguments(config)
    torch.manual_seed(1)
    first = Student(**arguments)
    save_checkpoint(tmp_path / "first.pt", first, arguments, {})
    learned = changed(config, "teacher", student=tmp_path / "first.pt")
    mixed = cache_teacher(changed(learned, "distillation", student_share=0.25), teacher)
    predicted = predict_structures(first, ["CO"])
    expected = 0.75 * alone + 0.25 * predicted / predicted.sum()
    assert mixed.read(["CO"])[0] == pytest.approx(expected, abs=2e-3)  # float16 on disk
    assert student_key(learned, teacher) != student_key(config, teacher)


def test_the_vocabulary_is_collected_once(config, teacher, monkeypatch):
    first = teachers_vocabulary(config, teacher)
    with monkeypatch.context() as without:
        without.setattr("nextims.training.distillation.teacher_labels.collect_vocabulary", None)
        again = teachers_vocabulary(config, teacher)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    larger = teachers_vocabulary(changed(config, "student", ions=70), teacher)
    assert len(larger.ions) == 70


def test_what_an_earlier_run_has_kept_does_not_change_the_result(config, teacher):
    short = changed(config, "training.student", epochs=1)
    weights = []
    for _ in range(2):  # the second finds predictions and vocabulary of the first
        train_student(short, teacher)
        weights.append(load_plain(config.student.checkpoint)["weights"])
    for name, tensor in weights[0].items():
        assert torch.equal(tensor, weights[1][name]), name


def test_another_teacher_makes_new_predictions(config, teacher):
    before = cache_teacher(config, teacher).read(["CO"])[0]
    torch.manual_seed(1)
    arguments = teacher_arguments(config)
    save_checkpoint(teacher, Teacher(**arguments), arguments, {})
    after = cache_teacher(config, teacher).read(["CO"])[0]
    assert abs(before - after).max() > 1e-3


def test_predictions_do_not_depend_on_what_was_drawn_before(config, teacher):
    whole = cache_teacher(config, teacher).read(["CO", "CCC(C)=O"])
    config.distillation.cache.unlink()
    torch.manual_seed(123)
    again = cache_teacher(config, teacher).read(["CO", "CCC(C)=O"])
    for a, b in zip(whole, again, strict=True):
        assert (a == b).all()


def test_a_missing_teacher_and_a_student_as_teacher_are_refused(config, tmp_path):
    with pytest.raises(CheckpointError, match=r"nextims train teacher --phase finetune"):
        train_student(config, tmp_path / "nothing.pt")
    arguments = student_arguments(config)
    save_checkpoint(tmp_path / "student.pt", Student(**arguments), arguments, {})
    with pytest.raises(CheckpointError, match="holds a student, expected a teacher"):
        train_student(config, tmp_path / "student.pt")


def test_a_teacher_of_another_mass_range_is_refused(config, teacher):
    other = changed(config, "data", max_mz=300)
    build_store(other.data.store, SMALL_MOLECULES, config=other.data)
    told = r"config\.yaml: data\.max_mz: found 300, but .*teacher\.pt predicts up to m/z 200"
    with pytest.raises(ConfigError, match=told):
        train_student(other, teacher)


def test_structures_without_spectra_are_labelled_and_learned_from(config, teacher):
    config.distillation.unlabelled.parent.mkdir(exist_ok=True)
    with gzip.open(config.distillation.unlabelled, "wt") as file:
        file.write("CCCCO butanol\nCCO in the store\nC1CC broken\nCCCCN\n")
    before = student_key(config, teacher)
    metadata = train_student(config, teacher)
    assert metadata["unlabelled_molecules"] == 2
    assert metadata["training_spectra"] == 16
    mean, *_ = TeacherCache(config.distillation.cache).read(["CCCCO", "CCCCN"])
    assert (mean[0, 76:] == 0).all()  # butanol, M 74
    config.distillation.unlabelled.unlink()
    assert student_key(config, teacher) != before


def test_a_structure_without_a_spectrum_counts_for_no_hard_label(config, teacher):
    phase, batch = phase_and_batch(config, teacher)
    hard = phase(batch).balanced["hard"].item() * 4
    first = phase(take_first(batch)).balanced["hard"].item()
    batch.spectrum[0] = 0
    assert phase(batch).balanced["hard"].item() * 3 == pytest.approx(hard - first, abs=1e-5)


def take_first(batch):
    end = batch.offsets[1]
    rows = ["offsets", "atoms", "nominal_mass", "highest_mz", "energy", "row", "spectrum"]
    rows += ["lowest_mz", "recorded", "teacher_mean", "teacher_deviation", "teacher_features"]
    parts = {name: getattr(batch, name)[:1] for name in rows}
    own = batch.pieces.molecule == 0
    pieces = PieceBatch(*(values[own] for values in vars(batch.pieces).values()))
    return replace(
        batch,
        positions=batch.positions[:end],
        values=batch.values[:end],
        pieces=pieces,
        **parts,
    )


def phase_and_batch(config, teacher):
    cache = cache_teacher(config, teacher)
    torch.manual_seed(0)
    student = Student(**student_arguments(config))
    loader = make_loader(
        training_sets(config, student.inputs)[0],
        max_mz=config.data.max_mz,
        batch_size=4,
        num_workers=0,
        shuffle_seed=config.training.seed,
        teacher=cache,
    )
    phase = DistillationPhase(
        student,
        teacher_width=cache.feature_width,
        settings=config.distillation,
        routing=config.student,
    )
    return phase.eval(), next(iter(loader))


def test_the_temperature_goes_from_start_to_end(config, teacher):
    phase, _ = phase_and_batch(changed(config, "distillation", temperature_start=2.0), teacher)
    assert phase.temperature == 2.0
    phase.progress = 0.5
    assert phase.temperature == 1.5
    phase.progress = 1.0
    assert phase.temperature == 1.0


def test_an_unsure_teacher_counts_less(config, teacher):
    phase, batch = phase_and_batch(config, teacher)
    batch.teacher_mean[0] = 0
    batch.teacher_mean[0, 150:] = 1 / 50  # nothing that the student could give
    wrong = phase(batch).balanced["soft"].item()
    batch.teacher_deviation[0] = 1.0  # and the teacher admits it
    assert phase(batch).balanced["soft"].item() < wrong


def test_no_loss_at_all_where_student_and_teacher_agree(config, teacher):
    phase, batch = phase_and_batch(config, teacher)
    prediction = phase.model(batch)
    batch.teacher_mean = prediction.intensity.detach()
    batch.teacher_features = phase.projection(prediction.features).detach()
    losses = phase(batch).balanced
    assert losses["soft"].item() == pytest.approx(0, abs=1e-5)
    assert losses["features"].item() == pytest.approx(0, abs=1e-5)
