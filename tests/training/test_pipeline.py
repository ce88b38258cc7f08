import pytest
import torch

from builders import (
    SMALL_MOLECULES,
    build_bde_cache,
    build_bde_data,
    build_config,
    build_massbank_record,
    changed,
    plausible_peaks,
    save_bde_model,
)
from nextims.chemistry.molecule import read_molecule
from nextims.config import ConfigError, load_config
from nextims.data.bde.cache import BDECache
from nextims.data.library.store import SpectrumStore, StoreError
from nextims.models.bde_backends import open_backend
from nextims.models.checkpoint import CheckpointError, load_plain, weights_digest
from nextims.training import bde, runs
from nextims.training.pipeline import run_pipeline
from nextims.training.teacher import train_teacher


@pytest.fixture
def config(tmp_path):
    return build_config(tmp_path)


@pytest.fixture
def with_bond_energies(config):
    """The configuration of a teacher that learns bond energies, DFT energies written."""
    build_bde_data(config.bde.data)
    return changed(config, "teacher", bond_energies=True)


def run(config, *arguments):
    """Run the pipeline; return the results and what it said, by the first lines."""
    said = []
    results = run_pipeline(config, *arguments, say=said.append)
    return results, [line.splitlines()[0] for line in said]


def test_all_phases_run_once_and_are_then_skipped(with_bond_energies):
    config = with_bond_energies
    first, said = run(config)
    assert [line.partition(":")[0] for line in said] == [
        "data",
        "phase 1, pretraining",
        "phase 0",
        "molecules                                         24",
        "phase 1, fine-tuning",
        "phase 2, student",
        "phase 3, trust",
        "phase 4, retention index",
    ]
    assert sum(line.endswith(": training") for line in said) == 4
    assert set(first) == {"teacher", "student"}
    assert 0 <= first["student"]["validation"]["entropy_similarity"] <= 1
    assert first["student"]["teacher"]
    assert BDECache(config.bde.cache).backend == "native"
    results = (config.bde.checkpoint, config.bde.cache, config.student.checkpoint)
    written = [path.stat().st_mtime_ns for path in results]

    again, said = run(config)
    assert all("skipped" in line for line in said)
    assert len(said) == 6
    assert again == first
    assert [path.stat().st_mtime_ns for path in results] == written


def test_a_second_round_learns_from_the_first_ones_student(config):
    config = changed(config, "distillation", variants=8)
    results = run_pipeline(config, say=str, rounds=2)
    first = config.student.checkpoint.parent / "first_round" / "student.pt"
    assert load_plain(first)["metadata"]["finished"]
    assert results["teacher"]["student"] == weights_digest(first)
    assert results["teacher"]["predicted_spectra"] == 8
    said = []
    assert run_pipeline(config, say=said.append, rounds=2) == results
    assert len([line for line in said if "skipped" in line]) == 7


def test_without_dft_energies_pretraining_is_skipped_and_the_command_named(config):
    config = changed(config, "teacher", bond_energies=True)
    save_bde_model(config.bde.checkpoint)
    before = config.bde.checkpoint.read_bytes()
    _, said = run(config)
    [line] = [line for line in said if line.startswith("phase 1, pretraining")]
    assert "skipped" in line
    assert "nextims prepare bde" in line
    assert str(config.bde.checkpoint) in line
    assert config.bde.checkpoint.read_bytes() == before
    # The model that is there has predicted the energies.
    assert BDECache(config.bde.cache).backend_version == open_backend(config.bde).version


def test_neither_dft_energies_nor_a_model_is_an_error_that_names_both(config):
    config = changed(config, "bde", checkpoint=config.bde.checkpoint.with_name("my_bde.pt"))
    with pytest.raises(CheckpointError, match=r"my_bde\.pt: no BDE model.*nextims prepare bde"):
        run(changed(config, "teacher", bond_energies=True))
    _, said = run(config)  # without bond energies there is no need of it
    assert "phase 2, student: training" in said


def test_the_shipped_bde_model_gives_the_energies_where_there_is_none(config):
    shipped = load_config().bde.checkpoint
    before = shipped.read_bytes()
    _, said = run(changed(config, "teacher", bond_energies=True))
    # Its energies are of any use, its encoder only to a teacher of the same size.
    assert said[1].startswith("phase 1, pretraining: skipped, no DFT energies at ")
    assert said[1].endswith("; fine-tuning starts from random weights")
    version = open_backend(load_config().bde).version
    assert BDECache(config.bde.cache).backend_version == version
    assert not config.bde.checkpoint.exists()
    assert shipped.read_bytes() == before


def test_a_cache_that_other_weights_have_filled_is_filled_anew(with_bond_energies):
    config = with_bond_energies
    run(config)
    before = BDECache(config.bde.cache)
    model = config.bde.checkpoint.read_bytes()

    longer = changed(config, "training.pretrain", epochs=3)
    _, said = run(longer)
    assert "phase 1, pretraining: training" in said
    held = f"phase 0: {config.bde.cache} held energies of native {before.backend_version}"
    assert f"{held}; made anew" in said
    after = BDECache(config.bde.cache)
    assert config.bde.checkpoint.read_bytes() != model
    assert after.backend_version == open_backend(config.bde).version != before.backend_version
    # Energies and starting weights of the teacher are others, and so is the student's teacher.
    assert said[-3:-1] == ["phase 1, fine-tuning: training", "phase 2, student: training"]
    _, said = run(longer)
    assert all("skipped" in line for line in said)


def test_a_cache_of_another_backend_is_filled_anew(with_bond_energies):
    build_bde_cache(with_bond_energies.bde.cache)
    _, said = run(with_bond_energies)
    assert any(line.endswith("held energies of test 1; made anew") for line in said)
    assert BDECache(with_bond_energies.bde.cache).backend == "native"


def test_molecules_that_the_cache_lacks_are_added(with_bond_energies):
    config = with_bond_energies
    run(config)
    content = BDECache(config.bde.cache).read_all()
    energies = dict(content.entries)
    lost = [content.entries.popitem()[0] for _ in range(3)]
    content.write(config.bde.cache)
    _, said = run(config)
    assert any(line.startswith("phase 0: bond dissociation energies by native") for line in said)
    again = BDECache(config.bde.cache).read_all().entries
    for inchikey in lost:
        assert (again[inchikey][1].valid == energies[inchikey][1].valid).all()


def kill(*_):
    raise KeyboardInterrupt


def test_a_model_that_was_trained_but_not_published_is_published(with_bond_energies, monkeypatch):
    # As if killed between the last step of the training and the copying.
    config = with_bond_energies
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(bde, "_publish", kill)
        run(config)
    trained = load_plain(config.teacher.pretrained)["weights"]
    assert not config.bde.checkpoint.exists()
    _, said = run(config)
    assert "phase 1, pretraining: continued" in said
    published = load_plain(config.bde.checkpoint)["weights"]
    assert all(torch.equal(trained[name], tensor) for name, tensor in published.items())
    assert not list(config.teacher.pretrained.parent.glob("last_*"))


def test_a_changed_student_leaves_the_teacher_alone(config):
    run(config)
    _, said = run(changed(config, "student", dropout=0.3))
    assert [line for line in said if "skipped" not in line] == [
        "phase 2, student: training",
        "phase 3, trust: training",
    ]


@pytest.fixture
def cut_off(config, monkeypatch):
    """As if killed before the last step: the best student is there, but not said to be finished."""
    train_teacher(config)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(runs, "now", kill)
        run(config)
    assert "finished" not in load_plain(config.student.checkpoint)["metadata"]
    return config.student.checkpoint.with_name("last_student.pt")


def test_a_run_that_was_cut_off_continues(config, cut_off):
    _, said = run(config)
    assert said[-2] == "phase 2, student: continued"
    assert "finished" in load_plain(config.student.checkpoint)["metadata"]
    assert not cut_off.exists()


def test_a_state_without_its_best_model_is_not_continued(config, cut_off):
    config.student.checkpoint.unlink()
    _, said = run(config)
    assert said[-2] == (f"phase 2, student: training; discards the unfinished run at {cut_off}")


def test_a_student_that_cannot_be_stops_the_pipeline_before_the_teacher(config):
    with pytest.raises(ConfigError, match=r"config\.yaml: student\.active_experts: found 9; allo"):
        run(changed(config, "student", active_experts=9))
    assert not config.teacher.checkpoint.exists()


def test_the_store_is_made_from_massbank_records(config, tmp_path):
    config.data.store.unlink()
    records = tmp_path / "records"
    records.mkdir()
    for number, smiles in enumerate(SMALL_MOLECULES):
        molecule = read_molecule(smiles)
        text = build_massbank_record(
            f"MSBNK-Test-TS{number:06}",
            smiles=smiles,
            name=smiles,
            formula=molecule.formula,
            peaks=plausible_peaks(smiles),
        )
        (records / f"{number}.txt").write_text(text)
    _, said = run(changed(config, "data", validation_fraction=0.3, test_fraction=0.3), [records])
    assert said[0] == f"data: reading {records}"
    with SpectrumStore(config.data.store) as store:
        assert len(store) == len(SMALL_MOLECULES)


def test_a_store_with_another_split_is_refused(config):
    with pytest.raises(StoreError, match="another split"):
        run(changed(config, "data", test_fraction=0.2))


def test_a_store_of_other_records_is_refused(config, tmp_path):
    with pytest.raises(StoreError, match=r"made from other records than other\.zip"):
        run(config, [tmp_path / "other.zip"])


def test_no_store_and_nothing_to_make_it_from_names_the_commands(config):
    config.data.store.unlink()
    with pytest.raises(StoreError, match=r"nextims prepare massbank"):
        run(config)
