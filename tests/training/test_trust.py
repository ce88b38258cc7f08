import pytest
import torch

from builders import build_config
from nextims.config import Config
from nextims.data.library.store import SpectrumStore
from nextims.evaluation.trust import Trust, trust_path
from nextims.inference.loading import open_predictor
from nextims.models.checkpoint import save_checkpoint
from nextims.models.student import Student
from nextims.training.distillation.student import student_arguments
from nextims.training.left_out import halves, of_halves
from nextims.training.trust import train_trust


@pytest.fixture
def config(tmp_path) -> Config:
    """The configuration of a student that is there."""
    config = build_config(tmp_path, epochs=1)
    torch.manual_seed(0)
    arguments = student_arguments(config)
    save_checkpoint(config.student.checkpoint, Student(**arguments), arguments, {})
    return config


def test_small_libraries_lie_wholly_in_one_half():
    libraries = ["large"] * 40 + ["small"] * 9 + ["smaller"] * 5
    blocks = [f"{number:03}" for number in range(len(libraries))]
    half = halves(blocks, libraries)
    assert 15 <= half[:40].sum() <= 25
    assert len(set(half[40:49])) == len(set(half[49:])) == 1
    assert half[40] != half[49]


def test_each_half_is_foretold_by_what_has_not_seen_it(config, tmp_path):
    student = open_predictor(config.student.checkpoint).model
    parts = list(of_halves(config, student, tmp_path / "left_out"))
    with SpectrumStore(config.data.store) as store:
        keys = [key[:14] for key in store.column("inchikey")]
    for part in parts:
        seen, foretold = ({keys[row] for row in rows} for rows in (part.learned, part.rows))
        assert seen and foretold
        assert not seen & foretold


def test_the_student_says_how_far_it_is_to_be_trusted(config):
    assert open_predictor(config.student.checkpoint).predict(["CCO"])[0].uncertainty is None
    path = train_trust(config)
    assert path == trust_path(config.student.checkpoint)
    said = []
    train_trust(config, say=said.append)
    assert said == [f"skipped, {path} is of these weights"]
    predictor = open_predictor(config.student.checkpoint)
    [ethanol, failed] = predictor.predict(["CCO", "C("], neighbours=2)
    expected = ethanol.uncertainty.expected["cosine"]
    assert 0 <= expected.lower <= expected.mean <= expected.upper <= 1
    assert len(ethanol.uncertainty.neighbours) == 2
    assert not hasattr(failed, "uncertainty")


def test_what_is_of_other_weights_is_not_used(config):
    trust = Trust.load(train_trust(config))
    Trust(trust.known, trust.values, "of others").save(trust_path(config.student.checkpoint))
    predictor = open_predictor(config.student.checkpoint)
    assert predictor.trust is None
