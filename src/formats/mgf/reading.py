"""MGF, as GNPS, mzmine and matchms write it.

A reader of our own, as matchms' stops at the first damaged peak and says no line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..fields import peak_of
from ..raw_record import RawRecord, add_field

_COMMENTS = ("#", ";", "!", "/")


def read_mgf(lines: Iterable[str]) -> Iterator[RawRecord]:
    r"""Read the blocks of an MGF file, one at a time in memory.

    A block without NAME goes by its TITLE. Whatever follows the intensity of a peak is left out.

    Args:
        lines: the file's lines.

    Yields:
        Blocks, well formed or not.

    Example:
        >>> from nextims.formats.mgf.reading import read_mgf
        >>> text = "BEGIN IONS\nTITLE=water\nCHARGE=1+\n17 212 1+\n18 999 1+\nEND IONS"
        >>> [raw.peaks().tolist() for raw in read_mgf(text.splitlines())]
        [[[17.0, 212.0], [18.0, 999.0]]]
    """
    raw, peaks = None, []
    begun = 0  # line of what stands outside of all blocks
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith(_COMMENTS):
            continue
        marker = " ".join(text.upper().split())
        if marker == "BEGIN IONS":
            if raw is not None:
                yield _finished(raw, peaks, "ends without END IONS")
            raw, peaks, begun = RawRecord(number), [], 0
        elif marker == "END IONS":
            if raw is None:
                yield RawRecord(begun or number, damage="END IONS without BEGIN IONS")
            else:
                yield _finished(raw, peaks)
            raw, begun = None, 0
        elif raw is None:
            begun = begun or number  # parameters of all blocks, where a BEGIN IONS follows
        elif "=" in text and not text[0].isdigit():
            name, _, value = text.partition("=")
            add_field(raw, name, value)
        else:
            try:
                peaks.append(peak_of(text))
            except ValueError as error:
                raw.damage = raw.damage or f"line {number}: {error}"
    if raw is not None:
        yield _finished(raw, peaks, "ends without END IONS")


def _finished(raw: RawRecord, peaks: list[tuple[float, float]], damage: str = "") -> RawRecord:
    raw.pairs = peaks
    raw.damage = raw.damage or damage
    if not raw.first("name"):
        raw.fields["name"] = raw.fields.get("title", [""])
    if not raw.identifier and (scans := raw.first("scans", "featureid")):
        raw.add("id", scans)
    return raw
