"""Ions of two charges, at half their mass, in teacher and student."""

import pytest
import torch

from builders import TEACHER_SIZES, build_student
from nextims.chemistry.isotopes import isotope_pattern
from nextims.chemistry.molecule import read_molecule
from nextims.data.examples.features import collate, featurize
from nextims.inference import Predictor
from nextims.models.teacher import Teacher

BENZOPYRENE = "c1ccc2c(c1)cc1ccc3cccc4ccc2c1c34"


@pytest.fixture(scope="module")
def teacher():
    """Give a teacher that knows hardly any ions but those of two charges."""
    torch.manual_seed(0)
    sizes = {**TEACHER_SIZES, "max_mz": 300, "doubly_charged": True}
    model = Teacher(members=2, **sizes)
    with torch.no_grad():
        for member in model.members:
            member.gate.bias -= 20
            member.fragment_head.score.bias -= 40
    return Predictor(model)


def test_the_teacher_names_them_at_half_their_mass(teacher):
    [result] = teacher.predict([BENZOPYRENE], annotate=True)
    peaks = {peak.mz: peak for peak in result.annotations}
    assert max(peaks) < 130
    ions = {ion.formula: ion for peak in peaks.values() for ion in peak.ions}
    molecular = ions["C20H12+2"]
    assert molecular.mz == pytest.approx(126.0464, abs=1e-4)  # (252.0939 - 2 electrons) / 2
    assert molecular.neutral_loss == ""
    # One 13C: at 126.5, rounded down.
    assert ions["C19[13C]H12+2"].mz == pytest.approx(126.5481, abs=1e-4)
    assert {"C20H12+2", "C19[13C]H12+2"} <= {ion.formula for ion in peaks[126].ions}
    for peak in peaks.values():
        explained = sum(ion.share for ion in peak.ions) + peak.other_ions
        assert explained == pytest.approx(1 - peak.unexplained, abs=1e-6)


def test_at_accurate_masses_they_lie_at_halves(teacher):
    [result] = teacher.predict([BENZOPYRENE], exact_mass=True)
    assert min(abs(result.spectrum.mz - 126.0464)) < 1e-3
    assert min(abs(result.spectrum.mz - 126.5481)) < 1e-3


def test_what_is_no_arene_has_none(teacher):
    [result] = teacher.predict(["CCCCCCO"], annotate=True)
    assert not any("+2" in ion.formula for peak in result.annotations for ion in peak.ions)
    assert result.peaks[-1].mz >= 102


def test_labels_weigh_half(teacher):
    plain, labelled = teacher.predict(["c1ccc2ccccc2c1", "[2H]c1c([2H])c([2H])c2ccccc2c1[2H]"])
    assert max(peak.mz for peak in plain.peaks if peak.intensity > 0.01) in (64, 65)
    assert max(peak.mz for peak in labelled.peaks if peak.intensity > 0.01) in (66, 67)


def test_they_are_learned(teacher):
    for model in (teacher.model.members[0], build_student(doubly_charged=True)):
        molecules = [read_molecule(smiles) for smiles in ("c1ccc2ccccc2c1", "CCO")]
        prediction = model(collate([featurize(each, model.inputs) for each in molecules]))
        prediction.intensity[0, 63].log().backward()
        head = getattr(model, "fragment_head", None) or model.head
        assert head.double_score.weight.grad.abs().sum() > 0


def test_the_student_gives_the_pattern_of_halves():
    student = build_student(doubly_charged=True)
    with torch.no_grad():
        student.head.double_score.bias -= 30
        student.head.double_score.bias[0] += 60  # nothing is lost
    [result] = Predictor(student).predict(["Clc1ccc(Cl)c(Cl)c1"])  # C6H3Cl3, 180
    found = {peak.mz: peak.intensity for peak in result.peaks}
    pattern = isotope_pattern({"C": 6, "H": 3, "Cl": 3})
    halves = {90 + half: pattern[2 * half] + pattern.get(2 * half + 1, 0) for half in range(3)}
    for mz, share in halves.items():
        assert found[mz] == pytest.approx(share / max(halves.values()), abs=1e-3)


def test_without_them_the_weights_are_as_before():
    plain, knowing = build_student(), build_student(doubly_charged=True)
    extra = set(knowing.state_dict()) - set(plain.state_dict())
    assert extra == {"head.double_score.weight", "head.double_score.bias"}
