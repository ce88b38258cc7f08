"""A predicted spectrum as text for the terminal.

The bars and tables are ours. rich prints the table of ions alike, but takes 55 ms to import, of the
600 that ``predict.py`` takes in all, to save eight lines. plotext takes 30 to 50 ms, and its bars
have whole or half characters for steps, where these have eighths.
"""

from __future__ import annotations

import math
from typing import TextIO

import numpy as np

from ..formats.exported import expectation_text, percent
from ..spectra.ions import MZ_DECIMALS
from ..spectra.prediction import PredictedSpectrum
from ..spectra.spectrum import STANDARD_ENERGY, nominal_mz

WIDTH = 80
HEIGHT = 8
_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII_BARS = " .:|"
_AXIS = {True: ("┤", "│", "└", "─", "┴"), False: ("+", "|", "+", "-", "+")}
_TEXT_COLUMNS = (2, 4, 6)  # of the table of ions, flush left
_LABEL = 4  # width of the intensity axis' labels


def describe(result: PredictedSpectrum, *, unicode: bool = True, peaks: int = 10) -> str:
    """Return facts, bar spectrum and the highest peaks of a prediction.

    Args:
        result: the prediction.
        unicode: whether block characters may be used.
        peaks: number of peaks in the table.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.spectra.prediction import PredictedSpectrum
        >>> from nextims.pictures.terminal import describe
        >>> spectrum = Spectrum([31, 45, 46], [1.0, 0.5, 0.2])
        >>> ethanol = PredictedSpectrum(1, "", read_molecule("CCO"), spectrum)
        >>> describe(ethanol, unicode=False).splitlines()[1]
        'Formula        C2H6O'
    """
    molecule = result.molecule
    facts = [("Name", result.name)] if result.name else []
    facts += [
        ("SMILES", molecule.smiles),
        ("Formula", molecule.formula),
        ("Nominal mass", f"{molecule.nominal_mass} Da"),
        ("Exact mass", f"{molecule.exact_mass:.5f} Da"),
    ]
    if result.energy != STANDARD_ENERGY:
        facts.append(("Energy", f"{result.energy:g} eV"))
    if result.retention_index is not None:
        facts.append(("Retention", str(result.retention_index)))
    facts += [("Note", note) for note in (*molecule.notes, *result.notes)]
    if result.uncertainty is not None:
        facts += [
            ("Expected", expectation_text(*item)) for item in result.uncertainty.expected.items()
        ]
        facts += [
            ("Trained on", f"{neighbour.name} (similarity {neighbour.similarity:.2f})")
            for neighbour in result.uncertainty.neighbours
        ]
    blocks = [
        "\n".join(f"{label:<15}{value}" for label, value in facts),
        bar_spectrum(result, unicode=unicode),
        _peak_table(result, peaks) if result.annotations is None else _ion_table(result, peaks),
    ]
    if result.left_out is not None:
        blocks.append(
            f"Left out, for want of an ion that explains it: {100 * result.left_out:.1f} % of the "
            "intensity"
        )
    return "\n\n".join(blocks)


def bar_spectrum(
    result: PredictedSpectrum, *, width: int = WIDTH, height: int = HEIGHT, unicode: bool = True
) -> str:
    """Return a bar spectrum, relative intensity in per cent over m/z.

    Where the spectrum is wider than the terminal, a column shows the highest of a few m/z.

    Args:
        result: the prediction.
        width: characters of a line, at least 40.
        height: lines of the highest bar.
        unicode: whether block characters may be used.
    """
    mz = result.spectrum.nominal
    low, high = max(int(mz.min()) - 1, 0), int(mz.max()) + 1
    space = width - _LABEL - 3
    columns_per_mz, mz_per_column = _scale(high - low + 1, space)
    column = (mz - low) * columns_per_mz // mz_per_column
    columns = (high - low) * columns_per_mz // mz_per_column + 1
    bars = np.zeros(columns)
    np.maximum.at(bars, column, result.spectrum.intensity)
    ticks = _ticks(low, high, columns_per_mz, mz_per_column)
    tick, line, corner, horizontal, mark = _AXIS[unicode]
    labels = {0: "100%", height // 2: "50%"}
    rows = [
        f"{labels.get(row, ''):>{_LABEL}} {tick if row in labels else line}{cells}"
        for row, cells in enumerate(_bar_rows(bars, height, _BLOCKS if unicode else _ASCII_BARS))
    ]
    axis = "".join(mark if position in ticks else horizontal for position in range(columns))
    rows.append(f"{'0%':>{_LABEL}} {corner}{axis}")
    rows.append(f"{'m/z':>{_LABEL}}  {_tick_labels(ticks, columns)}")
    return "\n".join(row.rstrip() for row in rows)


def can_show_blocks(stream: TextIO) -> bool:
    """Say whether a stream's encoding holds the block characters.

    Example:
        >>> import io
        >>> from nextims.pictures.terminal import can_show_blocks
        >>> can_show_blocks(io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
        False
    """
    try:
        (_BLOCKS + "".join(_AXIS[True])).encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _peak_table(result: PredictedSpectrum, number: int) -> str:
    accurate = result.left_out is not None
    rows = [f"{'m/z':>{9 if accurate else 5}}   intensity   neutral loss from M"]
    for peak in result.highest_peaks(number):
        mz = f"{peak.mz:>9.{MZ_DECIMALS}f}" if accurate else f"{peak.mz:>5}"
        lost = int(nominal_mz(peak.neutral_loss, result.spectrum.defect))
        if lost > 0:
            loss = f"{peak.neutral_loss:.{MZ_DECIMALS if accurate else 0}f} Da"
        else:  # the molecular ion and its heavier isotopes lose nothing
            loss = f"M+{-lost}" if lost else "M"
        rows.append(f"{mz}   {100 * peak.intensity:>7.1f} %   {loss:>12}")
    return "\n".join(rows)


def _ion_table(result: PredictedSpectrum, number: int) -> str:
    """Return the highest peaks, each with a line for each of its chief ions."""
    accurate = result.left_out is not None
    rows = [("m/z", "intensity", "ion", "exact m/z", "loss from M", "share", "atoms kept")]
    by_height = sorted(result.annotations, key=lambda peak: (-peak.intensity, peak.mz))
    for peak in by_height[:number]:
        mz = f"{peak.mz:.{MZ_DECIMALS}f}" if accurate else f"{peak.mz:.0f}"
        lines = [
            (
                ion.formula,
                f"{ion.mz:.{MZ_DECIMALS}f}",
                ion.neutral_loss or (f"M{ion.isotope_shift:+}" if ion.isotope_shift else "M"),
                percent(ion.share),
                ion.piece,
            )
            for ion in peak.chief_ions()
        ]
        if peak.unexplained >= 0.005 or not lines:
            lines.append(("no ion", "", "", percent(peak.unexplained), ""))
        heads = [(mz, f"{100 * peak.intensity:.1f} %")] + [("", "")] * (len(lines) - 1)
        rows += [head + line for head, line in zip(heads, lines, strict=True)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in _TEXT_COLUMNS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _scale(span: int, space: int) -> tuple[int, int]:
    """Return columns per m/z and m/z per column, one of which is 1."""
    return (min(3, space // span), 1) if span <= space else (1, math.ceil(span / space))


def _bar_rows(bars: np.ndarray, height: int, symbols: str) -> list[str]:
    """Draw bars from the top row down; a bar of any height shows at least its lowest step."""
    steps = len(symbols) - 1
    filled = np.where(bars > 0, np.maximum(np.rint(bars * height * steps), 1), 0).astype(int)
    return [
        "".join(symbols[cell] for cell in np.clip(filled - row * steps, 0, steps))
        for row in reversed(range(height))
    ]


def _ticks(low: int, high: int, columns_per_mz: int, mz_per_column: int) -> dict[int, int]:
    """Return m/z by column for round numbers at least six columns apart."""
    step = next(
        factor * 10**power
        for power in range(5)
        for factor in (1, 2, 5)
        if factor * 10**power * columns_per_mz / mz_per_column >= 6
    )
    first = math.ceil(low / step) * step
    return {(mz - low) * columns_per_mz // mz_per_column: mz for mz in range(first, high + 1, step)}


def _tick_labels(ticks: dict[int, int], columns: int) -> str:
    line = [" "] * (columns + 4)
    for column, mz in ticks.items():
        label = str(mz)
        start = max(column - len(label) // 2, 0)
        line[start : start + len(label)] = label
    return "".join(line)
