"""Word of the structures that are predicted otherwise than they were drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from rdkit.rdBase import BlockLogs

from ...chemistry.molecule import read_molecule
from ...chemistry.reading.charges import is_charged
from .input_structure import InputStructure


def tell_neutralised(
    structures: Iterable[InputStructure], tell: Callable[[str], object]
) -> Iterator[InputStructure]:
    """Say of each charged structure that its neutral molecule is predicted, and pass all on.

    Say also how a list was taken, see ``InputStructure.note``.

    It is said where structures are read, as what predicts them may be in another process.

    Args:
        structures: as ``read_structures`` gives them.
        tell: called with one line for each.

    Yields:
        The structures as they came.

    Example:
        >>> from nextims.inference.structures.lists import InputStructure
        >>> from nextims.inference.structures.neutralised import tell_neutralised
        >>> glycine = InputStructure(3, "[NH3+]CC(=O)[O-]", "glycine")
        >>> [each.name for each in tell_neutralised([glycine], print)]
        line 3: predicted as the neutral molecule NCC(=O)O
        ['glycine']
    """
    for structure in structures:
        if structure.note:
            tell(f"note: {structure.note}")
        if not structure.fault and is_charged(structure.smiles):
            # What is wrong with it, the predictor will say.
            with suppress(Exception), BlockLogs():
                molecule = read_molecule(structure.smiles)
                if molecule.notes:
                    tell(f"{structure.place}: predicted as the neutral molecule {molecule.smiles}")
        yield structure
