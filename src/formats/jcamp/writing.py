"""JCAMP-DX for mass spectrometry (Lampen et al., Appl. Spectrosc. 1994, 48, 1545)."""

from __future__ import annotations

import re

from ...spectra.prediction import PredictedSpectrum
from ..exported import display_name, kept_fields, peak_lines, remarks

# The standard asks for lines of at most 80 characters.
_PEAKS_A_LINE = 5
_FIELDS = {
    "cas": "CAS REGISTRY NO",
    "retentionindex": "$RETENTION INDEX",
    "retentiontime": "$RETENTION TIME",
    "column": "$COLUMN",
    "id": "$ID",
}


def jcamp_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return a spectrum as one block of JCAMP-DX, a peak table of pairs, with CRLF.

    Labels that begin with ``$`` are ours; ``$INPUT NAME`` is the column NAME of the input. The ions
    behind the peaks have no place in it.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.formats.jcamp.writing import jcamp_record
        >>> jcamp_record(ethanol()).splitlines()[-4:]
        ['##NPOINTS=2', '##PEAK TABLE=(XY..XY)', '31,999 45,500', '##END=']
    """
    molecule = result.molecule
    by, *further = remarks(result, model_name)
    peaks = peak_lines(result, ",")
    fields, others = kept_fields(result, _FIELDS)
    labels = {
        "TITLE": display_name(result),
        "JCAMP-DX": "5.00",
        "DATA TYPE": "MASS SPECTRUM",
        "DATA CLASS": "PEAK TABLE",
        "ORIGIN": by,
        "OWNER": "not stated",
        "SPECTROMETER/DATA SYSTEM": by,
        ".IONIZATION MODE": "EI+",
        ".IONIZATION ENERGY": f"{result.energy:g}",
        "NAMES": display_name(result),
        "MOLFORM": " ".join(re.findall(r"[A-Z][a-z]?\d*|[+-]\d*", molecule.formula)),
        "MW": str(molecule.nominal_mass),
        "$EXACT MASS": f"{molecule.exact_mass:.6f}",
        "$INCHIKEY": molecule.inchikey,
        "$SMILES": molecule.smiles,
        "$REMARKS": "; ".join(further),
        **fields,
        **{f"$INPUT {re.sub(r'[=$]+', ' ', name)}": value for name, value in others.items()},
        "XUNITS": "M/Z",
        "YUNITS": "RELATIVE ABUNDANCE",
        "XFACTOR": "1",
        "YFACTOR": "1",
        "NPOINTS": str(len(peaks)),
        "PEAK TABLE": "(XY..XY)",
    }
    lines = [f"##{label}={_value(value)}" for label, value in labels.items() if value]
    for start in range(0, len(peaks), _PEAKS_A_LINE):
        lines.append(" ".join(peaks[start : start + _PEAKS_A_LINE]))
    return "\r\n".join([*lines, "##END=", ""])


def _value(text: str) -> str:
    return re.sub(r"\$(?=\$)", "$ ", text)  # two of them begin a comment
