"""Bond energies as a chemist reads them."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from rdkit import Chem

from nextims.chemistry.molecule import load_canonical, read_molecule
from nextims.chemistry.surroundings import atom_kinds
from nextims.data.bde.bond_table import (
    KJ_PER_KCAL,
    OPPOSITE_CHARGES,
    UNKNOWN_SURROUNDINGS,
    bond_rows,
    bond_table,
)
from nextims.models.bde_backends import NativeBackend

CHOLESTEROL = "C[C@H](CCCC(C)C)[C@H]1CC[C@@H]2[C@@]1(CC[C@H]3[C@H]2CC=C4[C@@]3(CC[C@@H](C4)O)C)C"
MOLECULES = [
    *("C", "CCO", "Cc1ccccc1", "CC(=O)Oc1ccccc1C(=O)O", "CC(C)(C)OOC(C)(C)C", "C=CC=C", "C#CC"),
    *("c1cc[nH]c1", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "C/C=C/C=C\\CO", "C[C@H](N)C(=O)O", "CS(C)=O"),
    *(
        "COP(=O)(OC)OC",
        "O=[N+]([O-])c1ccccc1C",
        "[2H]C([2H])([2H])OC",
        "C[Si](C)(C)Cl",
        CHOLESTEROL,
    ),
    *("C1CC2(C1)CC2", "c1ccc2[nH]ccc2c1", "N[C@@H](CS)C(=O)O", "C[N+](C)(C)CC(=O)[O-]", "Cl"),
]


@pytest.fixture(scope="module")
def backend():
    """An untrained model, to which the kinds of atoms in ``MOLECULES`` but silicon are known."""
    import torch

    from nextims.models.bde import BDEModel

    torch.manual_seed(2)
    kinds = {kind for smiles in MOLECULES for kind in atom_kinds(read_molecule(smiles).mol)}
    known = {kind for kind in kinds if kind.element != "Si"}
    return NativeBackend(BDEModel(encoder_width=16, encoder_layers=2), known, "untrained")


@pytest.fixture
def energies_of(backend):
    return lambda molecule: backend.predict(backend.prepare([molecule]))[0]


@pytest.fixture
def rows_of(energies_of):
    def rows(smiles):
        molecule = read_molecule(smiles)
        return bond_rows(molecule, energies_of(molecule))

    return rows


def facts(rows):
    return {(row.count, row.bond, row.atoms, row.radicals) for row in rows}


def counts(rows):
    return Counter({row.radicals: row.count for row in rows})


# --- which bonds are one row, and what they give ------------------------------------------------


def test_ethanol(rows_of):
    assert facts(rows_of("OCC")) == {
        (1, "C–C", ((1, 2),), ("[CH2]O", "[CH3]")),
        (1, "C–O", ((2, 3),), ("[CH2]C", "[OH]")),
        (3, "C–H", ((1,),), ("[CH2]CO", "[H]")),
        (2, "C–H", ((2,),), ("C[CH]O", "[H]")),
        (1, "O–H", ((3,),), ("CC[O]", "[H]")),
    }


def test_toluene_has_one_row_for_each_of_ortho_meta_and_para(rows_of):
    rows = {row.radicals[0]: (row.count, row.atoms) for row in rows_of("Cc1ccccc1")}
    assert rows == {
        "[CH2]c1ccccc1": (3, ((1,),)),
        "[c]1ccccc1": (1, ((1, 2),)),
        "Cc1[c]cccc1": (2, ((3,), (7,))),
        "Cc1c[c]ccc1": (2, ((4,), (6,))),
        "Cc1cc[c]cc1": (1, ((5,),)),
    }


def test_a_symmetric_peroxide(rows_of):
    assert facts(rows_of("CC(C)(C)OOC(C)(C)C")) == {
        (1, "O–O", ((5, 6),), ("CC(C)(C)[O]", "CC(C)(C)[O]")),
        (2, "C–O", ((2, 5), (7, 6)), ("CC(C)(C)O[O]", "C[C](C)C")),
        (
            6,
            "C–C",
            ((1, 2), (2, 3), (2, 4), (7, 8), (7, 9), (7, 10)),
            ("C[C](C)OOC(C)(C)C", "[CH3]"),
        ),
        (18, "C–H", ((1,), (3,), (4,), (8,), (9,), (10,)), ("[CH2]C(C)(C)OOC(C)(C)C", "[H]")),
    }


def test_labels_show_and_separate(rows_of):
    assert counts(rows_of("[2H]C([2H])C")) == {
        ("[2H][CH][2H]", "[CH3]"): 1,
        ("[2H][CH]C", "[2H]"): 2,
        ("[2H][C]([2H])C", "[H]"): 1,
        ("[2H]C([2H])[CH2]", "[H]"): 3,
    }
    [row] = (row for row in rows_of("[2H]C([2H])C") if row.radicals[1] == "[2H]")
    assert row.bond == "C–D"
    assert {row.radicals for row in rows_of("C[13CH3]")} >= {("[CH3]", "[13CH3]")}


def test_hydrogen_itself_has_no_heavy_atoms_to_number(rows_of):
    [row] = rows_of("[2H][H]")
    assert (row.bond, row.atoms, sorted(row.radicals)) == ("H–D", ((),), ["[2H]", "[H]"])


def test_mirror_images_are_the_same_radical(rows_of):
    # The two ends of meso-butane-2,3-diol are mirror images; in the chiral one, they are the same.
    for smiles in ("C[C@H](O)[C@@H](C)O", "C[C@H](O)[C@H](C)O"):
        assert sorted(row.count for row in rows_of(smiles)) == [1, 2, 2, 2, 2, 6]
    # The same arms, R and S, beside a third centre: no mirror image takes one to the other.
    mirrored = rows_of("C[C@H](F)CN(C)C[C@H](F)C")
    assert [row.count for row in mirrored if row.bond == "C–F"] == [2]
    different = rows_of("C[C@H](F)CN([C@H](Cl)Br)C[C@H](F)C")
    assert [row.count for row in different if row.bond == "C–F"] == [1, 1]


def test_cis_and_trans_stay_where_the_radical_is_elsewhere(rows_of):
    radicals = {row.radicals for row in rows_of("C/C=C/CC/C=C\\C")}
    assert ("[CH2]/C=C/C", "[CH2]/C=C\\C") in {tuple(sorted(pair)) for pair in radicals}
    # A vinyl radical turns over: it is neither.
    assert ("C[C]=CC", "[H]") in {row.radicals for row in rows_of("C/C=C/C")}
    assert ("CC=[C]/C=C/C", "[H]") in {row.radicals for row in rows_of("C/C=C/C=C/C")}
    assert ("[H]/N=C/[CH2]", "[H]") in {row.radicals for row in rows_of("[H]/N=C/C")}


def test_a_centre_that_becomes_the_radical_is_none_any_more(rows_of):
    assert ("C[C](F)Cl", "[H]") in {row.radicals for row in rows_of("C[C@H](F)Cl")}
    # Nor is the atom across the ring, which was one only together with it.
    assert ("CC1CC[C](O)CC1", "[H]") in {row.radicals for row in rows_of("C[C@H]1CC[C@@H](O)CC1")}


# --- properties of all rows ---------------------------------------------------------------------


def atoms_of(mol):
    return Counter((atom.GetSymbol(), atom.GetIsotope()) for atom in Chem.AddHs(mol).GetAtoms())


def joined(first, second):
    """Return the SMILES, without stereochemistry, of two radicals that have found each other."""
    mol = Chem.RWMol(Chem.CombineMols(Chem.AddHs(first), Chem.AddHs(second)))
    unpaired = [atom for atom in mol.GetAtoms() if atom.GetNumRadicalElectrons()]
    begin, end = unpaired
    for atom in unpaired:
        atom.SetNumRadicalElectrons(0)
    mol.AddBond(begin.GetIdx(), end.GetIdx(), Chem.BondType.SINGLE)
    return plain(Chem.MolToSmiles(mol))


def plain(smiles):
    return Chem.MolToSmiles(Chem.RemoveHs(Chem.MolFromSmiles(smiles)), isomericSmiles=False)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_rows_and_radicals_agree_with_the_molecule(smiles, energies_of):
    molecule = read_molecule(smiles)
    energies = energies_of(molecule)
    rows = bond_rows(molecule, energies)
    assert sum(row.count for row in rows) == (~energies.ring).sum()
    assert len({(row.radicals, row.note) for row in rows}) == len(rows)
    for row in rows:
        larger, smaller = (Chem.MolFromSmiles(radical) for radical in row.radicals)
        assert tuple(map(Chem.MolToSmiles, (larger, smaller))) == row.radicals
        assert atoms_of(larger) + atoms_of(smaller) == atoms_of(molecule.mol)
        assert Chem.AddHs(larger).GetNumAtoms() >= Chem.AddHs(smaller).GetNumAtoms()
        if row.note != OPPOSITE_CHARGES:
            assert joined(larger, smaller) == plain(smiles)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_equivalent_bonds_are_those_of_rdkits_symmetry_classes(smiles, energies_of):
    molecule = read_molecule(smiles)
    energies = energies_of(molecule)
    classes = Chem.CanonicalRankAtoms(Chem.AddHs(molecule.mol), breakTies=False)
    pairs = energies.atoms[~energies.ring].tolist()
    expected = Counter(tuple(sorted((classes[i], classes[j]))) for i, j in pairs)
    found = [row.count for row in bond_rows(molecule, energies)]
    assert sorted(found) == sorted(expected.values())


@pytest.mark.parametrize("smiles", ["CCO", CHOLESTEROL, "C[Si](C)(C)Cl", "C[N+](C)(C)CC(=O)[O-]"])
def test_the_weakest_is_first_and_those_without_an_energy_are_last(smiles, rows_of):
    rows = rows_of(smiles)
    known = [row.bde for row in rows if not row.note]
    assert known == sorted(known)
    assert [bool(row.note) for row in rows] == sorted(bool(row.note) for row in rows)
    assert all(np.isnan(row.bde) and np.isnan(row.bdfe) for row in rows if row.note)


# --- bonds without an energy --------------------------------------------------------------------


def test_ring_bonds_are_counted_in_a_line(energies_of):
    molecule = read_molecule("C1CCCCC1")
    energies = energies_of(molecule)
    assert counts(bond_rows(molecule, energies)) == {("[CH]1CCCCC1", "[H]"): 12}
    assert "no energy: 6 ring bonds" in bond_table(molecule, energies)


def test_unknown_surroundings_and_opposite_charges_are_told_apart(rows_of):
    notes = {(row.bond, row.note) for row in rows_of("C[Si](C)(C)Cl")}
    assert notes == {(bond, UNKNOWN_SURROUNDINGS) for bond in ("C–Si", "Cl–Si", "C–H")}
    notes = {row.bond: row.note for row in rows_of("O=[N+]([O-])c1ccccc1C")}
    assert notes["N–O"] == OPPOSITE_CHARGES
    assert notes["C–N"] == ""


@pytest.mark.parametrize("smiles", ["N#N", "[Cl-]", "O=C=O"])
def test_a_molecule_without_single_bonds(smiles, energies_of):
    molecule = load_canonical(smiles)
    text = bond_table(molecule, energies_of(molecule))
    assert "no single bond outside rings" in text
    assert "kcal/mol" not in text


# --- the table ----------------------------------------------------------------------------------


def test_the_table_of_methanol_character_by_character(energies_of):
    molecule = read_molecule("CO")
    energies = energies_of(molecule)
    known = {(0, 1): (92.14, 80.0), (1, 5): (105.26, 96.99)}
    pairs = [known.get(tuple(sorted(pair)), (96.0, 88.0)) for pair in energies.atoms.tolist()]
    bde, bdfe = np.array(pairs, np.float32).T
    assert bond_table(molecule, replace(energies, bde=bde, bdfe=bdfe)).splitlines() == [
        "SMILES         CO",
        "Formula        CH4O",
        "",
        "   BDE     BDFE      BDE",
        "kcal/mol kcal/mol  kJ/mol   bonds     atoms  radicals",
        "    92.1     80.0   385.5   1 × C–O   1–2    [CH3] + [OH]",
        "    96.0     88.0   401.7   3 × C–H   1      [CH2]O + [H]",
        "   105.3     97.0   440.4   1 × O–H   2      C[O] + [H]",
        "atoms: heavy atoms, counted as they stand in the SMILES",
    ]


@pytest.mark.parametrize("smiles", MOLECULES)
@pytest.mark.parametrize("unicode", [True, False])
def test_tables_fit_a_hundred_columns_and_cut_no_radical(smiles, unicode, energies_of):
    molecule = read_molecule(smiles)
    energies = energies_of(molecule)
    text = bond_table(molecule, energies, unicode=unicode)
    assert max(map(len, text.splitlines())) <= 100
    assert unicode or text.isascii()
    words = set(text.split())
    for row in bond_rows(molecule, energies):
        assert words >= set(row.radicals)
        if not row.note:
            assert words >= {f"{row.bde:.1f}", f"{row.bde * KJ_PER_KCAL:.1f}", f"{row.bdfe:.1f}"}


def test_a_long_list_of_atoms_is_abridged(energies_of):
    molecule = read_molecule("CC(C)(C)OOC(C)(C)C")
    energies = energies_of(molecule)
    [line] = (line for line in bond_table(molecule, energies).splitlines() if "18 × C–H" in line)
    assert "1, 3, 4, 8, 9, …" in line
