"""Cells that no spreadsheet takes for a formula, and that are read back as they were.

A spreadsheet computes what begins with an equals sign, a sign or an at sign, commands of the system
among it; an apostrophe before it makes it text
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import re

# An apostrophe of one's own gets another, so that one can be taken off again.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def safe_cell(value: object) -> object:
    """Return a value as it is to be written: numbers as they are.

    Example:
        >>> from nextims.formats.csv.cells import safe_cell
        >>> safe_cell("=1+1"), safe_cell("-0.5"), safe_cell(-3), safe_cell("(-)-menthol")
        ("'=1+1", '-0.5', -3, '(-)-menthol')
    """
    if not isinstance(value, str) or not _FORMULA.match(value) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}"


def original_cell(text: str) -> str:
    """Return what ``safe_cell`` was given.

    Example:
        >>> from nextims.formats.csv.cells import original_cell
        >>> original_cell("'=1+1"), original_cell("5'-AMP"), original_cell("'tis")
        ('=1+1', "5'-AMP", "'tis")
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
