import numpy as np
import pytest
import torch

from builders import BDE_SIZES, build_bde_data
from nextims.data.examples.dft_dataset import BDEDataset, bde_loader
from nextims.evaluation.bond_energies import assess_bonds, bond_errors, mean_errors
from nextims.models.bde import BDEModel


class Guess(BDEModel):
    """Says 90 and 80 of every bond."""

    def forward(self, graph):
        return torch.tensor([[90.0, 80.0]]).expand(len(graph.targets.energies), 2)


@pytest.fixture
def dataset(tmp_path):
    return BDEDataset(build_bde_data(tmp_path / "data.h5"), "test")


@pytest.fixture
def expected(dataset):
    """The errors of each molecule's bonds, in the table's order."""
    return [np.abs(dataset.table(i)[1] - [90.0, 80.0]) for i in range(len(dataset))]


def test_errors_are_means_over_all_bonds_of_all_batches(dataset, expected):
    for batch_size in (1, 3):
        loader = bde_loader(dataset, batch_size=batch_size, num_workers=0)
        found = mean_errors(bond_errors(Guess(**BDE_SIZES), loader))
        assert list(found) == ["bde_error", "bdfe_error"]
        assert list(found.values()) == pytest.approx(np.concatenate(expected).mean(0).tolist())


def test_each_bond_has_its_error_and_its_molecule(dataset, expected):
    errors, molecule = assess_bonds(Guess(**BDE_SIZES), dataset)
    assert len(set(molecule.tolist())) == len(dataset) == 4
    for number, own in enumerate(expected):
        found = errors["bde_error"][molecule == number]
        assert np.sort(found) == pytest.approx(np.sort(own[:, 0]))
