import gzip

import pytest
from rdkit import Chem

from builders import SMALL_MOLECULES, SMALL_SPLITS, build_config, changed
from nextims.training.distillation.unlabelled_structures import unlabelled_structures


@pytest.fixture
def config(tmp_path):
    return changed(build_config(tmp_path), "distillation", variants=40)


def write_list(config, text):
    config.distillation.unlabelled.parent.mkdir(exist_ok=True)
    with gzip.open(config.distillation.unlabelled, "wt") as file:
        file.write(text)


def keys(smiles):
    return {Chem.MolToInchiKey(Chem.MolFromSmiles(s))[:14] for s in smiles}


def test_listed_structures_come_first_and_variants_fill_up(config):
    write_list(config, "CCCCCO\nCCO\nCCCCN\n")
    structures = unlabelled_structures(config)
    assert structures[:2] == ["CCCCCO", "CCCCN"]
    assert len(structures) == 42
    assert len(keys(structures)) == 42
    assert not keys(structures) & keys(SMALL_MOLECULES)


def test_variants_are_made_of_training_molecules_alone(config):
    # Chlorine beside nitrogen, oxygen and carbon occurs in no training molecule without it.
    training = [
        smiles for smiles, split in zip(SMALL_MOLECULES, SMALL_SPLITS, strict=True)
        if split == "train"
    ]  # fmt: skip
    assert "FC(F)F" not in training
    assert not any("F" in smiles for smiles in training)
    # Fluorine comes in the place of another halogen only.
    structures = unlabelled_structures(config)
    assert all(smiles.count("F") <= 2 for smiles in structures)


def test_they_are_gathered_once(config, monkeypatch):
    first = unlabelled_structures(config)
    monkeypatch.setattr("nextims.training.distillation.unlabelled_structures.VariantMaker", None)
    assert unlabelled_structures(config) == first


def test_another_list_and_another_number_are_gathered_anew(config):
    first = unlabelled_structures(config)
    write_list(config, "CCCCCO\n")
    second = unlabelled_structures(config)
    assert len(second) == len(first) + 1
    assert len(unlabelled_structures(changed(config, "distillation", variants=5))) == 6


def test_a_damaged_collection_is_gathered_anew(config):
    first = unlabelled_structures(config)
    content = config.distillation.structures.read_bytes()
    config.distillation.structures.write_bytes(content[: len(content) // 2])
    assert unlabelled_structures(config) == first
