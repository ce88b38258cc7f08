from functools import partial

import pytest
import torch

from builders import TEACHER_SIZES, save_student
from nextims.formats.writing import FORMATS
from nextims.inference.batches.parallel import predict_formatted
from nextims.inference.loading import open_predictor
from nextims.inference.structures.lists import InputStructure
from nextims.models.checkpoint import save_checkpoint
from nextims.models.teacher import Teacher
from nextims.spectra.prediction import FailedPrediction

MOLECULES = ["CCO", "c1ccccc1", "no molecule", "CC(=O)OCC", "ClC(Cl)Cl", "CCCCCC", "C"]


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    return save_student(tmp_path_factory.mktemp("weights") / "student.pt")


def structures():
    return (InputStructure(line, smiles) for line, smiles in enumerate(MOLECULES, start=1))


def test_processes_give_the_text_that_one_gives(student):
    load = partial(open_predictor, student, device="cpu", threads=1)
    results = list(predict_formatted(structures(), load, workers=2, ending=".msp", batch_size=2))
    predictor = load()
    for result, wanted in zip(results, predictor.predict(MOLECULES), strict=True):
        if isinstance(wanted, FailedPrediction):
            assert result == wanted
        else:
            assert result.identifier == wanted.line
            assert result.record == FORMATS[".msp"](wanted, predictor.name)


def test_options_reach_the_processes(tmp_path):
    torch.manual_seed(3)
    path = tmp_path / "teacher.pt"
    save_checkpoint(path, Teacher(**TEACHER_SIZES, members=2), TEACHER_SIZES | {"members": 2}, {})
    load = partial(open_predictor, path, device="cpu", student_will_do=False, threads=1)
    [ethanol] = predict_formatted(
        [InputStructure(1, "CCO")], load, workers=1, ending=".msp", annotate=True
    )
    assert '"C2H6O+=M' in ethanol.record
