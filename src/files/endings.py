"""Which kind a file is, by the ending of its name."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

# Spreadsheets, which nothing here reads, and what is said of them.
WORKBOOKS = (".xls", ".xlsx", ".xlsm", ".ods")
WORKBOOK = "a workbook; save the sheet as .csv"


def known_ending(path: str | Path, endings: Collection[str]) -> str:
    """Return which of these endings a file's name has, else its last one, in lower case.

    Example:
        >>> from nextims.files.endings import known_ending
        >>> known_ending("terpenes.mzSpecLib.txt", [".txt", ".mzspeclib.txt"])
        '.mzspeclib.txt'
    """
    path = Path(path)
    name = path.name.lower()
    known = (each for each in endings if name.endswith(each) and name != each)
    return max(known, key=len, default=path.suffix.lower())
