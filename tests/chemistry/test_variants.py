from rdkit import Chem
from rdkit.Chem import Descriptors

from nextims.chemistry.variants import VariantMaker

MOLECULES = [
    "CCCCO",
    "CC(=O)Oc1ccccc1C(=O)O",
    "Clc1ccc(Br)cc1",
    "C[Si](C)(C)OCCCCCC",
    "CN1C=NC2=C1C(=O)N(C)C(=O)N2C",
    "OCC1CCCCC1",
]


def made(number, molecules=MOLECULES, seed=7, **options):
    return [v.smiles for v in VariantMaker(molecules, seed=seed).variants(number, **options)]


def single_bonds(smiles):
    """Return the kinds of atoms that the single bonds outside rings join."""
    mol = Chem.MolFromSmiles(smiles)
    return {
        tuple(sorted(a.GetSymbol() for a in (bond.GetBeginAtom(), bond.GetEndAtom())))
        for bond in mol.GetBonds()
        if not bond.IsInRing()
    }


def test_variants_are_new_molecules_each_once():
    known = {Chem.MolToInchiKey(Chem.MolFromSmiles(smiles))[:14] for smiles in MOLECULES}
    variants = made(200, known=known)
    keys = [Chem.MolToInchiKey(Chem.MolFromSmiles(smiles))[:14] for smiles in variants]
    assert len(set(keys)) == 200
    assert not known & set(keys)


def test_the_seed_decides():
    assert made(30) == made(30)
    assert made(30) != made(30, seed=8)


def test_new_bonds_are_of_kinds_that_occur():
    # Nothing takes the place of boron and phosphorus, so only substituents are exchanged.
    variants = made(20, molecules=["BP", "BB", "PPB"])
    assert variants
    for smiles in variants:
        assert single_bonds(smiles) <= {("B", "P"), ("B", "B"), ("P", "P")}


def test_silyl_groups_and_halogens_move_to_other_molecules():
    variants = [Chem.MolFromSmiles(smiles) for smiles in made(300)]
    silyl = Chem.MolFromSmarts("O[Si]([CH3])([CH3])[CH3]")
    chloride, acid = Chem.MolFromSmarts("cCl"), Chem.MolFromSmarts("C(=O)[OH]")
    assert any(len(v.GetSubstructMatches(silyl)) == 2 for v in variants)
    assert any(v.HasSubstructMatch(chloride) and v.HasSubstructMatch(acid) for v in variants)


def test_rings_vary():
    variants = made(300)
    assert any("n" in smiles and "Br" in smiles for smiles in variants)  # a bromopyridine


def test_heavy_molecules_and_unreadable_ones_are_left_out():
    light = [Descriptors.ExactMolWt(Chem.MolFromSmiles(s)) for s in made(100, max_mz=200)]
    assert len(light) == 100
    assert max(light) < 200.5
    assert made(3, molecules=["not a molecule"]) == []


def test_variants_run_out_quietly():
    assert len(made(500, molecules=["C"])) < 500


def test_plain_smiles_depend_on_their_own_seed_alone():
    maker = VariantMaker(MOLECULES, seed=7)
    smiles = list(maker.smiles(200, seed=3))
    assert 100 < len(smiles) <= 200
    assert list(maker.smiles(200, seed=3)) == smiles
    assert list(maker.smiles(200, seed=4)) != smiles
    assert all(Chem.MolFromSmiles(text) is not None for text in smiles)
    assert [v.smiles for v in maker.variants(30)] == made(30)
    light = list(maker.smiles(200, seed=3, highest_mass=150))
    masses = [Descriptors.ExactMolWt(Chem.MolFromSmiles(text)) for text in smiles]
    assert light == [text for text, mass in zip(smiles, masses, strict=True) if mass <= 150]
    assert 0 < len(light) < len(smiles)
