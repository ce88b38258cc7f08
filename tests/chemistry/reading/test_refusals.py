"""Structures that say nothing of how their atoms are bound are refused by name."""

import re

import pytest
from rdkit import Chem

from nextims.chemistry.molecule import MoleculeError, read_molecule


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("C=CC~Oc1nc(OCC=C)nc(OCC=C)n1", r"bond of no order \(C~O\)"),
        ("CC~C", r"bond of no order \(C~C\)"),
        ("C[NH2]->B(F)F", r"dative bond \(N-B\)"),
        ("C$C", r"quadruple bond \(C-C\)"),
        ("C:C", r"aromatic bond outside a ring \(C:C\)"),
        ("*C", r"unsupported element \*"),
        ("CC* |$;;R1$|", r"unsupported element \*"),
    ],
)
def test_odd_bonds_and_placeholders(smiles, reason):
    with pytest.raises(MoleculeError, match=reason):
        read_molecule(smiles)


def mol_block(smiles, bond=1, **changed):
    """A MOL block whose first bond has an order, with other lines changed."""
    block = Chem.MolToMolBlock(Chem.MolFromSmiles(smiles), kekulize=False)
    lines = block.splitlines()
    first = lines.index(next(line for line in lines[4:] if len(line.split()) < 8))
    lines[first] = lines[first][:6] + f"{bond:3d}" + lines[first][9:]
    text = "\n".join(lines)
    for old, new in changed.items():
        text = text.replace(f" {old} ", f" {new} ", 1)
    return text


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (mol_block("CCO", 8), "bond of no order"),  # any
        (mol_block("CCO", 5), "bond of no order"),  # single or double
        (mol_block("CCO", 9), "dative bond"),
        (mol_block("CCO", 10), "bond"),  # hydrogen bond
        (mol_block("CCO", O="A"), "query atom"),
        (mol_block("CCO", O="Q"), "query atom"),
        (mol_block("CCO", O="L").replace("M  END", "M  ALS   3  2 F N   O   \nM  END"), "query"),
        (mol_block("CCO", O="R#"), "query atom|unsupported element"),
    ],
    ids=["any", "single or double", "dative", "hydrogen", "any atom", "hetero", "list", "R group"],
)
def test_queries_of_mol_files(block, reason):
    with pytest.raises(MoleculeError, match=reason):
        read_molecule(block)


def test_an_atom_of_smarts_is_no_structure():
    with pytest.raises(MoleculeError, match="query atom"):
        read_molecule("[#6]C")


def test_numbers_of_atoms_in_a_reaction_are_no_part_of_a_molecule():
    assert read_molecule("[CH3:2][OH:1]").smiles == "CO"


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("[CH-]1C=CC=C1.[CH-]1C=CC=C1.[Fe+2]", "unsupported element Fe"),
        ("C1=CC=C[CH-]1.C1=CC=C[CH-]1.[Cl-].[Cl-].[Ti+4]", "unsupported element Ti"),
        ("[C-]#[O+].[C-]#[O+].[C-]#[O+].[C-]#[O+].[Ni]", "unsupported element Ni"),
        ("c1ccccc1.[Cr].c1ccccc1", "unsupported element Cr"),
        ("N.N.Cl[Pt]Cl", "unsupported element Pt"),
        ("[Cl-].C[N+](C)(C)C", r"permanent cation \(quaternary ammonium\)"),
        ("C[N+](C)(C)C.CC(=O)[O-]", r"permanent cation \(quaternary ammonium\)"),
        ("C[n+]1ccccc1.[I-]", r"permanent cation \(nitrogen with a double bond\)"),
        ("C[P+](c1ccccc1)(c1ccccc1)c1ccccc1.[Br-]", r"permanent cation \(phosphonium\)"),
        ("C[S+](C)C.[I-]", r"permanent cation \(sulfonium\)"),
    ],
)
def test_what_no_part_can_be_given_of(smiles, reason):
    with pytest.raises(MoleculeError, match=f"^{reason}$"):
        read_molecule(smiles)


def test_a_reason_can_be_counted():
    with pytest.raises(MoleculeError) as caught:
        read_molecule("CC[NH3+].[Cl-]")
    assert caught.value.reason == "several components"
    assert caught.value.detail == "give the free base or acid alone: CCN"


@pytest.mark.parametrize(
    ("salt", "offered"),
    [
        ("CN.Cl", "CN"),
        ("C[NH3+].C[NH3+].[O-]S(=O)(=O)[O-]", "CN"),
        ("CC(=O)[O-].[Na+]", "CC(=O)O"),
        ("CC(=O)[O-].CC(=O)[O-].[Cu+2]", "CC(=O)O"),
        ("C[N+](C)(C)CC(=O)[O-].Cl", "C[N+](C)(C)CC(=O)[O-]"),
        ("[K+].[O-]c1ccccc1", "Oc1ccccc1"),
        ("CCO.O", "CCO"),
        ("[H+].[Cl-]", "Cl"),
        ("[NH4+].[Cl-]", "N or Cl"),
        ("NCC.OC(=O)C(O)C(O)C(O)=O", "CCN or O=C(O)C(O)C(O)C(=O)O"),
        ("CC(O)=NC.Cl", "CNC(C)=O"),
    ],
)
def test_of_a_salt_the_free_base_or_acid_is_offered(salt, offered):
    with pytest.raises(
        MoleculeError,
        match=re.escape(f"several components (give the free base or acid alone: {offered})"),
    ):
        read_molecule(salt)


@pytest.mark.parametrize("salt", ["[Na+].[Cl-]", ".".join(["[Na+]"] * 500)])
def test_of_other_salts_there_is_nothing_to_offer(salt):
    with pytest.raises(MoleculeError, match=r"several components$"):
        read_molecule(salt)
