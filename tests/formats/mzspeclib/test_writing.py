"""mzSpecLib, read back by HUPO-PSI's own library."""

import numpy as np
import pytest

from nextims import __version__
from nextims.formats.mzspeclib.writing import mzpaf
from nextims.spectra.ions import AnnotatedPeak, Ion

REASON = 'needs pip install -e ".[test]"'
SMILES, INCHIKEY = "MS:1000868|SMILES string", "MS:1002894|InChIKey"
FORMULA, MASS = "MS:1000866|molecular formula", "MS:1001117|theoretical neutral mass"


def read(path):
    pytest.importorskip("mzspeclib", reason=REASON)
    from mzspeclib import SpectrumLibrary

    return SpectrumLibrary(filename=str(path))


def others(attributes):
    names = attributes.get_attribute("MS:1003275|other attribute name")
    values = attributes.get_attribute("MS:1003276|other attribute value")
    if not isinstance(names, list):
        names, values = [names], [values]
    return list(zip(names, values, strict=True))


def test_a_library_is_read_back(results, spectra, write, peaks_of, name_of):
    library = read(write("terpenes.mzSpecLib.txt", results))
    assert library.get_attribute("MS:1003188|library name") == "terpenes"
    entries = list(library)
    assert len(entries) == len(spectra)
    for result, entry in zip(spectra, entries, strict=True):
        molecule, analyte = result.molecule, entry.analytes["1"]
        assert entry.key == result.line
        assert entry.name == f"{result.line} {name_of(result)}"
        assert analyte.get_attribute(SMILES) == molecule.smiles
        assert analyte.get_attribute(INCHIKEY) == molecule.inchikey
        assert analyte.get_attribute(FORMULA) == molecule.formula
        assert analyte.get_attribute(MASS) == pytest.approx(molecule.exact_mass, abs=1e-6)
        assert ("name", name_of(result)) in others(analyte)
        assert ("nominal mass", str(molecule.nominal_mass)) in others(analyte)
        origin = entry.get_attribute("MS:1003072|spectrum origin type")
        assert origin == "MS:1003074|predicted spectrum"
        by = f"predicted by NExtIMS {__version__}, student best_student.pt"
        assert ("remark", by) in others(entry)
        mz, intensity = peaks_of(result)
        np.testing.assert_array_equal([peak[0] for peak in entry.peak_list], mz)
        np.testing.assert_array_equal([peak[1] for peak in entry.peak_list], intensity)
        assert entry.get_attribute("MS:1003059|number of peaks") == len(mz)
    assert ("remark", "intensity left out=3.1%") in others(entry)


def test_the_ions_are_read_back(toluene, write):
    [entry] = read(write("x.mzspeclib.txt", [toluene()], annotated=True))
    nothing, tropylium, molecular_ion = (peak[2] for peak in entry.peak_list)
    assert [str(annotation) for annotation in nothing] == ["?"]
    assert [(a.formula, a.charge, a.confidence) for a in tropylium] == [("C7H7", 1, 0.87)]
    assert [(a.formula, a.confidence) for a in molecular_ion] == [
        ("C7H8", 0.88),
        ("C6[13C1]H7", 0.12),
    ]


def test_isotopes_in_formulas():
    ion = Ion("C4D9[37Cl]2+", 1.0, 0.5, "", 0, 0, (0,), "C")
    assert mzpaf(AnnotatedPeak(1, 1, (ion,), 0, 0.5)) == "f{C4[2H9][37Cl2]}*0.50"
