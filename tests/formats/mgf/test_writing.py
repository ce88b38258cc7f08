"""MGF, read back by pyteomics and matchms."""

from dataclasses import replace

import numpy as np
import pytest

ELECTRON = 0.00054858


def test_pyteomics_reads_it_back(results, spectra, write, peaks_of, name_of):
    mgf = pytest.importorskip("pyteomics.mgf", reason='needs pip install -e ".[test]"')
    with mgf.MGF(str(write("library.mgf", results)), encoding="utf-8") as reader:
        read = list(reader)
    assert len(read) == len(spectra)
    for result, spectrum in zip(spectra, read, strict=True):
        molecule, parameters = result.molecule, spectrum["params"]
        assert parameters["title"] == f"{result.line} {name_of(result)}"
        assert parameters["name"] == name_of(result)
        assert parameters["smiles"] == molecule.smiles
        assert parameters["inchikey"] == molecule.inchikey
        assert parameters["formula"] == molecule.formula
        assert parameters["mw"] == str(molecule.nominal_mass)
        assert parameters["exactmass"] == f"{molecule.exact_mass:.6f}"
        assert parameters["pepmass"][0] == pytest.approx(molecule.exact_mass - ELECTRON, abs=1e-5)
        assert parameters["charge"] == [1]
        mz, intensity = peaks_of(result)
        np.testing.assert_array_equal(spectrum["m/z array"], mz)
        np.testing.assert_array_equal(spectrum["intensity array"], intensity)
    assert "intensity left out=3.1%" in parameters["comment"]


def test_equal_names_do_not_hide_each_other(spectra, write):
    mgf = pytest.importorskip("pyteomics.mgf", reason='needs pip install -e ".[test]"')
    twice = [spectra[0], replace(spectra[0], line=9)]
    with mgf.IndexedMGF(str(write("library.mgf", twice))) as reader:
        assert len(reader) == 2  # goes by the titles


def test_matchms_reads_it_back(results, spectra, write, peaks_of, name_of):
    pytest.importorskip("matchms", reason='needs pip install -e ".[test]"')
    from matchms.importing import load_from_mgf

    read = list(load_from_mgf(str(write("library.mgf", results))))
    assert len(read) == len(spectra)
    for result, spectrum in zip(spectra, read, strict=True):
        assert spectrum.get("compound_name") == name_of(result)
        assert spectrum.get("smiles") == result.molecule.smiles
        assert spectrum.get("adduct") == "[M]+"
        mz, intensity = peaks_of(result)
        np.testing.assert_array_equal(spectrum.peaks.mz, mz)
        np.testing.assert_array_equal(spectrum.peaks.intensities, intensity)
