import numpy as np
import pytest
import torch

from nextims.chemistry.isotope_labels import LABELLED_SHIFTS, SHIFTS
from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.data.examples.fragment_batch import describe_fragments


def describe(smiles, fragments=400):
    return describe_fragments(read_molecule(smiles).mol, fragments)


def batch_of(*smiles, fragments=400):
    return collate(
        [featurize(read_molecule(s), Inputs(graph=True, fragments=fragments)) for s in smiles]
    )


def test_the_whole_molecule_comes_first_with_its_formula():
    aspirin = describe("CC(=O)Oc1ccccc1C(=O)O")
    assert aspirin.atoms[0].all()
    counts = dict(zip(ELEMENTS, aspirin.elements[0].tolist(), strict=True))
    assert (counts["C"], counts["H"], counts["O"]) == (9, 8, 4)


@pytest.mark.parametrize(
    ("smiles", "masses"),
    [
        ("CC(C)=O", {58, 43, 15}),  # acetone, acetyl, methyl
        ("Brc1c(Br)c(Br)c(Br)c(Br)c1Br", {546, 467, 79}),  # 545.51 and 466.59 Da
        ("C" * 40, {562, 547, 15}),  # 562.64 and 547.62 Da
    ],
)
def test_masses_are_mass_numbers(smiles, masses):
    assert masses <= set(batch_of(smiles).fragments.mass.tolist())


def test_a_batch_keeps_each_molecules_fragments():
    alone = [describe(s) for s in ("CCO", "c1ccccc1C", "C")]
    batch = batch_of("CCO", "c1ccccc1C", "C").fragments
    assert torch.bincount(batch.molecule).tolist() == [len(a) for a in alone]
    elements = np.concatenate([a.elements for a in alone])
    assert torch.equal(batch.elements, torch.from_numpy(elements))
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


def test_labels_are_those_of_the_atoms_that_a_fragment_holds():
    batch = batch_of("CCO", "[2H]C([2H])([2H])C(=O)[13CH3]").fragments
    labels = batch.labels
    assert labels.rows.tolist() == torch.nonzero(batch.molecule == 1).flatten().tolist()
    extra = labels.mass - batch.mass[labels.rows]
    held = {
        (tuple(formula), added)
        for formula, added in zip(
            batch.elements[labels.rows][:, [2, 0, 4]].tolist(), extra.tolist(), strict=True
        )
    }  # C, H, O
    # Either methyl, or either acetyl, or all.
    assert {((1, 3, 0), 3), ((1, 3, 0), 1), ((2, 3, 1), 3), ((2, 3, 1), 1)} <= held
    assert ((3, 6, 1), 4) in held
    assert (labels.natural.sum(1) == batch.elements[labels.rows].sum(1) - extra).all()


def test_hydrogens_and_deuteriums_move_alike():
    # CD3-CO-CH3: the molecule loses one of three deuteriums and three hydrogens.
    exchange = batch_of("CC(=O)C([2H])([2H])[2H]", "CCO").fragments.labels.exchange
    loses_one = exchange[0, SHIFTS.index(-1)]
    assert loses_one[LABELLED_SHIFTS.index(-1)] == pytest.approx(0.5)
    assert loses_one[LABELLED_SHIFTS.index(-2)] == pytest.approx(0.5)
    assert exchange[0, SHIFTS.index(0)].argmax() == LABELLED_SHIFTS.index(0)
    # It has none to take up.
    assert exchange[0, SHIFTS.index(1) :].sum() == 0
    assert set(exchange.sum(2).round(decimals=5).unique().tolist()) == {0.0, 1.0}


def test_no_more_than_the_wanted_number_of_fragments():
    assert len(describe("CCCCCCCCCC", fragments=7)) == 7
