import numpy as np
import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.data.examples.features import Inputs, collate, featurize


def features(*smiles, graph=True):
    return [featurize(read_molecule(s), Inputs(graph=graph)) for s in smiles]


def test_a_batch_holds_fingerprints_masses_and_graphs_of_its_molecules():
    batch = collate(features("CCO", "C", "c1ccccc1"))
    assert len(batch) == len(batch.graph) == 3
    assert batch.graph.atom_molecule.tolist() == [0] * 3 + [1] + [2] * 6
    assert batch.nominal_mass.tolist() == [46, 16, 78]
    assert batch.graph.targets is None


def test_fingerprints_alone_need_no_graph():
    batch = collate(features("CCO", "C", graph=False))
    assert batch.graph is None
    lengths = np.diff([*batch.offsets.tolist(), len(batch.positions)])
    assert lengths.tolist() == [len(f.positions) for f in features("CCO", "C", graph=False)]


def test_an_energy_that_is_not_given_counts_as_70_ev():
    batch = collate(features("CCO", "C"), [20.0, np.nan])
    assert batch.energy.tolist() == [20.0, 70.0]
    assert collate(features("CCO")).energy.tolist() == [70.0]


def test_a_batch_moves_as_a_whole():
    moved = collate(features("CCO")).to("meta")
    assert moved.graph.atoms.device.type == moved.positions.device.type == "meta"
    assert moved.spectrum is None


def test_hydrogen_fluoride_and_deuterium_featurize():
    assert features("F")[0].nominal_mass == 20
    assert features("[2H][2H]")[0].nominal_mass == pytest.approx(4)
