"""What is drawn with charges, as the neutral molecule that evaporates."""

import pytest
from rdkit import Chem

from nextims.chemistry.molecule import MoleculeError, read_molecule
from nextims.chemistry.reading.charges import NEUTRALISED, settle_charges


@pytest.mark.parametrize(
    ("drawn", "neutral"),
    [
        ("C[C@H]([NH3+])C([O-])=O", "C[C@H](N)C(=O)O"),
        ("C[NH2+]CC([O-])=O", "CNCC(=O)O"),
        ("[NH3+]CCS(=O)(=O)[O-]", "NCCS(=O)(=O)O"),
        ("O=P([O-])([O-])OC[C@H]([NH3+])C(=O)[O-]", "N[C@@H](COP(=O)(O)O)C(=O)O"),
        ("CC(C)(C)[NH3+]", "CC(C)(C)N"),
        ("c1cc[nH+]cc1", "c1ccncc1"),
        ("NC(N)=[NH2+]", "N=C(N)N"),
        ("CC(=O)[O-]", "CC(=O)O"),
        ("[S-]c1ccccc1", "Sc1ccccc1"),
        ("[Cl-]", "Cl"),
        ("[BrH2+]", "Br"),
        ("C[ClH+]", "CCl"),
        ("CC([O-])=[N+]=[N-]", "CC(O)=[N+]=[N-]"),
        ("C1=CC=C[CH-]1", "C1=CCC=C1"),
        ("[cH-]1cccc1", "C1=CCC=C1"),
        ("c1cc[n-]c1", "c1cc[nH]c1"),
        # Beside a nitro group, an azide or an inner salt, which stay.
        ("O=[N+]([O-])c1ccc([NH3+])cc1C([O-])=O", "Nc1ccc([N+](=O)[O-])c(C(=O)O)c1"),
        ("[N-]=[N+]=NCC[NH3+]", "[N-]=[N+]=NCCN"),
        ("C[N+](C)(C)CC([NH3+])C([O-])=O", "C[N+](C)(C)CC(N)C(=O)[O-]"),
        # Of an inner salt the stronger acid is the one that has lost its proton.
        ("C[N+](C)(C)CC([O-])CC(=O)O", "C[N+](C)(C)CC(O)CC(=O)[O-]"),
        # Labels stay where they are.
        ("[2H]C([2H])([2H])C([15NH3+])C([O-])=O", "[2H]C([2H])([2H])C([15NH2])C(=O)O"),
    ],
)
def test_zwitterions_and_ions_of_protons_are_the_neutral_molecule(drawn, neutral):
    molecule = read_molecule(drawn)
    assert molecule.smiles == read_molecule(neutral).smiles
    assert molecule.notes == (NEUTRALISED,)
    assert read_molecule(neutral).notes == ()


@pytest.mark.parametrize(
    "smiles",
    [
        "C[N+](=O)[O-]",
        "[O-][n+]1ccccc1",
        "CN=[N+]=[N-]",
        "[C-]#[N+]C",
        "C=[N+]=[N-]",
        "[CH2-][N+](C)(C)C",
        "[O-]c1c[n+](-c2ccccc2)no1",
        "C[N+](C)(C)CC(=O)[O-]",
        "[BH3-][NH+](C)C",
        "C[N+]([O-])=Cc1ccccc1",
        "[C-]#[O+]",
    ],
)
def test_charges_that_are_how_a_neutral_molecule_is_written_stay(smiles):
    molecule = read_molecule(smiles)
    assert (molecule.smiles, molecule.notes) == (smiles, ())


@pytest.mark.parametrize(
    ("charged", "plain"),
    [
        ("C[S+](C)[O-]", "CS(C)=O"),
        ("CC[S+2]([O-])([O-])CC", "CCS(=O)(=O)CC"),
        ("C[P+](C)(C)[O-]", "CP(C)(C)=O"),
        ("C[As+](C)(C)[O-]", "C[As](C)(C)=O"),
        ("[CH2-][P+](C)(C)C", "C=P(C)(C)C"),
        ("[CH2-][S+](C)(C)=O", "C=S(C)(C)=O"),
        ("CC(=O)[CH-][S+](C)C", "CC(=O)C=S(C)C"),
        ("C[N-][P+](C)(C)C", "CN=P(C)(C)C"),
    ],
)
def test_sulfoxides_and_ylides_are_written_in_one_way(charged, plain):
    molecule = read_molecule(charged)
    assert (molecule.smiles, molecule.notes) == (plain, ())


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("C[N+](C)(C)CCO", r"permanent cation \(quaternary ammonium\)"),
        ("C[N+](C)(C)CC(O)CC(=O)O", r"permanent cation \(quaternary ammonium\)"),
        ("O=[N+]([O-])c1ccc([N+](C)(C)C)cc1", r"permanent cation \(quaternary ammonium\)"),
        ("C[n+]1ccccc1", r"permanent cation \(nitrogen with a double bond\)"),
        ("C[S+](C)C", r"permanent cation \(sulfonium\)"),
        ("C[P+](c1ccccc1)(c1ccccc1)c1ccccc1", r"permanent cation \(phosphonium\)"),
        ("c1ccc[cH+]cc1", r"permanent cation \(carbocation\)"),
        ("C[C+](C)C", r"permanent cation \(carbocation\)"),
        ("F[B-](F)(F)F", r"permanent anion \(B\)"),
        ("[BH4-]", r"permanent anion \(B\)"),
        ("I[I-]I", r"permanent anion \(I\)"),
        ("[H-]", r"permanent anion \(H\)"),
        ("[SiH3+]", r"permanent cation \(Si\)"),
        ("F[P-](F)(F)(F)(F)F", r"permanent anion \(P\)"),
        ("C[Si-](F)(F)(F)F", r"permanent anion \(Si\)"),
        ("[ClH+]", r"charged radical \(Cl\)"),
        ("[Br+]", r"charged radical \(Br\)"),
        ("[NH3+]", r"charged radical \(N\)"),
        ("CC[O+]CC", r"charged radical \(O\)"),
        ("CC[Cl+]CC", r"permanent cation \(Cl\)"),
        ("[N-]=[N+]=[N-]", r"permanent anion \(N\)"),
    ],
)
def test_charges_that_no_proton_takes_away_are_refused_by_name(smiles, reason):
    with pytest.raises(MoleculeError, match=reason):
        read_molecule(smiles)


@pytest.mark.parametrize(
    ("charged", "plain"),
    [
        ("C[N+](CC(=O)[O-])=C(N)N", "CN(CC(=O)O)C(=N)N"),
        ("[O-]c1cc[n+](C)cc1", "Cn1ccc(=O)cc1"),
        ("C[P+](C)(C)[C-2][P+](C)(C)C", "CP(C)(C)=C=P(C)(C)C"),
        ("C[P+](C)(C)[c-]1cccc1", "CP(C)(C)=C1C=CC=C1"),
        ("C[P+](C)(C)[C-]1C=CC=C1", "CP(C)(C)=C1C=CC=C1"),
        ("[2H]C([2H])([2H])[n+]1ccc([O-])cc1", "[2H]C([2H])([2H])n1ccc(=O)cc1"),
    ],
)
def test_charges_that_other_double_bonds_take_away_are_gone(charged, plain):
    assert read_molecule(charged).smiles == read_molecule(plain).smiles == plain


@pytest.mark.parametrize(
    ("drawn", "settled"),
    [
        ("[CH2-][N+]#N", "C=[N+]=[N-]"),
        ("CCOC(=O)[CH-][N+]#N", "CCOC(=O)C=[N+]=[N-]"),
        ("COC([O-])=C([N+]#N)C(=O)OC", "COC(=O)C(=[N+]=[N-])C(=O)OC"),
        ("C[N-][N+]#N", "CN=[N+]=[N-]"),
        ("N#[N+][O-]", "[N-]=[N+]=O"),
        ("N#[N+]c1ccccc1[O-]", "[N-]=[N+]=C1C=CC=CC1=O"),
        ("O=c1c[n+](-c2ccccc2)[n-]o1", "[O-]c1c[n+](-c2ccccc2)no1"),
        ("O=[n+]1ccn([O-])cc1", "[O-][n+]1cc[n+]([O-])cc1"),
        ("[C]=O", "[C-]#[O+]"),
    ],
)
def test_mesomeric_forms_are_one_structure_as_smiles_and_as_inchi(drawn, settled):
    inchi = Chem.MolToInchi(Chem.MolFromSmiles(drawn))
    for each in (drawn, settled, inchi):
        molecule = read_molecule(each)
        assert (molecule.smiles, molecule.notes) == (settled, ())


def test_mesomeric_forms_that_rdkit_cannot_give_are_passed_over(monkeypatch):
    drawn = Chem.MolFromSmiles("[CH2-][N+]#N")
    unreadable = Chem.MolFromSmiles("C(C)(C)(C)(C)C", sanitize=False)
    monkeypatch.setattr(Chem, "ResonanceMolSupplier", lambda *_: [None, unreadable])
    assert settle_charges(drawn) is drawn


@pytest.mark.parametrize(
    ("drawn", "neutral"),
    [
        ("[2H][N+]([2H])([2H])C", "[2H]N([2H])C"),
        ("[2H][N+]([2H])([2H])C([2H])([2H])C([O-])=O", "[2H]OC(=O)C([2H])([2H])N([2H])[2H]"),
        ("[2H][n+]1ccccc1C(=O)[O-]", "[2H]OC(=O)c1ccccn1"),
        ("[2H][NH+](C)C", "[2H]N(C)C"),
    ],
)
def test_a_labelled_proton_leaves_where_there_is_no_other_and_goes_to_the_acid(drawn, neutral):
    assert read_molecule(drawn).smiles == read_molecule(neutral).smiles


def test_a_carbene_does_not_become_ions():
    assert read_molecule("C=C=C[C]").smiles == "[C]C=C=C"
