"""One spectrum, or a predicted above a measured one, drawn into Matplotlib axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rdkit import Chem

from ..chemistry.formula import ELECTRON_MASS
from ..chemistry.molecule import Molecule, MoleculeError
from ..inference.measured import similarities
from ..spectra.ions import MZ_DECIMALS, AnnotatedPeak
from ..spectra.prediction import PredictedSpectrum
from ..spectra.record import Record
from ..spectra.spectrum import Spectrum
from ..version import __version__
from .field import MEASURED, PREDICTED, Field, Half, Style
from .layout import Arrangement
from .structure import draw_structure
from .text import font_families, formula_text, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

# A formula stands for a peak of which its ion has at least half.
_CHIEF_SHARE = 0.5
# A spectrum of three peaks does not fill the width with them: m/z across the axes, at least.
_NARROWEST = 40.0
_WIDE, _NARROW = Style(10, 8, 7.5, 20), Style(8, 6.5, 6.5, 10)
_NARROW_BELOW = 280.0  # points


@dataclass(frozen=True, eq=False)
class LibrarySpectrum:
    """A spectrum of a library, to be drawn where a prediction would be.

    Attributes:
        name: of the entry; empty where there is none.
        molecule: its structure, ``None`` where that is not known.
        spectrum: peaks, at nominal m/z.
        source: the library.
        kind: what it is called: "library", or "predicted" where its record says so.
    """

    name: str
    molecule: Molecule | None
    spectrum: Spectrum
    source: str
    kind: str = "library"
    annotations: None = None
    left_out: None = None
    uncertainty: None = None

    @classmethod
    def of(cls, record: Record) -> LibrarySpectrum:
        """Return a record as it is compared, at nominal m/z, to be drawn.

        Example:
            >>> from nextims.pictures.panel import LibrarySpectrum
            >>> from nextims.spectra.record import Record
            >>> from nextims.spectra.spectrum import Spectrum
            >>> record = Record("lab/a.msp", 1, "1", "ethanol", Spectrum([31.02, 45.03], [9, 5]))
            >>> drawn = LibrarySpectrum.of(record)
            >>> drawn.source, drawn.spectrum.mz
            ('a.msp', array([31., 45.]))
        """
        try:
            molecule = record.molecule
        except MoleculeError:
            molecule = None
        spectrum = record.of_known
        bins = spectrum.binned(int(spectrum.nominal.max(initial=1)))
        nominal = Spectrum(np.flatnonzero(bins) + 1, bins[bins > 0])
        kind = "predicted" if record.predicted else "library"
        return cls(record.name or record.id, molecule, nominal, Path(record.file).name, kind)


class Panel(NamedTuple):
    """Axes, the spectrum that they are to show, and the record to compare with, if any."""

    axes: Axes
    result: PredictedSpectrum | LibrarySpectrum
    measured: Record | None = None


def draw_panels(panels: Sequence[Panel]) -> None:
    """Draw spectra into axes of one figure, and fix the figure's layout.

    Raises:
        ValueError: a record has no peak.
    """
    import matplotlib

    figure = panels[0].axes.figure
    with matplotlib.rc_context({"font.family": font_families()}):
        details = [_details(panel) for panel in panels]
        titles = [_frame(each, len(lines)) for each, lines in zip(panels, details, strict=True)]
        # Only now is it known how large the axes are, which says what fits. Nothing may move after.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for panel, title, lines in zip(panels, titles, details, strict=True):
            _fill(panel, title, lines)


def _size(axes: Axes) -> tuple[float, float]:
    """Return width and height of axes in points."""
    extent = axes.get_window_extent()
    points = 72 / axes.figure.dpi
    return float(extent.width * points), float(extent.height * points)


def _style(axes: Axes) -> Style:
    # The figure's width, as that of the axes changes while the layout is made.
    columns = axes.get_gridspec().ncols if axes.get_gridspec() else 1
    return _NARROW if 72 * axes.figure.get_figwidth() / columns < _NARROW_BELOW else _WIDE


def _details(panel: Panel) -> list[str]:
    """Return the lines below the name."""
    result, measured = panel.result, panel.measured
    wide = _style(panel.axes) is _WIDE
    lines = _facts(result, wide=wide)
    if result.uncertainty is not None:
        expected = result.uncertainty.expected.get("cosine")
        texts = []
        if expected is not None:
            mean, lower, upper = (f"{value:.2f}" for value in expected)
            texts.append(f"expected cosine {mean} ({lower}–{upper})")
        if result.uncertainty.deviations is not None:
            texts.append("whiskers: ±1 standard deviation" if wide else "whiskers: ±1 SD")
        lines.append(" · ".join(texts))
    if measured is not None:
        scores = similarities(result, measured)
        texts = [
            f"cosine {scores['cosine']:.2f}",
            f"{'m·√I cosine' if wide else 'm·√I'} {scores['weighted_cosine']:.2f}",
            f"{'entropy similarity' if wide else 'entropy'} {scores['entropy_similarity']:.2f}",
            f"from m/z {measured.lowest_mz}",
        ]
        lines.append(" · ".join(texts))
        lines.append(f"{_lower(measured)}: {measured.name or measured.id}")
    return lines


def _lower(record: Record) -> str:
    return "predicted" if record.predicted else "measured"


def _facts(result: PredictedSpectrum | LibrarySpectrum, *, wide: bool) -> list[str]:
    """Return what is known of the molecule, and where its spectrum is from."""
    molecule, known = result.molecule, []
    if molecule is not None:
        known = [formula_text(molecule.formula), f"{molecule.exact_mass:.{MZ_DECIMALS}f} Da"]
        if wide:
            known[1] = f"nominal mass {molecule.nominal_mass} Da · exact mass {known[1]}"
    if isinstance(result, LibrarySpectrum):
        source = f"{result.kind}: {result.source}"
    elif wide:
        source = f"predicted by NExtIMS {__version__}, {result.energy:g} eV EI"
        if result.left_out is not None:
            source += f" · without {100 * result.left_out:.1f} % of the intensity, of no known ion"
    else:
        source = "predicted"
    return [" · ".join(known), source] if wide and known else [" · ".join([*known, source])]


def _frame(panel: Panel, lines: int) -> Text:
    """Set all that takes room around the axes; the title has its height, not yet its text."""
    axes, style, mirror = panel.axes, _style(panel.axes), panel.measured is not None
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=style.text, length=3)
    axes.set_xlabel("m/z", style="italic", fontsize=style.text, labelpad=2)
    upper = panel.result.kind if isinstance(panel.result, LibrarySpectrum) else "predicted"
    label = (
        f"{_lower(panel.measured)} (%)      {upper} (%)"
        if panel.measured is not None
        else "relative intensity (%)"
    )
    axes.set_ylabel(label, fontsize=style.text, labelpad=2)
    ticks = np.arange(-100, 101, 50) if mirror else np.arange(0, 101, 20)
    axes.set_yticks(ticks, [f"{abs(tick)}" for tick in ticks])
    axes.spines["left"].set_bounds(ticks[0], ticks[-1])
    title = axes.set_title(
        " ", loc="left", fontsize=style.name, fontweight="bold", pad=4 + style.line * lines
    )
    title.set_parse_math(False)
    return title


def _fill(panel: Panel, title: Text, details: list[str]) -> None:
    axes, result, measured = panel
    style = _style(axes)
    width, height = _size(axes)
    name = result.name or (result.molecule.smiles if result.molecule else "unnamed")
    title.set_text(shortened(axes, name, style.name, width, fontweight="bold"))
    _write_details(axes, details, width, style)
    halves = [_upper_half(result)]
    if measured is not None:
        halves.append(_measured_half(result, measured))
        height /= 2
    low, high = _mz_range(halves, width, style)
    line_width = float(np.clip(0.6 * width / (high - low), 0.7, 1.6))
    drawing = None if result.molecule is None else draw_structure(result.molecule)
    fields = [Field(axes, half, (width, height), (low, high), line_width, style) for half in halves]
    structure = None if drawing is None else (drawing.width, drawing.height)
    arrangements = _arrange(fields, structure)
    top = arrangements[0].top
    axes.set_xlim(low, high)
    axes.set_ylim(0 if measured is None else -top, top)
    if measured is not None:
        axes.axhline(0, color="black", linewidth=0.6)
    for field, arrangement in zip(fields, arrangements, strict=True):
        field.draw(arrangement)
        if arrangement.inset is not None:
            field.draw_structure(drawing, arrangement)


def _write_details(axes: Axes, details: list[str], width: float, style: Style) -> None:
    for place, line in enumerate(reversed(details)):
        axes.annotate(
            shortened(axes, line, style.text, width),
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 4 + style.line * place),
            textcoords="offset points",
            fontsize=style.text,
            parse_math=False,
            gid="detail",
        )


def _upper_half(result: PredictedSpectrum | LibrarySpectrum) -> Half:
    spectrum, accurate = result.spectrum, result.left_out is not None
    base = spectrum.intensity.max()
    deviation = None
    if result.uncertainty is not None and result.uncertainty.deviations is not None:
        deviation = 100 * result.uncertainty.deviations / base
    formulas = [""] * len(spectrum)
    if result.annotations is not None:
        formulas = [_chief_formula(peak) for peak in result.annotations]
    decimals, ion = MZ_DECIMALS if accurate else 0, None
    if (molecule := result.molecule) is not None:
        mass = molecule.exact_mass - ELECTRON_MASS if accurate else molecule.nominal_mass
        symbol = {0: "M⁺•", 1: "M⁺"}.get(Chem.GetFormalCharge(molecule.mol), "M")
        ion = float(mass), f"{symbol} {mass:.{decimals}f}"
    height = 100 * spectrum.intensity.astype(float) / base
    return Half(spectrum.mz, height, deviation, formulas, PREDICTED, 1, decimals, ion)


def _measured_half(result: PredictedSpectrum | LibrarySpectrum, measured: Record) -> Half:
    spectrum = measured.spectrum
    if result.left_out is None:  # compared, and shown, at nominal masses
        bins = spectrum.binned(int(spectrum.mz[-1]) + 1)
        spectrum = Spectrum(np.flatnonzero(bins) + 1, bins[bins > 0])
    height = 100 * spectrum.intensity.astype(float) / spectrum.intensity.max()
    decimals = 0 if (spectrum.mz == np.rint(spectrum.mz)).all() else MZ_DECIMALS
    return Half(spectrum.mz, height, None, [""] * len(spectrum), MEASURED, -1, decimals)


def _chief_formula(peak: AnnotatedPeak) -> str:
    chief = peak.ions[:1]
    return "".join(formula_text(ion.formula) for ion in chief if ion.share >= _CHIEF_SHARE)


def _mz_range(halves: list[Half], width: float, style: Style) -> tuple[float, float]:
    """Return the ends of the m/z axis, with room for half a label beyond the peaks."""
    ions = [half.ion[0] for half in halves if half.ion is not None]
    mz = np.concatenate([*(half.mz for half in halves), ions])
    low, high = float(mz.min()), float(mz.max())
    if (missing := _NARROWEST - (high - low)) > 0:
        low, high = low - missing / 2, high + missing / 2
    margin = (high - low) * 3 * style.label / width
    return max(low - margin, 0.0), high + margin


def _arrange(fields: list[Field], structure: tuple[float, float] | None) -> list[Arrangement]:
    """Arrange what stands on both sides, the structure where it is larger, to one scale."""
    tries = [field.arrange(inset=structure) for field in fields]

    def preferred(place: int) -> tuple[float, float]:
        left, _, right, _ = tries[place].inset or (0, 0, 0, 0)
        return right - left, -tries[place].top

    chosen = max(range(len(fields)), key=preferred)
    top = tries[chosen].top
    while True:
        arrangements = [
            field.arrange(inset=structure if i == chosen else None, least_top=top)
            for i, field in enumerate(fields)
        ]
        highest = max(arrangement.top for arrangement in arrangements)
        if all(arrangement.top == highest for arrangement in arrangements):
            return arrangements
        top = highest
