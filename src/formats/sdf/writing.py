"""Structures drawn in two dimensions: MOL files, and SDF with NIST's tags of the spectrum."""

from __future__ import annotations

from rdkit import Chem
from rdkit.Chem import rdDepictor

from ...spectra.prediction import PredictedSpectrum
from ..exported import (
    display_name,
    energy_text,
    free_names,
    index_text,
    peak_lines,
    remarks,
    single_line,
)
from ..fields import SYNONYMS, field_name

# Of the title line of a MOL file.
_TITLE_LENGTH = 80
_END_OF_RECORD = "$$$$"
_OF_INDEX = set(SYNONYMS["retentionindex"])


def mol_block(result: PredictedSpectrum) -> str:
    """Return the structure as a MOL file with two-dimensional coordinates and CRLF.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.formats.sdf.writing import mol_block
        >>> mol_block(ethanol()).splitlines()[3]
        '  3  2  0  0  0  0  0  0  0  0999 V2000'
    """
    mol = Chem.Mol(result.molecule.mol)
    rdDepictor.Compute2DCoords(mol)
    mol.SetProp("_Name", display_name(result)[:_TITLE_LENGTH].replace(_END_OF_RECORD, "$"))
    return Chem.MolToMolBlock(mol).replace("\n", "\r\n")


def sdf_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return structure and spectrum as one record of an SDF with NIST's tags, and CRLF.

    The ions behind the peaks have no place in it.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.formats.sdf.writing import sdf_record
        >>> sdf_record(ethanol()).splitlines()[-5:]
        ['>  <MASS SPECTRAL PEAKS>', '31 999', '45 500', '', '$$$$']
    """
    molecule = result.molecule
    peaks = peak_lines(result)
    data = {
        "NAME": display_name(result),
        "FORMULA": molecule.formula,
        "MW": str(molecule.nominal_mass),
        "EXACT MASS": f"{molecule.exact_mass:.6f}",
        "INCHIKEY": molecule.inchikey,
        "SMILES": molecule.smiles,
        "ID": str(result.identifier),
        "IONIZATION ENERGY": energy_text(result),
        "COMMENT": single_line("; ".join(remarks(result, model_name))),
        "NUM PEAKS": str(len(peaks)),
        "MASS SPECTRAL PEAKS": "\r\n".join(peaks),
    }
    kept = {single_line(name): single_line(value) for name, value in result.columns}
    given = {field_name(name) for name, value in kept.items() if value}
    if result.retention_index and not given & _OF_INDEX:
        data["RETENTION INDEX"] = index_text(result.retention_index)
    # An identifier of the user's own takes the place of ours.
    data |= {name.upper(): kept.pop(name) for name in tuple(kept) if name.upper() == "ID"}
    data = dict(zip(free_names(kept, data), kept.values(), strict=True)) | data
    items = "".join(
        f">  <{tag}>\r\n{value.replace(_END_OF_RECORD, '$')}\r\n\r\n"
        for tag, value in data.items()
        if value
    )
    return f"{mol_block(result)}{items}{_END_OF_RECORD}\r\n"
