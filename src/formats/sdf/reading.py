"""SDF with spectra, in NIST's tags and in MoNA's.

The format: CTfile Formats, BIOVIA 2020; the tags are those that lib2nist writes.

The reader is ours: of a record whose structure RDKit 2026.09 rejects (five bonds at a carbon), its
suppliers give ``None``, without spectrum, name and line. They take a file that is cut off within
the peaks of its last record for whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..fields import field_name
from ..msp.reading import MspEntry, peak_count

_TAG = re.compile(r">[^<>]*<([^<>]+)>")
_PREDICTED = "predictedspectrum"  # NEIMS's
_PEAK_TAGS = {
    "eispectrum", "massspectralpeaks", "massspectrum", "mspeaks", "peaks", "spectrum", _PREDICTED,
}  # fmt: skip
_DRAWN = re.compile(r"\s*[-=_*~]{3,}\s*")
_END_OF_STRUCTURE, _END_OF_RECORD = "M  END", "$$$$"


def read_sdf(lines: Iterable[str]) -> Iterator[MspEntry]:
    r"""Read the records of an SDF, one at a time in memory.

    A structure that RDKit cannot read leaves the spectrum as it is. A record goes by its tag NAME,
    else by the title of its structure.

    Args:
        lines: the file's lines.

    Yields:
        Records, well formed or not; those without a spectrum too.

    Example:
        >>> from nextims.formats.sdf.reading import read_sdf
        >>> text = "water\n\n\n  0  0  0     0  0            999 V2000\nM  END\n"
        >>> text += ">  <MASS SPECTRAL PEAKS>\n17 212\n18 999\n\n$$$$\n"
        >>> [entry.peaks().tolist() for entry in read_sdf(text.splitlines())]
        [[[17.0, 212.0], [18.0, 999.0]]]
    """
    record: list[str] = []
    start = 1
    for number, line in enumerate(lines, start=1):
        if _DRAWN.fullmatch(line) and not any(record):  # between records
            record, start = [], number + 1
            continue
        if line.strip() != _END_OF_RECORD:
            record.append(line)
            continue
        yield _entry(record, start)
        record, start = [], number + 1
    if any(line.strip() for line in record):
        entry = _entry(record, start)
        entry.is_cut = True
        # All the same whole, where it has as many peaks as it says, and the blank line after them.
        if not entry.first("numpeaks") or record[-1].strip():
            entry.spoil("ends without $$$$")
        yield entry


def _entry(lines: list[str], start: int) -> MspEntry:
    entry = MspEntry(start, on_lines=True)
    end = next((i for i, line in enumerate(lines) if line.startswith(_END_OF_STRUCTURE)), -1)
    block = lines[: end + 1]
    if block[3:] and not re.match(r"\s*0\s", block[3]):  # it has atoms
        entry.fields["molblock"] = ["\n".join(block) + "\n"]
    _add_tags(entry, lines[end + 1 :])
    if not entry.first("name"):
        entry.fields["name"] = [lines[0].strip() if block else ""]
    if not entry.peak_lines and entry.first("numpeaks") != "0":
        entry.spoil("no MASS SPECTRAL PEAKS")
    return entry


def _add_tags(entry: MspEntry, lines: list[str]) -> None:
    name, values = "", 0
    for line in lines:
        # Below a tag stands a value, whatever it looks like.
        found = None if name and not values else _TAG.match(line)
        if found:
            name, values = field_name(found[1]), 0
        elif not line.strip():
            name = ""
        elif name:
            values += 1
            if name == _PREDICTED and not entry.peak_lines:
                entry.add("comment", "(predicted)")
            if name in _PEAK_TAGS:
                entry.peak_lines.append(line)
            else:
                entry.add(name, peak_count(line) if name == "numpeaks" else line)
