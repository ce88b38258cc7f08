import numpy as np
import pytest
import torch
from rdkit import Chem

from nextims.chemistry.graph import build_graph
from nextims.data.examples.graph_batch import collate_graphs
from nextims.models.encoder import MoleculeEncoder, Pooling

MOLECULES = ("CCO", "CC(=O)Oc1ccccc1C(=O)O", "C", "C[C@H](O)[C@H](O)C")


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return MoleculeEncoder(width=16, layers=3, dropout=0.2, drop_edge=0.3).eval()


def batch_of(*smiles):
    return collate_graphs([build_graph(Chem.MolFromSmiles(text)) for text in smiles])


@torch.no_grad()
def test_an_atoms_vector_does_not_depend_on_the_batch(encoder):
    together = encoder(batch_of(*MOLECULES)).split(
        [Chem.MolFromSmiles(smiles).GetNumAtoms() for smiles in MOLECULES]
    )
    for smiles, vectors in zip(MOLECULES, together, strict=True):
        assert vectors.shape[1] == 16
        assert torch.allclose(encoder(batch_of(smiles)), vectors, atol=1e-5)


@torch.no_grad()
def test_vectors_follow_their_atoms_when_these_are_renumbered(encoder):
    mol = Chem.MolFromSmiles(MOLECULES[1])
    order = np.random.default_rng(0).permutation(mol.GetNumAtoms())
    shuffled = collate_graphs([build_graph(Chem.RenumberAtoms(mol, order.tolist()))])
    assert torch.allclose(encoder(shuffled), encoder(batch_of(MOLECULES[1]))[order], atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_an_atom_sees_as_far_as_there_are_layers(layers):
    torch.manual_seed(0)
    encoder = MoleculeEncoder(width=16, layers=layers).eval()
    octane, octanol = encoder(batch_of("CCCCCCCC")), encoder(batch_of("CCCCCCCO"))
    moved = (octane - octanol).abs().amax(1) > 1e-6
    # The last atom is another; its neighbour has the same features, but sees it at once.
    assert moved.tolist() == [False] * (7 - layers) + [True] * (layers + 1)


@torch.no_grad()
def test_e_and_z_are_told_apart(encoder):
    e, z = encoder(batch_of("C/C=C/C")), encoder(batch_of("C/C=C\\C"))
    assert (e - z).abs().max() > 1e-3


def test_dropping_edges_drops_both_directions(encoder):
    batch = batch_of("c1ccc2ccccc2c1")
    torch.manual_seed(0)
    edges, bonds = encoder.train()._keep_edges(batch.edges, batch.bonds)
    assert 0 < edges.shape[1] < batch.edges.shape[1]
    assert edges.shape[1] == len(bonds)
    assert {tuple(e) for e in edges.T.tolist()} == {tuple(e[::-1]) for e in edges.T.tolist()}


@torch.no_grad()
def test_nothing_is_dropped_but_in_training(encoder):
    batch = batch_of("c1ccc2ccccc2c1")
    assert torch.equal(encoder(batch), encoder(batch))
    encoder.train()
    assert not torch.equal(encoder(batch), encoder(batch))


def test_the_shared_parameters_are_those_of_the_last_layer(encoder):
    names = {id(p): name for name, p in encoder.named_parameters()}
    assert [names[id(p)] for p in encoder.shared_parameters()] == [
        "convolutions.2.nn.2.weight",
        "convolutions.2.nn.2.bias",
    ]


@torch.no_grad()
def test_a_molecules_vector_does_not_depend_on_order_or_batch(encoder):
    torch.manual_seed(1)
    pooling = Pooling(16).eval()
    batch = batch_of(*MOLECULES)
    together = pooling(encoder(batch), batch)
    assert together.shape == (len(MOLECULES), 3 * 16)
    for smiles, vector in zip(MOLECULES, together, strict=True):
        mol = Chem.MolFromSmiles(smiles)
        order = np.random.default_rng(1).permutation(mol.GetNumAtoms()).tolist()
        alone = collate_graphs([build_graph(Chem.RenumberAtoms(mol, order))])
        assert torch.allclose(pooling(encoder(alone), alone)[0], vector, atol=1e-5)
