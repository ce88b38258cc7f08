"""Where labels and the structure go beside the sticks of a spectrum, so that nothing overlaps.

Which labels fit together is left to SciPy's integer programming; where each may stand is ours.
adjustText (1.4) leaves no label out: of 494 on 30 spectra with formulas, 54 covered something and
326 stood away from their peaks. With lesser ones taken out and run again, up to eight times, it
kept 238 in 29 s; this keeps 282 in 2 s. The best of the places that Matplotlib has for a legend
covered something for 5 of 90 structures. spectrum_utils labels each peak, whatever is beside.

Pure geometry. Lengths are in points (1/72 inch) from the lower left corner of a field that has its
baseline at the bottom; boxes are ``(left, bottom, right, top)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

GAP = 1.5  # between a stick and its label, and around all that is drawn
TRIANGLE = 5.0  # width and height of the molecular ion's mark
_INSET_GAP = 5.0
_INSET_SCALES = (1.0, 0.9, 0.8, 0.7, 0.6)
_INSET_SHARE = 0.6, 0.55  # of the field's width and height, at most
_ENOUGH_ROOM = 12.0  # between the structure and what is below it
_HEADROOM = (1.0, 1.1, 1.2, 1.35, 1.5, 1.8)  # factors on the highest intensity that is shown
_STEP = 2.0
_FARTHEST = 8.0  # middle of a label from its stick, sideways
_SECOND_TEXT = 0.5  # what a stick's second text is worth, of the first
_SHIFTED = 0.01  # what a label is worth less with each further shift, in per cent of the base peak

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Sticks:
    """The peaks of one field.

    Attributes:
        x: place of each along the field, ``(peaks,)``.
        height: intensity in per cent of the base peak, ``(peaks,)``.
        reach: intensity up to which something is drawn (whiskers), ``(peaks,)``.
        half_width: half of the width drawn.
    """

    x: np.ndarray
    height: np.ndarray
    reach: np.ndarray
    half_width: float

    def boxes(self, points_per_percent: float) -> np.ndarray:
        """Return the boxes of the sticks, ``(peaks, 4)``."""
        left, right = self.x - self.half_width, self.x + self.half_width
        return np.stack([left, 0 * left, right, self.reach * points_per_percent], axis=1)


@dataclass(frozen=True)
class Label:
    """A text to be placed above a stick.

    Attributes:
        stick: position of its stick; ``None`` for a molecular ion without a peak.
        text: its lines.
        width, height: of the text.
    """

    stick: int | None
    text: str
    width: float
    height: float


class Placed(NamedTuple):
    """A label and the box that it has found."""

    label: Label
    box: Box


@dataclass(frozen=True)
class IonMark:
    """Where the molecular ion is marked.

    Attributes:
        x: its place along the field.
        tip: where its peak ends.
        triangle: box of the mark above the tip.
        text: box of the text.
    """

    x: float
    tip: float
    triangle: Box
    text: Box


@dataclass
class Arrangement:
    """Where everything goes.

    Attributes:
        top: intensity in per cent at the upper edge of the field.
        labels: those that have found room, by stick.
        ion: the mark of the molecular ion, if there is one.
        inset: box of the structure; ``None`` if there is none, or no room.
    """

    top: float
    labels: dict[int, Placed] = field(default_factory=dict)
    ion: IonMark | None = None
    inset: Box | None = None


def arrange(
    size: tuple[float, float],
    sticks: Sticks,
    labels: Sequence[Label],
    *,
    ion: tuple[float, Label] | None = None,
    inset: tuple[float, float] | None = None,
    least_top: float = 0.0,
) -> Arrangement:
    """Place labels, the molecular ion's mark and the structure.

    The mark is always placed, labels only where they cover nothing, above their sticks. The
    structure goes to the top, as large as there is room for; where there is none, the sticks are
    drawn lower.

    Args:
        size: width and height of the field.
        sticks: the peaks.
        labels: texts, the most important first; of several for one stick, the first that fits.
        ion: place of the molecular ion along the field, and its text.
        inset: width and height of the structure in its natural size.
        least_top: intensity in per cent at the upper edge, or less than what is needed there.

    Example:
        >>> import numpy as np
        >>> from nextims.pictures.layout import Label, Sticks, arrange
        >>> peaks = np.array([100.0, 20.0])
        >>> sticks = Sticks(np.array([50.0, 80.0]), peaks, peaks, half_width=0.5)
        >>> labels = [Label(0, "91", 12.0, 6.0), Label(1, "92", 12.0, 6.0)]
        >>> arrange((200.0, 100.0), sticks, labels).labels.keys()
        dict_keys([0, 1])
    """
    top = max(least_top, _top(size[1], sticks, labels, ion))
    arrangement = _marked(size, top, sticks, ion)
    if inset is not None:
        shrink = min(1.0, *(s * a / b for s, a, b in zip(_INSET_SHARE, size, inset, strict=True)))
        natural = (inset[0] * shrink, inset[1] * shrink)
        for factor in _HEADROOM:
            lowered = _marked(size, top * factor, sticks, ion)
            lowered.inset = _inset_box(size, natural, lowered, sticks, labels)
            if lowered.inset is not None:
                arrangement = lowered
                break
    arrangement.labels = _place(labels, _taken(size[1], arrangement, sticks), sticks, size)
    return arrangement


def overlaps(box: Box, others: np.ndarray, *, skip: int | None = None) -> np.ndarray:
    """Say which of others a box comes nearer to than ``GAP``, heights apart.

    Args:
        box: the box.
        others: boxes, ``(n, 4)``.
        skip: position of one that does not count.

    Returns:
        Of each, ``(n,)``, whether it is too near.

    Example:
        >>> import numpy as np
        >>> from nextims.pictures.layout import overlaps
        >>> overlaps((0, 0, 10, 10), np.array([(9, 9, 20, 20), (12, 0, 20, 20)])).tolist()
        [True, False]
    """
    hit = (others[:, 0] < box[2] + GAP) & (others[:, 2] > box[0] - GAP)
    hit &= (others[:, 1] < box[3]) & (others[:, 3] > box[1])
    if skip is not None:
        hit[skip] = False
    return hit


def _top(
    height: float, sticks: Sticks, labels: Sequence[Label], ion: tuple[float, Label] | None
) -> float:
    """Return the intensity at the upper edge that leaves room for the labels."""
    needed = [1.03 * sticks.reach.max(initial=100.0)]

    def room(reach: float, above: float) -> None:
        needed.append(reach * height / max(height - above, 0.3 * height))

    for label in labels:
        room(sticks.reach[label.stick], label.height + 2 * GAP)
    if ion is not None:
        x, label = ion
        near = abs(sticks.x - x) <= label.width / 2 + sticks.half_width + GAP
        room(sticks.reach[near].max(initial=0.0), label.height + TRIANGLE + 4 * GAP)
    return max(needed)


def _marked(
    size: tuple[float, float], top: float, sticks: Sticks, ion: tuple[float, Label] | None
) -> Arrangement:
    """Return an arrangement in which the molecular ion has its mark."""
    arrangement = Arrangement(top)
    if ion is None:
        return arrangement
    x, label = ion
    width, height = size
    boxes = sticks.boxes(height / top)
    tip = 0.0 if label.stick is None else float(boxes[label.stick, 3])

    def triangle(bottom: float) -> Box:
        return x - TRIANGLE / 2, bottom, x + TRIANGLE / 2, bottom + TRIANGLE

    def centred(bottom: float) -> Box:
        left = min(max(x - label.width / 2, 0.0), width - label.width)
        return left, bottom, left + label.width, bottom + label.height

    low = triangle(tip + GAP)
    left, right = x - TRIANGLE / 2 - GAP - label.width, x + TRIANGLE / 2 + GAP
    beside = [
        (start, low[1], start + label.width, low[1] + label.height) for start in (left, right)
    ]
    for text in (centred(low[3] + GAP), *beside):
        inside = text[0] >= 0 and text[2] <= width
        if inside and not any(overlaps(box, boxes, skip=label.stick).any() for box in (low, text)):
            arrangement.ion = IonMark(x, tip, low, text)
            return arrangement
    # Above all that is near.
    text = centred(0.0)
    near = (boxes[:, 0] < text[2] + GAP) & (boxes[:, 2] > text[0] - GAP)
    high = triangle(float(boxes[near, 3].max(initial=0.0)) + 2 * GAP)
    arrangement.ion = IonMark(x, tip, high, centred(high[3] + GAP))
    return arrangement


def _place(
    labels: Sequence[Label], taken: np.ndarray, sticks: Sticks, size: tuple[float, float]
) -> dict[int, Placed]:
    """Place those labels, each in one of its places, that name the most intensity together.

    Args:
        labels: of several for one stick, the best first.
        taken: boxes of sticks, first and in their order, and of what else is not to be covered.
        sticks: the peaks.
        size: of the field.
    """
    from scipy.optimize import LinearConstraint, milp

    width, height = size
    named: set[int] = set()
    places, worth = [], []
    for label in labels:
        tip = float(taken[label.stick, 3])
        for shift, box in enumerate(_beside(sticks.x[label.stick], tip + GAP, label)):
            inside = box[0] >= 0 and box[2] <= width and box[3] <= height
            if inside and not overlaps(box, taken, skip=label.stick).any():
                places.append(Placed(label, box))
                share = _SECOND_TEXT if label.stick in named else 1.0
                worth.append(share * sticks.height[label.stick] - _SHIFTED * shift)
        named.add(label.stick)
    if not places:
        return {}
    boxes = np.array([box for _, box in places])
    stick = np.array([label.stick for label, _ in places])
    bars = np.array([overlaps(box, boxes) for box in boxes]) | (stick[:, None] == stick)
    one, other = np.nonzero(np.triu(bars, 1))
    # Of two places that bar each other, one at most. Without a gap, or it stops when near the best.
    pairs = np.eye(len(places))[one] + np.eye(len(places))[other]
    chosen = milp(
        -np.array(worth),
        integrality=1,
        bounds=(0, 1),
        constraints=LinearConstraint(pairs, ub=1),
        options={"mip_rel_gap": 0},
    ).x
    return {place.label.stick: place for place, x in zip(places, chosen, strict=True) if x > 0.5}


def _taken(height: float, arrangement: Arrangement, sticks: Sticks) -> np.ndarray:
    """Return the boxes of sticks (first, in their order), mark and structure."""
    others = [] if arrangement.inset is None else [arrangement.inset]
    if (ion := arrangement.ion) is not None:
        # The line from the mark down to the tip counts as well.
        others += [ion.triangle, ion.text, (ion.x - 0.5, ion.tip, ion.x + 0.5, ion.triangle[1])]
    return np.vstack([sticks.boxes(height / arrangement.top), *others])


def _inset_box(
    size: tuple[float, float],
    natural: tuple[float, float],
    arrangement: Arrangement,
    sticks: Sticks,
    labels: Sequence[Label],
) -> Box | None:
    """Return the largest box with room for the structure, where there is most around it."""
    width, height = size
    taken = _taken(height, arrangement, sticks)
    above = [next(_beside(sticks.x[b.stick], taken[b.stick, 3] + GAP, b)) for b in labels]
    taken = np.vstack([taken, *above])
    edge = height - GAP  # of a mirror plot, the lower edge is an axis
    for scale in _INSET_SCALES:
        box_width, box_height = scale * natural[0], scale * natural[1]
        left = np.arange(0.0, width - box_width, _STEP)[:, None]
        below = (taken[:, 0] < left + box_width + _INSET_GAP) & (taken[:, 2] > left - _INSET_GAP)
        skyline = np.where(below, taken[:, 3], 0.0).max(axis=1, initial=0.0)
        room = np.minimum(edge - box_height - skyline, _ENOUGH_ROOM)
        if len(room) and room.max() >= _INSET_GAP:
            place = float(left[np.flatnonzero(room == room.max())[-1], 0])
            return place, edge - box_height, place + box_width, edge
    return None


def _beside(x: float, bottom: float, label: Label) -> Iterator[Box]:
    """Yield the places of a label: centred above its stick, then shifted to a side."""
    for share in (0.0, 0.25, -0.25, 0.4, -0.4):
        shift = float(np.clip(share * label.width, -_FARTHEST, _FARTHEST))
        left = x + shift - label.width / 2
        yield left, bottom, left + label.width, bottom + label.height
