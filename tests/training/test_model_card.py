import pytest
import torch

from builders import BDE_SIZES, STUDENT_SIZES, TEACHER_SIZES, build_store
from nextims.config import DataConfig
from nextims.models.bde import BDEModel
from nextims.models.checkpoint import CheckpointError, save_checkpoint
from nextims.models.student import Student
from nextims.models.teacher import Teacher
from nextims.training.card_figures import add_section, add_test_figures, card_path
from nextims.training.model_card import write_card

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
    "validation": {"cosine": 0.7111, "entropy_similarity": 0.7222},
}
STUDENT = {
    **SPECTRA,
    "unlabelled_molecules": 4321,
    "validation": {**SPECTRA["validation"], "expert_1": 0.3, "expert_2": 0.7},
    "teacher": "e" * 64,
}
BDE = {
    **ORIGIN,
    "data": {"source": "alfabet==0.1.0", "sha256": "d" * 64},
    "training_molecules": 61333,
    "training_bonds": 790177,
    "atom_kinds": [["C", 4, 0, False, 0], ["C", 3, 0, True, 0], ["O", 2, 0, False, 0]],
    "validation": {"bde_error": 0.6011, "bdfe_error": 0.6022, "negative_bde_error": -0.6011},
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
        [f"{path.stem}.MODEL_CARD.md", path.name]
    )
    return card_path(path).read_text()


def assert_says(card, *facts):
    flowed = " ".join(card.split())
    for fact in facts:
        assert fact in flowed, fact


def test_a_students_card_says_data_figures_limits_and_licence(tmp_path, store):
    path = save(tmp_path / "best_student.pt", Student, STUDENT_SIZES, STUDENT)
    write_card(path, store)
    assert_says(
        card_of(path),
        "# best_student.pt",
        "Mixture of four experts",
        "commit abc1234",
        "finished 2026-11-23",
        "massbank-ei.tar.gz, 2 usable spectra of 2 molecules",
        "1,234 trained",
        "4,321 structures without spectra",
        "| metric | validation |",
        "| cosine | 0.7111 |",
        "`nextims evaluate --split test --card` adds",
        "experts on the validation split: 30%, 70%",
        "10% test",
        "up to m/z 300",
        "MIT licence",
        "a library with terms of its own",
        "not given: 2",
    )


def test_a_teachers_card_says_nothing_of_experts(tmp_path, store):
    path = save(tmp_path / "best_finetune_teacher.pt", Teacher, TEACHER_SIZES, SPECTRA)
    write_card(path, store)
    card = card_of(path)
    assert_says(card, "# best_finetune_teacher.pt", "score the fragments", "up to m/z 200")
    assert "expert" not in card
    assert "without spectra" not in card


def test_the_bde_models_card_says_data_errors_limits_and_licence(tmp_path):
    path = save(tmp_path / "bde.pt", BDEModel, BDE_SIZES, BDE)
    write_card(path)
    assert_says(
        card_of(path),
        "# bde.pt",
        "kcal/mol",
        "commit abc1234, seed 7, finished 2026-11-23",
        "alfabet==0.1.0 (St. John et al., Nat. Commun. 2020, 11, 2328)",
        "61,333 molecules with 790,177 bonds in training",
        "`" + "d" * 64 + "`",
        "| BDE | 0.601 |",
        "| BDFE | 0.602 |",
        "ten heavy atoms of C, O.",
        "MIT licence",
        "BSD-3-Clause",
    )


def test_a_card_is_replaced_and_the_checkpoint_left_alone(tmp_path):
    path = save(tmp_path / "bde.pt", BDEModel, BDE_SIZES, BDE)
    before = path.read_bytes()
    card_path(path).write_text("# of an older model")
    write_card(path)
    assert "older" not in card_of(path)
    assert path.read_bytes() == before


def test_a_section_is_added_before_the_limits_and_replaced(tmp_path, store):
    path = save(tmp_path / "teacher" / "teacher.pt", Teacher, TEACHER_SIZES, SPECTRA)
    write_card(path, store)
    before = card_of(path)
    add_section(path, "Beside its peers", "first table\n\n| a | b |\n")
    first = card_of(path)
    assert first == before.replace(
        "\n## Limits", "\n## Beside its peers\nfirst table\n\n| a | b |\n\n## Limits"
    )
    add_section(path, "Beside its peers", "second table")
    assert card_of(path) == first.replace("first table\n\n| a | b |", "second table")
    add_section(path, "Last", "third")
    add_section(path, "Beside its peers", "fourth table")  # in its place
    assert card_of(path) == first.replace("first table\n\n| a | b |", "fourth table").replace(
        "\n## Limits", "\n## Last\nthird\n\n## Limits"
    )


def test_figures_of_the_test_split_are_written_when_they_are_measured(tmp_path, store):
    path = save(tmp_path / "best_student.pt", Student, STUDENT_SIZES, STUDENT)
    write_card(path, store)
    before = card_of(path)
    names = ("cosine", "entropy_similarity", "impossible_share")
    test = {name: {"mean": 0.76543, "low": 0.71234, "high": 0.81} for name in names}
    add_test_figures(path, test, "99 spectra of 80 molecules")
    card = card_of(path)
    assert_says(
        card,
        "Test: 99 spectra of 80 molecules",
        "95 % intervals",
        "| metric | test | validation |",
        "| cosine | 0.7654 [0.712, 0.810] | 0.7111 |",
        "experts on the validation split: 30%, 70%",
    )
    before, after = (text.split("## How good it is") for text in (before, card))
    assert before[0] == after[0]
    assert before[1].split("\n## ")[1:] == after[1].split("\n## ")[1:]


def test_figures_of_bonds_are_errors(tmp_path):
    path = save(tmp_path / "bde.pt", BDEModel, BDE_SIZES, BDE)
    write_card(path)
    test = {name: {"mean": 0.5129, "low": 0.4, "high": 0.6} for name in ("bde_error", "bdfe_error")}
    add_test_figures(path, test, "13,222 bonds of 980 molecules")
    assert_says(card_of(path), "13,222 bonds of 980", "| BDE | 0.513 [0.400, 0.600] | 0.601 |")


def test_cards_of_one_folder_do_not_overwrite_each_other(tmp_path):
    paths = [save(tmp_path / f"{name}.pt", BDEModel, BDE_SIZES, BDE) for name in ("one", "two")]
    for path in paths:
        write_card(path)
    titles = [card_path(path).read_text().splitlines()[0] for path in paths]
    assert titles == ["# one.pt", "# two.pt"]


def test_without_a_card_there_is_nothing_to_write_into(tmp_path):
    with pytest.raises(CheckpointError, match=r"x\.MODEL_CARD\.md: no such model card"):
        add_section(tmp_path / "x.pt", "Title", "text")
