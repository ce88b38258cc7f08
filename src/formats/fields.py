"""Fields and peaks as text: the names of a fact in all formats, energies, numbers."""

from __future__ import annotations

import re

# What libraries write where they have nothing to say.
_NOT_GIVEN = {"", "n/a", "na", "nan", "none", "null", "-", "?", "unknown", "not available"}
# "70", "70 eV", "70eV", "70.0 V", "70 (nominal)", "EI 70 eV"; a second number makes it ambiguous.
_ENERGY = re.compile(
    r"(?:[a-z]+[:= ]*)?(?P<value>\d+(?:[.,]\d+)?)\s*(?P<unit>ev|kev|v|volts?)?\.?\s*"
    r"(?:\([^\d)]*\))?",
    re.IGNORECASE,
)
# Names of one and the same fact in all formats and dialects, see ``field_name``; the first are
# preferred where a record has several.
SYNONYMS = {
    "adduct": ("precursortype", "adduct"),
    "cas": ("cas", "casno", "casrn", "casregistryno"),
    "column": ("column", "columnname", "gccolumn"),
    "comment": ("comments", "comment", "origin", "remarks", "remark", "description"),
    "exactmass": ("exactmass", "totalexactmass", "parentmass"),
    "formula": ("formula", "molecularformula", "formulasmiles", "form", "chformula"),
    # One kind of number a record: those of different kinds overlap, and would find the MOL files
    # of other compounds.
    "id": ("id", "db", "nist", "nistno", "nistmassspecno", "spectrumid", "accession"),
    "inchi": ("inchi", "stdinchi", "inchicode", "computedinchi", "chiupac"),
    "inchikey": ("inchikey", "stdinchikey", "inchiaux", "inchikeysmiles", "inchikeyinchi"),
    "instrument": ("instrument", "instrumenttype", "sourceinstrument", "spectrometerdatasystem"),
    "ionization": ("ionization", "ionizationmode", "ionsource"),
    "ionizationenergy": ("ionizationenergy", "electronenergy", "energy"),
    "ionmode": ("ionmode", "polarity"),
    "licence": ("license", "licence"),
    "molblock": ("molblock", "molfile"),
    "mslevel": ("spectrumtype", "mslevel", "mstype"),
    "mw": ("mw", "molecularweight"),
    "name": ("name", "compoundname", "chname", "compound", "title"),
    "retentionindex": ("retentionindex", "kovatsrti", "kovatsindex", "ri"),
    "smiles": ("smiles", "canonicalsmiles", "computedsmiles", "chsmiles"),
    "source": ("source", "library"),
}
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_PUNCTUATION = re.compile(r"[^a-z0-9]")
_DECIMAL_COMMAS = re.compile(
    r"\s*(\d+(?:[.,]\d+)?)[ \t;]+(\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)(?![\d.,])"
)
_PEAK_PARTS = re.compile(r"[\s,;:]+")


def peak_of(text: str) -> tuple[float, float]:
    """Read m/z and intensity, whatever stands between and after them.

    Raises:
        ValueError: there are not two numbers.

    Example:
        >>> from nextims.formats.fields import peak_of
        >>> peak_of("31.0178 999 CH3O+")
        (31.0178, 999.0)
    """
    if found := decimal_commas(text):
        return found
    parts = _PEAK_PARTS.split(text.strip(), maxsplit=2)
    try:
        return float(parts[0]), float(parts[1])
    except (ValueError, IndexError):
        raise ValueError(f"cannot read the peak {text.strip()[:40]!r}") from None


def decimal_commas(text: str) -> tuple[float, float] | None:
    """Read m/z and intensity where white space parts them and a comma stands for the point.

    Returns:
        The two, ``None`` where a comma stands between numbers, or there is none.

    Example:
        >>> from nextims.formats.fields import decimal_commas
        >>> decimal_commas("15,0235 200"), decimal_commas("15,200")
        ((15.0235, 200.0), None)
    """
    found = _DECIMAL_COMMAS.match(text)
    if found is None or "," not in found[0]:
        return None
    mz, intensity = (float(number.replace(",", ".")) for number in found.groups())
    return mz, intensity


def field_name(text: str) -> str:
    """Return a field's name in lower case without punctuation, in which the dialects differ.

    Example:
        >>> from nextims.formats.fields import field_name
        >>> field_name("CAS#"), field_name("RETENTION_INDEX")
        ('cas', 'retentionindex')
    """
    return _PUNCTUATION.sub("", text.lower())


def is_given(text: str) -> bool:
    """Say whether a field holds something other than ``N/A`` and its like.

    Example:
        >>> from nextims.formats.fields import is_given
        >>> is_given("N/A"), is_given("CCO")
        (False, True)
    """
    return text.strip().lower() not in _NOT_GIVEN


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
