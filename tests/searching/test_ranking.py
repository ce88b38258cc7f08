"""Measured spectra searched among entries: which is found, at what rank."""

import numpy as np
import pytest

from builders import ETHANOL_PEAKS, SMALL_MOLECULES, build_record, plausible_peaks
from nextims.chemistry.molecule import read_molecule
from nextims.evaluation.metrics import compare
from nextims.searching.entries import Entry, SearchError
from nextims.searching.filters import EntryFilter
from nextims.searching.ranking import SCORES, search
from nextims.spectra.record import Record
from nextims.spectra.spectrum import Spectrum

HBB = "Brc1c(Br)c(Br)c(Br)c(Br)c1Br"


def entry(smiles, peaks=None, **fields):
    peaks = plausible_peaks(smiles) if peaks is None else peaks
    return Entry(build_record(smiles, peaks, **{"formula": read_molecule(smiles).formula} | fields))


def noisy(record, seed=0):
    """The record as another instrument might have measured it."""
    rng = np.random.default_rng(seed)
    spectrum = record.spectrum
    intensity = spectrum.intensity * rng.lognormal(0, 0.2, len(spectrum))
    return Record("peak.msp", 1, "1", "unknown", Spectrum(spectrum.mz, intensity))


LIBRARY = [entry(smiles, line=line) for line, smiles in enumerate(SMALL_MOLECULES, 1)]


@pytest.mark.parametrize("score", SCORES)
def test_noisy_spectra_find_their_molecule_by_every_score(score):
    results = search([noisy(e.record, i) for i, e in enumerate(LIBRARY)], LIBRARY, score=score)
    # The made-up spectra of isomers are the same.
    first = [[hit.entry for hit in result.hits if hit.rank == 1] for result in results]
    found = [e in best for best, e in zip(first, LIBRARY, strict=True)]
    # The weights of Stein and Scott see hardly more than the heaviest peaks.
    assert np.mean(found) >= 0.75
    assert max(map(len, first)) < 4
    assert all(result.compared == len(LIBRARY) for result in results)


def test_the_default_score_finds_all_of_them():
    for i, e in enumerate(LIBRARY):
        [result] = search([noisy(e.record, i)], LIBRARY)
        assert e in [hit.entry for hit in result.hits if hit.rank == 1]


@pytest.mark.parametrize("score", SCORES)
def test_the_score_is_the_one_that_compare_gives(score):
    query = noisy(entry("CCO", ETHANOL_PEAKS).record)
    [result] = search([query], LIBRARY, score=score, top=len(LIBRARY))
    for hit in result.hits:
        expected = compare(query.spectrum, hit.entry.record.spectrum)[score]
        assert hit.score == pytest.approx(expected, abs=1e-6)


def test_many_blocks_give_what_sorting_all_gives():
    rng = np.random.default_rng(3)
    smiles = [f"{'C' * n}{end}" for n in range(1, 40) for end in ("O", "N", "Cl", "Br", "=O", "#N")]
    entries = [
        entry(
            s,
            {
                int(mz): int(h)
                for mz, h in zip(rng.integers(20, 60, 8), range(9, 1, -1), strict=True)
            },
        )
        for s in smiles * 9
    ]
    query = build_record()
    [result] = search([query], entries, top=20)
    best = {}
    for e in entries:
        value = round(compare(query.spectrum, e.record.spectrum)["weighted_cosine"], 6)
        best[e.identity] = max(value, best.get(e.identity, 0))
    assert len(entries) > 2000
    assert [hit.score for hit in result.hits] == sorted(best.values(), reverse=True)[:20]
    assert [best[hit.entry.identity] for hit in result.hits] == [hit.score for hit in result.hits]


def test_only_so_many_are_kept_and_the_best_may_come_last():
    from nextims.searching import ranking

    number = ranking._MARGIN + 300
    decoys = [
        Entry(build_record(peaks={31: 999, 45: 10 + i}, structures=(), name=f"decoy {i}"))
        for i in range(number)
    ]
    query = build_record(peaks={31: 999, 45: 5, 46: 400})
    target = Entry(build_record(peaks={31: 990, 45: 5, 46: 410}, structures=(), name="target"))
    [result] = search([query], [*decoys, target], top=3)
    assert result.hits[0].entry is target
    assert result.compared == number + 1
    assert len(result.hits) == 3


def test_equal_scores_share_a_rank():
    twins = [entry(s, ETHANOL_PEAKS) for s in ("CCO", "COC")]
    [result] = search([build_record()], [entry("CCN", {30: 999, 45: 300}), *twins])
    assert [(hit.rank, hit.entry.smiles) for hit in result.hits] == [
        (1, "CCO"),
        (1, "COC"),
        (3, "CCN"),
    ]


def test_all_hits_of_the_last_rank_are_given():
    twins = [entry(s, ETHANOL_PEAKS) for s in ("CCO", "COC", "CCC")]
    [result] = search([build_record()], twins, top=1)
    assert [hit.rank for hit in result.hits] == [1, 1, 1]


def test_entries_of_one_molecule_are_one_hit():
    library = [
        entry("C[C@H](O)CC", {45: 999, 59: 150}, line=1, name="poor"),
        entry("CCN", {30: 999, 45: 300}, line=2),
        entry("C[C@@H](O)CC", {45: 999, 59: 200}, line=3, name="good"),
        entry("CCC(C)O", {45: 999, 59: 200}, line=4, name="again"),
    ]
    [result] = search([build_record(peaks={45: 999, 59: 201})], library)
    first = result.hits[0]
    assert [hit.entry.line for hit in result.hits] == [3, 2]
    assert [other.name for _, other in first.others] == ["again", "poor"]
    assert first.others[0][0] == first.score > first.others[1][0]


def test_a_labelled_molecule_is_another_one():
    library = [entry("CCO", ETHANOL_PEAKS), entry("[2H]CCO", ETHANOL_PEAKS)]
    [result] = search([build_record()], library)
    assert len(result.hits) == 2


def test_without_structures_the_name_tells_molecules_apart():
    named = [build_record(structures=(), name=name, line=i) for i, name in enumerate("AaB", 1)]
    nameless = [build_record(structures=(), name="", line=line) for line in (8, 9)]
    [result] = search([build_record()], map(Entry, named + nameless))
    assert [[hit.entry.line, *(o.line for _, o in hit.others)] for hit in result.hits] == [
        [1, 2],
        [3],
        [8],
        [9],
    ]


@pytest.mark.parametrize("peaks", [{}, {31: 0}])
def test_a_blank_finds_nothing_and_says_so(peaks):
    [result] = search([build_record(peaks=peaks)], LIBRARY)
    assert (result.hits, result.compared) == ([], 0)
    assert "no peak" in result.notes[0]


def test_one_peak_is_searched_with_a_warning():
    [result] = search([build_record(peaks={31: 999})], LIBRARY)
    assert "only 1 peak:" in result.notes[0]
    assert all(31 in hit.entry.record.spectrum.mz for hit in result.hits)
    assert 0 < len(result.hits) < len(LIBRARY)


def test_nothing_in_common_is_no_hit():
    [result] = search([build_record(peaks={7: 999, 8: 1, 9: 1, 10: 2, 11: 3})], LIBRARY)
    assert (result.hits, result.compared, result.notes) == ([], len(LIBRARY), [])


def test_an_exact_formula():
    [result] = search([build_record()], LIBRARY, entry_filter=EntryFilter(formula="OH6C2"))
    assert [hit.entry.formula for hit in result.hits] == ["C2H6O"]
    assert result.compared == 1


def test_a_mass_window_about_the_mass_set_or_the_records():
    chosen = EntryFilter(mass=46, mass_window=1)
    [result] = search([build_record(formula="C9H20")], LIBRARY, entry_filter=chosen)
    assert {hit.entry.smiles for hit in result.hits} == {"CCO", "CCN"}
    queries = [
        build_record(formula="C2H6O"),
        build_record(nominal_mass=46),
        build_record(formula="CBr4", nominal_mass=332),  # the average; the nominal mass is 328
        build_record(),
    ]
    results = search(queries, LIBRARY, entry_filter=EntryFilter(mass_window=0))
    assert [result.mass for result in results] == [46, 46, 328, None]
    assert [result.compared for result in results] == [1, 1, 0, len(LIBRARY)]
    assert "no molecular mass" in results[3].notes[0]


def test_what_is_asked_for_and_not_known_does_not_pass():
    unknown = Entry(build_record(structures=()))
    for chosen in (EntryFilter(formula="C2H6O"), EntryFilter(mass=46, mass_window=5)):
        [result] = search([build_record()], [unknown], entry_filter=chosen)
        assert result.compared == 0
    given = Entry(build_record(structures=(), nominal_mass=46))
    [result] = search([build_record()], [given], entry_filter=EntryFilter(mass=46, mass_window=0))
    assert result.compared == 1


def test_what_cannot_be_searched():
    with pytest.raises(SearchError, match=r"no such score: 'dot'; there are weighted_cosine"):
        search([build_record()], [], score="dot")
    with pytest.raises(SearchError, match="top must be a whole number of at least 1, found 0"):
        search([build_record()], [], top=0)
    with pytest.raises(SearchError, match="'C10H15N!': not a molecular formula"):
        EntryFilter(formula="C10H15N!")
    with pytest.raises(SearchError, match="mass_window: must be at least 0 Da, found -1"):
        EntryFilter(mass_window=-1)


def test_an_absurd_mass_costs_no_memory():
    [result] = search([build_record()], [entry("CCO", {31: 999, 45: 510, 1e8: 3})])
    assert result.hits[0].score > 0.75


@pytest.mark.parametrize("known", [{"structures": (), "formula": "C6Br6"}, {"smiles": HBB}])
def test_accurate_masses_are_compared_by_the_molecules_mass_defect(known):
    accurate = {466.5907: 300, 545.5095: 50, 549.5054: 770, 551.5034: 999}
    nominal = {467: 300, 546: 50, 550: 770, 552: 999}
    for query, library in ((accurate, nominal), (nominal, accurate), (accurate, accurate)):
        [result] = search([build_record(peaks=query, **known)], [entry(HBB, library)])
        assert result.hits[0].score == pytest.approx(1, abs=1e-5)
    [result] = search([build_record(peaks=accurate, structures=())], [entry(HBB, nominal)])
    assert not result.hits  # of no known molecule, each peak is a unit off


def test_a_hit_without_its_structure_says_why():
    labelled = entry("Cc1ccccc1", name="toluene-d8", nominal_mass=100, line=7)
    [result] = search([noisy(labelled.record)], [labelled])
    [said] = result.notes
    assert said.startswith("toluene-d8 (line 7): taken without its structure: structure disagrees")
