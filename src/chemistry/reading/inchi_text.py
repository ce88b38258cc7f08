"""What an InChI looks like. Imports no RDKit, so that lists are told apart without it."""

from __future__ import annotations

import re

INCHI = "InChI="
# Spreadsheets and programs change its case, or leave its name out.
ANY_INCHI = re.compile(r"(InChI=)?(1S?)/(?=[^/]*[a-z])", re.IGNORECASE)


def is_inchi(text: str) -> bool:
    """Say whether a text begins as an InChI, in letters of any case and with its name or without.

    Example:
        >>> from nextims.chemistry.reading.inchi_text import is_inchi
        >>> [is_inchi(text) for text in ("InChI=1S/CH4/h1H4", "inchi=1s/CH4/h1H4", "1S/CH4/h1H4")]
        [True, True, True]
        >>> is_inchi("CCO")
        False
    """
    return bool(ANY_INCHI.match(text))
