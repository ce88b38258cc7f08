"""Spectra drawn with Matplotlib: sticks, mirror plots and pages of many.

Every function here needs Matplotlib and SciPy (``pip install matplotlib scipy``); importing the
module does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..spectra.prediction import PredictedSpectrum
from ..spectra.record import Record
from .panel import LibrarySpectrum, Panel, draw_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Centimetres: a spectrum as wide as a column of text, a page of them on A4.
_WIDTH = 16.0
_HEIGHT, _MIRROR_HEIGHT = 9.5, 12.0
_PAGE_WIDTH, _PAGE_HEIGHT = 16.5, 25.0
_COLUMNS = 2
_ROWS, _MIRROR_ROWS = 5, 3
_CENTIMETRES_PER_INCH = 2.54


def draw_spectrum(axes: Axes, result: PredictedSpectrum) -> None:
    """Draw a predicted spectrum: sticks, labels, molecular ion, structure and title.

    The base peak is 100 %. Where the ions are known, labels have the formula of the ion that makes
    up most of the peak; where the uncertainty is, whiskers show one standard deviation to both
    sides. The molecular ion of the most abundant isotopes (M) is marked whether or not it has a
    peak. Labels are placed for the size that the axes have now.

    Args:
        axes: empty Matplotlib axes.
        result: the prediction.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.pictures.drawing import draw_spectrum
        >>> from nextims.spectra.prediction import PredictedSpectrum
        >>> spectrum = Spectrum([31, 45, 46], [1.0, 0.5, 0.2])
        >>> axes = Figure().add_subplot()
        >>> draw_spectrum(axes, PredictedSpectrum(1, "ethanol", read_molecule("CCO"), spectrum))
        >>> axes.get_title(loc="left"), axes.get_ylabel()
        ('ethanol', 'relative intensity (%)')
    """
    draw_panels([Panel(axes, result)])


def draw_mirror(axes: Axes, result: PredictedSpectrum, measured: Record) -> None:
    """Draw a predicted spectrum upwards, a measured one downwards, similarities in the title.

    The measured spectrum is drawn at nominal m/z, as it is compared, unless the predicted one is at
    accurate masses. For the rest see ``draw_spectrum``.

    Args:
        axes: empty Matplotlib axes.
        result: the prediction.
        measured: the record to compare with, of at least one peak.

    Raises:
        ValueError: the record has no peak.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.pictures.drawing import draw_mirror
        >>> from nextims.spectra.prediction import PredictedSpectrum
        >>> spectrum = Spectrum([31, 45, 46], [1.0, 0.5, 0.2])
        >>> predicted = PredictedSpectrum(1, "ethanol", read_molecule("CCO"), spectrum)
        >>> axes = Figure().add_subplot()
        >>> draw_mirror(axes, predicted, Record("lab.msp", 1, "1", "EtOH", spectrum))
        >>> bool(axes.get_ylim()[0] < -100)
        True
    """
    draw_panels([Panel(axes, result, measured)])


def picture(result: PredictedSpectrum | LibrarySpectrum, measured: Record | None = None) -> Figure:
    """Return a figure, 16 cm wide, of a predicted spectrum, or of a mirror plot.

    Args:
        result: the prediction, or the spectrum of a library to draw in its place.
        measured: the record to compare with, if any.

    Raises:
        ValueError: the record has no peak.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.pictures.drawing import picture
        >>> from nextims.spectra.prediction import PredictedSpectrum
        >>> spectrum = Spectrum([31, 45, 46], [1.0, 0.5, 0.2])
        >>> figure = picture(PredictedSpectrum(1, "ethanol", read_molecule("CCO"), spectrum))
        >>> float(round(2.54 * figure.get_figwidth(), 1))
        16.0
    """
    figure = _figure(_WIDTH, _HEIGHT if measured is None else _MIRROR_HEIGHT)
    draw_panels([Panel(figure.add_subplot(), result, measured)])
    return figure


def page(
    results: Sequence[tuple[PredictedSpectrum | LibrarySpectrum, Record | None]],
) -> Figure:
    """Return a figure that fits on A4 with many spectra in two columns.

    Args:
        results: predictions, or spectra of a library, each with the record to compare with, or
            ``None``: up to ``page_size`` of them.

    Raises:
        ValueError: there are none or too many, or a record has no peak.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.pictures.drawing import page
        >>> from nextims.spectra.prediction import PredictedSpectrum
        >>> spectrum = Spectrum([31, 45, 46], [1.0, 0.5, 0.2])
        >>> ethanol = PredictedSpectrum(1, "ethanol", read_molecule("CCO"), spectrum)
        >>> len([a for a in page([(ethanol, None)] * 3).axes if a.get_xlabel()])
        3
    """
    mirrors = any(measured is not None for _, measured in results)
    most = page_size(mirrors=mirrors)
    if not 0 < len(results) <= most:
        raise ValueError(f"a page holds 1 to {most} spectra, not {len(results)}")
    rows = -(-len(results) // _COLUMNS)
    # A page that is not full is lower, so that all pages are of one scale.
    figure = _figure(_PAGE_WIDTH, _PAGE_HEIGHT * rows * _COLUMNS / most)
    grid = figure.add_gridspec(rows, _COLUMNS)
    draw_panels([Panel(figure.add_subplot(grid[i]), *pair) for i, pair in enumerate(results)])
    return figure


def page_size(*, mirrors: bool = False) -> int:
    """Return how many spectra a page holds.

    Args:
        mirrors: whether there are mirror plots among them.

    Example:
        >>> from nextims.pictures.drawing import page_size
        >>> page_size(), page_size(mirrors=True)
        (10, 6)
    """
    return _COLUMNS * (_MIRROR_ROWS if mirrors else _ROWS)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    inches = width / _CENTIMETRES_PER_INCH, height / _CENTIMETRES_PER_INCH
    return Figure(figsize=inches, dpi=300, layout="constrained")
