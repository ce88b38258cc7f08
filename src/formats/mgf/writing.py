"""MGF, with the parameters that matchms, GNPS and mzmine read."""

from __future__ import annotations

import re

from ...spectra.prediction import PredictedSpectrum
from ..exported import (
    display_name,
    kept_fields,
    molecular_ion_mz,
    numbered_name,
    peak_lines,
    remarks,
)

_FIELDS = {
    "cas": "CAS",
    "retentionindex": "RI",
    "retentiontime": "RTINSECONDS",
    "id": "SPECTRUMID",
    "column": "COLUMN",
}


def mgf_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return a spectrum as one block of MGF; the precursor is the molecular ion.

    TITLE, which readers take for a key, begins with the line of the input. INPUT_NAME is the column
    NAME of the input. The ions behind the peaks have no place in it.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.formats.mgf.writing import mgf_record
        >>> mgf_record(ethanol()).splitlines()[:3]
        ['BEGIN IONS', 'TITLE=1 ethanol', 'PEPMASS=46.04132']
    """
    molecule = result.molecule
    fields, others = kept_fields(result, _FIELDS)
    if minutes := fields.get("RTINSECONDS"):
        fields["RTINSECONDS"] = f"{60 * float(minutes):.7g}"
    parameters = {
        "TITLE": numbered_name(result),
        "PEPMASS": f"{molecular_ion_mz(result):.5f}",
        "CHARGE": "1+",
        "MSLEVEL": "1",
        "IONMODE": "positive",
        "ADDUCT": "[M]+",
        "SCANS": str(result.identifier),
        "NAME": display_name(result),
        "SMILES": molecule.smiles,
        "INCHIKEY": molecule.inchikey,
        "FORMULA": molecule.formula,
        "EXACTMASS": f"{molecule.exact_mass:.6f}",
        "MW": str(molecule.nominal_mass),
        "IONIZATION_ENERGY": f"{result.energy:g}",
        "COMMENT": "; ".join(remarks(result, model_name)),
        **fields,
        **{re.sub(r"\W+", "_", f"INPUT_{name}".upper()): text for name, text in others.items()},
    }
    lines = [f"{name}={value}" for name, value in parameters.items() if value]
    return "\n".join(["BEGIN IONS", *lines, *peak_lines(result), "END IONS", "", ""])
