from dataclasses import replace

import numpy as np
import pytest
import torch
from rdkit import Chem

from builders import BDE_SIZES, TEACHER_SIZES
from nextims.chemistry.graph import build_graph
from nextims.chemistry.isotopes import isotope_pattern
from nextims.chemistry.molecule import read_molecule
from nextims.chemistry.possible_masses import possible_masses
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.data.examples.fragment_batch import describe_fragments
from nextims.data.examples.graph_batch import BondTargets
from nextims.models.bde import BDEModel
from nextims.models.teacher import Teacher


@pytest.fixture
def teacher():
    torch.manual_seed(0)
    return Teacher(**TEACHER_SIZES).eval()


def batch_of(*smiles):
    return collate([featurize(read_molecule(s), Inputs(graph=True, fragments=60)) for s in smiles])


def test_no_peak_lies_above_the_molecular_ions_isotopes(teacher):
    batch = batch_of("CCO", "c1ccccc1", "ClC(Cl)(Cl)Cl")
    intensity = teacher(batch).intensity
    for row, highest in zip(intensity, batch.highest_mz.tolist(), strict=True):
        assert row[highest:].sum() == 0
        assert row.sum().item() == pytest.approx(1, abs=1e-5)


def test_hardly_an_intensity_has_no_ion(teacher):
    batch = batch_of("CCO", "c1ccccc1", "ClC(Cl)(Cl)Cl")
    prediction = teacher(batch)
    from_ions = prediction.extra.from_ions
    assert (from_ions <= prediction.intensity + 1e-7).all()
    unexplained = prediction.intensity - from_ions
    # The bin head speaks through ions but where there can be none: not at the mass of methyl,
    # but below it, where it has been taught nothing.
    assert unexplained[0, 14] == 0
    assert unexplained[0, 21] > 0
    assert ((prediction.extra.bin_share > 0.05) & (prediction.extra.bin_share < 0.95)).all()


@pytest.mark.parametrize("smiles", ["ClC(Cl)(Cl)Cl", "Cl", "[2H]C(Cl)(Cl)Cl", "FC(F)(F)[10B](F)F"])
def test_no_intensity_lies_where_no_ion_can(teacher, smiles):
    molecule = read_molecule(smiles)
    possible = torch.from_numpy(possible_masses(*molecule.atoms(), 200))
    for mode in (True, False):
        teacher.train(mode)
        prediction = teacher(batch_of(smiles, "CCO"))
        spectra = prediction.intensity[:1]
        if mode:
            spectra = torch.cat([spectra, prediction.extra.alone[:, 0]])
        assert (spectra[:, ~possible] == 0).all()
        assert (spectra[:, possible] > 0).sum() > 3
        assert torch.allclose(spectra.sum(1), torch.ones(len(spectra)), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("gate", [-50, 0, 50], ids=["fragments", "both", "bins"])
def test_isotope_patterns_hold_whichever_head_speaks(teacher, gate):
    teacher.members[0].gate.bias += gate
    intensity, *_ = teacher(batch_of("ClC(Cl)(Cl)Cl")).intensity
    pattern = isotope_pattern({"C": 1, "Cl": 4})
    for shift in (2, 4, 6):
        ratio = (intensity[151 + shift] / intensity[151]).item()
        assert ratio == pytest.approx(pattern[shift] / pattern[0], rel=1e-3)


def test_in_training_each_head_is_heard_alone(teacher):
    batch = batch_of("CCO", "c1ccccc1")
    assert teacher(batch).extra.alone is None
    fragments, bins = teacher.train()(batch).extra.alone
    assert fragments.shape == bins.shape == (2, 200)
    assert not torch.allclose(fragments, bins)
    assert torch.cat([fragments, bins]).sum(1).tolist() == pytest.approx([1] * 4, abs=1e-5)


def test_a_molecules_spectrum_does_not_depend_on_its_batch(teacher):
    alone = teacher(batch_of("c1ccccc1C")).intensity
    among = teacher(batch_of("CCO", "c1ccccc1C", "C")).intensity[1]
    assert torch.allclose(alone[0], among, atol=1e-6)


def test_the_order_of_the_atoms_does_not_matter(teacher):
    # Below the largest number of fragments: which of equals are left out depends on the order.
    molecule = read_molecule("CC(=O)OCC")
    features = featurize(molecule, Inputs(graph=True, fragments=400))
    order = np.random.default_rng(1).permutation(molecule.mol.GetNumAtoms()).tolist()
    renumbered = Chem.RenumberAtoms(molecule.mol, order)
    shuffled = replace(
        features, graph=build_graph(renumbered), fragments=describe_fragments(renumbered, 400)
    )

    a = teacher(collate([features])).intensity
    b = teacher(collate([shuffled])).intensity
    assert torch.allclose(a, b, atol=1e-6)


def test_the_ionization_energy_is_read(teacher):
    features = [featurize(read_molecule("CCO"), Inputs(graph=True, fragments=60))] * 3
    at_70, at_20, not_given = teacher(collate(features, [70.0, 20.0, np.nan])).intensity
    assert not torch.allclose(at_70, at_20)
    assert torch.allclose(at_70, not_given, atol=1e-6)


def test_mc_dropout_gives_a_mean_spectrum_and_deviations(teacher):
    batch = batch_of("CCO", "c1ccccc1")
    before = {name: buffer.clone() for name, buffer in teacher.named_buffers()}
    torch.manual_seed(1)
    mean, deviation, features = teacher.predict_with_uncertainty(batch, 5)
    assert mean.shape == deviation.shape == (2, 200)
    assert features.shape == (2, teacher.feature_width)
    assert mean.sum(1).tolist() == pytest.approx([1, 1], abs=1e-5)
    assert (deviation.sum(1) > 0).all()
    assert (deviation[:, 100:] == 0).all()  # nothing to be unsure of above the molecule
    assert not teacher.training
    after = {name: buffer.clone() for name, buffer in teacher.named_buffers()}
    assert all(torch.equal(before[name], buffer) for name, buffer in after.items())
    assert torch.equal(teacher(batch).intensity, teacher(batch).intensity)  # dropout off again


@torch.no_grad()
def test_a_teacher_of_several_networks_predicts_their_mean():
    torch.manual_seed(0)
    teacher = Teacher(members=2, **TEACHER_SIZES).eval()
    batch = batch_of("CCO", "c1ccccc1")
    both, alone = teacher(batch), [member(batch) for member in teacher.members]
    assert not torch.allclose(alone[0].intensity, alone[1].intensity)
    assert torch.allclose(both.intensity, (alone[0].intensity + alone[1].intensity) / 2)
    assert both.features.shape == (2, teacher.feature_width)
    # The mean's ions give the mean's spectrum of ions.
    ions = both.extra.ions.share[:, :, None]
    [spread] = teacher.members[0].spectrum.spread(ions, batch.fragments)
    recorded = both.extra.from_ions > 0  # not the faintest end of the isotope pattern
    assert torch.allclose(spread[recorded], both.extra.from_ions[recorded], atol=1e-6)
    assert spread[~recorded].max() < 1e-4
    # Deviations are between the networks as well as between the passes of one.
    for module in teacher.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    _, deviation, features = teacher.predict_with_uncertainty(batch, 2)
    assert deviation.sum() > 0.01
    assert torch.allclose(features, both.features, atol=1e-6)


def test_one_pass_has_no_deviation(teacher):
    with pytest.raises(ValueError, match="2 passes or more, found 1"):
        teacher.predict_with_uncertainty(batch_of("C"), 1)


def name_bonds(batch):
    """Let a batch of ethanol and ethane name all bonds and one hydrogen of each carbon."""
    batch.graph.targets = BondTargets(torch.tensor([0, 1, 2]), torch.tensor([0, 3, 4]))
    return batch


@torch.no_grad()
def test_bond_energies_are_given_for_the_bonds_that_the_batch_names(teacher):
    batch = batch_of("CCO", "CC")
    assert teacher(batch).extra.bond_energies is None
    energies = teacher(name_bonds(batch)).extra.bond_energies
    assert energies.shape == (6, 2)
    # the two carbons of ethane are alike
    assert energies[4].tolist() == pytest.approx(energies[5].tolist(), abs=1e-4)
    assert (energies[3] - energies[4]).abs().max() > 1e-3


@torch.no_grad()
def test_naming_bonds_does_not_change_the_spectrum(teacher):
    batch = batch_of("CCO", "CC")
    before = teacher(batch).intensity
    assert torch.equal(teacher(name_bonds(batch)).intensity, before)


@torch.no_grad()
def test_a_teacher_that_starts_from_a_bde_model_predicts_its_energies(teacher):
    torch.manual_seed(1)
    pretrained = BDEModel(**BDE_SIZES).eval()
    batch = name_bonds(batch_of("CCO", "CC"))
    expected = pretrained(batch.graph)
    [network] = teacher.members
    assert (teacher(batch).extra.bond_energies - expected).abs().max() > 0.1
    network.start_from(pretrained)
    assert torch.allclose(teacher(batch).extra.bond_energies, expected, atol=1e-5)


def test_a_bde_model_of_another_size_is_no_start(teacher):
    with pytest.raises(RuntimeError, match="size mismatch"):
        teacher.members[0].start_from(BDEModel(encoder_width=24, encoder_layers=2))
