"""The match factors against numbers that NIST MS Search printed, a plain loop and by hand."""

import math
import tarfile
from pathlib import Path

import numpy as np
import pytest

from builders import ETHANOL_PEAKS, binned_rows, build_spectrum
from nextims.evaluation.match_factor import nist_identity_match_factor, nist_similarity_match_factor
from nextims.evaluation.metrics import compare

SHARED = Path(__file__).parents[3] / "shared" / "data" / "massbank-ei.tar.gz"
BOTH = [nist_identity_match_factor, nist_similarity_match_factor]
DIMETHYL_ETHER = {13: 5, 14: 21, 15: 240, 28: 17, 29: 392, 30: 17, 31: 31, 45: 999, 46: 609, 47: 15}


def one(function, library, unknown, lowest_mz=1, **arguments):
    values = function(binned_rows(library), binned_rows(unknown), lowest_mz, **arguments)
    assert values.shape == (1,) and values.dtype == np.int64
    return int(values[0])


def cut(match_factor):
    return min(int(1000 * match_factor), 999)


@pytest.fixture
def batch():
    """Spectra of small and large peaks and traces, half of their masses in common."""
    rng = np.random.default_rng(3)
    spectra = np.exp(rng.uniform(np.log(0.4), np.log(999), size=(2, 300, 60)))
    spectra *= rng.random(spectra.shape) < 0.6
    return spectra[0], spectra[1]


# --- the program's own numbers ---------------------------------------------------------------

# Alkanes measured by A. Samokhin (Moscow State University, 2010), from the R package mssearchr.
UNKNOWNS = {
    "undecane": "53 25 55 178 56 190 57 999 58 41 67 8 69 59 70 107 71 375 72 16 82 4 83 18 84 67 "
    "85 204 98 40 99 34 112 22 113 27 114 2 126 10 127 15 156 25 157 2",
    "dodecane": "53 23 54 21 55 191 56 193 57 999 58 43 67 9 68 9 69 68 70 102 71 456 72 24 83 27 "
    "84 61 85 236 86 17 97 12 98 46 99 42 112 29 113 26 126 15 127 23 140 4 141 10 170 21 171 3",
    "tridecane": "53 24 54 20 55 215 56 174 57 999 58 44 67 16 68 9 69 71 70 99 71 483 72 24 82 10 "
    "83 34 84 54 85 273 86 18 97 18 98 34 99 48 111 5 112 31 113 29 114 3 126 15 127 17 128 3 "
    "140 7 141 14 142 2 154 3 155 6 184 14 185 5",
}
# What MS Search (Identity, EI Normal) printed when it searched them in MassBank's alkanes, as the
# tests of mssearchr keep it: match factor and reverse match factor of each hit.
PRINTED = {
    ("undecane", "JP006877"): (951, 960),
    ("undecane", "JP005760"): (928, 928),
    ("undecane", "JP006878"): (906, 929),
    ("undecane", "JP006879"): (892, 907),
    ("undecane", "JP005756"): (886, 900),
    ("dodecane", "JP006878"): (936, 956),
    ("dodecane", "JP005756"): (933, 933),
    ("dodecane", "JP006879"): (925, 939),
    ("dodecane", "JP006877"): (892, 927),
    ("dodecane", "JP005760"): (880, 897),
    ("tridecane", "JP006879"): (927, 946),
    ("tridecane", "JP006878"): (889, 935),
}


def unknown_spectrum(name):
    numbers = [int(number) for number in UNKNOWNS[name].split()]
    return build_spectrum(dict(zip(numbers[::2], numbers[1::2], strict=True)))


def relative_intensities(record):
    """Read the column that was searched: MassBank's ``rel.int.``, not the intensities."""
    lines = record[record.index("PK$PEAK") : record.index("\n//")].splitlines()[1:]
    rows = [line.split() for line in lines]
    return build_spectrum({float(mz): float(relative) for mz, _, relative in rows})


@pytest.mark.skipif(not SHARED.exists(), reason="the shared MassBank records are not here")
def test_identity_search_gives_what_nist_ms_search_printed():
    wanted = {accession for _, accession in PRINTED}
    library = {}
    with tarfile.open(SHARED) as archive:
        for member in archive:
            accession = member.name.removesuffix(".txt")[-8:]
            if accession in wanted:
                record = archive.extractfile(member).read().decode()
                library[accession] = relative_intensities(record)
    assert library.keys() == wanted
    found = {}
    for name, accession in PRINTED:
        scores = compare(unknown_spectrum(name), library[accession])
        found[name, accession] = (
            scores["nist_identity_match_factor"],
            scores["nist_identity_reverse_match_factor"],
        )
    assert found == PRINTED


# --- a plain loop ----------------------------------------------------------------------------


def scanned(library, unknown, *, identity, reverse):
    """Return the match factor, walking up the masses as a person would."""
    spectra = [
        {
            mz: math.floor(999 * height / max(row) + 0.5)
            for mz, height in enumerate(row, start=1)
            if math.floor(999 * height / max(row) + 0.5) > 0
        }
        for row in (library, unknown)
    ]
    first = max(min(spectrum) for spectrum in spectra)
    product = of_library = of_unknown = weighted_ratios = ratio_masses = 0.0
    common = pairs = 0
    before = None
    for mz in range(first, len(library) + 1):
        at_library, at_unknown = (spectrum.get(mz, 0) for spectrum in spectra)
        if max(at_library, at_unknown) <= 1:
            continue
        weight = mz if identity else 1
        of_library += weight * at_library
        of_unknown += 0 if reverse and not at_library else weight * at_unknown
        if not (at_library and at_unknown):
            before = None
            continue
        common += 1
        product += weight * math.sqrt(at_library * at_unknown)
        if before:
            ratio = math.sqrt(at_library / before[0] / (at_unknown / before[1]))
            weighted_ratios += mz * min(ratio, 1 / ratio)
            ratio_masses += mz
            pairs += 1
        before = (at_library, at_unknown)
    if not common:
        return 0
    dot_product = product**2 / (of_library * of_unknown)
    if not identity or not pairs:
        return cut(dot_product)
    return cut((common * dot_product + pairs * weighted_ratios / ratio_masses) / (common + pairs))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("function", BOTH)
def test_a_batch_is_scored_as_by_a_loop_over_the_masses(function, reverse, batch):
    identity = function is nist_identity_match_factor
    pairs = zip(*batch, strict=True)
    expected = [scanned(*pair, identity=identity, reverse=reverse) for pair in pairs]
    values = function(*batch, 1, reverse=reverse)
    # A point apart is a sum that was rounded on the other side of a whole number.
    assert (values == expected).mean() > 0.99 and np.abs(values - expected).max() <= 1
    assert len(set(expected)) > 100


# --- by hand ---------------------------------------------------------------------------------


def test_identity_by_hand():
    library = {40: 400, 41: 999, 50: 100, 60: 300}
    unknown = {40: 100, 41: 999, 50: 225, 55: 64}
    product = 40 * 200 + 41 * 999 + 50 * 150
    of_library = 40 * 400 + 41 * 999 + 50 * 100 + 60 * 300
    of_unknown = 40 * 100 + 41 * 999 + 50 * 225 + 55 * 64
    # Neighbours: 40 and 41, 41 and 50. √(999/400) against √(999/100), √(100/999) against √(225/999)
    ratios = (41 * (1 / 2) + 50 * (2 / 3)) / (41 + 50)
    dot_product = product**2 / (of_library * of_unknown)
    assert one(BOTH[0], library, unknown) == cut((3 * dot_product + 2 * ratios) / 5)
    dot_product = product**2 / (of_library * (of_unknown - 55 * 64))
    reverse = one(BOTH[0], library, unknown, reverse=True)
    assert reverse == cut((3 * dot_product + 2 * ratios) / 5)


def test_similarity_by_hand():
    library, unknown = {40: 400, 41: 999}, {40: 100, 41: 999, 55: 64}
    product = 200 + 999
    assert one(BOTH[1], library, unknown) == cut(product**2 / (1399 * 1163))
    assert one(BOTH[1], library, unknown, reverse=True) == cut(product**2 / (1399 * 1099))


def test_identity_weights_by_mass_and_similarity_does_not():
    light, heavy = {40: 999, 41: 300}, {160: 999, 161: 300}
    base = {100: 999}
    scores = [[one(f, {**base, **x}, base) for x in (light, heavy)] for f in BOTH]
    # The masses below the unknown's first peak are left out.
    assert scores[0][0] == scores[1][0] == 999
    assert scores[0][1] < scores[1][1] == cut(999 / (999 + 1299))


def test_a_pair_of_neighbours_ends_at_a_peak_that_one_spectrum_lacks():
    library, unknown = {40: 100, 42: 999}, {40: 400, 42: 999}
    paired = one(BOTH[0], library, unknown)
    product = (40 * 200 + 42 * 999) ** 2 / ((4000 + 42 * 999) * (16000 + 42 * 999))
    assert paired == cut((2 * product + 1 / 2) / 3)
    between = one(BOTH[0], library, {**unknown, 41: 4}, reverse=True)
    assert between == cut(product)


def test_traces_do_not_count():
    library, unknown = {40: 100, 42: 999}, {40: 400, 42: 999}
    for function in BOTH:
        expected = one(function, library, unknown)
        assert one(function, {**library, 41: 1, 43: 1}, {**unknown, 41: 1}) == expected
        assert one(function, library, {**unknown, 41: 0.4}) == expected
        assert one(function, library, {**unknown, 41: 1.4}) == expected
    assert one(BOTH[0], library, {**unknown, 41: 1.6}) != one(BOTH[0], library, unknown)


def test_comparison_begins_at_the_higher_first_peak():
    unknown = {57: 999, 71: 400}
    for function in BOTH:
        assert one(function, {43: 999, 57: 999, 71: 400}, unknown) == 999
        assert one(function, unknown, {43: 999, 57: 999, 71: 400}) == 999
        assert one(function, {60: 999, **unknown}, {43: 999, **unknown}) < 999


def test_peaks_below_the_lowest_recorded_mz_do_not_count():
    for function in BOTH:
        library, unknown = {**ETHANOL_PEAKS, 20: 500}, {**ETHANOL_PEAKS, 18: 900}
        assert one(function, library, unknown) < 999
        assert one(function, library, unknown, lowest_mz=26) == 999


# --- properties ------------------------------------------------------------------------------


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("function", BOTH)
def test_range_scale_and_edges(function, reverse, batch):
    values = function(*batch, 1, reverse=reverse)
    assert values.min() >= 0 and values.max() <= 999 and len(np.unique(values)) > 100
    scaled = function(7 * batch[0], 0.01 * batch[1], 1, reverse=reverse)
    assert np.abs(scaled - values).max() <= 1 and (scaled == values).mean() > 0.9
    assert one(function, ETHANOL_PEAKS, ETHANOL_PEAKS, reverse=reverse) == 999
    assert one(function, {31: 5}, {31: 0.2}, reverse=reverse) == 999
    assert one(function, {31: 1, 45: 1}, {30: 1, 46: 1}, reverse=reverse) == 0
    for pair in [({}, ETHANOL_PEAKS), (ETHANOL_PEAKS, {}), ({}, {})]:
        assert one(function, *pair, reverse=reverse) == 0
    assert one(function, ETHANOL_PEAKS, ETHANOL_PEAKS, lowest_mz=100, reverse=reverse) == 0
    nothing = np.zeros((0, 50))
    assert function(nothing, nothing, 1, reverse=reverse).shape == (0,)
    assert 100 < one(function, ETHANOL_PEAKS, DIMETHYL_ETHER, reverse=reverse) < 900


@pytest.mark.parametrize("function", BOTH)
def test_forward_is_symmetric_and_reverse_is_not(function, batch):
    forward, reverse = (function(*batch, 1, reverse=r) for r in (False, True))
    np.testing.assert_array_equal(function(*batch[::-1], 1), forward)
    assert (function(*batch[::-1], 1, reverse=True) != reverse).mean() > 0.9
    assert (reverse >= forward).all() and (reverse > forward).mean() > 0.9


@pytest.mark.parametrize("function", BOTH)
def test_reverse_ignores_what_only_the_measured_spectrum_has(function):
    with_another_substance = {**ETHANOL_PEAKS, 60: 800, 77: 400, 105: 600}
    assert one(function, ETHANOL_PEAKS, with_another_substance) < 700
    assert one(function, ETHANOL_PEAKS, with_another_substance, reverse=True) == 999
    assert one(function, with_another_substance, ETHANOL_PEAKS, reverse=True) < 700


@pytest.mark.parametrize("function", BOTH)
def test_rows_of_a_batch_do_not_influence_each_other(function, batch):
    lowest_mz = np.arange(len(batch[0])) % 40
    whole = function(*batch, lowest_mz)
    for i in (0, 17, 299):
        row = slice(i, i + 1)
        assert function(batch[0][row], batch[1][row], lowest_mz[row])[0] == whole[i]


@pytest.mark.parametrize("function", BOTH)
def test_impossible_spectra_are_refused(function):
    spectrum = binned_rows(ETHANOL_PEAKS)
    with pytest.raises(ValueError, match="predicted intensities must be finite"):
        function(np.full_like(spectrum, np.nan), spectrum, 1)
    with pytest.raises(ValueError, match=r"\(1, 200\) and \(1, 199\)"):
        function(spectrum, spectrum[:, 1:], 1)
