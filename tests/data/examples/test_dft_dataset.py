import pickle

import h5py
import numpy as np
import pytest
import torch
from rdkit import Chem

from builders import SMALL_MOLECULES, bde_rows, build_bde_data, build_bde_table
from nextims.chemistry.surroundings import AtomKind
from nextims.data.bde.dft_table import BDEDataError, prepare_bde_data
from nextims.data.examples.dft_dataset import BDEDataset, bde_loader


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return build_bde_data(tmp_path_factory.mktemp("bde") / "bde_data.h5")


def test_each_split_has_its_own_molecules(data):
    parts = [BDEDataset(data, split) for split in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [16, 4, 4]
    assert [smiles for part in parts for smiles in part.smiles] == list(SMALL_MOLECULES)
    assert {part.source for part in parts} == {"test"}


def test_energies_belong_to_the_bonds_of_the_graph(data):
    dataset = BDEDataset(data, "train")
    for item, smiles in enumerate(dataset.smiles):
        mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
        expected = {}
        for row in bde_rows(smiles):
            bond = mol.GetBondWithIdx(int(row["bond_index"]))
            ends = sorted((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()))
            to_hydrogen = bond.GetEndAtom().GetSymbol() == "H"
            key = (ends[0], "H") if to_hydrogen else tuple(ends)
            expected.setdefault(key, []).append([float(row["bde"]), float(row["bdfe"])])
        graph, known = dataset[item]
        found = {}
        for bond, pair in zip(known.bonds, known.bond_energies.tolist(), strict=True):
            ends = tuple(sorted(graph.edges[:, 2 * bond].tolist()))
            found.setdefault(ends, []).append(pair)
        for bearer, pair in zip(known.hydrogens, known.hydrogen_energies.tolist(), strict=True):
            found.setdefault((bearer, "H"), []).append(pair)
        assert found == expected, smiles


def test_the_table_of_a_molecule_is_given_as_it_is(data):
    dataset = BDEDataset(data, "train")
    atoms, energies = dataset.table(0)  # methanol: C-O, three C-H, O-H
    assert atoms.tolist() == [[0, 1], [0, 2], [0, 3], [0, 4], [1, 5]]
    assert energies.shape == (5, 2)
    assert (energies[:, 0] - energies[:, 1] == 9).all()


def test_bonds_are_counted_hydrogens_each(data):
    dataset = BDEDataset(data, "validation")
    assert dataset.bonds == sum(len(bde_rows(smiles)) for smiles in dataset.smiles)


def test_the_kinds_of_atoms_are_those_of_the_split_alone(data):
    train, test = (BDEDataset(data, split).atom_kinds() for split in ("train", "test"))
    silicon = AtomKind("Si", 4, 0, False, 0)
    assert silicon in train
    assert silicon not in test
    assert {kind.element for kind in test} == {"C", "N", "O", "F", "Cl"}


def test_a_batch_holds_all_bonds_and_their_energies(data):
    dataset = BDEDataset(data, "validation")
    [batch] = bde_loader(dataset, batch_size=8, num_workers=0)
    assert len(batch) == 4
    targets = batch.targets
    assert len(targets.energies) == len(targets.bonds) + len(targets.hydrogens) == dataset.bonds
    assert targets.energies.dtype == torch.float32
    assert targets.hydrogens.max() < len(batch.atoms)
    assert targets.bonds.max() < batch.edges.shape[1] // 2


def test_training_batches_are_shuffled_by_the_seed_and_workers_give_the_same(data):
    dataset = BDEDataset(data, "train")

    def energies(**settings):
        loader = bde_loader(dataset, batch_size=4, **{"num_workers": 0, **settings})
        return [batch.targets.energies for batch in loader]

    in_order, first, again, other, workers = (
        energies(),
        energies(shuffle_seed=1),
        energies(shuffle_seed=1),
        energies(shuffle_seed=2),
        energies(shuffle_seed=1, num_workers=1),
    )
    for one, two in ((first, again), (first, workers)):
        assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    for one, two in ((first, in_order), (first, other)):
        assert not all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    lengths = [sum(map(len, batches)) for batches in (in_order, first, other)]
    assert len(set(lengths)) == 1


def test_a_dataset_can_be_pickled_for_spawned_workers(data):
    dataset = BDEDataset(data, "test")
    dataset[0]
    copy = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(copy[0][1].bond_energies, dataset[0][1].bond_energies)


def test_a_missing_file_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(BDEDataError, match=r"none\.h5.*nextims prepare bde"):
        BDEDataset(tmp_path / "none.h5", "train")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, data, share):
    content = data.read_bytes()
    (tmp_path / "bde.h5").write_bytes(content[: int(share * len(content))])
    with pytest.raises(BDEDataError, match=r"bde\.h5: not readable.*nextims prepare bde"):
        BDEDataset(tmp_path / "bde.h5", "train")


def test_another_format_and_another_file_are_refused(tmp_path, data):
    path = tmp_path / "bde.h5"
    path.write_bytes(data.read_bytes()[512:])  # without its digest
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 2
    with pytest.raises(BDEDataError, match="format version 2, expected 1"):
        BDEDataset(path, "train")
    with h5py.File(path, "w") as file:
        file["peaks"] = [1.0]
    with pytest.raises(BDEDataError, match="not readable as DFT energies"):
        BDEDataset(path, "train")


def test_a_split_without_molecules_is_named(tmp_path):
    prepare_bde_data(tmp_path / "bde.h5", build_bde_table(bde_rows("CCO")), progress=False)
    with pytest.raises(BDEDataError, match="no molecule of the test split"):
        BDEDataset(tmp_path / "bde.h5", "test")
