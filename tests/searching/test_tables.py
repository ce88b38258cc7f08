"""What was found as text and in files."""

import csv
import io
import json

import pytest

from builders import build_record
from nextims.files.writing import OutputError
from nextims.searching.entries import Entry
from nextims.searching.ranking import search
from nextims.searching.tables import COLUMNS, describe, hits_text, write_hits

ALIKE = [Entry(build_record("CCO", name=f"lot {n}", line=n)) for n in range(1, 10)]


def test_a_match_factor_is_a_whole_number_and_columns_are_aligned():
    long_name = "a name of more letters than a table has room for"
    entries = [Entry(build_record(name=long_name, line=12)), Entry(build_record("COC", {31: 9}))]
    [result] = search([build_record()], entries, score="nist_identity_match_factor")
    lines = describe(result).splitlines()[1:]
    assert lines[1].split()[:2] == ["1", "999"]
    assert "a name of more letters than a table…" in lines[1]
    assert [line.index("C2H6O") for line in lines[1:]] == [lines[0].index("formula")] * 2
    assert [
        line.rindex(smiles) for line, smiles in zip(lines[1:], ("CCO", "COC"), strict=True)
    ] == ([lines[0].index("SMILES")] * 2)


def test_many_others_are_counted():
    [result] = search([build_record()], ALIKE)
    shown = describe(result).splitlines()[-1].strip()
    assert shown.startswith("also: lot 2 (line 2) 1.0000; lot 3 (line 3) 1.0000")
    assert shown.endswith("lot 6 (line 6) 1.0000; and 3 more")


def test_files_name_all_of_them(tmp_path):
    results = search([build_record()], ALIKE)
    for ending in ("csv", "json"):
        write_hits(tmp_path / f"hits.{ending}", results, searched="lab.msp")
    with (tmp_path / "hits.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    assert list(row) == list(COLUMNS)
    assert row["others"].split("; ") == [f"lot {n} (line {n})" for n in range(2, 10)]
    [query] = json.loads((tmp_path / "hits.json").read_text())["queries"]
    assert [other["line"] for other in query["hits"][0]["others"]] == list(range(2, 10))


def test_an_unfinished_file_is_not_left(tmp_path, monkeypatch):
    (tmp_path / "hits.csv").write_text("before")
    monkeypatch.setattr(type(tmp_path), "replace", _full_disk)
    with pytest.raises(OutputError, match=r"hits\.csv: cannot be written \(no space"):
        write_hits(tmp_path / "hits.csv", [], searched="lab.msp")
    assert [path.name for path in tmp_path.iterdir()] == ["hits.csv"]
    assert (tmp_path / "hits.csv").read_text() == "before"


def _full_disk(*_):
    raise OSError("no space left")


def test_the_time_of_the_query_stands_beside_its_name():
    query = build_record(name="peak 7", retention_time=5.23)
    [result] = search([query], [Entry(build_record())])
    assert describe(result).startswith(f"peak 7 (line {query.line}, 5.23 min): ")
    [row] = csv.DictReader(io.StringIO(hits_text(".csv", [result], searched="x")))
    assert row["query_retention_time"] == "5.23"
    [said] = json.loads(hits_text(".json", [result], searched="x"))["queries"]
    assert said["retention_time"] == 5.23
