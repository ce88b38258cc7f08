from builders import build_store
from nextims.config import DataConfig
from nextims.training.model_card import write_model_card

METADATA = {
    "version": "0.1.0",
    "commit": "abc1234",
    "seed": 7,
    "max_mz": 1000,
    "finished": "2026-11-23T00:00:00+00:00",
    "data": {"source": "massbank-ei.tar.gz", "sha256": "f" * 64},
    "training_spectra": 1234,
    "test_spectra": 99,
    "test": {"cosine": 0.7654, "entropy_similarity": 0.7777},
    "validation": {"cosine": 0.7111, "entropy_similarity": 0.7222},
    "test_expert_shares": {"expert_1": 0.3, "expert_2": 0.7},
    "teacher": "e" * 64,
}


def test_a_card_says_data_figures_limits_and_licence(tmp_path):
    store = build_store(tmp_path / "spectra.h5", ["CCO", "CCC"], config=DataConfig())
    write_model_card(tmp_path / "best_student.pt", "student", METADATA, store)
    card = (tmp_path / "MODEL_CARD.md").read_text()
    for fact in (
        "# best_student.pt",
        "commit abc1234",
        "massbank-ei.tar.gz, 2 usable spectra of 2 molecules",
        "1,234 trained",
        "| cosine | 0.7654 | 0.7111 |",
        "99 of the test split",
        "30%, 70%",
        "10% test",
        "MIT licence",
        "not given: 2",
    ):
        assert fact in card, fact
    assert list(tmp_path.glob("*.tmp")) == []
