"""The weights that come with the code: there, small, described, and sane on known compounds."""

import pytest

from nextims.config import PROJECT_ROOT
from nextims.inference import Predictor
from nextims.training.checkpoint import load_plain

TEACHER = PROJECT_ROOT / "checkpoints" / "teacher" / "best_finetune_teacher.pt"
STUDENT = PROJECT_ROOT / "checkpoints" / "student" / "best_student.pt"
BOTH = pytest.mark.parametrize("path", [TEACHER, STUDENT], ids=["teacher", "student"])

# Base peaks as any library has them.
BASE_PEAKS = {
    "CCO": 31,  # loss of methyl
    "c1ccccc1": 78,  # the molecular ion
    "Cc1ccccc1": 91,  # tropylium
    "CC(=O)c1ccccc1": 105,  # benzoyl
    "CC(C)=O": 43,  # acetyl
    "CCCCCCCCN": 30,  # alpha-cleavage
    "c1ccc2ccccc2c1": 128,
}


@BOTH
def test_they_are_small_finished_and_described(path):
    assert path.stat().st_size < 40e6
    metadata = load_plain(path)["metadata"]
    assert {"finished", "commit", "data", "validation", "test", "version"} <= set(metadata)
    card = path.with_name("MODEL_CARD.md").read_text()
    for value in metadata["test"].values():
        assert f"{value:.4f}" in card
    assert "CC BY-NC-SA" in card


def test_every_expert_of_the_student_gets_a_tenth_of_the_test_split():
    shares = load_plain(STUDENT)["metadata"]["test_expert_shares"]
    assert len(shares) == 4
    assert min(shares.values()) >= 0.1


@pytest.fixture(scope="module", params=[TEACHER, STUDENT], ids=["teacher", "student"])
def predictor(request):
    return Predictor.from_checkpoint(request.param, device="cpu")


@pytest.mark.parametrize("smiles", BASE_PEAKS)
def test_base_peaks_are_those_of_the_textbook(predictor, smiles):
    [result] = predictor.predict([smiles])
    assert result.highest_peaks(1)[0].mz == BASE_PEAKS[smiles]


def test_chlorobenzene_has_its_molecular_ion_twice_and_phenyl(predictor):
    [result] = predictor.predict(["Clc1ccccc1"])
    highest = {peak.mz: peak.intensity for peak in result.highest_peaks(3)}
    assert set(highest) == {77, 112, 114}
    assert 0.2 < highest[114] / highest[112] < 0.5  # 0.32 by the abundance of 37Cl


def test_no_peak_above_the_isotopes_or_below_carbon(predictor):
    smiles = ["ClC(Cl)(Cl)Cl", "CCCCCCCCCCCCCCCC(=O)OC", "C[Si](C)(C)OCC", "Brc1ccc(Br)cc1"]
    for result in predictor.predict(smiles):
        assert result.peaks[0].mz >= 12
        assert result.peaks[-1].mz <= result.molecule.highest_mz


def test_a_spectrum_does_not_depend_on_how_the_smiles_is_written(predictor):
    one, other = predictor.predict(["OC(=O)c1ccccc1O", "c1ccc(C(O)=O)c(c1)O"])
    assert [p.mz for p in one.peaks] == [p.mz for p in other.peaks]
    assert one.spectrum.intensity == pytest.approx(other.spectrum.intensity, abs=1e-5)
