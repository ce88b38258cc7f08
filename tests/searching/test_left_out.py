"""What is left out is counted, named and listed."""

import csv

from builders import build_record
from nextims.searching.entries import Entry, Skipped
from nextims.searching.left_out import LeftOut

BLANKS = [Skipped(line, "", "name, or not", "no peak") for line in range(2, 32)]


def test_entries_pass_and_what_is_left_out_is_listed_in_full(tmp_path, capsys):
    entry = Entry(build_record())
    left_out = LeftOut(listed=True)
    assert list(left_out.usable_of([entry, *BLANKS])) == [entry]
    assert (left_out.number, left_out.usable) == (30, 1)
    left_out.report(tmp_path / "hits.csv")
    with (tmp_path / "hits.csv.errors.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["line", "text", "name", "reason"]
    assert rows[1:] == [[str(s.line), "", "name, or not", "no peak"] for s in BLANKS]
    err = capsys.readouterr().err.splitlines()
    assert err[0] == "line 2: (empty): no peak"
    assert len(err) == 21
    assert err[-1].startswith("30 of 31 entries could not be used, listed in ")


def test_a_list_of_an_earlier_run_goes(tmp_path, capsys):
    (tmp_path / "hits.csv.errors.csv").write_text("old")
    LeftOut(listed=True).report(tmp_path / "hits.csv")
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == ""


def test_all_items_are_watched():
    items = [BLANKS[0], Entry(build_record())]
    assert list(LeftOut().watched(items)) == items
