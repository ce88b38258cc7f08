"""MSP, as NIST's lib2nist imports it, and in the dialect of MS-DIAL."""

from __future__ import annotations

from ...spectra.ions import AnnotatedPeak
from ...spectra.prediction import PredictedSpectrum
from ..exported import (
    display_name,
    kept_fields,
    molecular_ion_mz,
    pairs_of,
    peak_lines,
    percent,
    remarks,
    single_line,
)

# Lengths that NIST's MS Search can hold (its manual, version 2.4).
NAME_LENGTH = 511
COMMENTS_LENGTH = 1023
FORMULA_LENGTH = 23
# Fields for what a list may say of a structure; RT is mzmine's, in minutes.
_FIELDS = {"cas": "CAS#", "retentionindex": "Retention_index", "retentiontime": "RT", "id": "ID"}
_OF_MSDIAL = {"retentionindex": "RETENTIONINDEX", "retentiontime": "RETENTIONTIME"}


def msp_record(result: PredictedSpectrum, model_name: str = "", *, with_id: bool = False) -> str:
    """Return a spectrum as NIST's lib2nist reads it: Name first, Num Peaks last, CRLF.

    A structure without a name goes by its SMILES. A formula or SMILES too long for its field is
    left out rather than cut. Where the ions are known, each peak has a comment, see
    ``peak_comment``.

    Args:
        result: the spectrum.
        model_name: what it says about the model.
        with_id: whether to give the line of the input as ID, by which lib2nist finds the MOL file
            of a record.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.formats.msp.writing import msp_record
        >>> msp_record(ethanol()).splitlines()[-4:]
        ['Num Peaks: 2', '31 999', '45 500', '']
    """
    molecule = result.molecule
    lines = [f"Name: {_nist_name(result)}"]
    if len(molecule.formula) <= FORMULA_LENGTH:
        lines.append(f"Formula: {molecule.formula}")
    lines += [f"MW: {molecule.nominal_mass}", f"ExactMass: {molecule.exact_mass:.6f}"]
    if molecule.inchikey:
        lines.append(f"InChIKey: {molecule.inchikey}")
    fields, others = kept_fields(result, _FIELDS, lambda index: index.nist)
    if with_id:  # which finds the MOL file of the record
        if own := fields.pop("ID", ""):
            others["ID"] = own
        fields["ID"] = str(result.identifier)
    lines += [f"{name}: {value}" for name, value in fields.items()]
    lines.append(f"Comments: {_nist_comments(result, model_name, pairs_of(others))}")
    return _record(lines, peak_lines(result, " ", _quoted_comment))


def msdial_record(result: PredictedSpectrum, model_name: str = "") -> str:
    r"""Return a spectrum in the fields that MS-DIAL reads, m/z and intensity parted by a tab.

    The precursor is the molecular ion. A retention index of -1 stands for none; MS-DIAL
    can match by it. Peak comments are as in ``msp_record``.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.formats.msp.writing import msdial_record
        >>> msdial_record(ethanol()).splitlines()[:3]
        ['NAME: ethanol', 'PRECURSORMZ: 46.04132', 'PRECURSORTYPE: [M]+']
    """
    molecule = result.molecule
    fields, others = kept_fields(result, _OF_MSDIAL)
    lines = [
        f"NAME: {display_name(result)}",
        f"PRECURSORMZ: {molecular_ion_mz(result):.5f}",
        "PRECURSORTYPE: [M]+",
        "IONMODE: Positive",
        *(f"{name}: {value}" for name, value in ({"RETENTIONINDEX": "-1"} | fields).items()),
        f"FORMULA: {molecule.formula}",
        f"SMILES: {molecule.smiles}",
        f"INCHIKEY: {molecule.inchikey}",
        "INSTRUMENTTYPE: EI (predicted)",
        "IONIZATION: EI+",
        f"COLLISIONENERGY: {result.energy:g}",
        f"COMMENT: {'; '.join([*remarks(result, model_name), *pairs_of(others)])}",
    ]
    return _record(lines, peak_lines(result, "\t", _quoted_comment))


# By the name of the dialect.
DIALECTS = {"nist": msp_record, "msdial": msdial_record}


def peak_comment(peak: AnnotatedPeak) -> str:
    """Return the ions of a peak as NIST's libraries write them into peak comments.

    NIST's tandem libraries write ``C7H7=p-H2O``, p being the precursor, and ``?`` for a peak that
    has no explanation; here M stands in p's place, and each share follows.

    Example:
        >>> from nextims.formats.msp.writing import peak_comment
        >>> from nextims.spectra.ions import AnnotatedPeak, Ion
        >>> tropylium = Ion("C7H7+", 91.0542, 0.87, "H", -1, 0, tuple(range(7)), "Cc1ccccc1")
        >>> peak_comment(AnnotatedPeak(91, 1.0, (tropylium,), 0.0, 0.13))
        'C7H7+=M-H 87%; ? 13%'
    """
    parts = [
        f"{ion.formula}={'M-' + ion.neutral_loss if ion.neutral_loss else 'M'} {percent(ion.share)}"
        for ion in peak.chief_ions()
    ]
    if peak.unexplained >= 0.005 or not parts:
        parts.append(f"? {percent(peak.unexplained)}")
    return "; ".join(parts)


def _quoted_comment(peak: AnnotatedPeak) -> str:
    return f'"{peak_comment(peak)}"'


def _record(lines: list[str], peaks: list[str]) -> str:
    return "\r\n".join([*lines, f"Num Peaks: {len(peaks)}", *peaks, "", ""])


def _nist_name(result: PredictedSpectrum) -> str:
    name = display_name(result)
    molecule = result.molecule
    if name == molecule.smiles and len(name) > NAME_LENGTH:
        name = molecule.inchikey or name
    return name.encode("utf-8")[:NAME_LENGTH].decode("utf-8", "ignore").rstrip()


def _nist_comments(result: PredictedSpectrum, model_name: str, others: list[str]) -> str:
    texts = _quotable([*remarks(result, model_name), *others])
    said, *further = (f'"{text}"' for text in texts)
    with_smiles = f'"SMILES={result.molecule.smiles}" {said}'
    comments = with_smiles if _fits(with_smiles) else said
    for remark in further:
        if _fits(f"{comments} {remark}"):
            comments += f" {remark}"
    return comments


def _quotable(texts: list[str]) -> list[str]:
    return [single_line(text).replace('"', "'") for text in texts]


def _fits(comments: str) -> bool:
    return len(comments.encode()) <= COMMENTS_LENGTH
