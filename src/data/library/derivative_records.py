"""Records of derivatives under their parent's structure: giving them the derivative's own.

Titles name the groups, often without a number and sometimes with a wrong one, so the peaks must
bear the number out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ...chemistry.derivatives.reactions import count_sites, derivatise, name_derivative
from ...chemistry.derivatives.reagents import REAGENTS
from ...chemistry.molecule import read_molecule
from ...config import DataConfig
from ...spectra.record import BadRecord, Record
from .corrections import known_corrections
from .derivative_evidence import Evidence, weigh
from .filters import find_fault
from .splits import SPLITS, assign_split

_MENTIONS = re.compile(
    r"(?<![A-Za-z\d])(?P<number>\d+)?\s*[nx]?\s*"
    r"(?:(?P<tms>TMS\b|TRIMETHYLSILYL|MSTFA\b|BSTFA\b)|(?P<tbdms>TBDMS\b|BUTYLDIMETHYLSILYL)|"
    r"(?P<meox>MEOX\b|METHOXIM))",
    re.IGNORECASE,
)
# More groups than the structure can take are looked for as well: an enol, a mixture.
_BEYOND = 2


def named_groups(remarks: Iterable[str]) -> dict[str, set[int]]:
    """Return the groups that title and comments name, each with the numbers given.

    Args:
        remarks: title, comments and derivative notes of a record.

    Returns:
        Numbers by key of ``REAGENTS``, empty where a group is named without one ("n TMS", MSTFA).

    Example:
        >>> from nextims.data.library.derivative_records import named_groups
        >>> named_groups(["Glucose; GC-EI-TOF; MS; 5 TMS; 1 MEOX", "DERIVATIVE_TYPE n TMS"])
        {'tms': {5}, 'meox': {1}}
    """
    named: dict[str, set[int]] = {}
    for remark in remarks:
        for found in _MENTIONS.finditer(remark):
            numbers = named.setdefault(found.lastgroup, set())
            if found["number"]:
                numbers.add(int(found["number"]))
    return named


def recover(record: Record, config: DataConfig) -> Record | BadRecord | None:
    """Give a record of a derivative the derivative's structure: a known one, else by its peaks.

    Args:
        record: a record that stands under the structure of the parent.
        config: the filters that the derivative must pass, and the split: only derivatives whose
            structure and parent both train are used, so that validation and test hold structures
            as they were published.

    Returns:
        The record with structure, formula and name of the derivative; a bad one with the reason
        where it is a derivative that cannot be used; ``None`` where the peaks do not tell it for
        one, or not of how many groups.

    Example:
        >>> from nextims.config import DataConfig
        >>> from nextims.data.library.derivative_records import recover
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> peaks = Spectrum([73, 151, 152, 153, 166, 167], [90, 999, 140, 45, 450, 70])
        >>> phenol = Record(
        ...     "a.txt", 1, "1", "Phenol", peaks, ("Oc1ccccc1",), remarks=("Phenol; MS; n TMS",)
        ... )
        >>> recover(phenol, DataConfig()).name
        'Phenol 1TMS'
    """
    parent = record.molecule
    if correction := known_corrections().get(record.id):
        derivative, said = read_molecule(correction.structure), correction.reason
        name, note = f"{record.name}, {said}", "structure corrected (known to be of a derivative)"
    else:
        groups = _count_groups(record)
        if groups is None:
            return None
        said, name = (name_derivative(text, **groups).strip() for text in ("", record.name))
        structures = derivatise(parent, limit=2, **groups)
        if len(structures) != 1:
            return record.rejected("derivative with unclear positions", said)
        (derivative,) = structures
        kinds = ", ".join(REAGENTS[key].name for key in groups)
        note = f"structure derivatised ({kinds})"
    recovered = replace(
        record,
        name=name,
        structures=(derivative.smiles,),
        formula=derivative.formula,
        nominal_mass=derivative.nominal_mass,
        inchikey="",
        notes=(*record.notes, note),
    )
    if fault := find_fault(recovered, config):
        return fault
    if any(SPLITS[assign_split(each, config)] != "train" for each in (parent, derivative)):
        return record.rejected("derivative of a molecule outside the training split", said)
    return recovered


def _count_groups(record: Record) -> dict[str, int] | None:
    """Return the number of groups that the peaks show or bear out; ``None`` if not sure."""
    named = named_groups(record.remarks)
    if named.get("tbdms"):
        named.pop("tms", None)  # comments on the method speak of silyl groups in general
    silyl = "tbdms" if "tbdms" in named else "tms"
    cases = [
        weigh(record.bins, record.molecule, {silyl: silyls, "meox": oximes})
        for silyls in range(count_sites(record.molecule, silyl) + _BEYOND + 1)
        for oximes in range(count_sites(record.molecule, "meox") + 1)
        if silyls or oximes
    ]
    telling = [case for case in cases if case.tells]
    if named.get(silyl):
        found = [case for case in cases if case.bears_out and _agrees(case, named)]
        # A heavier derivative's fragments may look like the lighter one's ions, not the reverse.
        if found and any(case.mass > found[0].mass for case in telling if case not in found):
            return None
    else:
        found = telling if named else [case for case in telling if case.is_pair]
    if len(found) != 1 or not _agrees(found[0], named):
        return None
    return {key: number for key, number in found[0].groups.items() if number}


def _agrees(case: Evidence, named: dict[str, set[int]]) -> bool:
    return all(
        case.groups.get(key, 0) in numbers if numbers else case.groups.get(key, 0) > 0
        for key, numbers in named.items()
    )
