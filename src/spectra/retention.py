"""The retention index: its scale, the kinds of column that it is of, and the value type."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from ..errors import UserError

STANDARD_NON_POLAR = "standard non-polar"
SEMI_STANDARD_NON_POLAR = "semi-standard non-polar"
MID_POLAR = "mid-polar"
POLAR = "polar"
UNKNOWN = ""
# n-Alkanes have 100 a carbon atom; nothing that passes a gas chromatograph lies outside of this.
LOWEST, HIGHEST = 100.0, 6000.0
# Names of columns in capitals without punctuation, the kind of each phase. 100 % dimethyl and 5 %
# phenyl polysiloxane are kept apart as in NIST's library (Babushok et al., J. Chromatogr. A 2007,
# 1157, 414); the equivalent phases are as the makers' tables of cross references list them.
_MAKES = "DB|HP|RTX|RXI|ZB|BPX?|VF|SPB|TG|AT|BR|MDN|PTE|EQUITY|INERTCAP|OV|CPSIL"
_PHASES = (
    (
        MID_POLAR,
        rf"MIDPOLAR|(?:{_MAKES})(?:17|50|35|1701|1301|624|225|210)(?!\d)"
        r"|[35][05]%?PHENYL|CYANOPROPYL",
    ),
    (POLAR, r"WAX|PEG|FFAP|BP20(?!\d)|POLYETHYLENEGLYCOL|^POLAR|STDPOLAR"),
    (
        SEMI_STANDARD_NON_POLAR,
        rf"SEMI|(?:{_MAKES})(?<!OV)(?<!CPSIL)(?:5(?!\d)|SIL5)"
        r"|SE5[24]|OV73|CPSIL8|ULTRA2|SLB5|(?:^|\D)5%?(?:DI)?PHENYL|SLIGHTLYPOLAR",
    ),
    (
        STANDARD_NON_POLAR,
        rf"STDNP|STANDARDNONPOLAR|(?:{_MAKES})1(?!\d)"
        r"|OV101|SE30|CPSIL5|ULTRA1|SP2100|DIMETHYL|^NONPOLAR|100%?METHYL",
    ),
)
_KINDS = tuple((kind, re.compile(pattern)) for kind, pattern in _PHASES)
# NIST's short names, as its libraries write them before the value.
NIST_NAMES = {
    STANDARD_NON_POLAR: "StdNP",
    SEMI_STANDARD_NON_POLAR: "SemiStdNP",
    POLAR: "StdPolar",
}


# What ``exported.remarks`` say, and NIST's form: value, deviation and number of measurements.
_TEXT = re.compile(r"\bindex (\d{3,4}) \(90 %: (\d{3,4})-(\d{3,4}), ([a-z -]{5,30})\)")
_NIST = re.compile(r"\b(SemiStdNP|StdNP|StdPolar|[snp])=(\d+(?:\.\d+)?)(?:/(\d+(?:\.\d+)?))?")
_NIST_KINDS = {name: kind for kind, name in NIST_NAMES.items()} | {
    "s": SEMI_STANDARD_NON_POLAR,
    "n": STANDARD_NON_POLAR,
    "p": POLAR,
}
_PREFERRED = (SEMI_STANDARD_NON_POLAR, STANDARD_NON_POLAR, POLAR)


class RetentionError(UserError):
    """A retention index, a retention time or a ladder that cannot be used."""


@dataclass(frozen=True)
class RetentionIndex:
    """The retention index of a compound by n-alkanes, 100 a carbon atom.

    Attributes:
        value: the index.
        low: lower end of the interval that holds it in nine of ten cases.
        high: upper end.
        column: kind of column, see ``column_kind``.

    Example:
        >>> from nextims.spectra.retention import RetentionIndex
        >>> str(RetentionIndex(1234.4, 1201.0, 1268.0))
        '1234 (90 %: 1201-1268, semi-standard non-polar)'
    """

    value: float
    low: float
    high: float
    column: str = SEMI_STANDARD_NON_POLAR

    def __str__(self) -> str:
        return f"{self.value:.0f} (90 %: {self.low:.0f}-{self.high:.0f}, {self.column})"

    @property
    def deviation(self) -> float:
        """Half of the interval as a standard deviation of a normal distribution."""
        return (self.high - self.low) / 2 / Z90

    @property
    def nist(self) -> str:
        """The index as NIST's libraries write it, of no measurement: ``SemiStdNP=1234/20/0``."""
        return f"{NIST_NAMES[self.column]}={self.value:.0f}/{self.deviation:.0f}/0"

    @classmethod
    def in_text(cls, text: str) -> RetentionIndex | None:
        """Return the index that a text tells of as ``remarks`` do; ``None`` without one."""
        found = _TEXT.search(text)
        return found and cls(float(found[1]), float(found[2]), float(found[3]), found[4])


Z90 = 1.6449  # a normal distribution's 95 % quantile


@lru_cache(maxsize=1024)
def column_kind(column: str) -> str:
    """Return which kind of column a name is of; ``""`` where that cannot be told.

    Example:
        >>> from nextims.spectra.retention import column_kind
        >>> column_kind("CP-SIL 8 CB LOW BLEED/MS"), column_kind("DB-1"), column_kind("DB-17MS")
        ('semi-standard non-polar', 'standard non-polar', 'mid-polar')
        >>> column_kind("my column")
        ''
    """
    name = re.sub(r"[^A-Z0-9%]", "", column.upper())
    return next((kind for kind, phases in _KINDS if phases.search(name)), UNKNOWN)


def check_index(value: float) -> float:
    """Return a retention index, checked that a compound can have it.

    Raises:
        RetentionError: it is not finite, or not from 100 (methane) to 6000.
    """
    if not (math.isfinite(value) and LOWEST <= value <= HIGHEST):
        raise RetentionError(
            f"a retention index of {value:g} cannot be; expected {LOWEST:g} (methane) to "
            f"{HIGHEST:g}, n-alkanes having 100 a carbon atom"
        )
    return value


def nist_index(text: str) -> tuple[float, float | None, str] | None:
    """Read NIST's form of an index: that on 5 % phenyl of several, with deviation and kind.

    Example:
        >>> from nextims.spectra.retention import nist_index
        >>> nist_index("SemiStdNP=1404/7/125 StdNP=1361/11/49 StdPolar=2568/15/128")
        (1404.0, 7.0, 'semi-standard non-polar')
    """
    found = {
        _NIST_KINDS[name]: (float(value), float(deviation) if deviation else None)
        for name, value, deviation in _NIST.findall(text)
    }
    kind = next((kind for kind in _PREFERRED if kind in found), None)
    return None if kind is None else (*found[kind], kind)
