"""What the exported student reads of a batch of molecules. Imports no PyTorch.

Molecules of a batch have much in common: the positions that their fingerprints set, and the
formulas of their pieces and of what these leave behind; and of the pieces of one molecule some are
equal. Each is named once, so that the network works on it once.

Shapes: ``b`` molecules, ``s`` set fingerprint positions of all of them, ``q`` different ones, ``n``
different pieces of all molecules, ``u`` different formulas, ``d`` bonds of all molecules, each in
both directions; ``l`` molecules with isotope labels, ``m`` pieces of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..data.isotope_labels import unlabelled_shares
from ..data.molecule import Molecule
from ..data.pieces import CUT_POSITIONS, PieceSet, describe_pieces, mixed

_LARGEST_KEY = 1 << 62
_FOLDS = CUT_POSITIONS ** np.arange(3)


class OnnxInputs(NamedTuple):
    """The inputs of the exported student; integers are int64.

    Attributes:
        positions: fingerprint positions that a molecule of the batch sets, ``(q,)``.
        values: values of the set positions of all molecules, ``(s,)`` float32.
        places: where each stands in a table of molecules by ``positions``, flat, ``(s,)``.
        atoms: atoms of each element of the molecules, ``(b, len(ELEMENTS))``.
        unlabelled: share of these without isotope label, ``(b, len(ELEMENTS))`` float32; 1 in all
            places for molecules without labels.
        labelled: those with labels, ``(l,)``.
        highest_mz: highest m/z that each can give, ``(b,)``.
        formulas: atoms of each element of the pieces and of what they leave, ``(u,
            len(ELEMENTS))``.
        molecule: the molecule that each piece is of, ``(n,)``.
        place: where each piece stands in a table of molecules by numbers of pieces, flat, ``(n,)``.
        kept: which of ``formulas`` each piece is, ``(n,)``.
        lost: which of them is the rest of its molecule, ``(n,)``.
        bonds: what is said of the bonds, as ``PieceSet`` does, ``(d, 3)``.
        broken: the bonds that each piece has broken, ``(n, MOST_CUTS)``.
        copies: how many pieces of its molecule are equal in all this, ``(n,)`` float32.
        labelled_pieces: those of molecules with labels, ``(m,)``.
    """

    positions: np.ndarray
    values: np.ndarray
    places: np.ndarray
    atoms: np.ndarray
    unlabelled: np.ndarray
    labelled: np.ndarray
    highest_mz: np.ndarray
    formulas: np.ndarray
    molecule: np.ndarray
    place: np.ndarray
    kept: np.ndarray
    lost: np.ndarray
    bonds: np.ndarray
    broken: np.ndarray
    copies: np.ndarray
    labelled_pieces: np.ndarray


# What the length of each is, in the order of the inputs.
LENGTHS = (
    "positions", "values", "values", "molecules", "molecules", "labelled", "molecules", "formulas",
    "pieces", "pieces", "pieces", "pieces", "bonds", "pieces", "pieces", "labelled_pieces",
)  # fmt: skip


def onnx_inputs(molecules: Sequence[Molecule], most_pieces: int) -> OnnxInputs:
    """Describe molecules to the exported student.

    Args:
        molecules: the molecules.
        most_pieces: largest number of pieces of a molecule.

    Example:
        >>> from nextims.data.molecule import read_molecule
        >>> from nextims.inference.onnx_inputs import onnx_inputs
        >>> inputs = onnx_inputs([read_molecule("CO")], 10)
        >>> inputs.formulas[inputs.kept][:, 2].tolist()  # carbons of CH4O, OH and CH3
        [1, 0, 1]
    """
    atoms = np.stack([molecule.atoms()[0] for molecule in molecules])
    highest = np.array([molecule.highest_mz for molecule in molecules])
    labelled = [number for number, molecule in enumerate(molecules) if len(molecule.atoms()[1])]
    labelled = np.array(labelled, np.int64)
    unlabelled = np.ones(atoms.shape, np.float32)
    for number in labelled:
        unlabelled[number] = unlabelled_shares(*molecules[number].atoms())
    sets = [describe_pieces(molecule.mol, most_pieces) for molecule in molecules]
    pieces = _pieces(sets, atoms, most_pieces)
    of_labelled = np.flatnonzero(np.isin(pieces[1], labelled))
    fingerprints = _fingerprints(molecules)
    return OnnxInputs(*fingerprints, atoms, unlabelled, labelled, highest, *pieces, of_labelled)


def _fingerprints(molecules: Sequence[Molecule]) -> tuple[np.ndarray, ...]:
    found, values = zip(*(molecule.fingerprint() for molecule in molecules), strict=True)
    row = np.repeat(np.arange(len(found)), [len(own) for own in found])
    positions, column = np.unique(np.concatenate(found), return_inverse=True)
    return positions, np.concatenate(values), row * len(positions) + column


def _pieces(sets: Sequence[PieceSet], atoms: np.ndarray, most: int) -> tuple[np.ndarray, ...]:
    molecule = np.repeat(np.arange(len(sets)), [len(own) for own in sets])
    elements = np.concatenate([own.elements for own in sets]).astype(np.int64)
    formulas, number = _distinct_rows(np.concatenate([elements, atoms[molecule] - elements]))
    kept, lost = np.split(number, 2)
    bonds = np.concatenate([own.bonds for own in sets]).astype(np.int64)
    lengths = np.array([len(own.bonds) for own in sets])
    first_bond = np.cumsum(lengths) - lengths
    broken = np.concatenate([own.broken for own in sets]) + first_bond[molecule][:, None]
    one, copies = _different(molecule, kept, bonds, broken)
    molecule = molecule[one]
    place = molecule * most + np.arange(len(one)) - np.searchsorted(molecule, molecule)
    return formulas, molecule, place, kept[one], lost[one], bonds, broken[one], copies


def _different(
    molecule: np.ndarray, kept: np.ndarray, bonds: np.ndarray, broken: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return one of each of the pieces that differ, in their order, and how many are like it."""
    with np.errstate(over="ignore"):
        # Sums of such numbers tell sets of bonds apart, whatever their order.
        said = mixed((bonds @ _FOLDS).astype(np.uint64))
        whole = mixed((molecule * (kept.max() + 1) + kept).astype(np.uint64))
        key = whole + said[broken].sum(1)
    _, first, copies = np.unique(key, return_index=True, return_counts=True)
    order = first.argsort()
    return first[order], copies[order].astype(np.float32)


def _distinct_rows(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different rows of numbers from 0 on, and which of them each row is."""
    base = counts.max(0) + 1
    if np.prod(base.astype(float)) < _LARGEST_KEY:  # each row is a number of its own
        key = counts @ np.concatenate([[1], np.cumprod(base[:-1])])
        _, first, number = np.unique(key, return_index=True, return_inverse=True)
        return counts[first], number
    rows, number = np.unique(counts, axis=0, return_inverse=True)
    return rows, number.reshape(-1)
