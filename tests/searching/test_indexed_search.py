"""A search by the index finds what a scan finds."""

import numpy as np
import pytest

from builders import (
    ETHANOL_PEAKS,
    SMALL_MOLECULES,
    build_library,
    build_msp,
    build_record,
    plausible_peaks,
)
from nextims.chemistry.molecule import read_molecule
from nextims.searching.entries import Entry, SearchError
from nextims.searching.filters import EntryFilter
from nextims.searching.flash import WEIGHTINGS
from nextims.searching.index_building import build_index
from nextims.searching.indexed_search import PRESELECTION, search_index
from nextims.searching.libraries import read_library
from nextims.searching.library_index import LibraryIndex
from nextims.searching.ranking import SCORES, search

pytest.importorskip("ms_entropy")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = build_library(tmp_path_factory.mktemp("index") / "lib.msp", replicates=6)
    build_index(path)
    return path


@pytest.fixture(scope="module")
def index(library):
    return LibraryIndex(library)


@pytest.fixture(scope="module")
def entries(library):
    return [item for item in read_library(library) if isinstance(item, Entry)]


def query(smiles, seed=0, lowest=1):
    """A measured spectrum of a molecule, from some lowest m/z on."""
    rng = np.random.default_rng(seed)
    peaks = {
        mz: height * rng.lognormal(0, 0.4)
        for mz, height in plausible_peaks(smiles).items()
        if mz >= lowest
    }
    return build_record(smiles, peaks, formula=read_molecule(smiles).formula, name=f"{smiles}?")


QUERIES = [
    query("CCO"),
    query("c1ccccc1", 1, lowest=39),
    query("CC(=O)OC", 2),
    build_record(peaks={31: 999}),
    build_record(peaks={}),
    build_record(peaks={2000: 5, 2500: 9, 1e7: 999}),
]


def as_written(results):
    """All that is said of results."""
    return [
        (
            result.query.name,
            result.mass,
            result.compared,
            result.notes,
            [
                (
                    (hit.rank, hit.score, hit.entry.line, hit.entry.smiles, hit.entry.inchikey),
                    [(score, entry.line, entry.name) for score, entry in hit.others],
                )
                for hit in result.hits
            ],
        )
        for result in results
    ]


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(
    "chosen",
    [
        EntryFilter(),
        EntryFilter(mass_window=5),
        EntryFilter(mass=46, mass_window=0),
        EntryFilter(formula="OC2H6"),
        EntryFilter(formula="C2H6O", mass=58, mass_window=12),
        EntryFilter(mass=900, mass_window=1),
    ],
    ids=str,
)
def test_where_all_are_compared_it_is_the_scan(index, entries, score, chosen):
    scanned = search(QUERIES, entries, score=score, top=7, entry_filter=chosen)
    found = search_index(QUERIES, index, score=score, top=7, entry_filter=chosen)
    assert as_written(found) == as_written(scanned)
    assert any(result.hits for result in scanned) or chosen.mass == 900


@pytest.mark.parametrize("score", SCORES)
def test_few_preselected_are_enough_for_the_best(index, entries, score):
    queries = [query(smiles, i) for i, smiles in enumerate(SMALL_MOLECULES)]
    scanned = search(queries, entries, score=score, top=1)
    found = search_index(queries, index, score=score, top=1, preselected=25)
    first = [[[h.entry.line for h in result.hits] for result in r] for r in (found, scanned)]
    # Made-up spectra have few peaks; isomers differ in noise alone.
    assert np.mean([one == other for one, other in zip(*first, strict=True)]) > 0.9
    for one in found:
        if PRESELECTION[score] is None:
            assert (one.compared, one.notes) == (len(index), [])
            continue
        assert 25 <= one.compared < 45  # those of equal similarity come along
        assert one.notes == [
            f"compared are the {one.compared} of {len(index)} entries most similar by entropy"
        ]


def test_those_that_pass_are_preselected(index):
    chosen = EntryFilter(mass_window=3)
    [result] = search_index([query("CCO")], index, entry_filter=chosen, preselected=10)
    assert result.compared == 10
    assert {abs(hit.entry.nominal_mass - 46) <= 3 for hit in result.hits} == {True}
    assert "the 10 of 17 entries" in result.notes[0]


def test_what_has_no_peak_in_common_with_any_entry(index):
    far = build_record(peaks={2000 + i: 9 for i in range(9)})
    [result] = search_index([far], index, preselected=5)
    assert (result.hits, result.compared) == ([], 0)
    [blank] = search_index([build_record(peaks={})], index, preselected=5)
    assert (blank.hits, blank.compared) == ([], 0)
    assert blank.notes == ["no peak: a blank, nothing to search for"]


def test_one_peak(index):
    [result] = search_index([build_record(peaks={78: 999})], index, preselected=5)
    assert result.hits[0].entry.smiles == "Nc1ccccc1"  # which has it as its base peak
    assert "only 1 peak" in result.notes[0]


def test_a_copy_of_an_entry_is_a_further_entry_of_its_hit(tmp_path):
    library = tmp_path / "lib.msp"
    names = [f"m{i % 40}" for i in range(120)]
    library.write_text(
        "".join(build_msp(n, {40 + int(n[1:]): 999, 31: 100}, fields={"MW": "99"}) for n in names)
    )
    build_index(library)
    unknown = build_record(peaks={47: 999, 31: 80})
    [result] = search_index([unknown], LibraryIndex(library), preselected=3, top=1)
    [hit] = result.hits
    assert hit.entry.name == "m7"
    assert [entry.name for _, entry in hit.others] == ["m7", "m7"]


def test_every_score_has_its_peaks():
    assert PRESELECTION.keys() == SCORES.keys()
    assert set(PRESELECTION.values()) == {*WEIGHTINGS, None}


def test_what_cannot_be_searched(index):
    unknown = build_record(peaks=ETHANOL_PEAKS)
    with pytest.raises(SearchError, match="no such score: 'dot'"):
        search_index([unknown], index, score="dot")
    with pytest.raises(SearchError, match="preselected must be at least 1, found 0"):
        search_index([unknown], index, preselected=0)
