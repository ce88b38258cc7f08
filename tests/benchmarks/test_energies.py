"""The benchmark of ionization energies on a small store."""

import pytest
import torch

import energies
from builders import build_config
from nextims.training.teacher import train_teacher


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    config = build_config(tmp_path_factory.mktemp("energies"), epochs=1)
    train_teacher(config)
    return config


def run(config, capsys):
    path = config.data.store.parents[2] / "config.yaml"
    status = energies.main(["--config", str(path)])
    return status, *capsys.readouterr()


def test_at_70_ev_both_predictions_are_one(config, capsys):
    status, out, err = run(config, capsys)
    assert status == 0
    its_own, at_70, measured = out.splitlines()[2:]
    assert its_own.split("|")[4:] == at_70.split("|")[4:]
    assert " measured " in measured
    assert "no test spectrum of 10 to 17.999 eV" in err


def test_the_share_at_the_molecular_ion_counts_what_was_recorded():
    class Batch:
        nominal_mass = torch.tensor([4, 3])
        lowest_mz = torch.tensor([2, 1])

    spectra = torch.tensor([[5.0, 1.0, 0.0, 3.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]])
    assert energies._at_molecular_ion(spectra, Batch).tolist() == [0.75, 0.0]
