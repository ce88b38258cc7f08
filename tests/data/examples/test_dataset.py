import pickle

import numpy as np
import pytest
import torch

from builders import build_bde_cache, build_store
from nextims.chemistry.molecule import read_molecule
from nextims.data.bde.bond_energies import BondEnergies
from nextims.data.bde.cache import CacheContent
from nextims.data.examples.dataset import Concatenation, EmptySplitError, SpectrumDataset
from nextims.data.examples.features import Inputs
from nextims.data.examples.loader import make_loader
from nextims.data.examples.unlabelled import UnlabelledDataset
from nextims.data.library.store import StoreError

ALCOHOLS = ["CO", "CCO", "CCCO", "CCCCO", "CCCCCO", "CCCCCCO"]


@pytest.fixture
def store(tmp_path):
    return build_store(
        tmp_path / "spectra.h5",
        ALCOHOLS,
        energies=[70.0, None, 20.0, 75.0, 70.0, 70.0],
        splits=["train", "train", "train", "train", "validation", "test"],
    )


def open_dataset(store, split="train", energy_range=(60.0, 80.0), graph=True, **settings):
    return SpectrumDataset(
        store, split, energy_range=energy_range, inputs=Inputs(graph=graph), **settings
    )


def batches(dataset, **settings):
    return list(make_loader(dataset, max_mz=150, **{"batch_size": 2, "num_workers": 0, **settings}))


def test_a_dataset_holds_its_split_and_energies(store):
    assert open_dataset(store).rows.tolist() == [0, 1, 3]  # not given counts as 70 eV
    assert open_dataset(store, energy_range=(10.0, 80.0)).rows.tolist() == [0, 1, 2, 3]
    assert open_dataset(store, "test").rows.tolist() == [5]


def test_an_empty_choice_and_a_missing_store_are_named(store, tmp_path):
    with pytest.raises(EmptySplitError, match="no test spectrum of 10 to 15 eV"):
        open_dataset(store, "test", energy_range=(10.0, 15.0))
    with pytest.raises(StoreError, match="nowhere"):
        open_dataset(tmp_path / "nowhere.h5")


def test_both_modes_give_the_same_batches_twice(store):
    lazy, held = (open_dataset(store, memory_efficient=mode) for mode in (True, False))
    for _ in range(2):
        for a, b in zip(batches(lazy), batches(held), strict=True):
            assert torch.equal(a.spectrum, b.spectrum)
            assert torch.equal(a.positions, b.positions)
            assert torch.equal(a.graph.atoms, b.graph.atoms)
    assert not lazy._held
    assert len(held._held) == 3


def test_workers_give_the_same_batches(store):
    here, there = (batches(open_dataset(store), num_workers=n) for n in (0, 2))
    for a, b in zip(here, there, strict=True):
        assert torch.equal(a.spectrum, b.spectrum)
        assert torch.equal(a.graph.edges, b.graph.edges)
        assert torch.equal(a.row, b.row)


def test_a_dataset_can_be_pickled_for_spawned_workers(store):
    dataset = open_dataset(store)
    first = dataset[0].spectrum.mz
    assert np.array_equal(pickle.loads(pickle.dumps(dataset))[0].spectrum.mz, first)


def test_a_batch_says_what_was_measured(store):
    first, _ = batches(open_dataset(store))
    assert first.spectrum.shape == (2, 150)
    assert first.spectrum.max(1).values.tolist() == [1, 1]
    assert first.nominal_mass.tolist() == [32, 46]
    assert first.energy.tolist() == [70, 70]
    assert first.lowest_mz.tolist() == [3, 3]


def test_bond_energies_are_attached_to_the_graphs_atoms(store, tmp_path):
    content = CacheContent("test", "1")
    ethanol = read_molecule("CCO")
    # C-C, C-O, a C-H of the first carbon, and an O-H that is not valid
    bde = np.array([88.0, 94.0, 101.0, np.nan], np.float32)
    content.entries[ethanol.inchikey] = (
        "CCO",
        BondEnergies(
            np.array([[0, 1], [1, 2], [0, 3], [2, 8]], np.int32),
            bde,
            bde - 9,
            np.array([True, True, True, False]),
            np.zeros(4, bool),
        ),
    )
    content.write(tmp_path / "bde.h5")
    dataset = open_dataset(store, bde_cache=tmp_path / "bde.h5")
    batch, rest = batches(dataset)
    targets = batch.graph.targets
    assert targets.bonds.tolist() == [1, 2]  # methanol's bond comes first
    assert batch.graph.edges[:, ::2].T[targets.bonds].tolist() == [[2, 3], [3, 4]]
    assert targets.hydrogens.tolist() == [2]
    assert targets.energies.tolist() == [[88], [94], [101]]
    # propanol has no entry in the cache
    assert rest.graph.targets.energies.shape == (0, 1)


def test_ring_bonds_are_told_from_others_and_deuterium_is_a_hydrogen(tmp_path):
    names = ["C1CC1C", "[2H]CO", "[2H]OC[13CH3]"]
    store = build_store(tmp_path / "spectra.h5", names, splits=["train"] * 3)
    dataset = open_dataset(store, bde_cache=build_bde_cache(tmp_path / "bde.h5", names))
    cyclopropane, methanol, ethanol = (dataset[i].bonds for i in range(3))
    assert len(cyclopropane.bonds) == 1  # to the methyl group
    assert len(cyclopropane.hydrogens) == 8
    assert len(methanol.bonds) == 1
    assert methanol.hydrogens.tolist().count(0) == 3  # of the carbon
    # O-C and C-C as they are numbered in CCO, not in [2H]OC[13CH3].
    assert ethanol.bonds.tolist() == [1, 0]
    assert sorted(ethanol.hydrogens.tolist()) == [0, 0, 0, 1, 1, 2]


def test_without_a_cache_no_bond_is_named(store):
    assert batches(open_dataset(store))[0].graph.targets is None


def test_a_batch_of_several_datasets_keeps_the_order(store):
    measured = open_dataset(store, graph=False)
    whole = Concatenation([measured, measured, UnlabelledDataset(["C", "CC"])])
    items = [7, 2, 0, 6, 3]
    examples = whole.__getitems__(items)
    assert [each.smiles for each in examples] == ["CC", "CCCCO", "CO", "C", "CO"]
    assert [each.smiles for each in examples] == [whole[item].smiles for item in items]


def test_kept_features_are_what_a_dataset_gives(store, tmp_path):
    def student_dataset():
        inputs = Inputs(pieces=20)
        return SpectrumDataset(store, "train", energy_range=(60.0, 80.0), inputs=inputs)

    computed, kept = student_dataset(), student_dataset()
    kept.keep_features(tmp_path / "features.bin")
    for workers in (0, 2):
        pairs = zip(batches(computed), batches(kept, num_workers=workers), strict=True)
        for a, b in pairs:
            assert torch.equal(a.positions, b.positions)
            assert torch.equal(a.pieces.elements, b.pieces.elements)
            assert torch.equal(a.spectrum, b.spectrum)
