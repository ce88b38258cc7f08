"""What is to be said of a prediction at another ionization energy than the usual 70 eV."""

from __future__ import annotations

from collections.abc import Mapping

from ..spectra.spectrum import STANDARD_ENERGY

# Spectra within so many eV say something of an energy; of fewer than so many, little is learned.
_NEAR = 5.0
_FEW = 100


def energy_note(energy: float, trained_on: Mapping[int, int]) -> str:
    """Return what a user should know of predictions at an ionization energy; empty if nothing.

    Args:
        energy: ionization energy in eV.
        trained_on: number of training spectra by whole eV, as ``SpectrumDataset.energies`` counts
            them; empty if not known.

    Example:
        >>> from nextims.inference.energy import energy_note
        >>> energy_note(20, {20: 996, 70: 5550})
        ''
        >>> energy_note(5, {20: 996, 70: 5550})
        '5 eV is outside the 20 to 70 eV of the training spectra: such predictions are a guess'
        >>> energy_note(60, {20: 996, 50: 40, 62: 12, 70: 5550})
        'of 6,598 training spectra, 12 are within 5 eV of 60 eV: such predictions are uncertain'
    """
    if energy == STANDARD_ENERGY:
        return ""
    if not trained_on:
        return "the checkpoint does not say at which energies its training spectra were measured"
    low, high = min(trained_on), max(trained_on)
    if not low <= energy <= high:
        return (
            f"{energy:g} eV is outside the {low} to {high} eV of the training spectra: such "
            "predictions are a guess"
        )
    near = sum(number for each, number in trained_on.items() if abs(each - energy) <= _NEAR)
    if near < _FEW:
        total = sum(trained_on.values())
        return (
            f"of {total:,} training spectra, {near} are within {_NEAR:g} eV of {energy:g} eV: such "
            "predictions are uncertain"
        )
    return ""
