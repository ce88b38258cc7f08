"""The spectrum in the terminal."""

import io
from dataclasses import replace

import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.inference import PredictedSpectrum
from nextims.pictures.terminal import bar_spectrum, can_show_blocks, describe
from nextims.spectra.ions import AnnotatedPeak, Ion
from nextims.spectra.spectrum import Spectrum


def predicted(smiles, peaks):
    return PredictedSpectrum(
        1, "", read_molecule(smiles), Spectrum(list(peaks), list(peaks.values()))
    )


ETHANOL = predicted("OCC", {27: 0.22, 29: 0.3, 31: 1.0, 45: 0.52, 46: 0.22, 47: 0.006})


def test_facts_and_table():
    text = describe(ETHANOL)
    facts, _, table = text.split("\n\n")
    assert [line.split(maxsplit=1) for line in facts.splitlines()[:2]] == [
        ["SMILES", "CCO"],
        ["Formula", "C2H6O"],
    ]
    assert facts.splitlines()[2:] == ["Nominal mass   46 Da", "Exact mass     46.04186 Da"]
    assert [line.split() for line in table.splitlines()[1:]] == [
        ["31", "100.0", "%", "15", "Da"],
        ["45", "52.0", "%", "1", "Da"],
        ["29", "30.0", "%", "17", "Da"],
        ["27", "22.0", "%", "19", "Da"],
        ["46", "22.0", "%", "M"],
        ["47", "0.6", "%", "M+1"],
    ]


def test_deuterium_is_told_in_formula_and_mass():
    text = describe(predicted("[2H]C([2H])([2H])c1ccccc1", {94: 1.0, 95: 0.8}))
    assert "Formula        C7H5D3\nNominal mass   95 Da" in text


def test_the_table_holds_the_ten_highest():
    many = predicted("CCCCCCCCCC", {mz: mz / 142 for mz in range(100, 143)})
    table = describe(many).split("\n\n")[2].splitlines()
    assert [int(line.split()[0]) for line in table[1:]] == list(range(142, 132, -1))


@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("span", [(16, 16), (12, 44), (1, 74), (20, 95), (30, 420), (1, 1000)])
def test_bars_fit_the_terminal(span, unicode):
    low, high = span
    text = bar_spectrum(predicted("C", {low: 0.4, high: 1.0}), unicode=unicode)
    assert max(map(len, text.splitlines())) <= 80
    assert text.isascii() is not unicode
    assert "100%" in text.splitlines()[0]


def columns(text, symbols):
    """Height of each column in rows, counted from the drawing."""
    rows = [line[6:] for line in text.splitlines()[:-2]]
    width = max(map(len, rows))
    return [sum(row.ljust(width)[i] in symbols for row in rows) for i in range(width)]


def test_bars_stand_at_their_mz_and_have_their_height():
    heights = columns(bar_spectrum(ETHANOL, height=8), "▁▂▃▄▅▆▇█")
    standing = {position: rows for position, rows in enumerate(heights) if rows}
    # The axis begins at m/z 26 and an m/z takes three columns.
    assert standing == {3: 2, 9: 3, 15: 8, 57: 5, 60: 2, 63: 1}


def test_a_column_shows_the_highest_of_its_masses_and_small_peaks_are_seen():
    spectrum = predicted("C" * 40, {50: 1.0, 301: 1.0, 302: 0.001, 310: 0.25, 500: 0.001})
    heights = columns(bar_spectrum(spectrum, unicode=False), ".:|")
    assert [rows for rows in heights if rows] == [8, 8, 2, 1]


def test_axis_labels_stand_under_their_ticks():
    *_, axis, labels = bar_spectrum(predicted("CCCCCC", {15: 0.1, 57: 1.0, 86: 0.2})).splitlines()
    first = axis.index("┴")
    assert labels[first : first + 2].strip() or labels[first - 1 : first + 1].strip()
    assert [int(label) for label in labels.split()[1:]] == list(
        range(int(labels.split()[1]), 88, int(labels.split()[2]) - int(labels.split()[1]))
    )
    assert axis.count("┴") == len(labels.split()) - 1


@pytest.mark.parametrize(
    ("encoding", "able"), [("utf-8", True), ("cp932", False), ("ascii", False)]
)
def test_encodings(encoding, able):
    assert can_show_blocks(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is able


def test_a_stream_without_an_encoding_gets_ascii():
    class Nameless:
        encoding = None

    assert can_show_blocks(Nameless()) is False


def ion(formula, mz, share, loss, piece, isotope_shift=0):
    return Ion(formula, mz, share, loss, 0, isotope_shift, (0,), piece)


def test_the_table_of_ions():
    peaks = (
        AnnotatedPeak(29, 0.3, (), 0.0, 1.0),
        AnnotatedPeak(31, 1.0, (ion("CH3O+", 31.0178, 0.9, "CH3", "CO"),), 0.0, 0.1),
        AnnotatedPeak(46, 0.2, (ion("C2H6O+", 46.0413, 1.0, "", "CCO"),), 0.0, 0.0),
        AnnotatedPeak(47, 0.005, (ion("C[13C]H6O+", 47.0447, 0.999, "", "CCO", 1),), 0.0, 0.001),
    )
    result = replace(predicted("OCC", {p.mz: p.intensity for p in peaks}), annotations=peaks)
    table = describe(result).split("\n\n")[2].splitlines()
    assert [line.split() for line in table[1:]] == [
        ["31", "100.0", "%", "CH3O+", "31.0178", "CH3", "90%", "CO"],
        ["no", "ion", "10%"],
        ["29", "30.0", "%", "no", "ion", "100%"],
        ["46", "20.0", "%", "C2H6O+", "46.0413", "M", "100%", "CCO"],
        ["47", "0.5", "%", "C[13C]H6O+", "47.0447", "M+1", "100%", "CCO"],
    ]
    assert [line.index("no ion") for line in (table[2], table[3])] == [table[0].index("ion  ")] * 2


def test_accurate_masses_have_four_decimals():
    peaks = {29.03858: 0.3, 31.01784: 1.0, 46.04132: 0.2, 47.04468: 0.006}
    facts, _, table, left_out = describe(replace(predicted("OCC", peaks), left_out=0.123)).split(
        "\n\n"
    )
    assert "46.04186" in facts
    assert [line.split() for line in table.splitlines()[1:]] == [
        ["31.0178", "100.0", "%", "15.0235", "Da"],
        ["29.0386", "30.0", "%", "17.0027", "Da"],
        ["46.0413", "20.0", "%", "M"],
        ["47.0447", "0.6", "%", "M+1"],
    ]
    assert "12.3 % of the intensity" in left_out


def test_bars_of_accurate_masses_stand_at_their_nominal_mass():
    accurate, nominal = {81.9372: 0.2, 116.906: 1.0}, {82: 0.2, 117: 1.0}
    smiles = "ClC(Cl)(Cl)Cl"
    assert bar_spectrum(predicted(smiles, accurate)) == bar_spectrum(predicted(smiles, nominal))
