"""mzSpecLib 1.0, the text form of HUPO-PSI's spectral library, with mzPAF peak annotations."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...spectra.ions import AnnotatedPeak
from ...spectra.prediction import PredictedSpectrum
from ..exported import (
    Contents,
    display_name,
    energy_text,
    kept_fields,
    numbered_name,
    peak_lines,
    remarks,
    signature,
    single_line,
)

# True of every spectrum of ours.
_ALL_SPECTRA = (
    "MS:1003072|spectrum origin type=MS:1003074|predicted spectrum",
    "MS:1003065|spectrum aggregation type=MS:1003066|singleton spectrum",
    "MS:1000511|ms level=1",
    "MS:1000465|scan polarity=MS:1000130|positive scan",
    "MS:1000008|ionization type=MS:1000389|electron ionization",
)
_FIELDS = {
    "cas": "CAS number",
    "retentionindex": "retention index",
    "retentiontime": "retention time",
    "column": "column",
    "id": "id",
}


def mzspeclib_header(contents: Contents) -> str:
    """Return what stands above the spectra."""
    by = signature(contents.model_name)
    description = f"electron-ionization mass spectra predicted by {by}"
    lines = [
        "<mzSpecLib>",
        "MS:1003186|library format version=1.0",
        f"MS:1003188|library name={single_line(contents.library)}",
        f"MS:1003189|library description={single_line(description)}",
        "<AttributeSet Spectrum=all>",
        *_ALL_SPECTRA,
    ]
    return "\n".join([*lines, "", ""])


def mzspeclib_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return a spectrum as one entry of an mzSpecLib library; its key is the line of the input.

    The standard wants names unique, so the spectrum's begins with that key; the name as it was
    given is one of the analyte's attributes. Where the ions are known, each peak has them in
    mzPAF, see ``mzpaf``. The attribute ``input NAME`` is the column NAME of the input.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.formats.mzspeclib.writing import mzspeclib_record
        >>> mzspeclib_record(ethanol()).splitlines()[:2]
        ['<Spectrum=1>', 'MS:1003061|library spectrum name=1 ethanol']
    """
    molecule = result.molecule
    peaks = peak_lines(result, "\t", mzpaf)
    fields, others = kept_fields(result, _FIELDS)
    minutes = fields.pop(_FIELDS["retentiontime"], "")
    of_molecule = {
        "MS:1000866|molecular formula": molecule.formula,
        "MS:1001117|theoretical neutral mass": f"{molecule.exact_mass:.6f}",
        "MS:1000868|SMILES string": molecule.smiles,
        "MS:1002894|InChIKey": molecule.inchikey,
        "MS:1000041|charge state": "1",  # of the ions that the analyte gives
    }
    said = [("ionization energy", energy_text(result))]
    said += [("remark", text) for text in remarks(result, model_name)]
    said += [*fields.items(), *((f"input {name}", text) for name, text in others.items())]
    lines = [
        f"<Spectrum={result.identifier}>",
        f"MS:1003061|library spectrum name={numbered_name(result)}",
        f"MS:1003059|number of peaks={len(peaks)}",
        *_other_attributes(said),
        *(_retention_time(minutes, len(said) + 1) if minutes else ()),
        "<Analyte=1>",
        *(f"{term}={value}" for term, value in of_molecule.items() if value),
        *_other_attributes(
            [("name", display_name(result)), ("nominal mass", str(molecule.nominal_mass))]
        ),
        "<Peaks>",
        *peaks,
    ]
    return "\n".join([*lines, "", ""])


def mzpaf(peak: AnnotatedPeak) -> str:
    """Return the ions of a peak in HUPO-PSI's peak annotation format, with their shares.

    Example:
        >>> from nextims.formats.mzspeclib.writing import mzpaf
        >>> from nextims.spectra.ions import AnnotatedPeak, Ion
        >>> heavy = Ion("C6[13C]H4D3+", 95.0764, 0.12, "H", -1, 1, tuple(range(7)), "Cc1ccccc1")
        >>> mzpaf(AnnotatedPeak(95, 1.0, (heavy,), 0.0, 0.88))
        'f{C6[13C1]H4[2H3]}*0.12'
    """
    ions = (f"{_mzpaf_ion(ion.formula)}*{ion.share:.2f}" for ion in peak.chief_ions())
    return ",".join(ions) or "?"


def _mzpaf_ion(formula: str) -> str:
    """Return an ion's formula, the number of an isotope in its bracket, and a charge above 1."""
    formula, _, charge = formula.partition("+")
    # No element that we know has D or T in its symbol.
    formula = formula.replace("D", "[2H]").replace("T", "[3H]")
    formula = re.sub(r"\[(\d+[A-Z][a-z]?)\](\d*)", _with_number, formula)
    return f"f{{{formula}}}" + (f"^{charge}" if charge else "")


def _with_number(isotope: re.Match[str]) -> str:
    return f"[{isotope[1]}{isotope[2] or 1}]"


def _retention_time(minutes: str, group: int) -> list[str]:
    return [
        f"[{group}]MS:1000894|retention time={minutes}",
        f"[{group}]UO:0000000|unit=UO:0000031|minute",
    ]


def _other_attributes(attributes: Iterable[tuple[str, str]]) -> list[str]:
    lines = []
    for group, (name, value) in enumerate(attributes, start=1):
        lines += [
            f"[{group}]MS:1003275|other attribute name={name}",
            f"[{group}]MS:1003276|other attribute value={value}",
        ]
    return lines
