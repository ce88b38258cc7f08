import pytest
import torch

from builders import BDE_SIZES, STUDENT_SIZES, TEACHER_SIZES, build_store
from nextims.config import DataConfig
from nextims.models.bde import BDEModel
from nextims.models.checkpoint import load_plain, save_checkpoint
from nextims.models.student import Student
from nextims.models.teacher import Teacher
from nextims.training.model_card import add_section, write_bde_card, write_spectrum_card

ORIGIN = {
    "version": "0.1.0",
    "commit": "abc1234",
    "seed": 7,
    "finished": "2026-11-23T00:00:00+00:00",
    "data": {"source": "massbank-ei.tar.gz", "sha256": "f" * 64},
}
SPECTRA = {
    **ORIGIN,
    "training_spectra": 1234,
    "test_spectra": 99,
    "test": {"cosine": 0.7654, "entropy_similarity": 0.7777},
    "validation": {"cosine": 0.7111, "entropy_similarity": 0.7222},
}
STUDENT = {
    **SPECTRA,
    "unlabelled_molecules": 4321,
    "test_expert_shares": {"expert_1": 0.3, "expert_2": 0.7},
    "teacher": "e" * 64,
}
BDE = {
    **ORIGIN,
    "data": {"source": "alfabet==0.1.0", "sha256": "d" * 64},
    "training_molecules": 61333,
    "training_bonds": 790177,
    "test_bonds": 13222,
    "atom_kinds": [["C", 4, 0, False, 0], ["C", 3, 0, True, 0], ["O", 2, 0, False, 0]],
    "test": {"bde_error": 0.5129, "bdfe_error": 0.5234},
    "validation": {"bde_error": 0.6011, "bdfe_error": 0.6022},
}


@pytest.fixture
def store(tmp_path):
    return build_store(tmp_path / "data" / "spectra.h5", ["CCO", "CCC"], config=DataConfig())


def save(path, model, sizes, metadata):
    torch.manual_seed(0)
    save_checkpoint(path, model(**sizes), sizes, metadata)
    return path


def card_of(path):
    assert sorted(file.name for file in path.parent.iterdir() if file.is_file()) == sorted(
        ["MODEL_CARD.md", path.name]
    )
    return path.with_name("MODEL_CARD.md").read_text()


def assert_says(card, *facts):
    flowed = " ".join(card.split())
    for fact in facts:
        assert fact in flowed, fact


def test_a_students_card_says_data_figures_limits_and_licence(tmp_path, store):
    path = save(tmp_path / "best_student.pt", Student, STUDENT_SIZES, STUDENT)
    write_spectrum_card(path, store)
    assert_says(
        card_of(path),
        "# best_student.pt",
        "Mixture of four experts",
        "commit abc1234",
        "finished 2026-11-23",
        "massbank-ei.tar.gz, 2 usable spectra of 2 molecules",
        "1,234 trained",
        "4,321 structures without spectra",
        "| cosine | 0.7654 | 0.7111 |",
        "99 of the test split",
        "30%, 70%",
        "10% test",
        "up to m/z 300",
        "MIT licence",
        "a library with terms of its own",
        "not given: 2",
    )


def test_a_teachers_card_says_nothing_of_experts(tmp_path, store):
    path = save(tmp_path / "best_finetune_teacher.pt", Teacher, TEACHER_SIZES, SPECTRA)
    write_spectrum_card(path, store)
    card = card_of(path)
    assert_says(card, "# best_finetune_teacher.pt", "score the fragments", "up to m/z 200")
    assert "expert" not in card
    assert "without spectra" not in card


def test_the_bde_models_card_says_data_errors_limits_and_licence(tmp_path):
    path = save(tmp_path / "bde.pt", BDEModel, BDE_SIZES, BDE)
    write_bde_card(path)
    assert_says(
        card_of(path),
        "# bde.pt",
        "kcal/mol",
        "commit abc1234, seed 7, finished 2026-11-23",
        "alfabet==0.1.0 (St. John et al., Nat. Commun. 2020, 11, 2328)",
        "61,333 molecules with 790,177 bonds in training",
        "`" + "d" * 64 + "`",
        "13,222 bonds of the test split",
        "| BDE | 0.513 | 0.601 |",
        "| BDFE | 0.523 | 0.602 |",
        "ten heavy atoms of C, O.",
        "MIT licence",
        "BSD-3-Clause",
    )


def test_a_card_is_replaced_and_the_checkpoint_left_alone(tmp_path):
    path = save(tmp_path / "bde.pt", BDEModel, BDE_SIZES, BDE)
    before = path.read_bytes()
    (tmp_path / "MODEL_CARD.md").write_text("# of an older model")
    write_bde_card(path)
    assert "older" not in card_of(path)
    assert path.read_bytes() == before
    assert load_plain(path)["metadata"]["test"] == BDE["test"]


def test_a_section_is_added_before_the_limits_and_replaced(tmp_path, store):
    path = save(tmp_path / "teacher" / "teacher.pt", Teacher, TEACHER_SIZES, SPECTRA)
    write_spectrum_card(path, store)
    before = card_of(path)
    add_section(path, "Beside its peers", "first table\n\n| a | b |\n")
    first = card_of(path)
    assert first == before.replace(
        "\n## Limits", "\n## Beside its peers\nfirst table\n\n| a | b |\n\n## Limits"
    )
    add_section(path, "Beside its peers", "second table")
    assert card_of(path) == first.replace("first table\n\n| a | b |", "second table")
