import pickle
import resource
import zipfile

import pytest
import torch

from builders import bit_flips
from nextims.models.checkpoint import (
    CheckpointError,
    load_model,
    load_plain,
    save_checkpoint,
    weights_digest,
)
from nextims.models.student import Student

SIZES = {
    "max_mz": 60,
    "ions": 40,
    "losses": 20,
    "width": 16,
    "pieces": 10,
    "piece_width": 8,
    "experts": 4,
    "active_experts": 2,
    "expert_blocks": 1,
    "expert_bottleneck": 8,
    "dropout": 0.1,
}


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    model = Student(**SIZES)
    path = tmp_path / "student.pt"
    save_checkpoint(path, model, SIZES, {"max_mz": 60})
    return model, path


def test_a_model_comes_back_as_it_was(saved):
    model, path = saved
    loaded, checkpoint = load_model(path)
    assert checkpoint.kind == "student"
    assert checkpoint.model_config == SIZES
    assert checkpoint.metadata["max_mz"] == 60
    assert {"version", "commit"} <= set(checkpoint.metadata)
    assert not loaded.training
    for name, tensor in model.state_dict().items():
        assert torch.allclose(loaded.state_dict()[name], tensor, rtol=2e-3, atol=1e-6)


def test_half_precision_halves_the_file(saved, tmp_path):
    model, path = saved
    save_checkpoint(tmp_path / "full.pt", model, SIZES, {}, half=False)
    assert path.stat().st_size < 0.6 * (tmp_path / "full.pt").stat().st_size
    full, _ = load_model(tmp_path / "full.pt")
    assert all(torch.equal(full.state_dict()[k], v) for k, v in model.state_dict().items())


def test_the_digest_is_of_the_weights_alone(saved, tmp_path):
    model, path = saved
    digest = weights_digest(path)
    save_checkpoint(tmp_path / "other.pt", model, SIZES, {"said": "differently"})
    assert weights_digest(tmp_path / "other.pt") == digest
    with torch.no_grad():
        next(model.parameters()).add_(1)
    save_checkpoint(tmp_path / "other.pt", model, SIZES, {})
    assert weights_digest(tmp_path / "other.pt") != digest


def test_the_file_holds_plain_tensors_only(saved):
    torch.load(saved[1], weights_only=True)


def test_nothing_is_left_beside_the_file(saved):
    assert [p.name for p in saved[1].parent.iterdir()] == ["student.pt"]


class Code:
    def __reduce__(self):
        return print, ("code was run",)


def test_a_file_that_holds_code_is_refused_and_not_run(tmp_path, capsys):
    torch.save({"format_version": 1, "kind": Code(), "weights": {}}, tmp_path / "bad.pt")
    with pytest.raises(CheckpointError, match=r"bad\.pt: refused"):
        load_model(tmp_path / "bad.pt")
    (tmp_path / "worse.pt").write_bytes(pickle.dumps(Code()))
    with pytest.raises(CheckpointError, match=r"worse\.pt"):
        load_model(tmp_path / "worse.pt")
    assert "code was run" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"junk", b"x", b"junk" * 500, b"\x80\x02}q\x00."])
def test_bytes_that_are_no_checkpoint_are_named(tmp_path, content):
    (tmp_path / "x.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"x\.pt"):
        load_model(tmp_path / "x.pt")


@pytest.mark.parametrize("size", [0, 10, 2000, -100])
def test_a_truncated_file_is_named(saved, size):
    path = saved[1]
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CheckpointError, match=r"student\.pt"):
        load_model(path)


def test_a_missing_file_and_a_foreign_one_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"nothing\.pt: no such checkpoint"):
        load_model(tmp_path / "nothing.pt")
    torch.save({"weights": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match=r"other\.pt: not a NExtIMS checkpoint"):
        load_model(tmp_path / "other.pt")


def test_weights_that_do_not_fit_and_later_formats_are_explained(saved, tmp_path):
    content = load_plain(saved[1])
    content["model_config"] = {**SIZES, "width": 32}
    torch.save(content, tmp_path / "wide.pt")
    with pytest.raises(CheckpointError, match=r"wide\.pt: weights do not fit"):
        load_model(tmp_path / "wide.pt")
    torch.save({**content, "format_version": 99}, tmp_path / "later.pt")
    with pytest.raises(CheckpointError, match=r"format 99; this version reads up to 1"):
        load_model(tmp_path / "later.pt")


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_bit_that_turned_over_is_noticed_or_changes_nothing(saved, seed):
    _, path = saved
    content = path.read_bytes()
    wanted, described = load_model(path)
    noticed = 0
    for damaged in bit_flips(content, 200 if seed == 1 else 2000, seed):
        path.write_bytes(damaged)
        try:
            found, description = load_model(path)
        except CheckpointError as error:
            assert "student.pt" in str(error)
            assert "\n" not in str(error)
            noticed += 1
            continue
        assert description == described
        assert all(
            torch.equal(found.state_dict()[name], tensor)
            for name, tensor in wanted.state_dict().items()
        )
    assert noticed > 100  # what lies between the members of the archive counts for nothing


def test_weights_of_the_wrong_size_are_refused_before_the_model_is_made(saved, tmp_path):
    content = load_plain(saved[1])
    content["model_config"] = {**SIZES, "width": 60_000}
    torch.save(content, tmp_path / "wide.pt")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match=r"wide\.pt: weights do not fit the model"):
        load_model(tmp_path / "wide.pt")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 500_000  # kB; a layer of such a model takes 14 GB
    for arguments in ({"experts": 100_000}, {"width": 10**12}, {"expert_blocks": -1}, {"odd": 1}):
        content["model_config"] = SIZES | arguments
        torch.save(content, tmp_path / "odd.pt")
        with pytest.raises(CheckpointError, match=r"^.*odd\.pt: weights do not fit[^\n]*$"):
            load_model(tmp_path / "odd.pt")


def test_what_unpacks_to_more_than_the_file_is_refused(saved, tmp_path):
    content = load_plain(saved[1])
    content["weights"]["head.score.weight"] = torch.zeros(1).expand(60_000, 60_000)
    torch.save(content, tmp_path / "repeated.pt")
    with pytest.raises(CheckpointError, match="claim to be larger than the file"):
        load_model(tmp_path / "repeated.pt")
    with (
        zipfile.ZipFile(saved[1]) as stored,
        zipfile.ZipFile(tmp_path / "packed.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for member in stored.infolist():
            packed.writestr(member.filename, stored.read(member))
    with pytest.raises(CheckpointError, match=r"packed\.pt: .*compressed"):
        load_model(tmp_path / "packed.pt")


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": "1"},
        {"kind": "transformer"},
        {"kind": ["student"]},
        {"kind": "bde"},
        {"model_config": [1, 2]},
        {"model_config": {1: 2}},
        {"model_config": SIZES | {"width": "16"}},
        {"weights": [torch.zeros(3)]},
        {"weights": {"bias": 3}},
        {"weights": {1: torch.zeros(3)}},
        {"weights": {}},
        {"weights": {"bias": torch.zeros(3).to_sparse()}},
        {"metadata": None},
        {"metadata": "none"},
    ],
    ids=str,
)
def test_odd_content_is_told_in_one_line(saved, tmp_path, change):
    torch.save(load_plain(saved[1]) | change, tmp_path / "odd.pt")
    with pytest.raises(CheckpointError, match=r"^.*odd\.pt: [^\n]{,200}$"):
        load_model(tmp_path / "odd.pt")


def test_checkpoints_of_other_programs_are_told_in_one_line(tmp_path):
    for content in ({"state_dict": {"a": torch.zeros(2)}}, [1, 2], torch.zeros(3), "text"):
        torch.save(content, tmp_path / "other.pt")
        with pytest.raises(CheckpointError, match=r"^.*other\.pt: not a NExtIMS checkpoint$"):
            load_model(tmp_path / "other.pt")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pt")
    with pytest.raises(CheckpointError, match=r"^.*module\.pt: refused[^\n]*$"):
        load_model(tmp_path / "module.pt")
