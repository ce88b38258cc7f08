"""The evaluation command on a small store."""

import json
from functools import partial

import numpy as np
import pytest

from builders import (
    SMALL_MOLECULES,
    SMALL_SPLITS,
    STUDENT_SIZES,
    build_bde_data,
    build_store,
    build_student,
    load_script,
    save_bde_model,
)
from nextims.chemistry.molecule import read_molecule
from nextims.config import DataConfig, load_config
from nextims.data.library.store_writer import StoreWriter
from nextims.evaluation.metrics import METRICS, score
from nextims.spectra.record import Record
from nextims.spectra.spectrum import Spectrum

MAX_MZ = 150
SIZES = STUDENT_SIZES | {"max_mz": MAX_MZ}
# All in the test split here; the two butan-2-ols are one molecule, as are the replicates.
SPECTRA = [
    ("CCO", 70.0, {31: 999, 45: 517, 46: 216, 29: 299, 27: 224}),
    ("CCO", None, {31: 900, 45: 600, 46: 250, 29: 200}),
    ("CCO", 15.0, {46: 999, 45: 800, 31: 400}),
    ("C[C@H](O)CC", 70.0, {45: 999, 59: 180, 31: 160}),
    ("C[C@@H](O)CC", 75.0, {45: 999, 59: 190, 31: 150}),
    ("c1ccccc1", 70.0, {78: 999, 77: 140, 52: 200, 51: 220, 50: 180}),
]


@pytest.fixture(scope="module")
def evaluate():
    return load_script("evaluate")


@pytest.fixture
def run(evaluate, tmp_path, monkeypatch, capsys):
    """Run the command in a folder with a store, settings and weights."""
    import torch

    from nextims.models.checkpoint import save_checkpoint

    monkeypatch.chdir(tmp_path)
    fractions = {"validation_fraction": 0.0, "test_fraction": 0.999999}
    with StoreWriter("spectra.h5", config=DataConfig(**fractions), source="test") as writer:
        for number, (smiles, energy, peaks) in enumerate(SPECTRA):
            spectrum = Spectrum(list(peaks), list(peaks.values()))
            writer.add(Record("x", 1, str(number), "", spectrum, (smiles,), energy=energy))
        writer.finish("{}")
    (tmp_path / "config.yaml").write_text(
        f"data: {{store: spectra.h5, max_mz: {MAX_MZ}, num_workers: 0}}\n"
    )
    torch.manual_seed(0)
    save_checkpoint("small.pt", build_student(max_mz=MAX_MZ), SIZES, {})

    def command(*arguments):
        defaults = ("--config", "config.yaml", "--checkpoint", "small.pt", "--device", "cpu")
        return evaluate.main([*defaults, *arguments]), *capsys.readouterr()

    return command


def test_metrics_are_means_over_the_70_ev_spectra(run, tmp_path):
    from nextims.inference import Predictor

    status, out, _ = run("--split", "test", "--output", "result.json")
    result = json.loads((tmp_path / "result.json").read_text())
    assert status == 0
    assert (result["spectra"], result["molecules"]) == (5, 3)
    assert "5 spectra of 3 molecules, 60 to 80 eV or not given" in out

    used = [entry for entry in SPECTRA if entry[1] != 15.0]
    predicted = Predictor.from_checkpoint("small.pt", "cpu").predict([s for s, _, _ in used])
    expected = score(
        np.stack([p.spectrum.binned(MAX_MZ) for p in predicted]),
        np.stack([Spectrum(list(p), list(p.values())).binned(MAX_MZ) for _, _, p in used]),
        np.array([min(peaks) for _, _, peaks in used]),
    )
    for name in METRICS:
        assert result["metrics"][name] == pytest.approx(expected[name].mean(), abs=1e-5)
        low, high = result["intervals"][name]
        assert low <= result["metrics"][name] <= high
        assert f"{result['metrics'][name]:.4f}  [{low:.4f}, {high:.4f}]" in out


def test_intervals_are_of_molecules_by_the_seed_of_the_settings(run, tmp_path):
    from nextims.evaluation.assess import assess
    from nextims.evaluation.intervals import intervals, summarize
    from nextims.models.checkpoint import load_model
    from nextims.training.runs import split_batches

    config = load_config("config.yaml")
    model, _ = load_model("small.pt")
    scores = assess(model, split_batches(config, "test", model, batch_size=2))
    del scores["row"]
    used = [read_molecule(smiles) for smiles, energy, _ in SPECTRA if energy != 15.0]
    molecule = [each.inchikey[:14] for each in used]
    assert len(set(molecule)) == 3
    for seed in (7, 8):
        (tmp_path / "seed.yaml").write_text(
            (tmp_path / "config.yaml").read_text() + f"training: {{seed: {seed}}}\n"
        )
        run("--config", "seed.yaml", "--split", "test", "--output", f"{seed}.json")
        found = json.loads((tmp_path / f"{seed}.json").read_text())
        expected = intervals(summarize(scores, molecule, seed))
        assert found["seed"] == seed
        for name, ends in expected.items():
            assert found["intervals"][name] == pytest.approx(ends, abs=1e-6), name


def test_the_validation_split_is_scored_unless_another_is_asked_for(run, tmp_path):
    build_store(tmp_path / "spectra.h5", SMALL_MOLECULES, splits=SMALL_SPLITS)
    status, out, _ = run("--output", "default.json")
    assert status == 0
    assert "small.pt (student), validation split of " in out
    assert run("--split", "validation", "--output", "named.json")[0] == 0
    default, named = ((tmp_path / f"{n}.json").read_text() for n in ("default", "named"))
    assert default == named
    assert json.loads(default)["spectra"] == 4


def add_card(tmp_path, **data):
    """Save the student as one that was trained on the store, with a card beside it."""
    from nextims.models.checkpoint import save_checkpoint

    metadata = {"data": data, "validation": dict.fromkeys(METRICS, 0.5)}
    save_checkpoint("small.pt", build_student(max_mz=MAX_MZ), SIZES, metadata)
    (tmp_path / "small.MODEL_CARD.md").write_text("# small.pt\n\n## Limits\n- none\n")


def test_the_test_figures_are_written_into_the_card(run, tmp_path):
    from nextims.files.digest import file_digest

    add_card(tmp_path, sha256=file_digest("spectra.h5"))
    before = (tmp_path / "small.pt").read_bytes()
    status, out, _ = run("--split", "test", "--card", "--output", "result.json")
    assert status == 0
    assert "written: small.MODEL_CARD.md" in out
    result = json.loads((tmp_path / "result.json").read_text())
    card = (tmp_path / "small.MODEL_CARD.md").read_text()
    low, high = result["intervals"]["cosine"]
    assert (
        f"| cosine | {result['metrics']['cosine']:.4f} [{low:.3f}, {high:.3f}] | 0.5000 |" in card
    )
    assert "5 spectra of 3 molecules" in card
    assert card.endswith("## Limits\n- none\n")
    assert (tmp_path / "small.pt").read_bytes() == before
    assert run("--split", "test", "--card")[0] == 0
    assert (tmp_path / "small.MODEL_CARD.md").read_text() == card


def test_a_card_takes_no_figures_of_another_library(run, tmp_path):
    add_card(tmp_path, sha256="of another")
    before = (tmp_path / "small.MODEL_CARD.md").read_text()
    status, out, err = run("--split", "test", "--card")
    assert (status, out) == (2, "")
    assert "small.pt: was trained on other data than" in err
    assert (tmp_path / "small.MODEL_CARD.md").read_text() == before
    (tmp_path / "small.MODEL_CARD.md").unlink()
    assert "small.MODEL_CARD.md: no such model card" in run("--split", "test", "--card")[2]


def test_only_the_test_split_has_a_place_in_the_card(evaluate, capsys):
    for arguments in (["--card"], ["--card", "--split", "test", "--energy", "10", "20"]):
        with pytest.raises(SystemExit) as stop:
            evaluate.main(arguments)
        assert stop.value.code == 2
        assert "--card: " in capsys.readouterr().err


def test_a_bde_model_is_scored_on_the_bonds_of_the_table(run, tmp_path):
    save_bde_model(tmp_path / "bde.pt")
    build_bde_data(tmp_path / "data/processed/bde_data.h5")
    bde = ("--checkpoint", "bde.pt")
    status, out, _ = run(*bde, "--split", "test", "--output", "bde.json")
    assert status == 0
    assert "bde.pt (bde), test split of " in out
    assert "30 bonds of 4 molecules" in out
    result = json.loads((tmp_path / "bde.json").read_text())
    low, high = result["intervals"]["bde_error"]
    assert low < result["metrics"]["bde_error"] < high
    for option in (("--retrieval",), ("--energy", "60", "80")):
        status, out, err = run(*bde, *option)
        assert (status, out) == (2, "")
        assert "bde.pt: a BDE model, which predicts no spectra" in err


def test_the_shipped_student_is_scored_from_a_folder_without_one(run, evaluate, tmp_path, capsys):
    (tmp_path / "wide.yaml").write_text("data: {store: spectra.h5, num_workers: 0}\n")
    arguments = ["--config", "wide.yaml", "--split", "test", "--device", "cpu"]
    assert evaluate.main(arguments) == 0
    out, err = capsys.readouterr()
    [note] = [line for line in err.splitlines() if line.startswith("note: ")]
    own = tmp_path / "checkpoints/student/best_student.pt"
    assert note.startswith(f"note: {own}: not there; read instead is ")
    assert "best_student.pt (student), test split" in out


def test_other_energies(run, tmp_path):
    arguments = ("--split", "test", "--energy", "10", "20")
    assert run(*arguments, "--output", "low.json")[0] == 0
    assert json.loads((tmp_path / "low.json").read_text())["spectra"] == 1


@pytest.mark.parametrize("split", ["test", "validation"])
def test_retrieval_is_printed_and_written(run, tmp_path, split):
    from nextims.evaluation.assess import predict_structures
    from nextims.evaluation.retrieval import match_library
    from nextims.models.checkpoint import load_model

    build_store(tmp_path / "spectra.h5", SMALL_MOLECULES, splits=SMALL_SPLITS)
    status, out, _ = run("--retrieval", "--split", split, "--output", "result.json")
    assert status == 0
    found = json.loads((tmp_path / "result.json").read_text())["retrieval"]
    predict = partial(predict_structures, load_model("small.pt")[0])
    assert found == match_library(predict, load_config("config.yaml"), split, seed=7)
    assert "4 spectra searched among 4 molecules predicted and 16 measured (16 spectra)" in out
    table = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith(" ")}
    shares = [share for kind in found["recall"].values() for share in kind["cosine"].values()]
    assert out.splitlines()[-4].split() == ["cosine", *(f"{share:.4f}" for share in shares)]
    assert table["@1"] == ["@5", "@10", "@1", "@5", "@10"]


def test_without_retrieval_there_is_none(run, tmp_path):
    _, out, _ = run("--split", "test", "--output", "result.json")
    assert "retrieval" not in json.loads((tmp_path / "result.json").read_text())
    assert "library matching" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--checkpoint", "no.pt"), "no.pt: no such checkpoint"),
        (("--checkpoint", "config.yaml"), "config.yaml: "),
        (("--split", "validation"), "no validation spectrum of 60 to 80 eV"),
        (("--config", "no.yaml"), "no.yaml: no such configuration file"),
        (("--config", "bare.yaml"), "no such store; make it with: "),
        (
            ("--config", "wide.yaml"),
            "wide.yaml: data.max_mz: found 1000, but small.pt predicts up to m/z 150",
        ),
        (("--retrieval", "--split", "train"), "the training spectra are the library"),
        (("--retrieval", "--energy", "10", "20"), "leave --energy out"),
        (("--retrieval", "--split", "test"), "no train spectrum of 60 to 80 eV"),
        (("--output", "result.txt"), "can be written as .json"),
        (("--output", "no/result.json"), "the folder no does not exist"),
    ],
)
def test_wrong_usage_is_one_line(run, tmp_path, arguments, message):
    (tmp_path / "bare.yaml").write_text(f"data: {{store: none.h5, max_mz: {MAX_MZ}}}\n")
    (tmp_path / "wide.yaml").write_text("data: {store: spectra.h5}\n")
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
