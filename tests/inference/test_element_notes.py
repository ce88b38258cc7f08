from builders import save_student
from nextims.inference import Predictor
from nextims.inference.element_notes import element_notes


def test_weights_of_before_say_that_they_know_nothing_of_rare_elements(tmp_path):
    predictor = Predictor.from_checkpoint(save_student(tmp_path / "student.pt"), device="cpu")
    tin, ethanol, label = predictor.predict(["CC[Sn](CC)(CC)CC", "CCO", "C[80Se]C"])
    assert tin.notes == (
        "no training data for Sn: its isotopes are right, how its ions form is a guess",
    )
    assert ethanol.notes == ()
    assert [note.split(":")[0] for note in label.notes] == ["no training data for Se"]


def test_little_data_is_told_from_none():
    notes = element_notes({"C": 9000, "H": 9000, "B": 12, "Se": 50})
    assert notes["B"].startswith("little training data for B (12 spectra)")
    assert notes["Sn"].startswith("no training data for Sn")
    assert not notes.keys() & {"C", "H", "Se"}
