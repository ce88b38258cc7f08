"""The student as an ONNX file, for predicting without PyTorch."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from ..data.digest import file_digest
from ..data.features import Batch, collate, featurize
from ..data.molecule import read_molecule
from ..data.piece_batch import PieceBatch
from ..models.student import Student
from ..training.checkpoint import CheckpointError, load_model
from .onnx_predictor import INPUTS, OF_MOLECULES, OF_PIECES, OF_POSITIONS, OUTPUT

_OPSET = 18
# Smaller tensors (biases, the parameters of norms) stay as they are.
_LEAST_HALVED = 4096
_EXAMPLES = ("CCO", "c1ccccc1Cl", "CC(=O)OCC")


class _Exported(nn.Module):
    """A student whose sums and choices are written with what ONNX has.

    The fingerprint's layer as a sum over the set positions; all experts for each molecule, those
    that it does not go to with weight 0.

    Shape:
        as ``INPUTS`` says -> ``(b, max_mz)``
    """

    def __init__(self, student: Student):
        super().__init__()
        self.student = student

    def forward(
        self,
        positions: Tensor,
        values: Tensor,
        molecule: Tensor,
        atoms: Tensor,
        nominal_mass: Tensor,
        highest_mz: Tensor,
        *pieces: Tensor,
    ) -> Tensor:
        """Return the spectra."""
        student = self.student
        layer = student.fingerprint
        rows = layer.weight.index_select(0, positions) * values.log1p()[:, None]
        x = rows.new_zeros(atoms.shape[0], rows.shape[1]).index_add(0, molecule, rows)
        x = x + layer.bias + student.formula(atoms)
        weights, routing = student.gate(student.gate_norm(x))
        shares = x.new_zeros(atoms.shape[0], len(student.experts))
        shares = shares.scatter(1, routing.chosen, weights)
        everyone = torch.stack([expert(x) for expert in student.experts], 1)
        features = student.mixed((shares[:, :, None] * everyone).sum(1))
        batch = Batch(
            positions=positions,
            values=values,
            offsets=molecule,
            atoms=atoms,
            labels=atoms.new_zeros(0, 4),
            nominal_mass=nominal_mass,
            highest_mz=highest_mz,
            energy=values,
            pieces=PieceBatch(*pieces),
        )
        return student.head(features, batch)


def export_onnx(checkpoint: Path, target: Path | None = None) -> Path:
    """Write a student's checkpoint as an ONNX file, its large tensors in half precision.

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
    features = [featurize(read_molecule(smiles), student.inputs) for smiles in _EXAMPLES]
    batch = collate(features)
    lengths = torch.tensor([len(f.positions) for f in features])
    molecule = torch.repeat_interleave(torch.arange(len(features)), lengths)
    example = (
        batch.positions,
        batch.values,
        molecule,
        batch.atoms,
        batch.nominal_mass,
        batch.highest_mz,
        *vars(batch.pieces).values(),
    )
    varying = [
        *({0: "positions"} for _ in OF_POSITIONS),
        *({0: "molecules"} for _ in OF_MOLECULES),
        tuple({0: "pieces"} for _ in OF_PIECES),
    ]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "whole.onnx")
        torch.onnx.export(
            _Exported(student).eval(),
            example,
            whole,
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_shapes=varying,
            opset_version=_OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
        model = onnx.load(whole)
    _halve(model.graph)
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
    temporary = target.with_name(target.name + ".tmp")
    onnx.save(model, temporary)
    temporary.replace(target)
    return target


def _halve(graph: onnx.GraphProto) -> None:
    """Store the large tensors in half precision, as checkpoints do; cast when the file is read."""
    casts = []
    for tensor in list(graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        if tensor.data_type != onnx.TensorProto.FLOAT or values.size < _LEAST_HALVED:
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
