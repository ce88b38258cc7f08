"""The metrics against hand-worked numbers, two independent libraries, and their properties."""

import math
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from builders import binned_rows as rows
from builders import build_spectrum
from nextims.data.massbank import read_massbank
from nextims.evaluation import metrics
from nextims.evaluation.metrics import METRICS, SIMILARITIES, compare, score, score_all_pairs
from nextims.spectra.record import Record

MAX_MZ = 200
SHARED = Path(__file__).parents[3] / "shared" / "data" / "massbank-ei.tar.gz"
# Ethanol and dimethyl ether: isomers of one nominal mass, as measured (NIST, rounded).
ETHANOL = {15: 66, 26: 84, 27: 224, 28: 34, 29: 299, 30: 60, 31: 999, 43: 91, 45: 517, 46: 216}
DIMETHYL_ETHER = {13: 5, 14: 21, 15: 240, 28: 17, 29: 392, 30: 17, 31: 31, 45: 999, 46: 609, 47: 15}


def one(name, predicted, true, lowest_mz=1):
    value = score(rows(predicted), rows(true), np.array([lowest_mz]))[name]
    assert value.shape == (1,)
    return float(value[0])


@pytest.fixture
def batch():
    """Sparse spectra with peaks well above and well below the floor of 0.001."""
    rng = np.random.default_rng(3)
    spectra = rng.exponential(size=(2, 40, MAX_MZ)) ** 3
    spectra *= rng.random(spectra.shape) < 0.25
    return spectra[0], spectra[1]


# --- known answers ---------------------------------------------------------------------------


def test_cosine_by_hand():
    # (1·0.5 + 0.5·1) / (1.25)
    assert one("cosine", {31: 1, 45: 0.5}, {31: 0.5, 45: 1}) == pytest.approx(0.8)


def test_weighted_cosine_by_hand():
    # m·√I: (40·1, 100·0.5) and (40·0.5, 100·1)
    expected = (40 * 20 + 50 * 100) / math.sqrt((40**2 + 50**2) * (20**2 + 100**2))
    assert one("weighted_cosine", {40: 1, 100: 0.25}, {40: 0.25, 100: 1}) == pytest.approx(expected)


def test_nist_gc_cosine_by_hand():
    weak = 0.25**0.6
    predicted, true = (1.0, 8 * weak), (weak, 8.0)  # m³ relative to m/z 50
    expected = (predicted[0] * true[0] + predicted[1] * true[1]) / (
        math.hypot(*predicted) * math.hypot(*true)
    )
    assert one("nist_gc_cosine", {50: 1, 100: 0.25}, {50: 0.25, 100: 1}) == pytest.approx(expected)


def test_entropy_similarity_by_hand():
    # p = (1/2, 1/2), t = (1, 0): H(p) = ln 2, H(t) = 0, the mixture is (3/4, 1/4).
    mixture = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    expected = 1 - (2 * mixture - math.log(2)) / math.log(4)
    assert one("entropy_similarity", {31: 7, 45: 7}, {31: 2}) == pytest.approx(expected)


def test_top10_recall_by_hand():
    true = {mz: 100 - mz for mz in range(20, 35)}  # the 10 highest are 20…29
    predicted = {mz: 1.0 for mz in range(25, 35)}  # five of them
    assert one("top10_recall", predicted, true) == pytest.approx(0.5)


def test_top10_recall_with_fewer_than_ten_true_peaks():
    methane = {12: 4, 13: 11, 14: 20, 15: 89, 16: 100}
    assert one("top10_recall", methane, methane) == 1.0
    assert one("top10_recall", {16: 100, 15: 80, 1: 3}, methane) == pytest.approx(2 / 5)


def test_top10_recall_counts_the_lower_mz_first_among_equal_peaks():
    true = {mz: 1.0 for mz in range(40, 52)}  # 12 equal peaks: 40…49 are taken
    assert one("top10_recall", {mz: 1.0 for mz in range(40, 50)}, true) == 1.0
    assert one("top10_recall", {50: 1.0, 51: 1.0}, true) == 0.0
    assert one("top10_recall", true, true) == 1.0


# --- independent libraries -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mz_power", "intensity_power"),
    [("cosine", 0.0, 1.0), ("weighted_cosine", 1.0, 0.5), ("nist_gc_cosine", 3.0, 0.6)],
)
def test_cosines_agree_with_matchms(name, mz_power, intensity_power, batch):
    matchms = pytest.importorskip("matchms")
    from matchms.similarity import CosineGreedy

    def spectrum(row, floor):
        row = np.where(row >= floor * row.max(), row, 0)
        mz = np.flatnonzero(row)
        return matchms.Spectrum(mz=(mz + 1).astype(float), intensities=row[mz] / row.max())

    reference = CosineGreedy(tolerance=0.1, mz_power=mz_power, intensity_power=intensity_power)
    predicted, true = batch
    ours = score(predicted, true, 1)[name]
    for i in range(len(true)):
        theirs = reference.pair(spectrum(predicted[i], 0.001), spectrum(true[i], 0.0))
        assert ours[i] == pytest.approx(float(theirs["score"]), abs=1e-6)
    assert 0.01 < ours.mean() < 0.9  # the comparison was not one of trivial values


def test_entropy_similarity_agrees_with_ms_entropy(batch):
    ms_entropy = pytest.importorskip("ms_entropy")

    def peaks(row, floor):
        mz = np.flatnonzero((row >= floor * row.max()) & (row > 0))
        return np.column_stack([mz + 1, row[mz]]).astype(np.float32)

    predicted, true = batch
    ours = score(predicted, true, 1)["entropy_similarity"]
    for i in range(len(true)):
        theirs = ms_entropy.calculate_unweighted_entropy_similarity(
            peaks(predicted[i], 0.001),
            peaks(true[i], 0.0),
            ms2_tolerance_in_da=0.1,
            noise_threshold=0.0,
        )
        assert ours[i] == pytest.approx(theirs, abs=1e-5)
    assert 0.01 < ours.mean() < 0.9


# --- properties ------------------------------------------------------------------------------


def test_a_spectrum_is_most_similar_to_itself():
    values = score(rows(ETHANOL, DIMETHYL_ETHER), rows(ETHANOL, DIMETHYL_ETHER), 1)
    for name in METRICS:
        np.testing.assert_allclose(values[name], 1.0, atol=1e-12, err_msg=name)


def test_isomers_are_told_apart():
    values = score(rows(ETHANOL), rows(DIMETHYL_ETHER), 1)
    for name in METRICS:
        assert 0.2 < values[name][0] < 0.95, name


def test_spectra_without_a_common_peak_score_zero():
    values = score(rows({31: 1.0, 45: 0.3}), rows({30: 1.0, 46: 0.3}), 1)
    assert {name: float(values[name][0]) for name in METRICS} == dict.fromkeys(METRICS, 0.0)


@pytest.mark.parametrize("name", METRICS)
def test_scores_lie_between_zero_and_one_and_do_not_depend_on_scale(name, batch):
    predicted, true = batch
    values = score(predicted, true, 1)[name]
    assert ((values >= 0) & (values <= 1)).all()
    np.testing.assert_allclose(score(999 * predicted, 0.01 * true, 1)[name], values, rtol=1e-9)


@pytest.mark.parametrize("name", [name for name in METRICS if name != "top10_recall"])
def test_similarity_is_symmetric_where_no_peak_is_under_the_floor(name, batch):
    first, second = (np.where(x >= 0.001 * x.max(axis=1, keepdims=True), x, 0) for x in batch)
    np.testing.assert_allclose(score(first, second, 1)[name], score(second, first, 1)[name])


@pytest.mark.parametrize("name", METRICS)
def test_bins_below_the_lowest_recorded_mz_do_not_matter(name, batch):
    predicted, true = batch
    lowest_mz = np.arange(30, 30 + len(true))
    clean = [x * (np.arange(1, MAX_MZ + 1) >= lowest_mz[:, None]) for x in batch]
    noisy = [np.where(c == x, c, 50 * x.max()) for c, x in zip(clean, batch, strict=True)]
    assert (noisy[0] > predicted).any()
    expected = score(*clean, 1)[name]
    np.testing.assert_allclose(score(*noisy, lowest_mz)[name], expected)
    assert not np.allclose(score(*noisy, 1)[name], expected)


def test_the_lowest_recorded_mz_itself_counts():
    assert one("cosine", {29: 1.0, 31: 1.0}, {29: 1.0}, lowest_mz=29) == pytest.approx(0.5**0.5)
    assert one("cosine", {29: 1.0, 31: 1.0}, {31: 1.0}, lowest_mz=30) == 1.0


def test_the_base_peak_is_that_of_the_recorded_range():
    # Below m/z 30 lies a peak against which 45 would be under the floor.
    assert one("top10_recall", {18: 1e6, 31: 1, 45: 0.5}, {31: 1, 45: 0.5}, lowest_mz=30) == 1.0


def test_predictions_under_a_thousandth_are_left_out_and_true_peaks_are_not():
    true = {31: 1.0, 45: 0.0009}
    assert one("top10_recall", {31: 1.0, 45: 0.0009}, true) == 0.5
    assert one("top10_recall", {31: 1.0, 45: 0.0011}, true) == 1.0
    assert one("top10_recall", {31: 1.0, 45: 0.001}, true) == 1.0


@pytest.mark.parametrize("empty", ["predicted", "true", "both", "masked"])
def test_an_empty_spectrum_scores_zero(empty):
    predicted = {} if empty in ("predicted", "both") else ETHANOL
    true = {} if empty in ("true", "both") else ETHANOL
    lowest_mz = 100 if empty == "masked" else 1
    values = score(rows(predicted), rows(true), lowest_mz)
    assert {name: float(values[name][0]) for name in METRICS} == dict.fromkeys(METRICS, 0.0)


def test_rows_of_a_batch_do_not_influence_each_other(batch):
    predicted, true = batch
    lowest_mz = np.arange(1, len(true) + 1)
    whole = score(predicted, true, lowest_mz)
    for i in (0, 17, len(true) - 1):
        single = score(predicted[i : i + 1], true[i : i + 1], lowest_mz[i : i + 1])
        for name in METRICS:
            assert whole[name][i] == pytest.approx(single[name][0], abs=1e-12)


def test_an_empty_batch_gives_no_values():
    values = score(np.zeros((0, MAX_MZ)), np.zeros((0, MAX_MZ)), np.zeros(0, dtype=int))
    assert {name: values[name].shape for name in METRICS} == dict.fromkeys(METRICS, (0,))


@pytest.mark.parametrize("name", METRICS)
def test_each_metric_is_a_function_of_its_own(name, batch):
    np.testing.assert_array_equal(getattr(metrics, name)(*batch, 20), score(*batch, 20)[name])


def test_the_inputs_are_left_unchanged(batch):
    copies = [x.copy() for x in batch]
    score(*batch, 50)
    for x, copy in zip(batch, copies, strict=True):
        np.testing.assert_array_equal(x, copy)


# --- all pairs -------------------------------------------------------------------------------


def check_all_pairs(library, queries, lowest_mz):
    """Compare with ``score``, pair by pair; return the values."""
    values = score_all_pairs(library, queries, lowest_mz)
    assert list(values) == list(SIMILARITIES)
    for q, (query, lowest) in enumerate(zip(queries, lowest_mz, strict=True)):
        expected = score(library, np.broadcast_to(query, library.shape), int(lowest))
        for name in SIMILARITIES:
            np.testing.assert_allclose(values[name][q], expected[name], atol=1e-12, err_msg=name)
    return values


def test_all_pairs_are_scored_as_one_by_one(batch):
    library, queries = batch
    # Lowest m/z shared by several queries, in no order, some above the base peaks.
    lowest_mz = np.random.default_rng(5).choice([1, 30, 31, 60, 150], len(queries))
    queries[3] = library[7] = 0
    library[:, 120:] = 0  # lighter than the queries
    values = check_all_pairs(library[:11], queries, lowest_mz)
    assert (values["cosine"][3] == 0).all() and (values["cosine"][:, 7] == 0).all()


@pytest.mark.skipif(not SHARED.exists(), reason="the shared MassBank records are not here")
def test_all_pairs_of_measured_spectra():
    records = [r for r in islice(read_massbank(SHARED), 400) if isinstance(r, Record)][::4]
    spectra = np.stack([record.spectrum.binned(1000) for record in records])
    lowest_mz = np.array([record.lowest_mz for record in records])
    values = check_all_pairs(spectra[::2], spectra[1::2], lowest_mz[1::2])
    assert len(np.unique(lowest_mz)) > 5
    assert all(0.01 < values[name].mean() < 0.5 for name in SIMILARITIES)


def test_all_pairs_with_nothing_on_one_side():
    nothing, one_spectrum = np.zeros((0, MAX_MZ)), rows(ETHANOL)
    assert score_all_pairs(nothing, one_spectrum, 1)["cosine"].shape == (1, 0)
    assert score_all_pairs(one_spectrum, nothing, 1)["entropy_similarity"].shape == (0, 1)


# --- two spectra -----------------------------------------------------------------------------

OTHER_SCORES = ("weighted_entropy_similarity", "stein_scott_dot_product", "stein_scott_composite")
MATCH_FACTORS = ("nist_identity_match_factor", "nist_similarity_match_factor")


def test_compare_gives_what_the_functions_give():
    scores = compare(build_spectrum(ETHANOL), build_spectrum(DIMETHYL_ETHER))
    pair = rows(DIMETHYL_ETHER), rows(ETHANOL), 15
    for name in (*METRICS, *OTHER_SCORES):
        expected = getattr(metrics, name)(*pair).item()
        # A Spectrum holds its intensities in single precision.
        assert scores.pop(name) == pytest.approx(expected, abs=1e-6), name
    for name in MATCH_FACTORS:
        function = getattr(metrics, name)
        reverse = scores.pop(name.replace("match", "reverse_match"))
        assert (scores.pop(name), reverse) == (function(*pair)[0], function(*pair, reverse=True)[0])
    assert scores == {}


def test_compare_begins_with_the_metrics_of_score_in_their_order():
    scores = compare(build_spectrum(ETHANOL), build_spectrum(ETHANOL))
    assert tuple(scores)[: len(METRICS)] == METRICS
    for name, value in scores.items():
        assert type(value) is (int if "match_factor" in name else float), name
        perfect = 999 if "match_factor" in name else 0.95 if "composite" in name else 1
        assert value == pytest.approx(perfect), name


def test_compare_knows_which_spectrum_was_measured():
    pure, mixture = build_spectrum(ETHANOL), build_spectrum({**ETHANOL, 60: 900, 77: 400})
    assert compare(mixture, pure)["nist_similarity_reverse_match_factor"] == 999
    assert compare(pure, mixture)["nist_similarity_reverse_match_factor"] < 800


def test_compare_begins_at_the_first_measured_peak_unless_told():
    measured, predicted = build_spectrum({31: 999, 45: 500}), build_spectrum({18: 999, 31: 999})
    assert compare(measured, predicted)["cosine"] == pytest.approx(999 / math.hypot(999, 500))
    told = compare(measured, predicted, lowest_mz=10)["cosine"]
    assert told == pytest.approx(999**2 / (math.hypot(999, 500) * math.hypot(999, 999)))
    assert compare(measured, predicted, lowest_mz=45)["cosine"] == 0


def test_compare_takes_accurate_masses():
    accurate = build_spectrum({31.0184: 999, 45.0335: 517, 46.0413: 216, 281.0517: 80})
    nominal = build_spectrum({31: 999, 45: 517, 46: 216, 281: 80})
    assert compare(accurate, nominal)["cosine"] == pytest.approx(1)


@pytest.mark.parametrize("peaks", [{}, {31: 0.0}])
def test_compare_of_a_spectrum_without_peaks_gives_zeros(peaks):
    nothing, ethanol = build_spectrum(peaks), build_spectrum(ETHANOL)
    for pair in [(nothing, ethanol), (ethanol, nothing), (nothing, nothing)]:
        assert set(compare(*pair).values()) == {0}


# --- errors: a failure is never turned into a score ------------------------------------------


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.1])
@pytest.mark.parametrize("which", ["predicted", "true"])
def test_impossible_intensities_are_refused(wrong, which):
    spectra = {"predicted": rows(ETHANOL), "true": rows(ETHANOL)}
    spectra[which][0, 3] = wrong
    with pytest.raises(ValueError, match=f"{which} intensities must be finite"):
        score(**spectra, lowest_mz=1)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"\(1, 200\) and \(1, 199\)"):
        score(rows(ETHANOL), rows(ETHANOL)[:, 1:], 1)
    with pytest.raises(ValueError, match=r"lowest_mz must be \(1,\), found \(2,\)"):
        score(rows(ETHANOL), rows(ETHANOL), np.array([1, 2]))
    with pytest.raises(ValueError, match="the same max_mz, found 200 and 199"):
        score_all_pairs(rows(ETHANOL), rows(ETHANOL)[:, 1:], 1)
    with pytest.raises(ValueError, match=r"true must be \(spectra, max_mz\), found \(200,\)"):
        score_all_pairs(rows(ETHANOL), rows(ETHANOL)[0], 1)
