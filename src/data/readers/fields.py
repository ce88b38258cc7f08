"""The names that programs give to one and the same field, and peaks written as text."""

from __future__ import annotations

import re

from ..raw_record import RawRecord, field_name
from ..record import is_given

# Names of MGF, JSON and tables → those of MSP, see ``RawRecord``.
_NAMES_OF_MSP = {
    "accession": "id",
    "compound": "name",
    "compoundname": "name",
    "computedinchi": "inchi",
    "computedsmiles": "smiles",
    "description": "comment",
    "energy": "ionizationenergy",
    "formulasmiles": "formula",
    "inchiaux": "inchikey",
    "inchikeyinchi": "inchikey",
    "inchikeysmiles": "inchikey",
    "ionsource": "ionization",
    "molecularformula": "formula",
    "molfile": "molblock",
    "parentmass": "exactmass",
    "polarity": "ionmode",
    "remark": "comment",
    "spectrumid": "id",
    "totalexactmass": "exactmass",
}
_PEAK_PARTS = re.compile(r"[\s,;:]+")


def add_field(raw: RawRecord, name: str, value: object) -> None:
    """Add a field of another format than MSP under the name that MSP gives it.

    What says nothing (``N/A``) is left out, and so are quotes around a value.

    Example:
        >>> from nextims.data.raw_record import RawRecord
        >>> from nextims.data.readers.fields import add_field
        >>> raw = RawRecord(1)
        >>> add_field(raw, "COMPOUND_NAME", "ethanol")
        >>> raw.first("name")
        'ethanol'
    """
    name = field_name(name)
    name = _NAMES_OF_MSP.get(name, name)
    if name == "predictedby":
        name, value = "comment", f"predicted by {value}"
    text = "" if value is None else str(value)
    if name != "molblock":
        text = text.strip()
        if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1]:
            text = text[1:-1]
    if name == "name" or is_given(text):
        raw.fields.setdefault(name, []).append(text)


def peak_of(text: str) -> tuple[float, float]:
    """Read m/z and intensity, whatever stands between and after them.

    Raises:
        ValueError: there are not two numbers.

    Example:
        >>> from nextims.data.readers.fields import peak_of
        >>> peak_of("31.0178 999 CH3O+")
        (31.0178, 999.0)
    """
    parts = _PEAK_PARTS.split(text.strip(), maxsplit=2)
    try:
        return float(parts[0]), float(parts[1])
    except (ValueError, IndexError):
        raise ValueError(f"cannot read the peak {text.strip()[:40]!r}") from None
