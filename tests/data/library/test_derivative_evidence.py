import pytest

from builders import build_spectrum
from nextims.chemistry.derivatives.reactions import derivatise
from nextims.chemistry.isotopes import isotope_pattern
from nextims.chemistry.molecule import read_molecule
from nextims.data.library.derivative_evidence import weigh

GLYCEROL = "OCC(O)CO"
XYLITOL = "OCC(O)C(O)C(O)CO"
CATECHOL_ACID = "O=C(O)c1ccc(O)c(O)c1"


def cluster(mass, formula_of, height):
    """Return the isotopes of an ion, those above 0.1 % of the base peak."""
    pattern = isotope_pattern(formula_of)
    peaks = {mass + shift: height * share / pattern[0] for shift, share in pattern.items()}
    return {mz: value for mz, value in peaks.items() if value >= 1}


def spectrum_of(smiles, *, molecular, loss, **groups):
    """Return M and M - CH3 of a derivative with their isotopes beside the base peak m/z 73."""
    (derivative,) = derivatise(read_molecule(smiles), **groups)
    counts, mass = derivative.element_counts, derivative.nominal_mass
    fragment = counts - type(counts)({"C": 1, "H": 3})
    peaks = {73: 999}
    for ion in (cluster(mass, counts, molecular), cluster(mass - 15, fragment, loss)):
        for mz, height in ion.items():
            peaks[mz] = peaks.get(mz, 0) + height
    return peaks


def evidence(smiles, peaks, **groups):
    return weigh(build_spectrum(peaks).binned(1000), read_molecule(smiles), groups)


def test_both_ions_tell_the_number():
    peaks = spectrum_of(GLYCEROL, tms=3, molecular=20, loss=60)
    found = evidence(GLYCEROL, peaks, tms=3)
    assert (found.mass, found.is_pair, found.tells, found.bears_out) == (308, True, True, True)
    assert (found.molecular, found.loss) == pytest.approx((20 / 999, 60 / 999), rel=0.05)
    for number in (1, 2, 4):
        assert not evidence(GLYCEROL, peaks, tms=number).bears_out


@pytest.mark.parametrize(
    ("molecular", "loss", "tells", "bears_out"),
    [
        (0, 12, True, True),
        (0, 6, False, True),
        (0, 1.5, False, False),
        (60, 0, True, True),
        (20, 0, False, True),
        (6, 6, True, True),
    ],
)
def test_one_ion_must_be_higher_than_each_of_two(molecular, loss, tells, bears_out):
    peaks = spectrum_of(GLYCEROL, tms=3, molecular=molecular, loss=loss)
    found = evidence(GLYCEROL, peaks, tms=3)
    assert (found.tells, found.bears_out) == (tells, bears_out)


@pytest.mark.parametrize(("height", "tells"), [(3, True), (30, False)])
def test_nothing_may_stand_above(height, tells):
    peaks = spectrum_of(GLYCEROL, tms=3, molecular=20, loss=60) | {380: height}
    assert evidence(GLYCEROL, peaks, tms=3).tells is tells


def test_nothing_but_its_isotopes_stands_beside_an_ion():
    peaks = spectrum_of(GLYCEROL, tms=3, molecular=0, loss=60)
    bare = {mz: height for mz, height in peaks.items() if mz <= 293}
    assert evidence(GLYCEROL, bare, tms=3).loss > 0
    for other in ({294: 60}, {295: 60}, {292: 60}):
        assert evidence(GLYCEROL, peaks | other, tms=3).loss == 0


def test_molecular_ion_may_lose_a_hydrogen():
    peaks = spectrum_of(GLYCEROL, tms=3, molecular=60, loss=0)
    (derivative,) = derivatise(read_molecule(GLYCEROL), tms=3)
    for mz, height in cluster(307, derivative.element_counts, 90).items():
        peaks[mz] = peaks.get(mz, 0) + height
    assert evidence(GLYCEROL, peaks, tms=3).molecular == pytest.approx(60 / 999, rel=0.05)


def test_ion_of_the_column_needs_another_beside_it():
    # 3,4-dihydroxybenzoic acid 3TMS: M - CH3 is m/z 355, an ion of column bleed.
    alone = spectrum_of(CATECHOL_ACID, tms=3, molecular=0, loss=200)
    both = spectrum_of(CATECHOL_ACID, tms=3, molecular=100, loss=200)
    assert evidence(CATECHOL_ACID, alone, tms=3).loss_is_common
    assert not evidence(CATECHOL_ACID, alone, tms=3).bears_out
    assert evidence(CATECHOL_ACID, both, tms=3).tells


def test_halves_of_the_chain_add_up():
    # Xylitol 5TMS, M 512: 103 + 409, seen as 319 + (CH3)3SiOH; 205 + 307.
    halves = {
        103: {"C": 4, "H": 11, "O": 1, "Si": 1},
        205: {"C": 8, "H": 21, "O": 2, "Si": 2},
        307: {"C": 12, "H": 31, "O": 3, "Si": 3},
        319: {"C": 13, "H": 31, "O": 3, "Si": 3},
    }
    peaks = {73: 999}
    for mass, formula in halves.items():
        peaks |= cluster(mass, formula, 100)
    found = evidence(XYLITOL, peaks, tms=5)
    assert (found.breaks, found.molecular, found.loss, found.tells) == (2, 0, 0, True)
    assert evidence(XYLITOL, peaks, tms=6).breaks == 0
    without = {mz: height for mz, height in peaks.items() if not 205 <= mz <= 209}
    assert evidence(XYLITOL, without, tms=5).breaks == 1


def test_labels_count_towards_the_mass():
    labelled = "[13CH2]([13CH](O)[13C](=O)O)[13C](=O)O"
    peaks = spectrum_of(labelled, tms=3, molecular=0, loss=60)
    assert evidence(labelled, peaks, tms=3).mass == 354
    assert evidence(labelled, peaks, tms=3).tells
