import pytest

from nextims.cli.training import print_metrics, run_training
from nextims.errors import UserError
from nextims.training.trainer import Interrupted

SPECTRA = {"validation": {"cosine": 0.71, "entropy_similarity": 0.72}, "seed": 7}
BONDS = {"validation": {"bde_error": 0.6}}


def failing(error):
    def train():
        raise error

    return train


def test_the_metrics_are_printed_and_the_status_is_0(capsys):
    assert run_training(lambda: {"teacher": SPECTRA, "BDE model": BONDS}) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [
        "teacher, validation",
        "BDE model, validation",
    ]
    assert "  entropy_similarity     0.7200" in lines


def test_what_the_user_can_mend_is_one_line_and_status_2(capsys):
    assert run_training(failing(UserError("spectra.h5: no such store"))) == 2
    printed, error = capsys.readouterr()
    assert (printed, error) == ("", "error: spectra.h5: no such store\n")


@pytest.mark.parametrize(
    ("stop", "status", "words"),
    [
        (Interrupted("saved last.pt"), 143, "saved last.pt; --resume continues"),
        (Interrupted("saved last.pt", 130), 130, "saved last.pt; --resume continues"),
        (KeyboardInterrupt(), 130, "--resume continues after the last whole epoch"),
    ],
)
def test_a_run_that_was_stopped_says_how_to_go_on(stop, status, words, capsys):
    assert run_training(failing(stop)) == status
    assert words in capsys.readouterr().err


def test_a_mistake_of_the_program_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run_training(failing(ZeroDivisionError()))


def test_metrics_stand_under_each_other(capsys):
    print_metrics("student", {"cosine": 0.5, "bde_error": 12.34567})
    assert capsys.readouterr().out.splitlines() == [
        "student",
        "  cosine                 0.5000",
        "  bde_error             12.3457",
    ]
    print_metrics("student", {"cosine": 0.5}, {"cosine": [0.4, 0.6]})
    assert capsys.readouterr().out == "student\n  cosine                 0.5000  [0.4000, 0.6000]\n"
