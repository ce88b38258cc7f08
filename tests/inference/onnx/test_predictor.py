import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from builders import STUDENT_SIZES, bit_flips, build_student
from nextims.config import load_config
from nextims.files.digest import digest_path
from nextims.inference import Predictor
from nextims.inference.loading import load_predictor, open_predictor
from nextims.inference.onnx.predictor import OnnxError, OnnxPredictor
from nextims.models.checkpoint import CheckpointError, save_checkpoint

onnx = pytest.importorskip("onnx", reason='needs pip install -e ".[onnx]"')
pytest.importorskip("onnxscript", reason='needs pip install -e ".[onnx]"')
pytest.importorskip("onnxruntime", reason="needs onnxruntime")

MOLECULES = [
    "CCO",
    "c1ccccc1",
    "CC(=O)OCC",
    "ClC(Cl)Cl",
    "CCCCCC",
    "C",
    "CC(C)(C)c1ccc(O)cc1",
    "Clc1ccccc1Cl",
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    from nextims.inference.onnx.export import export_onnx

    torch.manual_seed(3)
    model = build_student(doubly_charged=True)
    with torch.no_grad():
        model.head.score.weight *= 10
        model.head.double_score.bias += 6  # so that such ions are seen
    checkpoint = tmp_path_factory.mktemp("weights") / "student.pt"
    save_checkpoint(checkpoint, model, {**STUDENT_SIZES, "doubly_charged": True}, {"data": "none"})
    return checkpoint, export_onnx(checkpoint)


def bins(results):
    spectra = np.zeros((len(results), STUDENT_SIZES["max_mz"]))
    for row, result in zip(spectra, results, strict=True):
        row[result.spectrum.mz.astype(int) - 1] = result.spectrum.intensity
    return spectra


def test_it_predicts_what_the_checkpoint_predicts(exported):
    checkpoint, path = exported
    model = Predictor.from_checkpoint(checkpoint, device="cpu")
    for molecules in (MOLECULES, MOLECULES[:1], MOLECULES * 30):
        wanted, found = model.predict(molecules), OnnxPredictor(path).predict(molecules)
        assert np.abs(bins(wanted) - bins(found)).max() < 1e-4
    assert OnnxPredictor(path).name == model.name


def test_structures_that_fail_keep_their_place(exported):
    results = OnnxPredictor(exported[1]).predict(["CCO", "no molecule", "C" * 100, "CO"])
    assert [hasattr(result, "spectrum") for result in results] == [True, False, False, True]
    assert "above max_mz 300" in results[2].reason


def test_it_knows_isotope_labels(exported):
    checkpoint, path = exported
    labelled = [
        "[2H]C([2H])([2H])C(C)=O", "[13CH3]O", "[2H]C([3H])O", "[10BH3]", "CCC[37Cl]", "[2H][2H]",
        "[13CH3][15NH2]", "[2H]c1c([2H])c([2H])c([2H])c([2H])c1[2H]", "[12CH4]",
    ]  # fmt: skip
    model, student = Predictor.from_checkpoint(checkpoint, device="cpu"), OnnxPredictor(path)
    # In a batch of their own, one by one, and among others, of which some come more than once.
    mixed = [smiles for pair in zip(labelled, MOLECULES * 2, strict=False) for smiles in pair]
    for molecules in (labelled, labelled[:1], mixed * 3):
        wanted, found = model.predict(molecules), student.predict(molecules)
        assert np.abs(bins(wanted) - bins(found)).max() < 1e-4


def test_the_weights_are_in_half_precision_as_in_the_checkpoint(exported):
    checkpoint, path = exported
    graph = 300_000  # what any exported student takes
    assert path.stat().st_size < checkpoint.stat().st_size + graph


def test_it_knows_which_checkpoint_it_is_of(exported):
    from nextims.files.digest import file_digest

    checkpoint, path = exported
    assert OnnxPredictor(path).checkpoint_sha256 == file_digest(checkpoint)
    assert OnnxPredictor(path).metadata["data"] == "none"


def test_a_file_that_is_no_export_is_named(tmp_path):
    (tmp_path / "bad.onnx").write_bytes(b"nothing")
    for name in ("bad.onnx", "missing.onnx"):
        with pytest.raises(OnnxError, match=name):
            OnnxPredictor(tmp_path / name)


def test_an_export_of_another_version_is_named(exported, tmp_path):
    model = onnx.load(exported[1])
    del model.graph.input[-1]
    model.graph.node.insert(0, onnx.helper.make_node("Constant", [], ["shifts"], value_ints=[0]))
    onnx.save(model, tmp_path / "old.onnx")
    with pytest.raises(OnnxError, match=r"old\.onnx: .*another version: nextims export"):
        OnnxPredictor(tmp_path / "old.onnx")


def test_a_bit_that_turned_over_is_noticed_and_the_file_named(exported, tmp_path):
    checkpoint, path = (tmp_path / file.name for file in exported)
    checkpoint.write_bytes(exported[0].read_bytes())
    digest_path(path).write_bytes(digest_path(exported[1]).read_bytes())
    for damaged in bit_flips(exported[1].read_bytes()):
        path.write_bytes(damaged)
        for opened in (path, checkpoint):
            with pytest.raises(OnnxError, match=r"^.*student\.onnx: damaged[^\n]*nextims export"):
                open_predictor(opened, device="cpu")


def test_an_export_without_digest_is_used_and_said_to_be_without(exported, tmp_path):
    path = tmp_path / "student.onnx"
    path.write_bytes(exported[1].read_bytes())
    assert OnnxPredictor(exported[1]).unchecked is None
    assert OnnxPredictor(path).unchecked == path


def test_an_export_of_other_weights_is_not_used_and_the_user_told(exported, tmp_path):
    checkpoint, path = (tmp_path / file.name for file in exported)
    path.write_bytes(exported[1].read_bytes())
    torch.manual_seed(4)
    save_checkpoint(checkpoint, build_student(), STUDENT_SIZES, {"data": "none"})
    said = []
    predictor = load_predictor(load_config(), checkpoint, say=said.append, device="cpu")
    assert isinstance(predictor, Predictor)
    assert said == [
        f"{path}: is of other weights than {checkpoint.name} beside it, which needs PyTorch; "
        f"nextims export --checkpoint {checkpoint} makes it anew"
    ]


def changed(exported, path, change):
    model = onnx.load(exported[1])
    change(model)
    onnx.save(model, path)
    return path


def test_other_outputs_and_odd_metadata_are_told_in_one_line(exported, tmp_path):
    def no_spectrum(model):
        model.graph.output[0].name = "pattern"

    def one_output(model):
        del model.graph.output[1:]

    def wrong_mass(model):
        next(prop for prop in model.metadata_props if prop.key == "max_mz").value = "many"

    def huge_mass(model):
        next(prop for prop in model.metadata_props if prop.key == "max_mz").value = "9" * 12

    def no_metadata(model):
        del model.metadata_props[:]

    for change in (no_spectrum, one_output, wrong_mass, huge_mass, no_metadata):
        path = changed(exported, tmp_path / f"{change.__name__}.onnx", change)
        with pytest.raises(OnnxError, match=rf"^.*{path.name}: not a usable exported[^\n]*$"):
            OnnxPredictor(path)


def test_spectra_of_another_size_are_told_in_one_line(exported, tmp_path):
    def narrower(model):
        next(prop for prop in model.metadata_props if prop.key == "max_mz").value = "200"

    predictor = OnnxPredictor(changed(exported, tmp_path / "odd.onnx", narrower))
    with pytest.raises(OnnxError, match=r"^.*odd\.onnx: its spectra have the shape[^\n]*$"):
        predictor.predict(["CCO"])


def test_a_teacher_is_not_exported(tmp_path):
    from builders import TEACHER_SIZES
    from nextims.inference.onnx.export import export_onnx
    from nextims.models.teacher import Teacher

    save_checkpoint(tmp_path / "t.pt", Teacher(**TEACHER_SIZES), TEACHER_SIZES, {})
    with pytest.raises(CheckpointError, match="holds a teacher, expected a student"):
        export_onnx(tmp_path / "t.pt")


def test_it_needs_no_pytorch(exported):
    code = (
        "import sys; from nextims.inference.onnx.predictor import OnnxPredictor;"
        f"OnnxPredictor({str(exported[1])!r}).predict(['CCO']);"
        "sys.exit(bool({'torch', 'numba', 'matchms'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_runtime_reports_nothing_and_leaves_nothing(tmp_path):
    kept = ("XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY")
    environment = {name: value for name, value in os.environ.items() if name not in kept}
    done = subprocess.run(
        [sys.executable, "-c", "import nextims; nextims.predict('CCO')"],
        env=environment | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.rglob("*")) == []
