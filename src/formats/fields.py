"""Fields as text: the names of a fact in all formats, energies, times."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize

from ..spectra.retention import column_kind
from .peak_text import NUMBER

# What libraries write where they have nothing to say.
_NOT_GIVEN = {"", "n/a", "na", "nan", "none", "null", "-", "?", "unknown", "not available"}
# How longer texts begin that say so.
_BEGINS_NOT_GIVEN = ("in progress", "no smiles", "no inchi", "not given", "not available")
# "70", "70 eV", "70eV", "70.0 V", "70 (nominal)", "EI 70 eV"; a second number makes it ambiguous.
_ENERGY = re.compile(
    r"(?:[a-z]+[:= ]*)?(?P<value>\d+(?:[.,]\d+)?)\s*(?P<unit>ev|kev|v|volts?)?\.?\s*"
    r"(?:\([^\d)]*\))?",
    re.IGNORECASE,
)
# Names of one and the same fact in all formats and dialects, see ``field_name``; the first are
# preferred where a record has several.
# fmt: off
SYNONYMS = {
    "adduct": ("precursortype", "adduct"),
    "cas": ("cas", "casno", "casrn", "casnumber", "casregistryno", "casregistrynumber"),
    "column": ("column", "columnname", "gccolumn", "inputcolumn"),
    "comment": ("comments", "comment", "origin", "remarks", "remark", "description"),
    "exactmass": ("exactmass", "chexactmass", "totalexactmass", "monoisotopicmass", "parentmass"),
    "formula": (
        "formula", "molecularformula", "formulasmiles", "form", "chformula", "chemicalformula",
        "molformula", "molform",
    ),
    # One kind of number a record: those of different kinds overlap, and would find the MOL files
    # of other compounds.
    "id": ("id", "db", "nist", "nistno", "nistmassspecno", "spectrumid", "accession"),
    "inchi": (
        "inchi", "stdinchi", "standardinchi", "inchicode", "computedinchi", "chiupac",
        "iupacinchi", "inchistring",
    ),
    "inchikey": (
        "inchikey", "stdinchikey", "standardinchikey", "inchiaux", "inchikeysmiles",
        "inchikeyinchi",
    ),
    "instrument": (
        "instrument", "acinstrument", "instrumenttype", "acinstrumenttype", "sourceinstrument",
        "spectrometerdatasystem",
    ),
    "instrumenttype": ("instrumenttype", "acinstrumenttype"),
    "ionization": (
        "ionization", "ionizationmode", "ionizationmethod", "ionisation", "ionisationmode",
        "ionisationmethod", "ionsource",
    ),
    "ionizationenergy": ("ionizationenergy", "ionisationenergy", "electronenergy", "energy"),
    "ionmode": ("ionmode", "polarity", "scanpolarity", "ionpolarity"),
    "licence": ("license", "licence"),
    "molblock": ("molblock", "molfile"),
    "mslevel": ("spectrumtype", "mslevel", "mstype"),
    "mw": ("mw", "molecularweight", "molweight", "molwt"),
    "name": (
        "name", "compoundname", "chname", "compound", "metabolitename", "chemicalname", "substance",
        "title",
    ),
    "numpeaks": (
        "numpeaks", "numpeak", "npeaks", "nopeaks", "numberofpeaks", "numofpeaks", "peakcount",
        "pknumpeak",
    ),
    # In minutes, as far as the name tells.
    "retentiontime": ("retentiontime", "rt", "rettime", "retentiontimemin", "rettimemin", "rtmin"),
    "retentionseconds": (
        "rtinseconds", "retentiontimeseconds", "retentiontimesec", "retentiontimes", "rettimesec",
        "rettimes", "rtseconds", "rtsec", "rts",
    ),
    # The last is that of a list, beside the predicted one.
    "retentionindex": (
        "retentionindex", "kovatsrti", "kovatsindex", "ri", "inputretentionindex",
    ),
    "smiles": (
        "smiles", "canonicalsmiles", "isomericsmiles", "connectivitysmiles", "computedsmiles",
        "chsmiles", "smilescanonical", "smilesisomeric", "smiles2d", "originalsmiles",
        "pubchemsmiles", "cxsmiles",
    ),
    "source": ("source", "library"),
}
# fmt: on
RETENTION_TIMES = SYNONYMS["retentiontime"] + SYNONYMS["retentionseconds"]
# What is read of the columns of a list that our own files have beside what was predicted.
KEPT_RETENTION = RETENTION_TIMES + SYNONYMS["retentionindex"] + SYNONYMS["column"]
_TIME = re.compile(
    r"(\d+(?:[.,]\d*)?|\.\d+)\s*(?:(s)(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?)?\.?", re.IGNORECASE
)
# "1234.5", "1,234", "1234,5", "1234 iu", "1234 (DB-5)".
_RETENTION_INDEX = re.compile(
    rf"(?:({NUMBER})|([1-9]),(\d{{3}}(?:\.\d+)?)|(\d{{3,4}}),(\d+))\s*(?:i\.?u\.?)?\s*"
    r"(?:[(\[]([^()\[\]]*)[)\]])?",
    re.IGNORECASE,
)
# Tags of MassBank that begin with the name of what they say.
_SUBTAGS = {
    "acmassspectrometry": {"mstype", "ionmode", "ionization", "ionizationenergy"},
    "chlink": {"inchikey", "cas"},
}
# Notes: the number of peaks that a record gives is too large; a few peaks are impossible.
FEWER_PEAKS = "fewer peaks than the record says it has"
FAULTY_PEAKS = "peaks that are negative or not finite left out"
NAMELESS = "neither name nor structure"
UNREADABLE_INDEX = "retention index cannot be read, taken as not given"
IMPOSSIBLE_INDEX = "retention index that no compound has, taken as not given"
FAULTY_INDICES = (UNREADABLE_INDEX, IMPOSSIBLE_INDEX)
NO_BASE_PEAK = "the base peak is missing"
# Blank lines, comments, and lines between records.
_SAYS_NOTHING = re.compile(r"\s*(?:(?:#|//).*|[-=_*~]{3,}\s*)?", re.DOTALL)
_PUNCTUATION = re.compile(r"[\W_]")


def says_nothing(line: str) -> bool:
    """Say whether a line is blank, a comment, or one drawn between records.

    Example:
        >>> from nextims.formats.fields import says_nothing
        >>> says_nothing("# mine"), says_nothing("------"), says_nothing("- 5")
        (True, True, False)
    """
    return _SAYS_NOTHING.fullmatch(line) is not None


@lru_cache(maxsize=1024)
def field_name(text: str) -> str:
    """Return a field's name in lower case without punctuation and accents, which differ.

    Example:
        >>> from nextims.formats.fields import field_name
        >>> field_name("CAS#"), field_name("RETENTION_INDEX"), field_name("Intensität")
        ('cas', 'retentionindex', 'intensitat')
    """
    # Taken apart, an accent is a sign of its own, and no letter.
    return _PUNCTUATION.sub("", normalize("NFKD", text.lower()))


def is_given(text: str) -> bool:
    """Say whether a field holds something other than ``N/A`` and its like.

    Example:
        >>> from nextims.formats.fields import is_given
        >>> is_given("N/A"), is_given("CCO")
        (False, True)
    """
    text = text.strip().lower()
    return text not in _NOT_GIVEN and not text.startswith(_BEGINS_NOT_GIVEN)


def is_identifier(text: str) -> bool:
    """Say whether a text tells a record from others; ``0`` stands where there is no number.

    Example:
        >>> from nextims.formats.fields import is_identifier
        >>> is_identifier("0"), is_identifier("291264")
        (False, True)
    """
    return is_given(text) and text.strip("0 ") != ""


def of_subtag(name: str, text: str) -> tuple[str, str]:
    """Return name and value of a field, by the subtag where it is a tag of MassBank with such.

    Example:
        >>> from nextims.formats.fields import of_subtag
        >>> of_subtag("acmassspectrometry", "MS_TYPE MS2"), of_subtag("smiles", "CCO")
        (('mstype', 'MS2'), ('smiles', 'CCO'))
    """
    if name not in _SUBTAGS:
        return name, text
    subtag, _, value = text.strip().partition(" ")
    subtag = field_name(subtag)
    return (subtag, value.strip()) if subtag in _SUBTAGS[name] else (name, text)


def unquoted(name: str, text: str) -> str:
    """Return the value of a field without quotes around it; in comments they hold a pair together.

    Example:
        >>> from nextims.formats.fields import unquoted
        >>> unquoted("smiles", '"CCO"')
        'CCO'
    """
    is_quoted = len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]
    is_pair = name in SYNONYMS["comment"] and "=" in text
    return text[1:-1] if is_quoted and not is_pair else text


def parse_energy(text: str) -> float | None:
    """Read an ionization energy.

    Args:
        text: such as ``70 eV``, ``70eV``, ``70 (nominal)`` or ``70``; volts count as eV.

    Returns:
        Energy in eV; ``None`` where the text says that it is not given.

    Raises:
        ValueError: the text is not one energy above 0 (a range or a ramp, say).

    Example:
        >>> from nextims.formats.fields import parse_energy
        >>> parse_energy("70eV"), parse_energy("N/A")
        (70.0, None)
    """
    if not is_given(text):
        return None
    found = _ENERGY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not an energy: {text!r}")
    energy = float(found["value"].replace(",", "."))
    if (found["unit"] or "").lower() == "kev":
        energy *= 1000
    if energy <= 0:
        raise ValueError(f"not an energy: {text!r}")
    return energy


def minutes_of(name: str, text: str) -> float | None:
    """Return a retention time in minutes, ``None`` where a field gives none.

    Args:
        name: of the field, see ``field_name``: it may say that the time is in seconds.
        text: its value, with a unit or without.

    Example:
        >>> from nextims.formats.fields import minutes_of
        >>> minutes_of("rt", "5,23"), minutes_of("retentiontime", "150 s")
        (5.23, 2.5)
        >>> minutes_of("rtinseconds", "150-153"), minutes_of("rt", "-1")
        (2.5, None)
    """
    if name not in RETENTION_TIMES:
        return None
    in_seconds = name in SYNONYMS["retentionseconds"]
    if in_seconds:  # of scans put together MGF gives several, or a range
        text = re.split("[,-]", text)[0]
    found = _TIME.fullmatch(text.strip(" ;,"))
    if found is None:
        return None
    time = float(found[1].replace(",", "."))
    seconds = found[2] or (in_seconds and found[0] == found[1])
    return round(time / 60 if seconds else time, 6) or None


def parse_index(text: str) -> tuple[float, str] | None:
    """Read a retention index, and the column where it is named behind it in brackets.

    Returns:
        The two, ``""`` for no column; ``None`` where the text is no one index.

    Example:
        >>> from nextims.formats.fields import parse_index
        >>> parse_index("1,234"), parse_index("1234,5"), parse_index("1404 (DB-5)")
        ((1234.0, ''), (1234.5, ''), (1404.0, 'DB-5'))
        >>> parse_index("1234/1250") is None
        True
    """
    found = _RETENTION_INDEX.fullmatch(text)
    if found is None:
        return None
    plain, thousands, rest, whole, decimals, column = found.groups(default="")
    index = plain or thousands + rest or f"{whole}.{decimals}"
    return float(index), column if column_kind(column) else ""


def noted_energy(text: str) -> tuple[float | None, tuple[str, ...]]:
    """Return an ionization energy in eV, see ``parse_energy``, and what is to be noted about it.

    Example:
        >>> from nextims.formats.fields import noted_energy
        >>> noted_energy("10-70 eV")
        (None, ('energy cannot be read, taken as not given',))
    """
    try:
        return parse_energy(text), ()
    except ValueError:
        return None, ("energy cannot be read, taken as not given",)
