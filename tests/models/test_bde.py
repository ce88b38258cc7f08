from dataclasses import replace

import numpy as np
import pytest
import torch
from rdkit import Chem

from builders import BDE_SIZES
from nextims.chemistry.graph import build_graph
from nextims.chemistry.homolysis import breakable
from nextims.data.examples.graph_batch import BondTargets, GraphBatch, collate_graphs, known_bonds
from nextims.models.bde import BDEModel


@pytest.fixture
def model():
    torch.manual_seed(0)
    return BDEModel(encoder_width=32, encoder_layers=4).eval()


def batch_of(mol: Chem.Mol) -> tuple[GraphBatch, list[tuple[int, int]]]:
    """Return a batch of one molecule that names all its breakable bonds, and their ends.

    The ends are heavy atoms; -1 stands for hydrogen. The order is that of the model's answer.
    """
    graph = build_graph(mol)
    bonds = filter(breakable, Chem.AddHs(mol).GetBonds())
    ends = np.array([(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in bonds])
    known = known_bonds(graph, ends, np.zeros((len(ends), 2), np.float32))
    batch = collate_graphs([graph])
    batch.targets = BondTargets(torch.from_numpy(known.bonds), torch.from_numpy(known.hydrogens))
    heavy = [tuple(sorted(graph.edges[:, 2 * bond].tolist())) for bond in known.bonds]
    return batch, heavy + [(-1, atom) for atom in known.hydrogens.tolist()]


@torch.no_grad()
def energies_of(model, mol: Chem.Mol) -> dict[tuple[int, int], list[float]]:
    batch, ends = batch_of(mol)
    return dict(zip(ends, model(batch).tolist(), strict=True))


def bond_classes(mol: Chem.Mol) -> dict[tuple, set[tuple[int, int]]]:
    """Return the bonds by the symmetry classes of their ends, as RDKit ranks atoms."""
    ranks = [-1, *Chem.CanonicalRankAtoms(mol, breakTies=False)]
    classes = {}
    for ends in batch_of(mol)[1]:
        classes.setdefault(tuple(sorted(ranks[end + 1] for end in ends)), set()).add(ends)
    return classes


@pytest.mark.parametrize(
    ("smiles", "different"),
    [  # kinds of breakable bonds that symmetry leaves
        ("CC(C)(C)C", 2),  # neopentane: C-C, C-H
        ("Cc1cc(C)c(C)cc1C", 3),  # durene: C-C, methyl C-H, aryl C-H
        ("Cc1ccc(C)cc1", 3),  # p-xylene
        ("CC", 2),
        ("CCOCC", 4),
        ("FC(F)(F)C(F)(F)F", 2),
        ("C1CCCCC1", 1),
        ("c1ccc(-c2ccccc2)cc1", 4),  # biphenyl: C-C, ortho, meta and para C-H
        ("C1CC2CCC1CC2", 2),  # bicyclo[2.2.2]octane: CH and CH2
    ],
)
def test_bonds_that_symmetry_makes_equal_have_one_energy(model, smiles, different):
    mol = Chem.MolFromSmiles(smiles)
    energies, classes = energies_of(model, mol), bond_classes(mol)
    assert len(classes) == different
    means = []
    for bonds in classes.values():
        values = np.array([energies[ends] for ends in bonds])
        assert np.ptp(values, axis=0) == pytest.approx([0, 0], abs=1e-4)
        means.append(values.mean(0))
    for i, one in enumerate(means):
        for other in means[:i]:
            assert abs(one - other).max() > 1e-3


@pytest.mark.parametrize(
    "smiles",
    [
        "CC(=O)Oc1ccccc1C(=O)O",
        "C/C=C/C[C@H](O)[C@@H](C)O",
        "CN[C@@H](C)[C@H](O)c1ccccc1",
        "C[N+](=O)[O-]",
    ],
)
def test_the_numbering_of_the_atoms_changes_nothing(model, smiles):
    mol = Chem.MolFromSmiles(smiles)
    before = energies_of(model, mol)
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(mol.GetNumAtoms())
        place = {int(old): new for new, old in enumerate(order)} | {-1: -1}
        after = energies_of(model, Chem.RenumberAtoms(mol, order.tolist()))
        assert len(after) == len(before)
        for ends, pair in before.items():
            moved = tuple(sorted(place[end] for end in ends))
            assert after[moved] == pytest.approx(pair, abs=1e-4)


@torch.no_grad()
def test_which_end_of_a_bond_comes_first_does_not_matter(model):
    batch, _ = batch_of(Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)NCCO"))
    swapped = torch.arange(batch.edges.shape[1]).view(-1, 2).flip(1).flatten()
    reversed_ = replace(batch, edges=batch.edges[:, swapped], bonds=batch.bonds[swapped])
    assert not torch.equal(batch.edges, reversed_.edges)
    assert torch.allclose(model(batch), model(reversed_), atol=1e-4)


@torch.no_grad()
def test_mirror_images_have_the_same_energies_and_diastereomers_have_not(model):
    # One order of the atoms, so that bond by bond can be compared.
    one, image, other = (
        torch.tensor(list(energies_of(model, Chem.MolFromSmiles(smiles)).values()))
        for smiles in ("C[C@H](O)[C@@H](Cl)CC", "C[C@@H](O)[C@H](Cl)CC", "C[C@H](O)[C@H](Cl)CC")
    )
    assert torch.equal(one, image)
    assert (one - other).abs().max() > 1e-3


@torch.no_grad()
def test_energies_come_in_the_order_in_which_bonds_are_named(model):
    batch = collate_graphs([build_graph(Chem.MolFromSmiles(smiles)) for smiles in ("CCO", "CCBr")])
    batch.targets = BondTargets(torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 2, 3, 4]))
    whole = model(batch)
    assert whole.shape == (9, 2)
    batch.targets = BondTargets(torch.tensor([3, 1]), torch.tensor([4, 0, 0]))
    assert torch.allclose(model(batch), whole[[3, 1, 8, 4, 4]], atol=1e-5)


@torch.no_grad()
def test_energies_are_of_the_right_size_before_any_training(model):
    values = torch.tensor(list(energies_of(model, Chem.MolFromSmiles("CCOc1ccccc1")).values()))
    assert ((values[:, 0] - 94).abs() < 24).all()  # BDE
    assert ((values[:, 1] - 84).abs() < 24).all()  # BDFE


@torch.no_grad()
def test_a_batch_that_names_no_bond_gives_no_energy():
    batch = collate_graphs([build_graph(Chem.MolFromSmiles("N#N"))])
    nothing = torch.empty(0, dtype=torch.long)
    batch.targets = BondTargets(nothing, nothing)
    assert BDEModel(**BDE_SIZES)(batch).shape == (0, 2)


def test_the_units_travel_with_the_weights():
    weights = BDEModel(**BDE_SIZES).state_dict()
    assert weights["bond_energy.mean"].tolist() == [94, 84]
    assert weights["bond_energy.scale"].tolist() == [12, 12]
