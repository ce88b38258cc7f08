"""Files that are no lists of structures: refused once, and named for what they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from ...chemistry.reading.inchi_text import is_inchi
from .columns import WANTED_COLUMN
from .input_structure import InputStructure
from .text_lines import InputError

# So many lines are looked at where none of them can be read.
_LOOKED_AT = 50

# What no line of a list begins with.
_BEGINNINGS = {
    "a spectrum of MSP": r"(name|num ?peaks) *:",
    "a spectrum of MGF": "BEGIN IONS",
    "a spectrum of JCAMP-DX": r"##[A-Z]+ *=",
    "JSON": r"[{\[]\s*([\"{]|$)",
    "XML or HTML": "<[?!a-z]",
    "FASTA": r">\w",
    "a MOL2 file": "@<TRIPOS>",
    "a PDB file": r"(HEADER|COMPND|HETATM|REMARK)\b",
    "reactions": r"\$(RXN|RDFILE)",
}
_KINDS = {
    "InChIKeys": "[A-Z]{14}-[A-Z]{10}-[A-Z]",
    "CAS numbers": r"\d{2,7}-\d\d-\d",
    "numbers": r"[-+]?\d+([.,]\d+)?(e[-+]?\d+)?",
    "molecular formulas": r"(?=.*\d)([A-Z][a-z]?\d*)+",
}
_WORDS = "names or other words"
# One of each.
_ONE = {
    "InChIKeys": "an InChIKey",
    "CAS numbers": "a CAS number",
    "numbers": "a number",
    "molecular formulas": "a molecular formula",
    _WORDS: "a name",
}
_FILE = re.compile(r"\S.*\.(smi|csv|tsv|txt|sdf|mol|mdl|parquet|ich)(\.gz)?", re.IGNORECASE)
_SMILES = re.compile(r"(?=.*[A-Za-z\[])(\[[^][]*\]|Br|Cl|[BCNOPSFIbcnops*]|[-\d%=#$:/\\.()~>@+])+")


def refuse_other_kinds(
    structures: Iterator[InputStructure], label: str, columns: Sequence[str] = ()
) -> Iterator[InputStructure]:
    """Refuse a list whose first lines are none of structures, but of something else that is known.

    A list that has one structure, or in which most look like SMILES, is left to be predicted: what
    is wrong with a line is said of that line.

    Args:
        structures: the list.
        label: names it in errors.
        columns: cells of the first line, where it is a table and none of them names structures.

    Returns:
        The same structures.

    Raises:
        InputError: it is something else; the message says what, and what is wanted.

    Example:
        >>> from nextims.inference.structures.input_structure import InputStructure
        >>> from nextims.inference.structures.other_kinds import refuse_other_kinds
        >>> from nextims.inference.structures.text_lines import InputError
        >>> try:
        ...     refuse_other_kinds(iter([InputStructure(1, "64-17-5")]), "list.smi")
        ... except InputError as error:
        ...     print(error)
        list.smi: holds CAS numbers ('64-17-5' in line 1); expected a SMILES or InChI a line
    """
    seen: list[InputStructure] = []
    kinds: dict[str, list[InputStructure]] = {}
    for structure in islice(structures, _LOOKED_AT):
        seen.append(structure)
        if not structure.smiles:
            continue
        if not kinds and (kind := _beginning(f"{structure.smiles} {structure.name}")):
            raise _refusal(kind, structure, label, columns)
        if is_readable(structure.smiles):
            break
        if not columns or structure is not seen[0]:
            kinds.setdefault(_kind(structure.smiles), []).append(structure)
    else:
        like_smiles = len(kinds.pop("", ()))
        if sum(map(len, kinds.values())) > like_smiles:
            kind, found = max(kinds.items(), key=lambda item: len(item[1]))
            raise _refusal(kind, found[0], label, columns)
    return _again(seen, structures)


def told_kind(text: str) -> str:
    """Return why a text that could not be read is no structure; empty where it looks like one.

    Example:
        >>> from nextims.inference.structures.other_kinds import told_kind
        >>> told_kind("64-17-5"), told_kind("C1CC")
        ('a CAS number: give a structure, as SMILES or InChI', '')
    """
    if _FILE.fullmatch(text.strip()):
        return "a file, it seems: --batch FILE, and in Python Path(FILE), read its structures"
    kind = _kind(text) if text.strip() else ""
    return f"{_ONE[kind]}: give a structure, as SMILES or InChI" if kind else ""


def _again(seen: list[InputStructure], rest: Iterator[InputStructure]) -> Iterator[InputStructure]:
    yield from seen
    yield from rest


def _beginning(line: str) -> str:
    return next((k for k, form in _BEGINNINGS.items() if re.match(form, line, re.IGNORECASE)), "")


def is_readable(text: str) -> bool:
    """Say whether a text can be read as a structure."""
    # Commands take their errors from here, and answer --help without RDKit.
    from rdkit.rdBase import BlockLogs

    from ...chemistry.reading.structure_text import parse_structure

    try:
        with BlockLogs():
            parse_structure(text)
    except Exception:
        return False
    return True


def _kind(text: str) -> str:
    """Return what it is that is no structure; empty where it looks like one."""
    if "\n" in text or is_inchi(text) or _SMILES.fullmatch(text.split()[0]):
        return ""
    return next((kind for kind, form in _KINDS.items() if re.fullmatch(form, text)), _WORDS)


def _refusal(kind: str, example: InputStructure, label: str, columns: Sequence[str]) -> InputError:
    expected = "a SMILES or InChI a line"
    if columns:
        expected = f"a column {WANTED_COLUMN}, found {', '.join(columns)}"
    return InputError(
        f"{label}: holds {kind} ({example.shown[:40]!r} in line {example.line}); "
        f"expected {expected}"
    )
