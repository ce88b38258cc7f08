"""New structures from known ones, for a teacher to label: substituents exchanged, atoms replaced.

A molecule is cut at a single bond outside rings and the smaller side is replaced by one that some
other molecule carries on such an atom; or a hydrogen is replaced by one; or one atom becomes
another of a like kind. So new bonds are of kinds that occur, and a variant is about as large as
what it was made from.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from .molecule import Molecule, MoleculeError, first_block, read_molecule

# Larger pieces are molecules of their own, and no substituents.
_LARGEST_SUBSTITUENT = 10
# Ring atoms and end atoms that take each other's place as they are; hydrogens follow.
_LIKE_ATOMS = {
    "c": ("n",),
    "n": ("c",),
    "o": ("s",),
    "s": ("o",),
    "C": ("N", "O", "S"),
    "N": ("C", "O"),
    "O": ("C", "N", "S"),
    "S": ("O", "C"),
    "F": ("Cl", "Br"),
    "Cl": ("F", "Br", "I"),
    "Br": ("Cl", "F", "I"),
    "I": ("Br", "Cl"),
}

AtomKind = tuple[str, bool]


class VariantMaker:
    """Makes variants of molecules, with the substituents that occur among them.

    Args:
        molecules: SMILES of the molecules.
        seed: of all random choices.
        progress: wraps the molecules as they are read (``tqdm``, say).

    Example:
        >>> from nextims.chemistry.variants import VariantMaker
        >>> maker = VariantMaker(["CCO", "Clc1ccccc1", "CC(=O)OC"], seed=1)
        >>> len(list(maker.variants(5)))
        5
    """

    def __init__(
        self,
        molecules: Iterable[str],
        *,
        seed: int,
        progress: Callable[[Iterable[str]], Iterable[str]] = iter,
    ):
        self._random = random.Random(seed)
        self._molecules: list[str] = []
        # What is found on an atom of a kind, each as often as it occurs.
        self._substituents: dict[AtomKind, list[tuple[Chem.Mol, int]]] = defaultdict(list)
        for smiles in progress(molecules):
            mol = Chem.MolFromSmiles(smiles)
            if mol is None:
                continue
            self._molecules.append(smiles)
            for bond in _cuttable(mol):
                self._keep_smaller(mol, bond)

    def variants(
        self,
        number: int,
        *,
        known: Iterable[str] = (),
        max_mz: int | None = None,
        seed: int | None = None,
    ) -> Iterator[Molecule]:
        """Yield variants, none of them twice.

        Args:
            number: so many, if so many can be made within 20 times as many trials.
            known: first blocks of the InChIKeys of molecules not to yield.
            max_mz: highest nominal mass, Da.
            seed: of these variants' choices, whatever was made before; ``None`` goes on with the
                maker's.
        """
        if seed is not None:
            self._random.seed(seed)
        seen = set(known)
        made = 0
        for _ in range(20 * number):
            if made == number or not self._molecules:
                return
            try:
                molecule = read_molecule(Chem.MolToSmiles(self._vary()), max_mz=max_mz)
            except (MoleculeError, ValueError, RuntimeError):  # RDKit refuses many
                continue
            block = first_block(molecule.inchikey)
            if block and block not in seen:
                seen.add(block)
                made += 1
                yield molecule

    def smiles(self, trials: int, *, seed: int, highest_mass: float | None = None) -> Iterator[str]:
        """Yield the SMILES of variants as they come, far faster than ``variants``.

        They are not read again: one may come twice, or be a molecule that is known.

        Args:
            trials: how many to try; RDKit refuses some.
            seed: of the random choices of this call alone.
            highest_mass: monoisotopic mass in Da above which a variant is left out.

        Example:
            >>> from nextims.chemistry.variants import VariantMaker
            >>> maker = VariantMaker(["CCO", "Clc1ccccc1", "CC(=O)OC"], seed=1)
            >>> list(maker.smiles(9, seed=2)) == list(maker.smiles(9, seed=2))
            True
        """
        own, self._random = self._random, random.Random(seed)
        try:
            for _ in range(trials):
                with suppress(ValueError, RuntimeError):
                    mol = self._vary()
                    if highest_mass is None or rdMolDescriptors.CalcExactMolWt(mol) <= highest_mass:
                        yield Chem.MolToSmiles(mol)
        finally:
            self._random = own

    def _vary(self) -> Chem.Mol:
        """Return a variant of some molecule, sound or not."""
        mol = Chem.MolFromSmiles(self._random.choice(self._molecules))
        changes = (self._exchange, self._exchange, self._decorate, self._replace_atom)
        for change in self._random.choices(changes, k=self._random.choice((1, 1, 2))):
            mol = change(mol)
            Chem.SanitizeMol(mol)
        return mol

    def _exchange(self, mol: Chem.Mol) -> Chem.Mol:
        """Replace what hangs on a single bond, by a hydrogen now and then."""
        bonds = _cuttable(mol)
        if not bonds:
            return mol
        editable, kept, lost = _cut(mol, self._random.choice(bonds))
        [gone] = [part for part in Chem.GetMolFrags(editable) if lost in part]
        if self._random.random() < 0.75:
            self._attach(editable, kept, mol)
        else:
            _free_valence(editable, kept)
        for atom in sorted(gone, reverse=True):
            editable.RemoveAtom(atom)
        return editable.GetMol()

    def _decorate(self, mol: Chem.Mol) -> Chem.Mol:
        """Put a substituent in the place of a hydrogen."""
        places = [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetTotalNumHs()]
        if not places:
            return mol
        place = self._random.choice(places)
        editable = Chem.RWMol(mol)
        _take_hydrogen(editable, place)
        self._attach(editable, place, mol)
        return editable.GetMol()

    def _replace_atom(self, mol: Chem.Mol) -> Chem.Mol:
        """Replace one atom by another of a like kind."""
        atom = mol.GetAtomWithIdx(self._random.randrange(mol.GetNumAtoms()))
        like = _LIKE_ATOMS.get(_symbol(atom))
        if not like or atom.GetIsotope() or atom.GetFormalCharge():
            return mol
        symbol = self._random.choice(like)
        editable = Chem.RWMol(mol)
        changed = editable.GetAtomWithIdx(atom.GetIdx())
        changed.SetAtomicNum(Chem.GetPeriodicTable().GetAtomicNumber(symbol.capitalize()))
        changed.SetNumExplicitHs(0)
        changed.SetNoImplicit(False)
        changed.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
        return editable.GetMol()

    def _attach(self, editable: Chem.RWMol, place: int, mol: Chem.Mol) -> None:
        """Bind a substituent that atoms like this one carry."""
        found = self._substituents.get(_kind(mol.GetAtomWithIdx(place)))
        if not found:
            raise ValueError("nothing is known to be bound by such an atom")
        piece, own = self._random.choice(found)
        first = editable.GetNumAtoms()
        editable.InsertMol(piece)
        editable.AddBond(place, first + own, Chem.BondType.SINGLE)

    def _keep_smaller(self, mol: Chem.Mol, bond: Chem.Bond) -> None:
        editable, kept, lost = _cut(mol, bond)
        mapping: list[tuple[int, ...]] = []
        pieces = Chem.GetMolFrags(
            editable, asMols=True, sanitizeFrags=False, fragsMolAtomMapping=mapping
        )
        for piece, atoms in zip(pieces, mapping, strict=True):
            if lost in atoms and len(atoms) <= _LARGEST_SUBSTITUENT:
                own = atoms.index(lost)
                self._substituents[_kind(mol.GetAtomWithIdx(kept))].append((piece, own))


def _cuttable(mol: Chem.Mol) -> list[Chem.Bond]:
    return [
        bond
        for bond in mol.GetBonds()
        if bond.GetBondType() == Chem.BondType.SINGLE
        and not bond.IsInRing()
        and not bond.GetBeginAtom().GetIsotope()
        and not bond.GetEndAtom().GetIsotope()
    ]


def _cut(mol: Chem.Mol, bond: Chem.Bond) -> tuple[Chem.RWMol, int, int]:
    """Return the molecule without a bond, and the bond's ends, that on the smaller side last."""
    begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
    editable = Chem.RWMol(mol)
    editable.RemoveBond(begin, end)
    sizes = {atom: len(part) for part in Chem.GetMolFrags(editable) for atom in part}
    return (editable, begin, end) if sizes[begin] >= sizes[end] else (editable, end, begin)


def _symbol(atom: Chem.Atom) -> str:
    return atom.GetSymbol().lower() if atom.GetIsAromatic() else atom.GetSymbol()


def _kind(atom: Chem.Atom) -> AtomKind:
    """Return what decides which substituents an atom may carry."""
    saturated = atom.GetHybridization() == Chem.HybridizationType.SP3
    return _symbol(atom), saturated


def _take_hydrogen(mol: Chem.RWMol, place: int) -> None:
    atom = mol.GetAtomWithIdx(place)
    if atom.GetNumExplicitHs():
        atom.SetNumExplicitHs(atom.GetNumExplicitHs() - 1)


def _free_valence(mol: Chem.RWMol, place: int) -> None:
    """Let a hydrogen take the place of what was bound."""
    atom = mol.GetAtomWithIdx(place)
    if atom.GetNoImplicit() or (atom.GetIsAromatic() and atom.GetSymbol() != "C"):
        atom.SetNumExplicitHs(atom.GetNumExplicitHs() + 1)
