"""A measured spectrum among candidates predicted on the spot by the shipped student."""

from pathlib import Path

import numpy as np
import pytest

from builders import ETHANOL_PEAKS, build_record
from nextims.config import PROJECT_ROOT
from nextims.formats.reading import read_spectra
from nextims.inference.loading import open_predictor
from nextims.inference.structures.lists import InputStructure, read_batch
from nextims.searching.candidates import predicted_candidates
from nextims.searching.entries import Entry, Skipped
from nextims.searching.ranking import search
from nextims.spectra.record import Record
from nextims.spectra.spectrum import Spectrum

CASES = Path(__file__).parents[3] / "shared" / "cases"
C4H10O = ("CCCCO", "CCC(C)O", "CC(C)CO", "CC(C)(C)O", "CCOCC", "CCCOC", "COC(C)C")
OTHERS = ("c1ccccc1", "Cc1ccccc1", "CCCCCC", "CC(=O)OC", "CCN(CC)CC", "ClC(Cl)Cl", "CCO", "CSC")


@pytest.fixture(scope="module")
def student():
    return open_predictor(PROJECT_ROOT / "checkpoints" / "student" / "best_student.pt")


def structures(*smiles):
    return [InputStructure(line, text, f"name {line}") for line, text in enumerate(smiles, 1)]


def test_the_measured_spectrum_of_ethanol_finds_ethanol(student):
    found = predicted_candidates(structures(*C4H10O, *OTHERS), student, file="list.txt")
    [result] = search([build_record(peaks=ETHANOL_PEAKS)], found)
    hit = result.hits[0]
    assert (hit.entry.smiles, hit.entry.name, hit.entry.line) == ("CCO", "name 14", 14)
    assert hit.entry.predicted
    assert hit.score > 0.9 > result.hits[1].score


def test_isomers_are_told_apart(student):
    # The base peaks and their neighbours in any library: 45 of 2-butanol, 59 of tert-butanol.
    measured = {
        "CCC(C)O": {27: 150, 29: 140, 31: 200, 41: 110, 43: 100, 45: 999, 59: 190, 73: 20},
        "CC(C)(C)O": {27: 60, 29: 90, 31: 330, 41: 200, 43: 140, 57: 100, 59: 999, 60: 35},
    }
    for smiles, peaks in measured.items():
        found = predicted_candidates(structures(*C4H10O), student)
        [result] = search([build_record(peaks=peaks)], found)
        assert result.hits[0].entry.smiles == smiles


def test_predictions_with_noise_find_their_molecule(student):
    entries = list(predicted_candidates(structures(*C4H10O, *OTHERS), student))
    rng = np.random.default_rng(0)
    queries = []
    for entry in entries:
        spectrum = entry.record.spectrum
        intensity = spectrum.intensity * rng.lognormal(0, 0.25, len(spectrum))
        kept = (spectrum.mz >= 25) & (intensity > 0.005)
        queries.append(
            Record("gc.msp", 1, "1", "", Spectrum(spectrum.mz[kept], 7e4 * intensity[kept]))
        )
    results = search(queries, entries)
    assert [result.hits[0].entry for result in results] == entries


def test_a_line_that_is_no_structure_is_told(student):
    found = list(predicted_candidates(structures("CCO", "C1CC", "", "[Na+].[Cl-]"), student))
    assert isinstance(found[0], Entry)
    assert found[1:] == [
        Skipped(
            2,
            "C1CC",
            "name 2",
            "RDKit cannot read the structure (ring 1 is not closed, character 2)",
        ),
        Skipped(3, "", "name 3", "empty structure"),
        Skipped(4, "[Na+].[Cl-]", "name 4", "several components"),
    ]


def test_only_what_is_wanted_is_predicted(student):
    found = list(
        predicted_candidates(
            structures("CCO", "CCCC", "C1CC"),
            student,
            wanted=lambda molecule: molecule.formula == "C2H6O",
        )
    )
    assert [found[0].smiles, found[1].line] == ["CCO", 3]
    assert len(found) == 2


def test_a_long_list_is_read_as_it_is_needed(student):
    read = []

    def lines():
        for line in range(1, 10_000):
            read.append(line)
            yield InputStructure(line, "CCO")

    stream = predicted_candidates(lines(), student, batch_size=4)
    next(stream)
    assert len(read) <= 8


def test_whatever_one_candidate_does_the_others_are_predicted(student):
    def wanted(molecule):
        if "N" in molecule.smiles:
            raise RuntimeError("no such luck")
        return True

    found = list(predicted_candidates(structures("CCO", "CC~O", "CN"), student, wanted=wanted))
    assert [type(each).__name__ for each in found] == ["Entry", "Skipped", "Entry"]
    assert found[1].reason == "bond of no order (C~O)"


@pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")
def test_case_38(student):
    """An imidic acid is found as the amide that it is."""
    acetanilide, _ = read_spectra(CASES / "38" / "q.msp")
    scores = []
    for name in ("c1.smi", "c2.smi"):
        found = predicted_candidates(read_batch(CASES / "38" / name)[0], student)
        [result] = search([acetanilide], found)
        assert result.hits[0].entry.smiles == "CC(=O)Nc1ccccc1"
        scores.append(result.hits[0].score)
    assert scores[0] == scores[1] > 0.85


@pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")
def test_case_54(student):
    """Alanine drawn as a zwitterion comes before urethane, and its base peak is 44."""
    [alanine] = read_spectra(CASES / "54" / "q.msp")
    found = predicted_candidates(read_batch(CASES / "54" / "zw.smi")[0], student)
    [result] = search([alanine], found)
    hits = {hit.entry.name: hit for hit in result.hits}
    assert hits["L-alanine"].score > hits["urethane"].score + 0.2
    spectrum = hits["L-alanine"].entry.record.spectrum
    assert spectrum.mz[spectrum.intensity.argmax()] == 44
