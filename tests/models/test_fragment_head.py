import pytest
import torch

from nextims.data.features import collate, featurize
from nextims.data.fragment_batch import SHIFTS
from nextims.data.molecule import ELEMENTS, read_molecule
from nextims.data.spectrum import isotope_pattern
from nextims.models.fragment_head import FragmentHead, MoleculeDropout, possible_shifts


def batch_of(*smiles):
    return collate([featurize(read_molecule(s), graph=True, fragments=400) for s in smiles])


@pytest.fixture
def head():
    torch.manual_seed(0)
    return FragmentHead(
        max_mz=300, atom_width=8, context_width=4, width=16, blocks=1, dropout=0.3
    ).eval()


def ions_of(head, batch):
    torch.manual_seed(1)
    # Atoms of one kind get one vector, so that nothing depends on their order.
    kinds = torch.randn(batch.graph.atoms.shape[1], 8)
    atoms = batch.graph.atoms.float() @ kinds
    energies = torch.full((batch.graph.edges.shape[1],), 90.0)
    return head(atoms, batch.graph, energies, torch.ones(len(batch), 4), batch.fragments)


def place(batch, formula, shift=0):
    """Return the rows of the fragments of a formula (without its hydrogens' number)."""
    wanted = torch.tensor([formula.get(element, 0) for element in ELEMENTS])
    rows = (batch.fragments.elements == wanted).all(1).nonzero().flatten()
    assert len(rows), formula
    return rows, SHIFTS.index(shift)


def test_the_shares_of_a_molecules_ions_sum_to_one(head):
    batch = batch_of("CCO", "c1ccccc1C", "C", "CC(=O)C([2H])([2H])[2H]")
    ions = ions_of(head, batch)
    share = torch.zeros(4).index_add(0, batch.fragments.molecule, ions.share.sum(1))
    assert share.tolist() == pytest.approx([1] * 4, abs=1e-5)
    assert ions.intensity.sum(1).tolist() == pytest.approx([1] * 4, abs=1e-4)


def test_no_ion_has_more_hydrogens_than_the_molecule_can_give(head):
    batch = batch_of("CCO", "ClC(Cl)(Cl)Cl")
    possible = possible_shifts(batch.fragments)
    hydrogens = torch.arange(SHIFTS[0], SHIFTS[-1] + 1) + batch.fragments.hydrogens[:, None]
    limit = torch.tensor([6, 0])[batch.fragments.molecule][:, None]
    assert torch.equal(possible, (hydrogens >= 0) & (hydrogens <= limit))
    assert ions_of(head, batch).share[~possible].abs().max() == 0


def test_the_molecular_ion_of_benzene_and_its_isotopes(head):
    batch = batch_of("c1ccccc1")
    share = torch.zeros(len(batch.fragments.molecule), len(SHIFTS))
    rows, column = place(batch, {"C": 6, "H": 6})
    share[rows, column] = 1.0
    spectrum = head.spread(share, batch.fragments)[0]
    assert spectrum[77] == pytest.approx(0.937, abs=1e-3)
    assert (spectrum[78] / spectrum[77]).item() == pytest.approx(6 * 0.010816, abs=1e-3)


def test_carbon_tetrachloride_falls_into_the_chlorine_patterns(head):
    batch = batch_of("ClC(Cl)(Cl)Cl")
    share = torch.zeros(len(batch.fragments.molecule), len(SHIFTS))
    rows, column = place(batch, {"C": 1, "Cl": 3})
    share[rows[0], column] = 1.0
    spectrum = head.spread(share, batch.fragments)[0]
    exact = isotope_pattern({"C": 1, "Cl": 3})
    for shift in (0, 1, 2, 4, 6):
        assert spectrum[116 + shift].item() == pytest.approx(exact[shift], abs=1e-5)
    assert (spectrum[118] / spectrum[116]).item() == pytest.approx(0.96, abs=0.01)


def test_a_labelled_methyl_is_found_at_its_own_mass(head):
    batch = batch_of("CC(=O)C([2H])([2H])[2H]")
    share = torch.zeros(len(batch.fragments.molecule), len(SHIFTS))
    acetyl = (batch.fragments.mass.round() == 46).nonzero()[0, 0]  # CD3CO
    share[acetyl, SHIFTS.index(0)] = 1.0
    assert head.spread(share, batch.fragments)[0].argmax() + 1 == 46
    # Losing one of its three hydrogens, it loses a deuterium for certain.
    share = torch.zeros_like(share)
    share[acetyl, SHIFTS.index(-1)] = 1.0
    assert head.spread(share, batch.fragments)[0].argmax() + 1 == 44


def test_what_lies_beyond_the_highest_mass_is_left_out():
    batch = batch_of("CCO")
    small = FragmentHead(max_mz=30, atom_width=8, context_width=4, width=16, blocks=0, dropout=0.0)
    share = torch.zeros(len(batch.fragments.molecule), len(SHIFTS))
    share[0, SHIFTS.index(0)] = 1.0
    assert small.spread(share, batch.fragments).sum() == 0


def test_a_molecule_does_not_see_its_neighbours_in_the_batch(head):
    alone = ions_of(head, batch_of("c1ccccc1C")).intensity[0]
    among = ions_of(head, batch_of("CCCCCCCCO", "c1ccccc1C", "C")).intensity[1]
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
    (ions.intensity**2).sum().backward()
    missing = [name for name, p in head.named_parameters() if p.grad is None]
    assert not missing
