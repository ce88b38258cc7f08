"""The derivatives that a laboratory injects when it treats a sample with a reagent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize

from ...errors import UserError
from ..molecule import Molecule, read_molecule
from .reactions import check_mass_shift, count_sites, derivatise, flat_smiles, name_derivative
from .reagents import LABORATORY_REAGENTS, METHODS, REAGENTS

# A disaccharide has 254 partial silyl ethers: nobody looks for them all.
MOST_DERIVATIVES = 200


class DerivatisationError(UserError):
    """The derivatives of a molecule cannot be given; the message says why in a few words."""


@dataclass(frozen=True)
class Derivative:
    """One derivative of a molecule.

    Attributes:
        molecule: its structure.
        groups: number of groups by key of ``REAGENTS``.
    """

    molecule: Molecule
    groups: Mapping[str, int]

    @property
    def suffix(self) -> str:
        """What its name adds to the parent's: "5TMS 1MEOX"."""
        return name_derivative("", **self.groups).strip()

    @property
    def shift(self) -> float:
        """What its groups add to the monoisotopic mass, in Da."""
        return sum(REAGENTS[key].exact_shift * number for key, number in self.groups.items())


def list_derivatives(
    molecule: Molecule, method: str, *, partial: bool = False, limit: int = MOST_DERIVATIVES
) -> list[Derivative]:
    """Return the derivatives of a molecule, by rising number of groups.

    Every position that reacts completely has its group; those that react in part (``reagents``
    tells which) come with and without, by falling reactivity: alanine gives 2TMS and 3TMS. Where a
    molecule has none but these, one group at least is on. Sugars drawn as rings are silylated and
    acetylated as rings and opened by methoxyamine.

    Args:
        molecule: the molecule. A zwitterion is taken in its neutral form, another ion as it is.
            Labelled atoms stay, labelled hydrogens on oxygen, nitrogen or sulfur among them.
        method: a key of ``METHODS``.
        partial: whether to add, after those, the ones with fewer groups: from one of any kind,
            the most reactive positions first.
        limit: so many derivatives at most.

    Returns:
        The distinct derivatives, stereoisomers (syn and anti methoximes, say) counted as one; empty
        where the molecule has nothing that reacts.

    Raises:
        KeyError: an unknown method.
        DerivatisationError: there are more than ``limit``, or the molecule falls apart (dimers that
            hemiacetals hold together).
        ArithmeticError: a derivative does not have the mass of the parent and its groups.

    Example:
        >>> from nextims.chemistry.derivatives.derivatisation import list_derivatives
        >>> from nextims.chemistry.molecule import read_molecule
        >>> glucose = read_molecule("OCC1OC(O)C(O)C(O)C1O")
        >>> [(d.suffix, d.molecule.formula) for d in list_derivatives(glucose, "meox-tms")]
        [('5TMS 1MEOX', 'C22H55NO6Si5')]
        >>> alanine = read_molecule("CC(N)C(=O)O")
        >>> [d.suffix for d in list_derivatives(alanine, "tms", partial=True)]
        ['2TMS', '3TMS', '1TMS']
    """
    parent = _neutral(molecule)
    reagents = METHODS[method]
    found = _collect(parent, reagents, limit, partial=False)
    if not found and any(_count(parent, each) for each in reagents):
        raise DerivatisationError(f"falls apart or has no valid {method} derivative")
    if partial and found:
        for key, derivative in _collect(parent, reagents, limit, partial=True).items():
            found.setdefault(key, derivative)
    return list(found.values())


def _neutral(molecule: Molecule) -> Molecule:
    """Return a zwitterion's neutral form, where it has one; other molecules as they are."""
    charges = [atom.GetFormalCharge() for atom in molecule.mol.GetAtoms()]
    if not any(charges) or sum(charges):
        return molecule
    return read_molecule(rdMolStandardize.Uncharger().uncharge(Chem.Mol(molecule.mol)))


def _collect(
    parent: Molecule, reagents: tuple[str, ...], limit: int, *, partial: bool
) -> dict[str, Derivative]:
    """Return the distinct derivatives by their SMILES without stereochemistry."""
    found: dict[str, Derivative] = {}
    for groups, molecule in _react(parent, reagents, limit, partial=partial):
        if not any(groups.values()):
            continue
        check_mass_shift(parent, molecule, **groups)
        found.setdefault(flat_smiles(molecule.mol), Derivative(molecule, groups))
        if len(found) > limit:
            kind = "partial derivatives" if partial else "derivatives"
            raise DerivatisationError(f"more than {limit} {kind}")
    return found


def _react(
    molecule: Molecule, reagents: tuple[str, ...], limit: int, *, partial: bool
) -> Iterator[tuple[dict[str, int], Molecule]]:
    """Yield the number of groups and the structure of each product, by rising number.

    The last reagent comes first in the numbers: chromatographers write "5TMS 1MEOX".
    """
    if not reagents:
        yield {}, molecule
        return
    reagent, *later = reagents
    most = _count(molecule, reagent)
    least = most if reagent == "meox" else _count(molecule, reagent, complete=True)
    for number in range(0 if partial else max(least, min(1, most)), most + 1):
        products = derivatise(
            molecule, reagents=LABORATORY_REAGENTS, limit=limit + 1, **{reagent: number}
        )
        for product in products:
            for groups, structure in _react(product, tuple(later), limit, partial=partial):
                yield {**groups, reagent: number}, structure


def _count(molecule: Molecule, reagent: str, *, complete: bool = False) -> int:
    return count_sites(molecule, reagent, reagents=LABORATORY_REAGENTS, complete=complete)
