import pytest
import torch

from nextims.chemistry.isotope_labels import SHIFTS
from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.models.formula_features import FORMULA_FEATURES, formula_features, unsaturation
from nextims.models.fragment_head import FragmentHead, MoleculeDropout
from nextims.models.ion_spectrum import possible_shifts


def batch_of(*smiles):
    return collate([featurize(read_molecule(s), Inputs(graph=True, fragments=400)) for s in smiles])


@pytest.fixture
def head():
    torch.manual_seed(0)
    return FragmentHead(atom_width=8, context_width=4, width=16, blocks=1, dropout=0.3).eval()


def ions_of(head, batch):
    torch.manual_seed(1)
    # Atoms of one kind get one vector, so that nothing depends on their order.
    kinds = torch.randn(batch.graph.atoms.shape[1], 8)
    atoms = batch.graph.atoms.float() @ kinds
    energies = torch.full((batch.graph.edges.shape[1],), 90.0)
    return head(atoms, batch.graph, energies, torch.ones(len(batch), 4), batch.fragments)


def test_the_shares_of_a_molecules_ions_sum_to_one(head):
    batch = batch_of("CCO", "c1ccccc1C", "C", "CC(=O)C([2H])([2H])[2H]")
    ions = ions_of(head, batch)
    share = torch.zeros(4).index_add(0, batch.fragments.molecule, ions.share.sum(1))
    assert share.tolist() == pytest.approx([1] * 4, abs=1e-5)


def test_no_ion_has_more_hydrogens_than_the_molecule_can_give(head):
    batch = batch_of("CCO", "ClC(Cl)(Cl)Cl")
    possible = possible_shifts(batch.fragments)
    hydrogens = torch.arange(SHIFTS[0], SHIFTS[-1] + 1) + batch.fragments.hydrogens[:, None]
    limit = torch.tensor([6, 0])[batch.fragments.molecule][:, None]
    assert torch.equal(possible, (hydrogens >= 0) & (hydrogens <= limit))
    assert ions_of(head, batch).share[~possible].abs().max() == 0


def features_of(smiles, formula):
    """Return what the head reads of the formula of the first fragment that has it."""
    batch = batch_of(smiles)
    rows = (batch.fragments.elements == count(formula)).all(1).nonzero().flatten()
    sizes = torch.ones(len(batch.fragments.molecule), dtype=torch.long)
    return formula_features(batch.fragments, sizes, sizes, batch.graph)[rows[0]]


def count(formula):
    return torch.tensor([formula.get(element, 0) for element in ELEMENTS])


def test_paired_and_unpaired_electrons_are_told_apart():
    # The molecular ion of toluene is a radical, benzyl and phenyl are not.
    twice = [
        unsaturation(count(formula)[None], torch.tensor([formula["H"]]))
        for formula in (
            {"C": 7, "H": 8},
            {"C": 7, "H": 7},
            {"C": 6, "H": 5},
            {"C": 4, "H": 11, "N": 1},
        )
    ]
    assert [parity.item() for _, parity in twice] == [0, 1, 1, 0]
    # Four rings and double bonds, 4.5, 4.5 and none.
    assert [(places[0].argmax() - 2).item() / 2 for places, _ in twice] == [4, 4.5, 4.5, 0]


def test_the_counts_of_small_fragments_are_exact():
    methyl, ethyl = features_of("CCO", {"C": 1, "H": 3}), features_of("CCO", {"C": 2, "H": 5})
    assert len(methyl) == len(ethyl) == FORMULA_FEATURES
    assert (methyl != ethyl).sum() >= 8


def test_a_molecule_does_not_see_its_neighbours_in_the_batch(head):
    alone = ions_of(head, batch_of("c1ccccc1C")).share
    batch = batch_of("CCCCCCCCO", "c1ccccc1C", "C")
    among = ions_of(head, batch).share[batch.fragments.molecule == 1]
    assert torch.allclose(alone, among, atol=1e-6)


def test_dropout_drops_the_same_units_for_all_fragments_of_a_molecule():
    torch.manual_seed(0)
    dropout = MoleculeDropout(0.5).train()
    molecule = torch.tensor([0, 0, 1, 1, 1])
    out = dropout(torch.ones(5, 64), molecule, 2)
    assert torch.equal(out[0], out[1])
    assert torch.equal(out[2], out[4])
    assert not torch.equal(out[0], out[2])
    assert set(out.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(dropout.eval()(torch.ones(5, 64), molecule, 2), torch.ones(5, 64))


def test_gradients_reach_every_weight(head):
    ions = ions_of(head, batch_of("CCO", "c1ccccc1C"))
    (ions.share**2).sum().backward()
    missing = [name for name, p in head.named_parameters() if p.grad is None]
    assert not missing
