"""An index is opened where it is of this library and whole, and refused otherwise."""

import json
import os
import shutil

import numpy as np
import pytest

from builders import bit_flips, build_library, build_msp
from nextims.searching.entries import Entry, SearchError
from nextims.searching.filters import EntryFilter
from nextims.searching.index_building import build_index
from nextims.searching.index_layout import files_of
from nextims.searching.indexed_search import search_index
from nextims.searching.libraries import read_library
from nextims.searching.library_index import LibraryIndex
from nextims.searching.ranking import QuerySearch

pytest.importorskip("ms_entropy")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    library = build_library(tmp_path_factory.mktemp("index") / "lib.msp")
    build_index(library)
    return library


@pytest.fixture
def library(built, tmp_path):
    """A library with an index, to spoil."""
    shutil.copytree(built.parent, tmp_path, dirs_exist_ok=True)  # keeps times
    return tmp_path / built.name


def test_a_changed_library_is_refused(library):
    with library.open("a") as file:
        file.write(build_msp("one more"))
    with pytest.raises(SearchError) as error:
        LibraryIndex(library)
    assert str(error.value) == (
        f"{library}.index: lib.msp has changed since; this makes the index anew: "
        f"nextims index --library {library} (search.py --scan does without)"
    )


def test_a_change_of_equal_size_is_seen(library):
    library.write_bytes(library.read_bytes().replace(b"CCO 0", b"CCO 9"))
    with pytest.raises(SearchError, match=r"lib.msp has changed since"):
        LibraryIndex(library)


def test_a_copy_is_the_same_library(library):
    os.utime(library, (1, 1))
    assert len(LibraryIndex(library)) > 70


@pytest.mark.parametrize("name", ["peak_mz", "nominal_mass", "texts", "text_offsets"])
def test_a_shortened_file_is_seen(library, name):
    path = library.with_name("lib.msp.index") / name
    os.truncate(path, path.stat().st_size - 8)
    with pytest.raises(SearchError, match=r"lib.msp.index: damaged"):
        LibraryIndex(library)


@pytest.mark.parametrize("flips", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_a_bit_that_turned_over_is_noticed_or_changes_nothing(library, flips):
    folder = library.with_name("lib.msp.index")
    query = next(entry.record for entry in read_library(library) if isinstance(entry, Entry))

    def hits():
        [result] = search_index([query], LibraryIndex(library))
        return [(hit.entry.name, hit.entry.formula, hit.score) for hit in result.hits]

    wanted, noticed = hits(), 0
    for path in (path for path in folder.rglob("*") if path.stat().st_size and path.is_file()):
        whole = path.read_bytes()
        for damaged in bit_flips(whole, flips):
            path.write_bytes(damaged)
            try:
                assert hits() == wanted
            except SearchError as error:
                assert str(folder) in str(error)
                assert "\n" not in str(error)
                noticed += path.name != "manifest.json"
        path.write_bytes(whole)
    assert noticed >= flips * (
        len(files_of(folder)) - 1
    )  # no left-out entries may be an empty file
    assert hits() == wanted


def test_a_copied_index_is_the_same_index(library):
    for path in library.with_name("lib.msp.index").rglob("*"):
        os.utime(path, (1, 1))
    assert len(LibraryIndex(library)) > 70


def test_a_file_too_many_is_named(library):
    (library.with_name("lib.msp.index") / "flash" / "mass" / "0001").mkdir()
    (library.with_name("lib.msp.index") / "flash" / "mass" / "0001" / "x").write_text("x")
    with pytest.raises(SearchError, match="flash/mass/0001/x is not one of its files"):
        LibraryIndex(library)


def test_a_missing_file_is_named(library):
    (library.with_name("lib.msp.index") / "peak_intensity").unlink()
    with pytest.raises(SearchError, match="peak_intensity is missing; this makes the index anew"):
        LibraryIndex(library)


def test_a_broken_manifest_and_one_of_another_format(library):
    manifest = library.with_name("lib.msp.index") / "manifest.json"
    content = json.loads(manifest.read_text())
    manifest.write_text("{")
    with pytest.raises(SearchError, match=r"lib.msp.index: damaged"):
        LibraryIndex(library)
    manifest.write_text(json.dumps(content | {"format": 99}))
    with pytest.raises(SearchError, match=r"written by NExtIMS .* in another format"):
        LibraryIndex(library)


def test_bins_are_those_of_a_scan(built):
    index = LibraryIndex(built)
    entries = [item for item in read_library(built) if isinstance(item, Entry)]
    numbers = np.array([70, 3, 3, len(index) - 2])
    bins = index.bins(numbers)
    assert bins.shape == (4, index.highest_mz(numbers).max())
    for row, number in zip(bins, numbers, strict=True):
        np.testing.assert_array_equal(row, entries[number].record.spectrum.binned(len(row)))


@pytest.mark.parametrize("formula", [None, "H6C2O", "C9H20", "C99H2"])
@pytest.mark.parametrize("mass", [None, 46, 78, 900])
@pytest.mark.parametrize("window", [0, 5, 60])
def test_the_same_entries_pass_as_in_a_scan(built, formula, mass, window):
    index = LibraryIndex(built)
    entries = [item for item in read_library(built) if isinstance(item, Entry)]
    chosen = EntryFilter(formula, mass_window=window)
    passing = index.passing(chosen, mass)
    expected = [i for i, entry in enumerate(entries) if chosen.passes(entry, mass)]
    assert (np.arange(len(index)) if passing is None else passing).tolist() == expected


def test_the_most_similar_come_with_those_of_equal_similarity(tmp_path):
    library = tmp_path / "lib.msp"
    spectra = [{31: 9, 45: 5}, {43: 9}, {31: 9, 45: 5}, {31: 9, 45: 1}, {31: 9, 45: 5}]
    library.write_text("".join(build_msp(f"m{i}", peaks) for i, peaks in enumerate(spectra)))
    build_index(library)
    index = LibraryIndex(library)
    [query] = [next(read_library(library)).record]
    spectrum = QuerySearch(query, "cosine", 1, EntryFilter()).spectrum
    found = [index.most_similar(spectrum, "mass", n).tolist() for n in (1, 3, 4, 5, 9)]
    assert found == [[0, 2, 4], [0, 2, 4], [0, 2, 3, 4], [0, 2, 3, 4], [0, 2, 3, 4]]
    among = np.array([1, 3, 4])
    assert index.most_similar(spectrum, "mass", 1, among).tolist() == [4]
