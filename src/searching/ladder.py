"""From a retention time to a retention index, by the times of n-alkanes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from math import inf, log
from pathlib import Path
from typing import NamedTuple

from ..errors import UserError
from ..formats.opening import open_lines
from ..formats.peak_text import NUMBER
from ..spectra.retention import RetentionError

# "C10", "n-C10" or "10" carbon atoms, or an index of 1000; then a time, in any unit, with a decimal
# comma where none parts the columns.
_ALKANE = r'\s*"?(?:n-?)?(C?)(\d+)"?'
_ROW = re.compile(
    rf'{_ALKANE}(?:\s*[,;\t ]\s*"?({NUMBER})"?|\s*[;\t ]\s*"?(\d+,\d+)"?)\s*', re.IGNORECASE
)
_BEGINS_ROW = re.compile(rf"{_ALKANE}\s*(?:[,;\t ]|$)", re.IGNORECASE)
# More carbon atoms than any alkane that is chromatographed has: such a number is an index.
_MOST_CARBONS = 99


class Rung(NamedTuple):
    """One n-alkane of a ladder.

    Attributes:
        carbons: its carbon atoms.
        time: its retention time.
    """

    carbons: int
    time: float


def read_ladder(path: str | Path) -> list[Rung]:
    r"""Read the times of n-alkanes, one a line: carbon atoms (or index) and time.

    Args:
        path: a text file; columns are parted by a comma, a semicolon, a tab or a space. A first
            line of words is passed over.

    Raises:
        RetentionError: the file cannot be read, a line is no such pair, an alkane stands there
            twice, or cannot be, there are fewer than two, or the times do not rise with the carbon
            atoms.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.searching.ladder import read_ladder
        >>> path = pathlib.Path(tempfile.mkdtemp(), "ladder.csv")
        >>> _ = path.write_text("carbons,minutes\nC10,5.2\nC11,6.9\n")
        >>> read_ladder(path)
        [Rung(carbons=10, time=5.2), Rung(carbons=11, time=6.9)]
    """
    try:
        lines = list(open_lines(Path(path)))
    except (OSError, UserError) as error:
        raise RetentionError(f"{path}: no ladder that can be read ({error})") from error
    rungs: dict[int, tuple[Rung, int]] = {}
    for number, line in enumerate(lines, start=1):
        found = _ROW.fullmatch(line)
        if not found:
            is_row = number > 1 or re.search(r"\d[,;\t ]+\d", line) or _BEGINS_ROW.match(line)
            if line.strip() and is_row:
                raise RetentionError(
                    f"{path}, line {number}: expected carbon atoms and a time, C10,5.2 say; found "
                    f"{line.strip()[:40]!r}"
                )
            continue
        carbons, time = int(found[2]), float((found[3] or found[4]).replace(",", "."))
        if carbons > _MOST_CARBONS and not found[1]:
            if carbons % 100:
                raise RetentionError(f"{path}, line {number}: {carbons} is no n-alkane's index")
            carbons //= 100
        if not 1 <= carbons <= _MOST_CARBONS:
            raise RetentionError(
                f"{path}, line {number}: no n-alkane of {carbons} carbon atoms is chromatographed"
            )
        if not 0 <= time < inf:
            raise RetentionError(f"{path}, line {number}: a retention time of {time:g} cannot be")
        if carbons in rungs:
            raise RetentionError(f"{path}, line {number}: C{carbons} stands there twice")
        rungs[carbons] = Rung(carbons, time), number
    ordered = [rungs[carbons] for carbons in sorted(rungs)]
    for (before, _), (rung, number) in pairwise(ordered):
        if rung.time <= before.time:
            raise RetentionError(
                f"{path}, line {number}: C{rung.carbons} at {rung.time:g} does not come after "
                f"C{before.carbons} at {before.time:g}"
            )
    if len(ordered) < 2:
        raise RetentionError(f"{path}: {len(ordered)} n-alkanes; a ladder has two at least")
    return [rung for rung, _ in ordered]


def retention_index(
    time: float, ladder: Sequence[Rung], dead_time: float | None = None, name: str = "the ladder"
) -> float:
    """Return the retention index of a time.

    With a temperature programme the index is linear between two alkanes (van den Dool and Kratz,
    J. Chromatogr. 1963, 11, 463). At one temperature the logarithm of the time less the dead time
    is (Kováts, Helv. Chim. Acta 1958, 41, 1915).

    Args:
        time: retention time, in the unit of the ladder's.
        ladder: as ``read_ladder`` gives it.
        dead_time: of what the column does not hold back, at one temperature; ``None`` for a
            temperature programme.
        name: of the ladder, for messages.

    Raises:
        RetentionError: the time lies outside of the ladder, or the dead time is not before it.

    Example:
        >>> from nextims.searching.ladder import Rung, retention_index
        >>> retention_index(6.05, [Rung(10, 5.2), Rung(11, 6.9)])
        1050.0
    """
    first, last = ladder[0], ladder[-1]
    if not first.time <= time <= last.time:
        raise RetentionError(
            f"a retention time of {time:g} lies outside of {name}, which reaches from "
            f"{first.time:g} (C{first.carbons}) to {last.time:g} (C{last.carbons})"
        )
    if dead_time is not None and not 0 <= dead_time < first.time:
        raise RetentionError(
            f"a dead time of {dead_time:g} is not before C{first.carbons} at {first.time:g}"
        )
    above = next(i for i, rung in enumerate(ladder[1:], start=1) if time <= rung.time)
    low, high = ladder[above - 1], ladder[above]
    times = time, low.time, high.time
    if dead_time is not None:
        times = tuple(log(each - dead_time) for each in times)
    share = (times[0] - times[1]) / (times[2] - times[1])
    return round(100 * (low.carbons + share * (high.carbons - low.carbons)), 2)
