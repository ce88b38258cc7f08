"""Derivatives in the place of the structures that were given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from rdkit.rdBase import BlockLogs

from ...chemistry.derivatives.derivatisation import (
    DerivatisationError,
    Derivative,
    list_derivatives,
)
from ...chemistry.molecule import Molecule, read_molecule
from .lists import InputStructure


def derivatise_structures(
    structures: Iterable[InputStructure],
    method: str,
    *,
    partial: bool = False,
    underivatised: Callable[[InputStructure], object] = lambda structure: None,
) -> Iterator[InputStructure]:
    """Give the derivatives of structures in their place.

    Args:
        structures: as ``read_structures`` gives them.
        method: a key of ``METHODS``.
        partial: see ``list_derivatives``.
        underivatised: called with each structure that has nothing to derivatise.

    Yields:
        The derivatives, each with the line of its parent and its name, or else its SMILES, and the
        groups: "glucose 5TMS 1MEOX"; where several have the same groups in different places, which
        of them it is: "glycerol 1TMS isomer 2". A structure with nothing to derivatise, or that
        cannot be read, comes as it is; one whose derivatives cannot be given, with the reason as
        its ``fault``. Where only the partial ones are too many, the others come before that.
        All are numbered from 1.

    Raises:
        KeyError: an unknown method.

    Example:
        >>> from nextims.inference.structures.derivatised import derivatise_structures
        >>> from nextims.inference.structures.lists import InputStructure
        >>> acids = [InputStructure(1, "CCCCCCCCCCCCCCCC(=O)O", "palmitic acid")]
        >>> [(each.name, each.smiles) for each in derivatise_structures(acids, "methyl")]
        [('palmitic acid 1ME', 'CCCCCCCCCCCCCCCC(=O)OC')]
    """
    given = _given(structures, method, partial=partial, underivatised=underivatised)
    for number, structure in enumerate(given, start=1):
        yield replace(structure, number=number)


def _given(
    structures: Iterable[InputStructure],
    method: str,
    *,
    partial: bool,
    underivatised: Callable[[InputStructure], object],
) -> Iterator[InputStructure]:
    for structure in structures:
        molecule = _read(structure)
        if molecule is None:
            yield structure
            continue
        derivatives, fault = _list(molecule, method, partial=partial)
        name = structure.name or structure.shown
        for derivative, suffix in zip(derivatives, _suffixes(derivatives), strict=True):
            yield replace(structure, smiles=derivative.molecule.smiles, name=f"{name} {suffix}")
        if fault:
            yield replace(structure, fault=fault)
        elif not derivatives:
            underivatised(structure)
            yield structure


def _suffixes(derivatives: list[Derivative]) -> list[str]:
    """Return what each adds to the name, those of equal groups in different places told apart."""
    met: Counter[str] = Counter()
    total = Counter(derivative.suffix for derivative in derivatives)
    suffixes = []
    for derivative in derivatives:
        suffix = derivative.suffix
        met[suffix] += 1
        suffixes.append(f"{suffix} isomer {met[suffix]}" if total[suffix] > 1 else suffix)
    return suffixes


def _read(structure: InputStructure) -> Molecule | None:
    """Return the molecule; ``None`` where the predictor is the one to say what is wrong."""
    try:
        with BlockLogs():
            return None if structure.fault else read_molecule(structure.smiles)
    except Exception:
        return None


def _list(molecule: Molecule, method: str, *, partial: bool) -> tuple[list[Derivative], str]:
    """Return the derivatives, and why there are not all of them."""
    try:
        return list_derivatives(molecule, method, partial=partial), ""
    except DerivatisationError as error:
        complete = _list(molecule, method, partial=False)[0] if partial else []
        return complete, str(error)
    except KeyError:  # no such method
        raise
    except Exception as error:
        return [], f"{type(error).__name__}: {error}"
