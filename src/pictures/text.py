"""Texts of pictures: formulas with their indices, and how much room a text takes."""

from __future__ import annotations

import re
import warnings
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from ..formats.exported import single_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_FORMULA_PART = re.compile(r"\[(\d+)([A-Z][a-z]?)\]|([+-]\d*)$|(\d+)")
# Comes with Matplotlib; where one of the others is there, Japanese and Chinese names are legible.
_FONT = "DejaVu Sans"
_EAST_ASIAN_FONTS = (
    "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic", "IPAexGothic",
    "Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei",
)  # fmt: skip


def formula_text(formula: str) -> str:
    """Return a formula as it is printed, with characters that any text can hold.

    Args:
        formula: as ``Ion.formula`` and ``Molecule.formula`` have it.

    Example:
        >>> from nextims.pictures.text import formula_text
        >>> formula_text("CCl2[37Cl]+"), formula_text("C10H12O2")
        ('CCl₂³⁷Cl⁺', 'C₁₀H₁₂O₂')
    """

    def printed(found: re.Match) -> str:
        isotope, element, charge, number = found.groups()
        if isotope:
            return isotope.translate(_SUPERSCRIPTS) + element
        if charge:  # the sign follows the number, as in ²⁺
            return (charge[1:] + charge[0]).translate(_SUPERSCRIPTS)
        return number.translate(_SUBSCRIPTS)

    return _FORMULA_PART.sub(printed, formula)


@lru_cache(maxsize=1)
def font_families() -> list[str]:
    """Return the fonts of pictures, each for what those before it lack.

    Example:
        >>> from nextims.pictures.text import font_families
        >>> font_families()[0]
        'DejaVu Sans'
    """
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return [_FONT, *(name for name in _EAST_ASIAN_FONTS if name in installed)]


def text_size(axes: Axes, text: str, size: float, **properties: object) -> tuple[float, float]:
    """Return width and height of a text in points.

    Args:
        axes: where it is to stand.
        text: its lines.
        size: of the font, in points.
        properties: further properties of Matplotlib's texts.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from nextims.pictures.text import text_size
        >>> axes = Figure().add_subplot()
        >>> wide, high = (text_size(axes, "C₇H₇⁺", 8, rotation=angle) for angle in (0, 90))
        >>> wide[0] > wide[1] and high[1] > high[0]
        True
    """
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.text import Text

    probe = Text(0, 0, text, fontsize=size, parse_math=False, **properties)
    probe.set_figure(axes.figure)
    with warnings.catch_warnings():
        # That a font lacks a letter is told once, when the picture is written.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        extent = probe.get_window_extent(RendererAgg(1, 1, axes.figure.dpi))
    points = 72 / axes.figure.dpi
    return float(extent.width * points), float(extent.height * points)


def shortened(axes: Axes, text: str, size: float, width: float, **properties: object) -> str:
    """Return a line of text that is no wider than allowed: as it is, or cut, with an ellipsis.

    White space of any kind becomes one space.

    Args:
        axes: where it is to stand.
        text: the line.
        size: of the font, in points.
        width: allowed, in points.
        properties: further properties of Matplotlib's texts.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from nextims.pictures.text import shortened
        >>> axes = Figure().add_subplot()
        >>> shortened(axes, "C" * 1000, 8, width=60).strip("C")
        '…'
    """
    text = single_line(text)

    def cut(length: int) -> str:
        return text if length >= len(text) else text[:length].rstrip() + "…"

    # No line of more letters fits, and a long one takes its time to measure.
    lengths = range(1, min(len(text), int(width)) + 1)
    return cut(
        bisect_right(lengths, width, key=lambda n: text_size(axes, cut(n), size, **properties)[0])
    )
