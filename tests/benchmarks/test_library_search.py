"""The benchmark of an indexed library, on a small one."""

import re

import pytest

import library_search
from builders import SMALL_MOLECULES, build_config, plausible_peaks
from nextims.chemistry.molecule import read_molecule
from nextims.formats.spectrum_writer import SpectrumWriter
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.spectrum import Spectrum

pytest.importorskip("ms_entropy")


@pytest.fixture
def settings(tmp_path):
    return str(build_config(tmp_path).data.store.parents[2] / "config.yaml")


def test_it_measures_a_small_library(tmp_path, settings, capsys):
    library = tmp_path / "lib.h5"
    with SpectrumWriter(library) as writer:
        for line, smiles in enumerate(SMALL_MOLECULES, 1):
            peaks = plausible_peaks(smiles)
            spectrum = Spectrum(list(peaks), list(peaks.values()))
            writer.write(PredictedSpectrum(line, "", read_molecule(smiles), spectrum))
    arguments = ["--config", settings, "--library", str(library), "--queries", "3"]
    options = ["--checked", "2", "--scores", "cosine", "--preselect", "5", "24"]
    assert library_search.main(arguments + options) == 0
    out = capsys.readouterr().out
    assert re.search(r"indexing: [\d.]+ s, of the processors [\d.]+ s, peak memory [\d,]+ MB", out)
    assert "24 entries: library" in out
    assert "| weighted_cosine | " in out
    assert "the hits of the index, all preselected, in 2 of 2" in out
    few, all_of_them = re.findall(r"\| cosine \| (?:5|24) \| ([\d.]+) \| [\d.]+ \| ([\d.]+)", out)
    assert all_of_them == ("1.0000", "1.000")
    assert 0 < float(few[0]) <= 1


def test_a_library_that_cannot_be_made(tmp_path, settings):
    with pytest.raises(SystemExit):
        library_search.main(["--config", settings, "--library", str(tmp_path / "no.h5")])


def test_a_script_that_fails_stops_it(tmp_path):
    with pytest.raises(RuntimeError, match=r"index_library.py ended with status 2"):
        library_search._command("indexing", "index_library.py", "--library", tmp_path / "no.h5")
