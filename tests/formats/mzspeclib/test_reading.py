"""mzSpecLib in its text form."""

import pytest

from nextims.spectra.record import BadRecord, Record

LIBRARY = """\
<mzSpecLib>
MS:1003186|library format version=1.0
<AttributeSet Spectrum=all>
MS:1000511|ms level=1
MS:1000008|ionization type=MS:1000389|electron ionization
<AttributeSet Analyte=alcohol>
MS:1000868|SMILES string=CCO
<Spectrum=7>
# a comment
MS:1003061|library spectrum name=ethanol
MS:1003059|number of peaks=2
[1]MS:1003275|other attribute name=remark
[1]MS:1003276|other attribute value=from the lab = ours
<Analyte=1>
MS:1003212|library attribute set name=alcohol
MS:1000866|molecular formula=C2H6O
<Interpretation=1>
MS:1002357|PSM-level probability=0.9
<Peaks>
31.0178\t999\tf{CH3O}
45.0335\t510\t?\t1/2

<Spectrum=8>
MS:1003061|library spectrum name=water
MS:1000465|scan polarity=MS:1000129|negative scan
<Peaks>
17 212
"""


def test_a_library_of_others(read, pairs):
    first, second = read("x.mzSpecLib.txt", LIBRARY)
    assert (first.id, first.name, first.line) == ("7", "ethanol", 8)
    assert (first.formula, first.molecule.smiles) == ("C2H6O", "CCO")
    assert (first.ionization, first.ms_level, first.ion_mode) == ("EI", 1, "positive")
    assert first.remarks == ("ethanol", "from the lab = ours")
    assert pairs(first) == [(31.0178, 999), (45.0335, 510)]
    assert (second.name, second.structures, second.ion_mode) == ("water", (), "negative")
    assert pairs(second) == [(17, 212)]


def test_soft_ionization_is_told(read):
    text = LIBRARY.replace("MS:1000389|electron ionization", "MS:1000073|electrospray ionization")
    assert read("x.txt", text)[0].ionization == "ELECTROSPRAY IONIZATION"


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        ("31.0178\t999", "31.0178\tx", "line 20: cannot read the peak '31.0178\\tx\\tf{CH3O}'"),
        ("peaks=2", "peaks=1", "number of peaks says 1, found 2 peaks"),
        ("MS:1000866|molecular formula=C2H6O", "C2H6O", "line 16: cannot read 'C2H6O'"),
    ],
)
def test_damage_spoils_one_spectrum_only(read, old, new, detail):
    bad, after = read("x.mzspeclib.txt", LIBRARY.replace(old, new))
    assert isinstance(bad, BadRecord)
    assert (bad.line, bad.id, bad.name, bad.detail) == (8, "7", "ethanol", detail)
    assert isinstance(after, Record)


def test_a_file_that_is_cut_off(read):
    text = LIBRARY[: LIBRARY.index("45.0335")]
    assert read("x.mzspeclib.txt", text)[0].detail == "number of peaks says 2, found 1 peaks"
    text = LIBRARY[: LIBRARY.index("<Peaks>")]
    assert read("x.mzspeclib.txt", text)[0].detail == "no <Peaks>"
