"""The MSP text format of NIST and its many dialects, read record by record.

The format: the manual of NIST MS Search (version 2.4).

The reader is ours: matchms 0.33.1 stops at a damaged peak and at a record without ``Num Peaks``. Of
a record that announces a peak more than it has, and of the one behind it, it gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ..fields import (
    FEWER_PEAKS,
    SYNONYMS,
    field_name,
    of_subtag,
    says_nothing,
    unquoted,
)
from ..peak_text import (
    COMMAS_ARE_EITHER,
    NUMBER,
    PARTED_THOUSANDS,
    decimal_commas,
    may_be_within,
    misread_columns,
    pairs_on_lines,
    parted_by_points,
    peak_of,
    peaks_with_commas,
)
from ..raw_record import RawRecord, mass_of

# Between m/z and intensity, and between peaks, NIST takes any of these.
_DELIMITERS = r"[\s,;:()\[\]{}<>]"
# An intensity may be faulty, which costs that peak.
_INTENSITY = rf"(?:{NUMBER}|[-+]?(?:nan|NaN|inf|Inf))"
_PEAK_LINE = re.compile(rf"{_DELIMITERS}*{NUMBER}{_DELIMITERS}+{_INTENSITY}(?:{_DELIMITERS}|$)")
# Catalogue numbers may share a line: "CAS#: 64-17-5;  NIST#: 291264".
_NUMBERS_LINE = re.compile(r"\s*(?:CAS|NIST|DB|ID)#?\s*:", re.IGNORECASE)
_NEXT_FIELD = re.compile(r";\s*(?=(?:CAS|NIST|DB|ID)#?\s*:)", re.IGNORECASE)
_NAMES = ("name", "compoundname", "chname")
# After these an equals sign may stand for the colon.
_KNOWN = {name for names in SYNONYMS.values() for name in names}
# Of these a record has one each; where a block says another, it is of another compound.
_OF_COMPOUND = ("id", "smiles", "inchi", "inchikey", "formula", "cas")
_MASSES = ("nominalmass", "exactmass", "mw")
# Da; one and the same mass may be given in several ways.
_ROUNDING = 1.0
# "15,0235 200" and "43 9,990": no comma that stands between m/z and intensity.
_COMMA_IN_NUMBER = re.compile(r"\s*(?:\d+,\d+(?:\.\d+)?[ \t:]+\d|[\d.]+[ \t:]+\d+,\d)")
_COUNT = re.compile(r"(\d+)(?:\.0*)?\s*(?:\([^\d()]*\)|peaks?)?", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_BETWEEN_PEAKS = re.compile(rf"{_DELIMITERS}+")
_END_OF_PEAK = re.compile(r"[;()\[\]{}<>]+")
# The usual list: pairs of plain numbers, each ended by a semicolon or its line.
_PLAIN_PEAKS = re.compile(
    r"[ \t]*(?:[0-9]+(?:\.[0-9]+)?[ \t]+[0-9]+(?:\.[0-9]+)?[ \t]*[;\r\n][;\r\n \t]*)+"
)


@dataclass
class MspEntry(RawRecord):
    """One record as its lines say it.

    Attributes:
        encodings: what lines were taken for that are not UTF-8.
        at_end: it is the last of its file.
        is_cut: the file ends within a line of it, so that peaks may be missing.
        on_lines: each line is one peak, as far as its commas allow, though nothing counts them.
    """

    encodings: set[str] = field(default_factory=set)
    at_end: bool = False
    is_cut: bool = False
    on_lines: bool = False

    @property
    def has_its_peaks(self) -> bool:
        """Whether it has peaks, or says that it has none."""
        return bool(self.peak_lines) or self.fields.get("numpeaks") == ["0"]

    @property
    def says_it_is_empty(self) -> bool:
        """Whether it says, behind its name, that it has no peaks: nothing more is to come."""
        names = list(self.fields)
        before = names[: names.index("numpeaks")] if self.fields.get("numpeaks") == ["0"] else []
        return any(name in before for name in _NAMES)

    def is_of_another(self, name: str) -> bool:
        """Say whether a field that names a record is of the next one: this one has its own."""
        several = name == "chname" and not self.fields.get("numpeaks")  # MassBank gives synonyms
        return bool(self.peak_lines) or (name in self.fields and not several)

    def is_followed_by(self, later: MspEntry) -> bool:
        """Say whether fields after its peaks, without a name, are of another record."""
        if not later.fields:
            return False
        if later.fields.get("numpeaks"):
            return True
        for fact in _OF_COMPOUND:
            for name in SYNONYMS[fact]:
                own, other = self.fields.get(name), later.fields.get(name)
                if own and other and own != other:
                    return True
        return any(self._masses_differ(later, fact) for fact in _MASSES)

    def _masses_differ(self, later: MspEntry, fact: str) -> bool:
        own, other = mass_of(self.first(fact)), mass_of(later.first(fact))
        return own is not None and other is not None and abs(own - other) > _ROUNDING

    def take(self, later: MspEntry) -> None:
        """Take over the fields of a block that follows, where it has none of its own."""
        for name, values in later.fields.items():
            self.fields.setdefault(name, values)
        self.encodings |= later.encodings

    def peaks(self) -> np.ndarray:
        """Return m/z and intensity of each peak, shape ``(peaks, 2)``.

        Raises:
            ValueError: the list cannot be read, or ``Num Peaks`` gives another number.
        """
        if self.damage:
            raise ValueError(self.damage)
        announced = self.first("numpeaks")
        text = "\n".join([*self.peak_lines, ""])
        if _PLAIN_PEAKS.fullmatch(text):
            if "." in text and parted_by_points(self.peak_lines):
                raise ValueError(f"{PARTED_THOUSANDS} by points")
            values = list(map(float, text.replace(";", " ").split()))
            if not announced or announced == str(len(values) // 2):
                return np.array(values).reshape(-1, 2)
        if "," in text and (decimal := self._decimal_commas(announced)):
            return np.array(decimal)
        pairs = [pair for line in self.peak_lines for pair in _pairs(line)]
        if "," in text and may_be_within(self.peak_lines, [p[0] for p in pairs]):
            raise ValueError(COMMAS_ARE_EITHER)
        if announced and not announced.isdecimal():
            raise ValueError(f"Num Peaks says {announced!r}")
        if announced and int(announced) != len(pairs):
            # Numbers after m/z and intensity are annotations where one peak stands on each line.
            if any(map(_COMMA_IN_NUMBER.match, self.peak_lines)):
                raise ValueError(COMMAS_ARE_EITHER)
            first = [_pairs(line)[0] for line in self.peak_lines]
            if int(announced) == len(first):
                pairs = self._annotated(first)
            else:
                pairs = self._fewer_than(int(announced), pairs)
        elif len(pairs) == len(self.peak_lines):
            pairs = self._annotated(pairs)
        return np.array(pairs, dtype=np.float64).reshape(-1, 2)

    def _annotated(self, pairs: list[tuple[float, float]]) -> list[tuple[float, float]]:
        """Return peaks that stand one on each line, with numbers behind them or not.

        Raises:
            ValueError: the numbers may belong to the peak.
        """
        counted = self.first("numpeaks") == str(len(pairs))
        if reason := misread_columns(self.peak_lines, counted=counted):
            raise ValueError(reason)
        return pairs

    def _fewer_than(
        self, announced: int, pairs: list[tuple[float, float]]
    ) -> list[tuple[float, float]]:
        """Return all peaks where more are announced, as MS Search does, and note that.

        Raises:
            ValueError: fewer are announced, or what is missing may have been cut off, or stand
                among the numbers behind another peak.
        """
        with_commas = any(map(decimal_commas, self.peak_lines))
        numbers = sum(map(_is_number, _BETWEEN_PEAKS.split("\n".join(self.peak_lines))))
        left_out = numbers > 2 * len(pairs)
        if not pairs or announced < len(pairs) or with_commas or left_out or self.is_cut:
            raise ValueError(f"Num Peaks says {announced}, found {len(pairs)} peaks")
        self.notes += (FEWER_PEAKS,)
        return pairs

    def _decimal_commas(self, announced: str) -> list[tuple[float, float]]:
        """Return the peaks of lines like ``15,0235 200``; none where commas part numbers."""
        lines = [_QUOTED.sub(" ", line) for line in self.peak_lines]
        parts = [part for line in lines for part in line.split(";") if part.strip()]
        texts = next((each for each in (lines, parts) if announced == str(len(each))), [])
        if not announced and self.on_lines and pairs_on_lines(lines) is lines:
            # Where it is not known that a comma is none between peaks, each is to be beyond doubt.
            texts = lines if peaks_with_commas(lines) and all(map(peak_of, lines)) else []
        return peaks_with_commas(texts)


def read_msp(lines: Iterable[str], notes: set[str] | None = None) -> Iterator[MspEntry]:
    r"""Read the records of an MSP file, one at a time in memory.

    A blank line ends a record that has its peaks, or says that it has none; fields before the
    ``Name`` belong to the block that they stand in (matchms writes such). Without blank lines a
    record begins with its ``Name``, or with the fields after another record's peaks that have peaks
    of their own, or say another structure, formula or number; or with all of them, in a file whose
    first record has fields before its ``Name``. What ``Num Peaks`` says never decides
    where a record ends.

    Args:
        lines: the file's lines.
        notes: what is to be noted of the line read last, see ``decoded_lines``; it is emptied.

    Yields:
        Records with fields or peaks, well formed or not.

    Example:
        >>> from nextims.formats.msp.reading import read_msp
        >>> text = "Name: Water\r\nNum Peaks: 2\r\n17 212; 18 999;\r\n"
        >>> [entry.peaks().tolist() for entry in read_msp(text.splitlines())]
        [[[17.0, 212.0], [18.0, 999.0]]]
    """
    # Fields after a list of peaks: of this record, or of the next, whose name comes later or never.
    entry, later = MspEntry(1), MspEntry(1)
    parted = False  # by a blank line from a record that has its peaks
    waiting = False  # behind a blank line, for the peaks of a record or for the next record
    leading = False  # in this file fields of a record stand before its name
    for number, line in enumerate(lines, 1):
        target = entry
        if _PEAK_LINE.match(line):
            if waiting and later.fields and not entry.fields.get("numpeaks"):
                entry.take(later)
                later = MspEntry(number)
            elif later.fields and (parted or entry.is_followed_by(later)):
                yield entry
                entry, later, parted = later, MspEntry(number), False
            entry.peak_lines.append(line)
            waiting = False
        elif not line.strip():
            if later.fields and waiting and not entry.fields.get("numpeaks"):
                entry.take(later)
                later = MspEntry(number)
            elif entry.is_followed_by(later):
                yield entry
                entry, later = later, MspEntry(number)
            elif later.fields:  # a block of fields alone says more of the record above
                entry.take(later)
                later = MspEntry(number)
            parted = entry.has_its_peaks
            waiting = not parted and any(map(entry.fields.get, _NAMES))
        elif parts := _split_fields(line):
            for name, value in parts:
                if name in _NAMES and not entry.peak_lines and not parted:
                    leading |= bool(entry.fields) and not any(map(entry.fields.get, _NAMES))
                if name in _NAMES and (parted or entry.is_of_another(name)):
                    parted |= waiting
                    leading |= entry.is_followed_by(later)
                    if parted or leading:
                        following = later
                    else:
                        entry.take(later)
                        following = MspEntry(number)
                    if entry.fields or entry.peak_lines:
                        yield entry
                    entry, later, parted, waiting = following, MspEntry(number), False, False
                ended = parted or waiting or entry.peak_lines or entry.says_it_is_empty
                target = later if ended else entry
                if not target.fields:
                    target.line = number
                _add(target, name, value)
        elif not says_nothing(line) and (entry.peak_lines or entry.fields.get("numpeaks")):
            entry.spoil(f"unexpected line {line.strip()[:40]!r}")
        if notes:
            target.encodings |= notes
            notes.clear()
    entry.at_end = True
    if entry.is_followed_by(later):
        yield from (entry, later)
    elif entry.fields or entry.peak_lines:
        entry.take(later)
        yield entry


def _add(entry: MspEntry, name: str, value: str) -> None:
    if name == "numpeaks":
        # Peaks may begin on the same line.
        number, _, rest = value.partition(" ")
        if _PEAK_LINE.match(rest):
            value = number
            entry.peak_lines.append(rest)
        value = peak_count(value.rstrip(" ;,."))
    name, value = of_subtag(name, value)
    entry.fields.setdefault(name, []).append(unquoted(name, value))


def peak_count(text: str) -> str:
    """Return what ``Num Peaks`` says without what changes nothing: ``3.0`` and ``3 (relative)``.

    Example:
        >>> from nextims.formats.msp.reading import peak_count
        >>> peak_count("3.0"), peak_count("3 (of 20)")
        ('3', '3 (of 20)')
    """
    found = _COUNT.fullmatch(text.strip())
    return found[1] if found else text


def _split_fields(line: str) -> list[tuple[str, str]]:
    """Return normalised names and values of the fields on a line; none if it has no field."""
    texts = [line]
    if ";" in line and _NUMBERS_LINE.match(line):
        texts = _NEXT_FIELD.split(line)
    parts = []
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or ":" in name or field_name(name) not in _KNOWN:
            name, sign, value = text.partition(":")
        name = name.strip()
        if sign and name[:1].isalpha() and name[0].isascii():
            known = field_name(name)
            known = "numpeaks" if known in SYNONYMS["numpeaks"] else known
            parts.append((known, value.strip()))
    return parts


def begins_record(line: str) -> bool:
    """Say whether a line is a name or a number of peaks, as no other text than MSP begins.

    Example:
        >>> from nextims.formats.msp.reading import begins_record
        >>> begins_record("NPEAKS: 12"), begins_record("m/z: 31")
        (True, False)
    """
    return any(name in ("name", "numpeaks") for name, _ in _split_fields(line))


def _pairs(line: str) -> list[tuple[float, float]]:
    """Return the peaks on a line.

    Raises:
        ValueError: there is something that is neither peak nor annotation.
    """
    pairs = []
    segments = [part for part in _END_OF_PEAK.split(_QUOTED.sub(" ", line)) if part.strip()]
    if all(map(_is_number, segments)):  # as "27; 220", where NIST takes any delimiter between
        segments = [" ".join(segments)]
    for segment in segments:
        words = segment.replace(",", " ").replace(":", " ").split()
        if len(words) > 2 and (len(words) % 2 or not all(map(_is_number, words))):
            if _COMMA_IN_NUMBER.match(segment):
                raise ValueError(f"{COMMAS_ARE_EITHER} in {segment.strip()[:40]!r}")
            # A row of numbers is a row of peaks; with a word among them it is one annotated peak.
            words = words[:2]
        try:
            values = [float(word) for word in words]
            pairs += zip(values[::2], values[1::2], strict=True)
        except ValueError:
            raise ValueError(f"cannot read the peak {segment.strip()!r}") from None
    return pairs


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
