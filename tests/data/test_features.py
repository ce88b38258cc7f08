import numpy as np
import pytest
import torch

from nextims.data.features import ATOM_FEATURES, BOND_FEATURES, collate, featurize
from nextims.data.molecule import read_molecule


def features(*smiles, graph=True):
    return [featurize(read_molecule(s), graph=graph) for s in smiles]


def test_a_graph_has_each_bond_in_both_directions():
    graph = features("CC(=O)O")[0].graph
    assert graph.atoms.shape == (4, ATOM_FEATURES)
    assert graph.bonds.shape == (6, BOND_FEATURES)
    assert (graph.edges[:, ::2] == graph.edges[::-1, 1::2]).all()
    assert (graph.bonds[::2] == graph.bonds[1::2]).all()


def test_a_single_atom_has_no_bonds():
    graph = features("C")[0].graph
    assert graph.atoms.shape == (1, ATOM_FEATURES)
    assert graph.edges.shape == (2, 0)


def test_isotope_labels_are_seen():
    plain, labelled = features("CO", "[13CH3]O")
    assert not np.array_equal(plain.graph.atoms, labelled.graph.atoms)


def test_a_batch_keeps_molecules_apart():
    batch = collate(features("CCO", "C", "c1ccccc1"))
    assert len(batch) == 3
    assert batch.atom_molecule.tolist() == [0] * 3 + [1] + [2] * 6
    assert batch.nominal_mass.tolist() == [46, 16, 78]
    # no bond leads from one molecule into another
    ends = batch.atom_molecule[batch.edges]
    assert torch.equal(ends[0], ends[1])


def test_fingerprints_alone_need_no_graph():
    batch = collate(features("CCO", "C", graph=False))
    assert batch.atoms is None
    lengths = np.diff([*batch.offsets.tolist(), len(batch.positions)])
    assert lengths.tolist() == [len(f.positions) for f in features("CCO", "C", graph=False)]


def test_an_energy_that_is_not_given_counts_as_70_ev():
    batch = collate(features("CCO", "C"), [20.0, np.nan])
    assert batch.energy.tolist() == [20.0, 70.0]
    assert collate(features("CCO")).energy.tolist() == [70.0]


def test_a_batch_moves_as_a_whole():
    moved = collate(features("CCO")).to("meta")
    assert moved.atoms.device.type == moved.positions.device.type == "meta"
    assert moved.spectrum is None


def test_hydrogen_fluoride_and_deuterium_featurize():
    assert features("F")[0].nominal_mass == 20
    assert features("[2H][2H]")[0].nominal_mass == pytest.approx(4)
