from functools import partial

import pytest
import torch

from builders import TEACHER_SIZES, save_student
from nextims.formats.writing import FORMATS, Formatter
from nextims.inference.batches import parallel
from nextims.inference.batches.parallel import predict_formatted
from nextims.inference.loading import open_predictor
from nextims.inference.streaming import StreamingPredictor
from nextims.inference.structures.lists import InputStructure
from nextims.models.checkpoint import save_checkpoint
from nextims.models.teacher import Teacher
from nextims.spectra.prediction import FailedPrediction, PredictedSpectrum
from nextims.spectra.spectrum import Spectrum

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
    load = partial(open_predictor, path, device="cpu", threads=1)
    [ethanol] = predict_formatted(
        [InputStructure(1, "CCO")], load, workers=1, ending=".msp", annotate=True
    )
    assert '"C2H6O+=M' in ethanol.record


class Fragile(StreamingPredictor):
    """Dies of nitrogen, and gives spectra of sulfur that no file can hold."""

    max_mz, name = 1000, "fragile"

    def _results(self, structures, molecules):
        for structure, molecule in zip(structures, molecules, strict=True):
            if "N" in molecule.smiles:
                raise IndexError("broadcast")
            name = None if "S" in molecule.smiles else structure.name
            yield PredictedSpectrum(structure.line, name, molecule, Spectrum([31], [1.0]))


def test_what_one_structure_raises_in_a_process_is_its_own_failure(monkeypatch):
    monkeypatch.setattr(parallel, "_predictor", Fragile())  # what a process holds
    smiles = ["CCO", "CN", "CS", "CC~O", "CC"]
    given = [InputStructure(line, text) for line, text in enumerate(smiles, start=1)]
    results = parallel._predict(given, Formatter(".msp"), {})
    assert [type(each).__name__ for each in results] == [
        "FormattedSpectrum",
        "FailedPrediction",
        "FailedPrediction",
        "FailedPrediction",
        "FormattedSpectrum",
    ]
    assert [each.line for each in results[1:4]] == [2, 3, 4]
    assert results[1].reason == "IndexError: broadcast"
    assert results[2].reason.startswith(("TypeError", "AttributeError"))
    assert results[3].reason == "bond of no order (C~O)"
