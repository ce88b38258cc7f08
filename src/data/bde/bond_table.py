"""Bond dissociation energies of a molecule as a table: equivalent bonds together, weakest first."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from ...chemistry.homolysis import gives_ions
from ...chemistry.molecule import Molecule
from .bond_energies import BondEnergies

KJ_PER_KCAL = 4.184
UNKNOWN_SURROUNDINGS = "surroundings not in the training data"
OPPOSITE_CHARGES = "between opposite charges, breaks into ions"

WIDTH = 100
_ATOMS_WIDTH = 16  # of the column of atoms at most
_INDENT = 10  # of radicals that have a line of their own
_ISOTOPES_OF_HYDROGEN = {2: "D", 3: "T"}
_CIS_TRANS = {
    Chem.BondStereo.STEREOE: Chem.BondStereo.STEREOTRANS,
    Chem.BondStereo.STEREOZ: Chem.BondStereo.STEREOCIS,
}


@dataclass(frozen=True)
class BondRow:
    """Bonds of one molecule that break into the same two radicals.

    Attributes:
        bond: the elements, as "C–O", "C–H" or "C–D"; carbon first, hydrogen last.
        atoms: for each of the bonds its heavy atoms, in the order of ``bond``; hydrogens of one
            atom together. Heavy atoms are counted from 1 as they stand in the canonical SMILES.
        count: number of bonds.
        bde: bond dissociation energy in kcal/mol at 298 K; NaN where there is none.
        bdfe: the free energy, likewise.
        radicals: canonical SMILES of the two, the larger first.
        note: why there is no energy; empty where there is one.
    """

    bond: str
    atoms: tuple[tuple[int, ...], ...]
    count: int
    bde: float
    bdfe: float
    radicals: tuple[str, str]
    note: str = ""


def bond_rows(molecule: Molecule, energies: BondEnergies) -> list[BondRow]:
    """Return the bonds that break into two radicals, the weakest first, ring bonds left out.

    Mirror images count as the same radical. Bonds without an energy come last.

    Example:
        >>> import numpy as np
        >>> from nextims.data.bde.bond_energies import BondEnergies
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.data.bde.bond_table import bond_rows
        >>> atoms = np.array([[0, 1], *([0, h] for h in (2, 3, 4)), [1, 5]], np.int32)
        >>> bde = np.array([92.1, 96.0, 96.0, 96.0, 105.0], np.float32)
        >>> valid, ring = np.ones(5, bool), np.zeros(5, bool)
        >>> methanol = BondEnergies(atoms, bde, bde - 9, valid, ring)
        >>> for row in bond_rows(read_molecule("OC"), methanol):
        ...     print(row.count, row.bond, round(row.bde, 1), row.radicals)
        1 C–O 92.1 ('[CH3]', '[OH]')
        3 C–H 96.0 ('[CH2]O', '[H]')
        1 O–H 105.0 ('C[O]', '[H]')
    """
    breaker = _Breaker(molecule.mol)
    groups: dict[tuple, list[int]] = {}
    for index in np.flatnonzero(~energies.ring):
        radicals = breaker.radicals(*map(int, energies.atoms[index]))
        mirrored = tuple(sorted(map(_mirror_image, radicals)))
        key = min(tuple(sorted(radicals)), mirrored), bool(energies.valid[index])
        groups.setdefault(key, []).append(index)
    rows = [_row(breaker, energies, indices) for indices in groups.values()]
    return sorted(rows, key=lambda row: (bool(row.note), row.note, row.bde if not row.note else 0))


def bond_table(
    molecule: Molecule, energies: BondEnergies, *, unicode: bool = True, width: int = WIDTH
) -> str:
    """Return ``bond_rows`` as text for the terminal, and what there is no energy of.

    A radical too long for a line of ``width`` characters goes to the next one and is never cut;
    ``unicode`` says whether characters beyond ASCII may be used.

    Example:
        >>> import numpy as np
        >>> from nextims.data.bde.bond_energies import BondEnergies
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.data.bde.bond_table import bond_table
        >>> bde, valid, ring = np.array([117.0] * 2), np.ones(2, bool), np.zeros(2, bool)
        >>> water = BondEnergies(np.array([[0, 1], [0, 2]]), bde, bde - 8, valid, ring)
        >>> print(bond_table(read_molecule("O"), water).splitlines()[-2])
           117.0    109.0   489.5   2 × O–H   1      [OH] + [H]
    """
    lines = [f"{'SMILES':<15}{molecule.smiles}", f"{'Formula':<15}{molecule.formula}", ""]
    rows = bond_rows(molecule, energies)
    lines += _lines(rows, width) if rows else ["no single bond outside rings"]
    if rings := int(energies.ring.sum()):
        lines.append(f"no energy: {_number(rings, 'ring bond')}, as breaking one leaves one piece")
    multiple = sum(
        bond.GetBondType() != Chem.BondType.SINGLE and not bond.IsInRing()
        for bond in molecule.mol.GetBonds()
    )
    if multiple:
        lines.append(f"no energy: {_number(multiple, 'double or triple bond')}, not predicted")
    text = "\n".join(lines)
    if not unicode:
        text = text.replace("–", "-").replace("×", "x").replace("…", "..")
    return text


class _Breaker:
    """Breaks the bonds of one molecule; knows how to name its atoms."""

    def __init__(self, mol: Chem.Mol):
        # Kekulé, as an aromatic ring may be none in the radical: pyrrol-1-yl.
        self.mol = Chem.AddHs(mol)
        Chem.Kekulize(self.mol, clearAromaticFlags=True)
        # E and Z would be read again from the directions of single bonds, cis and trans are not.
        for bond in self.mol.GetBonds():
            bond.SetBondDir(Chem.BondDir.NONE)
            bond.SetStereo(_CIS_TRANS.get(bond.GetStereo(), bond.GetStereo()))
        heavy = [atom.GetIdx() for atom in self.mol.GetAtoms() if atom.GetAtomicNum() > 1]
        self.number = {index: number for number, index in enumerate(heavy, 1)}

    def radicals(self, begin: int, end: int) -> tuple[str, str]:
        """Return the SMILES of the two radicals, the larger first."""
        mol = Chem.RWMol(self.mol)
        mol.RemoveBond(begin, end)
        for index in (begin, end):
            atom = mol.GetAtomWithIdx(index)
            atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
            atom.SetNumRadicalElectrons(atom.GetNumRadicalElectrons() + 1)
            for bond in atom.GetBonds():  # vinyl radicals turn over
                bond.SetStereo(Chem.BondStereo.STEREONONE)
        pieces = Chem.GetMolFrags(mol, asMols=True, sanitizeFrags=False)
        larger, smaller = sorted(pieces, key=lambda piece: -piece.GetNumAtoms())
        return _smiles(larger), _smiles(smaller)

    def ordered(self, begin: int, end: int) -> list[int]:
        """Return the ends of a bond as a chemist names it: carbon first, hydrogen last."""

        def rank(index: int) -> tuple:
            symbol = self.mol.GetAtomWithIdx(index).GetSymbol()
            return symbol == "H", symbol != "C", symbol, index

        return sorted((begin, end), key=rank)

    def name(self, begin: int, end: int) -> str:
        """Return the elements of a bond."""
        return "–".join(map(self._symbol, self.ordered(begin, end)))

    def numbers(self, begin: int, end: int) -> tuple[int, ...]:
        """Return the numbers of a bond's heavy atoms."""
        return tuple(self.number[i] for i in self.ordered(begin, end) if i in self.number)

    def _symbol(self, index: int) -> str:
        atom = self.mol.GetAtomWithIdx(index)
        if atom.GetAtomicNum() == 1:
            return _ISOTOPES_OF_HYDROGEN.get(atom.GetIsotope(), "H")
        return atom.GetSymbol()


def _row(breaker: _Breaker, energies: BondEnergies, indices: list[int]) -> BondRow:
    pairs = [tuple(map(int, energies.atoms[index])) for index in indices]
    first = pairs[0]
    note = ""
    if not energies.valid[indices[0]]:
        bond = breaker.mol.GetBondBetweenAtoms(*first)
        note = OPPOSITE_CHARGES if gives_ions(bond) else UNKNOWN_SURROUNDINGS
    return BondRow(
        breaker.name(*first),
        tuple(dict.fromkeys(breaker.numbers(*pair) for pair in pairs)),
        len(indices),
        # Alike but for rounding.
        float(np.mean(energies.bde[indices])),
        float(np.mean(energies.bdfe[indices])),
        breaker.radicals(*first),
        note,
    )


def _smiles(piece: Chem.Mol) -> str:
    Chem.SanitizeMol(piece)
    piece = Chem.RemoveHs(piece)
    Chem.AssignStereochemistry(piece, cleanIt=False, force=True)  # of cis and trans
    smiles = Chem.MolToSmiles(piece)
    # What was a stereocentre may be none in the radical: reading it again tells.
    return Chem.CanonSmiles(smiles) if set("@/\\") & set(smiles) else smiles


def _mirror_image(smiles: str) -> str:
    if "@" not in smiles:
        return smiles
    mol = Chem.MolFromSmiles(smiles)
    for atom in mol.GetAtoms():
        atom.InvertChirality()
    return Chem.MolToSmiles(mol)


def _lines(rows: list[BondRow], width: int) -> list[str]:
    atoms = [_atoms(row.atoms) for row in rows]
    column = max(5, *map(len, atoms))
    lines = [
        "   BDE     BDFE      BDE",
        f"kcal/mol kcal/mol  kJ/mol   bonds     {'atoms':<{column}}  radicals",
    ]
    note = ""
    for row, numbers in zip(rows, atoms, strict=True):
        if row.note != note:
            note = row.note
            lines.append(f"no energy: {note}")
        start = f"{_energy(row.bde):>8} {_energy(row.bdfe):>8} {_energy(row.bde * KJ_PER_KCAL):>7}"
        start += f"  {row.count:>2} × {row.bond:<6}{numbers:<{column}}  "
        larger, smaller = row.radicals
        if len(start) + len(larger) > width:
            lines.append(start.rstrip())
            start = " " * _INDENT
        both = f"{start}{larger} + {smaller}"
        if len(both) <= width:
            lines.append(both)
        else:
            lines += [start + larger, f"{' ' * len(start)}+ {smaller}"]
    lines.append("atoms: heavy atoms, counted as they stand in the SMILES")
    return lines


def _energy(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1f}"


def _atoms(atoms: tuple[tuple[int, ...], ...]) -> str:
    """Return as many of the atoms' numbers as their column holds."""
    names = ["–".join(map(str, bond)) for bond in atoms]
    text = ", ".join(names)
    while len(text) > _ATOMS_WIDTH:
        names.pop()
        text = ", ".join([*names, "…"])
    return text


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count > 1 else ''}"
