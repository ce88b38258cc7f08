import csv
from collections import Counter
from itertools import product

import pytest
import torch
from rdkit import Chem

from builders import (
    SMALL_MOLECULES,
    SMALL_SPLITS,
    build_bde_cache,
    build_config,
    build_store,
    changed,
    save_bde_model,
)
from nextims.chemistry.isotopes import isotope_pattern
from nextims.chemistry.molecule import read_molecule
from nextims.data.bde.cache import BDECacheError
from nextims.data.library.store import StoreError
from nextims.evaluation.calibration import Calibration
from nextims.models.checkpoint import CheckpointError, load_model, load_plain
from nextims.training import teacher as teacher_module
from nextims.training.card_figures import card_path
from nextims.training.earlier import is_complete
from nextims.training.teacher import teacher_key, train_teacher
from nextims.training.trainer import Interrupted


@pytest.fixture
def config(tmp_path):
    config = changed(build_config(tmp_path), "teacher", bond_energies=True)
    build_bde_cache(config.bde.cache)
    return config


def losses(config, name):
    with config.teacher.checkpoint.with_name("metrics_finetune_teacher_1.csv").open() as file:
        return [float(row[f"loss_{name}"]) for row in csv.DictReader(file)]


def test_training_leaves_a_checkpoint_that_says_where_it_comes_from(config):
    metadata = train_teacher(config)
    path = config.teacher.checkpoint
    assert is_complete(path, teacher_key(config))
    assert metadata["data"]["source"] == "test"
    assert metadata["training_spectra"] == 16
    assert 0 <= metadata["validation"]["cosine"] <= 1
    card = card_path(path).read_text()
    assert f"{metadata['validation']['cosine']:.4f}" in card
    model, checkpoint = load_model(path)
    assert checkpoint.kind == "teacher"
    assert model.max_mz == 200
    calibration = Calibration.from_metadata(checkpoint.metadata)
    assert (calibration.passes, calibration.spectra) == (2, 4)
    # The test split is scored when it is asked for.
    assert not [name for name in checkpoint.metadata if "test" in name]


def test_a_changed_setting_or_start_makes_the_result_incomplete(config):
    train_teacher(config)
    path, key = config.teacher.checkpoint, teacher_key(config)
    assert is_complete(path, key)
    assert not is_complete(path, teacher_key(changed(config, "teacher", dropout=0.5)))
    assert not is_complete(path, teacher_key(changed(config, "encoder", width=24)))
    assert not is_complete(path, teacher_key(changed(config, "teacher", bond_energies=False)))
    assert not is_complete(path.with_name("nothing.pt"), key)
    # A schedule of another phase is none of its business.
    assert teacher_key(changed(config, "training.pretrain", epochs=9)) == key
    save_bde_model(config.bde.checkpoint)
    assert not is_complete(path, teacher_key(config))
    started = teacher_key(config)
    save_bde_model(config.bde.checkpoint, seed=1)
    assert teacher_key(config) != started


def test_encoder_and_bond_energies_start_from_the_bde_model(config):
    save_bde_model(config.bde.checkpoint)
    pretrained = load_plain(config.bde.checkpoint)["weights"]
    train_teacher(changed(config, "training.finetune", learning_rate=1e-12))
    finetuned = load_plain(config.teacher.checkpoint)["weights"]
    compared = 0
    for name, tensor in pretrained.items():
        member = finetuned[f"members.0.{name}"].float()  # kept as float16
        assert torch.allclose(member, tensor, atol=1e-3), name
        compared += 1
    assert compared > 20


def test_without_a_bde_model_it_starts_from_random_weights(config, tmp_path):
    slow = changed(config, "training.finetune", learning_rate=1e-12)
    train_teacher(slow)
    random = load_plain(config.teacher.checkpoint)["weights"]
    save_bde_model(config.bde.checkpoint)
    pretrained = load_plain(config.bde.checkpoint)["weights"]
    name = "encoder.convolutions.0.nn.0.weight"
    assert not torch.allclose(random[f"members.0.{name}"].float(), pretrained[name], atol=1e-2)


def test_a_bde_model_of_another_size_is_refused(config):
    save_bde_model(config.bde.checkpoint, encoder_width=24)
    with pytest.raises(CheckpointError, match=r"bde\.pt: its size is .*24.*16"):
        train_teacher(config)
    assert not config.teacher.checkpoint.exists()


def test_the_same_seed_gives_the_same_weights(config):
    weights = []
    for _ in range(2):
        train_teacher(config)
        weights.append(load_plain(config.teacher.checkpoint)["weights"])
    assert all(torch.equal(weights[0][name], tensor) for name, tensor in weights[1].items())


def test_bond_energies_are_learned_beside_spectra(tmp_path):
    config = changed(build_config(tmp_path, epochs=15), "teacher", bond_energies=True)
    build_bde_cache(config.bde.cache)
    train_teacher(changed(config, "training.finetune", learning_rate=5e-3))
    for name in ("spectrum", "bond_energy"):
        values = losses(config, name)
        assert values[-1] < 0.8 * values[0], name


def test_the_networks_start_from_seeds_that_follow_each_other(config):
    both = train_teacher(changed(config, "teacher", members=2))
    weights = load_plain(config.teacher.checkpoint)["weights"]
    second = changed(config, "training", seed=config.training.seed + 1)
    train_teacher(second)
    alone = load_plain(config.teacher.checkpoint)
    assert len(both["members_validation"]) == 2
    assert both["members_validation"][1] == alone["metadata"]["members_validation"][0]
    for name, tensor in alone["weights"].items():
        assert torch.equal(weights[name.replace("members.0", "members.1")], tensor), name


def test_a_stopped_training_keeps_its_finished_networks(config, monkeypatch):
    config = changed(config, "teacher", members=2)
    train_network, trained = teacher_module.train_network, []

    def stops_at_the_second(member, path, **settings):
        if trained:
            raise Interrupted("stopped")
        trained.append(member.training.seed)
        return train_network(member, path, **settings)

    monkeypatch.setattr(teacher_module, "train_network", stops_at_the_second)
    with pytest.raises(Interrupted):
        train_teacher(config)
    assert not config.teacher.checkpoint.exists()

    def goes_on(member, path, **settings):
        trained.append(member.training.seed)
        return train_network(member, path, **settings)

    monkeypatch.setattr(teacher_module, "train_network", goes_on)
    train_teacher(config, resume=True)
    seed = config.training.seed
    assert trained == [seed, seed + 1]
    assert is_complete(config.teacher.checkpoint, teacher_key(config))
    left = sorted(path.name for path in config.teacher.checkpoint.parent.iterdir())
    assert "members" not in left
    assert "metrics_finetune_teacher_2.csv" in left


def test_missing_inputs_name_the_command_that_makes_them(config):
    config.bde.cache.unlink()
    with pytest.raises(BDECacheError, match=r"nextims bde"):
        train_teacher(config)
    config.data.store.unlink()
    with pytest.raises(StoreError, match=r"nextims prepare massbank"):
        train_teacher(config)


def test_a_store_of_another_split_is_refused(config):
    with pytest.raises(StoreError, match="another split"):
        train_teacher(changed(config, "data", test_fraction=0.2))


def learnable_peaks(smiles: str) -> dict[int, int]:
    """Return a made-up spectrum whose masses are all those of ions, with their isotopes.

    What has lost less than two carbon atoms has the molecule's; of chlorides and bromides there is
    nothing else.
    """
    molecule = read_molecule(smiles)
    mass, counts = molecule.nominal_mass, molecule.element_counts
    pattern = isotope_pattern(counts)
    losses = {0: 400, 1: 150, 15: 999, 18: 120}
    if not {"Cl", "Br"} & set(counts):
        losses |= {28: 250, 29: 300, 43: 500}
    commonest = Chem.GetPeriodicTable().GetMostCommonIsotope
    elements = [(commonest(symbol), number) for symbol, number in counts.items() if symbol != "H"]
    skeletons = {
        sum(kept) for kept in product(*(range(0, m * (n + 1), m) for m, n in elements)) if any(kept)
    }
    possible = {skeleton + n for skeleton in skeletons for n in range(counts["H"] + 1)}
    peaks = Counter({mz: n for mz, n in ((15, 80), (27, 300), (39, 200)) if mz in possible})
    for loss, height in losses.items():
        if mass - loss in possible:
            for shift, abundance in pattern.items() if loss < 28 else [(0, pattern[0])]:
                if abundance > 0.005:
                    peaks[mass - loss + shift] += round(height * abundance / pattern[0])
    return dict(peaks)


def test_a_teacher_learns_a_handful_of_spectra_by_heart(tmp_path):
    # Proof that training can learn at all: 16 molecules, each spectrum distinct.
    config = build_config(tmp_path, epochs=60)
    spectra = [(smiles, learnable_peaks(smiles)) for smiles in SMALL_MOLECULES]
    build_store(config.data.store, spectra, splits=SMALL_SPLITS, config=config.data)
    config = changed(config, "training.finetune", learning_rate=3e-3)
    config = changed(config, "teacher", dropout=0.0, fragment_dropout=0.0, drop_edge=0.0)
    train_teacher(config)
    values = losses(config, "spectrum")
    assert values[-1] < 0.05 < values[0]
