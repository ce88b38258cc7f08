"""What the exported student reads of a batch of molecules. Imports no PyTorch.

Molecules of a batch have much in common: the positions that their fingerprints set, the formulas of
their pieces and of what these leave behind, and what is said of their bonds; and of the pieces of
one molecule some are equal. Each is named once, so that the network works on it once. Pieces of a
labelled molecule, which may differ in their labels, stay apart.

Shapes: ``b`` molecules, ``q`` fingerprint positions that many of them set, ``s`` times that one
sets these, ``r`` times that one sets another; ``n`` different pieces of all molecules, ``u``
different formulas, ``d`` different bonds, each in both directions; ``l`` molecules with isotope
labels, ``m`` pieces of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...chemistry.cleavage import mixed
from ...chemistry.isotope_labels import natural_atoms, unlabelled_shares
from ...chemistry.isotopes import HIGHEST_ISOTOPE, ISOTOPE_RATIOS, LOWEST_ISOTOPE
from ...chemistry.molecule import COUNT_BITS, ECFP_BITS, ELEMENTS, Molecule
from ...chemistry.pieces import CUT_POSITIONS, PieceSet, describe_pieces

_LARGEST_KEY = 1 << 62
_FOLDS = CUT_POSITIONS ** np.arange(3)
_HAVE_LIGHTER = [i for i, element in enumerate(ELEMENTS) if min(ISOTOPE_RATIOS[element]) < 0]
# A position that one in so many molecules sets is quicker in a matrix product than on its own.
_SHARE_OF_COMMON = 96


class OnnxInputs(NamedTuple):
    """The inputs of the exported student; integers are int64.

    Attributes:
        common: fingerprint positions that many molecules of the batch set, ``(q,)``.
        values: values of these of all molecules that set them, ``(s,)`` float32.
        places: where each stands in a table of molecules by ``common``, flat, ``(s,)``.
        rare: positions that few set, each as often as it is set, ``(r,)``.
        rare_values: their values, ``(r,)`` float32.
        rare_molecules: the molecules that set them, ``(r,)``.
        atoms: atoms of each element of the molecules, ``(b, len(ELEMENTS))``.
        unlabelled: share of these without isotope label, ``(b, len(ELEMENTS))`` float32; 1 in all
            places for molecules without labels.
        labelled: those with labels, ``(l,)``.
        highest_mz: highest m/z that each can give, labels left out, ``(b,)``.
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
        natural: atoms of each element of these without label, ``(m, len(ELEMENTS))``.
        shifts: mass shifts of the isotopes that the molecules can have, Da.
    """

    common: np.ndarray
    values: np.ndarray
    places: np.ndarray
    rare: np.ndarray
    rare_values: np.ndarray
    rare_molecules: np.ndarray
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
    natural: np.ndarray
    shifts: np.ndarray


# What the length of each is, in the order of the inputs.
LENGTHS = (
    "common", "values", "values", "rare", "rare", "rare", "molecules", "molecules", "labelled",
    "molecules", "formulas", "pieces", "pieces", "pieces", "pieces", "bonds", "pieces", "pieces",
    "labelled_pieces", "labelled_pieces", "shifts",
)  # fmt: skip


def pieces_of(molecule: Molecule, most: int) -> PieceSet:
    """Return the pieces of a molecule, ``most`` at most, as the student reads them.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.inference.onnx.inputs import pieces_of
        >>> pieces_of(read_molecule("CO[2H]"), 10).labels.tolist()  # CH3OD, OD and CH3
        [[1], [1], [0]]
    """
    return describe_pieces(molecule.unlabelled.mol, most, molecule.labels_by_atom)


def onnx_inputs(
    molecules: Sequence[Molecule], sets: Sequence[PieceSet], most_pieces: int
) -> OnnxInputs:
    """Describe molecules to the exported student.

    Args:
        molecules: the molecules.
        sets: the pieces of each.
        most_pieces: largest number of pieces of a molecule.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.inference.onnx.inputs import onnx_inputs, pieces_of
        >>> methanol = read_molecule("CO")
        >>> inputs = onnx_inputs([methanol], [pieces_of(methanol, 10)], 10)
        >>> inputs.formulas[inputs.kept][:, 2].tolist()  # carbons of CH4O, OH and CH3
        [1, 0, 1]
    """
    counted = [molecule.atoms() for molecule in molecules]
    atoms = np.stack([elements for elements, _ in counted])
    plain = [molecule.unlabelled for molecule in molecules]
    highest = np.array([molecule.highest_mz for molecule in plain])
    labelled = np.array([n for n, (_, labels) in enumerate(counted) if len(labels)], np.int64)
    unlabelled = np.ones(atoms.shape, np.float32)
    for number in labelled:
        unlabelled[number] = unlabelled_shares(*counted[number])
    pieces = _pieces(sets, atoms, most_pieces)
    of_labelled = np.flatnonzero(np.isin(pieces[1], labelled))
    natural = [
        natural_atoms(sets[n].elements, sets[n].labels, counted[n][1]) for n in labelled.tolist()
    ]
    # Most molecules have no isotopes below the commonest, and are quicker without room for them.
    lowest = LOWEST_ISOTOPE if atoms[:, _HAVE_LIGHTER].any() else 0
    return OnnxInputs(
        *_fingerprints(plain),
        atoms,
        unlabelled,
        labelled,
        highest,
        *pieces,
        of_labelled,
        np.concatenate([atoms[:0], *natural]),
        np.arange(lowest, HIGHEST_ISOTOPE + 1),
    )


def _fingerprints(molecules: Sequence[Molecule]) -> tuple[np.ndarray, ...]:
    found, values = zip(*(molecule.fingerprint() for molecule in molecules), strict=True)
    molecule = np.repeat(np.arange(len(found)), [len(own) for own in found])
    positions, values = np.concatenate(found), np.concatenate(values)
    times = np.bincount(positions, minlength=ECFP_BITS + COUNT_BITS)
    is_common = times * _SHARE_OF_COMMON > len(found)
    common = np.flatnonzero(is_common)
    here = is_common[positions]
    places = molecule[here] * len(common) + (is_common.cumsum() - 1)[positions[here]]
    rest = ~here
    return common, values[here], places, positions[rest], values[rest], molecule[rest]


def _pieces(sets: Sequence[PieceSet], atoms: np.ndarray, most: int) -> tuple[np.ndarray, ...]:
    molecule = np.repeat(np.arange(len(sets)), [len(own) for own in sets])
    elements = np.concatenate([own.elements for own in sets]).astype(np.int64)
    formulas, number = _distinct_rows(np.concatenate([elements, atoms[molecule] - elements]))
    kept, lost = np.split(number, 2)
    said = np.concatenate([own.bonds for own in sets]).astype(np.int64) @ _FOLDS
    first, number, _ = _distinct(said)
    said = said[first]
    bonds = said[:, None] // _FOLDS % CUT_POSITIONS
    lengths = np.array([len(own.bonds) for own in sets])
    first_bond = np.cumsum(lengths) - lengths
    broken = np.concatenate([own.broken for own in sets]) + first_bond[molecule][:, None]
    broken = number[broken]
    apart = np.repeat([own.labels.shape[1] > 0 for own in sets], [len(own) for own in sets])
    one, copies = _different(molecule, kept, said, broken, apart)
    molecule = molecule[one]
    place = molecule * most + np.arange(len(one)) - np.searchsorted(molecule, molecule)
    return formulas, molecule, place, kept[one], lost[one], bonds, broken[one], copies


def _different(
    molecule: np.ndarray,
    kept: np.ndarray,
    said: np.ndarray,
    broken: np.ndarray,
    apart: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return one of each of the pieces that differ, in their order, and how many are like it.

    Those that are to stay ``apart`` are like none.
    """
    with np.errstate(over="ignore"):
        # Sums of such numbers tell sets of bonds apart, whatever their order.
        said = mixed(said.astype(np.uint64))
        whole = mixed((molecule * (kept.max() + 1) + kept).astype(np.uint64))
        key = whole + said[broken].sum(1)
    key[apart] = np.flatnonzero(apart)
    first, _, copies = _distinct(key)
    order = first.argsort()
    return first[order], copies[order].astype(np.float32)


def _distinct(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where each different number stands, which of them each is, and how many are so.

    ``numpy.unique`` does so too, but sorts in twice the time, to find where each stands first.
    """
    order = keys.argsort()
    ordered = keys[order]
    begins = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    number = np.empty(len(keys), np.int64)
    number[order] = begins.cumsum() - 1
    return order[begins], number, np.diff(np.flatnonzero(begins), append=len(keys))


def _distinct_rows(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different rows of numbers from 0 on, and which of them each row is."""
    base = counts.max(0) + 1
    if np.prod(base.astype(float)) < _LARGEST_KEY:  # each row is a number of its own
        key = counts @ np.concatenate([[1], np.cumprod(base[:-1])])
        first, number, _ = _distinct(key)
        return counts[first], number
    rows, number = np.unique(counts, axis=0, return_inverse=True)
    return rows, number.reshape(-1)
