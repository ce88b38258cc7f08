"""Records of which it is known that their library names another structure than the one measured."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Correction(NamedTuple):
    """What was measured.

    Attributes:
        structure: its SMILES.
        reason: what it is, and in parentheses how that was found: the record's title says so, or
            its peaks do.
    """

    structure: str
    reason: str


@cache
def known_corrections() -> dict[str, Correction]:
    """Return the corrections by the records' accessions, those of ``corrections.tsv``.

    Example:
        >>> from nextims.data.library.corrections import known_corrections
        >>> known_corrections()["MSBNK-GL_Sciences_Inc-GLS00004"].reason
        '2TMS derivative (title)'
    """
    table = files(__package__).joinpath("corrections.tsv").read_text(encoding="ascii")
    rows = csv.DictReader(table.splitlines(), delimiter="\t")
    return {row["accession"]: Correction(row["structure"], row["reason"]) for row in rows}
