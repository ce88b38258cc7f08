import numpy as np
import pytest
from rdkit import Chem

from nextims.chemistry.molecule import (
    COUNT_BITS,
    ECFP_BITS,
    MoleculeError,
    load_canonical,
    read_molecule,
    without_isotopes,
)


@pytest.mark.parametrize(
    ("smiles", "formula", "nominal", "exact"),
    [
        ("CCO", "C2H6O", 46, 46.0419),
        ("c1ccccc1", "C6H6", 78, 78.0470),
        ("ClC(Cl)(Cl)Cl", "CCl4", 152, 151.8754),
        ("C[Si](C)(C)OCC", "C5H14OSi", 118, 118.0814),
        ("BrC(Br)(Br)Br", "CBr4", 328, 327.6734),
        ("OB(O)c1ccccc1", "C6H7BO2", 122, 122.0539),
        ("[2H]C([2H])([2H])O", "CHD3O", 35, 35.0450),
        ("[13CH3]O", "CH4O", 33, 33.0296),
    ],
)
def test_masses_and_formulas_of_known_compounds(smiles, formula, nominal, exact):
    molecule = read_molecule(smiles)
    assert molecule.formula == formula
    assert molecule.nominal_mass == nominal
    assert molecule.exact_mass == pytest.approx(exact, abs=1e-4)


def test_inchikey_of_ethanol():
    assert read_molecule("OCC").inchikey == "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("", "empty structure"),
        ("   ", "empty structure"),
        ("C1CC", "cannot read"),
        ("c1cccc1", "cannot read"),
        ("CC.O", "several components"),
        ("[Na+].[Cl-]", "several components"),
        ("C[Zn]C", "unsupported element Zn"),
        ("[500C]", "no such isotope 500C"),
        ("*C", r"unsupported element \*"),
        ("C" * 20_000, "more than 2000 atoms"),
        ("C" * 80, "nominal mass 1122 Da above max_mz 1000"),
    ],
)
def test_unusable_structures_say_why(smiles, reason):
    with pytest.raises(MoleculeError, match=reason):
        read_molecule(smiles, max_mz=1000)


def test_explicit_hydrogens_of_a_mol_file_change_nothing():
    with_hydrogens = Chem.AddHs(Chem.MolFromSmiles("CCO"))
    assert read_molecule(with_hydrogens).smiles == "CCO"


def test_the_order_in_which_atoms_are_written_changes_nothing():
    mol = Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")
    reference = read_molecule(mol)
    order = np.random.default_rng(0).permutation(mol.GetNumAtoms()).tolist()
    other = read_molecule(Chem.RenumberAtoms(mol, order))
    assert other.smiles == reference.smiles
    for a, b in zip(other.fingerprint(), reference.fingerprint(), strict=True):
        assert sorted(a.tolist()) == sorted(b.tolist())


def test_the_atoms_are_in_canonical_order():
    molecule = read_molecule("OCC")
    again = load_canonical(molecule.smiles)
    symbols = [[atom.GetSymbol() for atom in m.mol.GetAtoms()] for m in (molecule, again)]
    assert symbols[0] == symbols[1] == ["C", "C", "O"]


def test_the_highest_mz_holds_the_isotope_pattern():
    assert read_molecule("CCO").highest_mz == 48  # 18O is 0.2 % of the molecular ion
    assert read_molecule("ClC(Cl)(Cl)Cl").highest_mz == 160  # four 37Cl
    assert read_molecule("BrC(Br)(Br)Br").highest_mz == 337  # four 81Br, one 13C


def test_the_fingerprint_has_bits_and_counts():
    positions, values = read_molecule("CCCCCCCC").fingerprint()
    assert (values[positions < ECFP_BITS] == 1).all()
    counts = values[positions >= ECFP_BITS]
    assert counts.max() == 6  # six CH2 of octane
    assert positions.max() < ECFP_BITS + COUNT_BITS


def test_isotope_labels_go_and_the_atoms_keep_their_order():
    labelled = Chem.MolFromSmiles("[2H]C([2H])([2H])[13CH2]O")
    plain = without_isotopes(labelled)
    assert [atom.GetIsotope() for atom in plain.GetAtoms()] == [0] * 6
    assert [a.GetSymbol() for a in plain.GetAtoms()] == list("HCHHCO")
    assert labelled.GetAtomWithIdx(0).GetIsotope() == 2


def test_a_centre_that_is_chiral_by_its_label_alone_is_none():
    labelled = Chem.MolFromSmiles("[2H][C@H](C)O")
    assert labelled.GetAtomWithIdx(1).HasProp("_CIPCode")
    plain = without_isotopes(labelled)
    assert not any(atom.HasProp("_CIPCode") for atom in plain.GetAtoms())
    assert Chem.MolToSmiles(Chem.RemoveHs(plain)) == "CCO"


def test_a_molecule_without_isotope_labels_is_left_alone():
    mol = Chem.MolFromSmiles("C[C@H](O)F")
    assert without_isotopes(mol) is mol


@pytest.mark.parametrize(
    "drawn",
    [
        "CC(=O)Oc1ccccc1CC(=O)[N-][N+](C)(C)CC(=O)O",  # settled, it has another proton to move
        "O=c1ccccc(O)c1[As]",
        "[O-][Cl+3]([O-])[O-]",
        "Oc1[c@SP2]cccc1",
        "[C@OH1H-]1CCCCC1",
        "C1CCSC1 |c:1|",
        "C1CCC=CCCCC1 |t:3|",
        "Clc1c(Cl)#c(Cl)c(Cl)c(Cl)c1Cl",
    ],
)
def test_what_was_read_is_read_as_itself(drawn):
    smiles = read_molecule(drawn).smiles
    assert read_molecule(smiles).smiles == smiles


def test_what_has_no_neutral_form_that_can_be_written_is_refused():
    with pytest.raises(MoleculeError, match="no neutral form can be written"):
        read_molecule("C[n+]1#ccccc1")
