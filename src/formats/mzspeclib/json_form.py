"""mzSpecLib 1.0 in JSON, the other form of HUPO-PSI's spectral library.

The format: https://github.com/HUPO-PSI/mzSpecLib, mzSpecLib_json.schema.json
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..peak_text import paired
from ..raw_record import RawRecord
from .reading import Attributes, LibrarySpectrum

_SETS = {"Spectrum": "spectrum_attribute_sets", "Analyte": "analyte_attribute_sets"}


def is_library(values: Any) -> bool:
    """Say whether an object of JSON is a library of this form."""
    return isinstance(values, dict) and isinstance(values.get("spectra"), list)


def spectra_of_library(values: Mapping[str, Any], line: int) -> Iterator[RawRecord]:
    """Yield the spectra of a library, well formed or not.

    Args:
        values: the library.
        line: where it begins in its file.

    Example:
        >>> from nextims.formats.mzspeclib.json_form import spectra_of_library
        >>> spectrum = {"attributes": [], "mzs": [17, 18], "intensities": [212, 999]}
        >>> [raw.peaks().tolist() for raw in spectra_of_library({"spectra": [spectrum]}, 1)]
        [[[17.0, 212.0], [18.0, 999.0]]]
    """
    sets = {
        (kind, name): _attributes(terms)
        for kind, key in _SETS.items()
        for name, terms in _mapping(values.get(key)).items()
    }
    for number, each in enumerate(values["spectra"], start=1):
        spectrum = LibrarySpectrum(line, has_peaks=True)
        each = _mapping(each)
        spectrum.sections.append(("Spectrum", _attributes(each.get("attributes"))))
        for analyte in _mapping(each.get("analytes")).values():
            terms = _mapping(analyte).get("attributes")
            spectrum.sections.append(("Analyte", _attributes(terms)))
        mz, intensity = each.get("mzs"), each.get("intensities")
        try:
            if not (isinstance(mz, list) and isinstance(intensity, list)):
                found = ", ".join(each)[:100] or "nothing"
                raise ValueError(
                    f"expected lists of mzs and intensities, as mzSpecLib has them, found {found}; "
                    "spectra in another form are to stand in an array without a name"
                )
            spectrum.pairs = paired(mz, intensity)
        except ValueError as error:
            spectrum.spoil(f"spectrum {number}: {error}")
        yield spectrum.finished(sets)


def _attributes(terms: Any) -> Attributes:
    attributes = Attributes()
    for term in terms if isinstance(terms, list) else []:
        term = _mapping(term)
        value = str(term.get("value", ""))
        if accession := term.get("value_accession"):
            value = f"{accession}|{value}"
        group = term.get("cv_param_group")
        attributes.add(None if group is None else str(group), str(term.get("accession")), value)
    return attributes


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
