from dataclasses import replace

import pytest

from nextims.formats.fields import IMPOSSIBLE_INDEX, UNREADABLE_INDEX
from nextims.searching.entries import Entry
from nextims.searching.ranking import search
from nextims.searching.retention import RetentionSearch
from nextims.spectra.record import Record
from nextims.spectra.retention import RetentionError
from nextims.spectra.spectrum import Spectrum

PEAKS = Spectrum([43, 57, 71, 85, 99], [99, 80, 40, 30, 10])
QUERY = Record("gc.msp", 1, "1", "peak 7", PEAKS)


def entry(name, index, deviation=None, column="DB-5", peaks=PEAKS, predicted=False):
    record = Record("lib.msp", 1, name, name, peaks, retention_index=index, column=column)
    return Entry(replace(record, retention_deviation=deviation), predicted)


def found(entries, query=QUERY, score="cosine", **options):
    [result] = search([query], entries, score=score, retention=RetentionSearch(**options))
    return result, [hit.entry.name for hit in result.hits]


def test_what_the_spectrum_leaves_tied_the_index_decides():
    entries = [entry("far", 1300), entry("near", 1210), entry("unknown", None)]
    tied, _ = found(entries)
    assert {hit.rank for hit in tied.hits} == {1}
    result, names = found(entries, index=1200, weight=0.03)
    assert names == ["near", "unknown", "far"]
    assert [hit.difference for hit in result.hits] == [10, None, 100]
    assert result.retention_index == 1200


def test_differences_can_be_told_without_a_change_of_ranks():
    entries = [entry("far", 1300), entry("near", 1210)]
    result, names = found(entries, query=replace(QUERY, retention_index=1200), told=True)
    assert names == ["far", "near"] and {hit.rank for hit in result.hits} == {1}
    assert [hit.difference for hit in result.hits] == [100, 10]


def test_a_wide_interval_forgives_more():
    entries = [entry("narrow", 1300, 10), entry("wide", 1300, 80)]
    assert found(entries, index=1200, weight=0.03)[1] == ["wide", "narrow"]
    assert found(entries, index=1300, weight=0.03)[1] == ["narrow", "wide"]


def test_a_window_leaves_out_what_is_further_unless_its_own_interval_holds_it():
    entries = [entry("a", 1249), entry("b", 1251), entry("c", 1300, 70), entry("d", None)]
    assert set(found(entries, index=1200, window=50)[1]) == {"a", "c"}


def test_a_grossly_wrong_index_does_not_hide_the_right_spectrum():
    other = Spectrum([31, 45, 60, 74, 87], [99, 80, 40, 30, 10])
    entries = [entry("right", 2900), entry("other", 1200, peaks=other)]
    assert found(entries, index=1200, weight=0.03)[1] == ["right"]


def test_indices_of_another_kind_of_column_are_not_compared():
    entries = [entry("polar", 1200, column="DB-WAX"), entry("own", 1240)]
    result, names = found(entries, index=1200, column="HP-5MS", weight=0.03)
    assert names == ["own", "polar"]
    assert [hit.difference for hit in result.hits] == [40, None]
    assert result.notes == []
    assert found(entries, index=1200, column="Carbowax", weight=0.03)[1] == ["polar", "own"]


@pytest.mark.parametrize(
    ("column", "note"), [("", "no column is named"), ("mine", "'mine' is not known")]
)
def test_an_index_without_a_known_column_is_taken_as_5_percent_phenyl_with_a_note(column, note):
    result, _ = found([entry("a", 1200)], index=1200, column=column, weight=0.03)
    assert note in result.notes[0] and "5 % phenyl" in result.notes[0]


def test_a_query_of_a_library_brings_its_own_index():
    entries = [entry("far", 1300), entry("near", 1210)]
    query = replace(QUERY, retention_index=1205.0, column="DB-5")
    assert found(entries, query, weight=0.03)[1] == ["near", "far"]
    result, _ = found(entries, weight=0.03)
    assert "no retention index in the record and none set" in result.notes[0]
    absurd, names = found(entries, replace(QUERY, retention_index=12345.0), weight=0.03)
    assert "12345 cannot be" in absurd.notes[0] and len(names) == 2


@pytest.mark.parametrize(
    "options", [{"index": -5}, {"index": 99999}, {"window": -1}, {"weight": float("nan")}]
)
def test_what_cannot_be_is_refused(options):
    with pytest.raises(RetentionError):
        RetentionSearch(**options)


def test_match_factors_are_moved_on_their_own_scale():
    entries = [entry("far", 1300), entry("near", 1210)]
    result, names = found(entries, score="nist_identity_match_factor", index=1200, weight=0.03)
    assert names == ["near", "far"]
    assert result.hits[0].score - result.hits[1].score > 100


def test_a_library_without_an_index_on_such_a_column_is_told():
    entries = [entry("a", None), entry("b", 1200, column="DB-5")]
    result, names = found(entries, index=1200, column="DB-WAX", window=50)
    assert names == []
    assert result.notes == ["no entry has a retention index on a polar column"]


def test_entries_without_a_known_column_are_told():
    entries = [entry("a", 1200, column=""), entry("b", 1200, column="mine"), entry("c", 1200)]
    result, _ = found(entries, index=1200, column="DB-5", weight=0.03)
    [note] = result.notes
    assert note.startswith("of 2 entries: no known column is named") and "5 % phenyl" in note


def test_an_index_that_is_no_index_is_told_with_its_line():
    query = replace(QUERY, line=7, notes=(IMPOSSIBLE_INDEX,))
    result, _ = found(
        [with_unreadable_index(entry("a", None)), entry("b", 1200)], query, weight=0.03
    )
    assert result.notes[0].startswith(f"line 7: {IMPOSSIBLE_INDEX}")
    result, _ = found(
        [with_unreadable_index(entry("a", None)), entry("b", 1200)],
        index=1200,
        column="DB-5",
        weight=0.03,
    )
    assert result.notes == [f"of 1 entry: {UNREADABLE_INDEX}"]


def with_unreadable_index(one):
    return Entry(replace(one.record, notes=(UNREADABLE_INDEX,)))
