"""The peaks on one side of a base line, with all that stands beside them, drawn by Matplotlib."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .layout import TRIANGLE, Arrangement, Box, IonMark, Label, Sticks, arrange
from .structure import StructureDrawing
from .text import text_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

# Of Okabe and Ito, told apart with any colour vision. In grey, what is measured is darker than what
# is predicted and hangs below the line, and the molecular ion has its triangle.
PREDICTED, MEASURED, MOLECULAR_ION, WHISKER = "#0072B2", "#000000", "#D55E00", "#777777"

# Peaks under so many per cent are not worth a label.
_LABELLED = 3.0
# Of the same ion, between its m/z as the peak has it and as the formula gives it.
_TOLERANCE = 0.002
_CAP = 1.2  # half the width of a whisker's ends, in points


class Style(NamedTuple):
    """Sizes of text in points, and how many peaks are labelled at most."""

    name: float
    text: float
    label: float
    labels: int

    @property
    def line(self) -> float:
        """Height of a line of text."""
        return 1.3 * self.text


@dataclass
class Half:
    """The spectrum of one side of the base line.

    Attributes:
        mz: of the peaks, ``(peaks,)``.
        height: in per cent of the base peak, ``(peaks,)``.
        deviation: in per cent, ``(peaks,)``, where known.
        formulas: of the ion behind each peak, empty where there is none.
        colour: of the sticks.
        side: 1 for up, -1 for down.
        decimals: of m/z in labels.
        ion: m/z and text of the molecular ion, where it is to be marked.
    """

    mz: np.ndarray
    height: np.ndarray
    deviation: np.ndarray | None
    formulas: list[str]
    colour: str
    side: int
    decimals: int
    ion: tuple[float, str] | None = None

    @property
    def ion_peak(self) -> int | None:
        """Position of the molecular ion's peak."""
        if self.ion is None:
            return None
        near = np.flatnonzero(abs(self.mz - self.ion[0]) < _TOLERANCE)
        return int(near[0]) if len(near) else None

    @property
    def reach(self) -> np.ndarray:
        """Upper ends of what is drawn of each peak, in per cent."""
        return self.height if self.deviation is None else self.height + self.deviation


class Field:
    """The part of the axes on one side of the base line."""

    def __init__(
        self,
        axes: Axes,
        half: Half,
        size: tuple[float, float],
        mz_range: tuple[float, float],
        line_width: float,
        style: Style,
    ):
        self.axes, self.half, self.size, self.style = axes, half, size, style
        self.low, self.high = mz_range
        self.line_width = line_width
        whisker = 0.0 if half.deviation is None else _CAP + 0.3
        self._sticks = Sticks(
            self._across(half.mz), half.height, half.reach, max(line_width / 2, whisker)
        )
        # With a formula behind it, a label may be too wide to stand across.
        self._ways = [self._labels(0)]
        if any(half.formulas):
            self._ways.append(self._labels(90))
        self._ion = None
        if half.ion is not None:
            mz, text = half.ion
            room = text_size(axes, text, style.label, fontweight="bold")
            label = Label(half.ion_peak, text, *room)
            self._ion = float(self._across(mz)), label
        self._rotation = 0

    def _across(self, mz: np.ndarray | float) -> np.ndarray | float:
        return (mz - self.low) * self.size[0] / (self.high - self.low)

    def _texts(self, peak: int, rotation: int) -> list[str]:
        """Return the texts of a label, the one to be preferred first."""
        text = f"{self.half.mz[peak]:.{self.half.decimals}f}"
        formula = self.half.formulas[peak]
        if not formula:
            return [text]
        # The number stands nearest to the stick.
        return [f"{text} {formula}" if rotation else f"{formula}\n{text}", text]

    def _labels(self, rotation: int) -> list[Label]:
        half, style = self.half, self.style
        highest = np.argsort(-half.height, kind="stable")
        chosen = [int(p) for p in highest if half.height[p] >= _LABELLED and p != half.ion_peak]
        texts = [self._texts(peak, rotation) for peak in chosen[: style.labels]]
        # Formulas first: a number alone finds room between them.
        pairs = [(peak, ts[0]) for peak, ts in zip(chosen, texts, strict=False)]
        pairs += [(peak, ts[1]) for peak, ts in zip(chosen, texts, strict=False) if ts[1:]]
        return [
            Label(peak, text, *text_size(self.axes, text, style.label, rotation=rotation))
            for peak, text in pairs
        ]

    def arrange(self, **options) -> Arrangement:
        """Place everything; labels across, or upright where more of them fit that way."""
        arrangements = [
            arrange(self.size, self._sticks, labels, ion=self._ion, **options)
            for labels in self._ways
        ]
        formulas = [
            sum(not label.text.isascii() for label, _ in arrangement.labels.values())
            for arrangement in arrangements
        ]
        upright = formulas[-1] > 1.3 * formulas[0]
        self._rotation = 90 if upright else 0
        return arrangements[-1 if upright else 0]

    def draw(self, arrangement: Arrangement) -> None:
        """Draw sticks, whiskers, labels and the molecular ion's mark."""
        axes, half = self.axes, self.half
        name = "predicted" if half.side > 0 else "measured"
        colours = [
            MOLECULAR_ION if p == half.ion_peak else half.colour for p in range(len(half.mz))
        ]
        axes.vlines(
            half.mz, 0, half.side * half.height, colours, linewidth=self.line_width, gid=name
        )
        if half.deviation is not None:
            lower = np.minimum(half.deviation, half.height)
            ends = half.height - lower, half.reach
            # Behind the sticks, of which they would hide the small ones; so would caps.
            axes.vlines(half.mz, *ends, WHISKER, linewidth=0.5, gid="whiskers", zorder=1)
            tall = half.height >= _LABELLED
            caps = np.concatenate([end[tall] for end in ends])
            axes.plot(
                np.tile(half.mz[tall], 2),
                caps,
                "_",
                color="black",
                markersize=2 * _CAP,
                markeredgewidth=0.5,
                clip_on=False,
            )
        places = self._places(arrangement.top)
        for label, box in arrangement.labels.values():
            self._write(label.text, box, places, rotation=self._rotation)
        if arrangement.ion is not None:
            self._mark_ion(arrangement.ion, places)

    def draw_structure(self, drawing: StructureDrawing, arrangement: Arrangement) -> None:
        """Draw the structure into its box."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path
        from matplotlib.transforms import Affine2D

        left, bottom, right, top = arrangement.inset
        scale, side = (right - left) / drawing.width, self.half.side
        place = Affine2D().scale(scale, -scale * side).translate(left, top if side > 0 else bottom)
        steps = (Path.MOVETO, Path.LINETO, Path.CURVE3, Path.CURVE4, Path.CLOSEPOLY)
        codes = dict(zip("MLQCZ", steps, strict=True))
        for width in sorted({shape.line_width for shape in drawing.shapes}):
            paths = [
                Path(shape.vertices, [codes[letter] for letter in shape.letters])
                for shape in drawing.shapes
                if shape.line_width == width
            ]
            self.axes.add_patch(
                PathPatch(
                    Path.make_compound_path(*paths),
                    transform=place + self._places(arrangement.top),
                    fill=not width,
                    color="black",
                    linewidth=width * scale,
                    clip_on=False,
                    gid="structure",
                )
            )

    def _places(self, top: float) -> Transform:
        """Return what leads from places of the field, in points, into the figure."""
        from matplotlib.transforms import Affine2D

        width, height = self.size
        scale = (self.high - self.low) / width, self.half.side * top / height
        return Affine2D().scale(*scale).translate(self.low, 0) + self.axes.transData

    def _write(self, text: str, box: Box, places: Transform, **properties) -> None:
        self.axes.text(
            (box[0] + box[2]) / 2,
            box[1],
            text,
            transform=places,
            ha="center",
            va="bottom" if self.half.side > 0 else "top",
            fontsize=self.style.label,
            parse_math=False,
            **{"gid": "label", **properties},
        )

    def _mark_ion(self, ion: IonMark, places: Transform) -> None:
        left, bottom, right, top = ion.triangle
        style = {"color": MOLECULAR_ION, "transform": places}
        self.axes.fill(
            (left, right, ion.x),
            (top, top, bottom),
            linewidth=0,
            gid="molecular ion",
            zorder=3,
            **style,
        )
        if bottom - ion.tip > 2 * TRIANGLE:
            self.axes.plot([ion.x] * 2, [ion.tip, bottom], linewidth=0.6, linestyle=":", **style)
        self._write(self.half.ion[1], ion.text, places, fontweight="bold", gid="molecular ion")
