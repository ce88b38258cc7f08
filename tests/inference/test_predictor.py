"""Predicting through Python: order, failures, and what a spectrum may hold."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from builders import STUDENT_SIZES, TEACHER_SIZES, save_bde_model, save_teacher
from nextims.config import PROJECT_ROOT, Config
from nextims.inference import FailedPrediction, PredictedSpectrum, Predictor
from nextims.inference.structures.lists import InputStructure
from nextims.models.checkpoint import CheckpointError, save_checkpoint
from nextims.spectra.prediction import spectrum_from_bins

SHIPPED = PROJECT_ROOT / "checkpoints" / "student" / "best_student.pt"
VARIED = [
    "CCO",
    "c1ccccc1",
    "CC(C)(C)[Si](C)(C)OC",
    "BrCCBr",
    "OB(O)c1ccccc1",
    "[2H]C([2H])([2H])O",
]


@pytest.fixture(scope="module")
def predictor(small_model):
    return Predictor(small_model, "small model")


def assert_same(first, second, tolerance=1e-5):
    """Equal but for rounding, which may move a peak over the floor of 0.001."""
    one, other = (
        dict(zip(r.spectrum.mz, r.spectrum.intensity, strict=True)) for r in (first, second)
    )
    for mz in one.keys() | other.keys():
        assert one.get(mz, 0.001) == pytest.approx(other.get(mz, 0.001), abs=tolerance)


def test_results_keep_the_order_and_the_place_of_failures(predictor):
    structures = ["CCO", "", "C1CC", "[Na+].[Cl-]", "[Fe]", "C" * 30, "OCC"]
    results = predictor.predict(structures, batch_size=3)
    assert [result.line for result in results] == [1, 2, 3, 4, 5, 6, 7]
    assert [type(result) for result in results] == (
        [PredictedSpectrum] + 5 * [FailedPrediction] + [PredictedSpectrum]
    )
    assert [failed.text for failed in results[1:6]] == structures[1:6]
    reasons = [failed.reason for failed in results[1:6]]
    assert reasons == [
        "empty structure",
        "RDKit cannot read the structure (ring 1 is not closed, character 2)",
        "several components",
        "unsupported element Fe",
        "nominal mass 422 Da above max_mz 300",
    ]
    assert results[0].molecule.smiles == results[6].molecule.smiles == "CCO"


@pytest.mark.parametrize("smiles", VARIED)
def test_a_spectrum_holds_only_what_can_be_measured(predictor, smiles):
    [result] = predictor.predict([smiles])
    mz, intensity = result.spectrum.mz, result.spectrum.intensity
    assert (mz == np.round(mz)).all()
    assert mz.min() >= 1
    assert mz.max() <= result.molecule.highest_mz
    assert intensity.max() == 1.0
    assert intensity.min() >= 0.001
    assert len(set(mz)) == len(mz)


def test_the_floor_drops_peaks(predictor):
    spectra = [result.spectrum for result in predictor.predict(VARIED)]
    possible = sum(result.molecule.highest_mz for result in predictor.predict(VARIED))
    assert 0 < sum(map(len, spectra)) < possible


def test_peaks_give_the_neutral_loss_from_the_molecular_ion(predictor):
    [result] = predictor.predict(["BrCCBr"])
    mass = result.molecule.nominal_mass
    assert mass == 186
    assert all(peak.mz + peak.neutral_loss == mass for peak in result.peaks)
    highest = result.highest_peaks(3)
    assert len(highest) == 3
    assert highest[0].intensity == 1.0
    assert [p.intensity for p in highest] == sorted((p.intensity for p in highest), reverse=True)
    assert min(highest).intensity >= max(set(result.peaks) - set(highest), key=lambda p: p[1])[1]


def test_a_molecule_is_predicted_alike_alone_in_a_batch_and_twice(predictor):
    together = predictor.predict(VARIED * 3)
    for position, smiles in enumerate(VARIED):
        [alone] = predictor.predict([smiles])
        for repeat in range(3):
            assert_same(alone, together[position + repeat * len(VARIED)])


def test_spelling_of_the_smiles_does_not_matter(predictor):
    results = predictor.predict(["OCC", "C(O)C", "[CH3][CH2][OH]"])
    for result in results[1:]:
        assert_same(results[0], result)


def test_prediction_is_deterministic(predictor):
    first, second = predictor.predict(VARIED), predictor.predict(VARIED)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.spectrum.intensity, other.spectrum.intensity)


def test_a_model_left_in_training_mode_predicts_without_dropout(small_model):
    results = [Predictor(small_model.train()).predict(["CCO"])[0] for _ in range(2)]
    np.testing.assert_array_equal(results[0].spectrum.intensity, results[1].spectrum.intensity)


def test_a_stream_is_predicted_as_it_comes(predictor):
    given = []

    def endless():
        while True:
            given.append("CCO")
            yield "CCO"

    stream = predictor.predict_stream(endless(), batch_size=4)
    assert [next(stream).line for _ in range(6)] == [1, 2, 3, 4, 5, 6]
    assert len(given) == 8


def test_names_and_lines_of_the_input_are_kept(predictor):
    good, bad = predictor.predict(
        [InputStructure(7, "CCO", "ethanol"), InputStructure(9, "C(", "x")]
    )
    assert (good.line, good.name) == (7, "ethanol")
    assert (bad.line, bad.text, bad.name) == (9, "C(", "x")
    assert bad.reason.startswith("RDKit cannot read the structure")


def test_values_that_are_no_text_fail_alone(predictor):
    results = predictor.predict(["C", math.nan, None, "C\udce9", "CC"])
    assert [isinstance(r, PredictedSpectrum) for r in results] == [True, False, False, False, True]
    assert results[1].reason == "expected a SMILES, found nan"


def test_nothing_in_nothing_out(predictor):
    assert predictor.predict([]) == []
    assert all(isinstance(r, FailedPrediction) for r in predictor.predict(["", "?"]))


def test_a_single_text_is_refused(predictor):
    with pytest.raises(TypeError, match=r"use \['CCO'\]"):
        predictor.predict("CCO")
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        predictor.predict(["CCO"], batch_size=0)


def test_broken_weights_give_a_failure_and_not_a_spectrum(predictor, small_model, monkeypatch):
    bias = small_model.head.score.bias
    monkeypatch.setattr(bias, "data", torch.full_like(bias, math.nan))
    [result] = predictor.predict(["CCO"])
    assert result.reason == "the model gave an intensity that is not finite"


def test_bins_without_a_peak_are_refused():
    with pytest.raises(ValueError, match="no peak"):
        spectrum_from_bins(np.array([0.0, 0.0, 5.0]), highest_mz=2)


def test_few_carbon_ions_stand_below_methyl():
    bins = np.zeros(40)
    bins[[11, 12, 13, 14, 27]] = 0.3, 0.8, 0.1, 0.4, 1.0
    spectrum = spectrum_from_bins(bins, highest_mz=40)
    assert spectrum.mz.tolist() == [12, 13, 14, 15, 28]
    assert spectrum.intensity == pytest.approx([0.1, 0.1, 0.1, 0.4, 1.0])
    assert bins[12] == 0.8  # the model's own numbers stay as they are


def test_from_checkpoint_gives_what_was_saved(small_model, predictor, tmp_path):
    path = tmp_path / "best_student.pt"
    save_checkpoint(path, small_model, STUDENT_SIZES, {"data": "none"}, half=False)
    loaded = Predictor.from_checkpoint(path, device="cpu")
    assert loaded.name == "student best_student.pt"
    assert loaded.max_mz == small_model.max_mz
    assert_same(loaded.predict(["CCO"])[0], predictor.predict(["CCO"])[0])


def test_a_teacher_predicts_through_the_same_door(tmp_path):
    from nextims.models.teacher import Teacher

    save_checkpoint(tmp_path / "teacher.pt", Teacher(**TEACHER_SIZES), TEACHER_SIZES, {})
    teacher = Predictor.from_checkpoint(tmp_path / "teacher.pt", device="cpu")
    results = teacher.predict(["C", "C1CC", "[2H]O[2H]", "c1ccccc1"])
    assert [isinstance(r, PredictedSpectrum) for r in results] == [True, False, True, True]
    assert_same(results[3], teacher.predict(["c1ccccc1"])[0])


def test_a_teacher_names_the_ions_where_asked(small_teacher):
    teacher = Predictor(small_teacher)
    smiles = ["CCO", "C1CC", "Cc1ccccc1", "ClC(Cl)(Cl)Cl"]
    plain = teacher.predict(smiles)
    annotated = teacher.predict(smiles, batch_size=3, annotate=True)
    assert isinstance(annotated[1], FailedPrediction)
    for i in (0, 2, 3):
        assert plain[i].annotations is None
        assert_same(plain[i], annotated[i])
        peaks = annotated[i].annotations
        assert [peak.mz for peak in peaks] == annotated[i].spectrum.mz.tolist()
        assert any(ion.neutral_loss == "" for peak in peaks for ion in peak.ions)


def test_a_student_knows_no_ions(predictor):
    for option in ("annotate", "exact_mass"):
        with pytest.raises(ValueError, match="only a teacher names the ions"):
            predictor.predict(["CCO"], **{option: True})


def test_a_spectrum_without_any_ion_has_no_accurate_masses(small_teacher, monkeypatch):
    def at_22(x, nominal_mass, highest_mz):  # OH6, and OH takes up four hydrogens at most
        return torch.eye(small_teacher.max_mz)[21].expand(len(x), -1)

    for member in small_teacher.members:  # the gate chooses the bin head everywhere
        monkeypatch.setattr(member.gate.bias, "data", member.gate.bias + 50)
        monkeypatch.setattr(member.bin_head, "forward", at_22)
    teacher = Predictor(small_teacher)
    [nominal], [accurate] = teacher.predict(["CCO"]), teacher.predict(["CCO"], exact_mass=True)
    assert isinstance(nominal, PredictedSpectrum)
    assert accurate.reason == "no peak has an ion to give it a mass"


def test_the_configured_checkpoint_is_the_default(tmp_path):
    with pytest.raises(CheckpointError, match=r"best_student\.pt: no such checkpoint"):
        Predictor.from_checkpoint(config=Config().with_root(tmp_path))


def test_a_model_that_predicts_no_spectra_is_named(tmp_path):
    path = save_bde_model(tmp_path / "bde.pt")
    with pytest.raises(
        CheckpointError, match=r"bde\.pt: holds a .*, expected a student or teacher"
    ):
        Predictor.from_checkpoint(path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_named(tmp_path):
    with pytest.raises(ValueError, match="PyTorch finds no GPU"):
        Predictor.from_checkpoint(SHIPPED, device="cuda")


@pytest.mark.skipif(not SHIPPED.exists(), reason="the trained student is not in this checkout")
def test_the_shipped_student_knows_ethanol():
    [ethanol] = Predictor.from_checkpoint(device="cpu").predict(["CCO"])
    highest = [peak.mz for peak in ethanol.highest_peaks(3)]
    assert 31 in highest  # CH2=OH+, the base peak of primary alcohols
    assert 45 in highest


def test_the_package_imports_without_pytorch():
    code = (
        "import sys, nextims.inference, nextims.inference.structures.lists;"
        "import nextims.formats.spectrum_writer, nextims.pictures.terminal;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("odd", [3, "many", {"70": "all"}, [70]])
def test_odd_numbers_of_training_spectra_are_told_in_one_line(tmp_path, odd):
    predictor = Predictor.from_checkpoint(
        save_teacher(tmp_path / "teacher.pt", training_energies=odd), device="cpu"
    )
    with pytest.raises(CheckpointError, match=r"^teacher teacher\.pt: its training_energies .*$"):
        predictor.training_energies  # noqa: B018
