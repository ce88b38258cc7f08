"""MGF, as GNPS, mzmine and matchms write it.

The format: https://www.matrixscience.com/help/data_file_help.html

The reader is ours: pyteomics 5.0.1, with which matchms 0.33.1 reads MGF, stops at a damaged peak
(``4x5 510``), at ``31,999`` and at a peak with its formula (``31 999 CH3O``), and gives no line
number. It finds no block after ``begin ions``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..fields import says_nothing
from ..raw_record import RawRecord

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
    raw = None
    begun = 0  # line of what stands outside of all blocks
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text.startswith(_COMMENTS) or says_nothing(text):
            continue
        marker = " ".join(text.upper().split())
        if marker == "BEGIN IONS":
            if raw is not None:
                yield _finished(raw, "ends without END IONS")
            raw, begun = RawRecord(number), 0
        elif marker == "END IONS":
            if raw is None:
                yield RawRecord(begun or number, damage="END IONS without BEGIN IONS")
            else:
                yield _finished(raw)
            raw, begun = None, 0
        elif raw is None:
            begun = begun or number  # parameters of all blocks, where a BEGIN IONS follows
        elif "=" in text and not text[0].isdigit():
            name, _, value = text.partition("=")
            raw.add(name, value)
        else:
            raw.add_peak(text, number)
    if raw is not None:
        yield _finished(raw, "ends without END IONS")


def _finished(raw: RawRecord, damage: str = "") -> RawRecord:
    raw.spoil(damage)
    if not raw.peak_lines:
        raw.spoil("no peaks, which stand one on each line; found " + ", ".join(raw.fields)[:100])
    raw.add("id", raw.first("id", "scans", "featureid"))
    return raw
