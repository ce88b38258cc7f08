"""Where the isotope labels of a molecule go when it breaks, and how they show in its ions.

Labels only move masses. Of the parts of a molecule (fragments, pieces) it is known which labels
they hold. An ion that a model knows by its formula alone holds what the parts of its mass hold: a
model that has seen nominal masses names one of many formulas of a mass, most of them of no part of
the molecule. Where no part has the mass, how many labels it holds follows the hypergeometric
distribution.

Shapes: ``n`` ions or parts of one molecule, ``a`` atoms, ``l`` kinds of labels, ``k`` isotopes of
an ion, ``S`` hydrogen shifts, ``T`` mass shifts.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import product
from math import comb
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from .composition import MASS_NUMBERS
from .isotopes import (
    CENTRES,
    HIGHEST_ISOTOPE,
    ISOTOPE_RATIOS,
    LOWEST_ISOTOPE,
    isotope_pattern,
)
from .molecule import ELEMENTS

_WIDTH = HIGHEST_ISOTOPE - LOWEST_ISOTOPE + 1
# Hydrogens that a part loses or takes up on its way to the detector. With 400 fragments, -6 to
# +4 explain 99 % of the measured ion current; narrower ranges miss the H-poor ions of aromatics.
LOWEST_SHIFT, HIGHEST_SHIFT = -6, 4
SHIFTS = range(LOWEST_SHIFT, HIGHEST_SHIFT + 1)
# Each hydrogen that moves may be a tritium, which moves three mass units.
LABELLED_SHIFTS = range(3 * LOWEST_SHIFT, 3 * HIGHEST_SHIFT + 1)

_HYDROGEN = ELEMENTS.index("H")
# Of these a label more is an isotope pattern less: how many an ion holds decides over its pattern.
# Of the others the mean number of atoms without label does.
_MANY_ISOTOPES = {
    ELEMENTS.index(element)
    for element, ratios in ISOTOPE_RATIOS.items()
    if any(ratio > 0.02 for shift, ratio in ratios.items() if shift)
}
# Those of phenols and acids, not of alcohols: when these lose water, a carbon gives the hydrogen.
_ACIDIC = Chem.MolFromSmarts("[O,S,Se;X2;H1]-[!$([CX4])]")
_MORE_OF_ACIDIC = 20
# How much less likely, as logarithms, a part is for each bond broken and each hydrogen moved; and
# how much this counts beside what is seen of the parts.
_OF_A_CUT, _OF_A_HYDROGEN = -3.0, -1.0
_UNSEEN = 0.02
_NOTHING = 1e-30


class LabelledParts(NamedTuple):
    """The parts of a labelled molecule.

    Attributes:
        natural: atoms of each element without label, ``(n, len(ELEMENTS))``.
        mass: nominal mass, labels counted, ``(n,)`` int64, Da.
        exchange: probability of each of ``LABELLED_SHIFTS`` at each of ``SHIFTS``, ``(n, S, T)``
            float32; none for more hydrogens than there are.
    """

    natural: np.ndarray
    mass: np.ndarray
    exchange: np.ndarray


def labels_held(parts: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Return how many labels of each kind parts of a molecule hold, ``(n, l)`` int16.

    Args:
        parts: whether each part holds each atom, ``(n, a)`` bool.
        labels: those of each atom, as ``Molecule.labels_by_atom`` gives them; ``None`` for none.

    Example:
        >>> import numpy as np
        >>> from nextims.chemistry.isotope_labels import labels_held
        >>> from nextims.chemistry.molecule import read_molecule
        >>> methyl_and_all = np.array([[True, False], [True, True]])
        >>> labels_held(methyl_and_all, read_molecule("[2H]CO[2H]").labels_by_atom)
        array([[1],
               [2]], dtype=int16)
    """
    if labels is None or not labels.shape[1]:
        return np.zeros((len(parts), 0), np.int16)
    return parts.astype(np.int16) @ labels.astype(np.int16)


def acidic_hydrogens(parts: np.ndarray, mol: Chem.Mol, labels: np.ndarray | None) -> np.ndarray:
    """Return how many hydrogens of acids and phenols parts of a molecule hold.

    Args:
        parts: whether each part holds each atom, ``(n, a)`` bool.
        mol: the molecule, without isotope labels.
        labels: those of each atom, as ``Molecule.labels_by_atom`` gives them; ``None`` for none.

    Returns:
        All of them, and those with each kind of label, ``(n, 1 + l)`` int16; ``(n, 0)`` for a
        molecule without labels.

    Example:
        >>> import numpy as np
        >>> from nextims.chemistry.isotope_labels import acidic_hydrogens
        >>> from nextims.chemistry.molecule import read_molecule
        >>> acid = read_molecule("CC(=O)O[2H]")
        >>> mol, labels = acid.unlabelled.mol, acid.labels_by_atom
        >>> acidic_hydrogens(np.array([[True] * 4, [True, True, False, False]]), mol, labels)
        array([[1, 1],
               [0, 0]], dtype=int16)
    """
    if labels is None or not labels.shape[1]:
        return np.zeros((len(parts), 0), np.int16)
    acidic = np.zeros((len(labels), 1), np.int16)
    acidic[[atom for atom, _ in mol.GetSubstructMatches(_ACIDIC)]] = 1
    each = acidic * np.pad(labels, ((0, 0), (1, 0)), constant_values=1)
    return parts.astype(np.int16) @ each.astype(np.int16)


def natural_atoms(elements: np.ndarray, held: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the atoms of each element without label of parts of a molecule.

    Args:
        elements: atoms of each element, labelled ones counted, ``(n, len(ELEMENTS))``.
        held: as ``labels_held`` gives it.
        labels: as ``Molecule.atoms`` gives them, ``(l, 3)``.

    Example:
        >>> import numpy as np
        >>> from nextims.chemistry.isotope_labels import natural_atoms
        >>> from nextims.chemistry.molecule import read_molecule
        >>> whole, labels = read_molecule("[2H]CO").atoms()
        >>> natural_atoms(whole[None], np.array([[1]]), labels)[0, :5]  # H, B, C, N, O
        array([3, 0, 1, 0, 1])
    """
    natural = elements.astype(np.int64)
    for (element, _, _), number in zip(labels.tolist(), held.T, strict=True):
        natural[:, element] -= number
    return natural


def label_parts(
    elements: np.ndarray, held: np.ndarray, labels: np.ndarray, acidic: np.ndarray
) -> LabelledParts:
    """Return what the labels make of the parts of a molecule.

    Hydrogens of all masses are taken to move alike, so how many labelled ones are among those that
    move follows the hypergeometric distribution. Where a bond breaks, those of acids and phenols
    move before others: salicylic acid loses water with both of them. Labels of other elements stay.

    Args:
        elements: atoms of each element of the parts, labelled ones counted, the whole molecule
            first, ``(n, len(ELEMENTS))``.
        held: as ``labels_held`` gives it.
        labels: as ``Molecule.atoms`` gives them, ``(l, 3)``.
        acidic: as ``acidic_hydrogens`` gives them.

    Example:
        >>> import numpy as np
        >>> from nextims.chemistry.isotope_labels import LABELLED_SHIFTS, SHIFTS, label_parts
        >>> from nextims.chemistry.molecule import read_molecule
        >>> whole, labels = read_molecule("[2H]C([2H])([2H])O").atoms()
        >>> parts = label_parts(whole[None], np.array([[3]]), labels, np.array([[0, 0]]))
        >>> loses_one = parts.exchange[0, SHIFTS.index(-1)]
        >>> parts.mass, [loses_one[LABELLED_SHIFTS.index(-m)] for m in (1, 2)]  # H, D
        (array([35]), [np.float32(0.25), np.float32(0.75)])
    """
    mass = elements.astype(np.int64) @ MASS_NUMBERS + held @ labels[:, 1]
    natural = natural_atoms(elements, held, labels)
    of_hydrogen = np.flatnonzero(labels[:, 0] == _HYDROGEN)
    extras = tuple(labels[of_hydrogen, 1].tolist())
    acidic = acidic[:, [0, *(of_hydrogen + 1)]]
    hydrogens = np.column_stack([elements[:, _HYDROGEN], held[:, of_hydrogen]])
    others = hydrogens - acidic
    own = np.stack([others, acidic], 1)
    lost = own[0] - own
    own[0] = [hydrogens[0], 0 * hydrogens[0]]  # where no bond breaks, all move alike
    pools = zip(own.tolist(), lost.tolist(), strict=True)
    tables = [_exchange(*(tuple(map(tuple, pool)) for pool in pair), extras) for pair in pools]
    return LabelledParts(natural, mass, np.stack(tables))


_Pool = tuple[tuple[int, ...], tuple[int, ...]]


@lru_cache(maxsize=1 << 14)
def _exchange(own: _Pool, lost: _Pool, extras: tuple[int, ...]) -> np.ndarray:
    """Return how probable each mass shift is at each hydrogen shift, ``(S, T)``.

    Args:
        own: hydrogens of the part, not acidic and acidic: all, and those of each kind of label.
        lost: the same of the neutral loss.
        extras: what each kind weighs more than a hydrogen, Da.
    """
    table = np.zeros((len(SHIFTS), len(LABELLED_SHIFTS)), np.float32)
    for row, shift in enumerate(SHIFTS):
        ways = _ways(own if shift < 0 else lost, extras, abs(shift))
        sign = -1 if shift < 0 else 1
        for extra, number in ways.items():
            table[row, LABELLED_SHIFTS.index(shift + sign * extra)] = number / sum(ways.values())
    return table


@lru_cache(maxsize=1 << 14)
def _ways(pool: _Pool, extras: tuple[int, ...], number: int) -> dict[int, int]:
    """Return in how many ways a number of hydrogens of a pool have how much extra mass.

    An acidic one counts as though there were more of its ways.
    """
    ways = Counter({(0, 0): 1})  # by hydrogens taken, and their extra mass
    for (hydrogens, *labelled), times in zip(pool, (1, _MORE_OF_ACIDIC), strict=True):
        unlabelled = hydrogens - sum(labelled)
        for own, extra in zip((unlabelled, *labelled), (0, *extras), strict=True):
            before, ways = ways, Counter()
            for (taken, mass), n in before.items():
                for more in range(min(own, number - taken) + 1):
                    ways[taken + more, mass + more * extra] += n * comb(own, more) * times**more
    return {mass: n for (taken, mass), n in ways.items() if taken == number}


def unlabelled_shares(whole: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the share of a molecule's atoms of each element that has no label.

    An element that it does not hold has a share of 0.

    Args:
        whole: atoms of each element of the molecule, labelled ones counted, ``(len(ELEMENTS),)``.
        labels: its labels, as ``Molecule.atoms`` gives them, ``(l, 3)``.

    Returns:
        Shape ``(len(ELEMENTS),)``, float32.

    Example:
        >>> from nextims.chemistry.isotope_labels import unlabelled_shares
        >>> from nextims.chemistry.molecule import read_molecule
        >>> unlabelled_shares(*read_molecule("[2H]CO").atoms())[0]  # three of four hydrogens
        np.float32(0.75)
    """
    unlabelled = whole - np.bincount(labels[:, 0], labels[:, 2], len(ELEMENTS))
    return (unlabelled / np.maximum(whole, 1)).astype(np.float32)


def likely_extra(
    parts: LabelledParts,
    mass: np.ndarray,
    cuts: np.ndarray,
    share: np.ndarray,
    of_others: np.ndarray,
    labels: np.ndarray,
) -> np.ndarray:
    """Return what the labels that ions of each mass hold are likely to add to it.

    That is what the parts of this mass hold, each as likely as it is seen; where hardly any is,
    those count most that the fewest broken bonds and moved hydrogens give.

    Args:
        parts: as ``label_parts`` gives them.
        mass: nominal masses of the parts without labels, the whole molecule first, ``(n,)``, Da.
        cuts: number of bonds broken for each, ``(n,)``.
        share: intensity of each at each hydrogen shift, ``(n, S)``.
        of_others: intensity of the ions at each mass from 0 to the molecule's that are known by
            their formulas alone, ``(mass[0] + 1,)``.
        labels: as ``Molecule.atoms`` gives them, ``(l, 3)``.

    Returns:
        Probability of each extra mass from ``-reach`` to ``reach``, which is that of all labels, at
        each mass from 0 on, ``(mass[0] + 1, 2 * reach + 1)`` float32; 0 where no part has the mass.

    Example:
        >>> import numpy as np
        >>> from nextims.chemistry.isotope_labels import SHIFTS, label_parts, likely_extra
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.chemistry.pieces import describe_pieces
        >>> molecule = read_molecule("[2H]OC(C)=O")
        >>> pieces = describe_pieces(molecule.unlabelled.mol, 10, molecule.labels_by_atom)
        >>> labels = molecule.atoms()[1]
        >>> parts = label_parts(pieces.elements, pieces.labels, labels, pieces.acidic)
        >>> mass = parts.mass - pieces.labels[:, 0]
        >>> unseen = np.zeros((len(pieces), len(SHIFTS)), np.float32)
        >>> extra = likely_extra(parts, mass, pieces.broken_bonds, unseen, np.ones(61), labels)
        >>> extra[[43, 45], 1:].argmax(1)  # CH3CO has no D, COOD has it
        array([0, 1])
    """
    reach, whole = _reach(labels), int(mass[0])
    parts, mass, cuts, share = _with_rejoined(parts, mass, cuts, share)
    at = np.broadcast_to(mass[:, None] + np.array(SHIFTS), share.shape).clip(0, whole)
    seen = of_others + np.bincount(at.ravel(), share.ravel(), whole + 1)
    possible = parts.exchange.any(2)
    prior = np.exp(_OF_A_CUT * cuts[:, None] + _OF_A_HYDROGEN * abs(np.array(SHIFTS))) * possible
    total = np.bincount(at.ravel(), prior.ravel(), whole + 1)
    weight = share + _UNSEEN * seen[at] * prior / np.maximum(total, _NOTHING)[at]
    extra = (parts.mass - mass)[:, None, None] + np.array(LABELLED_SHIFTS) + reach
    extra = extra - np.array(SHIFTS)[:, None]
    part, shift, moved = parts.exchange.nonzero()
    place = at[part, shift] * (2 * reach + 1) + extra[part, shift, moved]
    likely = weight[part, shift] * parts.exchange[part, shift, moved]
    table = np.bincount(place, likely, (whole + 1) * (2 * reach + 1)).reshape(whole + 1, -1)
    sums = table.sum(1, keepdims=True)
    return np.divide(table, sums, out=np.zeros_like(table), where=sums > 0).astype(np.float32)


def _with_rejoined(
    parts: LabelledParts, mass: np.ndarray, cuts: np.ndarray, share: np.ndarray
) -> tuple[LabelledParts, np.ndarray, np.ndarray, np.ndarray]:
    """Return the parts, and what is left when one of them is lost and the ends join.

    Nitrobenzene loses NO and keeps an oxygen, phenol loses CO. What these take up is what the part
    loses, and the other way round.
    """
    lost = cuts > 1
    exchange = np.zeros_like(parts.exchange[lost])
    both_ways = slice(len(SHIFTS) - 2 * HIGHEST_SHIFT - 1, None)
    moved = slice(len(LABELLED_SHIFTS) - 2 * LABELLED_SHIFTS[-1] - 1, None)
    exchange[:, both_ways, moved] = parts.exchange[lost, both_ways, moved][:, ::-1, ::-1]
    rejoined = LabelledParts(
        parts.natural[0] - parts.natural[lost], parts.mass[0] - parts.mass[lost], exchange
    )
    columns = zip(parts, rejoined, strict=True)
    return (
        LabelledParts(*(np.concatenate(pair) for pair in columns)),
        np.concatenate([mass, mass[0] - mass[lost]]),
        np.concatenate([cuts, cuts[lost]]),
        np.concatenate([share, np.zeros_like(share[lost])]),
    )


def _reach(labels: np.ndarray) -> int:
    """Return how far all labels together can move an ion, Da."""
    return int((abs(labels[:, 1]) * labels[:, 2]).sum())


def with_labels(
    patterns: np.ndarray,
    atoms: np.ndarray,
    whole: np.ndarray,
    labels: np.ndarray,
    extra: np.ndarray | None = None,
) -> np.ndarray:
    """Return the patterns of a molecule's ions with its labels among their atoms.

    Args:
        patterns: of what has no label in the ions, ``(n, k)`` float32; where an element of many
            isotopes is labelled, only their sums are of use, and ``k`` is what ``IsotopeEnvelope``
            gives.
        atoms: atoms of each element of the ions, labelled ones counted, ``(n, len(ELEMENTS))``.
        whole: likewise of the molecule, ``(len(ELEMENTS),)``.
        labels: its labels, as ``Molecule.atoms`` gives them, ``(l, 3)``.
        extra: what ``likely_extra`` gives; where it has nothing for an ion, how many labels that
            holds follows the hypergeometric distribution.

    Returns:
        Patterns that reach further, both ways alike: boron-10 is lighter than the commonest
        isotope.

    Example:
        >>> import numpy as np
        >>> from nextims.chemistry.isotope_labels import with_labels
        >>> from nextims.chemistry.molecule import read_molecule
        >>> whole, labels = read_molecule("[2H]CO").atoms()
        >>> methyl = whole.copy()
        >>> methyl[[0, 4]] = 3, 0  # H, O
        >>> with_labels(np.ones((1, 1), np.float32), methyl[None], whole, labels)  # CH3 or CH2D
        array([[0.  , 0.25, 0.75]], dtype=float32)
    """
    reach = _reach(labels)
    held = np.zeros((len(atoms), 2 * reach + 1), np.float32)
    held[:, reach] = 1.0
    kinds = [(*kind, _share_of_labels(int(whole[kind[0]]), kind[2])) for kind in labels.tolist()]
    wide = [kind for kind in kinds if kind[0] in _MANY_ISOTOPES]
    for element, mass, number, shares in kinds:
        if element not in _MANY_ISOTOPES:
            share = shares[atoms[:, element]]  # (n, number + 1)
            held = sum(np.roll(held, mass * k, 1) * share[:, k, None] for k in range(number + 1))
    if wide:
        numbers = product(*(range(number + 1) for *_, number, _ in wide))
        choices = [
            _choice(wide, each, patterns.sum(1), atoms, whole, labels, held) for each in numbers
        ]
    else:
        choices = [_Choice(patterns, np.ones((len(atoms), 1), np.float32), held, 0)]
    if extra is not None:
        known = extra[atoms @ MASS_NUMBERS]
        total = sum(choice.held for choice in choices)
        choices = [choice.given(known, total) for choice in choices]
    furthest = max(choice.offset for choice in choices)
    last = 2 * (reach + furthest)
    places = [
        (choice, i, i + furthest + choice.offset)
        for choice in choices
        for i in range(2 * reach + 1)
    ]
    return sum(
        np.pad(choice.held[:, i : i + 1] * choice.pattern, ((0, 0), (place, last - place)))
        for choice, i, place in places
    )


class _Choice(NamedTuple):
    """Ions that hold so many labels of each element of many isotopes.

    Attributes:
        pattern: of what has no label in them, ``(n, k)``.
        share: of the ions of each formula, ``(n, 1)``.
        held: share of those whose labels add so much, ``(n, 2 * reach + 1)``.
        offset: what the masses that shifts are counted from lack, as the labelled atoms have no
            heavier and lighter isotopes around a middle, Da.
    """

    pattern: np.ndarray
    share: np.ndarray
    held: np.ndarray
    offset: int

    def given(self, known: np.ndarray, total: np.ndarray) -> _Choice:
        """Return the same where it is known how much the labels of all choices together add."""
        share = np.divide(
            self.held, total, out=np.broadcast_to(self.share, total.shape).copy(), where=total > 0
        )
        return self._replace(held=np.where(known.any(1, keepdims=True), known * share, self.held))


def _choice(
    wide: list[tuple[int, int, int, np.ndarray]],
    numbers: tuple[int, ...],
    intensity: np.ndarray,
    atoms: np.ndarray,
    whole: np.ndarray,
    labels: np.ndarray,
    others: np.ndarray,
) -> _Choice:
    """Return the ions that hold so many of each kind of label; ``others`` are of other elements."""
    natural = np.rint(atoms * unlabelled_shares(whole, labels))
    natural[:, list(_MANY_ISOTOPES)] = atoms[:, list(_MANY_ISOTOPES)]
    share, extra, offset = np.ones((len(atoms), 1), np.float32), 0, 0
    for (element, mass, _, shares), number in zip(wide, numbers, strict=True):
        natural[:, element] -= number
        share = share * shares[atoms[:, element], number, None]
        extra += mass * number
        offset -= CENTRES.get(ELEMENTS[element], 0) * number
    share = share * (natural >= 0).all(1, keepdims=True)
    patterns = [_natural_pattern(*each) for each in natural.clip(0).astype(int).tolist()]
    pattern = np.array(patterns, np.float32).reshape(len(atoms), _WIDTH)
    return _Choice(pattern * intensity[:, None], share, np.roll(others, extra, 1) * share, offset)


@lru_cache(maxsize=1 << 14)
def _natural_pattern(*atoms: int) -> np.ndarray:
    """Return the isotope pattern of a formula as ``IsotopeEnvelope`` gives it."""
    counts = {element: n for element, n in zip(ELEMENTS, atoms, strict=True) if n}
    middle = sum(CENTRES.get(element, 0) * n for element, n in counts.items())
    pattern = np.zeros(_WIDTH, np.float32)
    for shift, share in isotope_pattern(counts).items():
        if LOWEST_ISOTOPE <= shift - middle <= HIGHEST_ISOTOPE:
            pattern[shift - middle - LOWEST_ISOTOPE] = share
    return pattern


@lru_cache(maxsize=256)
def _share_of_labels(atoms: int, labelled: int) -> np.ndarray:
    """Return how probably an ion of so many atoms of an element holds so many labelled ones.

    Args:
        atoms: atoms of the element in the molecule.
        labelled: how many of them are labelled.

    Returns:
        Shape ``(atoms + 1, labelled + 1)``, by atoms of the ion and labels among them.
    """
    table = np.zeros((atoms + 1, labelled + 1), np.float32)
    for own in range(atoms + 1):
        for held in range(min(own, labelled) + 1):
            ways = comb(labelled, held) * comb(atoms - labelled, own - held)
            table[own, held] = ways / comb(atoms, own)
    return table
