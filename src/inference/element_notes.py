"""What is to be said of a prediction for elements that the training data hardly held."""

from __future__ import annotations

from collections.abc import Mapping

from ..chemistry.molecule import ELEMENTS, RARE_ELEMENTS, Molecule

# Of fewer training spectra little is learned of an element.
_FEW = 50


def element_notes(training: Mapping[str, int]) -> dict[str, str]:
    """Return what a user should know of the elements of which a model has seen little.

    Args:
        training: number of training spectra by element, as ``SpectrumDataset.elements`` counts
            them; empty for a model that was trained before these were counted: none of them had
            the rare elements.

    Returns:
        One line by element.

    Example:
        >>> from nextims.inference.element_notes import element_notes
        >>> element_notes({})["Se"]
        'no training data for Se: its isotopes are right, how its ions form is a guess'
        >>> "C" in element_notes({"C": 7000})
        False
    """
    notes = {}
    for element in ELEMENTS if training else RARE_ELEMENTS:
        number = training.get(element, 0)
        if number < _FEW:
            much = f"little training data for {element} ({number} spectra)"
            notes[element] = (
                f"{much if number else f'no training data for {element}'}: "
                "its isotopes are right, how its ions form is a guess"
            )
    return notes


def notes_of(molecule: Molecule, notes: Mapping[str, str]) -> tuple[str, ...]:
    """Return those of ``element_notes`` that concern a molecule.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.inference.element_notes import notes_of
        >>> notes_of(read_molecule("C[Se]C"), {"Se": "no data", "Sn": "none"})
        ('no data',)
    """
    found = notes.keys() & molecule.elements
    return tuple(notes[element] for element in ELEMENTS if element in found)
