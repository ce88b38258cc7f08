import csv
import re
from datetime import date

import pytest

from nextims.config import PROJECT_ROOT

BENCHMARKS = PROJECT_ROOT / "benchmarks"
TABLES = sorted((BENCHMARKS / "results").glob("*.csv"))
COLUMNS = ["model", "data", "split", "metric", "value", "interval", "commit", "date"]

NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?")
WITH_INTERVAL = re.compile(r"(\S+) \[(\S+), (\S+)\]")
SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def rows(table):
    with table.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def value_of(row):
    return float(row["value"])


def bounds(interval):
    return [float(bound) for bound in interval.split(" to ")] if interval else []


def stands(printed, values):
    """Return whether one of the values, rounded to the digits printed, is the number printed."""
    number = printed.replace(",", "")
    digits = len(number.partition(".")[2])
    return any(f"{value:.{digits}f}" == f"{float(number):.{digits}f}" for value in values)


def sections(name):
    """Return the text of each section of a Markdown file, by its heading."""
    return dict(SECTION.findall((PROJECT_ROOT / name).read_text(encoding="utf-8")))


def cells(text):
    """Return the cells of the tables of a text that begin with a number."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    found = (cell.strip() for line in lines for cell in line.strip("|").split("|"))
    return [cell for cell in found if NUMBER.match(cell)]


def linked(text):
    """Return the rows of the tables of results that a text links to."""
    names = re.findall(r"\]\((results/\w+\.csv)\)", text)
    return [row for name in names for row in rows(BENCHMARKS / name)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_a_table_has_its_columns_and_each_row_is_one_figure(table):
    with table.open(encoding="utf-8", newline="") as lines:
        assert next(csv.reader(lines)) == COLUMNS
    found = rows(table)
    assert found
    for row in found:
        assert None not in row, row
        value, interval = value_of(row), bounds(row["interval"])
        assert not interval or interval[0] <= value <= interval[1], row
        assert re.fullmatch(r"([0-9a-f]{7})?", row["commit"]), row
        assert date.fromisoformat(row["date"]).isoformat() == row["date"]
    keys = {tuple(row[column] for column in COLUMNS[:4]) for row in found}
    assert len(keys) == len(found)


def test_each_number_in_the_tables_of_the_results_is_a_row():
    visited = 0
    for heading, text in sections("benchmarks/RESULTS.md").items():
        found = linked(text)
        values = [value_of(row) for row in found]
        for cell in cells(text):
            if whole := WITH_INTERVAL.fullmatch(cell):
                value, *interval = whole.groups()
                limits = [float(limit) for limit in interval]
                own = [row for row in found if bounds(row["interval"]) == limits]
                assert stands(value, map(value_of, own)), f"{heading}: {cell}"
            for number in NUMBER.findall(cell.partition("[")[0]):
                assert stands(number, values), f"{heading}: {number} of {cell}"
                visited += 1
    assert visited > 100


def test_each_decimal_beside_the_tables_of_the_results_is_a_row():
    visited = 0
    for heading, text in sections("benchmarks/RESULTS.md").items():
        prose = re.sub(r"^\|.*|`[^`]*`|\[[\d.]+, [\d.]+\]", "", text, flags=re.MULTILINE)
        values = [value_of(row) for row in linked(text)]
        for number in re.findall(r"\b\d[\d,]*\.\d+\b", prose):
            assert stands(number, values), f"{heading}: {number}"
            visited += 1
    assert visited > 5


def test_all_tables_are_linked():
    text = (BENCHMARKS / "RESULTS.md").read_text(encoding="utf-8")
    names = set(re.findall(r"\]\(results/(\w+\.csv)\)", text))
    assert names == {table.name for table in TABLES}


def test_each_command_of_the_results_names_a_script_that_is_there():
    visited = 0
    for name in ("RESULTS.md", "HISTORY.md"):
        text = (BENCHMARKS / name).read_text(encoding="utf-8")
        for script in re.findall(r"python\s+((?:benchmarks|scripts)/\w+\.py)", text):
            assert (PROJECT_ROOT / script).is_file(), script
            visited += 1
    assert visited > 10


def test_the_readme_says_of_the_accuracy_what_was_measured():
    text = sections("README.md")["How good it is"]
    accuracy, *others = (
        rows(BENCHMARKS / "results" / f"{name}.csv")
        for name in ("accuracy", "retrieval", "identify")
    )
    tested = {
        (row["model"], row["metric"]): row["value"]
        for row in accuracy
        if row["split"] == "test by InChIKey"
    }
    metrics = ("cosine", "entropy_similarity", "top10_recall")
    models = ("NEIMS", "teacher", "student")
    for model in models:
        [line] = re.findall(rf"^\| {model}\b.*", text, re.MULTILINE)
        assert cells(line) == [tested[model, metric] for metric in metrics]
    values = [value_of(row) for found in (accuracy, *others) for row in found]
    shares = [100 * value for value in values]
    visited = 0
    plain = re.sub(r"\d+ eV|\]\(.*?\)", "", text)
    for number, percent in re.findall(r"(?<![\w.-])(\d[\d,]*(?:\.\d+)?)( %)?", plain):
        assert stands(number, shares if percent else values), number + percent
        visited += 1
    assert visited > 15
