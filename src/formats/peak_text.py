"""Peaks as text: pairs of numbers, and whether these can be read in one way alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
# Why peaks cannot be read.
COMMAS_ARE_EITHER = "a comma may stand for the point or between numbers"
PARTED_THOUSANDS = "an intensity may have its thousands parted"
NUMBERED_PEAKS = "the first column numbers the peaks"
_ONE_PEAK = re.compile(rf"\s*({NUMBER})[\s;]+({NUMBER})(?![\d.,])")
_TWO_WORDS = re.compile(r"\s*([\d.,]+)[\s;]+([\d.,]+(?:[eE][-+]?\d+)?)")
THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_THOUSANDS_BY_POINTS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
# "1,031": beyond ten thousand no m/z reaches.
_MZ_WITH_THOUSANDS = re.compile(r"[1-9],\d{3}(?:\.\d+)?")
_DECIMAL_COMMAS = re.compile(
    r"\s*(\d+(?:[.,]\d+)?)[ \t;]+(\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)(?![\d.,])"
)
# No number begins with a zero before other digits: "31,02" is one.
_COMMA_PAIR = re.compile(r"\d+(?:\.\d+)?,(?!0\d)\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_PEAK_PARTS = re.compile(r"[\s,;:]+")
# "45, 1,514" and "45 1 514": m/z, and an intensity of groups of three digits.
_COMMAS_WITHIN = re.compile(rf"[\s,;:(]*{NUMBER}[\s,;:]+[1-9]\d{{0,2}}(?:,\d{{3}})+(?![\d,])")
_SPACES_WITHIN = re.compile(
    rf"[\s,;:(]*{NUMBER}[\s,;:]+([1-9]\d{{0,2}})((?:[ \u00a0\u202f]\d{{3}})+)\s*"
)
_POINT_WITHIN = re.compile(r"\s*\d+[\s,;:]+[1-9]\d{0,2}(?:\.\d{3})+\s*")
_WHOLE = re.compile(r"\s*\d+[\s,;:]+(\d+)\s*")
_ANOTHER_PEAK = re.compile(rf"{NUMBER}[\s,;:]+{NUMBER}(?:[\s,;:]|$)")
_NUMBER_ALONE = re.compile(NUMBER)
# "31,02,999": three numbers, or two with a decimal comma.
_ONLY_COMMAS = re.compile(rf"\s*{NUMBER},{NUMBER},{NUMBER}(?![\d.])")


def peak_of(text: str) -> tuple[float, float]:
    """Read m/z and intensity, whatever stands between and after them.

    Raises:
        ValueError: there are not two numbers, or more that may belong to the second.

    Example:
        >>> from nextims.formats.peak_text import peak_of
        >>> peak_of("31.0178 999 CH3O+")
        (31.0178, 999.0)
    """
    if _COMMAS_WITHIN.match(text):
        raise ValueError(f"{PARTED_THOUSANDS} in {text.strip()[:40]!r}")
    if found := decimal_commas(text):
        mz, intensity = _TWO_WORDS.match(text).groups()
        if may_part_thousands([(mz, intensity)]) or (
            mz.isdecimal() and THOUSANDS.fullmatch(intensity)
        ):
            reason = PARTED_THOUSANDS if "." in intensity else COMMAS_ARE_EITHER
            raise ValueError(f"{reason} in {text.strip()[:40]!r}")
        return found
    if ":" in text and "," in text:  # "15,0235:200"
        if may_part_thousands([tuple(map(str.strip, text.split(":")[:2]))]):
            raise ValueError(f"{COMMAS_ARE_EITHER} in {text.strip()[:40]!r}")
        text = text.replace(",", ".")
    parts = _PEAK_PARTS.split(text.strip(), maxsplit=2)
    if len(parts) > 2 and _ANOTHER_PEAK.match(parts[2]):
        raise ValueError(f"several peaks on a line: {text.strip()[:40]!r}")
    try:
        return float(parts[0]), float(parts[1])
    except (ValueError, IndexError):
        raise ValueError(f"cannot read the peak {text.strip()[:40]!r}") from None


def decimal_commas(text: str) -> tuple[float, float] | None:
    """Read m/z and intensity where white space parts them and a comma stands for the point.

    Returns:
        The two, ``None`` where a comma stands between numbers, or there is none.

    Example:
        >>> from nextims.formats.peak_text import decimal_commas
        >>> decimal_commas("15,0235 200"), decimal_commas("15,200")
        ((15.0235, 200.0), None)
    """
    found = _DECIMAL_COMMAS.match(text)
    if found is None or "," not in found[0]:
        return None
    mz, intensity = found.groups()
    if "." in mz and THOUSANDS.fullmatch(intensity):
        return float(mz), float(intensity.replace(",", ""))
    return float(mz.replace(",", ".")), float(intensity.replace(",", "."))


def peaks_with_commas(lines: Sequence[str]) -> list[tuple[float, float]]:
    """Return the peaks of lines with one peak each, if a comma stands for the point in them.

    Returns:
        The peaks; none where no line has such a comma, or one is no such peak.

    Example:
        >>> from nextims.formats.peak_text import peaks_with_commas
        >>> peaks_with_commas(["15,0235 200,5", "58 300"]), peaks_with_commas(["58 300"])
        ([(15.0235, 200.5), (58.0, 300.0)], [])
    """
    peaks = []
    for line in lines:
        peak = decimal_commas(line)
        if peak is None and (plain := _ONE_PEAK.match(line)):
            peak = float(plain[1]), float(plain[2])
        if peak is None:
            return []
        peaks.append(peak)
    if not any(map(decimal_commas, lines)):
        return []
    texts = [found.groups() for found in map(_TWO_WORDS.match, lines) if found]
    return [] if may_part_thousands(texts) else peaks


def pairs_on_lines(lines: Sequence[str]) -> Sequence[str]:
    """Return one peak a line, where each word of the lines is one, with a comma in it.

    Raises:
        ValueError: words may as well be numbers with decimal commas.

    Example:
        >>> from nextims.formats.peak_text import pairs_on_lines
        >>> pairs_on_lines(["31,999 45,510", "46,216"]), pairs_on_lines(["31,02 999,5"])
        (['31,999', '45,510', '46,216'], ['31,02 999,5'])
    """
    words = [word for line in lines for word in line.split()]
    if len(words) == len(lines) or not all(map(_COMMA_PAIR.fullmatch, words)):
        return lines
    rise = bool((np.diff([float(word.split(",")[0]) for word in words]) > 0).all())
    two_each = len(lines) > 1 and all(len(line.split()) == 2 for line in lines)
    if two_each and not rise:  # then they are m/z and intensity
        return lines
    if two_each or not rise:
        raise ValueError(f"{COMMAS_ARE_EITHER} in {lines[0].strip()[:40]!r}")
    return words


def several_on_lines(lines: Sequence[str]) -> str:
    """Say why lines may hold several peaks each, see ``pairs_on_lines``; ``""`` if they do not.

    Example:
        >>> from nextims.formats.peak_text import several_on_lines
        >>> several_on_lines(["31,999 45,510"]), several_on_lines(["31,02 999,5"])
        ("several peaks on a line: '31,999 45,510'", '')
    """
    try:
        if pairs_on_lines(lines) is lines:
            return ""
        return f"several peaks on a line: {lines[0].strip()[:40]!r}"
    except ValueError as error:
        return str(error)


def may_part_thousands(pairs: Sequence[tuple[str, str]]) -> bool:
    """Say whether commas, or points beside decimal commas, may part thousands.

    Args:
        pairs: m/z and intensity of the peaks of a spectrum.

    Example:
        >>> from nextims.formats.peak_text import may_part_thousands
        >>> may_part_thousands([("15", "200"), ("43", "9,990")])
        True
        >>> may_part_thousands([("1,031", "999"), ("45", "500")])
        True
        >>> may_part_thousands([("1,031", "999"), ("45,03", "500")])
        False
        >>> may_part_thousands([("31,02", "9.990"), ("45,03", "216")])
        True
    """
    has_points = any("." in mz for mz, _ in pairs)
    if not has_points and any("," in text for pair in pairs for text in pair):
        points = [text for _, text in pairs if "." in text and "," not in text]
        if points and all(map(_THOUSANDS_BY_POINTS.fullmatch, points)):
            return True
    if with_comma := [mz for mz, _ in pairs if "," in mz]:
        # It stands for the point where one of them cannot part thousands.
        heights = [text for _, text in pairs if "," in text]
        return all(map(_MZ_WITH_THOUSANDS.fullmatch, with_comma)) and all(
            map(THOUSANDS.fullmatch, heights)
        )
    if has_points:  # then they part thousands, but may in other rows
        return any("," in text and "." not in mz for mz, text in pairs)
    with_comma = [text for _, text in pairs if "," in text]
    thousands = all(map(THOUSANDS.fullmatch, with_comma))
    return bool(with_comma) and thousands and len(with_comma) < len(pairs)


def thousands_in_doubt(pairs: Sequence[tuple[str, str]]) -> str:
    """Say why commas or points of a spectrum's peaks may part thousands; ``""`` if they do not.

    Args:
        pairs: m/z and intensity of the peaks.

    Example:
        >>> from nextims.formats.peak_text import thousands_in_doubt
        >>> thousands_in_doubt([("31,02", "9.990"), ("46", "216")])
        'a comma may stand for the point or part thousands, or a point part them'
        >>> thousands_in_doubt([("31", "9.990"), ("46", "216")])
        'an intensity may have its thousands parted by points'
        >>> thousands_in_doubt([("31,02", "999"), ("46", "216")])
        ''
    """
    if may_part_thousands(pairs):
        return "a comma may stand for the point or part thousands, or a point part them"
    by_points = parted_by_points([" ".join(pair) for pair in pairs])
    return f"{PARTED_THOUSANDS} by points" if by_points else ""


def misread_columns(lines: Sequence[str], *, counted: bool = False) -> str:
    """Say why the first two numbers of lines with one peak each may not be m/z and intensity.

    Args:
        lines: the lines.
        counted: whether it is known that each is one peak.

    Returns:
        The reason, ``""`` where there is none.

    Example:
        >>> from nextims.formats.peak_text import misread_columns
        >>> misread_columns(["31 1 234", "45 514"])
        "an intensity may have its thousands parted in '31 1 234'"
        >>> misread_columns(["1 31 999", "2 45 514"])
        'the first column numbers the peaks'
        >>> misread_columns(["31 2400 999", "45 1235 514"])  # with relative intensities
        ''
    """
    for line in lines:
        if _COMMAS_WITHIN.match(line):
            return f"{PARTED_THOUSANDS} in {line.strip()[:40]!r}"
        if _ONLY_COMMAS.match(line):
            return f"{COMMAS_ARE_EITHER} in {line.strip()[:40]!r}"
    if reason := several_on_lines(lines):
        return reason
    words = [[word.rstrip(",") for word in m.groups()] for m in map(_TWO_WORDS.match, lines) if m]
    if parted_by_points(lines) or may_part_thousands(words):
        return f"{PARTED_THOUSANDS} by points or commas"
    rows = [leading_numbers(line) for line in lines]
    widths = {len(row) for row in rows}
    if widths <= {2} or min(widths, default=0) < 2:
        return ""
    longest = lines[int(np.argmax([len(row) for row in rows]))].strip()[:40]
    parted = list(filter(None, map(_SPACES_WITHIN.fullmatch, lines)))
    if counted and len(widths) == 1 and not parted and widths != {3}:
        return ""
    if widths != {3}:
        reason = PARTED_THOUSANDS if parted else "lines do not hold two numbers each"
        return f"{reason} in {longest!r}"
    return _misread_of_three(np.array(rows), parted)


def parted_by_points(lines: Sequence[str]) -> bool:
    """Say whether intensities with a point are thousands: all are, beside whole ones below 1000.

    Where they are relative to a base peak, its intensity is a round one.

    Example:
        >>> from nextims.formats.peak_text import parted_by_points
        >>> parted_by_points(["31 1.234", "45 514"]), parted_by_points(["31 100", "45 51.402"])
        (True, False)
    """
    whole, parted = [], 0
    for line in lines:
        if found := _WHOLE.fullmatch(line):
            whole.append(float(found[1]))
        elif not _POINT_WITHIN.fullmatch(line):
            return False
        else:
            parted += 1
    return bool(whole and parted) and max(whole) < 1000 and max(whole) not in (100, 999)


def _misread_of_three(rows: np.ndarray, parted: Sequence[re.Match[str]]) -> str:
    """Say so of lines with three numbers, ``(lines, 3)``; ``parted`` may be parted thousands."""
    first, second = rows[:, 0], rows[:, 1]
    places = np.arange(len(rows))
    if (first == places).all() or (first == places + 1).all():
        return NUMBERED_PEAKS
    relative = second * (rows[:, 2].max() / max(second.max(), 1e-12))
    if (abs(relative - rows[:, 2]) <= 1).all():
        return ""
    rises = len(rows) > 2 and (np.diff(second) > 0).all()
    steps = np.diff(rows, axis=1).min(1)
    lies = len(rows) == 2 and steps[0] > 0 > steps[1]  # m/z in one row, intensities in the other
    if len(rows) > 1 and ((first == first[0]).all() or rises or lies):
        return "which of three columns is m/z cannot be told"
    # A third column is seldom of three digits on all lines.
    if len(parted) == len(rows):
        return f"{PARTED_THOUSANDS} in {parted[0][0].strip()[:40]!r}"
    return ""


def leading_numbers(line: str) -> list[float]:
    """Return the numbers that a line begins with, with points or decimal commas.

    Example:
        >>> from nextims.formats.peak_text import leading_numbers
        >>> leading_numbers("31,02 999 CH3O 1")
        [31.02, 999.0]
    """
    numbers = []
    for word in line.split():
        word = word.replace(",", ".")
        if not _NUMBER_ALONE.fullmatch(word):
            break
        numbers.append(float(word))
    return numbers


def pairs_of_lists(values: Sequence[Any]) -> list[tuple[float, float]]:
    """Return the peaks of a list of m/z and one of intensities; none where these are no such two.

    Two of two or three numbers each are taken for peaks, as nearly all are.

    Example:
        >>> from nextims.formats.peak_text import pairs_of_lists
        >>> pairs_of_lists([[29, 31, 45, 46], [2, 999, 514, 216]])
        [(29.0, 2.0), (31.0, 999.0), (45.0, 514.0), (46.0, 216.0)]
    """
    are_lists = len(values) == 2 and all(isinstance(each, list | tuple) for each in values)
    if not are_lists or len(values[0]) != len(values[1]) or len(values[0]) < 4:
        return []
    if not all(isinstance(number, int | float) for each in values for number in each):
        return []
    if list(values[0]) != sorted(values[0]):  # two peaks, each with a third number
        return []
    return [(float(mz), float(height)) for mz, height in zip(*values, strict=True)]


def paired(mz: Sequence[Any], intensity: Sequence[Any]) -> list[tuple[float, float]]:
    """Return the peaks of m/z and intensities as JSON has them: numbers, or texts of such.

    Raises:
        ValueError: there are not as many of the one as of the other, or one is no number.

    Example:
        >>> from nextims.formats.peak_text import paired
        >>> paired([31, "45"], [999, 510.5])
        [(31.0, 999.0), (45.0, 510.5)]
    """
    if len(mz) != len(intensity):
        raise ValueError(f"{len(mz)} m/z, but {len(intensity)} intensities")
    return [(_number(x), _number(y)) for x, y in zip(mz, intensity, strict=True)]


def _number(value: Any) -> float:
    try:
        return float("" if isinstance(value, bool) else value)
    except (TypeError, ValueError, OverflowError):
        found = json.dumps(value, ensure_ascii=False, default=str)[:40]
        raise ValueError(f"expected a number, found {found}") from None


def may_be_within(lines: Iterable[str], mz: Sequence[float]) -> bool:
    """Say whether commas that were read as standing between numbers may stand within them.

    Args:
        lines: the peaks.
        mz: their m/z as they were read, which ascend in nearly all files.
    """
    return bool((np.diff(mz) < 0).any()) and any(
        decimal_commas(line) or _COMMAS_WITHIN.match(line) for line in lines
    )
