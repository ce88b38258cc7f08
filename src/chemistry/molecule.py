"""From a structure to what the models read: identity, fingerprints and graph.

Imports RDKit and NumPy only, so that reading structures stays quick where no model is needed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from rdkit import Chem, RDLogger
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors

from .isotopes import highest_isotope
from .reading.charges import NEUTRALISED, is_charged, neutralise, settle_charges, write_oxides
from .reading.refusals import MAX_ATOMS, MoleculeError, refuse_complexes, refuse_odd_bonds
from .reading.structure_text import parse_structure
from .reading.tautomers import normalise_tautomer

# What models read of the elements stands in this order. The rare ones, which came later, are last
# in all that depends on it, so that weights of before need only be lengthened.
_COMMON = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
RARE_ELEMENTS = ("Se", "As", "Sn", "Hg", "Ge", "Pb")
ELEMENTS = _COMMON + RARE_ELEMENTS
ECFP_BITS = 4096
COUNT_BITS = 2048

_PERIODIC_TABLE = Chem.GetPeriodicTable()
_ENVIRONMENTS = rdFingerprintGenerator.GetMorganGenerator(radius=2)
# Components of a salt that are looked at.
_MOST_PARTS = 8
# Times that a structure is normalised; two are enough for nearly all.
_MOST_ROUNDS = 4
# Of square planes, octahedra and so on, which carbon and its like are not.
_HIGHER_STEREO = re.compile(r"@(?:AL|SP|TB|OH)\d")
# An ion of less than this share of the molecular ion's pattern is left out of a spectrum's range.
_ISOTOPE_FLOOR = 1e-3
_ARYNE = re.compile(r"[cn]\d*#|#\d*[cn]")
_TETRAHEDRAL = {
    Chem.ChiralType.CHI_TETRAHEDRAL,
    Chem.ChiralType.CHI_TETRAHEDRAL_CW,
    Chem.ChiralType.CHI_TETRAHEDRAL_CCW,
}

# An isotope label and what has it, or an element or what is none; and how many of it.
_OF_FORMULA = re.compile(r"(?:\[(\d+)([A-Z][a-z]?)\]|([A-Z][a-z]?|\*))(\d*)")
_D_AND_T = ((1, 2), (1, 3))
_ALL_HYDROGENS = Chem.RemoveHsParameters()
_ALL_HYDROGENS.removeDefiningBondStereo = True

# Mass numbers of the commonest isotopes, which nominal masses are made of.
NOMINAL_MASSES = {e: _PERIODIC_TABLE.GetMostCommonIsotope(e) for e in ELEMENTS}

RDLogger.DisableLog("rdApp.*")


@dataclass(frozen=True)
class Molecule:
    """One molecule of one component, its atoms in canonical-SMILES order.

    Attributes:
        mol: RDKit molecule, hydrogens implicit but for isotope-labelled ones.
        smiles: canonical isomeric SMILES.
        notes: what a user should know about how the structure was taken.
    """

    mol: Chem.Mol
    smiles: str
    notes: tuple[str, ...] = ()

    @cached_property
    def formula(self) -> str:
        """Molecular formula in Hill order, D for deuterium and T for tritium.

        Labels of other elements are not told apart: MS Search has no way to write them.
        """
        mol = self.mol
        if self._is_labelled:
            mol = Chem.Mol(mol)
            for atom in mol.GetAtoms():
                if (atom.GetAtomicNum(), atom.GetIsotope()) not in _D_AND_T:
                    atom.SetIsotope(0)
        return rdMolDescriptors.CalcMolFormula(mol, True, True)  # isotopes apart, as D and T

    @cached_property
    def inchikey(self) -> str:
        """InChIKey of 27 characters; empty where InChI cannot describe the structure."""
        return Chem.MolToInchiKey(self.mol)

    @cached_property
    def element_counts(self) -> Counter[str]:
        """Number of atoms of each element, hydrogens included, isotope labels left out."""
        return Counter(
            {
                element: number
                for (element, isotope), number in self._isotope_counts.items()
                if not isotope
            }
        )

    @property
    def elements(self) -> set[str]:
        """The elements of its atoms, labelled ones among them."""
        return {element for element, _ in self._isotope_counts}

    @property
    def labels(self) -> Counter[tuple[str, int]]:
        """Number of atoms by element and isotope label, of those that have one."""
        return Counter({kind: n for kind, n in self._isotope_counts.items() if kind[1]})

    @cached_property
    def _isotope_counts(self) -> Counter[tuple[str, int]]:
        return _counted(rdMolDescriptors.CalcMolFormula(self.mol, True, False))

    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the number of atoms of each element, and the isotope labels.

        Returns:
            Atoms of each of ``ELEMENTS``, labelled ones counted, ``(len(ELEMENTS),)``, int64; of
            each kind of label the element's position, the mass above the commonest isotope's in Da
            and the number of atoms, ``(l, 3)``, int64.
        """
        atoms = np.zeros(len(ELEMENTS), np.int64)
        labels = []
        for (element, isotope), number in self._isotope_counts.items():
            position = ELEMENTS.index(element)
            atoms[position] += number
            if isotope:  # the commonest one, too: such an atom has no heavier isotopes
                labels.append((position, isotope - NOMINAL_MASSES[element], number))
        return atoms, np.array(sorted(labels), np.int64).reshape(-1, 3)

    @cached_property
    def nominal_mass(self) -> int:
        """Mass of the molecular ion in Da from the most abundant isotopes, labels counted."""
        return sum(
            number * (isotope or NOMINAL_MASSES[element])
            for (element, isotope), number in self._isotope_counts.items()
        )

    @cached_property
    def exact_mass(self) -> float:
        """Monoisotopic mass in Da, labels counted."""
        return rdMolDescriptors.CalcExactMolWt(self.mol)

    @property
    def mass_defect(self) -> float:
        """Exact mass above the nominal one, relative to it: -0.0009 of C6Br6, 0.0011 of C40H82."""
        return self.exact_mass / self.nominal_mass - 1

    @property
    def unlabelled(self) -> Molecule:
        """The molecule without isotope labels, labelled hydrogens implicit; itself without any."""
        return self._without_labels[0] if self._is_labelled else self

    @property
    def places(self) -> np.ndarray:
        """Which atom of ``unlabelled`` each atom is, or is a hydrogen of, ``(a,)`` int64."""
        return self._without_labels[1] if self._is_labelled else np.arange(self.mol.GetNumAtoms())

    @cached_property
    def labels_by_atom(self) -> np.ndarray:
        """Labels of each kind of ``atoms()`` on each atom of ``unlabelled``, ``(a, l)`` int64.

        Those on its hydrogens are among them.
        """
        if not self._is_labelled:
            return np.zeros((self.mol.GetNumAtoms(), 0), np.int64)
        kinds = [tuple(kind) for kind in self.atoms()[1][:, :2].tolist()]
        table = np.zeros((self.unlabelled.mol.GetNumAtoms(), len(kinds)), np.int64)
        for atom, place in zip(each_atom(self.mol), self.places, strict=True):
            element, isotope = atom.GetSymbol(), atom.GetIsotope()
            kind = ELEMENTS.index(element), isotope - NOMINAL_MASSES[element]
            if isotope and kind in kinds:
                table[place, kinds.index(kind)] += 1
        return table

    @cached_property
    def _is_labelled(self) -> bool:
        return any(isotope for _, isotope in self._isotope_counts)

    @cached_property
    def _without_labels(self) -> tuple[Molecule, np.ndarray]:
        plain = Chem.Mol(self.mol)
        for atom in plain.GetAtoms():
            atom.SetIsotope(0)
            atom.SetIntProp("_place", atom.GetIdx())
        plain = Chem.RemoveHs(plain, _ALL_HYDROGENS)
        # What was chiral, E or Z by its labels alone is so no longer.
        Chem.AssignStereochemistry(plain, cleanIt=True, force=True)
        smiles = Chem.MolToSmiles(plain)
        places = np.full(self.mol.GetNumAtoms(), -1)
        for place, number in enumerate(plain.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"]):
            places[plain.GetAtomWithIdx(number).GetIntProp("_place")] = place
        for number in np.flatnonzero(places < 0).tolist():
            [neighbour] = self.mol.GetAtomWithIdx(number).GetNeighbors()
            places[number] = places[neighbour.GetIdx()]
        return load_canonical(smiles), places

    @cached_property
    def highest_mz(self) -> int:
        """Highest nominal m/z of the molecular ion's isotope pattern (0.1 % of it or more)."""
        return self.nominal_mass + highest_isotope(self.element_counts, _ISOTOPE_FLOOR)

    def fingerprint(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the ECFP4 bits and the count fingerprint as one sparse vector.

        ECFP4 (Rogers and Hahn, J. Chem. Inf. Model. 2010, 50, 742) folded to 4096 bits fills the
        positions 0…4095; the Morgan counts of the same radius, folded to 2048, the positions
        4096…6143.

        Returns:
            Positions ``(set,)``, int64, and values ``(set,)``, float32: 1 for a bit, the number of
            occurrences for a count.
        """
        return self._fingerprint

    @cached_property
    def environments(self) -> tuple[np.ndarray, np.ndarray]:
        """Hashes of the surroundings that atoms have within two bonds (Morgan), ascending, int64.

        Shape ``(e,)``; with them, how often each occurs, ``(e,)`` float64.
        """
        found = _ENVIRONMENTS.GetSparseCountFingerprint(self.mol).GetNonzeroElements()
        return (
            np.fromiter(found, np.int64, len(found)),
            np.fromiter(found.values(), np.float64, len(found)),
        )

    @cached_property
    def _fingerprint(self) -> tuple[np.ndarray, np.ndarray]:
        hashes, times = self.environments
        bits = np.flatnonzero(np.bincount(hashes % ECFP_BITS))
        counts = np.bincount(hashes % COUNT_BITS, times)
        counted = np.flatnonzero(counts)
        positions = np.concatenate([bits, ECFP_BITS + counted])
        values = np.concatenate([np.ones(len(bits)), counts[counted]])
        return positions, values.astype(np.float32)


def read_molecule(structure: str | Chem.Mol, *, max_mz: int | None = None) -> Molecule:
    """Read a structure as the mass spectrometer sees it, and check that the models can take it.

    What was drawn with charges that protons explain becomes the neutral molecule, with a note (see
    ``neutralise``); imidic acids become amides, and so on (see ``normalise_tautomer``).

    Args:
        structure: SMILES, InChI or MOL block, or an RDKit molecule.
        max_mz: highest nominal mass allowed, in Da; ``None`` for any.

    Returns:
        The molecule, its atoms renumbered in the order of its canonical SMILES.

    Raises:
        MoleculeError: the structure is empty or too long, cannot be read, has several components, a
            bond of no order, a query atom, a charge that protons do not explain, an unsupported
            element, an isotope that does not exist, or a nominal mass above ``max_mz``.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> ethanol = read_molecule("OCC")
        >>> ethanol.smiles, ethanol.formula, ethanol.nominal_mass
        ('CCO', 'C2H6O', 46)
        >>> read_molecule("C[NH3+]").notes
        ('taken as the neutral molecule',)
    """
    mol = parse_structure(structure) if isinstance(structure, str) else Chem.RemoveHs(structure)
    molecule = from_parsed(mol)
    if max_mz is not None and molecule.nominal_mass > max_mz:
        raise MoleculeError(f"nominal mass {molecule.nominal_mass} Da above max_mz {max_mz}")
    return molecule


def from_parsed(mol: Chem.Mol) -> Molecule:
    """Check and normalise what an RDKit reader gave: sanitized and without hydrogens.

    For libraries, where ``read_molecule`` would sanitize each structure once more.

    Args:
        mol: what ``parse_structure`` returned.

    Raises:
        MoleculeError: as ``read_molecule``.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.molecule import from_parsed
        >>> from_parsed(Chem.MolFromSmiles("OCC")).smiles
        'CCO'
    """
    if mol.GetNumAtoms() == 0:
        raise MoleculeError("empty structure")
    if mol.GetNumAtoms() > MAX_ATOMS:
        raise MoleculeError(f"more than {MAX_ATOMS} atoms")
    molecule = _canonical(mol)
    if "." in molecule.smiles:
        refuse_complexes(mol)
        raise _refusal_of_parts(mol)
    refuse_odd_bonds(mol, molecule.smiles)
    _check_atoms(molecule)
    try:
        for _ in range(_MOST_ROUNDS):
            before, molecule = molecule, _normalised(molecule)
            if molecule.smiles == before.smiles:
                break
    except Chem.MolSanitizeException as error:
        raise MoleculeError("no neutral form can be written", f"({error})") from error
    return molecule


def _normalised(molecule: Molecule) -> Molecule:
    """Return what a structure evaporates as, in the one form that is predicted of it.

    What comes out may have changed once more by the same rules: the settled form of an inner salt
    has charges that it was not written with, and protons may take them away.
    """
    if is_charged(molecule.smiles) or "[C]" in molecule.smiles:  # carbon monoxide as a carbene
        written = write_oxides(molecule.mol)
        neutral = neutralise(written)
        notes = molecule.notes if neutral is written else (NEUTRALISED,)
        molecule = replace(_canonical(settle_charges(neutral)), notes=notes)
    mol = normalise_tautomer(molecule.mol, molecule.smiles)
    if mol is not molecule.mol:
        molecule = replace(_canonical(mol), notes=molecule.notes)
    return molecule


def _canonical(mol: Chem.Mol) -> Molecule:
    """Return a molecule with its atoms numbered in the order of its canonical SMILES.

    Caches of per-atom and per-bond values refer to that order.
    """
    smiles = Chem.MolToSmiles(mol)
    higher = _HIGHER_STEREO.search(smiles)
    if ":" in smiles or higher:  # numbers of atoms in a reaction, which would decide over the order
        mol = Chem.Mol(mol)
        for atom in mol.GetAtoms():
            atom.SetAtomMapNum(0)
            if higher and atom.GetChiralTag() not in _TETRAHEDRAL:
                atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
        smiles = Chem.MolToSmiles(mol)
    mol = Chem.MolFromSmiles(smiles)
    if mol is not None and _ARYNE.search(smiles):  # RDKit writes some in two ways by turns
        smiles = min(smiles, Chem.MolToSmiles(mol))
        mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise MoleculeError("RDKit cannot read the structure's own canonical SMILES")
    return Molecule(mol, smiles)


def _check_atoms(molecule: Molecule) -> None:
    kinds = molecule._isotope_counts
    if unsupported := sorted({element for element, _ in kinds} - set(ELEMENTS)):
        raise MoleculeError("unsupported element", ", ".join(unsupported))
    for element, label in kinds:
        if label and not _PERIODIC_TABLE.GetMassForIsotope(element, label):
            raise MoleculeError("no such isotope", f"{label}{element}")


def _refusal_of_parts(mol: Chem.Mol) -> MoleculeError:
    """Say which component of a salt or solvate could be given alone: the free base or acid.

    These are the organic ones; of a salt without any, all, so that ``[H+].[Cl-]`` offers ``Cl``.
    None is of an organic ion that no proton makes neutral.
    """
    fragments = Chem.GetMolFrags(mol, asMols=True)
    parts: dict[str, Molecule] = {}
    read = 0
    for fragment in fragments[:_MOST_PARTS]:
        try:
            part = from_parsed(fragment)
        except MoleculeError as error:
            organic = any(atom.GetSymbol() == "C" for atom in each_atom(fragment))
            if organic and error.reason == "permanent cation":
                return error
            continue
        parts[part.smiles] = part
        read += fragment.GetNumHeavyAtoms()
    offered = [smiles for smiles, part in parts.items() if part.element_counts["C"]]
    if not offered and read == mol.GetNumHeavyAtoms():
        offered = list(parts)
    offer = f"(give the free base or acid alone: {' or '.join(offered)})" if offered else ""
    return MoleculeError("several components", offer)


@lru_cache(maxsize=4096)
def _counted(formula: str) -> Counter[tuple[str, int]]:
    """Count the atoms of a formula by element and label: to ask each atom takes eight times it."""
    counts: Counter[tuple[str, int]] = Counter()
    for label, labelled, element, number in _OF_FORMULA.findall(formula):
        counts[labelled or element, int(label or 0)] += int(number or 1)
    return counts


def each_atom(mol: Chem.Mol) -> list[Chem.Atom]:
    """Return the atoms of a molecule, in half the time that ``list(mol.GetAtoms())`` takes.

    Example:
        >>> from nextims.chemistry.molecule import each_atom, read_molecule
        >>> [atom.GetSymbol() for atom in each_atom(read_molecule("CO").mol)]
        ['C', 'O']
    """
    return [mol.GetAtomWithIdx(number) for number in range(mol.GetNumAtoms())]


def load_canonical(smiles: str) -> Molecule:
    """Return the molecule of a SMILES that ``read_molecule`` gave, without its checks.

    Raises:
        MoleculeError: RDKit cannot read it.

    Example:
        >>> from nextims.chemistry.molecule import load_canonical
        >>> load_canonical("CCO").nominal_mass
        46
    """
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise MoleculeError("RDKit cannot read the structure")
    return Molecule(mol, smiles)


def first_block(inchikey: str) -> str:
    """Return the block of an InChIKey that tells of the connectivity alone.

    Stereoisomers and isotope-labelled molecules share it.

    Example:
        >>> from nextims.chemistry.molecule import first_block, read_molecule
        >>> first_block(read_molecule("CCO").inchikey)
        'LFQSCWFLJHTTHZ'
    """
    return inchikey[:14]


def identity(inchikey: str, molecule: Molecule) -> str:
    """Name a molecule so that its stereoisomers share the name, and labelled ones have their own.

    Args:
        inchikey: InChIKey of the molecule; its first block tells of neither stereochemistry nor
            isotope labels.
        molecule: the molecule.

    Example:
        >>> from nextims.chemistry.molecule import identity, read_molecule
        >>> labelled = read_molecule("[2H]CCO")
        >>> identity(labelled.inchikey, labelled)
        'LFQSCWFLJHTTHZ [2H]CCO'
    """
    if not any(atom.GetIsotope() for atom in molecule.mol.GetAtoms()):
        return first_block(inchikey)
    flat = Chem.Mol(molecule.mol)
    Chem.RemoveStereochemistry(flat)
    return f"{first_block(inchikey)} {Chem.MolToSmiles(flat)}"


def without_isotopes(mol: Chem.Mol) -> Chem.Mol:
    """Return the molecule without isotope labels, its atoms in the same order."""
    if not any(atom.GetIsotope() for atom in mol.GetAtoms()):
        return mol
    mol = Chem.Mol(mol)
    for atom in mol.GetAtoms():
        atom.SetIsotope(0)
    # A centre that is chiral by its labels alone is none without them.
    Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    return mol
