import subprocess
import sys
import time
from math import comb

import numpy as np
import pytest
from rdkit import Chem

from nextims.chemistry.atom_removal import _compiled
from nextims.chemistry.fragments import enumerate_fragments
from nextims.chemistry.molecule import MAX_ATOMS, read_molecule

EVERYTHING = 1_000_000
MOLECULES = {
    "toluene": "Cc1ccccc1",
    "naphthalene": "c1ccc2ccccc2c1",
    "adamantane": "C1C2CC3CC1CC(C2)C3",
    "norbornane": "C1CC2CCC1C2",
    "cubane": "C12C3C4C1C5C2C3C45",
    "spiro[5.5]undecane": "C1CCC2(CC1)CCCCC2",
    "pentadecane": "CCCCCCCCCCCCCCC",
    "halothane": "FC(F)(F)C(Cl)Br",
    "sulfur hexafluoride": "FS(F)(F)(F)(F)F",
    "caffeine": "Cn1cnc2c1c(=O)n(C)c(=O)n2C",
    "morphine": "CN1CCC23C4C1CC5=C2C(=C(C=C5)O)OC3C(C=C4)O",
    "benzyl cyanide": "N#CCc1ccccc1",
    "methanol-d3": "[2H]C([2H])([2H])O",
    "toluene-d8": "[2H]c1c([2H])c([2H])c(C([2H])([2H])[2H])c([2H])c1[2H]",
    "acetone-13C": "C[13C](C)=O",
}
CAGE = (  # buckminsterfullerene
    "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6c6"
    "c%11c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41"
)


def components(atoms, neighbours):
    """Yield the connected components of a set of atoms."""
    left = set(atoms)
    while left:
        component = frontier = {left.pop()}
        while frontier:
            frontier = set().union(*(neighbours[i] for i in frontier)) & left
            left -= frontier
            component = component | frontier
        yield frozenset(component)


def reference(mol, depth):
    """Return the depth and the cost of every fragment of a molecule, by plain recursion."""
    neighbours, hydrogens = {}, {}
    for atom in mol.GetAtoms():
        if atom.GetSymbol() != "H":
            bonded = atom.GetNeighbors()
            neighbours[atom.GetIdx()] = {a.GetIdx() for a in bonded if a.GetSymbol() != "H"}
            hydrogens[atom.GetIdx()] = {a.GetIdx() for a in bonded if a.GetSymbol() == "H"}
    depths = {}

    def break_up(fragment, removed):
        if depths.get(fragment, depth + 1) <= removed:
            return
        depths[fragment] = removed
        if removed < depth:
            for atom in fragment:
                for piece in components(fragment - {atom}, neighbours):
                    break_up(piece, removed + 1)

    break_up(frozenset(neighbours), 0)
    found = {}
    for fragment, removed in depths.items():
        atoms = fragment.union(*(hydrogens[i] for i in fragment))
        broken = sum(
            bond.GetBondTypeAsDouble()
            for bond in mol.GetBonds()
            if (bond.GetBeginAtomIdx() in atoms) != (bond.GetEndAtomIdx() in atoms)
        )
        found[atoms] = (removed, round(broken + 0.3 * removed, 1))
    return found


def as_sets(fragments):
    return [frozenset(np.flatnonzero(atoms).tolist()) for atoms in fragments.atoms]


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("name", MOLECULES)
def test_finds_what_plain_recursion_finds(name, depth):
    mol = read_molecule(MOLECULES[name]).mol
    fragments = enumerate_fragments(mol, max_per_molecule=EVERYTHING, depth=depth)
    sets = as_sets(fragments)
    assert len(set(sets)) == len(sets)
    costs = fragments.cost.round(1).astype(float).round(1).tolist()
    found = dict(zip(sets, zip(fragments.depth.tolist(), costs, strict=True), strict=True))
    assert found == reference(mol, depth)


@pytest.mark.parametrize("name", MOLECULES)
def test_the_whole_molecule_first_and_the_cheapest_next(name):
    mol = read_molecule(MOLECULES[name]).mol
    fragments = enumerate_fragments(mol)
    assert fragments.atoms[0].all()
    assert fragments.depth[0] == 0
    heavy = fragments.atoms[:, [a.GetSymbol() != "H" for a in mol.GetAtoms()]]
    keys = list(zip(fragments.cost.tolist(), (-heavy.sum(1)).tolist(), strict=True))
    assert keys == sorted(keys)


@pytest.mark.parametrize("most", [1, 2, 50, 400])
@pytest.mark.parametrize("name", ["morphine", "pentadecane", "cubane", "toluene-d8"])
def test_the_cap_keeps_the_cheapest(name, most):
    mol = read_molecule(MOLECULES[name]).mol
    everything = enumerate_fragments(mol, max_per_molecule=EVERYTHING)
    capped = enumerate_fragments(mol, max_per_molecule=most)
    assert len(capped) == min(most, len(everything))
    assert (capped.atoms == everything.atoms[:most]).all()
    assert (capped.depth == everything.depth[:most]).all()


@pytest.mark.parametrize("name", ["caffeine", "morphine", "adamantane", "toluene-d8"])
def test_numbering_the_atoms_otherwise_changes_nothing(name):
    mol = read_molecule(MOLECULES[name]).mol
    order = np.random.default_rng(3).permutation(mol.GetNumAtoms()).tolist()
    shuffled = Chem.RenumberAtoms(mol, order)
    found = [enumerate_fragments(m, max_per_molecule=EVERYTHING) for m in (mol, shuffled)]
    back = [frozenset(order[i] for i in atoms) for atoms in as_sets(found[1])]
    assert dict(zip(as_sets(found[0]), found[0].depth, strict=True)) == dict(
        zip(back, found[1].depth, strict=True)
    )


@pytest.mark.parametrize(
    ("smiles", "piece", "why"),
    [
        ("Cc1ccccc1", "Cc1ccccc1", "tropylium, less a hydrogen"),
        ("Cc1ccccc1", "c1ccccc1", "phenyl"),
        ("C1CCC=CC1", "CC=CC", "the diene of the retro-Diels–Alder reaction"),
        ("C1CCC=CC1", "CC", "the alkene of the retro-Diels–Alder reaction"),
        ("CCCCC(C)=O", "CC(C)=O", "the enol of the McLafferty rearrangement"),
        ("CCN(CC)CC", "CN(CC)CC", "the iminium ion of the α-cleavage"),
    ],
)
def test_well_known_ions_are_among_them(smiles, piece, why):
    mol = Chem.MolFromSmiles(smiles)
    sets = as_sets(enumerate_fragments(mol))
    wanted = mol.GetSubstructMatches(Chem.MolFromSmarts(piece))
    assert any(frozenset(match) in sets for match in wanted), why


def test_labelled_hydrogens_go_with_their_atom():
    acetone = Chem.MolFromSmiles("CC(C)=O")
    labelled = Chem.MolFromSmiles("C([2H])([2H])([2H])C(C([2H])([3H])[2H])=O")
    heavy = [a.GetIdx() for a in labelled.GetAtoms() if a.GetSymbol() != "H"]
    plain, with_labels = enumerate_fragments(acetone), enumerate_fragments(labelled)
    assert (with_labels.atoms[:, heavy] == plain.atoms).all()
    assert (with_labels.depth == plain.depth).all()
    assert (with_labels.cost == plain.cost).all()
    for atom in labelled.GetAtoms():
        if atom.GetSymbol() == "H":
            own, bonded = atom.GetIdx(), atom.GetNeighbors()[0].GetIdx()
            assert (with_labels.atoms[:, own] == with_labels.atoms[:, bonded]).all()


@pytest.mark.parametrize(
    ("smiles", "atoms"),
    [("C", 1), ("O", 1), ("[H][H]", 2), ("[2H][2H]", 2), ("[H]", 1), ("[2H]O[2H]", 3), ("[He]", 1)],
)
def test_what_cannot_break_is_one_fragment(smiles, atoms):
    fragments = enumerate_fragments(Chem.MolFromSmiles(smiles))
    assert fragments.atoms.tolist() == [[True] * atoms]
    assert fragments.depth.tolist() == [0]


def test_a_hydrogen_between_two_heavy_atoms_is_an_atom_like_others():
    bridged = Chem.MolFromSmiles("C[H]O", sanitize=False)
    assert len(enumerate_fragments(bridged)) == len(enumerate_fragments(Chem.MolFromSmiles("CCO")))


@pytest.mark.parametrize(
    ("smiles", "most", "depth", "message"),
    [
        ("", 400, 3, "empty molecule"),
        ("C.C", 400, 3, "several components"),
        ("C", 0, 3, "max_per_molecule 0"),
        ("C", 400, -1, "depth -1"),
    ],
)
def test_what_it_refuses(smiles, most, depth, message):
    with pytest.raises(ValueError, match=message):
        enumerate_fragments(Chem.MolFromSmiles(smiles), max_per_molecule=most, depth=depth)


@pytest.mark.parametrize(
    "smiles",
    [
        CAGE,
        "C" * 64,
        "C" * 65,
        "C" * 100,
        "CC(C)(C)" * 32,
        "C1" + "C" * 298 + "C1",
        "C" * MAX_ATOMS,
        "C(F)(F)" * (MAX_ATOMS // 3),
    ],
    ids=lambda smiles: f"{smiles[:10]}-{len(smiles)}",
)
def test_large_molecules_take_no_minutes(smiles):
    mol = Chem.MolFromSmiles(smiles)
    enumerate_fragments(Chem.MolFromSmiles("CC"))  # compiles
    start = time.perf_counter()
    fragments = enumerate_fragments(mol)
    assert time.perf_counter() - start < 5
    assert len(fragments) == 400
    assert fragments.atoms[0].all()
    assert (enumerate_fragments(mol).atoms == fragments.atoms).all()
    neighbours = {a.GetIdx(): {n.GetIdx() for n in a.GetNeighbors()} for a in mol.GetAtoms()}
    assert all(len(list(components(s, neighbours))) == 1 for s in as_sets(fragments)[::10])


def test_a_cage_breaks_as_plain_recursion_breaks_it():
    mol = Chem.MolFromSmiles(CAGE)
    sets = as_sets(enumerate_fragments(mol, max_per_molecule=EVERYTHING, depth=2))
    assert set(sets) == set(reference(mol, 2))
    # Of three lost atoms, only the neighbours of one atom cut something off: that one.
    fragments = enumerate_fragments(mol, max_per_molecule=EVERYTHING)
    sizes, numbers = np.unique(fragments.atoms.sum(1), return_counts=True)
    expected = {60: 1, 59: 60, 58: comb(60, 2), 57: comb(60, 3) - 60, 56: 60, 1: 60}
    assert dict(zip(sizes.tolist(), numbers.tolist(), strict=True)) == expected


def test_a_long_chain_breaks_into_all_its_pieces():
    # Intervals: with one end lost, one atom is taken away; with both, two.
    fragments = enumerate_fragments(Chem.MolFromSmiles("C" * 100), max_per_molecule=EVERYTHING)
    assert np.bincount(fragments.depth).tolist() == [1, 198, 99 * 98 // 2]


def test_reading_structures_does_not_load_the_compiler():
    code = "import sys, nextims.data.examples.features; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_compiles_where_machine_code_cannot_be_kept():
    namespace = {}
    exec("def twice(x): return 2 * x", namespace)  # has no file beside which it could be
    assert _compiled(namespace["twice"])(3) == 6
