import pytest

from builders import (
    SMALL_MOLECULES,
    build_bde_cache,
    build_config,
    build_massbank_record,
    plausible_peaks,
)
from nextims.data.molecule import read_molecule
from nextims.data.store import SpectrumStore, StoreError
from nextims.training.checkpoint import load_plain, save_atomically
from nextims.training.pipeline import run_pipeline


@pytest.fixture
def config(tmp_path):
    return build_config(tmp_path)


def with_bond_energies(config):
    build_bde_cache(config.bde.cache)
    teacher = config.teacher.model_copy(update={"bond_energies": True})
    return config.model_copy(update={"teacher": teacher})


def test_all_phases_run_once_and_are_then_skipped(config):
    config = with_bond_energies(config)
    said = []
    first = run_pipeline(config, say=said.append)
    assert sum("training" in line for line in said) == 3
    assert set(first) == {"teacher", "student"}
    assert 0 <= first["student"]["test"]["entropy_similarity"] <= 1
    assert first["student"]["teacher"]
    written = config.student.checkpoint.stat().st_mtime_ns

    said.clear()
    again = run_pipeline(config, say=said.append)
    assert all("skipped" in line for line in said)
    assert len(said) == 5
    assert again == first
    assert config.student.checkpoint.stat().st_mtime_ns == written


def test_a_changed_student_leaves_the_teacher_alone(config):
    run_pipeline(config, say=lambda line: None)
    said = []
    student = config.student.model_copy(update={"dropout": 0.3})
    run_pipeline(config.model_copy(update={"student": student}), say=said.append)
    assert [line for line in said if "skipped" not in line] == ["phase 2, student: training"]


def test_a_run_that_was_cut_off_continues(config):
    run_pipeline(config, say=lambda line: None)
    # As if killed before the last step: the best model is there, but not said to be finished.
    content = load_plain(config.student.checkpoint)
    del content["metadata"]["finished"], content["metadata"]["test"]
    save_atomically(content, config.student.checkpoint)
    said = []
    run_pipeline(config, say=said.append)
    assert said[-1] == "phase 2, student: continued"
    assert {"finished", "test"} <= set(load_plain(config.student.checkpoint)["metadata"])


def test_a_state_without_its_best_model_is_not_continued(config):
    run_pipeline(config, say=lambda line: None)
    config.student.checkpoint.unlink()
    said = []
    run_pipeline(config, say=said.append)
    assert said[-1] == "phase 2, student: training"


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
    data = config.data.model_copy(update={"validation_fraction": 0.3, "test_fraction": 0.3})
    said = []
    run_pipeline(config.model_copy(update={"data": data}), records, say=said.append)
    assert said[0] == f"data: reading {records}"
    with SpectrumStore(config.data.store) as store:
        assert len(store) == len(SMALL_MOLECULES)


def test_a_store_with_another_split_is_refused(config):
    data = config.data.model_copy(update={"test_fraction": 0.2})
    with pytest.raises(StoreError, match="another split"):
        run_pipeline(config.model_copy(update={"data": data}), say=lambda line: None)


def test_no_store_and_nothing_to_make_it_from_names_the_commands(config):
    config.data.store.unlink()
    with pytest.raises(StoreError, match=r"prepare_massbank\.py"):
        run_pipeline(config, say=lambda line: None)
