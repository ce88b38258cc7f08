import numpy as np
import pytest
import torch

from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.data.examples.fragment_batch import LABELLED_SHIFTS, SHIFTS, describe_fragments


def describe(smiles, fragments=400):
    return describe_fragments(read_molecule(smiles).mol, fragments)


def batch_of(*smiles, fragments=400):
    return collate(
        [featurize(read_molecule(s), Inputs(graph=True, fragments=fragments)) for s in smiles]
    )


def test_the_whole_molecule_comes_first_with_its_formula():
    aspirin = describe("CC(=O)Oc1ccccc1C(=O)O")
    assert aspirin.atoms[0].all()
    assert aspirin.mass[0] == pytest.approx(180.0423, abs=1e-4)
    counts = dict(zip(ELEMENTS, aspirin.elements[0].tolist(), strict=True))
    assert (counts["C"], counts["H"], counts["O"]) == (9, 8, 4)


def test_acetyl_and_methyl_are_among_acetones_fragments():
    masses = describe("CC(C)=O").mass.round(3)
    assert {15.023, 43.018} <= set(masses.tolist())


def test_a_batch_keeps_each_molecules_fragments():
    alone = [describe(s) for s in ("CCO", "c1ccccc1C", "C")]
    batch = batch_of("CCO", "c1ccccc1C", "C").fragments
    assert torch.bincount(batch.molecule).tolist() == [len(a) for a in alone]
    assert torch.allclose(batch.mass, torch.from_numpy(np.concatenate([a.mass for a in alone])))
    held = batch.atoms.transpose(1, 2).flatten(0, 1)[batch.slot]  # (n, A)
    for number, fragments in enumerate(alone):
        atoms = fragments.atoms.shape[1]
        own = held[batch.molecule == number]
        assert np.array_equal(own[:, :atoms].numpy(), fragments.atoms)
        assert not own[:, atoms:].any()


def test_ion_and_neutral_loss_are_the_molecule():
    batch = batch_of("CCO", "ClCCBr").fragments
    total = batch.elements + batch.lost_elements
    for number in range(2):
        assert len(torch.unique(total[batch.molecule == number], dim=0)) == 1


def test_edges_begin_and_end_where_the_bonds_are():
    batch = batch_of("CCO", "c1ccccc1C")
    places = batch.fragments.atom_slot[batch.graph.edges]
    assert torch.equal(batch.fragments.begin[batch.fragments.edge_slot], places[0])
    assert torch.equal(batch.fragments.end[batch.fragments.edge_slot], places[1])
    empty = torch.ones_like(batch.fragments.begin, dtype=torch.bool)
    empty[batch.fragments.edge_slot] = False
    assert empty.sum() == 14 - 4  # toluene's directed bonds less ethanol's
    assert torch.equal(batch.fragments.begin[empty], batch.fragments.end[empty])


def test_hydrogens_and_deuteriums_move_alike():
    # CD3-CO-CH3: the molecule loses one of three deuteriums and three hydrogens.
    batch = batch_of("CC(=O)C([2H])([2H])[2H]", "CCO").fragments
    assert batch.labelled.tolist() == torch.nonzero(batch.molecule == 0).flatten().tolist()
    of_the_molecule = batch.exchange[0]
    loses_one = of_the_molecule[SHIFTS.index(-1)]
    assert loses_one[LABELLED_SHIFTS.index(-1)] == pytest.approx(0.5)
    assert loses_one[LABELLED_SHIFTS.index(-2)] == pytest.approx(0.5)
    assert of_the_molecule[SHIFTS.index(0)].argmax() == LABELLED_SHIFTS.index(0)
    # It has none to take up.
    assert of_the_molecule[SHIFTS.index(1) :].sum() == 0
    possible = batch.exchange.sum(2)
    assert set(possible.round(decimals=5).unique().tolist()) == {0.0, 1.0}


def test_no_more_than_the_wanted_number_of_fragments():
    assert len(describe("CCCCCCCCCC", fragments=7)) == 7
