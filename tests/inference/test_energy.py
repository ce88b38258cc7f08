"""Predictions at other ionization energies."""

import copy

import pytest
import torch

from nextims.config import PROJECT_ROOT
from nextims.formats.writing import FORMATS
from nextims.inference import Predictor
from nextims.inference.energy import energy_note

SEEN = {10: 3, 20: 996, 50: 205, 70: 6000, 80: 49}


@pytest.mark.parametrize("energy", [70, 18, 25, 75, 50])
def test_where_training_spectra_are_many_nothing_is_said(energy):
    assert energy_note(energy, SEEN) == ""


@pytest.mark.parametrize(
    ("energy", "said"),
    [
        (9.5, "9.5 eV is outside the 10 to 80 eV of the training spectra"),
        (200, "200 eV is outside the 10 to 80 eV"),
        (35, "of 7,253 training spectra, 0 are within 5 eV of 35 eV"),
        (80, "49 are within 5 eV of 80 eV"),
    ],
)
def test_where_they_are_few_or_none_that_is_said(energy, said):
    assert said in energy_note(energy, SEEN)


def test_a_checkpoint_that_does_not_say_is_not_trusted():
    assert "does not say" in energy_note(20, {})
    assert energy_note(70, {}) == ""


def test_the_energy_reaches_the_teacher(small_teacher):
    model = copy.deepcopy(small_teacher)
    with torch.no_grad():
        for member in model.members:
            member.energy.linear.weight.mul_(20)
    teacher = Predictor(model)
    [soft], [usual], [same] = (
        teacher.predict(["CCO"], energy=energy) for energy in (15.0, 70.0, 70.0)
    )
    assert (soft.energy, usual.energy) == (15.0, 70.0)
    assert usual.peaks == same.peaks
    assert soft.peaks != usual.peaks


@pytest.mark.parametrize("energy", [0, -70, float("nan"), float("inf")])
def test_what_is_no_energy_is_refused(small_teacher, energy):
    with pytest.raises(ValueError, match="must be above 0 eV"):
        Predictor(small_teacher).predict(["CCO"], energy=energy)


def test_the_uncertainty_is_known_near_70_ev_alone(small_teacher):
    with pytest.raises(ValueError, match="known for 60 to 80 eV, found 20 eV"):
        Predictor(small_teacher).predict(["CCO"], energy=20, uncertainty=True)


def test_a_student_knows_70_ev_alone(small_model):
    student = Predictor(small_model)
    with pytest.raises(ValueError, match="only a teacher knows other energies"):
        student.predict(["CCO"], energy=20)
    assert student.predict(["CCO"], energy=70)[0].energy == 70


@pytest.mark.parametrize("ending", sorted(FORMATS))
def test_every_format_says_the_energy(small_teacher, ending):
    [soft] = Predictor(small_teacher).predict(["CCO"], energy=12.5)
    assert "12.5" in str(FORMATS[ending](soft, "teacher small.pt"))


def test_the_shipped_teacher_breaks_less_at_low_energy():
    """Softer ionization leaves more molecular ion: what low-energy sources are for."""
    path = PROJECT_ROOT / "checkpoints" / "teacher" / "best_finetune_teacher.pt"
    teacher = Predictor.from_checkpoint(path, device="cpu")
    assert energy_note(20, teacher.training_energies) == ""
    assert "guess" in energy_note(3, teacher.training_energies)
    smiles = ["CCCCCCCC(=O)C", "CCCCCCCCCC", "c1ccccc1CCCC", "CCCCCC=O"]
    for soft, hard in zip(teacher.predict(smiles, energy=15), teacher.predict(smiles), strict=True):
        shares = []
        for result in (soft, hard):
            peaks = dict(zip(result.spectrum.mz, result.spectrum.intensity, strict=True))
            shares.append(peaks.get(result.molecule.nominal_mass, 0) / sum(peaks.values()))
        assert shares[0] > shares[1]
