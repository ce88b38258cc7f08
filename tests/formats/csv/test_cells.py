"""No cell is computed by a spreadsheet, numbers stay numbers, and all is read back as it was."""

import csv
import itertools

import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.formats.csv.cells import original_cell, safe_cell
from nextims.formats.reading import read_spectra
from nextims.formats.spectrum_writer import SpectrumWriter, errors_path
from nextims.inference.structures.lists import read_structures
from nextims.searching.entries import Entry
from nextims.searching.ranking import search
from nextims.searching.tables import write_hits
from nextims.spectra.prediction import FailedPrediction, PredictedSpectrum
from nextims.spectra.record import Record
from nextims.spectra.spectrum import Spectrum

FORMULAS = [
    '=HYPERLINK("http://example.org","x")', "=1+1", "+1+1", "-1+1", "@SUM(A1)", "'=1+1", "''@a",
    "=cmd|' /C calc'!A0", "-)-menthol", "+-camphor", "\t=1", "\r=1",
]  # fmt: skip
HARMLESS = ["", "ethanol", "(-)-menthol", "5'-AMP", "'tis", "1-propanol", "2026-01-01", "α=β"]
NUMBERS = ["-0.5", "+3", "-12", "-1e-13", "12.000000", "-.5"]


def computed(cell):
    return cell[:1] in set("=+-@\t\r") and cell not in NUMBERS


@pytest.mark.parametrize("text", FORMULAS + HARMLESS + NUMBERS)
def test_a_cell_is_harmless_and_comes_back(text):
    assert not computed(safe_cell(text))
    assert original_cell(safe_cell(text)) == text
    if text not in FORMULAS:
        assert safe_cell(text) == text


def test_every_beginning_comes_back():
    for letters in itertools.product("'=+-@1a ", repeat=4):
        text = "".join(letters)
        assert original_cell(safe_cell(text)) == text


def test_numbers_that_are_no_texts_are_left_alone():
    assert [safe_cell(value) for value in (-3, -0.5, None, True)] == [-3, -0.5, None, True]


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_names_of_predictions(tmp_path):
    path = tmp_path / "spectra.csv"
    spectrum = Spectrum([31, 45], [1.0, 0.5])
    names = [" ".join(text.split()) for text in FORMULAS]
    with SpectrumWriter(path) as writer:
        for line, name in enumerate(names, 1):
            writer.write(PredictedSpectrum(line, name, read_molecule("CCO"), spectrum))
    assert not any(computed(cell) for row in rows(path) for cell in row.values())
    assert [record.name for record in read_spectra(path)] == names
    assert [each.name for each in read_structures(path)][::2] == names


def test_structures_that_were_not_predicted(tmp_path):
    path = tmp_path / "spectra.msp"
    texts = [text for text in FORMULAS if "\r" not in text]  # which ends a line of input
    with SpectrumWriter(path) as writer:
        for line, text in enumerate(texts, 1):
            writer.write(FailedPrediction(line, text, text, "RDKit cannot read the structure"))
    listed = rows(errors_path(path))
    assert not any(computed(cell) for row in listed for cell in row.values())
    assert [original_cell(row["text"]) for row in listed] == texts


def test_hits_of_a_search(tmp_path):
    query, other = (
        Record("lib.msp", 1, "1", name, Spectrum([31, 45], [9, 5]), ("CCO",))
        for name in ("=1+1", "@x")
    )
    path = tmp_path / "hits.csv"
    results = search([query], [Entry(other, predicted=False)])
    write_hits(path, results, searched="lib.msp")
    [row] = rows(path)
    assert (row["query"], row["name"]) == ("'=1+1", "'@x")
    assert float(row["score"]) == pytest.approx(1)
    assert row["rank"] == "1"
