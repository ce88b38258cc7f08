import math

import pytest

from nextims.searching.ladder import Rung, read_ladder, retention_index
from nextims.spectra.retention import RetentionError

LADDER = "carbons,minutes\nC10,5.2\nC11,6.9\nC12,8.4\n"


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "ladder.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    "text",
    [
        LADDER,
        "10;5.2\n11;6.9\n12;8.4",
        "RI\ttime\n1200\t8.4\n1000\t5.2\n1100\t6.9\n",
        "n-C10 5.2\n\nn-C11 6.9\nn-C12 8.4\n",
        "n-Alkane (C10-C12);RT\nC10;5,2\nC11;6,9\nC12;8,4\n",
        '"C10","5.2"\n"C11","6.9"\n"C12","8.4"\n',
    ],
)
def test_a_ladder_is_read_as_programs_write_it(write, text):
    assert read_ladder(write(text)) == [Rung(10, 5.2), Rung(11, 6.9), Rung(12, 8.4)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LADDER + "C13,8.1\n", "line 5: C13 at 8.1 does not come after C12 at 8.4"),
        (LADDER + "C12,8.5\n", "line 5: C12 stands there twice"),
        (LADDER + "decane,9\n", "line 5: expected carbon atoms and a time"),
        ("C10,5.2\n", "1 n-alkanes; a ladder has two"),
        ("1050,5.2\n1100,6\n", "line 1: 1050 is no n-alkane's index"),
        ("", "0 n-alkanes"),
        ("C10,nan\nC11,6.9\nC12,8.4\n", "line 1: expected carbon atoms and a time"),
        ("C10,decane,5.2\n" + LADDER, "line 1: expected carbon atoms and a time"),
        ("C10,5,2\nC11,6,9\n", "line 1: expected carbon atoms and a time"),
        ("C10,5.2\nC11,1e999\n", "line 2: a retention time of inf cannot be"),
        ("C10,-5.2\nC11,6.9\n", "line 1: a retention time of -5.2 cannot be"),
        ("C0,5.2\nC11,6.9\n", "line 1: no n-alkane of 0 carbon atoms"),
        ("C99,5.2\nC100,6.9\n", "line 2: no n-alkane of 100 carbon atoms"),
    ],
)
def test_one_that_cannot_be_is_refused_by_file_and_line(write, text, reason):
    path = write(text)
    with pytest.raises(RetentionError) as error:
        read_ladder(path)
    assert str(error.value).startswith(str(path)) and reason in str(error.value)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_of_a_spreadsheet_is_told(tmp_path, encoding):
    path = tmp_path / "ladder.csv"
    path.write_text("Zeit für n-Alkane\nC10\t5,2\nC11\t6,9\n", encoding=encoding)
    assert read_ladder(path) == [Rung(10, 5.2), Rung(11, 6.9)]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RetentionError, match=r"missing\.csv"):
        read_ladder(tmp_path / "missing.csv")


def test_alkanes_have_their_own_index_and_others_lie_between(write):
    ladder = read_ladder(write(LADDER))
    assert [retention_index(rung.time, ladder) for rung in ladder] == [1000, 1100, 1200]
    assert retention_index(6.05, ladder) == 1050
    # At one temperature adjusted times rise by a factor from alkane to alkane.
    assert retention_index(6.05, ladder, dead_time=1.0) == pytest.approx(
        1000 + 100 * math.log(5.05 / 4.2) / math.log(5.9 / 4.2), abs=0.01
    )


@pytest.mark.parametrize("time", [5.1, 8.5, -1, math.nan])
def test_a_time_outside_is_refused(write, time):
    with pytest.raises(RetentionError, match="outside of the ladder, which reaches from"):
        retention_index(time, read_ladder(write(LADDER)))


def test_a_dead_time_behind_the_first_alkane_is_refused(write):
    with pytest.raises(RetentionError, match="is not before C10"):
        retention_index(6.0, read_ladder(write(LADDER)), dead_time=5.5)
