"""Spectra as pictures: what is drawn, and that nothing covers anything."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from builders import build_record
from nextims.chemistry.molecule import load_canonical
from nextims.pictures import field
from nextims.pictures.drawing import draw_spectrum, page, picture
from nextims.spectra.ions import AnnotatedPeak, Ion
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.spectrum import Spectrum
from nextims.spectra.uncertainty import Expectation, Uncertainty

pytest.importorskip("matplotlib", reason='needs pip install -e ".[plot]"')

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

ETHANOL = {15: 0.06, 27: 0.22, 29: 0.3, 31: 1.0, 43: 0.08, 45: 0.51, 46: 0.22, 47: 0.004}
CASES = {
    "ethanol": ("CCO", ETHANOL),
    "alkane": (
        "C" * 30,
        {14 * n + 1 + d: h / n for n in range(2, 28) for d, h in ((-2, 0.6), (-1, 0.3), (0, 1.9))},
    ),
    "bromide": (
        "Brc1c(Br)c(Br)c(Oc2c(Br)c(Br)c(Br)c(Br)c2Br)c(Br)c1Br",
        {m + 2 * i: h * s for m, s in ((950, 1), (790, 0.8), (395, 0.3)) for i, h in enumerate(
            (0.01, 0.03, 0.1, 0.4, 0.8, 1.0, 0.8, 0.4, 0.1, 0.03, 0.01))},
    ),
    "sugar": (
        "C[Si](C)(C)OC[C@@H](O[Si](C)(C)C)[C@@H](O[Si](C)(C)C)C=NOC",
        {73: 1.0, 89: 0.1, 103: 0.3, 117: 0.1, 129: 0.1, 147: 0.3, 160: 0.2, 205: 0.4, 217: 0.35},
    ),
    "crowd": ("CCCCCCCC", {m: 0.4 + 0.6 * ((m * 37) % 100) / 100 for m in range(12, 116)}),
}  # fmt: skip


def predicted(smiles="CCO", peaks=ETHANOL, name="a compound", **fields):
    spectrum = Spectrum(list(peaks), list(peaks.values()))
    return PredictedSpectrum(1, name, load_canonical(smiles), spectrum, **fields)


def annotated(result, share=0.9):
    """Give each peak an ion of a long formula."""

    def peak(mz, intensity):
        ion = Ion(f"C{int(mz) // 12}H5O+", mz, share, "H", 0, 0, (0,), "C")
        return AnnotatedPeak(mz, intensity, (ion,), 0.0, 1 - share)

    pairs = zip(result.spectrum.mz, result.spectrum.intensity, strict=True)
    return replace(result, annotations=tuple(peak(*pair) for pair in pairs))


def uncertain(result):
    deviations = 0.3 * result.spectrum.intensity + 0.01
    expected = {"cosine": Expectation(0.87, 0.78, 0.93)}
    return replace(result, uncertainty=Uncertainty(expected, deviations))


def by_name(axes, name):
    return [artist for artist in axes.get_children() if artist.get_gid() == name]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def stick_ends(axes, name="predicted"):
    [sticks] = by_name(axes, name)
    return {float(s[0, 0]): float(s[1, 1]) for s in sticks.get_segments()}


VARIANTS = {
    "plain": lambda result: result,
    "annotated": annotated,
    "uncertain": lambda result: annotated(uncertain(result)),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", ["alone", "mirror"])
@pytest.mark.parametrize("case", CASES)
def test_no_text_covers_anything(case, kind, variant):
    smiles, peaks = CASES[case]
    result = VARIANTS[variant](predicted(smiles, peaks))
    measured = build_record(smiles, peaks={m: round(999 * h) + 1 for m, h in peaks.items()})
    figure = picture(result, measured if kind == "mirror" else None)
    axes = figure.axes[0]
    renderer = RendererAgg(1, 1, figure.dpi)
    labels = [text.get_window_extent(renderer) for text in axes.texts]
    assert len(by_name(axes, "label")) >= (3 if variant == "plain" or case != "crowd" else 1)
    [triangle] = [a for a in by_name(axes, "molecular ion") if not hasattr(a, "get_text")]
    structure = Bbox.union([part.get_window_extent() for part in by_name(axes, "structure")])
    boxes = [*labels, triangle.get_window_extent(renderer), structure]
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    for one in labels:
        assert one.x0 >= 0 and one.x1 <= figure.bbox.x1 and one.y1 <= figure.bbox.y1
    to_pixels = axes.transData.transform
    for name in ("predicted", "measured", "whiskers"):
        for sticks in by_name(axes, name):
            for segment in sticks.get_segments():
                stick = Bbox(np.sort(to_pixels(segment), axis=0))
                assert not any(stick.overlaps(box) for box in boxes)


def test_the_peaks_drawn_are_the_peaks():
    result = predicted(peaks={mz: 0.5 * height for mz, height in ETHANOL.items()})
    ends = stick_ends(picture(result).axes[0])
    assert ends == pytest.approx({mz: 100 * height for mz, height in ETHANOL.items()})


def test_title_labels_and_axes():
    axes = picture(predicted(name="ethanol")).axes[0]
    assert axes.get_title(loc="left") == "ethanol"
    lines = [text.get_text() for text in by_name(axes, "detail")]
    assert "C₂H₆O · nominal mass 46 Da · exact mass 46.0419 Da" in lines
    assert any(line.startswith("predicted by NExtIMS") for line in lines)
    shown = {text.get_text() for text in by_name(axes, "label")}
    assert {"31", "45", "29"} <= shown
    assert axes.get_xlabel() == "m/z"


def test_a_structure_without_a_name_goes_by_its_smiles_and_long_names_are_cut():
    assert picture(predicted(name="")).axes[0].get_title(loc="left") == "CCO"
    figure = picture(predicted(name="very long $name$ " * 30))
    axes = figure.axes[0]
    title = axes.get_title(loc="left")
    assert title.startswith("very long $name$ very") and title.endswith("…")
    extent = axes._left_title.get_window_extent(RendererAgg(1, 1, figure.dpi))
    assert extent.x1 <= figure.bbox.x1


@pytest.mark.parametrize(
    ("smiles", "peaks", "text", "height"),
    [
        ("CCO", ETHANOL, "M⁺• 46", 22),
        ("CCO", {31: 1.0}, "M⁺• 46", 0),
        ("C[N+](C)(C)C", {58: 1.0, 74: 0.5}, "M⁺ 74", 50),
    ],
)
def test_the_molecular_ion_is_marked_with_and_without_a_peak(smiles, peaks, text, height):
    axes = picture(predicted(smiles, peaks)).axes[0]
    marks = by_name(axes, "molecular ion")
    [triangle] = [mark for mark in marks if not hasattr(mark, "get_text")]
    [label] = [mark for mark in marks if hasattr(mark, "get_text")]
    assert label.get_text() == text
    mass = float(text.split()[1])
    corners = (triangle.get_data_transform() - axes.transData).transform(triangle.get_xy())
    tip = min(corners, key=lambda corner: corner[1])
    assert tip[0] == pytest.approx(mass)
    assert height < tip[1] < height + 5
    [sticks] = by_name(axes, "predicted")
    colours = {tuple(colour) for colour in sticks.get_colors()}
    assert len(colours) == (2 if mass in peaks and len(peaks) > 1 else 1)


def test_formulas_stand_for_peaks_of_one_ion():
    result = predicted()
    assert "C₂H₅O⁺\n31" in texts(picture(annotated(result)).axes[0])
    mixed = texts(picture(annotated(result, share=0.4)).axes[0])
    assert "31" in mixed
    assert not any("\n" in text for text in mixed)


def test_whiskers_are_one_deviation_long_and_end_at_zero():
    result = uncertain(predicted())
    axes = picture(result).axes[0]
    [whiskers] = by_name(axes, "whiskers")
    found = {float(s[0, 0]): (float(s[0, 1]), float(s[1, 1])) for s in whiskers.get_segments()}
    assert found[31] == pytest.approx((69, 131))
    assert found[47] == pytest.approx((0, 0.4 + 1.12), abs=1e-4)
    assert len(found) == len(ETHANOL)
    assert axes.get_ylim()[1] > 131
    lines = texts(axes)
    assert "expected cosine 0.87 (0.78–0.93) · whiskers: ±1 standard deviation" in lines
    assert by_name(picture(predicted()).axes[0], "whiskers") == []


def test_a_mirror_plot_has_the_measured_spectrum_below():
    measured = build_record("CCO", peaks={27: 200, 31: 999, 45: 300}, name="EtOH")
    axes = picture(predicted(), measured).axes[0]
    assert stick_ends(axes) == pytest.approx({mz: 100 * h for mz, h in ETHANOL.items()})
    expected = {27: -100 * 200 / 999, 31: -100, 45: -100 * 300 / 999}
    assert stick_ends(axes, "measured") == pytest.approx(expected)
    assert axes.get_ylim()[0] == -axes.get_ylim()[1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["100", "50", "0", "50", "100"]
    lines = texts(axes)
    assert "measured: EtOH" in lines
    [scores] = [line for line in lines if line.startswith("cosine 0.9")]
    for part in ("m·√I cosine 0.", "entropy similarity 0.", "from m/z 27"):
        assert part in scores


def test_accurate_masses_are_shown_as_such():
    result = predicted(peaks={31.0178: 1.0, 46.0413: 0.3}, left_out=0.021)
    measured = build_record("CCO", peaks={31: 999, 46: 300})
    axes = picture(result, measured).axes[0]
    assert set(stick_ends(axes)) == {31.0178, 46.0413}
    shown = texts(axes)
    assert {"31.0178", "31", "M⁺• 46.0413"} <= set(shown)
    assert any("without 2.1 % of the intensity" in text for text in shown)
    assert len({tuple(c) for c in by_name(axes, "predicted")[0].get_colors()}) == 2


def test_a_page_holds_many():
    ethanol, measured = predicted(), build_record("CCO")
    figure = page([(ethanol, None)] * 10)
    panels = [axes for axes in figure.axes if axes.get_xlabel()]
    assert len(panels) == 10
    boxes = [axes.get_tightbbox(RendererAgg(1, 1, figure.dpi)) for axes in panels]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert 2.54 * figure.get_figheight() <= 29.7
    mirrors = page([(ethanol, measured), (ethanol, None)])
    assert [a.get_ylim()[0] < 0 for a in mirrors.axes if a.get_xlabel()] == [True, False]
    with pytest.raises(ValueError, match="a page holds 1 to 6 spectra, not 7"):
        page([(ethanol, measured)] * 7)
    with pytest.raises(ValueError, match="1 to 10 spectra, not 0"):
        page([])


def test_text_is_large_enough_in_print():
    for figure in (picture(annotated(predicted())), page([(predicted(), None)])):
        sizes = [text.get_fontsize() for axes in figure.axes[:1] for text in axes.texts]
        assert min(sizes) >= 6.5


def test_own_axes_can_be_drawn_into():
    figure = Figure(figsize=(5, 4))
    own = figure.add_axes((0.2, 0.2, 0.5, 0.5))
    draw_spectrum(own, predicted())
    assert own.get_position().bounds == pytest.approx((0.2, 0.2, 0.5, 0.5))
    assert len(stick_ends(own)) == len(ETHANOL)


def test_colours_differ_in_grey():
    from matplotlib.colors import to_rgb

    def grey(colour):
        return np.dot(to_rgb(colour), (0.2126, 0.7152, 0.0722))

    assert grey(field.PREDICTED) - grey(field.MEASURED) > 0.3
