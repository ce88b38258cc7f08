"""JCAMP-DX, read back by the library jcamp."""

import numpy as np
import pytest

from nextims import __version__
from nextims.formats.jcamp.writing import jcamp_record


def test_a_block_line_by_line(spectra):
    assert jcamp_record(spectra[0], "student").split("\r\n") == [
        '##TITLE=the "absolute" β-one = $ $ #1;',
        "##JCAMP-DX=5.00",
        "##DATA TYPE=MASS SPECTRUM",
        "##DATA CLASS=PEAK TABLE",
        f"##ORIGIN=predicted by NExtIMS {__version__}, student",
        "##OWNER=not stated",
        f"##SPECTROMETER/DATA SYSTEM=predicted by NExtIMS {__version__}, student",
        "##.IONIZATION MODE=EI+",
        "##.IONIZATION ENERGY=70",
        '##NAMES=the "absolute" β-one = $ $ #1;',
        "##MOLFORM=C2 H6 O",
        "##MW=46",
        "##$EXACT MASS=46.041865",
        "##$INCHIKEY=LFQSCWFLJHTTHZ-UHFFFAOYSA-N",
        "##$SMILES=CCO",
        "##XUNITS=M/Z",
        "##YUNITS=RELATIVE ABUNDANCE",
        "##XFACTOR=1",
        "##YFACTOR=1",
        "##NPOINTS=3",
        "##PEAK TABLE=(XY..XY)",
        "31,999 45,500 46,1",
        "##END=",
        "",
    ]


def test_blocks_are_read_back(results, spectra, write, peaks_of):
    jcamp = pytest.importorskip("jcamp", reason='needs pip install -e ".[test]"')
    text = write("library.jdx", results).read_bytes().decode("utf-8")
    blocks = text.split("##END=\r\n")
    assert blocks.pop() == ""
    assert len(blocks) == len(spectra)
    for result, block in zip(spectra, blocks, strict=True):
        molecule = result.molecule
        read = jcamp.read(block.split("\r\n"))
        mz, intensity = peaks_of(result)
        np.testing.assert_array_equal(read["x"], mz)
        np.testing.assert_array_equal(read["y"], intensity)
        assert read["npoints"] == len(mz)
        assert read["molform"].replace(" ", "") == molecule.formula
        assert read["$smiles"] == molecule.smiles
        assert read["$inchikey"] == molecule.inchikey
        assert read["$exact mass"] == pytest.approx(molecule.exact_mass, abs=1e-6)
        assert read["mw"] == molecule.nominal_mass
        assert read["data type"] == "MASS SPECTRUM"
        table = block.split("##PEAK TABLE=(XY..XY)\r\n")[1]
        assert max(map(len, table.split("\r\n"))) <= 80
    assert read["$remarks"] == "intensity left out=3.1%"
