"""Why RDKit cannot read a structure, in plain words and with the place."""

from __future__ import annotations

import re

from rdkit import Chem, rdBase

_ATOM = re.compile(r"\[[^][]*\]?|Br|Cl|[BCNOPSFIbcnops*]")
_RING = re.compile(r"\[[^][]*\]?|%\((\d+)\)|%(\d\d)|(\d)")
_PLACE = re.compile(r"check for mistakes around position (\d+)")
# What RDKit says, and what that is to a user; of the text, ``{at}`` says where.
_SYNTAX = {
    "extra open parentheses": "a parenthesis is not closed, {at}",
    "extra close parentheses": "a parenthesis is closed that was not opened, {at}",
    "syntax error": "no SMILES at {at}",
}
_TWICE = re.compile(r"ring closure (\d+)")
_VALENCE = re.compile(r"(\w+), (\d+), is greater than permitted")


def why_unreadable(text: str) -> str:
    """Return what is wrong with a structure that RDKit cannot read.

    Args:
        text: a SMILES or a MOL block.

    Returns:
        The reason, with the character (from 1) or the atom; empty where RDKit gives none.

    Example:
        >>> from nextims.chemistry.reading.unreadable import why_unreadable
        >>> why_unreadable("C1CC")
        'ring 1 is not closed, character 2'
        >>> why_unreadable("CC(C)(C)(C)C")
        'too many bonds (5) of an atom of C, character 2'
        >>> why_unreadable("c1ccccc1c")
        'an aromatic atom (lower case) outside of a ring, character 9'
    """
    is_block = "\n" in text.strip()
    smiles = "" if is_block else text.split()[0]
    if not smiles.isascii():  # RDKit's own words hold halves of such letters, and cannot be read
        at = next(place for place, letter in enumerate(smiles) if not letter.isascii())
        return _SYNTAX["syntax error"].format(at=_character(smiles, at + 1))
    # Older versions of RDKit keep to themselves where a SMILES goes wrong.
    capture = getattr(rdBase, "CaptureErrorLog", rdBase.BlockLogs)
    with capture() as log:
        mol = _unsanitized(text if is_block else smiles, is_block=is_block)
        problems = () if mol is None else Chem.DetectChemistryProblems(mol)
    if mol is None:
        return "" if is_block else _syntax(smiles, getattr(log, "messages", ""))
    return _chemistry(problems[0], smiles) if problems else ""


def _unsanitized(text: str, *, is_block: bool) -> Chem.Mol | None:
    if is_block:
        return Chem.MolFromMolBlock(text, sanitize=False, removeHs=False)
    settings = Chem.SmilesParserParams()
    settings.sanitize = settings.removeHs = False
    return Chem.MolFromSmiles(text, settings)


def _syntax(smiles: str, said: str) -> str:
    open_rings: dict[int, int] = {}
    for found in _RING.finditer(smiles):
        number = found[1] or found[2] or found[3]
        if number and open_rings.pop(int(number), None) is None:
            open_rings[int(number)] = found.start()
    place = _PLACE.search(said)
    if place:
        where = _character(smiles, int(place[1]))
        return next(
            (ours.format(at=where) for rdkits, ours in _SYNTAX.items() if rdkits in said), ""
        )
    if twice := _TWICE.search(said):
        return f"ring {twice[1]} is closed between atoms that are bonded, or the same"
    return "; ".join(
        f"ring {number} is not closed, character {start + 1}"
        for number, start in open_rings.items()
    )


def _character(smiles: str, at: int) -> str:
    return f"character {at} ({smiles[at - 1 : at]!r})"


def _chemistry(problem, smiles: str) -> str:
    atoms = list(problem.GetAtomIndices()) if hasattr(problem, "GetAtomIndices") else []
    if hasattr(problem, "GetAtomIdx"):
        atoms = [problem.GetAtomIdx()]
    places = [found.start() + 1 for found in _ATOM.finditer(smiles)]
    numbers = [places[atom] for atom in atoms] if smiles else [atom + 1 for atom in atoms]
    unit = "character" if smiles else "atom"
    listed = ", ".join(map(str, numbers[:10])) + (", …" if numbers[10:] else "")
    where = f"{unit}{'s' if numbers[1:] else ''} {listed}"
    kind = problem.GetType()
    if kind == "AtomValenceException" and (found := _VALENCE.search(problem.Message())):
        return f"too many bonds ({found[2]}) of an atom of {found[1]}, {where}"
    if kind == "AtomKekulizeException":
        return f"an aromatic atom (lower case) outside of a ring, {where}"
    if kind == "KekulizeException":
        hint = " (is an [nH] meant?)" if "n" in smiles else ""
        return f"no double bonds fit the aromatic atoms{hint}, {where}"
    return str(problem.Message())
