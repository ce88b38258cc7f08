"""From a structure to what the models read: identity, fingerprints and graph.

Imports RDKit and NumPy only, so that reading structures stays quick where no model is needed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from rdkit import Chem, RDLogger
from rdkit.Chem import Descriptors, rdFingerprintGenerator, rdMolDescriptors

from .isotopes import highest_isotope

ELEMENTS = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
ECFP_BITS = 4096
COUNT_BITS = 2048
# Far above what flies in a mass spectrometer; RDKit's canonical SMILES of a chain of some 20,000
# atoms overflows the stack and ends the process.
MAX_ATOMS = 2000

_PERIODIC_TABLE = Chem.GetPeriodicTable()
_ECFP = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=ECFP_BITS)
_COUNTS = rdFingerprintGenerator.GetMorganGenerator(
    radius=2, fpSize=COUNT_BITS, countSimulation=False
)
# An ion of less than this share of the molecular ion's pattern is left out of a spectrum's range.
_ISOTOPE_FLOOR = 1e-3

# Mass numbers of the commonest isotopes, which nominal masses are made of.
NOMINAL_MASSES = {e: _PERIODIC_TABLE.GetMostCommonIsotope(e) for e in ELEMENTS}

RDLogger.DisableLog("rdApp.*")


class MoleculeError(ValueError):
    """A structure that cannot be used; the message says why in a few words."""


@dataclass(frozen=True)
class Molecule:
    """One neutral or charged molecule of one component, its atoms in canonical-SMILES order.

    Attributes:
        mol: RDKit molecule, hydrogens implicit but for isotope-labelled ones.
        smiles: canonical isomeric SMILES.
    """

    mol: Chem.Mol
    smiles: str

    @cached_property
    def formula(self) -> str:
        """Molecular formula in Hill order, isotope labels not told apart."""
        return rdMolDescriptors.CalcMolFormula(self.mol)

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

    @cached_property
    def _isotope_counts(self) -> Counter[tuple[str, int]]:
        atoms = each_atom(self.mol)
        counts = Counter([(atom.GetSymbol(), atom.GetIsotope()) for atom in atoms])
        if hydrogens := sum([atom.GetTotalNumHs() for atom in atoms]):
            counts["H", 0] += hydrogens
        return counts

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
            if isotope and isotope != NOMINAL_MASSES[element]:
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
        return Descriptors.ExactMolWt(self.mol)

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
        bits = np.fromiter(_ECFP.GetFingerprint(self.mol).GetOnBits(), dtype=np.int64)
        counts = _COUNTS.GetCountFingerprint(self.mol).GetNonzeroElements()
        positions = np.concatenate([bits, ECFP_BITS + np.array(list(counts), dtype=np.int64)])
        values = np.concatenate([np.ones(len(bits)), np.array(list(counts.values()))])
        return positions, values.astype(np.float32)


def read_molecule(structure: str | Chem.Mol, *, max_mz: int | None = None) -> Molecule:
    """Read a structure and check that the models can take it.

    Args:
        structure: SMILES, or an RDKit molecule (from a MOL file, say).
        max_mz: highest nominal mass allowed, in Da; ``None`` for any.

    Returns:
        The molecule, its atoms renumbered in the order of its canonical SMILES.

    Raises:
        MoleculeError: the structure is empty, cannot be read, has several components, an
            unsupported element, an isotope that does not exist, or a nominal mass above ``max_mz``.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> ethanol = read_molecule("OCC")
        >>> ethanol.smiles, ethanol.formula, ethanol.nominal_mass
        ('CCO', 'C2H6O', 46)
    """
    if isinstance(structure, str):
        if not structure.strip():
            raise MoleculeError("empty structure")
        mol = Chem.MolFromSmiles(structure.strip())
    else:
        mol = Chem.RemoveHs(structure)
    if mol is None:
        raise MoleculeError("RDKit cannot read the structure")
    molecule = from_parsed(mol)
    if max_mz is not None and molecule.nominal_mass > max_mz:
        raise MoleculeError(f"nominal mass {molecule.nominal_mass} Da above max_mz {max_mz}")
    return molecule


def from_parsed(mol: Chem.Mol) -> Molecule:
    """Check and canonicalize what an RDKit reader gave: sanitized and without hydrogens.

    For libraries, where ``read_molecule`` would sanitize each structure once more.

    Args:
        mol: what ``Chem.MolFromSmiles``, ``MolFromMolBlock`` or ``MolFromInchi`` returned.

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
    if len(Chem.GetMolFrags(mol)) > 1:
        raise MoleculeError("several components")
    smiles = Chem.MolToSmiles(mol)
    # Reading the canonical SMILES again numbers the atoms in its order, which is what caches of
    # per-atom and per-bond values refer to.
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise MoleculeError("RDKit cannot read the structure's own canonical SMILES")
    molecule = Molecule(mol, smiles)
    kinds = molecule._isotope_counts
    if unsupported := sorted({element for element, _ in kinds} - set(ELEMENTS)):
        raise MoleculeError(f"unsupported element {', '.join(unsupported)}")
    for element, label in kinds:
        if label and not _PERIODIC_TABLE.GetMassForIsotope(element, label):
            raise MoleculeError(f"no such isotope {label}{element}")
    return molecule


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
