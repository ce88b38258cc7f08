import numpy as np
import pytest
import torch
from rdkit import Chem

from nextims.chemistry.graph import ATOM_FEATURES, BOND_FEATURES, build_graph
from nextims.data.examples.graph_batch import collate_graphs, collate_targets, known_bonds

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def graph_of(smiles):
    return build_graph(Chem.MolFromSmiles(smiles))


def assert_same(one, other):
    for name in ("atoms", "edges", "bonds"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


def mirror_image(smiles):
    """Return the molecule with every stereocentre inverted, its atoms in the same order."""
    mol = Chem.MolFromSmiles(smiles)
    for atom in mol.GetAtoms():
        atom.InvertChirality()
    Chem.AssignStereochemistry(mol, cleanIt=True, force=True)
    return mol


def test_each_bond_is_there_in_both_directions():
    graph = graph_of("CC(=O)O")
    assert graph.atoms.shape == (4, ATOM_FEATURES)
    assert graph.bonds.shape == (6, BOND_FEATURES)
    assert (graph.edges[:, ::2] == graph.edges[::-1, 1::2]).all()
    assert (graph.bonds[::2] == graph.bonds[1::2]).all()


def test_a_single_atom_has_no_bonds():
    graph = graph_of("C")
    assert graph.atoms.shape == (1, ATOM_FEATURES)
    assert graph.edges.shape == (2, 0)
    assert graph.bonds.shape == (0, BOND_FEATURES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CO", "[13CH3]O"),  # an isotope label
        ("C[NH3+]", "CN"),  # a charge
        ("CC", "C=C"),
        ("C=C", "C#C"),
        ("C1CCCCC1", "c1ccccc1"),
        ("C[Si](C)(C)C", "CC(C)(C)C"),  # an element
        ("BrC", "ClC"),
    ],
)
def test_what_makes_molecules_different_is_seen(one, other):
    assert not np.array_equal(
        np.unique(graph_of(one).atoms, axis=0), np.unique(graph_of(other).atoms, axis=0)
    )


def test_every_feature_of_an_atom_and_a_bond_can_be_set():
    smiles = [
        *("[2H]", "B", "C", "N", "O", "F", "[SiH4]", "P", "S", "Cl", "Br", "I"),
        *("[SeH2]", "[AsH3]", "[SnH4]", "C[Hg]C", "[GeH4]", "[PbH4]"),
        *("C#N", "C=C", "C1CC1", "C1CCC1", "C1CCCC1", "c1ccccc1", "C1CCCCCC1"),
        *("C/C=C/C", "C/C=C\\C", "C[C@H](O)[C@H](O)C", "C[C@H](O)[C@@H](O)C"),
        *("C[N+](C)(C)C", "C[O-]", "CP(C)(C)(C)C", "FS(F)(F)(F)(F)F"),
    ]
    graphs = [graph_of(text) for text in smiles]
    assert np.concatenate([graph.atoms for graph in graphs]).any(0).all()
    assert np.concatenate([graph.bonds for graph in graphs]).any(0).all()


def test_atoms_keep_the_order_of_the_molecule():
    mol = Chem.MolFromSmiles(ASPIRIN)
    order = np.random.default_rng(0).permutation(mol.GetNumAtoms())
    before, after = build_graph(mol), build_graph(Chem.RenumberAtoms(mol, order.tolist()))
    np.testing.assert_array_equal(after.atoms, before.atoms[order])
    place = np.argsort(order)  # where each atom has gone

    def bonds(graph, ends):
        return set(map(tuple, np.hstack([ends.T, graph.bonds]).tolist()))

    assert bonds(after, after.edges) == bonds(before, place[before.edges])


def test_bonds_keep_their_number():
    mol = Chem.MolFromSmiles(ASPIRIN)
    graph = build_graph(mol)
    for bond in mol.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        assert tuple(graph.edges[:, 2 * bond.GetIdx()]) == ends
        assert tuple(graph.edges[:, 2 * bond.GetIdx() + 1]) == ends[::-1]


@pytest.mark.parametrize(
    ("e_isomer", "z_isomer", "unlabelled"),
    [
        ("C/C=C/C", "C/C=C\\C", "CC=CC"),  # butene
        ("OC(=O)/C=C/C(O)=O", "OC(=O)/C=C\\C(O)=O", "OC(=O)C=CC(O)=O"),  # fumaric, maleic acid
        ("C/C=N/O", "C/C=N\\O", "CC=NO"),  # an oxime
    ],
)
def test_e_and_z_differ_in_the_double_bond_alone(e_isomer, z_isomer, unlabelled):
    e, z, none = map(graph_of, (e_isomer, z_isomer, unlabelled))
    for one, other in ((e, z), (e, none), (z, none)):
        np.testing.assert_array_equal(one.atoms, other.atoms)
        np.testing.assert_array_equal(one.edges, other.edges)
        assert (one.bonds != other.bonds).any(1).sum() == 2  # one bond, both directions


# An amino acid, tartaric acids (the second is meso), a drug, a sugar, a steroid, a terpene.
STEREOISOMERS = [
    "C[C@H](N)C(=O)O",
    "O[C@H]([C@@H](O)C(O)=O)C(O)=O",
    "O[C@H]([C@H](O)C(O)=O)C(O)=O",
    "CN[C@@H](C)[C@H](O)c1ccccc1",
    "OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O",
    "C[C@]12CC[C@H]3[C@@H](CC=C4C[C@@H](O)CC[C@]34C)[C@@H]1CC[C@@H]2O",
    "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O",
    "C/C=C/C[C@H](O)CC",
]


@pytest.mark.parametrize("smiles", STEREOISOMERS)
def test_mirror_images_have_equal_graphs(smiles):
    image = mirror_image(smiles)
    assert_same(graph_of(smiles), build_graph(image))


def test_the_mirror_images_of_the_test_are_other_molecules_but_for_the_meso_acid():
    images = [Chem.MolToSmiles(mirror_image(smiles)) for smiles in STEREOISOMERS]
    originals = map(Chem.CanonSmiles, STEREOISOMERS)
    same = [image == original for image, original in zip(images, originals, strict=True)]
    assert same == [False, False, True] + [False] * (len(same) - 3)


LIKE_AND_UNLIKE = [
    ("C[C@H](O)[C@H](C)O", "C[C@H](O)[C@@H](C)O"),  # butane-2,3-diol, chiral and meso
    ("CN[C@H](C)[C@H](O)c1ccccc1", "CN[C@@H](C)[C@H](O)c1ccccc1"),  # pseudoephedrine, ephedrine
    ("C[C@H]1CCCC[C@@H]1O", "C[C@@H]1CCCC[C@@H]1O"),  # 2-methylcyclohexanol, trans and cis
]


def test_neighbouring_stereocentres_are_like_or_unlike():
    differences = set()
    for like, unlike in LIKE_AND_UNLIKE:
        one, other = graph_of(like), graph_of(unlike)
        np.testing.assert_array_equal(one.atoms, other.atoms)
        rows = np.flatnonzero((one.bonds != other.bonds).any(1))
        assert len(rows) == 2  # the bond between them, in both directions
        differences.add(tuple(one.bonds[rows[0]].astype(int) - other.bonds[rows[0]]))
    assert len(differences) == 1


def test_a_single_stereocentre_leaves_no_trace():
    assert_same(graph_of("C[C@H](N)C(=O)O"), graph_of("CC(N)C(=O)O"))


def test_rings_of_three_to_seven_are_told_apart():
    atoms, bonds = [], []
    for size in range(3, 10):
        graph = graph_of("C1" + "C" * (size - 2) + "C1")
        atoms.append(graph.atoms[0].tobytes())
        bonds.append(graph.bonds[0].tobytes())
        assert len(np.unique(graph.atoms, axis=0)) == len(np.unique(graph.bonds, axis=0)) == 1
    chain = graph_of("CCCCCC")
    for rows, open_chain in ((atoms, chain.atoms[2]), (bonds, chain.bonds[4])):
        assert len(set(rows)) == 6  # those of eight and more are alike
        assert rows[-1] == rows[-2]
        assert open_chain.tobytes() not in rows


def test_a_bond_of_two_rings_has_the_sizes_of_both():
    # Indane: the bond between the rings is in the ring of five and in that of six.
    mol = Chem.MolFromSmiles("C1CCc2ccccc21")
    graph = build_graph(mol)
    shared = [b.GetIdx() for b in mol.GetBonds() if mol.GetRingInfo().NumBondRings(b.GetIdx()) == 2]
    [number] = shared
    others = {tuple(graph.bonds[2 * b.GetIdx()]) for b in mol.GetBonds() if b.GetIsAromatic()} - {
        tuple(graph.bonds[2 * number])
    }
    [benzene_bond] = others
    difference = graph.bonds[2 * number].astype(int) - benzene_bond
    assert sorted(difference) == [0] * (BOND_FEATURES - 1) + [1]


def test_a_batch_keeps_molecules_apart():
    batch = collate_graphs([graph_of(smiles) for smiles in ("CCO", "C", "c1ccccc1")])
    assert len(batch) == 3
    assert batch.atom_molecule.tolist() == [0] * 3 + [1] + [2] * 6
    ends = batch.atom_molecule[batch.edges]
    assert torch.equal(ends[0], ends[1])
    for number, smiles in ((0, "CCO"), (2, "c1ccccc1")):
        of_molecule = ends[0] == number
        first = int((batch.atom_molecule == number).nonzero()[0])
        np.testing.assert_array_equal(batch.edges[:, of_molecule] - first, graph_of(smiles).edges)
        np.testing.assert_array_equal(batch.bonds[of_molecule], graph_of(smiles).bonds)


# Ethanol with explicit hydrogens: C 0, C 1, O 2; H 3–5 on C 0, 6–7 on C 1, 8 on O.
ETHANOL_ATOMS = np.array([[1, 2], [3, 0], [0, 1], [2, 8]])
ETHANOL_ENERGIES = np.array([[94.0, 84.0], [101.0, 92.0], [88.0, 76.0], [105.0, 97.0]])


def test_known_bonds_are_named_by_their_number_or_by_the_hydrogens_bearer():
    known = known_bonds(graph_of("CCO"), ETHANOL_ATOMS, ETHANOL_ENERGIES)
    assert known.bonds.tolist() == [1, 0]
    assert known.hydrogens.tolist() == [0, 2]
    assert known.bond_energies[:, 0].tolist() == [94, 88]
    assert known.hydrogen_energies[:, 0].tolist() == [101, 105]


def test_targets_of_a_batch_point_to_the_molecules_own_bonds():
    graphs = [graph_of(smiles) for smiles in ("CCO", "C", "CCO")]
    ethanol = known_bonds(graphs[0], ETHANOL_ATOMS, ETHANOL_ENERGIES)
    methane = known_bonds(graphs[1], np.array([[0, 1]]), np.array([[105.0, 96.0]]))
    targets = collate_targets(graphs, [ethanol, methane, ethanol])
    assert targets.bonds.tolist() == [1, 0, 3, 2]
    assert targets.hydrogens.tolist() == [0, 2, 3, 4, 6]
    # first the energies of all bonds, then those of all hydrogens
    assert targets.energies[:, 0].tolist() == [94, 88, 94, 88, 101, 105, 105, 101, 105]
    batch = collate_graphs(graphs)
    for number, pair in zip(targets.bonds.tolist(), [(1, 2), (0, 1), (5, 6), (4, 5)], strict=True):
        assert tuple(batch.edges[:, 2 * number].tolist()) == pair
        assert tuple(batch.edges[:, 2 * number + 1].tolist()) == pair[::-1]


def test_a_batch_moves_as_a_whole():
    graphs = [graph_of("CCO")]
    batch = collate_graphs(graphs)
    batch.targets = collate_targets(
        graphs, [known_bonds(graphs[0], ETHANOL_ATOMS, ETHANOL_ENERGIES)]
    )
    moved = batch.to("meta")
    assert moved.atoms.device.type == moved.edges.device.type == "meta"
    assert moved.targets.bonds.device.type == moved.targets.energies.device.type == "meta"
    assert batch.atoms.device.type == "cpu"
    assert len(moved) == 1
