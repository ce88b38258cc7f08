"""The student as an ONNX file, for predicting without PyTorch."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection
from pathlib import Path

import onnx
import torch

from ...chemistry.molecule import read_molecule
from ...files.digest import file_digest, written_with_digest
from ...models.checkpoint import CheckpointError, load_model
from ...models.student import Student
from .graph import OnnxStudent
from .inputs import LENGTHS, OnnxInputs, onnx_inputs, pieces_of
from .predictor import OUTPUTS

_OPSET = 18
# Smaller tensors (biases, the parameters of norms) stay as they are.
_LEAST_HALVED = 4096
_EXAMPLES = ("CCO", "c1ccccc1Cl", "CC(=O)OCC", "[2H]CCO", "[13CH3]O")


def export_onnx(checkpoint: Path, target: Path | None = None) -> Path:
    """Write a student's checkpoint as an ONNX file, its large tensors in half precision.

    Beside it goes its digest, ``best_student.onnx.sha256``, by which damage is noticed later.

    Args:
        checkpoint: the student's checkpoint.
        target: file to write; beside the checkpoint, ending in ``.onnx``, if left out.

    Returns:
        The file.

    Raises:
        CheckpointError: the checkpoint cannot be used, or holds no student.
    """
    student, description = load_model(checkpoint, "cpu")
    if not isinstance(student, Student):
        raise CheckpointError(f"{checkpoint}: holds a {student.kind}, expected a student")
    target = target or checkpoint.with_suffix(".onnx")
    molecules = [read_molecule(smiles) for smiles in _EXAMPLES]
    exported = OnnxStudent(student).eval()
    most = student.inputs.pieces
    example = onnx_inputs(molecules, [pieces_of(each, most) for each in molecules], most)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole.onnx")
        torch.onnx.export(
            exported,
            tuple(map(torch.from_numpy, example)),
            whole,
            input_names=list(OnnxInputs._fields),
            output_names=list(OUTPUTS),
            dynamic_shapes=[tuple({0: name} for name in LENGTHS)],
            opset_version=_OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        model = onnx.load(whole)
    _halve(model.graph, dict(exported.named_parameters()))
    for node in model.graph.node:  # the exporter's notes on where each came from
        del node.metadata_props[:]
        node.doc_string = ""
    about = {
        "name": f"{description.kind} {checkpoint.name}",
        "max_mz": student.max_mz,
        "pieces": student.inputs.pieces,
        "checkpoint_sha256": file_digest(checkpoint),
        "metadata": json.dumps(description.metadata),
    }
    onnx.helper.set_model_props(model, {name: str(value) for name, value in about.items()})
    with written_with_digest(target) as temporary:
        onnx.save(model, temporary)
    return target


def _halve(graph: onnx.GraphProto, parameters: Collection[str]) -> None:
    """Store the large parameters in half precision, as checkpoints do; cast when they are read."""
    casts = []
    for tensor in list(graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        if tensor.name not in parameters or values.size < _LEAST_HALVED:
            continue
        half = onnx.numpy_helper.from_array(values.astype("float16"), f"{tensor.name}_half")
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
        casts.append(
            onnx.helper.make_node("Cast", [half.name], [tensor.name], to=onnx.TensorProto.FLOAT)
        )
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
