"""An index is whole or not there, and holds what the library says."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from builders import SMALL_MOLECULES, build_library, build_msp, plausible_peaks
from nextims.chemistry.molecule import read_molecule
from nextims.files.writing import BeingWrittenError, OutputError
from nextims.formats.spectrum_writer import SpectrumWriter
from nextims.searching.entries import Entry, SearchError, Skipped
from nextims.searching.filters import EntryFilter
from nextims.searching.index_building import build_index
from nextims.searching.libraries import read_library
from nextims.searching.library_index import LibraryIndex
from nextims.spectra import record
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.spectrum import Spectrum

pytest.importorskip("ms_entropy")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_cannot_be_searched_is_given_back_and_kept(tmp_path):
    library = build_library(tmp_path / "lib.msp")
    number, left_out = build_index(library)
    scanned = list(read_library(library))
    assert number == sum(isinstance(item, Entry) for item in scanned)
    assert left_out == [item for item in scanned if isinstance(item, Skipped)]
    assert (left_out[0].text, left_out[0].reason) == ("blank", "no peak")
    assert LibraryIndex(library).left_out == left_out


def test_an_index_says_of_each_entry_what_the_library_says(tmp_path):
    library = build_library(tmp_path / "lib.msp")
    build_index(library)
    index = LibraryIndex(library)
    scanned = [item for item in read_library(library) if isinstance(item, Entry)]
    assert len(index) == len(scanned) > 70
    for found, entry in zip(index.entries(np.arange(len(index))), scanned, strict=True):
        for fact in ("line", "name", "smiles", "inchikey", "formula", "elements", "nominal_mass"):
            assert getattr(found, fact) == getattr(entry, fact), fact
        assert (found.identity, found.predicted) == (entry.identity, entry.predicted)
        assert found.record.id == entry.record.id
        highest = min(int(entry.record.spectrum.mz[-1] + 0.4), 3000)
        expected = entry.record.spectrum.binned(highest)
        np.testing.assert_array_equal(found.record.spectrum.binned(highest), expected)


def test_an_index_keeps_what_a_mol_file_says_and_not_where_it_was(tmp_path):
    (tmp_path / "lib.MOL").mkdir()
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("OCC"))
    (tmp_path / "lib.MOL" / "ID5.MOL").write_text(block)
    (tmp_path / "lib.msp").write_text(build_msp("spirit", fields={"ID": "5"}))
    build_index(tmp_path / "lib.msp")
    (tmp_path / "lib.MOL" / "ID5.MOL").unlink()
    [found] = LibraryIndex(tmp_path / "lib.msp").entries(np.arange(1))
    assert (found.record.structures, found.smiles) == (("CCO",), "CCO")


def write_predictions(path):
    molecules = [*SMALL_MOLECULES, "[2H]CCO", "C[C@H](O)CC", "[13CH3]c1ccccc1"]
    with SpectrumWriter(path) as writer:
        for line, smiles in enumerate(molecules, 1):
            peaks = plausible_peaks(smiles)
            spectrum = Spectrum(list(peaks), list(peaks.values()))
            writer.write(PredictedSpectrum(line, "", read_molecule(smiles), spectrum))
    return path


@pytest.mark.parametrize("ending", ["h5", "parquet"])
def test_of_our_own_tables_no_structure_is_read_but_labelled_ones(tmp_path, monkeypatch, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    library = write_predictions(tmp_path / f"lib.{ending}")
    read = []

    def noted(text):
        read.append(text)
        return molecule_of(text)

    molecule_of = record._molecule_of
    monkeypatch.setattr(record, "_molecule_of", noted)
    build_index(library)
    assert len(read) == 2
    index = LibraryIndex(library)
    scanned = list(read_library(library))
    for found, entry in zip(index.entries(np.arange(len(index))), scanned, strict=True):
        assert found.identity == entry.identity
    for entry in scanned:
        chosen = EntryFilter(entry.formula, entry.nominal_mass, 0)
        expected = [i for i, e in enumerate(scanned) if chosen.passes(e, entry.nominal_mass)]
        assert index.passing(chosen, entry.nominal_mass).tolist() == expected


def test_a_build_that_is_stopped_leaves_nothing_and_the_old_index(tmp_path):
    library = build_library(tmp_path / "lib.msp")

    def stopped(found):
        for number, item in enumerate(found):
            if number == 20:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        build_index(library, progress=stopped)
    assert names(tmp_path) == ["lib.msp"]
    build_index(library)
    before = (tmp_path / "lib.msp.index" / "manifest.json").stat().st_ino
    with pytest.raises(KeyboardInterrupt):
        build_index(library, progress=stopped)
    assert names(tmp_path) == ["lib.msp", "lib.msp.index"]
    assert (tmp_path / "lib.msp.index" / "manifest.json").stat().st_ino == before
    LibraryIndex(library)


def test_what_a_killed_build_left_is_no_index_and_cleared_away(tmp_path):
    library = build_library(tmp_path / "lib.msp")
    left = tmp_path / "lib.msp.index.tmp"
    (left / "flash").mkdir(parents=True)
    (left / "texts").write_text("half")
    build_index(library)
    assert names(tmp_path) == ["lib.msp", "lib.msp.index"]


def test_a_new_build_takes_the_place_of_an_old_one(tmp_path):
    library = build_library(tmp_path / "lib.msp")
    build_index(library)
    library.write_text(build_msp("whisky"))
    assert build_index(library) == (1, [])
    assert len(LibraryIndex(library)) == 1


def test_of_two_builds_at_once_the_second_is_refused(tmp_path):
    library = build_library(tmp_path / "lib.msp")

    def meanwhile(found):
        with pytest.raises(BeingWrittenError, match=r"lib\.msp\.index: another process"):
            build_index(library)
        return found

    number, _ = build_index(library, progress=meanwhile)
    assert len(LibraryIndex(library)) == number
    assert names(tmp_path) == ["lib.msp", "lib.msp.index"]


def test_a_build_killed_while_it_replaces_an_index_hinders_no_other(tmp_path, monkeypatch):
    library = build_library(tmp_path / "lib.msp")
    number, _ = build_index(library)
    replace = Path.replace

    def killed(path, target):
        if path.name.endswith(".tmp"):
            raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", killed)
        patch.setattr("nextims.searching.index_building.shutil.rmtree", lambda *_, **__: None)
        build_index(library)
    assert build_index(library)[0] == number
    assert names(tmp_path) == ["lib.msp", "lib.msp.index"]


def test_an_index_that_cannot_be_replaced_stays(tmp_path, monkeypatch):
    library = build_library(tmp_path / "lib.msp")
    number, _ = build_index(library)
    replace = Path.replace

    def refused(path, target):
        if path.name.endswith(".tmp"):
            raise PermissionError(13, "Permission denied", str(path))
        return replace(path, target)

    with monkeypatch.context() as patch, pytest.raises(OutputError):
        patch.setattr(Path, "replace", refused)
        build_index(library)
    assert len(LibraryIndex(library)) == number
    assert names(tmp_path) == ["lib.msp", "lib.msp.index"]


def test_libraries_that_cannot_be_indexed(tmp_path):
    library = tmp_path / "lib.msp"
    library.write_text(build_msp("blank", {}))
    with pytest.raises(SearchError, match=r"lib.msp: holds no spectrum that can be searched"):
        build_index(library)
    assert names(tmp_path) == ["lib.msp"]
    with pytest.raises(SearchError, match=r"no.h5: no such file"):
        build_index(tmp_path / "no.h5")
    (tmp_path / "lib.msp.index").mkdir()
    (tmp_path / "lib.msp.index" / "thesis.txt").write_text("mine")
    library.write_text(build_msp("whisky"))
    with pytest.raises(SearchError, match="is in the place of the index, and none"):
        build_index(library)
    assert (tmp_path / "lib.msp.index" / "thesis.txt").read_text() == "mine"


def test_a_library_that_changes_meanwhile(tmp_path):
    library = build_library(tmp_path / "lib.msp")

    def changing(found):
        yield from found
        os.utime(library, (1, 1))

    with pytest.raises(SearchError, match=r"lib.msp: was changed while its index was made"):
        build_index(library, progress=changing)
    assert names(tmp_path) == ["lib.msp"]


def test_the_manifest_says_what_it_is_of(tmp_path):
    library = build_library(tmp_path / "lib.msp")
    build_index(library)
    manifest = json.loads((tmp_path / "lib.msp.index" / "manifest.json").read_text())
    assert manifest["entries"] == len(LibraryIndex(library))
    assert manifest["library"]["bytes"] == library.stat().st_size


@pytest.mark.parametrize("known", ["Formula: C6Br6", "SMILES: Brc1c(Br)c(Br)c(Br)c(Br)c1Br"])
def test_accurate_masses_are_indexed_by_the_molecules_mass_defect(tmp_path, known):
    library = tmp_path / "lib.msp"
    peaks = "466.5907 300; 549.5054 770; 551.5034 999"
    library.write_text(f"Name: hexabromobenzene\n{known}\nNum Peaks: 3\n{peaks}\n")
    build_index(library)
    assert LibraryIndex(library).record(0).spectrum.mz.tolist() == [467, 550, 552]


@pytest.mark.parametrize("end", [".tmp", ".old"])
def test_a_link_in_the_place_of_the_unfinished_index_is_not_followed(tmp_path, end):
    library = build_library(tmp_path / "lib.msp")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("data")
    (tmp_path / f"lib.msp.index{end}").symlink_to(elsewhere)
    build_index(library)
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]
    assert len(LibraryIndex(library)) > 70
